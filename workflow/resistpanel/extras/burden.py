"""Tumour mutational burden on the coding bases that were looked at, and hypermutation."""

import bisect
from collections.abc import Collection, Iterable, Mapping

import pysam

from resistpanel.core.stats import jeffreys_interval, poisson_interval
from resistpanel.extras.extras_constants import (
    ALKYLATING_FRACTION,
    HYPERMUTATED,
    LEAST_CODING_MB,
    LEAST_SUBSTITUTIONS,
    TMB_AF,
    TMB_DEPTH,
    TMB_NORMAL_DEPTH,
)
from resistpanel.panel.genes import Gene
from resistpanel.qc.qc_constants import QUANTILES
from resistpanel.records.base import UNSET
from resistpanel.records.biomarkers import Burden, Hypermutation
from resistpanel.records.compare import Compare, Variant
from resistpanel.records.qc import SampleQc, TargetDepth

#: Agents whose mutations are C>T outside CpG (COSMIC SBS11), by their canonical names.
ALKYLATING = {"temozolomide", "dacarbazine", "procarbazine", "lomustine", "carmustine"}
SHORT = {"SNV", "MNV", "INS", "DEL", "DUP", "COMPLEX"}


class Coding:
    """Coding bases of a panel's genes.

    Parameters
    ----------
    genes : mapping of str to Gene
    """

    def __init__(self, genes: Mapping[str, Gene]):
        # By contig, ascending intervals that do not touch: an exome has 35 million bases.
        self.intervals: dict[str, list[tuple[int, int]]] = {}
        exons = sorted((gene.chrom, *exon) for gene in genes.values() for exon in gene.cds)
        for chrom, start, end in exons:
            mine = self.intervals.setdefault(chrom, [])
            if mine and start <= mine[-1][1]:
                mine[-1] = (mine[-1][0], max(end, mine[-1][1]))
            else:
                mine.append((start, end))

    def count(self, chrom: str, start: int, end: int) -> int:
        """Return the number of coding bases in an interval, 0-based half-open."""
        mine = self.intervals.get(chrom, [])
        found = 0
        for number in range(max(0, bisect.bisect(mine, (start,)) - 1), len(mine)):
            low, high = mine[number]
            if low >= end:
                break
            found += max(0, min(high, end) - max(low, start))
        return found


def fraction_at(target: TargetDepth, depth: int) -> float:
    """Return the fraction of a target's bases at a depth or more, by its quantiles of depth."""
    if target.min_depth >= depth:
        return 1.0
    if target.quantiles is UNSET:
        return float(target.mean_depth >= depth)
    below = [q for q, value in zip(QUANTILES, target.quantiles, strict=True) if value < depth]
    above = [q for q, value in zip(QUANTILES, target.quantiles, strict=True) if value >= depth]
    return 1 - ((below[-1] if below else 0.0) + (above[0] if above else 1.0)) / 2


def coding_bases(coding: Coding, tumor: SampleQc, normal: SampleQc | None) -> float:
    """Return the coding bases at the limits of depth in tumour and normal.

    Overlapping targets count once: bases of earlier ones are left out.
    """
    of_normal = {(t.chrom, t.start, t.end): t for t in normal.targets} if normal else {}
    total, reached = 0.0, {}
    for target in sorted(tumor.targets, key=lambda t: (t.chrom, t.start)):
        start = max(target.start, reached.get(target.chrom, 0))
        reached[target.chrom] = max(reached.get(target.chrom, 0), target.end)
        fraction = fraction_at(target, TMB_DEPTH)
        if target.fraction_at is not UNSET and target.fraction_at.at_100 is not None:
            fraction = target.fraction_at.at_100
        if normal:
            other = of_normal.get((target.chrom, target.start, target.end))
            fraction = min(fraction, fraction_at(other, TMB_NORMAL_DEPTH) if other else 0.0)
        total += fraction * coding.count(target.chrom, start, target.end)
    return total


def counted(variant: Variant, sample: str, coding: Coding, tumor_only: bool) -> bool:
    """Return whether a variant counts for the burden of a sample."""
    seen = variant.samples[sample]
    somatic = not tumor_only or (variant.origin and variant.origin.value == "somatic")
    return bool(
        variant.reported and somatic and variant.type in SHORT and not variant.sites
        and seen.detected and (seen.af or 0) >= TMB_AF and seen.dp >= TMB_DEPTH
        and coding.count(variant.chrom, variant.pos - 1, variant.pos - 1 + len(variant.ref))
    )  # fmt: skip


