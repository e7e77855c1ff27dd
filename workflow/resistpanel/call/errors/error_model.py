"""Error rates learned from the patient's own non-variant positions.

The probability that a fragment of the reference allele shows a given other base is

    e = E[quality group] / 3 * C[context, base, class] * Y[cycle]

per sample: E from the observed mismatches of each quality group; C for the trinucleotide
context, the base read, and the class of the evidence (strand of the reads and orientation of
the fragment, so that damage on one strand of the template, as by oxidation or formalin, is
learned as an error of one orientation); Y for the sequencing cycle, not in amplicons, which read a
site in one. Sites differ beyond that:
a site multiplies its rates by m, whose distribution is learned as a non-parametric mixture
(NPMLE, by EM) over a grid.

Variants never teach errors. An allele whose count stands out is a suspect: it is left out of the
rates at first, and then counts with the probability that it is an error, given the rates of all
other alleles and a prior distribution of m that no sample can change. That is repeated until the
probabilities settle. So a panel of 300 bases with a true variant at every tenth gets the rates of
a large one.
"""

from dataclasses import dataclass, field

import numpy as np

from resistpanel.call.call_constants import (
    CONSENSUS_SLIPPAGE,
    CONTEXT_ERRORS,
    DAMAGE_MOST,
    ERROR_RANGE,
    FEWEST_SUSPECT,
    HEAVY_TAIL,
    INDEL_FLOOR,
    LEAST_SIDE,
    LEAST_SIDE_FRACTION,
    MAX_TRACT,
    MOST_ERRORS,
    NOMINAL_ERRORS,
    NOMINAL_RATES,
    PRIOR_SHARED,
    PRIOR_SITES,
    RATHER_ERROR,
    RECURRENT_RANGE,
    RECURRENT_SITES,
    ROUNDS,
    SHRINK,
    SITE_MOST_RATES,
    SITE_MULTIPLIERS,
    SITE_ROUNDING,
    SLIP_CHANCE,
    STUTTER_BASE,
    STUTTER_FURTHER,
    STUTTER_GROWTH,
    STUTTER_LONG_UNIT,
    STUTTER_MOST,
    STUTTER_NOT,
    STUTTER_WEIGHT,
    SUSPECT_DAMAGED,
    SUSPECT_VARIANT,
    UNHEARD_DAMAGED,
    UNHEARD_SITES,
)
from resistpanel.call.errors.site_counts import SiteCounts, Sites, narrowest
from resistpanel.call.io.pileup import CLASSES, CYCLE_BINS, CYCLE_WIDTH, QUALITY_GROUPS
from resistpanel.call.kernels import add_depth, expected_errors, tabulate
from resistpanel.core.special import expit, pdtrc
from resistpanel.records.assay import Priors

MULTIPLIERS = np.array(SITE_MULTIPLIERS)
#: A point of the grid stands for the multipliers around it. Shape of the gamma distribution of mean
#: 1 that has the variance of a log-uniform one over a mean step of the grid.
WITHIN_STEP = float(12 / np.diff(np.log(MULTIPLIERS)).mean() ** 2)
#: Quality groups are merged to these for the per-position table: single reads of low quality,
#: single reads of high quality, agreeing mates, simplex and duplex consensus.
MERGED = np.array([0, 0, 0, 1, 1, 2, 3, 4])
MERGED_GROUPS = int(MERGED[-1]) + 1
NOMINAL = np.array(NOMINAL_RATES)
SITE_MOST = np.array(SITE_MOST_RATES)


@dataclass(frozen=True)
class ErrorPriors:
    """Rates that are assumed before a sample's own reads are counted.

    Attributes
    ----------
    quality : float64, (QUALITY_GROUPS,)
        Mismatches per base of each quality group. They count as `NOMINAL_ERRORS` errors.
    stutter : float64, (MAX_TRACT + 1, 2), or None
        Chance of one base less, one more, in a homopolymer of each length; None: as a multiple of
        `STUTTER_BASE` that the kind of reads sets. It counts as `STUTTER_WEIGHT`.
    """

    quality: np.ndarray
    stutter: np.ndarray | None = None

    @classmethod
    def of(cls, priors: Priors) -> "ErrorPriors":
        """Return those of a built assay."""
        return cls(np.array(priors.quality, float), np.array(priors.stutter, float))


#: Of reads in general; those of an assay are measured in its normals (`pooled_priors`).
GENERAL = ErrorPriors(NOMINAL)


#: Damage of the template has nothing to do with base quality: it is learned from, and sought in,
#: bases of this quality group on (phred 30), where little else goes wrong.
GOOD = 3

#: Suspects whose likelihoods are held at once.
SUSPECTS_TOGETHER = 5000
#: 64 contexts: 16 * left + 4 * reference base + right.
CONTEXTS = 64


def _read_cells() -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
    """Return the base before, the base and the base read of (context, base), by strand.

    In the direction of forward and of reverse reads; each (CONTEXTS, 4).
    """
    context = np.arange(CONTEXTS)
    left, middle, right = context // 16, context // 4 % 4, context % 4
    read = np.arange(4)
    forward = np.broadcast_arrays(left[:, None], middle[:, None], read)
    reverse = np.broadcast_arrays(3 - right[:, None], 3 - middle[:, None], 3 - read)
    return tuple(forward), tuple(reverse)


