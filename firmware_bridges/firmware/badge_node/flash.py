"""Files on the node's flash. LittleFS loses what was being written when power goes, never what was closed before."""

import os


class Flash:
    """A folder of small files."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            pass

    def names(self) -> "list[str]":
        """Every file."""
        return os.listdir(self._folder)

    def read(self, name: str) -> bytes:
        """All of a file."""
        with open(self._path(name), "rb") as file:
            return file.read()

    def append(self, name: str, data: bytes) -> None:
        """Add to a file; returns once it is kept."""
        with open(self._path(name), "ab") as file:
            file.write(data)
            _keep(file)

    def replace(self, name: str, data: bytes) -> None:
        """Put a file in the place of another, at one stroke."""
        with open(self._path("new"), "wb") as file:
            file.write(data)
            _keep(file)
        os.rename(self._path("new"), self._path(name))

    def delete(self, name: str) -> None:
        """Forget a file."""
        os.remove(self._path(name))

    def _path(self, name: str) -> str:
        return self._folder + "/" + name

    def boot(self) -> str:
        """Another name for each start: a counter that survives, and chance for the day when flash was wiped."""
        try:
            count = int(self.read("boots")) + 1
        except (OSError, ValueError):
            count = 1
        self.replace("boots", str(count).encode())
        return "%06d%s" % (count, "".join("%02x" % b for b in os.urandom(3)))


def _keep(file: "object") -> None:
    file.flush()  # type: ignore[attr-defined]
    try:
        os.fsync(file.fileno())  # type: ignore[attr-defined]
    except AttributeError:
        pass  # MicroPython: closing the file commits it
