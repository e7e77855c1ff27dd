"""Pairs of substitutions in one codon, planted in reads of real sequence: is each protein right?

    python -m benchmarks.codon_pairs --seed 1 --patients 20
    python -m benchmarks.codon_pairs --seed 1 --report

A patient has a normal, a tumour and ten pairs in codons of both strands: within an exon, at its
border, or divided by an intron. Both substitutions are on the same molecules, the second one on a
part of them (subclone), each in a clone of its own, or the first one is inherited, on the same
haplotype, the other one or both. Fragments are drawn from hg38, sequenced by ART, aligned by bwa,
called and annotated. A pair is right if each protein change that a molecule has is named, and none
that no molecule has; the truth is the translated molecule, apart from the package. Where fewer than
`KNOWN` fragments with an allele cover the other base, and across an intron beside an inherited
allele, a caution with both readings is right.

``--report`` takes pairs at catalogued codons of drug targets, drawn once before and once after the
drug, through compare and resist to the report, and prints what its verdict names.
"""

import argparse
import functools
import itertools
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam

from benchmarks import genome
from benchmarks.fragments import Library, Molecules, mix, touches
from benchmarks.genome import Segment
from benchmarks.named_events import step
from benchmarks.reversions import on_window, whole
from benchmarks.trio import align, sequence
from benchmarks.truth import draw_germline
from benchmarks.variants import Variant, reverse_complement
from resistpanel.panel.genes import Gene
from resistpanel.panel.write import gff3_text

PER_PATIENT = 10
READ_LENGTH = 100
#: Bases of target on either side of a substituted base.
REACH = 80
#: Introns that divide a codon, at most, so that one segment holds both substitutions.
LONGEST_INTRON = 2000
#: Bases between a substitution and other inherited variants, at least.
APART = 25
#: Fraction of the molecules that each planted kind is, at least; what else is left of an inherited
#: haplotype is left out below it.
LEAST = 0.04
#: Depth of the normal, of that of the tumour.
NORMAL_DEPTH = 0.5
#: Fragments with an allele that cover the other base, from which on their phase must be known.
KNOWN = 8
KINDS = ("together", "subclone", "separate", "cis", "trans", "homozygous")
#: Those of which the first substitution is inherited.
INHERITED = ("cis", "trans", "homozygous")
PLACES = ("inside", "border", "divided")
SAMPLES = ("normal", "tumor")
#: NCBI table 1, codons in the order of TCAG.
AMINO = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODE = dict(zip(map("".join, itertools.product("TCAG", repeat=3)), AMINO, strict=True))
LETTERS = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu", "G": "Gly",
    "H": "His", "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe", "P": "Pro", "S": "Ser",
    "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val", "*": "Ter",
}  # fmt: skip
#: What `--report` plants: gene, first change (known to resist the drug), driver, disease, drug.
REPORTED = (
    ("EGFR", "T790M", "L858R", "NSCLC", "erlotinib"),
    ("EGFR", "C797S", "L858R", "NSCLC", "osimertinib"),
    ("EGFR", "L718Q", "L858R", "NSCLC", "osimertinib"),
    ("EGFR", "L792H", "L858R", "NSCLC", "osimertinib"),
    ("KIT", "T670I", "V560D", "GIST", "imatinib"),
    ("KIT", "V654A", "V560D", "GIST", "imatinib"),
    ("KIT", "D816V", "V560D", "GIST", "imatinib"),
    ("KIT", "N822K", "V560D", "GIST", "imatinib"),
    ("KIT", "Y823D", "V560D", "GIST", "imatinib"),
    ("KIT", "A829P", "V560D", "GIST", "imatinib"),
)


@dataclass
class Pair:
    """Two substitutions of one codon and the molecules of each sample.

    Attributes
    ----------
    residue : int
        1-based.
    variants : tuple of two Variant
        On the window, forward strand.
    af : float
        Of the second substitution in the tumour, or of each of two separate ones.
    molecules : dict
        By sample: (haplotype, indices of the pair's variants that it has, fraction).
    inherited : list of (Variant, haplotypes)
        Beside the pair.
    spanning : dict of index to int
        Fragments of all samples with an allele that cover the other base.
    """

    gene: Gene
    residue: int
    place: str
    kind: str
    variants: tuple[Variant, Variant]
    segment: Segment
    targets: list[tuple]
    af: float
    molecules: dict[str, list[tuple[str, tuple[int, ...], float]]]
    inherited: list[tuple[Variant, str]] = field(default_factory=list)
    spanning: dict[int, int] = field(default_factory=dict)

    @property
    def positions(self) -> tuple[int, int]:
        return self.variants[0].pos, self.variants[1].pos

    @property
    def haplotypes(self) -> dict[tuple[int, ...], float]:
        """What a molecule can have of the two, with its largest fraction of a sample."""
        found: dict[tuple[int, ...], float] = {}
        for rows in self.molecules.values():
            for _, which, _ in rows:
                part = sum(p for _, w, p in rows if w == which)
                if which:
                    found[which] = max(found.get(which, 0), part)
        return found


