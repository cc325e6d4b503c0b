"""Money is integer fen; this module writes it down and splits a rebate, exactly."""

from collections.abc import Sequence
from typing import NamedTuple

PPM = 1_000_000
DAXIE_LIMIT_FEN = 10**15  # 10^13 yuan

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_SMALL_UNITS = ("", "拾", "佰", "仟")
_YI = 100_000_000
_WAN = 10_000


class Accrual(NamedTuple):
    """What one purchase accrues, in fen; `base_fen + fund_fen == rebate_fen`."""

    rebate_fen: int
    base_fen: int
    fund_fen: int


def figures(fen: int) -> str:
    """Write fen as yuan with two decimals and commas: `1,234.56`, a negative sum with `-` in front."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{rest:02d}"


def daxie(fen: int) -> str:
    """Write fen in formal Chinese numerals 大写, as banks and courts read them.

    元 and 角 end in 整, 分 does not; 元 followed by 0 角 takes 零; 0 is 零元整. Goes up to 10^13 yuan.
    A negative or larger sum is a caller's mistake: ValueError.
    """
    if not 0 <= fen <= DAXIE_LIMIT_FEN:
        raise ValueError(f"no formal numerals for {fen} fen")
    if fen == 0:
        return "零元整"
    yuan, rest = divmod(fen, 100)
    jiao, fen_digit = divmod(rest, 10)
    text = f"{_integer(yuan)}元" if yuan else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif yuan and fen_digit:
        text += "零"
    return text + (f"{_DIGITS[fen_digit]}分" if fen_digit else "整")


def numeral(number: int) -> str:
    """Write a small whole number in formal numerals: 2 is 贰, 12 is 壹拾贰."""
    if number < 0:
        raise ValueError(f"no formal numeral for {number}")
    return _integer(number) if number else "零"


def _integer(number: int) -> str:
    """Read a positive number in groups of 亿 and 万; zeros inside are said once, at the end never."""
    for size, name in ((_YI, "亿"), (_WAN, "万")):
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _integer(high) + name + gap + (_integer(low) if low else "")
    text = ""
    pending_zero = False
    for position in (3, 2, 1, 0):
        digit = number // 10**position % 10
        if digit:
            text += ("零" if pending_zero and text else "") + _DIGITS[digit] + _SMALL_UNITS[position]
            pending_zero = False
        else:
            pending_zero = True
    return text


def share_of(amount_fen: int, rate_ppm: int) -> int:
    """Take a rate of a sum, rounded half up to the fen (half away from zero for a negative sum)."""
    return _divide_half_up(amount_fen * rate_ppm, PPM)


def accrue(amount_fen: int, rebate_ppm: int, base_share: int) -> Accrual:
    """Split the rebate of one purchase as clause 3.1 says (P2).

    Rebate and base rebate are each rounded half up to the fen, from the exact product; the fund is their
    difference and so takes the odd fen. `base_share` is the base part of 100. A negative amount gives the
    mirror image, so that accrual(before) - accrual(after) of a returned line is exact.
    """
    if not 0 <= base_share <= 100:
        raise ValueError(f"base share {base_share} is not between 0 and 100")
    rebate_fen = share_of(amount_fen, rebate_ppm)
    base_fen = _divide_half_up(amount_fen * rebate_ppm * base_share, PPM * 100)
    return Accrual(rebate_fen, base_fen, rebate_fen - base_fen)


def allocate(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Divide a sum by weights, to the fen, by largest remainder: the parts add up to it exactly (P4).

    Fen that are left over go to the largest remainders, of equal ones to the earlier. No weight is negative and
    they are not all 0; a negative sum is a caller's mistake as well: ValueError.
    """
    whole = sum(weights)
    if amount_fen < 0 or whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"cannot divide {amount_fen} fen by {weights}")
    parts = [amount_fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(amount_fen * weights[place] % whole))
    for place in by_remainder[: amount_fen - sum(parts)]:
        parts[place] += 1
    return parts


def per_head(amount_fen: int, heads: int) -> int | None:
    """What falls on each of so many, rounded half up to the fen; None where there is nobody."""
    return _divide_half_up(amount_fen, heads) if heads > 0 else None


def _divide_half_up(dividend: int, divisor: int) -> int:
    magnitude = (2 * abs(dividend) + divisor) // (2 * divisor)
    return magnitude if dividend >= 0 else -magnitude
