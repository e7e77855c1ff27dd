"""Numbers and lists as every page, table and message writes them."""

import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

#: Characters that an INFO value may hold as they are (VCF 4.3, section 1.2).
_KEPT = "".join(chr(code) for code in range(33, 127) if chr(code) not in ";=%,:")


def encode(text: str) -> str:
    """Percent-encode an INFO value as VCF 4.3 demands."""
    return quote(text, safe=_KEPT)


def decode(text: str) -> str:
    """Undo :func:`encode`."""
    return unquote(text)


def decimals(percentage: float) -> int:
    """Return how many decimals a percentage (0 to 100) is written with: 16.2, 5.3, 0.41, 0.052."""
    if percentage >= 0.995 or percentage == 0:
        return 1
    return 2 if percentage >= 0.0995 else 3


def rounded(value: float | None) -> float | None:
    """Return a number with the six significant digits of every record; None stays None.

    More digits differ between platforms.
    """
    return None if value is None else float(f"{value:.6g}")


@functools.lru_cache(maxsize=4096)
def bare_percent(fraction: float | None, nothing: str = "?") -> str:
    """Return a fraction (0 to 1) as a percentage without its sign: ``16.2``."""
    if fraction is None:
        return nothing
    value = 100 * fraction
    return _written(value, decimals(value))


def percent(fraction: float | None, space: str = " ", nothing: str = "?") -> str:
    """Return a fraction (0 to 1) as a percentage: ``16.2 %``.

    Parameters
    ----------
    fraction : float or None
    space : str
        Between number and sign; a page uses a narrow no-break space.
    nothing : str
        Returned for None.
    """
    return nothing if fraction is None else f"{bare_percent(fraction)}{space}%"


def percent_up(fraction: float | None, space: str = " ", nothing: str = "?") -> str:
    """Return an upper bound as a percentage, rounded up: what is written is never below it."""
    if fraction is None:
        return nothing
    value = 100 * fraction
    places = decimals(value)
    # 100 * 0.29 is 28.999999999999996: rounding first keeps a round bound from being raised.
    raised = math.ceil(round(value * 10**places, 6)) / 10**places
    if float(f"{raised:.{places}f}") / 100 < fraction:
        raised += 10**-places
    return f"{_written(min(raised, 100.0), places)}{space}%"


def probability(value: float | None, space: str = " ", nothing: str = "?") -> str:
    """Return a probability as a percentage that does not overstate: ``above 99.9 %``, ``99.4 %``.

    From 99 % it is rounded down, below 0.1 % that is what is written.
    """
    if value is None:
        return nothing
    if 0.001 <= value < 0.99:
        return percent(value, space)
    if value < 0.001:
        return f"below 0.1{space}%"
    if value > 0.999:
        return f"above 99.9{space}%"
    return f"{math.floor(round(1000 * value, 6)) / 10:.1f}{space}%"


def _written(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return {"100.0": "100", "0.0": "0"}.get(text, text)


def join(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence: ``a, b and c``."""
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def confidence(verdict: Mapping[str, Any]) -> str:
    """Return the confidence of a verdict, with what keeps it from being high if it says so.

    ``moderate (there is no matched normal)``; what the verdict's sentence says is left out.

    Parameters
    ----------
    verdict : mapping
        As in resist.json.
    """
    limits = [one.removeprefix("but ") for one in verdict["reasons"] if one.startswith("but ")]
    limits = [one for one in limits if one not in verdict["sentence"]]
    return verdict["confidence"] + (f" ({'; '.join(limits)})" if limits else "")


def with_confidence(verdict: Mapping[str, Any]) -> str:
    """Return the sentence of a verdict with its confidence; none where nothing was assessed."""
    if verdict["kind"] == "not_assessed":
        return verdict["sentence"]
    return f"{verdict['sentence']} Confidence: {confidence(verdict)}."


def plural(drug_class: str) -> str:
    """Return the plural of a drug class: ``RAF inhibitor`` to ``RAF inhibitors``."""
    if drug_class.endswith(("therapy", "s")):
        return drug_class
    if drug_class.endswith("y"):
        return f"{drug_class[:-1]}ies"
    return f"{drug_class}s"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 fragment``, ``2 fragments``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sentence(text: str) -> str:
    """Return `text` with a capital first letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
