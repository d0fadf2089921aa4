"""A backup: the whole data folder in one file, made while the lab runs, and proved before it is kept.

Databases are copied by SQLite's own online backup, so that each is whole at one moment: the outboxes and the readings
first, the store last. A fact is in the store's copy, or still in its outbox's copy and will be sent again, or both.
"""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from etabli.bootstrap.folder import DataFolder
from etabli.words import Sentence
from gateway.adapters.sql.copying import check_database, copy_database, count_rows
from gateway.ports.errors import BadConfiguration, StoreUnavailable

MANIFEST, DATA, CONFIGURATION = "manifest.json", "data", "configuration"
FORMAT = 1
_LEFT_OUT = {".db-wal", ".db-shm", ".db-journal", ".lock", ".log", ".new"}
_MADE_ANEW = {"mosquitto.conf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What an archive holds: each file's SHA-256, the schema's revision, and how many rows of what people would miss."""

    site: str
    made_at: str
    revision: str
    files: dict[str, str]
    rows: dict[str, int]


def back_up(folder: DataFolder, file: Path, *, configuration: Path, site: str, now: datetime) -> Backup:
    """Write the archive, with the ``configuration`` and the ``secrets/`` beside it; BadConfiguration says why it cannot."""
    if not folder.store.exists():
        raise BadConfiguration(
            Sentence(
                f"il n'y a pas de base dans {folder.path} : rien à sauvegarder",
                f"there is no database in {folder.path}: nothing to back up",
            )
        )
    if file.resolve().is_relative_to(folder.path.resolve()):
        raise BadConfiguration(
            Sentence(
                f"{file} est dans le dossier à sauvegarder : chaque sauvegarde contiendrait les précédentes ; écrivez-la ailleurs",
                f"{file} is inside the folder to back up: each backup would hold those before it; write it elsewhere",
            )
        )
    part = file.with_name(file.name + ".part")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".etabli-backup-") as scratch:
            backup = _write(folder, part, configuration, Path(scratch), site, now)
        read(part)
        part.replace(file)
    except (OSError, StoreUnavailable) as error:
        raise BadConfiguration(
            Sentence(f"{file} n'a pas pu être écrit : {error}", f"{file} could not be written: {error}")
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return backup


def _write(
    folder: DataFolder, part: Path, configuration: Path, scratch: Path, site: str, now: datetime
) -> Backup:  # fmt: skip
    files: dict[str, str] = {}
    rows: dict[str, int] = {}
    revision = ""
    part.touch(mode=0o600)
    with tarfile.open(part, "w:gz", compresslevel=3) as archive:
        for name, source in (*_configured(configuration), *_sources(folder)):
            copy = source
            if source.suffix == ".db":
                copy = scratch / "copy.db"
                copy_database(source, copy)
                if source == folder.store:
                    rows, revision = count_rows(copy)
            data = copy.read_bytes() if copy.stat().st_size < 1 << 20 else None
            files[name] = hashlib.sha256(data).hexdigest() if data is not None else _digest(copy)
            entry = archive.gettarinfo(copy, name)
            entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o600, 0, 0, "", ""
            with copy.open("rb") as opened:
                archive.addfile(entry, io.BytesIO(data) if data is not None else opened)
        backup = Backup(site=site, made_at=now.isoformat(), revision=revision, files=files, rows=rows)
        told = json.dumps({"format": FORMAT, **{name: getattr(backup, name) for name in Backup.__slots__}}).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(told), 0o600
        archive.addfile(entry, io.BytesIO(told))
    return backup


def _sources(folder: DataFolder) -> Iterator[tuple[str, Path]]:
    """Every file worth keeping, the store last."""
    found = [
        path
        for path in sorted(folder.path.rglob("*"))
        if path.is_file() and path.suffix not in _LEFT_OUT and path.name not in _MADE_ANEW
        and not path.name.endswith(("-wal", "-shm", "-journal"))
    ]  # fmt: skip
    for path in sorted(found, key=lambda path: path == folder.store):
        yield f"{DATA}/{path.relative_to(folder.path).as_posix()}", path


def _configured(configuration: Path) -> Iterator[tuple[str, Path]]:
    """The configuration, and the secrets beside it."""
    beside = configuration.parent
    found = [configuration, *sorted((beside / "secrets").rglob("*"))]
    for path in (path for path in found if path.is_file()):
        yield f"{CONFIGURATION}/{path.relative_to(beside).as_posix()}", path


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read(file: Path) -> Backup:
    """What an archive says it holds, once every file in it has been found to be so."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            names = {entry.name: entry for entry in archive.getmembers() if entry.isfile()}
            told = json.load(_opened(archive, names[MANIFEST]))
            found = {name: _digest_of(archive, entry) for name, entry in names.items() if name != MANIFEST}
    except FileNotFoundError:
        raise BadConfiguration(Sentence(f"{file} n'existe pas", f"{file} does not exist")) from None
    except (OSError, tarfile.TarError, EOFError, KeyError, ValueError) as error:
        raise _damaged(file, str(error)) from None
    if not isinstance(told, dict):
        raise _damaged(file, MANIFEST)
    if told.get("format") != FORMAT:
        raise BadConfiguration(
            Sentence(
                f"{file} vient d'un Établi plus récent : mettez celui-ci à jour, puis recommencez",
                f"{file} comes from a newer Établi: update this one, then start again",
            )
        )
    backup = _as_told(file, told)
    wrong = sorted(name for name in found.keys() | backup.files.keys() if found.get(name) != backup.files.get(name))
    if wrong:
        raise _damaged(file, ", ".join(wrong))
    return backup


def _as_told(file: Path, told: dict[str, Any]) -> Backup:
    texts, tables = ("site", "made_at", "revision"), ("files", "rows")
    whole = all(isinstance(told.get(name), str) for name in texts)
    if not whole or not all(isinstance(told.get(name), dict) for name in tables):
        raise _damaged(file, MANIFEST)
    return Backup(**{name: told[name] for name in Backup.__slots__})


def _opened(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> io.BufferedReader:
    opened = archive.extractfile(entry)
    assert isinstance(opened, io.BufferedReader)
    return opened


def _digest_of(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    return hashlib.file_digest(_opened(archive, entry), "sha256").hexdigest()


def _damaged(file: Path, why: str) -> BadConfiguration:
    return BadConfiguration(
        Sentence(
            f"{file} n'est pas une sauvegarde entière ({why}) : rien n'a été changé ; prenez-en une autre",
            f"{file} is not a whole backup ({why}): nothing was changed; take another",
        )
    )


def restore_configuration(file: Path, configuration: Path) -> bool:
    """Put the configuration back where there is none, with its secrets; False when one is there, which is then kept."""
    read(file)
    if configuration.exists():
        return False
    with tempfile.TemporaryDirectory(dir=configuration.parent, prefix=".etabli-restore-") as scratch:
        made = _extracted(file, Path(scratch), CONFIGURATION)
        for source in sorted(made.rglob("*")):
            target = configuration.parent / source.relative_to(made)
            if source.is_dir():
                target.mkdir(mode=0o700, exist_ok=True)
            elif not target.exists():
                source.rename(target)
    return True


def restore(file: Path, folder: DataFolder, *, known: tuple[str, ...]) -> Backup:
    """Put everything back into an empty folder. ``known`` are the revisions of the schema that this Établi understands."""
    backup = read(file)
    if backup.revision not in known:
        raise BadConfiguration(
            Sentence(
                f"{file} a été fait par un Établi plus récent (base {backup.revision}) : mettez celui-ci à jour "
                "(git pull, puis make run), puis recommencez ; rien n'a été changé",
                f"{file} was made by a newer Établi (database {backup.revision}): update this one "
                "(git pull, then make run), then start again; nothing was changed",
            )
        )
    if folder.path.exists() and any(folder.path.iterdir()):
        raise BadConfiguration(
            Sentence(
                f"{folder.path} n'est pas vide : rien n'a été changé ; mettez ce dossier de côté (mv), puis recommencez",
                f"{folder.path} is not empty: nothing was changed; put that folder aside (mv), then start again",
            )
        )
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.path.parent, prefix=".etabli-restore-") as scratch:
        made = _extracted(file, Path(scratch), DATA)
        try:
            for database in made.rglob("*.db"):
                check_database(database, database.name)
        except StoreUnavailable as error:
            raise _damaged(file, str(error)) from None
        if folder.path.exists():
            folder.path.rmdir()
        made.rename(folder.path)
    return backup


def _extracted(file: Path, scratch: Path, part: str) -> Path:
    with tarfile.open(file, "r:gz") as archive:
        archive.extractall(scratch, filter="data")
    for inner in (path for path in scratch.rglob("*") if path.is_dir()):
        inner.chmod(0o700)
    made = scratch / part
    made.mkdir(mode=0o700, exist_ok=True)
    return made
