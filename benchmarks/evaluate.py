"""Compare calls with the truth by the haplotypes they spell, not by their strings.

A truth variant counts as called if some of the calls near it, put into the reference together,
give the same sequence as the variant, alone or with the inherited variants that stand beside it
on its haplotype. So an MNV reported as its single bases is found, and so is an indel written
another way or joined with a neighbouring inherited SNP.
"""

from dataclasses import dataclass, field

from resistpanel.core.allele import Allele as Variant
from resistpanel.core.core_constants import REACH
from resistpanel.core.haplotypes import (
    Fetch,
    fetcher,
    same_haplotype,
    spans,
    spelling,
    subsets,
    tidy,
)

__all__ = [
    "Call",
    "Fetch",
    "Inherited",
    "Match",
    "combined",
    "fetcher",
    "match",
    "same_haplotype",
    "spans",
    "spelling",
    "subsets",
    "tidy",
]


@dataclass
class Call:
    """One record and allele of a caller.

    Attributes
    ----------
    variant : Variant
        Left-aligned and trimmed.
    passed : bool
        A somatic call.
    filters : str
    samples : dict of str to dict
        Per sample: `det` (1, 0 or None), `af`, `af_low`, `af_high`, `lod`, `ub`, `alt`, `depth`;
        None for what the caller does not say.
    note : str
        Anything that helps to understand a false call.
    """

    variant: Variant
    passed: bool
    filters: str = "PASS"
    samples: dict[str, dict] = field(default_factory=dict)
    note: str = ""


@dataclass
class Inherited:
    """An inherited variant, trimmed, and the haplotypes it stands on."""

    variant: Variant
    haplotypes: str


@dataclass
class Match:
    """What became of the truth and of the calls.

    Attributes
    ----------
    calls_of : dict of int to tuple of int
        Truth index to the calls that spell it.
    germline : dict of int to int
        Call index to the inherited variant that it is.
    false : list of int
        The other calls.
    """

    calls_of: dict[int, tuple[int, ...]]
    germline: dict[int, int]
    false: list[int]


def match(
    truth: list[Variant],
    haplotypes: list[str],
    inherited: list[Inherited],
    calls: list[Variant],
    fetch: Fetch,
) -> Match:
    """Match calls with somatic truth and inherited variants.

    Parameters
    ----------
    truth, haplotypes : lists of equal length
        Left-aligned somatic variants and the haplotype ("A" or "B") of each.
    inherited : list of Inherited
    calls : list of Variant
        Left-aligned; only those that claim to be somatic.
    fetch : callable
        See `fetcher`.
    """
    by_variant: dict[Variant, list[int]] = {}
    for i, v in enumerate(calls):
        by_variant.setdefault(v, []).append(i)
    calls_of: dict[int, tuple[int, ...]] = {}
    used: set[int] = set()
    for t, v in enumerate(truth):
        if v in by_variant:
            calls_of[t] = tuple(by_variant[v])
            used.update(by_variant[v])
    truth_spans = spans(truth, fetch)
    for t, v in enumerate(truth):
        if t in calls_of:
            continue
        low, high = truth_spans[t][0] - REACH, truth_spans[t][1] + REACH
        near = [
            i
            for i, c in enumerate(calls)
            if i not in used and c.chrom == v.chrom and c.pos < high and c.end > low
        ]
        near.sort(key=lambda i, v=v: abs(calls[i].pos - v.pos))
        beside = [
            g
            for g, other in enumerate(inherited)
            if other.variant.chrom == v.chrom
            and haplotypes[t] in other.haplotypes
            and other.variant.pos < high
            and other.variant.end > low
        ]
        chosen = spelling(
            v, [inherited[g].variant for g in beside], [calls[i] for i in near], fetch
        )
        if chosen:
            calls_of[t] = tuple(near[i] for i in chosen)
            used.update(calls_of[t])
    germline: dict[int, int] = {}
    false = []
    for i, c in enumerate(calls):
        if i in used:
            continue
        g = _inherited_as(c, inherited, fetch)
        if g is None:
            false.append(i)
        else:
            germline[i] = g
    return Match(calls_of, germline, false)


def _inherited_as(call: Variant, inherited: list[Inherited], fetch: Fetch) -> int | None:
    """Return the inherited variant that a call is, or is part of or made of; else None."""
    near = [
        g
        for g, other in enumerate(inherited)
        if other.variant.chrom == call.chrom
        and other.variant.pos < call.end + REACH
        and other.variant.end > call.pos - REACH
    ]
    for chosen in subsets(near, 3):
        if same_haplotype([call], [inherited[g].variant for g in chosen], fetch):
            return chosen[0]
    return None


def combined(calls: list[Call], sample: str) -> dict:
    """Return one sample's numbers of a truth variant that several calls spell together.

    Detected only where all are; the other numbers are those of the call with the lowest AF.
    """
    rows = [c.samples.get(sample, {}) for c in calls]
    rows.sort(key=lambda row: row.get("af") or 0)
    dets = [row.get("det") for row in rows]
    row = dict(rows[0])
    row["det"] = None if None in dets else min(dets)
    return row
