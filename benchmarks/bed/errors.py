"""What makes a read differ from its molecule: damage, PCR, sequencing.

An ``Edit`` is a change of one molecule (one strand of it) before or in the first cycles of PCR: it
is in a fraction of the copies of that molecule. Sequencing errors are drawn for every read from
real quality strings, and are more frequent than these say after homopolymers and at some sites.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pysam

from benchmarks.bed.genome import SHARED, homopolymers
from benchmarks.bed.molecules import Buffer, Molecules

QUALITY_SOURCES = {
    "novaseq": ("colo829/COLO829T.bam", "colo829/COLO829R.bam"),  # four values of quality
    "hiseqx": ("hcc1395/HCC1395_tumor.bam", "hcc1395/HCC1395_normal.bam"),  # seven values
}
FULL_LENGTH = 151  # cycles of the real reads
MAX_EXCESS = 20.0  # largest factor by which an error exceeds what its quality says
SITE_TABLE = 1 << 16


@dataclass(frozen=True)
class Chemistry:
    """Rates of the errors of an assay; 0 switches one off."""

    read_length: int = 101
    instrument: str = "novaseq"
    calibration: float = 0.6  # of sequencing errors against what qualities say, before excess
    site_spread: float = 0.8  # of the log of that, between sites and strands
    pcr: float = 3e-7  # substitutions per base and cycle
    cycles: int = 12
    stutter: float = 1.5e-5  # slips of a homopolymer of 5 bases, per read; grows with its length
    ffpe: float = 0.0  # C>T per C, of the tumours
    ffpe_hot: float = 0.004  # share of sites that are hot
    oxidation: float = 0.0  # G>T per G, of all samples
    end_repair: float = 5e-6  # per base within 12 bases of an end
    residual: float = 0.0  # substitutions per base of a consensus read that its quality denies
    no_calls: float = 0.0  # bases masked by a consensus caller
    consensus: str = ""  # "duplex" or "simplex": one read pair per molecule, qualities to Q90
    adapter: str = "AGATCGGAAGAGCACACGTCTGAACTCCAGTCAC"
    trimmed: ClassVar[bool] = False  # reads end where their molecules end


@dataclass
class Edits:
    """Changes of molecules: ``row`` of the molecule, base counted from its start, new base code,
    share of its copies."""

    row: np.ndarray
    at: np.ndarray
    base: np.ndarray
    share: np.ndarray
    slip_row: np.ndarray  # likewise repeats that lose (positive) or gain (negative) bases
    slip_at: np.ndarray
    slip: np.ndarray
    slip_share: np.ndarray


@dataclass
class SiteRates:
    """Rates per base of the buffer that depend on sequence and site."""

    stutter: np.ndarray
    stutter_size: np.ndarray
    damage: dict[tuple[str, bool], np.ndarray] = field(default_factory=dict)


_POOLS: dict[tuple[str, int], np.ndarray] = {}


def quality_pool(instrument: str, mate: int, limit: int = 20_000) -> np.ndarray:
    """Return real quality strings, shape (reads, cycles), in the order of sequencing."""
    key = instrument, mate
    if key not in _POOLS:
        rows = []
        for name in QUALITY_SOURCES[instrument]:
            with pysam.AlignmentFile(str(SHARED / "real" / name)) as bam:
                for read in bam:
                    if len(rows) >= limit:
                        break
                    if read.flag & 0xB00 or read.query_length != FULL_LENGTH:
                        continue
                    if read.is_read2 != (mate == 2):
                        continue
                    q = np.array(read.query_qualities, np.uint8)
                    rows.append(q[::-1] if read.is_reverse else q)
        _POOLS[key] = np.array(rows)
    return _POOLS[key]


def _repeats(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return stutter of each repeat, at its first base, and the repeat's unit (1 or 2 bases).

    Stutter is relative to that of a homopolymer of five A or T.
    """
    rate, unit = np.zeros(len(codes), np.float32), np.zeros(len(codes), np.int8)
    run = homopolymers(codes)
    first = np.concatenate([[True], np.diff(codes) != 0]) & (run >= 5) & (codes < 4)
    rate[first] = np.minimum(2.1 ** (run[first] - 5.0), 3000)
    rate[first & ((codes == 1) | (codes == 2))] *= 2
    unit[first] = 1
    same = np.concatenate([codes[2:] == codes[:-2], [False, False]])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        if b - a + 2 >= 8 and codes[a] != codes[a + 1] and codes[a] < 4:
            rate[a], unit[a] = min(10 * 1.6 ** ((b - a + 2) / 2 - 4), 3000), 2
    return rate, unit


