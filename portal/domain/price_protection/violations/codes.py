"""What addresses call a case: drawn by lot, since a row's number would count the reports that led nowhere (P5)."""

import secrets

# No vowel, so that no code is a word, nor a page beside the cases; nothing that is read for something else.
_SIGNS = "23456789bcdfghjkmnpqrstvwxz"
LENGTH = 10
PATTERN = f"[{_SIGNS}]{{{LENGTH}}}"


def new_code() -> str:
    """A code for a case: of 27^10 that there are, so that no two are ever alike, and none is found by trying."""
    return "".join(secrets.choice(_SIGNS) for _ in range(LENGTH))
