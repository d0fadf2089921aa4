"""Files with secrets in them: for their owner's eyes only, and whole at any moment, a power cut's too."""

import os
from pathlib import Path


def write_private(file: Path, data: bytes) -> None:
    """Put ``data`` in the place of what the file held; it is on the disk when this returns."""
    part = file.with_suffix(".new")
    part.touch(mode=0o600)
    with part.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