def site_rates(
    buffer: Buffer, upto: int, chemistry: Chemistry, tumour: bool, shared_seed: int,
    rng: np.random.Generator,
) -> SiteRates:  # fmt: skip
    """Return the rates of damage and stutter along the first ``upto`` bases of a buffer."""
    codes, where = buffer.codes[:upto], buffer.where[:upto]
    stutter, unit = _repeats(codes)
    made = SiteRates(stutter * chemistry.stutter, unit)
    both = np.random.default_rng(shared_seed)  # what depends on sequence recurs between samples
    for kind, rate, bases in (("ffpe", chemistry.ffpe if tumour else 0.0, (1, 2)),
                              ("oxidation", chemistry.oxidation, (2, 1))):  # fmt: skip
        common = np.exp(both.normal(0, 0.8, SITE_TABLE))
        hot = (both.random(SITE_TABLE) < chemistry.ffpe_hot) * 25.0
        if not rate:
            continue
        hot += (rng.random(SITE_TABLE) < chemistry.ffpe_hot) * 25.0
        factor = common * np.exp(rng.normal(0, 0.6, SITE_TABLE)) * np.exp(-0.5)
        factor = (factor + hot).astype(np.float32)
        for top in (True, False):
            damaged = codes == bases[0 if top else 1]
            rates = (
                rate * factor[(where.astype(np.int64) * 2654435761 + top) % SITE_TABLE] * damaged
            )
            if kind == "ffpe":  # methylated cytosines
                cpg = np.zeros(upto, bool)
                cpg[:-1] = (codes[:-1] == 1) & (codes[1:] == 2)
                cpg[1:] |= cpg[:-1]
                rates[cpg] *= 2
            made.damage[kind, top] = rates
    return made