def coding(gene: Gene, fasta: pysam.FastaFile, variants: Sequence[Variant] = ()) -> str:
    """Return the coding sequence of a molecule with some substitutions, and 900 bases after it."""
    placed = 0
    exons = []
    for start, end in gene.cds:
        bases = list(fasta.fetch(gene.chrom, start, end).upper())
        for variant in variants:
            if start <= variant.pos < end:
                if bases[variant.pos - start] != variant.ref:
                    raise ValueError(f"{variant} is not on the reference")
                bases[variant.pos - start] = variant.alt
                placed += 1
        exons += bases
    if placed != len(variants):
        raise ValueError(f"not in an exon of {gene.symbol}: {variants}")
    first, last = gene.cds[0][0], gene.cds[-1][1]
    if gene.strand == "-":
        after = fasta.fetch(gene.chrom, first - 900, first).upper()
        return reverse_complement(after + "".join(exons))
    return "".join(exons) + fasta.fetch(gene.chrom, last, last + 900).upper()


def protein_change(pair: Pair, which: Sequence[int], fasta: pysam.FastaFile) -> tuple[str, str]:
    """Return the HGVS p. name and the short form of a molecule, by translation."""
    old = coding(pair.gene, fasta)
    new = coding(pair.gene, fasta, [pair.variants[i] for i in which])
    at = 3 * (pair.residue - 1)
    one, two = CODE[old[at : at + 3]], CODE[new[at : at + 3]]
    place = f"{LETTERS[one]}{pair.residue}"
    if pair.residue == 1:
        return "p.Met1?", "M1?"
    if one == two:
        return f"p.{place}=", f"{one}{pair.residue}{one}"
    if one == "*":
        rest = [CODE[new[i : i + 3]] for i in range(at + 3, len(new) - 2, 3)]
        more = rest.index("*") + 1 if "*" in rest else "?"
        return f"p.{place}{LETTERS[two]}extTer{more}", f"*{pair.residue}{two}ext*{more}"
    return f"p.{place}{LETTERS[two]}", f"{one}{pair.residue}{two}"


def mixture(kind: str, af: float, share: float, side: str) -> dict[str, list]:
    """Return the molecules of both samples: (haplotype, indices, fraction).

    `share` is the part of the first substitution's molecules that a subclone has, or the second
    clone's part of what the first one leaves; `side` is the haplotype of the second clone.
    """
    of_a, of_b = {"cis": ((0,), ()), "trans": ((0,), ()), "homozygous": ((0,), (0,))}.get(
        kind, ((), ())
    )
    new: list[tuple[str, tuple[int, ...], float]] = []
    if kind == "together":
        new = [("A", (0, 1), af)]
    elif kind == "subclone":
        part = min(max(af * share, LEAST), af - LEAST)
        new = [("A", (0, 1), part), ("A", (0,), af - part)]
    elif kind == "separate":
        new = [("A", (0,), af), (side, (1,), max((1 - af) * share, LEAST))]
    elif kind == "trans":
        new = [("B", (1,), af)]
    else:
        new = [("A", (0, 1), af)]
    left = {s: max(0.5 - sum(p for name, _, p in new if name == s), 0) for s in "AB"}
    rest = 1 - sum(p for _, _, p in new)
    scale = rest / sum(left.values()) if sum(left.values()) else 0
    tumor = [*new, ("A", of_a, left["A"] * scale), ("B", of_b, left["B"] * scale)]
    kept = [row for row in tumor if row[2] >= LEAST]
    total = sum(p for *_, p in kept)
    return {
        "normal": [("A", of_a, 0.5), ("B", of_b, 0.5)],
        "tumor": [(name, which, p / total) for name, which, p in kept],
    }