def burden(mutations: int, bases: float, tumor_only: bool = False) -> Burden:
    """Return the mutational burden of so many mutations on so many coding bases."""
    mb = bases / 1e6
    low, high = poisson_interval(mutations)
    what = (
        f"{mutations} somatic coding mutation{'s' if mutations != 1 else ''} at an AF of "
        f"{100 * TMB_AF:g} % or more on {mb:.3f} coding Mb at {TMB_DEPTH} fragments or more"
    )
    note = " Without a normal, inherited variants may be counted." if tumor_only else ""
    if mb < LEAST_CODING_MB:
        text = f"TMB not reported: {what}; {LEAST_CODING_MB:g} Mb are needed.{note}"
        return Burden(mutations, round(mb, 6), None, None, None, TMB_AF, TMB_DEPTH, text)
    kind = ", hypermutated" if low / mb >= HYPERMUTATED else ""
    text = (
        f"TMB {mutations / mb:.1f} per Mb{kind} (95 % interval {low / mb:.1f} to {high / mb:.1f}): "
        f"{what}.{note}"
    )
    return Burden(
        mutations=mutations, coding_mb=round(mb, 6), per_mb=mutations / mb, low=low / mb,
        high=high / mb, af_limit=TMB_AF, depth_limit=TMB_DEPTH, text=text,
    )  # fmt: skip


def outside_cpg(reference: pysam.FastaFile, chrom: str, pos: int, ref: str, alt: str) -> bool:
    """Return whether a substitution is C>T, on either strand, that is not followed by G.

    `pos` is 1-based.
    """
    if (ref, alt) == ("C", "T"):
        return reference.fetch(chrom, pos, pos + 1).upper() not in ("G", "")
    if (ref, alt) == ("G", "A"):
        return pos > 1 and reference.fetch(chrom, pos - 2, pos - 1).upper() != "C"
    return False


def hypermutation(total: int, hits: int, tandem: int, drugs: Collection[str]) -> Hypermutation:
    """Return what the substitutions say of an alkylating agent.

    Parameters
    ----------
    total, hits : int
        Substitutions; of these, C>T outside CpG.
    tandem : int
        CC>TT, the tandem change of ultraviolet light.
    drugs : collection of str
        Canonical names of the drugs given.
    """
    if total < LEAST_SUBSTITUTIONS:
        text = (
            f"Hypermutation by an alkylating agent is not assessable: {total} of the "
            f"{LEAST_SUBSTITUTIONS} substitutions that are needed."
        )
        fraction = hits / total if total else None
        return Hypermutation(total, hits, fraction, None, None, "not assessable", text)
    low, high = (float(x) for x in jeffreys_interval(hits, total))
    what = (
        f"{hits} of {total} substitutions are C>T outside CpG "
        f"({100 * hits / total:.0f} %, 95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    )
    given = sorted(set(drugs) & ALKYLATING)
    seen = f"; {tandem} CC>TT" if tandem else ""
    if low < ALKYLATING_FRACTION:
        status, text = "none", f"No sign of hypermutation by an alkylating agent: {what}."
    elif given and not tandem:
        status, text = "alkylating", f"As after {' and '.join(given)} (SBS11): {what}."
    else:
        status = "ultraviolet or alkylating"
        text = f"As after ultraviolet light or an alkylating agent: {what}{seen}."
    return Hypermutation(total, hits, hits / total, low, high, status, text)


def hypermutation_of(
    compare: Compare, sample: str, reference: pysam.FastaFile, drugs: Iterable[str]
) -> Hypermutation:
    """Return `hypermutation` of a sample's reported variants."""
    total = hits = tandem = 0
    for variant in compare.variants:
        if not variant.reported or not variant.samples[sample].detected:
            continue
        tandem += (variant.ref, variant.alt) in {("CC", "TT"), ("GG", "AA")}
        for base in variant.substitutions:
            total += 1
            hits += outside_cpg(reference, variant.chrom, base.pos, base.ref, base.alt)
    return hypermutation(total, hits, tandem, set(drugs))
