"""Sums of money, rates and counts as people write them."""

import re
from decimal import Decimal

from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.text.cleaning import clean, half_width

_CURRENCY = re.compile(r"^(RMB|CNY|人民币|[¥￥])\s*|\s*(RMB|CNY)$", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?|([+-]?)\.(\d+)")
_ORNAMENTS = re.compile("[²³¹¼-¾⁰-₟⅐-↏①-⓿❶-➓㈠-㊿]")
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?E[+-]?\d+", re.IGNORECASE)
_SCALES = {
    "千": 1_000,
    "万": 10_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 100_000_000,
    "万亿": 10**12,
}
_SCALED = re.compile(r"(.*?)\s*(万亿|千万|百万|亿|万|千)?\s*[元圆块]?整?")
_COUNTED = re.compile(r"(.*?)\s*(?:人|名|位|家|户|辆|台|部|个|间|处|年|天|日|件|箱|只)?")
LARGEST_FEN = 10**15  # 10^13 yuan, as far as formal numerals go
LARGEST_WHOLE = 2**31 - 1


def amount_fen(text: str | int, *, is_signed: bool = False) -> int:
    """Read a sum of money in yuan and give it in fen: ``1,234.56``, ``￥1,234.56``, ``380万``, ``1.2亿元``.

    Refuses (DomainError) more than two decimals of a yuan, scientific notation, commas that do not part
    thousands, sums beyond 10^13 yuan and, unless ``is_signed``, negative ones.
    """
    if isinstance(text, str) and len(text) < 12 and text.isascii() and text.isdigit():
        return int(text) * 100  # nearly every cell of a list
    plain = _plain(text)
    is_negative = False
    if bracketed := re.fullmatch(r"\((.+)\)", plain):  # how accountants write a negative sum
        is_negative, plain = True, bracketed[1]
    if sign := re.match(r"([+-])\s*", plain):
        is_negative, plain = is_negative != (sign[1] == "-"), plain[sign.end() :]
    plain = _CURRENCY.sub("", plain).strip()
    scaled = _SCALED.fullmatch(plain)
    number, scale = (scaled[1], _SCALES.get(scaled[2], 1)) if scaled else (plain, 1)
    yuan = _decimal(number.strip(), text) * scale
    if scale == 1 and (point := number.find(".")) >= 0 and len(number.strip()) - point - 1 > 2:
        raise DomainError(
            N_("An amount has at most two decimals; %(text)s has more. Did you mean a comma?"),
            text=_shown(text),
        )
    fen = yuan * 100
    if fen != int(fen):
        raise DomainError(N_("%(text)s is not a whole number of fen."), text=_shown(text))
    result = -int(fen) if is_negative else int(fen)
    if result < 0 and not is_signed:
        raise DomainError(N_("The amount must not be negative: %(text)s"), text=_shown(text))
    if abs(result) > LARGEST_FEN:
        raise DomainError(N_("The amount is too large: %(text)s"), text=_shown(text))
    return result


def rate_ppm(text: str | int) -> int:
    """Read a rate and give it in ppm: ``3``, ``3%`` and ``3.00 %`` are 30000, ``5‰`` is 5000.

    A bare number counts as percent; a bare number between 0 and 1 is refused (DomainError), since a percent
    cell of Excel arrives so and 0.03 would be either 3 % or 0.03 %. Goes from 0 to 100 %, four decimals of a
    percent.
    """
    plain = _plain(text)
    unit = 10_000
    is_bare = True
    if found := re.fullmatch(r"(.+?)\s*(%|‰|percent)", plain, re.IGNORECASE):
        plain, is_bare = found[1], False
        unit = 1_000 if found[2] == "‰" else 10_000
    elif found := re.fullmatch(r"(百|千)分之\s*(.+)", plain):
        plain, is_bare = found[2], False
        unit = 1_000 if found[1] == "千" else 10_000
    number = _decimal(plain.strip(), text)
    if is_bare and 0 < number < 1:
        raise DomainError(N_("%(text)s can be read in two ways; add the percent sign."), text=_shown(text))
    ppm = number * unit
    if ppm != int(ppm):
        raise DomainError(N_("A percentage may have at most four decimals: %(text)s"), text=_shown(text))
    if not 0 <= ppm <= 1_000_000:
        raise DomainError(N_("A percentage must be between 0 and 100: %(text)s"), text=_shown(text))
    return int(ppm)


def whole(text: str | int) -> int:
    """Read a count: ``12``, ``１２``, ``1,200``, ``12 人``, ``1.2万``. Refuses parts of one and negative
    ones.
    """
    if isinstance(text, str) and len(text) < 9 and text.isascii() and text.isdigit():
        return int(text)  # nearly every cell of a list
    plain = _plain(text)
    if counted := _COUNTED.fullmatch(plain):
        plain = counted[1]
    scaled = re.fullmatch(r"(.+?)\s*(万|千)", plain)
    number = _decimal(scaled[1], text) * _SCALES[scaled[2]] if scaled else _decimal(plain, text)
    if number != int(number) or number < 0:
        raise DomainError(N_("Enter a whole number, 0 or more: %(text)s"), text=_shown(text))
    if number > LARGEST_WHOLE:
        raise DomainError(N_("The number is too large: %(text)s"), text=_shown(text))
    return int(number)


def _plain(text: str | int) -> str:
    if isinstance(text, int):
        return str(text)
    # 28² must not become 282, nor ① a 1: what is raised, circled or a fraction is no digit.
    plain = re.sub("[‐‑‒–—―−]", "-", half_width(_ORNAMENTS.sub("?", clean(text))))
    return re.sub(r"(?<=\d)[ '](?=\d{3}(\D|$))", ",", plain.replace("、", ","))


def _decimal(number: str, text: str | int) -> Decimal:
    """The exact value of a plain decimal number; ``text`` is what the message shows."""
    if _SCIENTIFIC.fullmatch(number):
        raise DomainError(
            N_("%(text)s is in scientific notation; enter all digits."),
            text=_shown(text),
        )
    found = _NUMBER.fullmatch(number)
    if not number.isascii() or not found or len(number) > 40:
        raise DomainError(N_("This cannot be read as a number: %(text)s"), text=_shown(text))
    return Decimal(number.replace(",", ""))


def _shown(text: str | int) -> str:
    return str(text).strip()[:60]
