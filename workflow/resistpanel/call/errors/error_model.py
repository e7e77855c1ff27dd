"""Error rates learned from the patient's own non-variant positions.

The probability that a fragment of the reference allele shows a given other base is

    e = E[quality group] / 3 * C[context, base, class] * Y[cycle]

per sample: E from the observed mismatches of each quality group; C for the trinucleotide
context, the base read, and the class of the evidence (strand of the reads and orientation of
the fragment, so that damage on one strand of the template, as by oxidation or formalin, is
learned as an error of one orientation); Y for the sequencing cycle. Sites differ beyond that:
a site multiplies its rates by m, whose distribution is learned as a non-parametric mixture
(NPMLE, by EM) over a grid.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import pdtrc

from resistpanel.call.io.pileup import CLASSES, CYCLE_BINS, CYCLE_WIDTH, QUALITY_GROUPS
from resistpanel.call.kernels import expected_errors, tabulate

#: Grid of the site multiplier.
MULTIPLIERS = np.array([0.1, 0.3, 0.6, 1, 1.6, 2.5, 4, 7, 12, 20, 40, 80, 160])
#: An allele above this fraction (with at least 4 fragments) in any sample is no noise.
VARIANT_FRACTION = 0.05
#: Pseudo-counts of expected errors that a cell of C needs before it leaves its parent's rate.
SHRINK = 20.0
#: Quality groups are merged to these for the per-position table: single reads of low quality,
#: single reads of high quality, agreeing mates.
MERGED = np.array([0, 0, 0, 1, 1, 2])

#: Chance of an indel outside repeats that neither slippage nor the reads' qualities explain.
INDEL_FLOOR = 5e-6
#: Homopolymers longer than this share one rate.
MAX_TRACT = 20

#: The prior of a multiplier's distribution counts as many sites.
PRIOR_SITES = 3000

#: Damage of the template has nothing to do with base quality: it is learned from, and sought in,
#: bases of this quality group on (phred 30), where little else goes wrong.
GOOD = 3

#: 64 contexts: 16 * left + 4 * reference base + right.
CONTEXTS = 64


def contexts(padded: np.ndarray) -> np.ndarray:
    """Return the context of each base of `padded` but the first and last; -1 beside an N.

    Parameters
    ----------
    padded : uint8, (n + 2,)
        Base codes with one base more on either side.
    """
    left, mid, right = (padded[:-2].astype(int), padded[1:-1].astype(int), padded[2:].astype(int))
    known = (left < 4) & (mid < 4) & (right < 4)
    return np.where(known, 16 * left + 4 * mid + right, -1)


def _histogram(shape: tuple[int, ...], at: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return how often each cell of a table is named, int64, (shape)."""
    cells = np.ravel_multi_index(tuple(np.asarray(a, dtype=np.intp) for a in at), shape)
    return np.bincount(cells, minlength=np.prod(shape)).reshape(shape)


