"""What alembic runs. `gateway.adapters.sql.migrate` hands over an open connection, in a transaction of its own."""

from alembic import context

from gateway.adapters.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite too can undo DDL: alembic is only wary of what drivers used to do.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
