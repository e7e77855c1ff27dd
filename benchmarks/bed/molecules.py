"""Which molecules of DNA are sampled: by hybrid capture or by tiled amplicons.

All templates lie in one buffer of base codes; a molecule is a start in it and a length. Draws are
vectorised over the molecules of a sample.
"""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.bed.genome import Panel
from benchmarks.bed.tumour import Patient, Template

# Cuts prefer some sequences over others (enzymatic fragmentation, nucleases of plasma): spread of
# the log of the preference of each 4-mer at the cut.
CUT_SPREAD = 0.35
BAIT_SPREAD = 0.3  # of the log of capture efficiency between targets
MIN_OVERLAP = 60  # bases of a target with which capture is full
MIN_LENGTH = 30


@dataclass
class Buffer:
    """Templates end to end, with prefix sums over bases."""

    codes: np.ndarray
    where: np.ndarray  # reference position of each base, on its segment's contig
    offset: np.ndarray  # first base of each template
    length: np.ndarray
    of_base: np.ndarray  # template of each base


@dataclass
class Molecules:
    """Molecules of one sample: arrays of the same length.

    ``start`` is in the buffer; ``top`` is the strand that reads come from (F1R2 if true). From base
    ``joint`` on, a chimera goes on at ``other``. ``copies`` is how many reads (pairs) it gives.
    """

    template: np.ndarray
    start: np.ndarray
    length: np.ndarray
    top: np.ndarray
    copies: np.ndarray
    other: np.ndarray
    joint: np.ndarray
    hopped: np.ndarray  # comes from another library of the patient

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index) -> "Molecules":
        return Molecules(**{k: v[index] for k, v in self.__dict__.items()})


def buffer_of(templates: list[Template]) -> Buffer:
    """Lay templates end to end."""
    length = np.array([len(t.codes) for t in templates])
    offset = np.concatenate([[0], np.cumsum(length)[:-1]])
    return Buffer(
        np.concatenate([t.codes for t in templates]),
        np.concatenate([t.where for t in templates]).astype(np.int32),
        offset,
        length,
        np.repeat(np.arange(len(templates), dtype=np.int32), length),
    )


def overdispersed(
    p: Patient, weights: np.ndarray, rho: float, rng: np.random.Generator, group=None
) -> np.ndarray:
    """Return weights drawn anew for one replicate, so that any allele is beta-binomial with rho.

    Within each segment the shares of the templates are Dirichlet with concentration 1 / rho - 1.
    """
    if rho <= 0:
        return weights
    group = np.array([t.segment for t in p.templates]) if group is None else group
    drawn = weights.copy()
    for segment in np.unique(group):
        inside = np.flatnonzero((group == segment) & (weights > 0))
        total = weights[inside].sum()
        shares = rng.gamma(weights[inside] / total * (1 / rho - 1))
        drawn[inside] = shares / shares.sum() * total
    return drawn


@dataclass(frozen=True)
class Capture:
    """Hybrid capture. ``depth`` is the mean number of molecules that cover a target's base."""

    depth: float
    length: float = 220.0
    spread: float = 60.0
    plasma: bool = False  # lengths and cuts of cell-free DNA
    duplicates: float = 0.08
    off_target: float = 0.05
    chimeras: float = 5e-4
    hopping: float = 2e-3
    gc_bias: float = 1.0


