"""Draw the DNA fragments of a sample from its haplotypes, with damage and PCR errors.

A sample is a mixture of molecules: the two inherited haplotypes, one mutated copy of a haplotype
per somatic variant, and, if it is contaminated, the haplotypes of a stranger. Fragments of each
kind are drawn uniformly along that kind's own sequence, so that an allele fraction is the
fraction of molecules also where insertions and deletions change how many fragments touch them.
Fragments are kept if one of their reads touches a target, as after capture.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.genome import Segment
from benchmarks.truth import Germline, Somatic
from benchmarks.variants import Variant, overlap

_COMPLEMENT = np.zeros(256, dtype=np.uint8)
for _a, _b in zip(b"ACGTN", b"TGCAN", strict=True):
    _COMPLEMENT[_a] = _b
_A, _C, _G, _T = (np.uint8(x) for x in b"ACGT")
_OTHERS = np.zeros((256, 3), dtype=np.uint8)  # a transition first, then the transversions
for _base, _rest in zip(b"ACGT", (b"GCT", b"TAG", b"ATC", b"CAG"), strict=True):
    _OTHERS[_base] = list(_rest)


@dataclass(frozen=True)
class Library:
    """How a sample's fragments come about.

    Attributes
    ----------
    depth : float
        Mean read depth on target without duplicates; overlapping mates count twice.
    read_length : int
    insert_mean, insert_sd : float
        Fragment length, bases; no fragment is shorter than a read.
    pcr_error : float
        Substitutions per base of a fragment, carried by both mates and all duplicates,
        whatever the base qualities say. Half of them transitions.
    slippage : float
        Multiplies `slip_rate`, the chance that a homopolymer loses or gains a base in PCR.
    damage : str
        none, ffpe (C>T on the strand that read 1 shows) or oxog (G>T on it).
    uneven : float
        Standard deviation of the log of a target's depth.
    duplicates : float
        Fraction of the reads that are duplicates.
    contamination : float
        Fraction of the molecules that come from a stranger.
    """

    depth: float = 1000.0
    read_length: int = 100
    insert_mean: float = 250.0
    insert_sd: float = 50.0
    pcr_error: float = 1e-4
    slippage: float = 1.0
    damage: str = "none"
    uneven: float = 0.0
    duplicates: float = 0.1
    contamination: float = 0.0


#: Damage: rate per base of the damaged strand away from hot spots, share of the sites that are
#: hot spots, and their allele fraction over both strands.
DAMAGE = {
    "ffpe": {"base": "C", "to": "T", "rate": 4e-4, "hot": 0.015, "hot_af": (0.005, 0.02)},
    "oxog": {"base": "G", "to": "T", "rate": 3e-4, "hot": 0.010, "hot_af": (0.005, 0.02)},
}


@dataclass
class Haplotype:
    """A sequence with its map to and from the reference of the segment.

    Attributes
    ----------
    sequence : numpy.ndarray of uint8, shape (n,)
    reference : numpy.ndarray of int64, shape (n + 1,)
        Offset in the segment of each base (of the next reference base for an inserted one).
    place : numpy.ndarray of int64, shape (segment length + 1,)
        Index of the first base written for each reference offset.
    """

    sequence: np.ndarray
    reference: np.ndarray
    place: np.ndarray


def build(segment: Segment, variants: list[Variant]) -> Haplotype:
    """Put trimmed, non-overlapping variants into a segment."""
    length = len(segment.sequence)
    pieces: list[bytes] = []
    reference: list[np.ndarray] = []
    place = np.zeros(length + 1, dtype=np.int64)
    done = written = 0
    raw = segment.sequence.encode()
    for variant in [*sorted(variants), None]:
        start = length if variant is None else variant.pos - segment.start
        pieces.append(raw[done:start])
        reference.append(np.arange(done, start))
        place[done:start] = written + np.arange(start - done)
        written += start - done
        done = start
        if variant is None:
            break
        stop = variant.end - segment.start
        pieces.append(variant.alt.encode())
        shared = min(len(variant.alt), stop - start)
        own = np.full(len(variant.alt), stop)
        own[:shared] = np.arange(start, start + shared)
        reference.append(own)
        place[start:stop] = written + np.minimum(np.arange(stop - start), len(variant.alt))
        written += len(variant.alt)
        done = stop
    place[length] = written
    reference.append(np.array([length]))
    return Haplotype(
        np.frombuffer(b"".join(pieces), dtype=np.uint8), np.concatenate(reference), place
    )


def footprint(haplotype: Haplotype, variant: Variant, segment: Segment, alt: bool):
    """Return the interval on `haplotype` that the variant's alt (or its ref) takes."""
    start = variant.pos - segment.start
    if not alt:
        low = int(haplotype.place[start])
        return low, low + len(variant.ref)
    # The base before the variant is never changed by another variant: they lie apart.
    low = int(haplotype.place[start - 1]) + 1
    return low, low + len(variant.alt)


