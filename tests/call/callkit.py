"""Small references and BAMs, built from literal reads or from haplotypes.

Coordinates are 0-based half-open.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pysam

from resistpanel.call.caller import Caller, Settings

PAIRED, PROPER, REVERSE, MATE_REVERSE, FIRST, SECOND = 1, 2, 16, 32, 64, 128
LOW, USUAL = 10, 37
#: Fewer bases than these no aligner places.
LEAST_PLACED = 20
#: Inserted bases that an aligner finds elsewhere: a duplication's.
SEED = 12


def random_sequence(length: int, seed: int) -> str:
    """Return a sequence without homopolymers of four and more, nor dinucleotides of four."""
    rng = random.Random(seed)
    made = ""
    while len(made) < length:
        base = rng.choice("ACGT")
        if made[-3:] == base * 3 or (made[-7:] + base).count(made[-1:] + base) >= 4:
            continue
        made += base
    return made


def put(sequence: str, pos: int, word: str) -> str:
    """Return `sequence` with `word` written over it at `pos`."""
    return sequence[:pos] + word + sequence[pos + len(word) :]


def other(base: str, by: int = 1) -> str:
    """Return another base."""
    return "ACGT"[("ACGT".index(base) + by) % 4]


def write_reference(path: Path, contigs: dict[str, str]) -> Path:
    """Write an indexed FASTA."""
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    pysam.samtools.faidx(str(path))
    return path


def write_bed(path: Path, regions: Iterable[tuple[str, int, int]]) -> Path:
    """Write a BED file."""
    path.write_text("".join(f"{c}\t{start}\t{end}\n" for c, start, end in regions))
    return path


def write_sites(path: Path, sites: Iterable[tuple[str, int, str, str, str]]) -> Path:
    """Write a VCF of (contig, 1-based position, id, ref, alt)."""
    sites = list(sites)
    lines = ["##fileformat=VCFv4.3"]
    lines += [f"##contig=<ID={c}>" for c in dict.fromkeys(s[0] for s in sites)]
    lines += ["#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    lines += [f"{c}\t{pos}\t{name}\t{ref}\t{alt}\t.\t.\t." for c, pos, name, ref, alt in sites]
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass
class Read:
    """One alignment record."""

    name: str
    contig: str
    pos: int
    cigar: str
    sequence: str
    flag: int = 0
    mapq: int = 60
    quality: str = ""
    mate: int = -1
    template: int = 0

    def sam(self) -> str:
        """Return the record as a line of SAM."""
        mate = ("=", str(self.mate + 1)) if self.mate >= 0 else ("*", "0")
        fields = [self.name, str(self.flag), self.contig, str(self.pos + 1), str(self.mapq)]
        fields += [self.cigar, *mate, str(self.template), self.sequence]
        return "\t".join([*fields, self.quality or chr(USUAL + 33) * len(self.sequence)]) + "\n"


def write_bam(
    path: Path,
    contigs: dict[str, int],
    reads: Iterable[Read],
    sample: str | None = "",
    groups: str | None = None,
    index: bool = True,
    reference: Path | None = None,
) -> Path:
    """Write a sorted, indexed BAM (CRAM if `path` ends so); `sample` is its name if not given.

    `groups` replaces the @RG lines.
    """
    sample = path.stem if sample == "" else sample
    if groups is None:
        groups = f"@RG\tID=1\tSM={sample}\n".replace("=", ":") if sample else "@RG\tID:1\n"
    sam = path.with_suffix(".sam")
    with sam.open("w") as out:
        out.write("@HD\tVN:1.6\tSO:unsorted\n")
        out.writelines(f"@SQ\tSN:{name}\tLN:{length}\n" for name, length in contigs.items())
        out.write(groups)
        out.writelines(read.sam() for read in reads)
    extra = []
    if path.suffix == ".cram":
        extra = ["-O", "cram", "--reference", str(reference)]
    pysam.samtools.sort("-o", str(path), *extra, str(sam), catch_stdout=False)
    sam.unlink()
    if index:
        pysam.samtools.index(str(path))
    return path


@dataclass
class Fragment:
    """A fragment as the sequencer reads it, before variants are put in.

    Attributes
    ----------
    start : int
    insert, length : int
        Bases of the fragment and of each read.
    first_forward : bool
        Read 1 is the forward (left) read: F1R2.
    """

    start: int
    insert: int
    length: int
    first_forward: bool
    paired: bool = True

    def left(self, pos: int) -> bool:
        """Return whether the forward read covers a position."""
        return self.start <= pos < self.start + self.length

    def right(self, pos: int) -> bool:
        """Return whether the reverse read covers a position."""
        end = self.start + self.insert
        return self.paired and end - self.length <= pos < end

    def near_end(self, pos: int, within: int) -> bool:
        """Return whether every read over a position has it `within` bases of one of its ends."""
        end = self.start + self.insert
        spans = [(self.start, self.start + self.length), (end - self.length, end)]
        over = [(a, b) for a, b in spans if a <= pos < b]
        return bool(over) and all(min(pos - a, b - 1 - pos) < within for a, b in over)


@dataclass
class Variant:
    """Bases `ref` at `pos` replaced by `alt` in a fraction of a sample's fragments.

    Attributes
    ----------
    af : dict of sample name to allele frequency
    only : predicate of fragments
        Which of them can carry it; `af` is the fraction of those.
    mapq : int
        Mapping quality of reads of fragments that carry it.
    scars : int
        Mismatches at random places of each read that carries it.
    clip : bool or int
        The aligner soft-clips at the event instead of opening a gap; a number: where fewer bases
        of a read lie beyond it.
    lazy : int
        Where fewer bases of a read lie beyond the event, the aligner lays them on without a gap.
    block : int
        Variants of one number are on the same molecules.
    """

    pos: int
    ref: str
    alt: str
    af: dict[str, float] = field(default_factory=dict)
    only: Callable[[Fragment], bool] | None = None
    mapq: int = 60
    scars: int = 0
    clip: bool | int = False
    lazy: int = 0
    block: int = -1

    @property
    def end(self) -> int:
        """End of the replaced span."""
        return self.pos + len(self.ref)

    def vcf(self, sequence: str) -> tuple[int, str, str]:
        """Return (POS, REF, ALT) of the VCF; an indel is padded but not left-aligned."""
        if self.ref and self.alt:
            return self.pos + 1, self.ref, self.alt
        base = sequence[self.pos - 1]
        return self.pos, base + self.ref, base + self.alt


def pieces(sequence: str, start: int, stop: int, variants: list[Variant]):
    """Return (bases, reference position of each, -1 = inserted, events that aligners fail at).

    An event is (first base, end, lazy, clip), in bases of the molecule.
    """
    bases, where, cuts = [], [], []
    at = start
    for v in variants:
        bases.append(sequence[at : v.pos])
        where.extend(range(at, v.pos))
        if v.clip or v.lazy:
            cuts.append((len(where), len(where) + len(v.alt), v.lazy, v.clip))
        matched = min(len(v.ref), len(v.alt))
        bases.append(v.alt)
        where.extend(range(v.pos, v.pos + matched))
        where.extend([-1] * (len(v.alt) - matched))
        at = v.end
    bases.append(sequence[at:stop])
    where.extend(range(at, stop))
    return "".join(bases), where, cuts


def cigar_of(where: list[int]) -> tuple[int, str]:
    """Return (position, CIGAR) of a read whose bases stand at these reference positions.

    Unplaced bases are an insertion inside and a soft clip at the ends.
    """
    placed = [i for i, w in enumerate(where) if w >= 0]
    first, last = placed[0], placed[-1]
    operations: list[list] = []

    def add(op: str, n: int) -> None:
        if operations and operations[-1][1] == op:
            operations[-1][0] += n
        elif n:
            operations.append([n, op])

    add("S", first)
    expected = where[first]
    for w in where[first : last + 1]:
        if w < 0:
            add("I", 1)
            continue
        add("D", w - expected) if w > expected else None
        add("M", 1)
        expected = w + 1
    add("S", len(where) - 1 - last)
    return where[first], "".join(f"{n}{op}" for n, op in operations)


def clipped(
    where: list[int],
    cuts: list[tuple[int, int, int, bool | int]],
    start: int,
    bases: str,
    sequence: str,
) -> list[int]:
    """Return `where` as an aligner leaves it that does not find each event.

    The side of an event that can be placed less far is left unplaced; or, with `lazy` and fewer
    bases than that, laid on without a gap.

    `cuts` are in bases of the molecule, `start` is the molecule base that the read starts at.
    """
    where = list(where)
    for a, b, lazy, clip in cuts:
        a, b = max(a - start, 0), b - start
        if b <= 0 or a >= len(where):
            continue
        before, after = a, len(where) - b
        if clip is not True and clip and min(before, after) >= clip:
            continue
        if lazy:
            if 0 < after < lazy and before >= after:
                where[a:] = [where[a - 1] + 1 + i for i in range(len(where) - a)]
            elif 0 < before < lazy:
                where[:b] = [where[b] - b + i for i in range(b)]
        else:
            b = min(b, len(where))
            sides = [
                where[:a] + [-1] * (len(where) - a),
                [-1] * b + where[b:],
            ]
            copy = sequence.find(bases[a:b]) if b - a >= SEED else -1
            if copy >= 0:
                run = list(range(copy, copy + b - a))
                sides.append([-1] * a + run + [-1] * (len(where) - b))
            where = max((extended(side, bases, sequence) for side in sides), key=placed)
    return where


def placed(where: list[int]) -> int:
    """Return how many bases are placed."""
    return sum(w >= 0 for w in where)


def extended(where: list[int], bases: str, sequence: str) -> list[int]:
    """Return `where` with unplaced ends placed as far as they go on as the reference does."""
    where = list(where)
    there = [i for i, w in enumerate(where) if w >= 0]
    if not there:
        return where
    for i in range(there[-1] + 1, len(where)):
        if bases[i] != sequence[where[i - 1] + 1]:
            break
        where[i] = where[i - 1] + 1
    for i in range(there[0] - 1, -1, -1):
        if bases[i] != sequence[where[i + 1] - 1]:
            break
        where[i] = where[i + 1] - 1
    return where


@dataclass
class Patient:
    """Samples of one patient over one contig, and the variants they carry.

    Attributes
    ----------
    sequence : str
        Of the contig.
    targets : list of (start, end)
    variants : list of Variant
        Those that share a fragment must not overlap each other.
    samples : dict of name to depth
    length, insert : int
    inside : bool
        Fragments begin inside inserted sequence, too, as often as anywhere on its molecules.
    error : float
        Sequencing errors per base, at quality 37.
    """

    sequence: str
    targets: list[tuple[int, int]]
    variants: list[Variant]
    samples: dict[str, int]
    length: int = 100
    insert: int = 240
    error: float = 5e-4
    paired: bool = True
    inside: bool = False
    contig: str = "chr1"
    seed: int = 1
    # further reads of a sample, by its name
    extra: dict[str, list[Read]] = field(default_factory=dict)

    def reads(self, sample: str) -> list[Read]:
        """Return the reads of a sample."""
        rng = random.Random(f"{self.seed} {sample}")
        carried = [v for v in self.variants if v.af.get(sample, 0) > 0]
        carried.sort(key=lambda v: v.pos)
        made: list[Read] = []
        per_fragment = 2 * self.length if self.paired else self.length
        for begin, stop in self.targets:
            lowest = max(0, begin - self.insert)
            highest = min(len(self.sequence) - self.insert - 300, stop)
            number = round(self.samples[sample] * (highest - lowest) / per_fragment)
            for n in range(number):
                insert = self.insert + rng.randint(-15, 15) if self.paired else self.length
                fragment = Fragment(
                    lowest + (n * (highest - lowest)) // number,
                    insert,
                    self.length,
                    n % 2 == 0,
                    self.paired,
                )
                name = f"{sample}.{begin}.{n}"
                made += self.sequenced(
                    fragment, self.choose(fragment, carried, sample, rng), name, rng
                )
            for v in carried if self.inside else []:
                # As dense as the molecules with the variant are.
                dense = number / max(highest - lowest, 1) * v.af[sample]
                for n in range(round(dense * len(v.alt)) if begin <= v.pos < stop else 0):
                    rest = replace(v, alt=v.alt[1 + int(n / dense) % len(v.alt) :])
                    insert = self.insert + rng.randint(-15, 15) if self.paired else self.length
                    fragment = Fragment(v.pos, insert, self.length, n % 2 == 0, self.paired)
                    made += self.sequenced(fragment, [rest], f"{sample}.{v.pos}.in{n}", rng)
        return made + self.extra.get(sample, [])

    def choose(self, fragment, carried, sample, rng) -> list[Variant]:
        """Return the variants that a fragment carries."""
        drawn: dict[int, float] = {}
        chosen: list[Variant] = []
        for v in carried:
            indel = len(v.ref) != len(v.alt)
            if not fragment.start + indel <= v.pos <= fragment.start + fragment.insert + 1:
                continue
            draw = drawn.setdefault(v.block, rng.random()) if v.block >= 0 else rng.random()
            able = v.only is None or v.only(fragment)
            if able and draw < v.af[sample] and (not chosen or chosen[-1].end <= v.pos):
                chosen.append(v)
        return chosen

    def sequenced(self, fragment: Fragment, variants, name: str, rng) -> list[Read]:
        """Return the one or two reads of a fragment."""
        stop = fragment.start + fragment.insert + sum(len(v.ref) for v in variants) + 10
        bases, where, cuts = pieces(self.sequence, fragment.start, stop, variants)
        spans = [(0, self.length)]
        if self.paired:
            spans.append((max(0, fragment.insert - self.length), fragment.insert))
        mapq = min((v.mapq for v in variants), default=60)
        scars = sum(v.scars for v in variants)
        result = []
        for which, (a, b) in enumerate(spans):
            there = clipped(where[a:b], cuts, a, bases[a:b], self.sequence)
            if placed(there) < LEAST_PLACED:
                continue
            pos, cigar = cigar_of(there)
            read = list(bases[a:b])
            wrong = {i for i in range(len(read)) if rng.random() < self.error}
            wrong |= {rng.randrange(len(read)) for _ in range(scars)}
            for i in wrong:
                read[i] = other(read[i], rng.randint(1, 3))
            flag = 0
            if self.paired:
                first = fragment.first_forward == (which == 0)
                flag = PAIRED | PROPER | (FIRST if first else SECOND)
                flag |= REVERSE if which else MATE_REVERSE
            elif not fragment.first_forward:
                flag = REVERSE
            result.append(Read(name, self.contig, pos, cigar, "".join(read), flag, mapq))
        if len(result) == 2:
            result[0].mate, result[1].mate = result[1].pos, result[0].pos
        return result

    def write(self, folder: Path) -> "Written":
        """Write reference, targets and a BAM of each sample."""
        folder.mkdir(parents=True, exist_ok=True)
        contigs = {self.contig: len(self.sequence)}
        return Written(
            write_reference(folder / "ref.fa", {self.contig: self.sequence}),
            write_bed(folder / "targets.bed", [(self.contig, a, b) for a, b in self.targets]),
            {
                name: write_bam(folder / f"{name}.bam", contigs, self.reads(name))
                for name in self.samples
            },
        )


@dataclass
class Written:
    """Where a patient's files are; the sample `normal` is the normal."""

    reference: Path
    targets: Path
    bams: dict[str, Path]

    def settings(self, **more) -> Settings:
        """Return the caller's settings."""
        bams = {name: str(path) for name, path in self.bams.items()}
        normal = bams.pop("normal", None)
        return replace(
            Settings(str(self.reference), str(self.targets), list(bams.values()), normal), **more
        )

    def call(self, output: Path | None = None, **more) -> "Calls":
        """Call the patient through the whole caller."""
        caller = Caller(self.settings(**more))
        records = caller.records() if output is None else caller.run(str(output)).records
        return Calls(caller, records)


@dataclass
class Calls:
    """What the caller found."""

    caller: Caller
    records: list

    def find(self, pos: int, ref: str, alt: str):
        """Return the record of a VCF allele (1-based), None if there is none."""
        found = [r for r in self.records if (r.pos, r.ref, r.alt) == (pos, ref, alt)]
        assert len(found) <= 1, f"{len(found)} records of one allele"
        return found[0] if found else None

    def passing(self) -> list[tuple[int, str, str]]:
        """Return the alleles that pass."""
        return [(r.pos, r.ref, r.alt) for r in self.records if not r.filters]

    def filters(self, pos: int, ref: str, alt: str) -> list[str] | None:
        """Return the filters of a record, None if there is no record."""
        record = self.find(pos, ref, alt)
        return None if record is None else record.filters

    def samples(self, record) -> dict[str, dict]:
        """Return the FORMAT fields by sample name."""
        return dict(zip((s.name for s in self.caller.samples), record.samples, strict=True))


def left_out(said: str) -> str:
    """Return warnings but those of the assay: no duplicate is flagged in simulated reads."""
    return "".join(line for line in said.splitlines(True) if "as a duplicate" not in line)
