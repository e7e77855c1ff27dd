"""Who carries what: the mixture of DNA in a sample, and each allele's share of it."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.testing.variants import Variant

PATIENT, STRANGER = 0, 1


@dataclasses.dataclass(frozen=True)
class Copies:
    """Copies of a target's two haplotypes in tumour cells."""

    first: int
    second: int


@dataclasses.dataclass(frozen=True)
class Source:
    """A part of a sample's DNA.

    Parameters
    ----------
    person : int
        `PATIENT` or `STRANGER`.
    fraction : float
        Share of the sample's DNA, where all copy numbers are normal.
    sample : str or None
        Whose somatic allele frequencies and copy numbers it has.
    purity : float
        Fraction of tumour cells.
    copies : mapping of str to Copies
        Of tumour cells, by target name; targets not in it are normal.
    male : bool
        Whether there is one X chromosome.
    """

    person: int
    fraction: float
    sample: str | None
    purity: float
    copies: Mapping[str, Copies]
    male: bool

    def amounts(self, target: Target) -> tuple[float, float]:
        """Return the mean copies per cell of the target's two haplotypes."""
        single = self.male and target.chrom.removeprefix("chr") in {"X", "Y"}
        normal = Copies(1, 0) if single else Copies(1, 1)
        tumor = self.copies.get(target.name, normal)
        rest = 1 - self.purity
        return (
            self.purity * tumor.first + rest * normal.first,
            self.purity * tumor.second + rest * normal.second,
        )


def first_share(source: Source, target: Target) -> float:
    """Return the fraction of a target's DNA that is of the first haplotype."""
    first, second = source.amounts(target)
    return first / (first + second) if first + second else 0.5


def weights(sources: Sequence[Source], target: Target) -> np.ndarray:
    """Return each source's amount of a target's DNA; they add to 1 where all is diploid."""
    return np.array([source.fraction * sum(source.amounts(target)) / 2 for source in sources])


