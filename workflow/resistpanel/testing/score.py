"""Read the caller's VCF, hold it against what was put in, and count."""

import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path

import pysam

from resistpanel.core.haplotypes import REACH, Fetch, spelling, tidy
from resistpanel.core.replacement import Variant


@dataclasses.dataclass(frozen=True)
class Call:
    """One record of the caller.

    Attributes
    ----------
    variant : Variant
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

    variant: Variant
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


def _number(value) -> float | None:
    if isinstance(value, tuple):
        value = value[0] if value else None
    return None if value is None or math.isnan(value) else float(value)


def read_calls(vcf: Path, fetch: Fetch, tumor: str, normal: str) -> list[Call]:
    """Read a VCF of ``resistpanel call``."""
    calls = []
    with pysam.VariantFile(str(vcf)) as handle:
        for record in handle:
            alt = record.alts[0] if record.alts else "."
            if not set(alt) <= set("ACGTN"):
                continue
            filters = tuple(record.filter.keys())
            one, other = record.samples[tumor], record.samples[normal]
            det = _number(one.get("DET"))
            calls.append(
                Call(
                    tidy(Variant(record.chrom, record.start, record.ref, alt), fetch),
                    filters,
                    str(record.info.get("MODEL", "")),
                    filters == ("PASS",) and det == 1,
                    _number(one.get("AF")),
                    _number(one.get("LOD")),
                    _number(one.get("UB")),
                    int(one["AD"][1]),
                    int(one["DP"]),
                    int(other["DP"]),
                    _number(other.get("AF")) or 0.0,
                )
            )
    return calls


def inherited(calls: Iterable[Call]) -> list[Variant]:
    """Return what the normal itself shows: variants to keep away from, and to spell with."""
    return [c.variant for c in calls if c.model == "germline" or c.normal_af > 0.02]


@dataclasses.dataclass
class Matched:
    """Which calls spell each variant that was put in, and those that spell none.

    Attributes
    ----------
    found : list
        For each variant, its calls (with all filters passed and detected in the tumour), or [].
    rest : dict of Variant to Call
        Records of the variants themselves that did not pass.
    false : list of Call
    """

    found: list[list[Call]]
    rest: dict[Variant, Call]
    false: list[Call]


def match(truth: list[Variant], calls: list[Call], beside: list[Variant], fetch: Fetch) -> Matched:
    """Hold calls against the truth by the haplotypes that they spell.

    A variant is found if some of the calls near it give its sequence, alone or with inherited
    variants beside it: an MNV reported as single bases is found.
    """
    passed = [call for call in calls if call.detected]
    by_variant: dict[Variant, list[int]] = {}
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


def wilson(hits: int, number: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % interval of a proportion (Wilson 1927); (0, 1) of nothing."""
    if number == 0:
        return 0.0, 1.0
    p = hits / number
    middle = (p + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(p * (1 - p) / number + z * z / (4 * number**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def proportion(flags: Iterable[bool]) -> dict:
    """Return hits, number, value and interval of a proportion."""
    flags = list(flags)
    hits, number = sum(flags), len(flags)
    low, high = wilson(hits, number)
    return {
        "found": hits,
        "of": number,
        "recall": hits / number if number else None,
        "low": low,
        "high": high,
    }
