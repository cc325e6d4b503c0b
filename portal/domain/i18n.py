"""Marks of translatable text for code that must not know who translates."""


def N_(msgid: str) -> str:
    """Mark a msgid for the catalogue and give it back; it is translated at the edge."""
    return msgid


class Msgid(str):
    """A msgid that travels as a parameter of a message: the edge translates it before filling it in."""

    __slots__ = ()
