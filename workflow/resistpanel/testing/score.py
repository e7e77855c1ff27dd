"""Read the caller's VCF, hold it against what was put in, and count."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from resistpanel.core.allele import Allele
from resistpanel.core.core_constants import REACH
from resistpanel.core.haplotypes import Fetch, spelling, tidy
from resistpanel.core.stats import wilson_interval
from resistpanel.core.vcf import CallVcf


@dataclasses.dataclass(frozen=True)
class Call:
    """One record of the caller.

    Attributes
    ----------
    variant : Allele
        Trimmed and left-aligned.
    filters : tuple of str
    model : str
    detected : bool
        In the tumour, with all filters passed.
    af, lod, ub : float or None
        Of the tumour.
    alt, depth : int
        Fragments of the tumour.
    normal_depth : int
        Fragments of the normal.
    normal_af : float
    """

    variant: Allele
    filters: tuple[str, ...]
    model: str
    detected: bool
    af: float | None
    lod: float | None
    ub: float | None
    alt: int
    depth: int
    normal_depth: int
    normal_af: float


def read_calls(vcf: Path, fetch: Fetch, tumor: str, normal: str | None) -> list[Call]:
    """Read a VCF of ``resistpanel call``; without a normal, its depth and AF are 0."""
    calls = []
    for record in CallVcf(vcf):
        if not set(record.alt) <= set("ACGTN"):
            continue
        one, other = record.genotypes[tumor], record.genotypes[normal] if normal else None
        calls.append(
            Call(
                tidy(Allele(record.chrom, record.pos - 1, record.ref, record.alt), fetch),
                record.filters,
                record.info.get("MODEL") or "",
                record.passed and one.detected is True,
                one.af,
                one.lod,
                one.ub,
                one.alt,
                one.depth,
                other.depth if other else 0,
                (other.af or 0.0) if other else 0.0,
            )
        )
    return calls


def inherited(calls: Iterable[Call]) -> list[Allele]:
    """Return what the normal itself shows: variants to keep away from, and to spell with."""
    return [c.variant for c in calls if c.model == "germline" or c.normal_af > 0.02]


@dataclasses.dataclass
class Matched:
    """Which calls spell each variant that was put in, and those that spell none.

    Attributes
    ----------
    found : list
        For each variant, its calls (with all filters passed and detected in the tumour), or [].
    rest : dict of Allele to Call
        Records of the variants themselves that did not pass.
    false : list of Call
    """

    found: list[list[Call]]
    rest: dict[Allele, Call]
    false: list[Call]


def match(truth: list[Allele], calls: list[Call], beside: list[Allele], fetch: Fetch) -> Matched:
    """Hold calls against the truth by the haplotypes that they spell.

    A variant is found if some of the calls near it give its sequence, alone or with inherited
    variants beside it: an MNV reported as single bases is found.
    """
    passed = [call for call in calls if call.detected]
    by_variant: dict[Allele, list[int]] = {}
    for i, call in enumerate(passed):
        by_variant.setdefault(call.variant, []).append(i)
    found: list[list[Call]] = []
    used: set[int] = set()
    for variant in truth:
        found.append([passed[i] for i in by_variant.get(variant, [])])
        used.update(by_variant.get(variant, []))
    for t, variant in enumerate(truth):
        if found[t]:
            continue
        near = [
            i
            for i, call in enumerate(passed)
            if i not in used
            and call.variant.chrom == variant.chrom
            and call.variant.pos < variant.end + REACH
            and call.variant.end > variant.pos - REACH
        ]
        close = [
            other
            for other in beside
            if other.chrom == variant.chrom
            and other.pos < variant.end + REACH
            and other.end > variant.pos - REACH
        ]
        chosen = spelling(variant, close, [passed[i].variant for i in near], fetch)
        if chosen:
            found[t] = [passed[near[i]] for i in chosen]
            used.update(near[i] for i in chosen)
    rest = {call.variant: call for call in calls if not call.detected}
    return Matched(found, rest, [call for i, call in enumerate(passed) if i not in used])


def proportion(flags: Iterable[bool]) -> dict:
    """Return hits, number, value and interval of a proportion."""
    flags = list(flags)
    hits, number = sum(flags), len(flags)
    low, high = wilson_interval(hits, number)
    return {
        "found": hits,
        "of": number,
        "recall": hits / number if number else None,
        "low": low,
        "high": high,
    }