#: Of classes 0 and 3 (forward reads), and of 1 and 4 (reverse).
_READ_CELLS = _read_cells()


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
class Suspects:
    """Alleles whose counts stand out, of one sample.

    Attributes
    ----------
    context, base : int, (suspects,)
    errors, depth : unsigned, (suspects, CLASSES, QUALITY_GROUPS)
        Fragments with the allele, and all fragments.
    """

    context: np.ndarray
    base: np.ndarray
    errors: np.ndarray
    depth: np.ndarray

    @classmethod
    def joined(cls, parts: list[tuple[np.ndarray, ...]]) -> "Suspects":
        """Return those of all chunks."""
        if not parts:
            none = np.zeros((0, CLASSES, QUALITY_GROUPS), np.uint8)
            return cls(np.zeros(0, int), np.zeros(0, int), none, none)
        context, base, errors, depth = (np.concatenate(x) for x in zip(*parts, strict=True))
        return cls(context.astype(int), base.astype(int), errors, depth)

    def part(self, which: slice) -> "Suspects":
        """Return some of them."""
        return Suspects(
            self.context[which], self.base[which], self.errors[which], self.depth[which]
        )

    def by_kind(self, counts: np.ndarray) -> np.ndarray:
        """Return counts by kind (good bases of F1R2, of F2R1, other bases), (suspects, 3)."""
        good = counts[:, :, GOOD:].sum(2, dtype=float)
        return np.stack(
            [
                good[:, :3].sum(1),
                good[:, 3:].sum(1),
                counts[:, :, :GOOD].sum((1, 2), dtype=float),
            ],
            axis=1,
        )

    def expected(self, noise: "ErrorModel") -> np.ndarray:
        """Return the errors expected at m = 1, by kind, (suspects, 3)."""
        factor = noise.factor[self.context, self.base][:, :, None]
        return self.by_kind(self.depth * noise.quality / 3 * factor)

    def log_odds(self, noise: "ErrorModel") -> np.ndarray:
        """Return the log likelihood ratio of a variant against an error, (suspects,).

        A variant shows at one frequency in all kinds of fragments; errors share one multiplier,
        or each orientation has its own (damage).
        """
        parts = range(0, max(len(self.base), 1), SUSPECTS_TOGETHER)
        return np.concatenate(
            [self.part(slice(i, i + SUSPECTS_TOGETHER))._log_odds(noise) for i in parts]
        )

    def _log_odds(self, noise: "ErrorModel") -> np.ndarray:
        k, n = self.by_kind(self.errors), self.by_kind(self.depth)
        mean = np.maximum(self.expected(noise), 1e-12)
        f = SUSPECT_FREQUENCIES[:, None]
        rate = f * n[:, None] + mean[:, None]
        variant = (k[:, None] * np.log(rate) - rate).sum(2) + SUSPECT_LOG_PRIOR
        of_m = mean[:, None] * MULTIPLIERS[:, None]  # suspects, multipliers, kinds
        of_m = k[:, None] * np.log(of_m) - of_m
        prior = np.log(usual())
        most = plausible(mean.sum(1), n.sum(1), site_most(self.depth))
        shared = _logsumexp(of_m.sum(2) + prior + most)
        # Damage is of one orientation; what both show is none.
        sides = []
        for side in (0, 1):
            most = plausible(mean[:, side], n[:, side], DAMAGE_MOST)
            like = of_m[:, :, side] + most
            sides.append((_logsumexp(like + np.log(_level())), _logsumexp(like + prior)))
        (hurt, sound), (hurt_too, sound_too) = sides
        own = np.logaddexp(hurt + sound_too, sound + hurt_too) + np.log(SUSPECT_DAMAGED)
        own = own + k[:, 2] * np.log(mean[:, 2]) - mean[:, 2]
        own = np.where(can_show_damage(n[:, :2]), own, -np.inf)
        error = np.logaddexp(shared, own) - np.log(2)
        return _logsumexp(variant) - error


