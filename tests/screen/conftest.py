"""A simulated screen: a cDNA, clones with planted and chance substitutions, their reads."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam
import pytest

from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.extras.count_codons import CodonCounts

CODONS = 393
READ, INSERT = 75, 200
#: Vector on both sides, so that the ends of the coding sequence are read like its middle.
FLANK = "ACGTTGCA" * 25


@dataclass
class Library:
    """A simulated library.

    Attributes
    ----------
    coding : str
    clones : list of dict
        Per clone the changed codons, by 0-based codon index.
    planted : dict of str to int
        Resistant substitutions in short form, with the number of clones that carry each.
    """

    coding: str
    clones: list[dict[int, str]]
    planted: dict[str, int] = field(default_factory=dict)

    def share(self, short: str) -> float:
        """Return the true share of the clones that carry a substitution."""
        index, alt = int(short[1:-1]) - 1, short[-1]
        carriers = sum(GENETIC_CODE.get(clone.get(index, "")) == alt for clone in self.clones)
        return carriers / len(self.clones)


def random_coding(rng) -> str:
    sense = [codon for codon, residue in GENETIC_CODE.items() if residue != "*"]
    return "ATG" + "".join(rng.choice(sense, CODONS - 1))


def chance_changes(rng, coding: str, per_clone: float) -> dict[int, str]:
    """Return the passengers of a clone: single-base changes at random places."""
    changed: dict[int, str] = {}
    for position in rng.integers(0, len(coding), rng.poisson(per_clone)):
        index, phase = divmod(int(position), 3)
        codon = coding[3 * index : 3 * index + 3]
        base = rng.choice([b for b in "ACGT" if b != codon[phase]])
        changed[index] = codon[:phase] + str(base) + codon[phase + 1 :]
    return changed


def resistant_library(rng, coding: str, sizes: list[int], clones: int = 1000) -> Library:
    """Return surviving clones; `sizes` gives how many carry each planted substitution."""
    indices = rng.choice(np.arange(1, CODONS), len(sizes), replace=False)
    pool: list[dict[int, str]] = []
    planted = {}
    for index, size in zip(map(int, indices), sizes, strict=True):
        reference = coding[3 * index : 3 * index + 3]
        options = [
            codon
            for codon, residue in GENETIC_CODE.items()
            if residue not in {"*", GENETIC_CODE[reference]}
            and sum(a != b for a, b in zip(codon, reference, strict=True)) == 1
        ]
        codon = str(rng.choice(options))
        planted[f"{GENETIC_CODE[reference]}{index + 1}{GENETIC_CODE[codon]}"] = size
        pool += [chance_changes(rng, coding, 1.0) | {index: codon} for _ in range(size)]
    pool += [chance_changes(rng, coding, 1.0) for _ in range(clones - len(pool))]
    return Library(coding, pool, planted)


def write_reads(path: Path, library: Library, pairs: int, rng, error: float = 0.002) -> Path:
    """Write read pairs of 2x75 bases from random clones, with sequencing errors, sorted."""
    cdna = FLANK + library.coding + FLANK
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "cdna", "LN": len(cdna)}]}
    chosen = rng.integers(0, len(library.clones), pairs)
    starts = rng.integers(0, len(cdna) - INSERT + 1, pairs)
    records = []
    for number, (clone, start) in enumerate(zip(chosen, starts, strict=True)):
        fragment = list(cdna[start : start + INSERT])
        for index, codon in library.clones[clone].items():
            for phase, base in enumerate(codon):
                place = len(FLANK) + 3 * index + phase - start
                if 0 <= place < INSERT:
                    fragment[place] = base
        for offset, flag in ((0, 99), (INSERT - READ, 147)):
            bases = fragment[offset : offset + READ]
            for place in np.flatnonzero(rng.random(READ) < error):
                bases[place] = str(rng.choice([b for b in "ACGT" if b != bases[place]]))
            records.append((int(start) + offset, number, flag, "".join(bases)))
    records.sort()
    quality = pysam.qualitystring_to_array("I" * READ)
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for position, number, flag, bases in records:
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag, read.mapping_quality = f"f{number}", flag, 60
            read.reference_id, read.reference_start = 0, position
            read.cigartuples = [(0, READ)]
            read.query_sequence, read.query_qualities = bases, quality
            bam.write(read)
    return path


def counts(rng, library: Library, depth: int, error: float, shares=None) -> CodonCounts:
    """Return codon counts of a library at one depth.

    `error` is the share of reads that show each change by one base; `shares` are the clones'
    shares of the cells, equal if not given.
    """
    coding = library.coding
    carried: Counter = Counter()
    shares = np.full(len(library.clones), 1 / len(library.clones)) if shares is None else shares
    for clone, share in zip(library.clones, shares, strict=True):
        for change in clone.items():
            carried[change] += share
    changed = Counter()
    for place, base in itertools.product(range(len(coding)), "ACGT"):
        if base != coding[place]:
            first = place - place % 3
            codon = coding[first:place] + base + coding[place + 1 : first + 3]
            carried.setdefault((place // 3, codon), 0.0)
    for (index, codon), share in carried.items():
        if codon != coding[3 * index : 3 * index + 3]:
            changed[index, codon] = int(rng.binomial(depth, min(1.0, share + error)))
    return CodonCounts(np.full(len(coding) // 3, depth), +changed, depth)


def saturating(rng, coding: str, depth: int, error: float, clones: int = 50_000) -> CodonCounts:
    """Return the counts of a library of so many clones with one change by one base each."""
    codons = [coding[i : i + 3] for i in range(0, len(coding), 3)]
    changed = Counter()
    for index, codon in enumerate(codons):
        for phase, base in itertools.product(range(3), "ACGT"):
            if base != codon[phase]:
                share = rng.poisson(clones / (3 * len(coding))) / clones
                other = codon[:phase] + base + codon[phase + 1 :]
                changed[index, other] = int(rng.binomial(depth, share + error))
    return CodonCounts(np.full(len(codons), depth), +changed, depth)


@pytest.fixture
def fasta(tmp_path):
    """Write a cDNA as indexed FASTA."""

    def write(coding: str, name: str = "cdna") -> Path:
        path = tmp_path / "cdna.fa"
        path.write_text(f">{name}\n{coding}\n")
        pysam.faidx(str(path))
        return path

    return write


@pytest.fixture
def tools():
    """The simulation's functions, for the tests."""
    from types import SimpleNamespace

    return SimpleNamespace(
        random_coding=random_coding,
        chance_changes=chance_changes,
        resistant_library=resistant_library,
        write_reads=write_reads,
        counts=counts,
        saturating=saturating,
        Library=Library,
        flank=FLANK,
    )