def touches(start: np.ndarray, end: np.ndarray, low: int, high: int) -> np.ndarray:
    """Tell which intervals overlap [low, high), or span the joint if it is empty."""
    if low == high:
        return (start < low) & (end > low)
    return (start < high) & (end > low)


def read_touches(start, end, read_length: int, low: int, high: int) -> np.ndarray:
    """Tell for which fragments one of the two reads touches [low, high)."""
    return touches(start, start + read_length, low, high) | touches(
        end - read_length, end, low, high
    )


def slip_rate(run: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Return the chance per fragment that a homopolymer of `run` bases changes length.

    0.05 % at 6 bases and 1.9 times as much with every further base, at most 25 %.
    """
    rate = 5e-4 * 1.9 ** (np.asarray(run, dtype=float) - 6)
    return np.where(np.asarray(run) < 6, 0.0, np.minimum(rate, 0.25)) * scale


def damage_rates(rng: np.random.Generator, segment: Segment, damage: str) -> np.ndarray:
    """Return the damage probability per reference base and strand, shape (length, 2).

    Strand 0 is the reference's, strand 1 the other. A damaged strand is seen as read 1.
    """
    settings = DAMAGE[damage]
    sequence = np.frombuffer(segment.sequence.encode(), dtype=np.uint8)
    rates = np.zeros((len(sequence), 2))
    for strand, base in enumerate((settings["base"], _complement(settings["base"]))):
        at = np.flatnonzero(sequence == ord(base))
        rate = settings["rate"] * rng.lognormal(0, 1, len(at)) / np.exp(0.5)
        if damage == "ffpe":  # cytosines before a guanine deaminate more often
            neighbour = np.clip(at + (1 if strand == 0 else -1), 0, len(sequence) - 1)
            cpg = sequence[neighbour] == (_G if strand == 0 else _C)
            rate = np.where(cpg, 3 * rate, rate)
        hot = rng.random(len(at)) < settings["hot"]
        rate[hot] = 2 * rng.uniform(*settings["hot_af"], hot.sum())
        rates[at, strand] = rate
    return rates


def _complement(base: str) -> str:
    return chr(_COMPLEMENT[ord(base)])


def _place_fragments(rng, haplotype: Haplotype, density: float, segment: Segment, lib: Library):
    """Draw fragments (start, end on the haplotype) of which a read touches a target."""
    length = len(haplotype.sequence)
    number = rng.poisson(density * length)
    start = rng.integers(0, length, number)
    insert = np.rint(rng.normal(lib.insert_mean, lib.insert_sd, number)).astype(np.int64)
    limit = lib.insert_mean + 4 * lib.insert_sd
    end = start + np.clip(insert, lib.read_length, max(lib.read_length, limit)).astype(np.int64)
    inside = end <= length
    start, end = start[inside], end[inside]
    covered = np.concatenate([[0], np.cumsum(segment.on_target)])[haplotype.reference]
    hit = (covered[start + lib.read_length] > covered[start]) | (
        covered[end] > covered[end - lib.read_length]
    )
    return start[hit], end[hit]


def _slips(rng, haplotype: Haplotype, start, end, scale: float) -> dict[int, list]:
    """Return, per fragment that slipped, the (offset in the fragment, -1 or +1) edits."""
    edits: dict[int, list] = {}
    if scale <= 0:
        return edits
    breaks = np.flatnonzero(np.diff(haplotype.sequence)) + 1
    first = np.concatenate([[0], breaks])
    last = np.concatenate([breaks, [len(haplotype.sequence)]])
    for low, high in zip(first, last, strict=True):
        if high - low < 6:
            continue
        spanning = np.flatnonzero((start < low) & (end > high))
        rate = float(slip_rate(high - low, scale))
        for i in spanning[rng.random(len(spanning)) < rate]:
            edits.setdefault(int(i), []).append(
                (int(low - start[i]), -1 if rng.random() < 0.65 else 1)
            )
    return edits


def _templates(rng, haplotype: Haplotype, start, end, rates, lib: Library) -> list[bytes]:
    """Return each fragment's sequence, 5' to 3' as read 1 runs, with damage and PCR errors."""
    sizes = end - start
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    index = np.arange(offsets[-1]) + np.repeat(start - offsets[:-1], sizes)
    bases = haplotype.sequence[index]
    flip = rng.random(len(start)) < 0.5
    if rates is not None:
        settings = DAMAGE[lib.damage]
        reference = np.minimum(haplotype.reference[index], len(rates) - 1)
        strand = np.repeat(flip, sizes).astype(np.int64)
        chance = rates[reference, strand]
        hit = np.flatnonzero(rng.random(len(bases)) < chance)
        for side, base, to in (
            (0, settings["base"], settings["to"]),
            (1, _complement(settings["base"]), _complement(settings["to"])),
        ):
            mine = hit[(strand[hit] == side) & (bases[hit] == ord(base))]
            bases[mine] = ord(to)
    errors = rng.integers(0, len(bases), rng.poisson(lib.pcr_error * len(bases)))
    if len(errors):
        errors = errors[bases[errors] != ord("N")]
        bases[errors] = _OTHERS[bases[errors], rng.choice(3, len(errors), p=[0.5, 0.25, 0.25])]
    edits = _slips(rng, haplotype, start, end, lib.slippage)
    complement = _COMPLEMENT[bases]
    templates = []
    for i, (low, high) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        if i in edits:
            piece = bytearray(bases[low:high].tobytes())
            for at, change in sorted(edits[i], reverse=True):
                if change > 0:
                    piece[at:at] = piece[at : at + 1]
                else:
                    del piece[at]
            out = np.frombuffer(bytes(piece), dtype=np.uint8)
            templates.append((_COMPLEMENT[out][::-1] if flip[i] else out).tobytes())
        elif flip[i]:
            templates.append(complement[low:high][::-1].tobytes())
        else:
            templates.append(bases[low:high].tobytes())
    return templates


def draw(
    rng: np.random.Generator,
    segment: Segment,
    label: str,
    germline: list[Germline],
    stranger: list[Germline],
    somatic: list[tuple[Somatic, float]],
    lib: Library,
    sample: str,
) -> Iterator[tuple[str, bytes]]:
    """Draw the fragments of one segment in one sample.

    Parameters
    ----------
    label : str
        Name of the segment, put into the read names.
    germline, stranger : lists of Germline
        Of the patient and of the stranger who contaminates the sample.
    somatic : list of (Somatic, float)
        With the fraction of this sample's own molecules that carry each. Their
        `alt_fragments` and `fragments` of `sample` are filled in.

    Yields
    ------
    (name, template) : str, bytes
        A name that begins with ``D`` marks a duplicate.
    """
    per_base = lib.depth / (2 * lib.read_length)
    if lib.uneven:
        per_base *= rng.lognormal(-(lib.uneven**2) / 2, lib.uneven)
    own = 1 - lib.contamination
    rates = damage_rates(rng, segment, lib.damage) if lib.damage != "none" else None

    def inherited(of: list[Germline], name: str) -> list[Variant]:
        return [g.variant for g in of if name in g.haplotypes]

    drawn: list[tuple[str, Haplotype, np.ndarray, np.ndarray]] = []
    for s, _ in somatic:
        s.alt_fragments[sample] = s.fragments[sample] = 0

    def count(haplotype, start, end, name, mutated: Somatic | None = None):
        for s, _ in somatic:
            alt = s is mutated
            low, high = footprint(haplotype, s.variant, segment, alt)
            seen = int(read_touches(start, end, lib.read_length, low, high).sum())
            s.fragments[sample] += seen
            if alt:
                s.alt_fragments[sample] += seen
        drawn.append((name, haplotype, start, end))

    for name in "AB":
        haplotype = build(segment, inherited(germline, name))
        start, end = _place_fragments(rng, haplotype, per_base * own / 2, segment, lib)
        # A molecule that carries a somatic variant is one molecule fewer without it.
        lost = np.zeros(len(start))
        for s, af in somatic:
            if s.haplotype == name:
                low, high = footprint(haplotype, s.variant, segment, alt=False)
                lost += touches(start, end, low, high) * (af / 0.5)
        if lost.max(initial=0) > 1 + 1e-9:
            raise ValueError(f"fractions add up to more than a haplotype in segment {label}")
        kept = rng.random(len(start)) >= lost
        count(haplotype, start[kept], end[kept], name)
    for number, (s, af) in enumerate(somatic):
        if af > 0:
            # A deletion may take an inherited variant of its molecule with it.
            kept = [v for v in inherited(germline, s.haplotype) if not overlap(v, s.variant)]
            variants = [*kept, s.variant]
            haplotype = build(segment, variants)
            start, end = _place_fragments(rng, haplotype, per_base * own * af, segment, lib)
            low, high = footprint(haplotype, s.variant, segment, alt=True)
            kept = touches(start, end, low, high)
            count(haplotype, start[kept], end[kept], f"{s.haplotype}v{number}", s)
    if lib.contamination:
        for name in "AB":
            haplotype = build(segment, inherited(stranger, name))
            density = per_base * lib.contamination / 2
            count(haplotype, *_place_fragments(rng, haplotype, density, segment, lib), f"x{name}")
    yield from _written(rng, drawn, label, rates, lib)


@dataclass
class Molecules:
    """A kind of molecule of a sample: what it carries, and which part of the sample it is.

    Attributes
    ----------
    name : str
        Put into the read names.
    variants : list of Variant
        Inherited and somatic ones.
    fraction : float
        Those of all kinds add up to 1.
    start, end : numpy.ndarray of int64
        Of the fragments drawn, on its own sequence from the start of the segment.
    """

    name: str
    variants: list[Variant]
    fraction: float
    start: np.ndarray | None = None
    end: np.ndarray | None = None


def mix(
    rng: np.random.Generator,
    segment: Segment,
    label: str,
    molecules: list[Molecules],
    lib: Library,
) -> Iterator[tuple[str, bytes]]:
    """Draw the fragments of one segment from kinds of molecules, each with several variants.

    The molecules' `start` and `end` are filled in. Yields as `draw`.
    """
    per_base = lib.depth / (2 * lib.read_length)
    drawn = []
    for one in molecules:
        haplotype = build(segment, one.variants)
        one.start, one.end = _place_fragments(rng, haplotype, per_base * one.fraction, segment, lib)
        drawn.append((one.name, haplotype, one.start, one.end))
    rates = damage_rates(rng, segment, lib.damage) if lib.damage != "none" else None
    yield from _written(rng, drawn, label, rates, lib)


def _written(rng, drawn, label: str, rates, lib: Library) -> Iterator[tuple[str, bytes]]:
    """Yield the names and sequences of fragments, and those of their duplicates."""
    copies = lib.duplicates / (1 - lib.duplicates)
    for name, haplotype, start, end in drawn:
        templates = _templates(rng, haplotype, start, end, rates, lib)
        for i, template in enumerate(templates):
            if len(template) >= lib.read_length:
                yield f"{label}.{name}.{i}", template
        for n, i in enumerate(
            rng.integers(0, max(1, len(start)), rng.poisson(copies * len(start)))
        ):
            if len(templates[i]) >= lib.read_length:
                yield f"D{label}.{name}.{i}.{n}", templates[i]
