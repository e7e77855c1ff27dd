"""Numbers as a reader sees them: one rule for digits, bounds never rounded in their favour."""

import math

NARROW_SPACE = "\u202f"
DASH = "–"
NOTHING = "—"


def decimals(percent: float) -> int:
    """Return how many decimals a percentage is shown with: 16.2, 5.3, 0.41, 0.052."""
    if percent >= 0.995 or percent == 0:
        return 1
    return 2 if percent >= 0.0995 else 3


def _digits(percent: float, places: int) -> str:
    text = f"{percent:.{places}f}"
    return {"100.0": "100", "0.0": "0"}.get(text, text)


def bare_percent(fraction: float | None) -> str:
    """Return a fraction (0 to 1) as a percentage without its sign, ``16.2``."""
    if fraction is None:
        return NOTHING
    percent = 100 * fraction
    return _digits(percent, decimals(percent))


def percent(fraction: float | None) -> str:
    """Return a fraction (0 to 1) as ``16.2 %``, with a narrow no-break space."""
    return NOTHING if fraction is None else bare_percent(fraction) + NARROW_SPACE + "%"


def percent_up(fraction: float | None) -> str:
    """Return an upper bound as a percentage, rounded up: a limit is never shown too good."""
    if fraction is None:
        return NOTHING
    value = 100 * fraction
    places = decimals(value)
    # The tolerance keeps a bound such as 0.29 (28.999999999999996 %) from being raised to 29.1.
    raised = math.ceil(value * 10**places - 1e-9) / 10**places
    return _digits(min(raised, 100.0), places) + NARROW_SPACE + "%"


def interval(low: float | None, high: float | None) -> str:
    """Return ``14.0–18.6`` (per cent, no sign); `NOTHING` when either end is missing."""
    if low is None or high is None:
        return NOTHING
    return f"{bare_percent(low)}{DASH}{bare_percent(high)}"


def count(value: float | None) -> str:
    """Return a count with thousands separated by a narrow no-break space."""
    return NOTHING if value is None else f"{round(value):,}".replace(",", NARROW_SPACE)


def plain(value: float | None, places: int = 2) -> str:
    """Return a number with up to `places` decimals, without trailing zeros."""
    if value is None:
        return NOTHING
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def probability(value: float | None) -> str:
    """Return a probability with three decimals; never as certain as 0 or 1."""
    if value is None:
        return NOTHING
    if value > 0.999:
        return ">0.999"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def genomic(chrom: str, pos: int, ref: str, alt: str) -> str:
    """Return a genomic change in the form of HGVS g., on VCF alleles (1-based `pos`).

    Substitutions are ``chr15:g.66729154G>C``, adjacent ones ``chr5:g.1278863_1278864delinsTT``,
    and length changes are named after the common first base is taken off. Insertions that repeat
    the preceding bases are not renamed to ``dup``: the VCF alleles say which bases.
    """
    if len(ref) == len(alt) == 1:
        return f"{chrom}:g.{pos}{ref}>{alt}"
    if set(ref + alt) - set("ACGTN"):
        return f"{chrom}:{pos} {ref}>{alt}"
    while ref and alt and ref[0] == alt[0]:
        ref, alt, pos = ref[1:], alt[1:], pos + 1
    span = f"{pos}" if len(ref) == 1 else f"{pos}_{pos + len(ref) - 1}"
    if not ref:
        return f"{chrom}:g.{pos - 1}_{pos}ins{alt}"
    return f"{chrom}:g.{span}del" + (f"ins{alt}" if alt else "")
