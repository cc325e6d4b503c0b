"""What printing needs of the machine: libraries and our own letters. Imports nothing heavy."""

import ctypes.util
from pathlib import Path

FONTS = Path(__file__).with_name("fonts")
FACES = (
    "portal-song-regular.ttf",
    "portal-song-bold.ttf",
    "portal-hei-bold.ttf",
    "portal-latin-regular.ttf",
    "portal-latin-bold.ttf",
)
# The families that a PDF of ours may embed; any other would be a letter that some machine happened to have.
FAMILIES = frozenset({"Portal Song", "Portal Hei", "Portal Song Latin"})

# Debian's packages, by the library that each brings.
_LIBRARIES = {
    "pango-1.0": "libpango-1.0-0",
    "pangoft2-1.0": "libpangoft2-1.0-0",
    "harfbuzz-subset": "libharfbuzz-subset0",
}


# WeasyPrint's own way to cut fonts down; `portal.printing.embedding` does that for our papers, which come out
# the same without it.
SUBSETTER = "harfbuzz-subset"


def missing_libraries() -> dict[str, str]:
    """The libraries that are not there, each with the Debian package that brings it."""
    return {
        library: package
        for library, package in _LIBRARIES.items()
        if ctypes.util.find_library(library) is None
    }


def renderer_health() -> list[str]:
    """Say in English what printing lacks on this machine, each with the Debian package that mends it."""
    lacking = [
        f"The library {library} is missing; install the package {package}."
        for library, package in missing_libraries().items()
    ]
    lacking.extend(f"The font file {face} is missing." for face in FACES if not (FONTS / face).is_file())
    return lacking
