"""The sequence that is simulated: stretches round the targets, synthetic or of a reference."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from resistpanel.core.builds import LENGTHS, read_lengths
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import Target, sort_targets
from resistpanel.core.sequence import COMPLEMENT
from resistpanel.panel.genes import Gene
from resistpanel.testing.codons import (
    LONGEST_RUN,
    KnownCodon,
    coding_sequence,
)
from resistpanel.testing.testing_constants import MARKOV, OFF_TARGET_LENGTH

BASES = "ACGTN"
CODE_OF = np.full(256, 4, np.uint8)
for _index, _base in enumerate(BASES[:4]):
    CODE_OF[ord(_base)] = CODE_OF[ord(_base.lower())] = _index


@dataclasses.dataclass
class Region:
    """A stretch of sequence that reads are drawn from.

    Parameters
    ----------
    chrom : str
        Contig.
    start : int
        0-based position of its first base.
    codes : uint8 array (length,)
        Bases, 0 to 4 for ACGTN.
    targets : list of Target
        Ascending; none if the stretch is off target.
    """

    chrom: str
    start: int
    codes: np.ndarray
    targets: list[Target]

    @property
    def end(self) -> int:
        """0-based position after the last base."""
        return self.start + len(self.codes)

    def sequence(self, start: int, end: int) -> str:
        """Return the bases of a part, in contig coordinates."""
        return decode(self.codes[start - self.start : end - self.start])


@dataclasses.dataclass
class Genome:
    """Contig lengths and the regions, in contig order and ascending."""

    lengths: dict[str, int]
    regions: list[Region]

    def region_at(self, chrom: str, pos: int) -> Region | None:
        """Return the region that holds a 0-based position, or None."""
        for region in self.regions:
            if region.chrom == chrom and region.start <= pos < region.end:
                return region
        return None

    def targets(self) -> list[Target]:
        """Return all targets, in the order of the regions."""
        return [target for region in self.regions for target in region.targets]


def encode(bases: str) -> np.ndarray:
    """Return base codes (uint8) of a string."""
    return CODE_OF[np.frombuffer(bases.encode(), np.uint8)]


def decode(codes: np.ndarray) -> str:
    """Return the string of base codes."""
    return np.frombuffer(BASES.encode(), np.uint8)[codes].tobytes().decode()


def windows(
    targets: Sequence[Target],
    flank: int,
    lengths: Mapping[str, int],
    points: Sequence[tuple[str, int]] = (),
) -> list[tuple[str, int, int, list[Target]]]:
    """Return (chrom, start, end, targets) of the flanked targets, joined where they meet.

    So are `points`, (contig, 0-based position), that may be outside of targets.
    """
    contigs = {name: rank for rank, name in enumerate(lengths)}
    joined: list[tuple[str, int, int, list[Target]]] = []
    wanted = [(t.chrom, t.start, t.end, [t]) for t in targets]
    wanted += [(chrom, pos, pos, []) for chrom, pos in points]
    for chrom, low, high, mine in sorted(wanted, key=lambda w: (contigs[w[0]], w[1])):
        start, end = max(0, low - flank), min(lengths[chrom], high + flank)
        if joined and joined[-1][0] == chrom and start <= joined[-1][2]:
            _, first, last, members = joined[-1]
            joined[-1] = (chrom, first, max(last, end), [*members, *mine])
        else:
            joined.append((chrom, start, end, mine))
    return joined


def choose_targets(
    targets: Sequence[Target], needed: Mapping[str, set[int]], exons_per_gene: int
) -> list[Target]:
    """Return the targets that hold a needed position, and some exons of every gene.

    Of each gene's other targets those nearest to 150 bases are taken, until the gene has
    `exons_per_gene`.
    """
    chosen = [
        target
        for target in targets
        if any(target.start <= pos < target.end for pos in needed.get(target.chrom, ()))
    ]
    for _, group in itertools.groupby(sorted(targets, key=lambda t: t.gene), lambda t: t.gene):
        members = list(group)
        rest = sorted(
            (target for target in members if target not in chosen),
            key=lambda t: (abs(t.length - 150), t.chrom, t.start),
        )
        missing = exons_per_gene - (len(members) - len(rest))
        chosen += rest[: max(0, missing)]
    return sort_targets(chosen)


def background(length: int, rng: np.random.Generator) -> np.ndarray:
    """Return synthetic non-coding sequence: a Markov chain without long runs or short repeats."""
    cumulative = np.cumsum(np.array(MARKOV), axis=1)
    draws = rng.random(length)
    codes = np.empty(length, np.uint8)
    last = 0
    table = cumulative.tolist()
    for i, draw in enumerate(draws.tolist()):
        row = table[last]
        last = 0 if draw < row[0] else 1 if draw < row[1] else 2 if draw < row[2] else 3
        codes[i] = last
    break_repeats(codes, rng)
    return codes


def break_repeats(
    codes: np.ndarray, rng: np.random.Generator, fixed: np.ndarray | None = None
) -> None:
    """Change bases, in place, until no unit of 1 to 3 bases is repeated too often.

    Parameters
    ----------
    codes : uint8 array (length,)
        Sequence; changed.
    rng : numpy Generator
        Chooses the new bases.
    fixed : bool array (length,), optional
        Bases that must stay.

    Notes
    -----
    A run of one base may be `LONGEST_RUN` long, a repeat of 2 or 3 bases 10 or 12 bases.
    """
    for _ in range(20):
        changed = False
        for unit, longest in ((1, LONGEST_RUN), (2, 10), (3, 12)):
            same = np.concatenate(([False], codes[unit:] == codes[:-unit], [False]))
            edges = np.flatnonzero(np.diff(same.astype(np.int8)))
            for begin, end in zip(edges[::2], edges[1::2], strict=True):
                if end - begin + unit <= longest:
                    continue
                spots = np.arange(begin + unit, end + unit)[longest - unit :: longest]
                if fixed is not None:
                    spots = spots[~fixed[spots]]
                codes[spots] = (codes[spots] + rng.integers(1, 4, len(spots))) % 4
                changed |= len(spots) > 0
        if not changed:
            return


def synthetic(
    targets: Sequence[Target],
    genes: Mapping[str, Gene],
    known: Mapping[tuple[str, int], str],
    build: str,
    flank: int,
    off_target: int,
    seed: np.random.SeedSequence,
    points: Sequence[tuple[str, int]] = (),
) -> Genome:
    """Return a synthetic genome at true coordinates.

    Parameters
    ----------
    targets : sequence of Target
        What is simulated.
    genes : mapping of str to Gene
        Coding sequences: in frame, without stops, split codons matched across exons.
    known : mapping of (str, int) to str
        Reference bases (+ strand) that must be at (contig, 0-based position).
    build : str
        Whose chromosome lengths the genome has.
    flank : int
        Bases of sequence on either side of a target.
    off_target : int
        Number of stretches outside the panel.
    seed : SeedSequence
        Every gene and region draws from its own child of it.
    points : sequence of (str, int)
        Contig and 0-based position of breakends, which have sequence around them as well.
    """
    lengths = dict(LENGTHS[build])
    regions = []
    region_seed, gene_seed, place_seed = seed.spawn(3)
    spans = windows(targets, flank, lengths, points)
    places = stray_windows(lengths, spans, off_target, np.random.default_rng(place_seed))
    contigs = {name: rank for rank, name in enumerate(lengths)}
    spans = sorted([*spans, *places], key=lambda span: (contigs[span[0]], span[1]))
    fixed: list[np.ndarray] = []
    for (chrom, start, end, members), child in zip(
        spans, region_seed.spawn(len(spans)), strict=True
    ):
        codes = background(end - start, np.random.default_rng(child))
        regions.append(Region(chrom, start, codes, members))
        fixed.append(np.zeros(end - start, bool))
    for gene, child in zip(genes.values(), gene_seed.spawn(len(genes)), strict=True):
        _put_gene(gene, known, regions, fixed, np.random.default_rng(child))
    for region, mask, child in zip(regions, fixed, region_seed.spawn(len(spans)), strict=True):
        for (chrom, pos), base in known.items():
            if chrom == region.chrom and region.start <= pos < region.end:
                region.codes[pos - region.start] = BASES.index(base)
                mask[pos - region.start] = True
        break_repeats(region.codes, np.random.default_rng(child), mask)
    return Genome(lengths, regions)


def _put_gene(
    gene: Gene,
    known: Mapping[tuple[str, int], str],
    regions: Sequence[Region],
    fixed: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> None:
    """Write a gene's coding bases, and the splice sites of its exons, into the regions."""
    near = [
        (region, mask)
        for region, mask in zip(regions, fixed, strict=True)
        if region.chrom == gene.chrom
        and region.start < gene.cds[-1][1]
        and region.end > gene.cds[0][0]
    ]
    if not near:
        return
    strand = {}
    for (chrom, pos), base in known.items():
        cdna = gene.cdna(pos) if chrom == gene.chrom else None
        if cdna is not None:
            strand[cdna] = base if gene.strand == "+" else COMPLEMENT[base]
    try:
        sequence = coding_sequence(gene, strand, rng)
    except ValueError as error:
        raise InputError(str(error), cure="mend the reference codons or the variants") from None
    codes = encode(sequence)
    if gene.strand == "-":
        codes = (3 - codes)[::-1]
    before = 0
    for number, (start, end) in enumerate(gene.cds):
        for region, mask in near:
            low, high = max(start, region.start), min(end, region.end)
            if low < high:
                part = slice(low - region.start, high - region.start)
                region.codes[part] = codes[before + low - start : before + high - start]
                mask[part] = True
            # Introns begin with GT and end with AG on the gene's strand.
            left, right = ("AG", "GT") if gene.strand == "+" else ("AC", "CT")
            if number > 0:
                _put(region, mask, start - 2, left)
            if number < len(gene.cds) - 1:
                _put(region, mask, end, right)
        before += end - start


