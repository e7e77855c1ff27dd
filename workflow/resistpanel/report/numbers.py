"""Numbers as a reader sees them: one rule for digits, bounds never rounded in their favour."""

import functools

from resistpanel.core import text
from resistpanel.core.allele import trim_bases

NARROW_SPACE = "\u202f"
DASH = "–"
NOTHING = "—"


#: Percentages of the page: the shared rule for digits, a narrow no-break space before the sign.
bare_percent = functools.partial(text.bare_percent, nothing=NOTHING)
percent = functools.partial(text.percent, space=NARROW_SPACE, nothing=NOTHING)
percent_up = functools.partial(text.percent_up, space=NARROW_SPACE, nothing=NOTHING)


def interval(low: float | None, high: float | None) -> str:
    """Return ``14.0–18.6`` (per cent, no sign); `NOTHING` when either end is missing."""
    if low is None or high is None:
        return NOTHING
    return f"{bare_percent(low)}{DASH}{bare_percent(high)}"


def count(value: float | None) -> str:
    """Return a count; from five digits on, thousands are separated by a narrow no-break space."""
    if value is None:
        return NOTHING
    whole = round(value)
    return str(whole) if abs(whole) < 10_000 else f"{whole:,}".replace(",", NARROW_SPACE)


def plain(value: float | None, places: int = 2) -> str:
    """Return a number with up to `places` decimals, without trailing zeros."""
    if value is None:
        return NOTHING
    written = f"{value:.{places}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def in_copies(value: float | None) -> str:
    """Return a number of copies with one decimal, as the sentences of the findings write it."""
    return NOTHING if value is None else f"{value:.1f}"


def fold(value: float) -> str:
    """Return a fold change with two significant digits; beyond a thousand, a bound."""
    if value >= 1000:
        return "over 1,000"
    if value < 0.001:
        return "under 0.001"
    return f"{value:.2g}" if value < 99.5 else f"{round(value, -1):.0f}"


def probability(value: float | None) -> str:
    """Return a probability with three decimals; never as certain as 0 or 1."""
    if value is None:
        return NOTHING
    if value > 0.999:
        return ">0.999"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


#: Symbolic alleles of VCF in words.
SYMBOLIC = {"DEL": "deletion", "DUP": "duplication", "INV": "inversion"}


def genomic_of(variant: dict) -> str:
    """Return the genomic change of a variant of compare.json, of a junction by its two places.

    A deletion is ``chr10:g.89700300_89712340del``, with bases inserted ``delinsN[18]``; breakends
    of other kinds, and those that pairs of reads alone show, are given as places.
    """
    chrom, pos, junction = variant["chrom"], variant["pos"], variant.get("junction")
    if not junction:
        return genomic(chrom, pos, variant["ref"], variant["alt"])
    end, kind = junction["pos"], variant["alt"].strip("<>")
    if kind not in SYMBOLIC:
        return f"junction of {chrom}:{pos} and {junction['chrom']}:{end}"
    if not junction["precise"]:
        return f"{chrom}:{pos + 1}-{end} {SYMBOLIC[kind]}, breakpoints not exact"
    inserted = f"N[{junction['inserted']}]" if junction["inserted"] else ""
    change = "delins" if kind == "DEL" and inserted else kind.lower()
    if inserted and kind != "DEL":
        return f"{chrom}:{pos + 1}-{end} {SYMBOLIC[kind]}, {junction['inserted']} bases inserted"
    return f"{chrom}:g.{pos + 1}_{end}{change}{inserted}"


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
    left, ref, alt = trim_bases(ref, alt, left_first=True)
    pos += left
    span = f"{pos}" if len(ref) == 1 else f"{pos}_{pos + len(ref) - 1}"
    if not ref:
        return f"{chrom}:g.{pos - 1}_{pos}ins{alt}"
    return f"{chrom}:g.{span}del" + (f"ins{alt}" if alt else "")