@functools.cache
def panel(contigs: tuple[str, ...]) -> tuple[tuple[Gene, dict[str, list[int]]], ...]:
    """Return the genes on their windows, each with its residues by place."""
    genes = (on_window(name, list(contigs)) for name in genome.GENES)
    return tuple((gene, places_of(gene)) for gene in genes)


def places_of(gene: Gene) -> dict[str, list[int]]:
    """Return the residues of a gene by where their codon lies."""
    found: dict[str, list[int]] = {place: [] for place in PLACES}
    for residue in range(1, gene.residues + 1):
        codon = sorted(gene.codon(residue))
        exons = {gene.exon(pos) for pos in codon}
        ends = [end for exon in gene.cds for end in (exon[0], exon[1] - 1)]
        if len(exons) > 1:
            if codon[2] - codon[0] <= LONGEST_INTRON:
                found["divided"].append(residue)
        elif any(pos in ends for pos in codon):
            found["border"].append(residue)
        else:
            found["inside"].append(residue)
    return found


def draw_pair(
    rng: np.random.Generator,
    gene: Gene,
    residue: int,
    place: str,
    kind: str,
    fasta: pysam.FastaFile,
) -> Pair:
    """Draw the substitutions of a codon and the molecules that have them."""
    codon = gene.codon(residue)
    while True:
        chosen = [codon[int(k)] for k in rng.choice(3, 2, replace=False)]
        if place != "divided" or gene.exon(chosen[0]) != gene.exon(chosen[1]):
            break
    variants = []
    for pos in chosen:
        base = fasta.fetch(gene.chrom, pos, pos + 1).upper()
        alt = str(rng.choice([b for b in "ACGT" if b != base]))
        variants.append(Variant(gene.chrom, pos, base, alt))
    af = round(float(rng.uniform(0.1, 0.9)), 3)
    share = round(float(rng.uniform(0.15, 0.85)), 3)
    molecules = mixture(kind, af, share, str(rng.choice(["A", "B"])))
    spots = genome.merge([(gene.chrom, p - REACH, p + REACH, f"{gene.symbol}|p") for p in chosen])
    segment = whole(gene, spots[0][1] - genome.PAD, spots[-1][2] + genome.PAD, fasta)
    for _, start, end, _ in spots:
        segment.on_target[start - segment.start : end - segment.start] = True
    inherited = [
        (g.variant, g.haplotypes)
        for g in draw_germline(rng, segment)
        if len(g.variant.ref) == len(g.variant.alt)
        and min(abs(g.variant.pos - p) for p in chosen) > APART
    ]
    return Pair(
        gene, residue, place, kind, (variants[0], variants[1]), segment, spots, af, molecules,
        inherited,
    )  # fmt: skip


def make_patient(seed: int, fasta: pysam.FastaFile) -> list[Pair]:
    """Draw a patient's pairs, no two of which share a fragment; kinds and places take turns."""
    rng = np.random.default_rng(seed)
    genes = panel(tuple(fasta.references))
    kinds = [KINDS[(seed + n) % len(KINDS)] for n in range(PER_PATIENT)]
    pairs: list[Pair] = []
    while len(pairs) < PER_PATIENT:
        gene, by_place = genes[int(rng.integers(len(genes)))]
        place = str(rng.choice(PLACES, p=[0.5, 0.2, 0.3]))
        residues = by_place[place]
        if not residues:
            continue
        pair = draw_pair(rng, gene, int(rng.choice(residues)), place, kinds[len(pairs)], fasta)
        taken = (p.segment for p in pairs if p.gene.chrom == gene.chrom)
        if all(pair.segment.end < s.start or s.end < pair.segment.start for s in taken):
            pairs.append(pair)
    return pairs


def write_bam(
    pairs: list[Pair], sample: str, of: str, seed: int, folder: Path, depth: float
) -> Path:
    """Draw, sequence and align a sample with the molecules that the pairs have for `of`."""
    rng = np.random.default_rng([seed, len(sample), sum(map(ord, sample))])
    library = Library(depth=depth, read_length=READ_LENGTH)
    templates = folder / f"{sample}.fa"
    with templates.open("wb") as sink:
        for number, pair in enumerate(pairs):
            kinds = [
                Molecules(
                    f"{side}{''.join(map(str, which))}",
                    [v for v, sides in pair.inherited if side in sides]
                    + [pair.variants[i] for i in which],
                    part,
                )
                for side, which, part in pair.molecules[of]
            ]
            for name, template in mix(rng, pair.segment, str(number), kinds, library):
                sink.write(b">%s\n%s\n" % (name.encode(), template))
            count_spanning(pair, kinds)
    art_seed = 1 + (seed * 101 + sum(map(ord, sample))) % 2_000_000_000
    fastqs = sequence(templates, folder / sample, READ_LENGTH, art_seed)
    bam = folder / f"{sample}.bam"
    align(fastqs, genome.reference(), sample, bam, True, 1)
    for path in (templates, *fastqs):
        path.unlink()
    return bam