def _sparse(rate: np.ndarray, m: Molecules, rows: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """Draw events on molecules from rates per base; returns rows and positions in the molecule."""
    total = np.concatenate([[0.0], np.cumsum(rate, dtype=np.float64)])
    start = np.minimum(m.start[rows], len(rate))
    end = np.minimum(m.start[rows] + m.length[rows], len(rate))
    expected = total[end] - total[start]
    count = rng.poisson(expected)
    hit = np.repeat(np.arange(len(rows)), count)
    point = total[start[hit]] + rng.random(len(hit)) * expected[hit]
    at = np.searchsorted(total, point, side="right") - 1
    return rows[hit], at - start[hit]


DAMAGED = {("ffpe", True): 3, ("ffpe", False): 0, ("oxidation", True): 3, ("oxidation", False): 0}


def edits(
    m: Molecules, buffer: Buffer, rates: SiteRates, chemistry: Chemistry, both_strands: bool,
    rng: np.random.Generator,
) -> Edits:  # fmt: skip
    """Draw the changes of molecules. ``both_strands``: the reads of a molecule come from both."""
    everyone = np.arange(len(m))
    rows, at, base, share = [], [], [], []

    def add(r, a, b, s):
        rows.append(r), at.append(a), base.append(b), share.append(s)

    for (kind, top), rate in rates.damage.items():
        which = everyone if both_strands else everyone[m.top == top]
        r, a = _sparse(rate, m, which, rng)
        part = 0.5 if both_strands else 1.0
        add(r, a, np.full(len(r), DAMAGED[kind, top]), np.full(len(r), part))
    early = 5
    for cycle in range(1, early + 1):  # an error of cycle c is in 2**-c of the copies
        n = rng.poisson(chemistry.pcr * 2 ** (cycle - 1) * m.length)
        n = np.where(m.copies > 1, n, 0)
        _substitute(np.repeat(everyone, n), m, buffer, 0.5**cycle, add, rng)
    lone = chemistry.pcr * np.where(m.copies > 1, 0, early) + chemistry.residual
    _substitute(np.repeat(everyone, rng.poisson(lone * m.length)), m, buffer, 1.0, add, rng)
    r = np.repeat(everyone, rng.poisson(chemistry.end_repair * 24, len(m)))
    a = rng.integers(0, 12, len(r))
    a = np.where(rng.random(len(r)) < 0.5, a, m.length[r] - 1 - a)
    old = buffer.codes[m.start[r] + a]
    damaged = (old == 1) | (old == 2)  # filled-in ends copy a damaged base into both strands
    add(r[damaged], a[damaged], np.where(old[damaged] == 1, 3, 0), np.ones(damaged.sum()))
    slip_row, slip_at = _sparse(rates.stutter, m, everyone, rng)
    unit = rates.stutter_size[np.minimum(m.start[slip_row] + slip_at, len(rates.stutter) - 1)]
    slip = unit * np.where(rng.random(len(slip_row)) < 0.75, 1, -1)
    parts = np.where(m.copies[slip_row] > 1, 0.5 ** rng.integers(1, 4, len(slip_row)), 1.0)
    joined = (np.concatenate(x) for x in (rows, at, base, share))
    r, a, b, s = joined
    slips = slip_row, slip_at, slip.astype(np.int64), parts
    return Edits(r, a, b.astype(np.uint8), s, *slips)


def _substitute(r, m, buffer, share, add, rng):
    """Polymerase errors: two thirds transitions."""
    a = (rng.random(len(r)) * m.length[r]).astype(np.int64)
    old = buffer.codes[m.start[r] + a].astype(np.int64)
    step = np.where(rng.random(len(r)) < 0.67, 2, rng.choice([1, 3], len(r)))
    keep = old < 4
    add(r[keep], a[keep], ((old + step) % 4)[keep], np.full(keep.sum(), share))


def late_pcr(chemistry: Chemistry) -> float:
    """Return substitutions per base that a single read carries from the later cycles."""
    return chemistry.pcr * max(0, chemistry.cycles - 5)


@dataclass
class Sequencer:
    """Adds sequencing errors to reads; one a patient, so that sites keep their character."""

    chemistry: Chemistry
    context: np.ndarray  # factor by (base before, base)
    site: np.ndarray

    @classmethod
    def of(cls, chemistry: Chemistry, rng: np.random.Generator) -> "Sequencer":
        context = np.exp(rng.normal(0, 0.5, (5, 5)))
        context[2, :] *= 1.8  # after G
        site = np.exp(
            rng.normal(-(chemistry.site_spread**2) / 2, chemistry.site_spread, SITE_TABLE)
        )
        return cls(chemistry, context, site)

    def qualities(self, n: int, mate: int, rng: np.random.Generator) -> np.ndarray:
        c = self.chemistry
        if c.consensus:
            q = np.full((n, c.read_length), 90, np.uint8)
            if c.consensus == "simplex":
                # A family of k reads gives about 30 + 10 log2(k).
                k = rng.integers(3, 12, n)
                q[:] = np.minimum(90, 30 + 10 * np.log2(k)).astype(np.uint8)[:, None]
            return q
        pool = quality_pool(c.instrument, mate)
        return pool[rng.integers(0, len(pool), n), : c.read_length]

    def errors(self, reads: np.ndarray, quality: np.ndarray, position: np.ndarray,
               forward: np.ndarray, rng: np.random.Generator) -> None:  # fmt: skip
        """Put errors into reads (in place), shape (reads, cycles), in the order of sequencing.

        ``position``: reference position of each read's first base; only its hash matters.
        """
        c = self.chemistry
        if c.consensus:
            gone = rng.random(reads.shape) < c.no_calls
            reads[gone], quality[gone] = 4, 2
            return
        table = 10 ** (-np.arange(64) / 10.0) * c.calibration
        table = np.minimum(table * MAX_EXCESS, 1.0).astype(np.float32)
        row, col = np.nonzero(rng.random(reads.shape, np.float32) < table[quality])
        old = reads[row, col].astype(np.int64)
        before = [np.where(col >= k, reads[row, np.maximum(col - k, 0)], 4) for k in (1, 2, 3)]
        excess = self.context[before[0], old]
        run = (before[0] == before[1]) & (before[1] == before[2]) & (before[0] < 4)
        excess = np.where(run & (old != before[0]), excess * 4, excess)
        excess *= 0.7 + 0.9 * (col / FULL_LENGTH) ** 2
        place = position[row].astype(np.int64) + np.where(forward[row], col, -col)
        excess *= self.site[(place * 2654435761 + forward[row] * 40503) % SITE_TABLE]
        chance = 10 ** (-quality[row, col].astype(float) / 10) * c.calibration
        keep = rng.random(len(row)) * np.minimum(1, chance * MAX_EXCESS) < chance * excess
        keep &= old < 4
        row, col, old, near = row[keep], col[keep], old[keep], before[0][keep].astype(np.int64)
        # Half of the errors repeat the base before (phasing).
        other = (old + rng.integers(1, 4, len(row))) % 4
        phased = (rng.random(len(row)) < 0.5) & (near != old) & (near < 4)
        reads[row, col] = np.where(phased, near, other)