def _put(region: Region, mask: np.ndarray, start: int, bases: str) -> None:
    for offset, base in enumerate(bases):
        at = start + offset - region.start
        if 0 <= at < len(region.codes) and not mask[at]:
            region.codes[at] = BASES.index(base)
            mask[at] = True


def stray_windows(
    lengths: Mapping[str, int],
    spans: Sequence[tuple[str, int, int, list[Target]]],
    count: int,
    rng: np.random.Generator,
) -> list[tuple[str, int, int, list[Target]]]:
    """Return `count` windows outside the given spans, chosen by contig length."""
    names = [name for name, length in lengths.items() if length > 20 * OFF_TARGET_LENGTH]
    taken = [(chrom, start, end) for chrom, start, end, _ in spans]
    places = []
    if not names:
        return places
    sizes = np.array([lengths[name] for name in names], float)
    for _ in range(100 * count):
        if len(places) == count:
            break
        chrom = names[int(rng.choice(len(names), p=sizes / sizes.sum()))]
        start = int(rng.integers(0, lengths[chrom] - OFF_TARGET_LENGTH))
        end = start + OFF_TARGET_LENGTH
        if any(c == chrom and start < e + 1000 and s < end + 1000 for c, s, e in taken):
            continue
        taken.append((chrom, start, end))
        places.append((chrom, start, end, []))
    return places