def count_spanning(pair: Pair, kinds: list[Molecules]) -> None:
    """Add the fragments with an allele of which the reads cover the other base too."""
    for kind in kinds:
        covered = []
        for variant in pair.variants:
            at = variant.pos - pair.segment.start
            first = touches(kind.start, kind.start + READ_LENGTH, at, at + 1)
            covered.append(first | touches(kind.end - READ_LENGTH, kind.end, at, at + 1))
        both = int((covered[0] & covered[1]).sum())
        for i, variant in enumerate(pair.variants):
            if variant in kind.variants:
                pair.spanning[i] = pair.spanning.get(i, 0) + both


def run(pairs: list[Pair], seed: int, depth: float, folder: Path, fasta) -> list[dict]:
    """Call and annotate a patient; return a row for each pair."""
    folder.mkdir(exist_ok=True, parents=True)
    reference = genome.reference()
    bams = [
        write_bam(pairs, sample, sample, seed, folder, depth * part)
        for sample, part in zip(SAMPLES, (NORMAL_DEPTH, 1), strict=True)
    ]
    write_panel(pairs, folder)
    step("call", "--reference", reference, "--targets", folder / "targets.bed",
         "--normal", bams[0], "--tumor", bams[1], "--output", folder / "call.vcf.gz")  # fmt: skip
    return annotated(pairs, seed, folder, fasta)


def write_panel(pairs: list[Pair], folder: Path) -> None:
    """Write the targets and genes of a patient."""
    genome.write_bed(folder / "targets.bed", genome.merge([t for p in pairs for t in p.targets]))
    genes = {pair.gene.symbol: pair.gene for pair in pairs}
    (folder / "genes.gff3").write_text(gff3_text(genes.values(), "hg38"))


def annotated(pairs: list[Pair], seed: int, folder: Path, fasta) -> list[dict]:
    """Annotate the calls of a patient; return a row for each pair."""
    out = folder / "annotated.vcf.gz"
    step("annotate", "--vcf", folder / "call.vcf.gz", "--genes", folder / "genes.gff3",
         "--reference", genome.reference(), "--output", out)  # fmt: skip
    with pysam.VariantFile(str(out)) as handle:
        records = list(handle)
    return [{"seed": seed} | judge(pair, records, fasta) for pair in pairs]


@dataclass(frozen=True)
class Named:
    """A called or inherited record of a codon, as far as it concerns the pair.

    ``alleles`` are the indices of the pair's variants that it changes, ``molecule`` those and the
    ones of HAPLOTYPE; None of a base that was not planted.
    """

    text: str
    alleles: tuple[int, ...] | None
    molecule: tuple[int, ...] | None
    hgvs: str
    short: tuple[str, ...]
    alone: str | None
    unphased: dict[tuple[int, ...] | None, str]
    phase: dict[tuple[int, ...] | None, tuple[int, int]]
    germline: bool
    af: float
    interval: tuple[float, float]


def planted(pair: Pair, pos: int, ref: str, alt: str) -> tuple[int, ...] | None:
    """Return which variants of the pair an allele (0-based) is; None if it is anything else."""
    if len(ref) != len(alt):
        return None
    changed = [(pos + k, r, a) for k, (r, a) in enumerate(zip(ref, alt, strict=True)) if r != a]
    known = [(v.pos, v.ref, v.alt) for v in pair.variants]
    if any(one not in known for one in changed):
        return None
    return tuple(sorted(known.index(one) for one in changed))