class CaptureSampler:
    """Draws molecules of a patient by hybrid capture, for one sample after another."""

    def __init__(self, p: Patient, capture: Capture, rng: np.random.Generator):
        self.p, self.capture = p, capture
        # Off-target molecules come from everywhere: whole contigs are templates without variants.
        self.targeted = len(p.templates)
        whole = [
            Template(-1, 0, frozenset(), codes, np.arange(len(codes)), "elsewhere")
            for name, codes in p.reference.contigs.items()
            if name != "paralogue"
        ]
        self.templates = p.templates + whole
        self.buffer = buffer_of(self.templates)
        codes = self.buffer.codes
        self.on_target = int(self.buffer.offset[self.targeted])
        self.gc = np.concatenate([[0], np.cumsum((codes == 1) | (codes == 2))]).astype(np.int32)
        four = np.zeros(len(codes), np.int16)
        for shift in range(4):
            four = four * np.int16(5) + np.roll(codes, 2 - shift)
        self.cut = np.exp(rng.normal(0, CUT_SPREAD, 625)).astype(np.float32)[four]
        self._targets(rng)
        if capture.plasma:
            # Nucleosomes: cuts fall with a period of some 190 bases, not anywhere.
            phase = np.cos(2 * np.pi * self.buffer.where / 190.0)
            self.cut *= (1 + 0.6 * phase).astype(np.float32)

    def _targets(self, rng):
        where, n = self.buffer.where, self.on_target
        efficiency = np.zeros(n, np.float32)
        bounds = np.searchsorted(self.buffer.of_base[:n], np.arange(self.targeted + 1))
        by_segment: dict[int, list[int]] = {}
        for k, t in enumerate(self.p.templates):
            by_segment.setdefault(t.segment, []).append(k)
        for contig, start, end, _ in self.p.panel.targets:
            gain = float(np.exp(rng.normal(0, BAIT_SPREAD)))
            for i, (c, low, high) in enumerate(self.p.segments):
                if c != contig or not (low <= start and end <= high):
                    continue
                for k in by_segment.get(i, ()):
                    a, b = bounds[k], bounds[k + 1]
                    inside = slice(
                        a + np.searchsorted(where[a:b], start), a + np.searchsorted(where[a:b], end)
                    )
                    efficiency[inside] = gain
        self.efficiency = np.concatenate([[0.0], np.cumsum(efficiency, dtype=np.float64)])
        self.covered = np.concatenate([[0], np.cumsum(efficiency > 0)])

    def _lengths(self, n, rng):
        c = self.capture
        if not c.plasma:
            drawn = rng.gamma((c.length / c.spread) ** 2, c.spread**2 / c.length, n)
            return np.maximum(MIN_LENGTH, drawn).astype(np.int64)
        mono = rng.normal(167, 12, n) - 10 * rng.integers(0, 4, n) * (rng.random(n) < 0.25)
        di = rng.normal(330, 25, n)
        return np.maximum(MIN_LENGTH, np.where(rng.random(n) < 0.88, mono, di)).astype(np.int64)

    def _draw(self, n, cumulative, low, rng):
        """Draw n starts from cumulative weights, and lengths; those that do not fit are dropped."""
        start = low + np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
        length = self._lengths(n, rng)
        template = self.buffer.of_base[start]
        fits = start + length <= self.buffer.offset[template] + self.buffer.length[template]
        return template[fits], start[fits], length[fits]

    def _accept(self, start, length, rng):
        overlap = self.covered[start + length] - self.covered[start]
        gain = (self.efficiency[start + length] - self.efficiency[start]) / np.maximum(overlap, 1)
        share = (self.gc[start + length] - self.gc[start]) / length
        # A plateau that falls off steeply on one side and slowly on the other.
        gc = 1 / (1 + np.exp((share - 0.66) * 22)) / (1 + np.exp((0.30 - share) * 14))
        keep = gain / 3 * np.minimum(1, overlap / MIN_OVERLAP) * gc**self.capture.gc_bias
        return rng.random(len(start)) < keep

    def draw(self, weights: np.ndarray, depth: float, rng: np.random.Generator) -> Molecules:
        """Draw molecules until their mean depth on the targets is reached."""
        density = (weights[self.buffer.of_base[: self.on_target]]
                   * self.cut[: self.on_target])  # fmt: skip
        cumulative = np.cumsum(density, dtype=np.float64)
        wanted, parts, got, batch = depth * self.p.panel.bases, [], 0, 200_000
        while got < wanted:
            template, start, length = self._draw(batch, cumulative, 0, rng)
            keep = self._accept(start, length, rng)
            template, start, length = template[keep], start[keep], length[keep]
            gained = np.cumsum(self.covered[start + length] - self.covered[start])
            last = int(np.searchsorted(gained, wanted - got)) + 1
            parts.append((template[:last], start[:last], length[:last]))
            got += int(gained[min(last, len(gained)) - 1]) if len(gained) else 0
        n = sum(len(part[0]) for part in parts)
        beyond = round(n * self.capture.off_target)
        if beyond:
            cumulative = np.cumsum(self.cut[self.on_target :], dtype=np.float64)
            parts.append(self._draw(beyond, cumulative, self.on_target, rng))
        template, start, length = (np.concatenate(x) for x in zip(*parts, strict=True))
        return self._molecules(template, start, length, rng)

    def _molecules(self, template, start, length, rng):
        n = len(start)
        joint, other = np.full(n, 1 << 30), np.zeros(n, np.int64)
        chimeric = np.flatnonzero(rng.random(n) < self.capture.chimeras)
        joint[chimeric] = (length[chimeric] * rng.uniform(0.15, 0.85, len(chimeric))).astype(int)
        other[chimeric] = start[rng.integers(0, n, len(chimeric))]
        room = len(self.buffer.codes) - 2000
        other = np.minimum(other, room)
        copies = 1 + rng.geometric(1 - self.capture.duplicates, n) - 1
        order = rng.permutation(n)
        made = Molecules(template, start, length, rng.random(n) < 0.5, copies, other, joint,
                         np.zeros(n, bool))  # fmt: skip
        return made.take(order)

    def samples(self, rho: float, rng: np.random.Generator) -> dict[str, Molecules]:
        """Draw all samples, then exchange a few reads between the patient's libraries."""
        drawn = {}
        for sample, weights in self.p.weights.items():
            drawn[sample] = self.draw(
                overdispersed(self.p, weights, rho, rng), self.capture.depth, rng
            )
        return hop(drawn, self.capture.hopping, rng)


