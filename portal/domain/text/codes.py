"""Credit codes, bank accounts and mail addresses as people paste them."""

import re
from operator import mul

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.text.cleaning import NumericText, clean, half_width

_NOT_IN_A_CREDIT_CODE = {"O": "0", "I": "1", "Z": "2", "S": "5", "V": "U"}
_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {char: value for value, char in enumerate(_CHARACTERS)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))  # GB 32100-2015
_DIVISION = range(3, 9)  # places of the administrative division, always digits
_LOOK_ALIKE = ("8B", "0D", "0Q", "1L", "6G")
_WHOLE_CODE = re.compile("[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—―−_.·]+")
_SCIENTIFIC = re.compile(r"\d+(\.\d+)?E\+?\d+", re.IGNORECASE)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
ACCOUNT_DIGITS = range(8, 33)
EXACT_DIGITS = 15  # what a number cell of Excel keeps


def uscc(text: str) -> str:
    """Give the unified social credit code 统一社会信用代码 in capitals without blanks; its check character
    is right.

    Refuses (DomainError) a wrong length, a character that no code contains, naming its place and what it was
    probably meant to be, and a check character that does not fit, naming the one look-alike that would (D1).
    """
    if _WHOLE_CODE.fullmatch(text) and _fits(text):
        return str(text)
    code = _SEPARATORS.sub("", half_width(clean(text))).upper()
    if len(code) == 15 and code.isdigit():
        raise DomainError(
            N_("This is a registration number of the old kind; the credit code has 18 characters.")
        )
    if len(code) != 18:
        raise DomainError(N_("A credit code has 18 characters; this one has %(count)s."), count=len(code))
    for place, char in enumerate(code, 1):
        if char in _NOT_IN_A_CREDIT_CODE:
            raise DomainError(
                N_("Character %(place)s is read as %(char)s; no credit code contains it. Is it %(likely)s?"),
                place=place,
                char=char,
                likely=_NOT_IN_A_CREDIT_CODE[char],
            )
        if char not in _CHARACTERS:
            raise DomainError(
                N_("Character %(place)s is read as %(char)s; no credit code contains it."),
                place=place,
                char=char,
            )
        if place in _DIVISION and not char.isdigit():
            raise DomainError(
                N_("Character %(place)s is read as %(char)s; a credit code has a digit there."),
                place=place,
                char=char,
            )
    if _fits(code):
        return code
    guesses = _look_alikes_that_fit(code)
    if len(guesses) == 1:
        place, likely = guesses[0]
        raise DomainError(
            N_(
                "The last character does not fit the first 17. Compare with the business licence, above all"
                " character %(place)s: %(char)s may be %(likely)s."
            ),
            place=place,
            char=code[place - 1],
            likely=likely,
        )
    raise DomainError(
        N_(
            "The last character does not fit the first 17. Compare with the business licence;"
            " often misread: 8 and B, 0 and D, 2 and Z."
        )
    )


def _fits(code: str) -> bool:
    """Whether the check character is right; letters may stand in the first two places (N2…)."""
    return _CHARACTERS[-sum(map(mul, map(_VALUES.__getitem__, code[:17]), _WEIGHTS)) % 31] == code[17]


def _look_alikes_that_fit(code: str) -> list[tuple[int, str]]:
    """Places (from 1) and characters which, misread for their look-alike, would explain the wrong check
    character.
    """
    found = []
    for place, char in enumerate(code, 1):
        for pair in _LOOK_ALIKE:
            if char in pair:
                other = pair[1 - pair.index(char)]
                if place in _DIVISION and not other.isdigit():
                    continue
                if other in _CHARACTERS and _fits(code[: place - 1] + other + code[place:]):
                    found.append((place, other))
    return found


def bank_account(text: str) -> str:
    """Give the digits of a bank account without blanks.

    Refuses (DomainError) what a spreadsheet ruined: scientific notation, and a number cell of more than 15
    digits, whose last digits are zeros that Excel put there.
    """
    if type(text) is str and len(text) in ACCOUNT_DIGITS and text.isascii() and text.isdigit():
        return text
    is_number = isinstance(text, NumericText)
    digits = re.sub(r"[\s\-‐‑–—−]+", "", half_width(clean(text)))
    if _SCIENTIFIC.fullmatch(digits) or (is_number and len(digits) > EXACT_DIGITS):
        raise DomainError(
            N_(
                "The spreadsheet has ruined this account number (%(text)s): format the column as text,"
                " then type the number again."
            ),
            text=str(text).strip(),
        )
    if not digits.isascii() or not digits.isdigit():
        raise DomainError(N_("An account number contains only digits: %(text)s"), text=str(text).strip())
    if len(digits) not in ACCOUNT_DIGITS:
        raise DomainError(
            N_("An account number has 8 to 32 digits; this one has %(count)s."),
            count=len(digits),
        )
    return digits


def email(text: str) -> str:
    """Give one mail address as it is written to; the part before @ keeps its capitals."""
    address = half_width(clean(text)).strip("<>,;。、 ").removeprefix("mailto:")
    address = re.sub(r"\s*@\s*", "@", address)
    if not _MAIL.fullmatch(address) or ".." in address or len(address) > 254:
        raise DomainError(N_("This is not an e-mail address: %(text)s"), text=str(text).strip())
    return address