def read_record(pair: Pair, record: pysam.VariantRecord) -> Named:
    """Read what a record says of its codon."""
    info = record.info

    def which(entry: str) -> tuple[int, ...] | None:
        pos, ref, alt = entry.split("_")[:3]
        return planted(pair, int(pos) - 1, ref, alt)

    def words(name: str) -> tuple[str, ...]:
        value = info.get(name) or ()
        return (value,) if isinstance(value, str) else tuple(value)

    alleles = planted(pair, record.start, record.ref, record.alts[0])
    partners = [which(entry) for entry in words("HAPLOTYPE")]
    molecule = None
    if alleles is not None and None not in partners:
        molecule = tuple(sorted({*alleles, *itertools.chain(*partners)}))
    sample = record.samples["tumor"]
    return Named(
        f"{record.chrom}:{record.pos}:{record.ref}:{record.alts[0]}",
        alleles,
        molecule,
        info.get("HGVSP", "").replace("%3D", "="),
        words("PROTEIN"),
        info.get("HGVSP_ALONE"),
        {which(e): e.split("_", 3)[3].replace("%3D", "=") for e in words("HGVSP_UNPHASED")},
        {which(e): tuple(map(int, e.rsplit("_", 2)[1:])) for e in words("PHASE")},
        info.get("MODEL") == "germline",
        sample["AF"][0] if isinstance(sample["AF"], tuple) else sample["AF"],
        sample["AFCI"],
    )


def judge(pair: Pair, records: list[pysam.VariantRecord], fasta: pysam.FastaFile) -> dict:
    """Return a pair's row: what is wrong, and what was named."""
    named = [
        read_record(pair, record)
        for record in records
        if record.chrom == pair.gene.chrom
        and any(record.start <= pos < record.start + len(record.ref) for pos in pair.positions)
        and (set(record.filter) == {"PASS"} or record.info.get("MODEL") == "germline")
        and "absent" not in record.filter
    ]
    exists = {which: protein_change(pair, which, fasta) for which in pair.haplotypes}
    both = protein_change(pair, (0, 1), fasta)
    # The phase may be left open if hardly a fragment with the allele covers the other base, and
    # with an inherited allele across an intron, of which the caller counts no fragments.
    across = pair.place == "divided" and pair.kind in INHERITED
    open_ = {i: across or pair.spanning.get(i, 0) < KNOWN for i in (0, 1)}
    wrong = []
    for one in named:
        others = [i for i in (0, 1) if one.alleles == (1 - i,)]
        if one.molecule is None or one.alleles is None:
            wrong.append(f"{one.text} was not planted: {one.hgvs}")
            continue
        name = protein_change(pair, one.molecule, fasta)
        if (one.hgvs, one.short) != (name[0], (name[1],)):
            wrong.append(f"{one.text} is {one.hgvs} {','.join(one.short)}, not {name[0]} {name[1]}")
        cautioned = bool(others) and one.unphased.get((others[0],)) == both[0]
        if one.molecule not in exists and not cautioned:
            wrong.append(f"{one.text}: no molecule is {one.hgvs}")
        if one.unphased and not all(open_[i] for i in one.alleles):
            wrong.append(f"{one.text} is left open: {one.phase}")
        for other, (cis, trans) in one.phase.items():
            if other is None or cis + trans < 3:
                continue
            joint = tuple(sorted({*one.alleles, *other}))
            if joint not in exists and cis > trans:
                wrong.append(f"{one.text}: {cis} fragments in cis")
            if joint in exists and one.alleles not in exists and trans > cis:
                wrong.append(f"{one.text}: {trans} fragments in trans")
    told = {one.molecule for one in named}
    told |= {
        (0, 1) for one in named if both[0] in one.unphased.values() and len(one.alleles or ()) == 1
    }
    wrong += [
        f"{exists[which][0]} at {pair.haplotypes[which]:.1%} is not named"
        for which in exists
        if which not in told
    ]
    inherited = (0,) if pair.kind in INHERITED else None
    wrong += [
        f"{one.text} is {'germline' if one.germline else 'somatic'}"
        for one in named
        if one.alleles is not None and one.germline != (one.alleles == inherited)
    ]
    return {
        "gene": pair.gene.symbol, "strand": pair.gene.strand, "residue": pair.residue,
        "place": pair.place, "kind": pair.kind, "af": pair.af,
        "apart": abs(pair.positions[0] - pair.positions[1]),
        "variants": list(map(str, pair.variants)),
        "molecules": {",".join(map(str, k)): [round(p, 3), *exists[k]]
                      for k, p in pair.haplotypes.items()},
        "spanning": [pair.spanning.get(i, 0) for i in (0, 1)],
        "named": [[one.text, one.hgvs, one.molecule and list(one.molecule), one.alone,
                   list(one.unphased.values()), round(one.af, 4)] for one in named],
        "caution": any(one.unphased for one in named), "wrong": wrong,
    }  # fmt: skip


