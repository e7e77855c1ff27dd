"""Numbers and lists as the sentences of the verdict write them."""

import math
from collections.abc import Iterable


def percent(fraction: float) -> str:
    """Return a fraction (0 to 1) as per cent with two significant digits."""
    value = 100 * fraction
    return f"{value:.{_digits(value)}f} %"


def upper_percent(fraction: float) -> str:
    """Return an upper bound as per cent, rounded up so that the bound still holds."""
    value = 100 * fraction
    digits = _digits(value)
    # A hair's breadth is forgiven: 0.29 held in binary must not become 0.30.
    up = math.ceil(value * 10**digits - 1e-9) / 10**digits
    return f"{up:.{digits}f} %"


def _digits(value: float) -> int:
    """Return the decimals that leave two significant digits."""
    return max(0, 1 - math.floor(math.log10(value))) if value > 0 else 0


def join(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence: ``a, b and c``."""
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def plural(drug_class: str) -> str:
    """Return the plural of a drug class: ``RAF inhibitor`` to ``RAF inhibitors``."""
    if drug_class.endswith(("therapy", "s")):
        return drug_class
    if drug_class.endswith("y"):
        return f"{drug_class[:-1]}ies"
    return f"{drug_class}s"


def sentence(text: str) -> str:
    """Return `text` with a capital first letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
