"""`init`, `check-config`, `migrate`: before anything runs."""

from pathlib import Path

from etabli.commands.console import Speech, print_json, rich_console, set_up_logging
from gateway.ports.errors import BadConfiguration


def init(speech: Speech, file: Path, *, force: bool) -> None:
    """Write a commented etabli.toml; never over one that is there, unless forced."""
    from etabli.settings.sample import sample

    if file.exists() and not force:
        raise BadConfiguration(
            speech.say(f"{file} existe déjà ; --force l'écrase", f"{file} is already there; --force writes over it")
        )
    try:
        file.write_text(sample(speech.language), encoding="utf-8")
    except OSError as error:
        raise BadConfiguration(
            speech.say(f"impossible d'écrire {file} ({error.strerror})", f"cannot write {file} ({error.strerror})")
        ) from None
    print(
        speech.say(
            f"{file} est écrit. Démarrez : etabli run. Le reste se règle dans le navigateur, ou dans ce fichier.",
            f"{file} is written. Start: etabli run. The rest is set in the browser, or in this file.",
        )
    )


def check_config(speech: Speech, *, as_json: bool) -> int:
    """Say everything that is wrong; 1 when something keeps the lab from starting."""
    from etabli.settings.check import check

    problems = check(speech.config, running=_runs(speech))
    if as_json:
        print_json(
            [
                {
                    "key": problem.key, "line": problem.line, "warning": problem.warning,
                    "sentence": problem.sentence(speech.language, speech.config.name),
                }
                for problem in problems
            ]
        )  # fmt: skip
        return int(any(not problem.warning for problem in problems))
    console = rich_console()
    for problem in problems:
        mark, colour = ("!", "yellow") if problem.warning else ("✗", "red")
        sentence = problem.sentence(speech.language, speech.config.name)
        console.print(mark, style=colour, end=" ")
        console.print(sentence, markup=False)
    errors = sum(not problem.warning for problem in problems)
    if errors:
        told = speech.say(f"À corriger : {errors}.", f"To put right: {errors}.")
    else:
        told = speech.say(f"{speech.config} est bon.", f"{speech.config} is right.")
    console.print(told, style="bold red" if errors else "bold green", markup=False)
    return int(bool(errors))


def _runs(speech: Speech) -> bool:
    """Whether the lab of this file runs now: its own ports are then no problem."""
    from etabli.bootstrap.folder import DataFolder, FolderHeld
    from etabli.settings.load import read, validate

    settings, _ = validate(read(speech.config))
    if settings is None or not settings.data.directory.is_dir():
        return False
    try:
        DataFolder(settings.data.directory).hold().release()
    except FolderHeld:
        return True
    except OSError:
        return False
    return False


def migrate(speech: Speech) -> None:
    """Bring the database up to date; refused while `run` has it."""
    from etabli.bootstrap import DataFolder, migrate, on_sqlite, open_store

    set_up_logging(verbose=speech.verbose, quiet=True)
    settings = speech.settings()
    held = None
    if on_sqlite(settings):
        folder = DataFolder(settings.data.directory)
        folder.make()
        held = folder.hold()
    try:
        with rich_console(stderr=True).status(speech.say("Mise à jour de la base…", "Updating the database…")):
            migrate(settings)
            store = open_store(settings)
            try:
                store.check()
            finally:
                store.close()
    finally:
        if held is not None:
            held.release()
    print(speech.say("La base est à jour.", "The database is up to date."))
