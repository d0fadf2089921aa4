"""What the camera of a simulated printer sees: a bed, and on it so much of a part as is printed."""

import struct
import zlib

WIDTH, HEIGHT = 320, 240
_WALL, _BED, _PART = bytes((214, 211, 200)), bytes((52, 54, 60)), bytes((224, 142, 52))


def picture(done: float) -> bytes:
    """A PNG; ``done`` from 0 to 1."""
    top = HEIGHT - 40 - round(150 * min(max(done, 0.0), 1.0))
    rows = bytearray()
    for y in range(HEIGHT):
        part = top <= y < HEIGHT - 40
        row = _BED * WIDTH if y >= HEIGHT - 40 else _WALL * WIDTH
        if part:
            half = 30 + (y - top) // 4
            middle = WIDTH // 2
            row = _WALL * (middle - half) + _PART * (2 * half) + _WALL * (middle - half)
        rows += b"\0" + row
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, parts))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    kind, data = part
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