@dataclass
class ErrorCounts:
    """What one sample's chunks add up to.

    Attributes
    ----------
    total : float64, (CONTEXTS, CLASSES, QUALITY_GROUPS)
        Bases counted, at all positions with a known context.
    errors : float64, (CONTEXTS, 4, CLASSES, QUALITY_GROUPS)
        Mismatches at alleles that are neither variants nor suspects, by the base read.
    cycle_total, cycle_errors : float64, (CYCLE_BINS,)
    sites : SiteCounts
        Per chunk: what the learning of the multiplier needs; suspects are marked as variants.
    suspects : list of (context (c,), base (c,), errors and depth (c, CLASSES, QUALITY_GROUPS))
        Per chunk; the same alleles in every sample of a patient.
    stutter : float64, (MAX_TRACT + 1, 2)
        Fragments whose alignment shows a homopolymer of that length one base shorter, longer.
    stutter_total : float64, (MAX_TRACT + 1,)
        Fragments over homopolymers of each length.
    tracts, clean : float64, (MAX_TRACT + 1, 2)
        Homopolymers of each length that were read; those without a shorter, a longer fragment.
    repeated : list of int64, (n, 4)
        Per chunk: length, kind, fragments and depth of homopolymers of which `stutter` holds
        `FEWEST_SUSPECT` fragments or more.
    """

    total: np.ndarray = field(default_factory=lambda: np.zeros((CONTEXTS, CLASSES, QUALITY_GROUPS)))
    errors: np.ndarray = field(
        default_factory=lambda: np.zeros((CONTEXTS, 4, CLASSES, QUALITY_GROUPS))
    )
    cycle_total: np.ndarray = field(default_factory=lambda: np.zeros(CYCLE_BINS))
    cycle_errors: np.ndarray = field(default_factory=lambda: np.zeros(CYCLE_BINS))
    sites: SiteCounts = field(default_factory=SiteCounts)
    suspects: list = field(default_factory=list)
    stutter: np.ndarray = field(default_factory=lambda: np.zeros((MAX_TRACT + 1, 2)))
    stutter_total: np.ndarray = field(default_factory=lambda: np.zeros(MAX_TRACT + 1))
    tracts: np.ndarray = field(default_factory=lambda: np.zeros((MAX_TRACT + 1, 2)))
    clean: np.ndarray = field(default_factory=lambda: np.zeros((MAX_TRACT + 1, 2)))
    repeated: list = field(default_factory=list)
    _slips: np.ndarray | None = field(default=None, init=False, repr=False)

    def add_stutter(
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
        self._slips = None
        tracts = np.minimum(runs, MAX_TRACT)
        n = depth[starts]
        for kind, counts in enumerate((shorter, longer)):
            k = counts[starts]
            noise = _may_slip(tracts, k, n)
            self.stutter[:, kind] += np.bincount(tracts[noise], k[noise], len(self.stutter))
            self.tracts[:, kind] += np.bincount(tracts[n > 0], minlength=len(self.tracts))
            self.clean[:, kind] += np.bincount(
                tracts[(n > 0) & (k == 0)], minlength=len(self.clean)
            )
            many = noise & (k >= FEWEST_SUSPECT)
            if many.any():
                rows = np.stack([tracts, np.full(len(k), kind), k, n], axis=1)[many]
                self.repeated.append(rows.astype(np.int64))
        self.stutter_total += np.bincount(tracts, n, len(self.stutter))

    def rare(self, length, kind, fragments, depth) -> np.ndarray:
        """Return whether slippage does not give a homopolymer so many fragments, bool.

        A low AF of an indel is the rate of slippage itself, unless the other homopolymers of that
        length tell what that rate is: from how many show no fragment at all (a true indel
        takes away one of them, at any AF), times the tail of the sites' multipliers.

        Parameters
        ----------
        length : int, (tracts,)
        kind : int, (tracts,)
            0 one base shorter, 1 longer.
        fragments, depth : (tracts,)
        """
        length = np.minimum(length, MAX_TRACT)
        tracts = np.maximum(self.tracts, 1)
        mean = self.stutter_total[:, None] / tracts
        rate = -np.log(np.maximum(self.clean, 0.5) / tracts) / np.maximum(mean, 1)
        most = np.where(self.tracts > 0, np.maximum(rate, _usual_slips()), _usual_slips())
        expected = HEAVY_TAIL[2] * most[length, kind] * depth
        many = np.asarray(fragments) >= FEWEST_SUSPECT
        return many & (pdtrc(np.maximum(fragments, 1) - 1, expected) < SLIP_CHANCE)

    def all_repeated(self) -> np.ndarray:
        """Return `repeated` of all chunks, int64, (n, 4)."""
        return np.concatenate([np.zeros((0, 4), np.int64), *self.repeated])

    def slips(self) -> np.ndarray:
        """Return `stutter` without homopolymers that are rather an indel, (MAX_TRACT + 1, 2)."""
        if self._slips is None:
            self._slips = self.stutter.copy()
            length, kind, fragments, depth = self.all_repeated().T
            out = self.rare(length, kind, fragments, depth)
            np.subtract.at(self._slips, (length[out], kind[out]), fragments[out])
        return self._slips.copy()

    def add(
        self,
        context: np.ndarray,
        index: np.ndarray,
        depth: np.ndarray,
        cycles: np.ndarray,
        events: np.ndarray,
        groups: np.ndarray,
        variant: np.ndarray,
        suspect: np.ndarray | None = None,
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
        suspect : bool, (positions, 4), optional
            Alleles that may be variants.
        """
        context = np.ascontiguousarray(context, np.int8)
        depth = np.ascontiguousarray(depth, np.uint32)
        known = context >= 0
        if suspect is not None:
            suspect = suspect & ~variant & known[:, None]
            self._suspect(context, index, depth, events, groups, suspect)
            variant = variant | suspect
        steps, most = add_depth(depth, context, MERGED, MERGED_GROUPS, self.total)
        base = events["base"]
        use = known[index] & ~variant[index, base]
        self.errors += _histogram(
            self.errors.shape, (context[index[use]], base[use], events["cls"][use], groups[use])
        )
        self.cycle_total += cycles
        self.cycle_errors += np.bincount(
            np.minimum(events["cycle"][use] // CYCLE_WIDTH, CYCLE_BINS - 1), minlength=CYCLE_BINS
        )
        # Of good bases by orientation, of all bases.
        good = groups >= GOOD
        cells = 3 * (4 * index + base)
        cells = np.concatenate([cells[good] + events["cls"][good] // 3, cells + 2])
        counts = np.bincount(cells, minlength=12 * len(context))
        shape = CLASSES, MERGED_GROUPS
        self.sites.append(Sites.of_steps(context, shape, steps, most, counts, variant))

    def _suspect(self, context, index, depth, events, groups, suspect) -> None:
        """Add the suspects of a chunk."""
        position, base = np.nonzero(suspect)
        number = np.full(suspect.shape, -1)
        number[position, base] = np.arange(len(position))
        which = number[index, events["base"]]
        mine = which >= 0
        errors = _histogram(
            (len(position), CLASSES, QUALITY_GROUPS),
            (which[mine], events["cls"][mine], groups[mine]),
        )
        self.suspects.append(
            (
                context[position].astype(np.int8),
                base.astype(np.int8),
                narrowest(errors),
                narrowest(depth[position]),
            )
        )


@dataclass
class ErrorModel:
    """Error rates of one sample.

    Attributes
    ----------
    quality : float64, (QUALITY_GROUPS,)
        E: mismatches per base.
    factor : float64, (CONTEXTS, 4, CLASSES)
        C, 1 on average.
    cycle : float64, (CYCLE_BINS,)
        Y, 1 on average.
    stutter : float64, (MAX_TRACT + 1, 2)
        Chance that a fragment shows a homopolymer of that length one base shorter, longer.
    """

    quality: np.ndarray
    factor: np.ndarray
    cycle: np.ndarray
    stutter: np.ndarray

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
        rate = self.stutter[min(units, MAX_TRACT), 1 if shift > 0 else 0]
        rate *= (STUTTER_LONG_UNIT if unit > 1 else 1.0) * STUTTER_FURTHER ** (change - 1)
        return float(np.clip(rate, INDEL_FLOOR, ERROR_RANGE[1]))

    def rates(
        self,
        context: int,
        base: np.ndarray,
        cls: np.ndarray,
        group: np.ndarray,
        cycle: np.ndarray | None,
    ) -> np.ndarray:
        """Return e of each mismatch, of the mean cycle if `cycle` is None."""
        factor = self.factor[context, base, cls] if context >= 0 else 1.0
        y = 1.0
        if cycle is not None:
            y = self.cycle[np.minimum(cycle // CYCLE_WIDTH, CYCLE_BINS - 1)]
        return np.clip(self.quality[group] / 3 * factor * y, *ERROR_RANGE)

    def expected(self, context: int, base: int, depth: np.ndarray) -> np.ndarray:
        """Return the mismatches to `base` expected of depth (CLASSES, QUALITY_GROUPS).

        By orientation of good bases, and of the others: (3,).
        """
        factor = self.factor[context, base] if context >= 0 else np.ones(CLASSES)
        good = (depth[:, GOOD:] @ (self.quality[GOOD:] / 3)) * factor
        other = (depth[:, :GOOD] @ (self.quality[:GOOD] / 3)) * factor
        return np.array([good[:3].sum(), good[3:].sum(), other.sum()])

    def log_errors(self, context: np.ndarray, base: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Return mean and sd of log e towards a base, and log of the mean e, by substitution.

        Where there are no fragments of a kind, the mean is that of all and the sd 0.

        Parameters
        ----------
        context, base : int, (n,)
        depth : (n, CLASSES, QUALITY_GROUPS)

        Returns
        -------
        (n, 3, 3), by orientation of good bases, and of the others
        """
        factor = np.where((context >= 0)[:, None], self.factor[context, base], 1.0)
        log_e = np.log(np.clip(factor[:, :, None] * self.quality / 3, *ERROR_RANGE))
        total = depth.sum((1, 2))
        every = (depth * log_e).sum((1, 2)) / np.maximum(total, 1e-9)
        every = np.where(total > 0, every, log_e.mean((1, 2)))
        found = np.zeros((len(depth), 3, 3))
        for kind, part in enumerate((np.s_[:, :3, GOOD:], np.s_[:, 3:, GOOD:], np.s_[:, :, :GOOD])):
            n, value = depth[part], log_e[part]
            number = n.sum((1, 2))
            some = number > 0
            number = np.maximum(number, 1e-9)
            mean = (n * value).sum((1, 2)) / number
            square = (n * (value - mean[:, None, None]) ** 2).sum((1, 2)) / number
            error = (n * np.exp(value)).sum((1, 2)) / number
            found[:, kind, 0] = np.where(some, mean, every)
            found[:, kind, 1] = np.where(some, np.sqrt(square), 0.0)
            found[:, kind, 2] = np.where(some, np.log(np.where(some, error, 1.0)), every)
        return found

    @property
    def mean(self) -> float:
        """Return the rate of high-quality single reads, for the header."""
        return float(self.quality[4])


def _may_slip(length, fragments, depth) -> np.ndarray:
    """Return whether a count may be slippage: short tracts slip rarely, the longest in a quarter.

    A true indel is no slip.
    """
    most = np.interp(length, *zip(*STUTTER_NOT, strict=True)) * depth
    return fragments < np.maximum(FEWEST_SUSPECT, most)


def _usual_slips(scale: float = 1.0) -> np.ndarray:
    """Return the usual rate of slippage by length, (MAX_TRACT + 1, 1)."""
    length = np.arange(MAX_TRACT + 1)
    usual = scale * STUTTER_BASE * STUTTER_GROWTH ** np.maximum(length - 1, 0)
    return np.clip(usual, INDEL_FLOOR, STUTTER_MOST)[:, None]


def _pooled_stutter(
    slips: np.ndarray, total: np.ndarray, scale: float = 1.0, priors: ErrorPriors = GENERAL
) -> np.ndarray:
    """Return slippage rates from counts of all samples, (MAX_TRACT + 1, 2).

    `scale` is that of the samples' reads against raw ones.
    """
    usual = _usual_slips(scale) if priors.stutter is None else priors.stutter
    return (slips + STUTTER_WEIGHT[0]) / (total[:, None] + STUTTER_WEIGHT[0] / usual)


def _slips(slips: np.ndarray, total: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """Return a sample's slippage rates, shrunk to those of all, (MAX_TRACT + 1, 2)."""
    weight = STUTTER_WEIGHT[1]
    # Longer tracts never slip less.
    return np.maximum.accumulate((slips + weight) / (total[:, None] + weight / pooled), axis=0)


def learn_stutter(error_counts: list[ErrorCounts], priors: ErrorPriors = GENERAL) -> np.ndarray:
    """Return the slippage rates of all samples together, (MAX_TRACT + 1, 2)."""
    slips, total = sum(t.slips() for t in error_counts), sum(t.stutter_total for t in error_counts)
    return _pooled_stutter(slips, total, slip_scale(error_counts), priors)


def pooled_priors(error_counts: list[ErrorCounts]) -> ErrorPriors:
    """Return the rates of several samples together, as priors of further ones of the same assay.

    Of quality groups and homopolymers that the samples do not have, those of reads in general.
    """
    _, suspects, weight = learn_rates(error_counts, learn_stutter(error_counts))
    errors = [
        _with_suspects(t, found, weight) for t, found in zip(error_counts, suspects, strict=True)
    ]
    by_quality = sum(one.sum((0, 1, 2)) for one in errors)
    total = sum(t.total.sum((0, 1)) for t in error_counts)
    return ErrorPriors(_shrunk(by_quality, total, GENERAL), learn_stutter(error_counts))


def slip_scale(error_counts: list[ErrorCounts]) -> float:
    """Return how often reads are assumed to slip, as a multiple of raw ones."""
    by_group = sum(t.total.sum((0, 1)) for t in error_counts)
    raw, simplex, duplex = by_group[:-2].sum(), by_group[-2], by_group[-1]
    scaled = raw + simplex * CONSENSUS_SLIPPAGE[0] + duplex * CONSENSUS_SLIPPAGE[1]
    return float(scaled / by_group.sum()) if by_group.sum() else 1.0


def stutter_without(
    error_counts: list[ErrorCounts],
    length: int,
    kind: int,
    counts: np.ndarray,
    depth: np.ndarray,
    normal: int | None,
    priors: ErrorPriors = GENERAL,
) -> np.ndarray:
    """Return the chance of slippage in a homopolymer as it would be without one of the tracts.

    In a small panel the longest tract is the only one of its length, and a true indel there would
    be what it is compared with. The normal's counts stay: what it shows is no somatic indel.

    Parameters
    ----------
    error_counts : per sample
    length : int
        Of the tract.
    kind : int
        0 one base shorter, 1 longer.
    counts, depth : (samples,)
        Fragments with the indel, and all informative ones.
    normal : int or None
    priors : ErrorPriors

    Returns
    -------
    (samples,)
    """
    length = min(length, MAX_TRACT)
    slips = [t.slips() for t in error_counts]
    total = [t.stutter_total.copy() for t in error_counts]
    for s, t in enumerate(error_counts):
        if s != normal:
            counted = _may_slip(length, counts[s], depth[s])
            if counted and not t.rare(length, kind, counts[s], depth[s]):
                slips[s][length, kind] = max(slips[s][length, kind] - counts[s], 0.0)
            total[s][length] = max(total[s][length] - depth[s], 0.0)
    pooled = _pooled_stutter(sum(slips), sum(total), slip_scale(error_counts), priors)
    return np.array([_slips(a, b, pooled)[length, kind] for a, b in zip(slips, total, strict=True)])


def heavy_tailed(weights: np.ndarray) -> np.ndarray:
    """Return a distribution of the multiplier for repeats, whose sites differ far more."""
    part, low, high, exponent = HEAVY_TAIL
    inside = (low <= MULTIPLIERS) & (high >= MULTIPLIERS)
    tail = np.where(inside, MULTIPLIERS**exponent, 1e-9)
    return (1 - part) * weights + part * tail / tail.sum()


def _with_suspects(
    tally: ErrorCounts, suspects: Suspects | None, weight: np.ndarray | None
) -> np.ndarray:
    """Return the errors of a sample, suspects as often as they are errors."""
    if suspects is None or not len(suspects.base):
        return tally.errors
    errors = tally.errors.copy()
    np.add.at(errors, (suspects.context, suspects.base), suspects.errors * weight[:, None, None])
    return errors


def _shrunk(errors: np.ndarray, total: np.ndarray, priors: ErrorPriors) -> np.ndarray:
    """Return E from mismatches and bases by quality group, all (QUALITY_GROUPS,)."""
    return (errors + NOMINAL_ERRORS) / (total + NOMINAL_ERRORS / priors.quality)


def _quality(tally: ErrorCounts, errors: np.ndarray, priors: ErrorPriors) -> np.ndarray:
    """Return E, (QUALITY_GROUPS,)."""
    return _shrunk(errors.sum((0, 1, 2)), tally.total.sum((0, 1)), priors)


def read_contexts(
    tallies: list[ErrorCounts],
    suspects: list[Suspects],
    weight: np.ndarray,
    priors: ErrorPriors = GENERAL,
) -> np.ndarray:
    """Return the factor of the base before in single reads, (CONTEXTS, 4, CLASSES).

    A sequencing error depends on the base that was read before, in the direction of the read.
    Strands, orientations and samples of a patient are taken together: a panel of 300 bases has
    few errors of each context in each of them. 1 where both mates agree.

    Parameters
    ----------
    tallies, suspects : per sample
    weight : (suspects,)
        Probability of each suspect's being an error.
    priors : ErrorPriors
    """
    seen, expected = np.zeros((4, 4, 4)), np.zeros((4, 4, 4))
    for tally, found in zip(tallies, suspects, strict=True):
        errors = _with_suspects(tally, found, weight)
        usual = np.einsum("xcq,q->xc", tally.total, _quality(tally, errors, priors) / 3)
        for strand, cells in enumerate(_READ_CELLS):
            np.add.at(seen, cells, errors[:, :, strand::3].sum((2, 3)))
            np.add.at(expected, cells, np.repeat(usual[:, strand::3].sum(1)[:, None], 4, axis=1))
    parent = (seen.sum(0) + SHRINK) / (expected.sum(0) + SHRINK)
    factor = (seen + CONTEXT_ERRORS * parent) / (expected + CONTEXT_ERRORS)
    found = np.ones((CONTEXTS, 4, CLASSES))
    for strand, cells in enumerate(_READ_CELLS):
        found[:, :, strand::3] = factor[cells][..., None]
    return found


def learn(
    tally: ErrorCounts,
    pooled_stutter: np.ndarray,
    suspects: Suspects | None = None,
    weight: np.ndarray | None = None,
    usual_factor: np.ndarray | None = None,
    priors: ErrorPriors = GENERAL,
) -> ErrorModel:
    """Return the error rates of a sample.

    Parameters
    ----------
    tally : ErrorCounts
    pooled_stutter : (MAX_TRACT + 1, 2)
        From `learn_stutter`; a sample's own slips count beside ten of these.
    suspects : Suspects, optional
        Of the tally.
    weight : (suspects,), optional
        Probability of each suspect's being an error.
    usual_factor : (CONTEXTS, 4, CLASSES), optional
        From `read_contexts`: what C is multiplied by, before the sample's own errors.
    priors : ErrorPriors
    """
    errors = _with_suspects(tally, suspects, weight)
    quality = _quality(tally, errors, priors)
    expected = np.einsum("xcq,q->xc", tally.total, quality / 3)  # per alternative base
    observed = errors.sum(3)  # context, base, class
    mid = (np.arange(CONTEXTS) // 4) % 4
    usual = np.ones((CONTEXTS, 4, CLASSES)) if usual_factor is None else usual_factor
    factor = np.ones((CONTEXTS, 4, CLASSES))
    for ref in range(4):
        rows = mid == ref
        for base in range(4):
            if base == ref:
                continue
            # The 12 substitutions per class first, then the contexts shrunk to them.
            before = expected[rows] * usual[rows, base]
            parent = (observed[rows, base].sum(0) + SHRINK) / (before.sum(0) + SHRINK)
            factor[rows, base] = (observed[rows, base] + SHRINK * parent) / (before + SHRINK)
            factor[rows, base] *= usual[rows, base]
    mean = tally.cycle_errors.sum() / max(tally.cycle_total.sum(), 1)
    cycle = (tally.cycle_errors + 50) / (tally.cycle_total * mean + 50)
    slip = _slips(tally.slips(), tally.stutter_total, pooled_stutter)
    return ErrorModel(quality, factor, cycle, slip)


def learn_rates(
    error_counts: list[ErrorCounts], pooled_stutter: np.ndarray, priors: ErrorPriors = GENERAL
) -> tuple[list[ErrorModel], list[Suspects], np.ndarray]:
    """Return the error rates of all samples, their suspects, and which of these are errors.

    A suspect is one allele in all samples: what speaks for a variant in one counts for all.

    Returns
    -------
    error_models, suspects : lists, per sample
    weight : float64, (suspects,)
        Probability of each suspect's being an error.
    """
    suspects = [Suspects.joined(t.suspects) for t in error_counts]
    weight = np.zeros(len(suspects[0].base) if suspects else 0)

    def learned() -> list[ErrorModel]:
        usual_factor = read_contexts(error_counts, suspects, weight, priors)
        return [
            learn(t, pooled_stutter, u, weight, usual_factor, priors)
            for t, u in zip(error_counts, suspects, strict=True)
        ]

    error_models = learned()
    for _ in range(ROUNDS if len(weight) else 0):
        odds = sum(
            np.maximum(u.log_odds(n), 0.0) for u, n in zip(suspects, error_models, strict=True)
        )
        new = expit(-odds - np.log(SUSPECT_VARIANT))
        settled = np.abs(new - weight).max() < 0.02
        weight = new
        error_models = learned()
        if settled:
            break
    return error_models, suspects, weight


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
#: Expected errors of the sites of each bin.
CENTRES = np.sqrt(
    np.concatenate([[EXPECTED_EDGES[0] / 2], EXPECTED_EDGES])
    * np.concatenate([EXPECTED_EDGES, [EXPECTED_EDGES[-1] * 2]])
)


#: Frequencies at which a suspect is compared with a variant, and their log prior: half uniform in
#: f, half in log f.
SUSPECT_FREQUENCIES = np.geomspace(3e-4, 0.3, 40)
SUSPECT_LOG_PRIOR = np.log(
    0.5 * np.gradient(SUSPECT_FREQUENCIES) / np.gradient(SUSPECT_FREQUENCIES).sum() + 0.5 / 40
)


def _logsumexp(a: np.ndarray) -> np.ndarray:
    """Return log(sum(exp(a))) along the last axis."""
    most = np.maximum(a.max(axis=-1, keepdims=True), -1e30)
    return np.log(np.exp(a - most).sum(axis=-1) + 1e-300) + most[..., 0]


def plausible(expected: np.ndarray, depth: np.ndarray, most: float | np.ndarray) -> np.ndarray:
    """Return 0 where a multiplier gives a rate of at most `most`, else -inf, (..., MULTIPLIERS).

    Multipliers of 1 and below are always plausible.
    """
    rate = np.asarray(expected)[..., None] * MULTIPLIERS
    bound = np.asarray(most * np.maximum(depth, 1))[..., None]
    return np.where((rate <= bound) | (MULTIPLIERS <= 1), 0.0, -np.inf)


def site_most(depth: np.ndarray) -> np.ndarray:
    """Return the highest rate of errors at sites, the mean over the fragments, (...).

    Parameters
    ----------
    depth : (..., CLASSES, QUALITY_GROUPS)
    """
    by_group = depth.sum(-2)
    return (by_group * SITE_MOST).sum(-1) / np.maximum(by_group.sum(-1), 1e-9)


def can_show_damage(depth: np.ndarray) -> np.ndarray:
    """Return where both orientations are deep enough to show damage of one of them, bool, (...).

    Parameters
    ----------
    depth : (..., 2)
        Good fragments by orientation.
    """
    return depth.min(-1) >= np.maximum(LEAST_SIDE, LEAST_SIDE_FRACTION * depth.sum(-1))


def bounded(
    log_shared: np.ndarray,
    log_own: np.ndarray,
    expected: np.ndarray,
    good: np.ndarray,
    depth: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return distributions of m of substitutions without what their sites cannot have.

    Errors do not exceed `SITE_MOST`, nor damage `DAMAGE_MOST`; damage is no explanation where
    only one orientation was read: there each sample has a multiplier as all sites do.

    Parameters
    ----------
    log_shared : (..., MULTIPLIERS)
    log_own : (..., samples, 2, MULTIPLIERS)
    expected : (..., samples, 3)
        As `model.Evidence.expected`.
    good : (..., samples, 2)
        Fragments with good bases, by orientation.
    depth : (..., samples, CLASSES, QUALITY_GROUPS)
    """
    together = depth.sum(-3)
    errors, total = expected.sum((-1, -2)), together.sum((-1, -2))
    log_shared = log_shared + plausible(errors, total, site_most(together))
    log_shared = log_shared - _logsumexp(log_shared)[..., None]
    log_own = log_own + plausible(expected[..., :2], good, DAMAGE_MOST)
    log_own = log_own - _logsumexp(log_own)[..., None]
    shows = can_show_damage(good)[..., None, None]
    return log_shared, np.where(shows, log_own, log_shared[..., None, None, :])


def _tables(
    tally: ErrorCounts,
    noise: ErrorModel,
    suspects: Suspects | None = None,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Return how many sites have which (reference, base, orientation, count, expected errors).

    Returns
    -------
    float64, (4, 4, 3, MOST_ERRORS + 1, bins)
        Side 0 F1R2 and 1 F2R1, both of good bases only; 2 all.

    Notes
    -----
    For the orientations by themselves, a site whose other orientation shows anything unusual too
    is left out: it is rather a true variant of low frequency, which damage of one strand never is.
    """
    merged = np.zeros(MERGED_GROUPS)
    for g in range(len(merged)):
        members = g == MERGED
        weights = tally.total.sum((0, 1))[members]
        merged[g] = np.average(noise.quality[members], weights=weights + 1e-9)
    table = np.zeros((4, 4, 3, MOST_ERRORS + 1, len(EXPECTED_EDGES) + 1))
    for sites in tally.sites:
        classes, groups = np.divmod(sites.occurs, sites.shape[1])
        by_side = expected_errors(
            sites.context, sites.steps, classes, groups, noise.factor, merged / 3
        )
        stands_out = np.zeros(by_side.shape, dtype=np.uint8)
        unusual = pdtrc(sites.errors.astype(int) - 1, by_side.reshape(-1)[sites.shown]) < 0.1
        stands_out.reshape(-1)[sites.shown] = unusual
        variant = sites.variant.view(np.uint8)
        tabulate(table, sites.context, by_side, sites.counts, variant, stands_out, EXPECTED_EDGES)
    if suspects is not None and len(suspects.base):
        _add_suspects(table, noise, suspects, weight)
    return table


def _add_suspects(
    table: np.ndarray, noise: ErrorModel, suspects: Suspects, weight: np.ndarray
) -> None:
    """Add those suspects that are rather errors to a table of `_tables`."""
    expected, counts = suspects.expected(noise), suspects.by_kind(suspects.errors)
    expected[:, 2], counts[:, 2] = expected.sum(1), counts.sum(1)
    unusual = pdtrc(counts - 1, expected) < 0.1
    unusual &= counts > 0
    ref = (suspects.context // 4) % 4
    for side in range(3):
        use = expected[:, side] > 0
        if side < 2:
            use &= ~unusual[:, 1 - side]
        many = np.maximum(counts[:, side] / MOST_ERRORS, 1.0)
        at = np.searchsorted(EXPECTED_EDGES, expected[:, side] / many)
        number = np.minimum(counts[:, side], MOST_ERRORS).astype(int)
        cells = ref[use], suspects.base[use], side, number[use], at[use]
        np.add.at(table, cells, (weight[use] >= RATHER_ERROR).astype(float))


def _level() -> np.ndarray:
    """Return a distribution level in log m over the multipliers of damaged sites."""
    level = np.where(MULTIPLIERS >= 4, 1.0, 1e-12)
    return level / level.sum()


def usual() -> np.ndarray:
    """Return the distribution that is assumed of the multiplier before any data, (MULTIPLIERS,)."""
    weights = np.exp(-4 * np.abs(np.log(MULTIPLIERS)))
    return weights / weights.sum()


def recurrent() -> np.ndarray:
    """Return what is assumed of the multiplier that all samples share, (MULTIPLIERS,).

    `usual`, and a few sites at which errors recur: of these a panel of 300 bases shows none.
    """
    low, high = RECURRENT_RANGE
    level = np.where(np.clip(MULTIPLIERS, low, high) == MULTIPLIERS, 1.0, 0.0)
    return (1 - RECURRENT_SITES) * usual() + RECURRENT_SITES * level / level.sum()


def _fit(
    tables: np.ndarray, before: np.ndarray, sites: float = PRIOR_SITES, rounds: int = 150
) -> np.ndarray:
    """Return the distributions of the multiplier given (count, expected) cells, side by side.

    Parameters
    ----------
    tables : (tables, MOST_ERRORS + 1, bins)
        Numbers of sites.
    before : (MULTIPLIERS,)
        What is assumed beforehand.
    sites : float
        How many sites that counts as.
    rounds : int
        Of the EM.

    Returns
    -------
    (tables, MULTIPLIERS)
    """
    filled = [np.nonzero(table) for table in tables]
    most = max((len(count) for count, _ in filled), default=0)
    like = np.ones((len(tables), most, len(MULTIPLIERS)))
    number = np.zeros((len(tables), most))
    for k, (count, bin_) in enumerate(filled):
        mean = CENTRES[bin_][:, None] * MULTIPLIERS[None, :]
        log_like = count[:, None] * np.log(mean) - mean
        cells = slice(0, len(count))
        like[k, cells] = np.exp(log_like - log_like.max(axis=1, keepdims=True, initial=-1e300))
        number[k, cells] = tables[k][count, bin_]
    # Where depth or targets are too few to estimate the multiplier, it is about 1. The
    # tail is never empty: what the panel's few hundred thousand sites did not show can still
    # happen once in a few million.
    weights = np.tile(before, (len(tables), 1))
    prior = sites * before
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
        many = np.maximum(counts / MOST_ERRORS, 1.0)
        tabulated = CENTRES[np.searchsorted(EXPECTED_EDGES, expected / many)]
        taken = np.zeros_like(own)
        for number, errors in ((counts, expected), (counts / many, tabulated)):
            mean = np.maximum(errors[..., None] * MULTIPLIERS, 1e-12)
            like = number[..., None] * np.log(mean) - mean
            post = own * np.exp(like - like.max(axis=2, keepdims=True))
            taken = np.maximum(taken, post / post.sum(axis=2, keepdims=True))
        # What rounding leaves of a single site would be far more than the prior.
        taken += np.where(taken > SITE_ROUNDING, SITE_ROUNDING, 0.0)
        left = np.maximum(own - taken / self.sites[:, ref, base, :, None], least)
        return left / left.sum(axis=2, keepdims=True)


def molecular(error_counts: ErrorCounts) -> float:
    """Return the fraction of a sample's bases that are of molecules of more than one copy."""
    by_group = error_counts.total.sum((0, 1))
    return float(by_group[-2:].sum() / max(by_group.sum(), 1))


def _heard(fitted: np.ndarray, unheard: np.ndarray | float, before: np.ndarray) -> np.ndarray:
    """Return distributions of the multiplier without what a few sites alone show.

    Above 1, the fraction `unheard` of all sites is taken from each multiplier, down to what was
    assumed `before`.

    Parameters
    ----------
    fitted : (..., MULTIPLIERS)
    unheard : (..., 1) or float
    before : (MULTIPLIERS,)
    """
    heard = np.maximum(fitted - unheard, np.minimum(fitted, before))
    found = np.where(MULTIPLIERS > 1, heard, fitted)
    return found / found.sum(axis=-1, keepdims=True)


def learn_multipliers(
    error_counts: list[ErrorCounts],
    error_models: list[ErrorModel],
    normal: int | None,
    suspects: list[Suspects] | None = None,
    weight: np.ndarray | None = None,
) -> Multipliers:
    """Learn how much sites differ from their expected errors.

    Parameters
    ----------
    error_counts, error_models : per sample
    normal : int or None
        The shared distribution is learned from the normal where there is one, since
        low-frequency somatic variants of a tumour would pass for noise.
    suspects, weight
        From `learn_rates`.

    Notes
    -----
    Counts of a site are Poisson with mean m times the expected errors. Sites are binned by
    (count, expected), so that the EM costs the same for any panel.
    """
    suspects = suspects or [None] * len(error_counts)
    tables = [
        _tables(t, n, u, weight)
        for t, n, u in zip(error_counts, error_models, suspects, strict=True)
    ]
    use = range(len(error_counts)) if normal is None else [normal]
    before = usual()
    table = sum(tables[s][:, :, 2].sum((0, 1)) for s in use)
    shared = _fit(table[None], recurrent(), PRIOR_SHARED)[0]
    shared = _heard(shared, UNHEARD_SITES / (table.sum() + PRIOR_SHARED), recurrent())
    shape = (len(error_counts), 4, 4, 2)
    own, least = (np.empty((*shape, len(MULTIPLIERS))) for _ in range(2))
    sites = np.full(shape, float(PRIOR_SITES))
    for s, table in enumerate(tables):
        # A substitution has a twelfth of the sites: its tail is assumed to reach no further beyond
        # what they show than that of all substitutions of the sample does.
        pooled = np.minimum(_fit(table[:, :, :2].sum((0, 1, 2))[None], before)[0], before)
        pooled /= pooled.sum()
        sites[s] += table[:, :, :2].sum((3, 4))
        changed = ~np.eye(4, dtype=bool)
        own[s] = shared
        fitted = _fit(table[:, :, :2][changed].reshape(-1, *table.shape[3:]), pooled)
        own[s][changed] = fitted.reshape(-1, 2, len(MULTIPLIERS))
        unheard = UNHEARD_DAMAGED * molecular(error_counts[s])
        if unheard > 0:
            own[s] = _heard(own[s], unheard / sites[s][..., None], pooled)
        least[s] = PRIOR_SITES * pooled / sites[s][..., None]
    return Multipliers(shared, own, sites, least)
