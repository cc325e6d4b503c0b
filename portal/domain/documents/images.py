"""How large an image is, read from its head: nothing is unpacked."""

import struct

# Two sides of A0 at 300 dpi. A few kilobytes can declare thousands of times as much, for whoever opens them.
MOST_PIXELS = 300_000_000
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def pixels(data: bytes) -> int:
    """Width times height as a PNG, JPEG or TIFF declares them; 0 for anything else, or a head that is broken."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack(">II", data[16:24])
        elif data.startswith(b"\xff\xd8\xff"):
            width, height = _jpeg(data)
        elif data.startswith((b"II*\x00", b"MM\x00*")):
            width, height = _tiff(data)
        else:
            return 0
    except (struct.error, IndexError):
        return 0
    return int(width) * int(height)


def _jpeg(data: bytes) -> tuple[int, int]:
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker in _FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            place += 2
        else:
            place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    return 0, 0


def _tiff(data: bytes) -> tuple[int, int]:
    order = "<" if data.startswith(b"II") else ">"
    place = struct.unpack(order + "I", data[4:8])[0]
    size = {256: 0, 257: 0}
    for entry in range(struct.unpack(order + "H", data[place : place + 2])[0]):
        tag, kind, _count = struct.unpack(order + "HHI", data[place + 2 + entry * 12 :][:8])
        if tag in size:
            value = data[place + 10 + entry * 12 :][:4]
            size[tag] = struct.unpack(order + ("H" if kind == 3 else "I"), value[: 2 if kind == 3 else 4])[0]
    return size[256], size[257]
