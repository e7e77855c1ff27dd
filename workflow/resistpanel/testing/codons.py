"""The genetic code, codon usage, and coding sequences that keep known codons."""

import dataclasses
import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from resistpanel.core.builds import build_of_text
from resistpanel.core.errors import InputError
from resistpanel.core.sequence import CODONS, GENETIC_CODE
from resistpanel.core.tables import read_tsv
from resistpanel.panel.genes import Gene
from resistpanel.testing.testing_constants import LONGEST_RUN

#: Human codon usage per thousand (Nakamura, Gojobori and Ikemura, Nucleic Acids Res 2000,
#: 28:292; Homo sapiens), in the order of `CODONS`.
_USAGE = """
    24.4 19.1 31.9 17.0  15.1 18.9 6.1 13.1  12.2 19.5 12.0 12.1  7.5 20.8 22.0 16.0
    12.3 15.1 34.2 10.9  16.9 19.8 6.9 17.5  6.2 10.4 11.4 4.5  7.2 19.6 39.6 13.2
    29.0 25.1 39.6 21.8  15.8 27.7 7.4 18.4  16.5 22.2 16.5 10.8  7.1 14.5 28.1 11.0
    1.0 15.3 0.8 12.2  12.2 17.7 4.4 15.2  1.6 12.6 13.2 10.6  7.7 20.3 12.9 17.6"""
USAGE = dict(zip(CODONS, map(float, _USAGE.split()), strict=True))


@dataclasses.dataclass(frozen=True)
class KnownCodon:
    """A codon that the synthetic genome keeps: `pos` are 0-based, in coding order."""

    gene: str
    residue: int
    aa: str
    codon: str
    chrom: str
    pos: tuple[int, int, int]
    basis: str


def read_codons(path: str | Path, build: str | None = None) -> list[KnownCodon]:
    """Read a codon table (columns gene, residue, aa, codon, chrom, pos, basis, and build).

    Parameters
    ----------
    path : path
    build : str, optional
        Build that the positions must be of. A table without the column ``build`` is not compared.

    Raises
    ------
    InputError
        If a row is malformed, of another build, or its codon does not code for its amino acid.
    """
    path = Path(path)
    codons = []
    columns = ("gene", "residue", "aa", "codon", "chrom", "pos", "basis")
    for place, row in read_tsv(path, columns, others=True):
        stated = row.get("build")
        if build and stated and (build_of_text(stated) or stated) != build:
            raise InputError(
                f"the codons are of {stated}, the patient's build is {build}",
                place, "give the codons of that build (key 'genome.codons'), or correct 'build'",
            )  # fmt: skip
        try:
            pos = tuple(int(text) - 1 for text in row["pos"].split(","))
            residue = int(row["residue"])
        except ValueError:
            raise InputError(
                "not a row of reference codons", place, "residue and pos are whole numbers"
            ) from None
        if GENETIC_CODE.get(row["codon"]) != row["aa"] or len(pos) != 3:
            raise InputError(f"codon {row['codon']} does not code for {row['aa']}", place)
        codons.append(
            KnownCodon(
                row["gene"], residue, row["aa"], row["codon"], row["chrom"], pos, row["basis"]
            )
        )
    return codons


def coding_sequence(gene: Gene, fixed: Mapping[int, str], rng: np.random.Generator) -> str:
    """Return a synthetic coding sequence without a stop codon in frame.

    Parameters
    ----------
    gene : Gene
        Its length is that of the result.
    fixed : mapping of int to str
        Bases on the coding strand that must be at given 1-based c. positions.
    rng : numpy Generator
        Draws codons by human usage.

    Returns
    -------
    str
        Begins with ATG and ends with a stop codon as far as `fixed` allows; no run of one base
        longer than `LONGEST_RUN` but where `fixed` demands it.

    Raises
    ------
    ValueError
        If `fixed` demands a stop codon within the sequence.
    """
    length = gene.residues
    sense = np.array([USAGE[codon] if GENETIC_CODE[codon] != "*" else 0.0 for codon in CODONS])
    letters = np.array([list(codon) for codon in CODONS])
    drawn = rng.choice(len(CODONS), size=length, p=sense / sense.sum())
    weights: dict[int, np.ndarray] = {}

    def constrain(residue: int, allowed: np.ndarray) -> None:
        now = weights.get(residue, sense if residue < length else np.ones(64)) * allowed
        if not now.any():
            raise ValueError(
                f"{gene.symbol} codon {residue}: the known bases make a stop codon in frame"
            )
        weights[residue] = now

    stops = np.array([GENETIC_CODE[codon] == "*" for codon in CODONS], float)
    by_residue: dict[int, np.ndarray] = {}
    for cdna, base in fixed.items():
        residue, phase = divmod(cdna - 1 - gene.offset, 3)
        allowed = (letters[:, phase] == base).astype(float)
        by_residue[residue + 1] = by_residue.get(residue + 1, np.ones(64)) * allowed
    start = np.array([codon == "ATG" for codon in CODONS], float)
    by_residue.setdefault(1, start)
    by_residue[length] = by_residue.get(length, np.ones(64)) * stops
    for residue, allowed in by_residue.items():
        if 1 <= residue <= length:
            constrain(residue, allowed)
            drawn[residue - 1] = _draw(weights[residue], rng)
    lead = "".join(fixed.get(i + 1, "G") for i in range(gene.offset))
    tail = "A" * (gene.length - gene.offset - 3 * length)
    for _ in range(20):
        sequence = lead + "".join(CODONS[index] for index in drawn) + tail
        again = {
            (at - gene.offset) // 3
            for start_, end in long_runs(sequence)
            for at in range(start_, end)
        }
        again = sorted(index for index in again if 0 <= index < length)
        if not again:
            break
        for index in again:
            drawn[index] = _draw(weights.get(index + 1, sense), rng)
    return sequence


def _draw(weights: np.ndarray, rng: np.random.Generator) -> int:
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def long_runs(sequence: str) -> list[tuple[int, int]]:
    """Return (start, end) of the runs of one base longer than `LONGEST_RUN`."""
    runs, at = [], 0
    for _, group in itertools.groupby(sequence):
        size = len(list(group))
        if size > LONGEST_RUN:
            runs.append((at, at + size))
        at += size
    return runs