def from_reference(
    reference: str | Path,
    targets: Sequence[Target],
    flank: int,
    off_target: int,
    seed: np.random.SeedSequence,
    points: Sequence[tuple[str, int]] = (),
) -> Genome:
    """Return the regions of a real reference round the targets.

    Raises
    ------
    InputError
        If a target's contig is absent or too short, or a target has no sequence (N).
    """
    lengths = read_lengths(reference)
    for target in targets:
        if target.chrom not in lengths or target.end > lengths[target.chrom]:
            raise InputError(
                f"target {target.name} at {target.chrom}:{target.end} is not in {reference}",
                cure="give targets of the same build and contig names (resistpanel panel adapt)",
            )
    spans = windows(targets, flank, lengths, points)
    rng = np.random.default_rng(seed)
    regions = []
    with open_fasta(reference) as fasta:
        places = stray_windows(lengths, spans, 20 * off_target, rng)
        usable = []
        for chrom, start, end, members in places:
            if len(usable) == off_target:
                break
            if "N" not in fasta.fetch(chrom, start, end).upper():
                usable.append((chrom, start, end, members))
        contigs = {name: rank for rank, name in enumerate(lengths)}
        for chrom, start, end, members in sorted(
            [*spans, *usable], key=lambda span: (contigs[span[0]], span[1])
        ):
            codes = encode(fasta.fetch(chrom, start, end))
            region = Region(chrom, start, codes, members)
            for target in members:
                if "N" in region.sequence(target.start, target.end):
                    raise InputError(
                        f"target {target.name} ({chrom}:{target.start + 1}-{target.end}) contains "
                        f"bases that are N in {reference}",
                        cure="leave the target out of the BED",
                    )
            regions.append(region)
    return Genome(lengths, regions)


def known_bases(codons: Sequence[KnownCodon], genes: Mapping[str, Gene]) -> dict:
    """Return (contig, 0-based position) -> base (+ strand) of known codons.

    Raises
    ------
    InputError
        If a codon's positions are not those that the panel gives its residue.
    """
    bases: dict[tuple[str, int], str] = {}
    for codon in codons:
        gene = genes.get(codon.gene)
        if gene is None:
            continue
        if codon.residue > gene.residues or gene.codon(codon.residue) != codon.pos:
            raise InputError(
                f"reference codon {codon.gene} {codon.aa}{codon.residue} does not lie where the "
                f"panel's transcript {gene.transcript} has that residue"
            )
        for pos, base in zip(codon.pos, codon.codon, strict=True):
            bases[codon.chrom, pos] = base if gene.strand == "+" else COMPLEMENT[base]
    return bases
