"""Numbers for people: 30%, 1/3,600, 4 × 10⁻¹⁴, never 2.8e-04.

Every number that a text shows is written here: none has more than six significant digits.
"""

from __future__ import annotations

from math import floor, inf, isfinite, log10
from typing import Any

from core.domain import Domain, Real
from pages.texts import Text

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALLEST_FRACTION = 1e-6
MINUS = "−"


def power(value: float, digits: int = 2) -> str:
    """A number in powers of ten: 4.1 × 10⁻¹⁴; near 1 as it is; a dash for NaN."""
    if not isfinite(value):
        return {inf: "∞", -inf: "−∞"}.get(value, "–")
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".replace("-", "−").split("e")
    size = int(exponent.replace("−", "-"))
    if -2 <= size <= 3:
        return f"{value:.{max(0, digits - 1 - size)}f}".replace("-", "−")
    return f"{mantissa} × 10{str(size).translate(SUPERSCRIPT)}"


def plain(value: float) -> str:
    """A setting as it was chosen, to six digits: 0.1, 2000, 5 × 10⁻⁵, 10⁻⁶."""
    if value == 0 or not isfinite(value) or 1e-4 <= abs(value) < 1e6:
        return f"{value:g}".replace("-", MINUS) if isfinite(value) else power(value)
    mantissa, exponent = f"{value:.5e}".split("e")
    ten = f"10{str(int(exponent)).translate(SUPERSCRIPT)}"
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", MINUS)
    return ten if mantissa == "1" else f"{mantissa} × {ten}"


def significant(value: float, digits: int) -> str:
    """A number to `digits` significant digits, six at most: 0.0452, 12, −0.17."""
    return plain(float(f"{value:.{digits}g}"))


def decimals(value: float, digits: int, *, sign: bool = False) -> str:
    """A number with fixed decimals, in powers of ten where that would be more than six digits.

    No minus before a zero. sign: with a plus, too.
    """
    if not abs(value) < 10 ** (6 - digits):
        return power(value, 3)
    value = round(value, digits) + 0.0
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", MINUS)


def written(domain: Domain, value: Any) -> str:
    """The value of a setting, for people; a link writes it with all its digits."""
    return plain(value) if isinstance(domain, Real) else domain.write(value)


def loss_of(value: float) -> str:
    """A loss: to three decimals, or in powers of ten where these would say nothing."""
    return f"{value:.3f}" if value == 0 or 5e-4 <= value < 100 else power(value, 3)


def rounded(value: float) -> int:
    """Two significant digits."""
    step = 10 ** max(0, floor(log10(value)) - 1)
    return round(value / step) * step


def whole(value: int, t: Text) -> str:
    """A whole number, grouped as in the language: 45,000 or 4万5千."""
    if not t.numbers.myriads or value < 10_000:
        return f"{value:,}"
    myriads, rest = divmod(value, 10_000)
    thousands = rest // 1000
    return f"{myriads:,}万" + (f"{thousands}千" if thousands else "")


def fraction(share: float, t: Text) -> str:
    """A part of a whole: a percentage, then a unit fraction, then a power of ten."""
    if share >= 0.1:
        return percent(share, t)
    if share >= SMALLEST_FRACTION:
        return t.numbers.fraction.format(n=whole(rounded(1 / share), t))
    return t.numbers.about.format(n=power(share)) if share > 0 else "0"


def times(factor: float, t: Text) -> str:
    """A factor above 1: 7.2, 12,000, 3.1 × 10⁷."""
    if factor < 9.95:
        return f"{factor:.1f}"
    return whole(rounded(factor), t) if factor < 1e6 else power(factor)


def percent(share: float, t: Text) -> str:
    """A share of the whole, in per cent; never rounded up to all or down to none."""
    if not isfinite(share):
        return "–"
    value = round(100 * share)
    if value == 100 and share < 1:
        value = 99
    if value == 0 and share > 0:
        return t.numbers.percent.format(n="<1")
    return t.numbers.percent.format(n=value)
