"""Telephone numbers as offices' cells hold them: several, with extensions and with names beside them."""

import re
from dataclasses import dataclass, replace

import phonenumbers

from portal.domain.text.cleaning import clean_lines, half_width

_DASHES = re.compile("[‐‑‒–—―−─~～]+")
_SEPARATORS = "/,、;|\n&"
_SEPARATING_WORDS = re.compile(r"(?<=[\d)])\s*(?:或者?|和|及|以及|or|and)\s*(?=[\d(+])", re.IGNORECASE)
_KIND_OF_NUMBER = re.compile(
    r"^(?:联系|公司|固定)?(?:电话|手机)(?:号码?)?[:：]?$|^(?:tel|phone|telephone|mobile|mob)\.?:?$",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"(?<=[\d)])\s*(?:转|分机号?|ext\.?|x|#)\s*[:：]?\s*(\d{1,6})(?!\d)", re.IGNORECASE)
_TOKEN = re.compile(r"\([^()]*\)|\+?\d[\d\s.\-]*\d|\+?\d|[^\d()+]+|.")
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_MOBILE = re.compile(r"0?(1[3-9]\d{9})")
_LANDLINE = re.compile(rf"0({_AREA})([1-9]\d{{6,7}}|0\d{{6,7}})")
_SERVICE = re.compile(r"1(?:00\d{2}|1[0-9]|2\d{1,3})|9[56]\d{3,6}")
_TOLL_FREE = re.compile(r"[48]00\d{7}")
_LOCAL = re.compile(r"[2-9]\d{6,7}|00\d{5,6}")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
_USUAL = re.compile(r"0\d{2,3}-[1-9]\d{6,7}|1[3-9]\d{9}")  # nearly every cell of a list
_TRUNK_ZERO = re.compile(r"(\+?86)\s*\(0\)\s*")  # +86 (0)719
_NONE = {"无", "暂无", "没有", "无电话", "n/a", "na", "none", "nil"}
_AREA_ONLY = re.compile(rf"0?{_AREA}")


@dataclass(frozen=True, slots=True)
class Phone:
    """One telephone number: ``display`` as it is shown, ``digits`` as it is searched for (no country code
    86).

    ``is_understood`` is False where it is kept as it was typed; ``label`` is whose it is or what stood
    beside it.
    """

    display: str
    digits: str
    label: str = ""
    extension: str = ""
    is_understood: bool = True

    def __str__(self) -> str:
        """The number with its label: ``138 0000 0051（王）``; reading it again gives the same."""
        return f"{self.display}（{self.label}）" if self.label else self.display

    @property
    def key(self) -> tuple[str, str]:
        """What makes it another number than others."""
        return (self.digits, self.extension) if self.is_understood else (self.display, "")


def phones(text: str, area_code: str = "") -> list[Phone]:
    """Find every number of a cell, each once, in order; what is no number is kept and marked, not dropped.

    A number without area code inherits that of the one before it (``0719-8611666/8611999``), the first that
    of ``area_code``. Names in brackets or beside a number become its label.
    """
    if not area_code and _USUAL.fullmatch(text) and (one := _domestic(text.replace("-", ""), "")):
        return [one]
    plain = (
        half_width(clean_lines(text))
        .replace("【", "(")
        .replace("】", ")")
        .replace("[", "(")
        .replace("]", ")")
    )
    plain = _SEPARATING_WORDS.sub("/", _DASHES.sub("-", plain).replace("，", ",").replace("；", ";"))
    plain = _TRUNK_ZERO.sub(r"\1-0", re.sub(r"\s+[·•]\s+", "/", plain))
    if plain.casefold() in _NONE:
        return []
    found: list[Phone] = []
    area = area_code.lstrip("0") and "0" + area_code.lstrip("0")
    for piece in _pieces(plain):
        for phone in _read(piece.strip(), area):
            if phone.is_understood and (landline := _LANDLINE.fullmatch(phone.digits)):
                area = "0" + landline[1]
            same = next((i for i, known in enumerate(found) if known.key == phone.key), None)
            if same is None:
                found.append(phone)
            elif phone.label and phone.label not in found[same].label.split("、"):
                labels = "、".join(filter(None, (found[same].label, phone.label)))
                found[same] = replace(found[same], label=labels)
    return found


def _pieces(plain: str) -> list[str]:
    """Cut at separators, but not inside brackets."""
    pieces, depth = [""], 0
    for char in plain:
        depth += (char == "(") - (char == ")" and depth > 0)
        if char in _SEPARATORS and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += char
    return [piece for piece in pieces if piece.strip(" -.:")]