def hop(drawn: dict[str, Molecules], rate: float, rng: np.random.Generator) -> dict[str, Molecules]:
    """Give every library molecules of the patient's other libraries (index hopping)."""
    if rate <= 0 or len(drawn) < 2:
        return drawn
    out = {}
    for sample, own in drawn.items():
        parts = [own]
        for name, library in drawn.items():
            if name == sample:
                continue
            n = rng.binomial(len(library), rate / (len(drawn) - 1))
            taken = library.take(rng.integers(0, len(library), n))
            parts.append(replace(taken, copies=np.ones(n, np.int64), hopped=np.ones(n, bool)))
        out[sample] = Molecules(
            **{k: np.concatenate([part.__dict__[k] for part in parts]) for k in own.__dict__}
        )
    return out


@dataclass(frozen=True)
class Amplicons:
    """Tiled amplicons in two pools.

    ``genomes``: genome equivalents (haploid copies) that enter the first cycle; ``reads``: mean
    read pairs of an amplicon. ``jackpot``: shape of the gamma distribution of a molecule's yield.
    """

    genomes: int = 6000
    reads: int = 4000
    size: tuple[int, int] = (130, 190)
    primer: tuple[int, int] = (19, 26)
    overlap: int = 12
    uneven: float = 0.5
    jackpot: float = 1.2
    synthesis: float = 2e-3  # errors per primer base, most of them deletions
    dropout: float = 0.03  # product from a haplotype with a variant in a primer's last 6 bases
    chimeras: float = 1e-3
    hopping: float = 3e-3
    limit: int = 300
    one_orientation: bool = True


@dataclass(frozen=True)
class Tile:
    """One amplicon: outer ends and primer lengths on the reference, and its pool (1 or 2)."""

    contig: str
    start: int
    end: int
    left: int
    right: int
    pool: int

    @property
    def insert(self) -> tuple[int, int]:
        return self.start + self.left, self.end - self.right


def tiles(panel: Panel, design: Amplicons, rng: np.random.Generator) -> list[Tile]:
    """Lay amplicons over the targets; neighbours are in different pools, their inserts overlap."""
    found: list[Tile] = []
    for contig, start, end, _ in panel.targets:
        at, pool = start - int(rng.integers(0, 15)), 1
        while at < end and len(found) < design.limit:
            left, right = (int(rng.integers(*design.primer)) for _ in range(2))
            size = int(rng.integers(*design.size))
            found.append(Tile(contig, at - left, at - left + size, left, right, pool))
            at, pool = found[-1].insert[1] - design.overlap, 3 - pool
    return found


def covered_by(found: list[Tile]) -> Panel:
    """Return the inserts of the amplicons, joined: what a caller is given as targets."""
    joined: list[tuple[str, int, int, str]] = []
    for contig, start, end in sorted((t.contig, *t.insert) for t in found):
        if joined and joined[-1][0] == contig and start <= joined[-1][2]:
            joined[-1] = (contig, joined[-1][1], max(end, joined[-1][2]), "amplicon")
        else:
            joined.append((contig, start, end, "amplicon"))
    return Panel(joined)


