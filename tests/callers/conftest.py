"""A small contig and what several callers say of a patient on it."""

import random
from pathlib import Path

import pysam
import pytest

from resistpanel.core.allele import Allele
from resistpanel.core.haplotypes import fetcher, tidy

DATA = Path(__file__).parent / "data"
_random = random.Random(5)
SEQUENCE = "".join(_random.choice("ACGT") for _ in range(600))
#: Bases that are known, 0-based 200 to 227: a run of T, a repeat of AC.
STRETCH = "GGATCCTTTTTTACACACACGTGCATCG"
SEQUENCE = SEQUENCE[:200] + STRETCH + SEQUENCE[200 + len(STRETCH) :]


@pytest.fixture(scope="session")
def reference(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "c.fa"
    path.write_text(f">c\n{SEQUENCE}\n")
    pysam.samtools.faidx(str(path))
    return path


@pytest.fixture(scope="session")
def fetch(reference):
    with pysam.FastaFile(str(reference)) as fasta:
        yield fetcher(fasta)


@pytest.fixture(scope="session")
def variant(fetch):
    """Return a function that makes a left-aligned variant, checked against the sequence."""

    def make(pos: int, ref: str, alt: str) -> Allele:
        assert SEQUENCE[pos : pos + len(ref)] == ref
        return tidy(Allele("c", pos, ref, alt), fetch)

    return make