def substitutions(gene: Gene, change: str, fasta: pysam.FastaFile) -> list[Variant]:
    """Return the substitutions of one base that make a protein change, such as T790M."""
    residue, old = int(change[1:-1]), coding(gene, fasta)
    codon = old[3 * (residue - 1) : 3 * residue]
    if CODE[codon] != change[0]:
        raise ValueError(f"{gene.symbol} has {CODE[codon]}{residue}, not {change}")
    found = []
    for pos, base in itertools.product(gene.codon(residue), "ACGT"):
        ref = fasta.fetch(gene.chrom, pos, pos + 1).upper()
        if base != ref:
            variant = Variant(gene.chrom, pos, ref, base)
            new = coding(gene, fasta, [variant])[3 * (residue - 1) : 3 * residue]
            if CODE[new] == change[-1]:
                found.append(variant)
    return found


def reported_pairs(
    rng: np.random.Generator, row: tuple, kind: str, fasta: pysam.FastaFile
) -> list[Pair]:
    """Return a patient of `--report`: a pair after the drug, and the driver before and after it.

    The pair's protein change is none of the first one's, of the second one's or of none.
    """
    symbol, change, driver, *_ = row
    gene = next(g for g, _ in panel(tuple(fasta.references)) if g.symbol == symbol)
    first = substitutions(gene, change, fasta)[0]
    residue = int(change[1:-1])
    while True:
        pair = draw_pair(rng, gene, residue, "inside", kind, fasta)
        second = pair.variants[1]
        if second.pos == first.pos:
            continue
        pair.variants = (first, second)
        names = [protein_change(pair, which, fasta)[1] for which in ((0,), (1,), (0, 1))]
        if names[2] not in names[:2] and names[2][-1] not in ("*", change[0]):
            break
    pair.molecules = mixture(kind, 0.3, 0.4, "A")
    pair.molecules |= {"pre": pair.molecules["normal"], "post": pair.molecules["tumor"]}
    other = draw_pair(rng, gene, int(driver[1:-1]), "inside", "together", fasta)
    other.variants = (substitutions(gene, driver, fasta)[0], other.variants[1])
    shared = [("A", (0,), 0.35), ("A", (), 0.15), ("B", (), 0.5)]
    other.molecules = {"normal": pair.molecules["normal"], "pre": shared, "post": shared}
    return [pair, other]


def report(number: int, seed: int, depth: float, folder: Path, fasta) -> dict:
    """Take a patient through all stages; return what the report names."""
    row, kind = REPORTED[number], ("together", "subclone")[number % 2]
    rng = np.random.default_rng(seed)
    pairs = reported_pairs(rng, row, kind, fasta)
    folder.mkdir(exist_ok=True, parents=True)
    bams = {s: write_bam(pairs, s, s, seed, folder, depth) for s in ("normal", "pre", "post")}
    write_panel(pairs, folder)
    genes = folder / "genes.gff3"
    targets, both = folder / "targets.bed", ["--reference", genome.reference()]
    lines = ["patient\tsample\tbam\trole\ttimepoint\tday\tlesion\tdrugs\tdisease"]
    lines += [
        f"P\t{name}\t{bam}\t{role}\t{time}\t{day}\t\t{drugs}\t{row[3]}"
        for (name, bam), (role, time, day, drugs) in zip(
            bams.items(),
            (("normal", "", "", ""), ("tumor", "pre", "0", ""), ("tumor", "post", "200", row[4])),
            strict=True,
        )
    ]
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    out = {n: folder / n for n in ("sheet.json", "compare.json", "resist.json", "qc.json")}
    calls, vcf, page = (folder / n for n in ("call.vcf.gz", "annotated.vcf.gz", "report.json"))
    step("sheet", "--samples", folder / "samples.tsv", *both, "--build", "hg38",
         "--targets", targets, "--genes", genes, "--patient", "P",
         "--output", out["sheet.json"])  # fmt: skip
    sites = folder / "sites.vcf"
    step("catalog", "sites", "--genes", genes, *both, "--targets", targets, "--output", sites)
    step("call", *both, "--targets", targets, "--sites", sites, "--normal", bams["normal"],
         "--tumor", bams["pre"], "--tumor", bams["post"], "--output", calls)  # fmt: skip
    step("annotate", "--vcf", calls, "--genes", genes, *both, "--output", vcf)
    step("compare", "--vcf", vcf, "--sheet", out["sheet.json"], "--output", out["compare.json"])
    step("resist", "--compare", out["compare.json"], "--sheet", out["sheet.json"], "--genes", genes,
         "--targets", targets, *both, "--output", out["resist.json"])  # fmt: skip
    step("qc", "--sheet", out["sheet.json"], "--targets", targets, *both,
         "--output", out["qc.json"])  # fmt: skip
    step("report", "--sheet", out["sheet.json"], "--qc", out["qc.json"],
         "--compare", out["compare.json"], "--resist", out["resist.json"], "--vcf", vcf,
         "--genes", genes, "--output-json", page)  # fmt: skip
    found = json.loads(page.read_text())["resist"]
    joint = protein_change(pairs[0], (0, 1), fasta)[1]
    findings = [f for f in found["findings"] if joint in str(f.get("protein"))]
    return {
        "gene": row[0], "first": row[1], "joint": joint, "kind": kind, "drug": row[4],
        "verdict": found["verdict"]["sentence"],
        "named": f"{row[0]} p.{joint}" in found["verdict"]["sentence"],
        "finding": [[f.get("label"), f.get("effect"), f.get("state")] for f in findings],
    }  # fmt: skip