def amplify(
    p: Patient, found: list[Tile], design: Amplicons, rng: np.random.Generator
) -> tuple[list[Template], dict[str, np.ndarray]]:
    """Return a template for each amplicon and haplotype copy, and its product per sample.

    Primers are the reference's bases, whatever the DNA under them. A variant there lowers the
    product, one at the primer's 3' end to almost nothing: the allele drops out.
    """
    out: list[Template] = []
    shares: list[tuple[int, float]] = []
    for number, tile in enumerate(found):
        gain = float(np.exp(rng.normal(0, design.uneven)))
        low, high = tile.insert
        reference = p.reference.contigs[tile.contig]
        for k, t in enumerate(p.templates):
            contig, start, end = p.segments[t.segment]
            if contig != tile.contig or not (start <= tile.start and tile.end <= end):
                continue
            product = 1.0 if t.source != "paralogue" else 0.2
            for a, b, three in ((tile.start, low, low), (high, tile.end, high)):
                i, j = np.searchsorted(t.where, [a, b])
                site = t.codes[i:j]
                if len(site) != b - a:
                    product *= design.dropout
                    continue
                apart = np.flatnonzero(site != reference[a:b]) + a
                near = np.abs(apart + 0.5 - three) < 6
                product *= float(np.prod(np.where(near, design.dropout, 0.75)))
            i, j = np.searchsorted(t.where, [low, high])
            # Inserted bases before the first base of the insert belong to the primer's site.
            inner, where = t.codes[i:j], t.where[i:j]
            if j - i < 10:
                continue
            codes = np.concatenate([reference[tile.start : low], inner, reference[high : tile.end]])
            places = np.concatenate([np.arange(tile.start, low), where, np.arange(high, tile.end)])
            out.append(
                Template(t.segment, t.haplotype, t.somatic, codes, places, t.source,
                         (tile.left, tile.left + len(inner)), number)
            )  # fmt: skip
            shares.append((k, product * gain))
    index = np.array([k for k, _ in shares])
    product = np.array([x for _, x in shares])
    return out, {sample: weights[index] * product for sample, weights in p.weights.items()}


class AmpliconSampler:
    """Draws molecules of a patient that amplicons copy, and how many reads each gives."""

    def __init__(self, p: Patient, design: Amplicons, rng: np.random.Generator):
        self.p, self.design = p, design
        self.tiles = tiles(p.panel, design, rng)
        self.templates, self.weights = amplify(p, self.tiles, design, rng)
        self.buffer = buffer_of(self.templates)
        self.forward = rng.random(len(self.tiles)) < 0.5  # which strand read 1 shows

    def draw(self, weights: np.ndarray, rho: float, rng: np.random.Generator) -> Molecules:
        design, amplicon = self.design, np.array([t.amplicon for t in self.templates])
        weights = overdispersed(self.p, weights, rho, rng, amplicon)
        total = weights.sum()
        template, copies = [], []
        for number in range(len(self.tiles)):
            inside = np.flatnonzero((amplicon == number) & (weights > 0))
            if not len(inside):
                continue
            share = weights[inside] / weights[inside].sum()
            drawn = np.repeat(inside, rng.multinomial(design.genomes, share))
            gain = rng.gamma(design.jackpot, size=len(drawn))
            # Now and then a molecule wins the first cycles by far.
            gain[rng.random(len(drawn)) < 2e-4] *= 60
            reads = design.reads * len(self.tiles) * weights[inside].sum() / total
            template.append(drawn)
            copies.append(rng.multinomial(max(1, int(reads)), gain / gain.sum()))
        template, copies = np.concatenate(template), np.concatenate(copies)
        seen = copies > 0
        template, copies = template[seen], copies[seen]
        n = len(template)
        top = rng.random(n) < 0.5
        if design.one_orientation:
            top = self.forward[amplicon[template]]
        joint, other = np.full(n, 1 << 30), np.zeros(n, np.int64)
        chimeric = np.flatnonzero(rng.random(n) < design.chimeras)
        with_ = template[rng.integers(0, n, len(chimeric))]
        # Template switching in PCR: the start of one product, the end of another.
        joint[chimeric] = (self.buffer.length[template[chimeric]] * 0.5).astype(int)
        other[chimeric] = self.buffer.offset[with_]
        return Molecules(template, self.buffer.offset[template], self.buffer.length[template],
                         top, copies, other, joint, np.zeros(n, bool))  # fmt: skip

    def samples(self, rho: float, rng: np.random.Generator) -> dict[str, Molecules]:
        drawn = {s: self.draw(w, rho, rng) for s, w in self.weights.items()}
        return hop(drawn, self.design.hopping, rng)
