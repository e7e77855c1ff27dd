"""Fragments of a region: where they lie and what they carry, vectorised over fragments."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from resistpanel.core.special import ndtri
from resistpanel.testing.events import Thinning
from resistpanel.testing.families import (
    Families,
    Umi,
    draw_codes,
    draw_families,
)
from resistpanel.testing.genome import Region
from resistpanel.testing.mixtures import Plan, Source, first_share, weights
from resistpanel.testing.testing_constants import CFDNA_PEAKS, SHORTEST_CFDNA
from resistpanel.testing.variants import Variant


@dataclasses.dataclass(frozen=True)
class Library:
    """How a library was made and sequenced; see the patient's schema for the terms."""

    length: int
    insert_mean: float
    insert_sd: float
    quality: str
    duplicates: float
    low_mapq: float
    pcr_errors: float
    anchor: int
    fragments: str = "normal"
    umi: Umi | None = None

    @property
    def longest(self) -> int:
        """Longest insert drawn."""
        if self.fragments == "cfdna":
            return int(max(mean + 4 * sd for _, mean, sd in CFDNA_PEAKS))
        return int(max(self.length, self.insert_mean + 4 * self.insert_sd))

    def insert_table(self) -> np.ndarray:
        """Return insert sizes at 4096 equal steps of probability.

        A normal, cut off so that no insert is shorter than a read; or cell-free DNA's peaks.
        """
        if self.fragments == "cfdna":
            return self._cfdna_table()
        quantile = (np.arange(4096) + 0.5) / 4096
        sizes = np.rint(self.insert_mean + self.insert_sd * ndtri(quantile))
        return np.clip(sizes, self.length, self.longest).astype(np.int64)

    def _cfdna_table(self) -> np.ndarray:
        """Return insert sizes of cell-free DNA at about 4096 equal steps of probability."""
        parts = []
        for share, mean, sd in CFDNA_PEAKS:
            steps = round(4096 * share)
            parts.append(mean + sd * ndtri((np.arange(steps) + 0.5) / steps))
        sizes = np.rint(np.concatenate(parts))
        return np.clip(sizes, SHORTEST_CFDNA, self.longest).astype(np.int64)

    def bases_per_fragment(self) -> float:
        """Return the mean number of distinct bases that a fragment's reads cover."""
        return float(np.minimum(self.insert_table(), 2 * self.length).mean())