def table(rows: list[dict]) -> list[str]:
    """Return how many pairs are right, by kind and place, as lines of Markdown."""
    lines = ["| kind | " + " | ".join([*PLACES, "all"]) + " |", "|---|" + "---|" * 4]
    for kind in (*KINDS, "all"):
        mine = [row for row in rows if kind in (row["kind"], "all")]
        cells = [[r for r in mine if place in (r["place"], "all")] for place in (*PLACES, "all")]
        lines.append(f"| {kind} | " + " | ".join(map(_share, cells)) + " |")
    by = {
        "strand +": [r for r in rows if r["strand"] == "+"],
        "strand -": [r for r in rows if r["strand"] == "-"],
        "AF below 0.3": [r for r in rows if r["af"] < 0.3],
        "AF 0.3 to 0.6": [r for r in rows if 0.3 <= r["af"] < 0.6],
        "AF 0.6 and above": [r for r in rows if r["af"] >= 0.6],
        "with a caution": [r for r in rows if r["caution"]],
    }
    lines += ["", *(f"{name}: {_share(some)}" for name, some in by.items()), ""]
    lines += [
        f"{r['seed']} {r['gene']} {r['residue']} {r['kind']} {r['place']} {r['af']}: {w}"
        for r in rows
        for w in r["wrong"]
    ]
    return lines


def _share(rows: list[dict]) -> str:
    return f"{sum(not row['wrong'] for row in rows)} of {len(rows)}" if rows else ""


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first patient")
    parser.add_argument("--depth", type=float, default=500.0)
    parser.add_argument("--report", action="store_true", help="at catalogued codons, to the report")
    parser.add_argument("--keep", type=Path, help="keep the files of each patient here")
    parser.add_argument("--output", type=Path, help="rows as JSON lines, appended")
    parser.add_argument("--table", type=Path, nargs="+", help="print the tables of such rows")
    args = parser.parse_args(argv)
    if args.table:
        rows = [json.loads(line) for path in args.table for line in path.open()]
        print("\n".join(table(rows)))
        return 0
    rows = []
    with pysam.FastaFile(str(genome.reference())) as fasta:
        for number in range(args.first, args.first + args.patients):
            seed = args.seed * 1000 + number
            with tempfile.TemporaryDirectory() as scratch:
                folder = args.keep / str(seed) if args.keep else Path(scratch)
                if args.report:
                    print(json.dumps(report(number, seed, args.depth, folder, fasta)), flush=True)
                    continue
                mine = run(make_patient(seed, fasta), seed, args.depth, folder, fasta)
            if args.output:
                with args.output.open("a") as sink:
                    sink.writelines(json.dumps(row) + "\n" for row in mine)
            for row in mine:
                for wrong in row["wrong"]:
                    print(row["gene"], row["residue"], row["kind"], wrong, file=sys.stderr)
            rows += mine
    if rows:
        print("\n".join(table(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