@dataclass
class Tally:
    """What one sample's chunks add up to.

    Attributes
    ----------
    total : float64, (CONTEXTS, CLASSES, QUALITY_GROUPS)
        Bases counted, at all positions with a known context.
    errors : float64, (CONTEXTS, 4, CLASSES, QUALITY_GROUPS)
        Mismatches at non-variant alleles, by the base read.
    cycle_total, cycle_errors : float64, (CYCLE_BINS,)
    sites : list of (context (n,), depth (n, CLASSES, 3), counts (n, 4, 3), variant (n, 4))
        Per chunk: what the learning of the multiplier needs.
    slips : float64, (MAX_TRACT + 1, 2)
        Fragments whose alignment shows a homopolymer of that length one base shorter, longer.
    slip_total : float64, (MAX_TRACT + 1,)
        Fragments over homopolymers of each length.
    """

    total: np.ndarray = field(default_factory=lambda: np.zeros((CONTEXTS, CLASSES, QUALITY_GROUPS)))
    errors: np.ndarray = field(
        default_factory=lambda: np.zeros((CONTEXTS, 4, CLASSES, QUALITY_GROUPS))
    )
    cycle_total: np.ndarray = field(default_factory=lambda: np.zeros(CYCLE_BINS))
    cycle_errors: np.ndarray = field(default_factory=lambda: np.zeros(CYCLE_BINS))
    sites: list = field(default_factory=list)
    slips: np.ndarray = field(default_factory=lambda: np.zeros((MAX_TRACT + 1, 2)))
    slip_total: np.ndarray = field(default_factory=lambda: np.zeros(MAX_TRACT + 1))

    def add_slips(
        self,
        starts: np.ndarray,
        runs: np.ndarray,
        depth: np.ndarray,
        shorter: np.ndarray,
        longer: np.ndarray,
    ) -> None:
        """Add the homopolymers of a chunk.

        Parameters
        ----------
        starts, runs : (tracts,)
            Index of each tract's first base in the chunk, and its length.
        depth : (positions,)
        shorter, longer : (positions,)
            Fragments with a one-base deletion or insertion left-aligned to the position.
        """
        tracts = np.minimum(runs, MAX_TRACT)
        n = depth[starts]
        for kind, counts in enumerate((shorter, longer)):
            k = counts[starts]
            # A true indel is no slip: short tracts slip rarely, the longest in a quarter.
            noise = k < np.maximum(
                3, np.interp(tracts, [6, 8, 11, 14], [0.01, 0.02, 0.08, 0.25]) * n
            )
            np.add.at(self.slips[:, kind], tracts[noise], k[noise])
        np.add.at(self.slip_total, tracts, n)

    def add(
        self,
        context: np.ndarray,
        index: np.ndarray,
        depth: np.ndarray,
        cycles: np.ndarray,
        events: np.ndarray,
        groups: np.ndarray,
        variant: np.ndarray,
    ) -> None:
        """Add a chunk.

        Parameters
        ----------
        context : (positions,) from `contexts`
        index : (events,) position of each mismatch in the chunk
        depth : (positions, CLASSES, QUALITY_GROUPS)
        cycles : (CYCLE_BINS,)
        events : EVENT_DTYPE
        groups : (events,) quality group of each mismatch
        variant : bool, (positions, 4)
            Alleles that are no noise.
        """
        known = context >= 0
        onehot = np.zeros((CONTEXTS, len(context)), dtype=np.float32)
        onehot[context[known], np.flatnonzero(known)] = 1
        self.total += (onehot @ depth.reshape(len(context), -1).astype(np.float32)).reshape(
            self.total.shape
        )
        use = known[index] & ~variant[index, events["base"]]
        self.errors += _histogram(
            self.errors.shape,
            (context[index[use]], events["base"][use], events["cls"][use], groups[use]),
        )
        self.cycle_total += cycles
        self.cycle_errors += np.bincount(
            np.minimum(events["cycle"][use] // CYCLE_WIDTH, CYCLE_BINS - 1), minlength=CYCLE_BINS
        )
        # Of good bases by orientation; then of all.
        good = groups >= GOOD
        by_side = _histogram(
            (len(context), 4, 3), (index, events["base"], np.where(good, events["cls"] // 3, 2))
        )
        by_side[..., 2] = by_side.sum(2)
        counts = by_side.astype(np.uint16)
        merged = np.zeros((len(context), CLASSES, 3), dtype=np.uint16)
        for group in range(QUALITY_GROUPS):
            merged[:, :, MERGED[group]] += np.minimum(depth[:, :, group], 20000).astype(np.uint16)
        self.sites.append((context.astype(np.int8), merged, counts, variant))


@dataclass
class Noise:
    """Error rates of one sample.

    Attributes
    ----------
    quality : float64, (QUALITY_GROUPS,)
        E: mismatches per base.
    factor : float64, (CONTEXTS, 4, CLASSES)
        C, 1 on average.
    cycle : float64, (CYCLE_BINS,)
        Y, 1 on average.
    slip : float64, (MAX_TRACT + 1, 2)
        Chance that a fragment shows a homopolymer of that length one base shorter, longer.
    """

    quality: np.ndarray
    factor: np.ndarray
    cycle: np.ndarray
    slip: np.ndarray

    def indel_rate(self, unit: int, units: int, shift: int) -> float:
        """Return the chance that a fragment shows an indel by slippage or misalignment.

        Parameters
        ----------
        unit, units : int
            As `alleles.tract` gives them.
        shift : int
            Bases gained.

        Notes
        -----
        Longer units slip less than a homopolymer of as many units, and each further unit of
        change is about seven times rarer (the stutter ratios of forensic markers).
        """
        if not units:
            return INDEL_FLOOR
        change = max(1, abs(shift) // unit)
        rate = self.slip[min(units, MAX_TRACT), 1 if shift > 0 else 0]
        rate *= (0.5 if unit > 1 else 1.0) * 0.15 ** (change - 1)
        return float(np.clip(rate, INDEL_FLOOR, 0.3))

    def rates(
        self, context: int, base: np.ndarray, cls: np.ndarray, group: np.ndarray, cycle: np.ndarray
    ) -> np.ndarray:
        """Return e of each mismatch."""
        factor = self.factor[context, base, cls] if context >= 0 else 1.0
        y = self.cycle[np.minimum(cycle // CYCLE_WIDTH, CYCLE_BINS - 1)]
        return np.clip(self.quality[group] / 3 * factor * y, 1e-7, 0.3)

    def expected(self, context: int, base: int, depth: np.ndarray) -> np.ndarray:
        """Return the mismatches to `base` expected of depth (CLASSES, QUALITY_GROUPS).

        By orientation of good bases, and of the others: (3,).
        """
        factor = self.factor[context, base] if context >= 0 else np.ones(CLASSES)
        good = (depth[:, GOOD:] @ (self.quality[GOOD:] / 3)) * factor
        other = (depth[:, :GOOD] @ (self.quality[:GOOD] / 3)) * factor
        return np.array([good[:3].sum(), good[3:].sum(), other.sum()])

    @property
    def mean(self) -> float:
        """Return the rate of high-quality single reads, for the header."""
        return float(self.quality[4])


def learn_slips(tallies: list[Tally]) -> np.ndarray:
    """Return the slippage rates of all samples together, (MAX_TRACT + 1, 2)."""
    length = np.arange(MAX_TRACT + 1)
    usual = np.clip(1e-6 * 2.1 ** np.maximum(length - 1, 0), INDEL_FLOOR, 0.05)[:, None]
    slips = sum(t.slips for t in tallies)
    total = sum(t.slip_total for t in tallies)
    # The usual rate weighs as much as two slips would.
    return (slips + 2.0) / (total[:, None] + 2.0 / usual)


def heavy_tailed(weights: np.ndarray) -> np.ndarray:
    """Return a distribution of the multiplier for repeats, whose sites differ far more."""
    tail = np.where((MULTIPLIERS >= 0.3) & (MULTIPLIERS <= 20), MULTIPLIERS**-1.5, 1e-9)
    return 0.6 * weights + 0.4 * tail / tail.sum()


def learn(tally: Tally, pooled_slips: np.ndarray) -> Noise:
    """Return the error rates of a sample.

    Parameters
    ----------
    tally : Tally
    pooled_slips : (MAX_TRACT + 1, 2)
        From `learn_slips`; a sample's own slips count beside ten of these.
    """
    by_quality = tally.errors.sum((0, 1, 2))
    total = tally.total.sum((0, 1))
    nominal = np.array([0.03, 0.01, 0.004, 0.0015, 0.0005, 0.0001])
    # A hundred errors' worth of prior only where a group was hardly seen.
    weight = 2.0
    quality = (by_quality + weight) / (total + weight / nominal)
    expected = np.einsum("xcq,q->xc", tally.total, quality / 3)  # per alternative base
    observed = tally.errors.sum(3)  # context, base, class
    mid = (np.arange(CONTEXTS) // 4) % 4
    factor = np.ones((CONTEXTS, 4, CLASSES))
    for ref in range(4):
        rows = mid == ref
        for base in range(4):
            if base == ref:
                continue
            # The 12 substitutions per class first, then the contexts shrunk to them.
            parent = (observed[rows, base].sum(0) + SHRINK) / (expected[rows].sum(0) + SHRINK)
            factor[rows, base] = (observed[rows, base] + SHRINK * parent) / (
                expected[rows] + SHRINK
            )
    mean = tally.cycle_errors.sum() / max(tally.cycle_total.sum(), 1)
    cycle = (tally.cycle_errors + 50) / (tally.cycle_total * mean + 50)
    slip = (tally.slips + 10.0) / (tally.slip_total[:, None] + 10.0 / pooled_slips)
    # Longer tracts never slip less.
    slip = np.maximum.accumulate(slip, axis=0)
    return Noise(quality, factor, cycle, slip)


def homopolymers(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (start, length) of every run of equal known bases."""
    if not len(codes):
        return np.empty(0, int), np.empty(0, int)
    change = np.flatnonzero(np.diff(codes)) + 1
    starts = np.concatenate([[0], change])
    runs = np.diff(np.concatenate([starts, [len(codes)]]))
    known = codes[starts] < 4
    return starts[known], runs[known]


#: Edges of the bins of expected errors.
EXPECTED_EDGES = np.logspace(-4, 3, 141)
#: Counts are kept up to this.
MOST = 40


def _tables(tally: Tally, noise: Noise) -> np.ndarray:
    """Return how many sites have which (reference, base, orientation, count, expected errors).

    Returns
    -------
    float64, (4, 4, 3, MOST + 1, bins)
        Side 0 F1R2 and 1 F2R1, both of good bases only; 2 all.

    Notes
    -----
    For the orientations by themselves, a site whose other orientation shows anything unusual too
    is left out: it is rather a true variant of low frequency, which damage of one strand never is.
    """
    merged = np.zeros(3)
    for g in range(3):
        members = g == MERGED
        weights = tally.total.sum((0, 1))[members]
        merged[g] = np.average(noise.quality[members], weights=weights + 1e-9)
    table = np.zeros((4, 4, 3, MOST + 1, len(EXPECTED_EDGES) + 1))
    for context, depth, counts, variant in tally.sites:
        by_side = expected_errors(context, depth.astype(np.float32), noise.factor, merged / 3)
        shown = np.nonzero(counts)
        stands_out = np.zeros(counts.shape, dtype=np.uint8)
        stands_out[shown] = pdtrc(counts[shown].astype(int) - 1, by_side[shown]) < 0.1
        tabulate(
            table, context, by_side, counts, variant.view(np.uint8), stands_out, EXPECTED_EDGES
        )
    return table


def _usual() -> np.ndarray:
    """Return the distribution that is assumed of the multiplier before any data, (MULTIPLIERS,)."""
    usual = np.exp(-4 * np.abs(np.log(MULTIPLIERS)))
    return usual / usual.sum()


def _fit(tables: np.ndarray, usual: np.ndarray, rounds: int = 150) -> np.ndarray:
    """Return the distributions of the multiplier given (count, expected) cells, side by side.

    Parameters
    ----------
    tables : (tables, MOST + 1, bins)
        Numbers of sites.
    usual : (MULTIPLIERS,)
        What is assumed beforehand; it weighs as much as `PRIOR_SITES` sites.
    rounds : int
        Of the EM.

    Returns
    -------
    (tables, MULTIPLIERS)
    """
    centres = np.sqrt(
        np.concatenate([[EXPECTED_EDGES[0] / 2], EXPECTED_EDGES])
        * np.concatenate([EXPECTED_EDGES, [EXPECTED_EDGES[-1] * 2]])
    )
    filled = [np.nonzero(table) for table in tables]
    most = max((len(count) for count, _ in filled), default=0)
    like = np.ones((len(tables), most, len(MULTIPLIERS)))
    number = np.zeros((len(tables), most))
    for k, (count, bin_) in enumerate(filled):
        mean = centres[bin_][:, None] * MULTIPLIERS[None, :]
        log_like = count[:, None] * np.log(mean) - mean
        cells = slice(0, len(count))
        like[k, cells] = np.exp(log_like - log_like.max(axis=1, keepdims=True, initial=-1e300))
        number[k, cells] = tables[k][count, bin_]
    # Where depth or targets are too few to tell the multiplier, it is taken to lie about 1. The
    # tail is never empty: what the panel's few hundred thousand sites did not show can still
    # happen once in a few million.
    weights = np.tile(usual, (len(tables), 1))
    prior = PRIOR_SITES * usual
    for _ in range(rounds):
        share = number / np.maximum((like @ weights[:, :, None])[..., 0], 1e-300)
        weights = weights * (share[:, None, :] @ like)[:, 0] + prior
        weights /= weights.sum(axis=1, keepdims=True)
    return weights


@dataclass
class Multipliers:
    """Distributions of the site multiplier.

    Attributes
    ----------
    shared : (MULTIPLIERS,)
        Of sites that are alike in all samples.
    own : (samples, 4, 4, 2, MULTIPLIERS)
        Of a sample's own damage: by reference base, base read, and orientation.
    sites : (samples, 4, 4, 2)
        How many sites `own` was learned from, those of the prior included.
    least : (samples, 4, 4, 2, MULTIPLIERS)
        The prior's part of `own`.
    """

    shared: np.ndarray
    own: np.ndarray
    sites: np.ndarray
    least: np.ndarray

    def without(self, ref: int, base: int, counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """Return `own` of a substitution as it would be without one of the sites.

        A true variant that by chance is read in one orientation only would else be the very
        damage that it is compared with.

        Parameters
        ----------
        ref, base : int
        counts : (samples, 2)
            Fragments of good bases that show it at the site, by orientation.
        expected : (samples, 2)
            Errors expected there at m = 1.

        Returns
        -------
        (samples, 2, MULTIPLIERS)
        """
        own, least = self.own[:, ref, base], self.least[:, ref, base]
        mean = np.maximum(expected[..., None] * MULTIPLIERS, 1e-12)
        like = counts[..., None] * np.log(mean) - mean
        post = own * np.exp(like - like.max(axis=2, keepdims=True))
        post /= post.sum(axis=2, keepdims=True)
        left = np.maximum(own - post / self.sites[:, ref, base, :, None], least)
        return left / left.sum(axis=2, keepdims=True)


def learn_multipliers(tallies: list[Tally], noises: list[Noise], normal: int | None) -> Multipliers:
    """Learn how much sites differ from their expected errors.

    Parameters
    ----------
    tallies, noises : per sample
    normal : int or None
        The shared distribution is learned from the normal where there is one, since
        low-frequency somatic variants of a tumour would pass for noise.

    Notes
    -----
    Counts of a site are Poisson with mean m times the expected errors. Sites are binned by
    (count, expected), so that the EM costs the same for any panel.
    """
    tables = [_tables(t, n) for t, n in zip(tallies, noises, strict=True)]
    use = range(len(tallies)) if normal is None else [normal]
    usual = _usual()
    shared = _fit(sum(tables[s][:, :, 2].sum((0, 1)) for s in use)[None], usual)[0]
    shape = (len(tallies), 4, 4, 2)
    own, least = (np.empty((*shape, len(MULTIPLIERS))) for _ in range(2))
    sites = np.full(shape, float(PRIOR_SITES))
    for s, table in enumerate(tables):
        # A substitution has a twelfth of the sites: its tail is assumed to reach no further beyond
        # what they show than that of all substitutions of the sample does.
        pooled = np.minimum(_fit(table[:, :, :2].sum((0, 1, 2))[None], usual)[0], usual)
        pooled /= pooled.sum()
        sites[s] += table[:, :, :2].sum((3, 4))
        changed = ~np.eye(4, dtype=bool)
        own[s] = shared
        fitted = _fit(table[:, :, :2][changed].reshape(-1, *table.shape[3:]), pooled)
        own[s][changed] = fitted.reshape(-1, 2, len(MULTIPLIERS))
        least[s] = PRIOR_SITES * pooled / sites[s][..., None]
    return Multipliers(shared, own, sites, least)