def _read(piece: str, area: str) -> list[Phone]:
    """Read one piece, which may hold several numbers parted by blanks, each with a word beside it."""
    if _SCIENTIFIC.fullmatch(piece):
        return [Phone(piece, "", is_understood=False)]
    body = _EXTENSION.sub(r"(#\1)", piece)
    numbers: list[Phone] = []
    words: list[str] = []
    leads = bool(re.match(r"[^\d(+]", body))  # names stand before their numbers in this piece
    pending_area = ""
    for token in _TOKEN.findall(body):
        if token.startswith("(") and token.endswith(")"):
            inner = token[1:-1].strip()
            digits = re.sub(r"\D", "", inner)
            if inner.startswith("#") and numbers:
                numbers[-1] = _with_extension(numbers[-1], inner[1:])
            elif _AREA_ONLY.fullmatch(inner) or inner in ("+86", "86"):
                pending_area = inner
            elif len(digits) >= 7 and not re.sub(r"[\d\s.\-+]", "", inner):
                numbers += _numbers(inner, area)
            elif inner:
                if numbers:
                    numbers[-1] = _labelled(numbers[-1], inner)
                else:
                    words.append(inner)
        elif token[0].isdigit() or token[0] == "+":
            read = _numbers(pending_area + token if pending_area else token, area)
            pending_area = ""
            if words and read:
                read[0] = _labelled(read[0], " ".join(words))
                words = []
            numbers += read
        elif word := token.strip(" :：-.()"):
            if _KIND_OF_NUMBER.fullmatch(word):
                continue
            if leads or not numbers:
                words.append(word)
            else:
                numbers[-1] = _labelled(numbers[-1], word)
    if pending_area:
        words.append(f"({pending_area})")
    if words:
        left = " ".join(words)
        if numbers:
            numbers[-1] = _labelled(numbers[-1], left)
        else:
            return [Phone(left, re.sub(r"\D", "", left), is_understood=False)]
    return numbers


def _labelled(phone: Phone, label: str) -> Phone:
    label = label.strip(" :：")
    return replace(phone, label="、".join(filter(None, (phone.label, label)))) if label else phone


def _with_extension(phone: Phone, extension: str) -> Phone:
    if phone.extension or not phone.is_understood:
        return replace(phone, display=f"{phone.display} 转 {extension}")
    return replace(phone, extension=extension, display=f"{phone.display} 转 {extension}")


def _numbers(token: str, area: str) -> list[Phone]:
    """Read a run of digits, blanks, dots and dashes: always the longest number that its groups give, from
    the left.
    """
    groups = [group for group in re.split(r"[\s.]+", token.strip()) if group.strip("-")]
    numbers: list[Phone] = []
    while groups:
        for length in range(len(groups), 0, -1):
            read = _one("".join(groups[:length]), area)
            if read:
                break
        else:
            length = len(groups)
            kept = " ".join(groups)
            read = [Phone(kept, re.sub(r"\D", "", kept), is_understood=False)]
        numbers += read
        area = next(("0" + m[1] for n in reversed(numbers) if (m := _LANDLINE.fullmatch(n.digits))), area)
        groups = groups[length:]
    return numbers


def _one(run: str, area: str) -> list[Phone]:
    """Read a run without blanks as one number, or as one with its extension or successor behind a dash."""
    if run.startswith("+") and not run.startswith("+86"):
        return _foreign(run)
    parts = [
        part
        for part in re.sub(r"^(?:\+86|0086|86(?=-|1[3-9]\d{9}$|0[1-9]\d{8,10}$))", "", run).split("-")
        if part
    ]
    if len(parts) > 1 and parts[0].startswith("00"):
        return _foreign("+" + "".join(parts)[2:])
    if run.startswith(("+86", "0086")) and parts and _AREA_ONLY.fullmatch(parts[0]) and parts[0][0] != "0":
        parts[0] = "0" + parts[0]
    for length in range(1, len(parts) + 1):
        digits = "".join(parts[:length])
        phone = _domestic(digits, area)
        if run.startswith("+86") and phone is None:
            phone = _domestic("0" + digits, area)
        if phone is None or (len(phone.digits) < 7 and len(parts) > 1):
            continue
        rest = parts[length:]
        if not rest:
            return [phone]
        if len(rest) == 1 and 1 <= len(rest[0]) <= 6:
            return [_with_extension(phone, rest[0])]
        inherited = next(("0" + m[1] for m in [_LANDLINE.fullmatch(phone.digits)] if m), area)
        following = _one("-".join(rest), inherited)
        return [phone, *following] if following else []
    return []


def _domestic(digits: str, area: str) -> Phone | None:
    if mobile := _MOBILE.fullmatch(digits):
        number = mobile[1]
        return Phone(f"{number[:3]} {number[3:7]} {number[7:]}", number)
    if landline := _LANDLINE.fullmatch(digits):
        return Phone(f"0{landline[1]}-{_grouped(landline[2])}", digits)
    if _TOLL_FREE.fullmatch(digits):
        return Phone(f"{digits[:3]}-{digits[3:6]}-{digits[6:]}", digits)
    if _LOCAL.fullmatch(digits):
        return Phone(f"{area}-{_grouped(digits)}" if area else _grouped(digits), area + digits)
    if _SERVICE.fullmatch(digits):
        return Phone(digits, digits)
    return None


def _grouped(local: str) -> str:
    return f"{local[:-4]} {local[-4:]}"


def _foreign(run: str) -> list[Phone]:
    try:
        number = phonenumbers.parse(run)
    except phonenumbers.NumberParseException:
        return []
    if not phonenumbers.is_possible_number(number):
        return []
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return [Phone(shown, re.sub(r"\D", "", shown))]
