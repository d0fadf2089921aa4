"""`backup` and `restore`: the whole lab in one file, and back."""

from pathlib import Path

from etabli.bootstrap import DataFolder, basis, migrate, on_sqlite
from etabli.bootstrap.archive import back_up, restore, restore_configuration
from etabli.commands.console import Speech, print_json, rich_console, set_up_logging
from gateway.adapters.clock import SystemClock
from gateway.ports.errors import BadConfiguration


def backup(speech: Speech, file: Path | None, *, as_json: bool) -> None:
    """Write the archive, while the lab runs or not."""
    set_up_logging(verbose=speech.verbose, quiet=True)
    settings = speech.settings()
    if not on_sqlite(settings):
        raise BadConfiguration(
            speech.say(
                "ce lab est sur PostgreSQL : sauvegardez sa base par pg_dump, et à part etabli.toml, ses secrets et "
                f"{settings.data.directory}",
                "this lab is on PostgreSQL: back its database up by pg_dump, and etabli.toml, its secrets and "
                f"{settings.data.directory} by themselves",
            )
        )
    base, now = basis(settings), SystemClock().now()
    where = file or Path(f"etabli-{settings.lab.slug}-{now:%Y%m%d-%H%M%S}.tar.gz")
    if where.exists():
        raise BadConfiguration(speech.say(f"{where} existe déjà", f"{where} is already there"))
    with rich_console(stderr=True).status(speech.say("Sauvegarde…", "Backing up…")):
        made = back_up(base.folder, where, configuration=speech.config, site=settings.lab.slug, now=now)
    if as_json:
        print_json({"file": str(where), "bytes": where.stat().st_size, "revision": made.revision, "rows": made.rows})
        return
    size = f"{where.stat().st_size / 1e6:.1f}"
    print(
        speech.say(
            f"{where} est écrit et vérifié : {size} Mo, {made.rows['members']} membres, {made.rows['sessions']} "
            "utilisations. Il contient des noms et des clés : gardez-le ailleurs, et fermé.",
            f"{where} is written and checked: {size} MB, {made.rows['members']} members, {made.rows['sessions']} "
            "sessions. It holds names and keys: keep it elsewhere, and closed.",
        )
    )


def restore_from(speech: Speech, file: Path) -> None:
    """Put a lab back, in an empty folder."""
    from gateway.adapters.sql.migrate import revisions

    set_up_logging(verbose=speech.verbose, quiet=True)
    with rich_console(stderr=True).status(speech.say("Restauration…", "Restoring…")):
        configured = restore_configuration(file, speech.config)
        settings = speech.settings()
        if not on_sqlite(settings):
            raise BadConfiguration(
                speech.say("ce lab est sur PostgreSQL : pg_restore", "this lab is on PostgreSQL: pg_restore")
            )
        made = restore(file, DataFolder(settings.data.directory), known=revisions())
        migrate(settings)
    if configured:
        print(speech.say(f"{speech.config} est remis en place.", f"{speech.config} is back in its place."))
    print(
        speech.say(
            f"Le lab {made.site} est restauré, tel qu'il était le {made.made_at[:16].replace('T', ' à ')} (UTC) : "
            f"{made.rows['members']} membres, {made.rows['sessions']} utilisations. Démarrez-le : etabli run",
            f"The lab {made.site} is restored, as it was on {made.made_at[:16].replace('T', ' at ')} (UTC): "
            f"{made.rows['members']} members, {made.rows['sessions']} sessions. Start it: etabli run",
        )
    )