@dataclasses.dataclass
class Plan:
    """When a fragment of a region carries each variant.

    A fragment draws one uniform number per `group`; it carries variant v if
    low[v, source, haplotype] <= number < high[v, source, haplotype].
    """

    groups: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def draws(self) -> int:
        """Number of uniform numbers per fragment."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0


def overlap(one: Variant, other: Variant) -> bool:
    """Return whether two variants cannot be on one molecule: they have bases in common or touch."""
    if one.start > other.end or other.start > one.end:
        return False
    touch = 1 if one.indel or other.indel else 0
    low, high = sorted((one, other), key=lambda v: (v.start, v.end))
    return high.start < max(low.end, low.start + 1 - touch) + touch


def _units(variants: Sequence[Variant]) -> list[list[int]]:
    """Return the somatic variants in units: those of one phase together, others alone."""
    units: dict[str, list[int]] = {}
    for index, variant in enumerate(variants):
        if variant.somatic:
            units.setdefault(variant.phase or f"\0{index}", []).append(index)
    return list(units.values())


def _clusters(variants: Sequence[Variant]) -> list[list[list[int]]]:
    """Return units that overlap each other, which share one draw and exclude each other."""
    clusters: list[list[list[int]]] = []
    for unit in _units(variants):
        near = [
            cluster
            for cluster in clusters
            if any(overlap(variants[i], variants[j]) for u in cluster for i in u for j in unit)
        ]
        joined = [other for cluster in near for other in cluster] + [unit]
        clusters = [cluster for cluster in clusters if cluster not in near] + [joined]
    return clusters


def plan(
    variants: Sequence[Variant],
    strangers: Sequence[tuple[bool, bool]],
    sources: Sequence[Source],
    nearest: Sequence[Target],
) -> Plan:
    """Lay out which fragments carry which variants.

    Parameters
    ----------
    variants : sequence of Variant
        Of one region, ascending.
    strangers : sequence of (bool, bool)
        For each variant, which haplotypes of the contaminating person carry it.
    sources : sequence of Source
        What the sample consists of.
    nearest : sequence of Target
        For each variant, the target whose copy number it has.

    Raises
    ------
    InputError
        If overlapping variants add up to more than all the DNA, or one molecule would have to
        carry both of two overlapping alleles.
    """
    shape = (len(variants), len(sources), 2)
    groups, low, high = np.zeros(len(variants), int), np.zeros(shape), np.zeros(shape)
    for v, variant in enumerate(variants):
        for s, source in enumerate(sources):
            carried = variant.haplotypes if source.person == PATIENT else strangers[v]
            if not variant.somatic:
                high[v, s] = carried
    for number, cluster in enumerate(_clusters(variants), 1):
        for s, source in enumerate(sources):
            _share(variants, cluster, source, nearest, s, low, high)
        for unit in cluster:
            groups[unit] = number
        _replace(variants, [i for unit in cluster for i in unit], groups, low, high)
    _refuse_collisions(variants, groups)
    return Plan(groups, low, high)


def _replace(variants, members: list[int], groups, low, high) -> None:
    """Take the germline alleles that somatic ones replace off the molecules that carry these."""
    for g, inherited in enumerate(variants):
        over = [i for i in members if variants[i].replaces and overlap(inherited, variants[i])]
        if inherited.somatic or not over:
            continue
        groups[g] = groups[members[0]]
        # The shares of a cluster begin at 0 and follow each other.
        taken = high[members].max(axis=0)
        low[g] = np.where(high[g] > 0, np.minimum(taken, high[g]), low[g])


def _share(variants, cluster, source, nearest, s, low, high) -> None:
    """Give the units of a cluster consecutive shares of a source's DNA."""
    if source.person != PATIENT or source.sample is None:
        return
    first = variants[cluster[0][0]]
    af = {i: variants[i].af.get(source.sample, 0.0) for unit in cluster for i in unit}
    total = sum(max(af[i] for i in unit) for unit in cluster)
    if total > 1 + 1e-9:
        raise InputError(
            f"overlapping variants at {first.chrom}:{first.start + 1} add up to an allele "
            f"frequency of {total:g} in sample {source.sample}",
            first.where,
            "lower their allele frequencies to 1 in all",
        )
    share = first_share(source, nearest[cluster[0][0]])
    on_haplotype = (share, 1 - share)
    home = first.haplotype
    # On one haplotype if there is room: otherwise (loss of the other one) on either.
    fits = home is not None and total <= on_haplotype[home] + 1e-9
    for haplotype in (0, 1):
        if fits and haplotype != home:
            continue
        scale = 1 / on_haplotype[haplotype] if fits and on_haplotype[haplotype] else 1.0
        before = 0.0
        for unit in cluster:
            for i in unit:
                low[i, s, haplotype] = before * scale
                high[i, s, haplotype] = (before + af[i]) * scale
            before += max(af[i] for i in unit)


def _refuse_collisions(variants: Sequence[Variant], groups: np.ndarray) -> None:
    for i, one in enumerate(variants):
        for j in range(i + 1, len(variants)):
            other = variants[j]
            if not overlap(one, other):
                continue
            replaced = one.replaces or other.replaces
            exclusive = one.somatic != other.somatic and replaced and groups[i] == groups[j]
            exclusive |= one.somatic and other.somatic and groups[i] == groups[j]
            exclusive &= not (one.phase and one.phase == other.phase)
            both = any(a and b for a, b in zip(one.haplotypes, other.haplotypes, strict=True))
            if not exclusive and (one.somatic or other.somatic or both):
                raise InputError(
                    f"variants at {one.chrom}:{one.start + 1} and {other.chrom}:"
                    f"{other.start + 1} overlap on one molecule",
                    other.where or one.where,
                    "move one, or give them as one variant",
                )


def expected_af(
    variant: Variant, index: int, made: Plan, sources: Sequence[Source], target: Target
) -> float:
    """Return a variant's allele frequency in the sample as it is mixed."""
    amounts = weights(sources, target)
    if not amounts.sum():
        return 0.0
    share = np.array([first_share(source, target) for source in sources])
    width = made.high[index] - made.low[index]
    carried = width[:, 0] * share + width[:, 1] * (1 - share)
    return float((amounts * carried).sum() / amounts.sum())
