"""Files that are whole at any moment, a power cut's too; those with secrets in them are for their owner's eyes only."""

import os
from pathlib import Path


def write_private(file: Path, data: bytes) -> None:
    """Put ``data`` in the place of what the file held; it is on the disk when this returns."""
    write_whole(file, data, mode=0o600)


def write_whole(file: Path, data: bytes, *, mode: int) -> None:
    """The same, for a file that others may read."""
    part = file.with_suffix(".new")
    part.touch(mode=0o600)
    with part.open("wb") as opened:
        opened.write(data)
        os.fchmod(opened.fileno(), mode)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