@dataclasses.dataclass
class Fragments:
    """Fragments of a region; arrays over fragments, duplicates last.

    With UMIs, arrays over read pairs: `duplicate` is then that a molecule has an earlier pair.
    `start` on the haplotype of the fragment's local indels, `insert`, `forward` (read 1 is the
    left one), `mapq`, `duplicate`, `carried` (fragments, variants), `local` (fragments,
    variants): indels that the fragment touches; `parent`: the fragment that each duplicate
    copies; `families`, `codes`: strands, and RX tags as ASCII (read pairs, width).
    """

    start: np.ndarray
    insert: np.ndarray
    forward: np.ndarray
    mapq: np.ndarray
    duplicate: np.ndarray
    carried: np.ndarray
    local: np.ndarray
    parent: np.ndarray
    families: Families | None = None
    codes: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return all arrays but `parent` at some rows."""
        names = ("start", "insert", "forward", "mapq", "duplicate", "carried", "local")
        return {name: getattr(self, name)[rows] for name in names}


def draw_fragments(
    region: Region,
    variants: Sequence[Variant],
    made: Plan,
    sources: Sequence[Source],
    density: np.ndarray,
    library: Library,
    rng: np.random.Generator,
    thinning: Thinning | None = None,
) -> Fragments:
    """Draw the fragments of a region.

    Parameters
    ----------
    density : float array (targets or 1,)
        Fragments per start position at each target, in diploid DNA; of the whole region where
        it is off target.
    thinning : Thinning, optional
        Structural events of the sample, whose haplotypes lack fragments of the reference.

    Notes
    -----
    Starts are uniform on the carried haplotype; a fragment is kept if it touches a target. The
    depth is thus even over a target and falls off within an insert's length outside it.
    """
    size = len(region.codes)
    targets = region.targets
    growing = sum(max(variant.growth, 0) for variant in variants)
    if targets:
        amounts = np.stack([weights(sources, target) for target in targets])
        share = np.array([[first_share(s, target) for s in sources] for target in targets])
    else:
        amounts = np.array([[source.fraction for source in sources]])
        share = np.full((1, len(sources)), 0.5)
    rate = density * amounts.sum(axis=1)
    most = thinning.most if thinning else 1.0
    count = int(rng.poisson(rate.max() * most * (size + growing)))
    start = rng.integers(0, size + growing, count)
    table = library.insert_table()
    insert = table[rng.integers(0, len(table), count)]
    borders = np.array(
        [(one.end + other.start) / 2 - region.start for one, other in itertools.pairwise(targets)]
    )
    place = np.searchsorted(borders, start + insert / 2)
    kept = rng.random(count) * rate.max() < rate[place]
    kept &= start + insert <= size + growing
    # Reads longer than their fragment must be within the region as well.
    kept &= (start + insert >= library.length) & (start + library.length <= size + growing)
    if thinning:
        kept &= rng.random(count) * most < thinning.of(start, insert)
    start, insert, place = start[kept], insert[kept], place[kept]

    carried = _carried(len(variants), made, amounts[place], share[place], rng)
    local, begin, total = _local_indels(region, variants, carried, start, insert)
    last = begin + insert - (local * [v.growth for v in variants]).sum(axis=1)
    kept = start + insert <= size + total
    if targets:
        starts = np.array([target.start - region.start for target in targets])
        ends = np.array([target.end - region.start for target in targets])
        following = np.searchsorted(ends, begin, side="right")
        kept &= following < len(targets)
        kept &= starts[np.minimum(following, len(targets) - 1)] < last
    rows = np.flatnonzero(kept)

    count = len(rows)
    if library.umi:
        arrays = begin[rows], insert[rows], carried[rows], local[rows]
        return _tagged(*arrays, library, rng)
    copies = int(rng.poisson(count * library.duplicates / (1 - library.duplicates)))
    parent = rng.integers(0, max(count, 1), copies if count else 0)
    poor = rng.random(count) < library.low_mapq
    mapq = np.where(poor, rng.integers(0, 21, count), 60).astype(np.uint8)
    forward = rng.random(count) < 0.5
    rows_all = np.concatenate([rows, rows[parent]])
    both = np.concatenate([np.arange(count), parent])
    return Fragments(
        begin[rows_all],
        insert[rows_all],
        forward[both],
        mapq[both],
        np.arange(len(both)) >= count,
        carried[rows_all],
        local[rows_all],
        parent,
    )


def _tagged(begin, insert, carried, local, library: Library, rng) -> Fragments:
    """Return the read pairs of molecules with UMIs."""
    count = len(begin)
    poor = rng.random(count) < library.low_mapq
    mapq = np.where(poor, rng.integers(0, 21, count), 60).astype(np.uint8)
    families = draw_families(count, library.umi, rng)
    rows = families.molecule
    return Fragments(
        begin[rows],
        insert[rows],
        families.strand == 0,
        mapq[rows],
        families.copy,
        carried[rows],
        local[rows],
        np.zeros(0, np.int64),
        families,
        draw_codes(families, library.umi, rng),
    )


def _carried(
    variants: int, made: Plan, amounts: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw which variants the fragments have, bool (fragments, variants).

    Parameters
    ----------
    variants : int
        Number of variants.
    made : Plan
    amounts : float array (fragments, sources)
        DNA of each source at the fragment's place.
    share : float array (fragments, sources)
        Fraction of it that is of the first haplotype.
    """
    count, sources = amounts.shape
    portions = np.cumsum(amounts, axis=1)
    portions /= np.where(portions[:, -1:] > 0, portions[:, -1:], 1)
    source = (rng.random(count)[:, None] >= portions).sum(axis=1)
    source = np.minimum(source, sources - 1)
    haplotype = (rng.random(count) >= share[np.arange(count), source]).astype(int)
    draws = rng.random((count, max(made.draws, 1)))
    carried = np.zeros((count, variants), bool)
    for v in range(variants):
        draw = draws[:, made.groups[v]]
        low, high = made.low[v, source, haplotype], made.high[v, source, haplotype]
        carried[:, v] = (low <= draw) & (draw < high)
    return carried


def _local_indels(region, variants, carried, start, insert):
    """Return (indels that each fragment touches, its start on a haplotype with those alone,
    the growth of its whole haplotype)."""
    local = np.zeros_like(carried)
    passed = np.zeros(len(start), np.int64)
    total = np.zeros(len(start), np.int64)
    for v, variant in enumerate(variants):
        if not variant.indel:
            continue
        has = carried[:, v]
        at = variant.start - region.start + total
        before = has & (at + len(variant.alt) <= start)
        local[:, v] = has & ~before & (at < start + insert)
        passed += before * variant.growth
        total += has * variant.growth
    return local, start - passed, total
