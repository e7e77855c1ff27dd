"""A small panel and small patients, and a plain-Python reader of simulated BAMs."""

import copy

import pysam
import pytest
import yaml

from resistpanel.testing.quality import Sequencer
from resistpanel.testing.simulate import simulate

GENES = ("BRAF", "MAP2K1", "AR", "NRAS", "TERT")

PARTS = {
    "genome": {"off_target": 3},
    "somatic": [
        {"gene": "MAP2K1", "chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C",
         "af": {"tumor": 0.3}},
        {"chrom": "chr7", "pos": 140453136, "ref": "AC", "alt": "TT", "af": {"tumor": 0.45}},
        {"chrom": "chr5", "pos": 1278863, "ref": "C", "alt": "T", "phase": "CC",
         "af": {"tumor": 0.5}},
        {"chrom": "chr5", "pos": 1278864, "ref": "C", "alt": "T", "phase": "CC",
         "af": {"tumor": 0.5}},
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def patient(small_patient):
    """Return a function that gives a fresh copy of the small patient, some parts replaced."""

    def make(**parts):
        merged = dict(PARTS)
        for key, value in parts.items():
            old = merged.get(key)
            merged[key] = {**old, **value} if isinstance(old, dict) else value
        return copy.deepcopy(small_patient(**merged))

    return make


@pytest.fixture(scope="session")
def write_patient(write_panel):
    """Return a function that writes a patient's YAML beside its small panel."""

    def write(folder, described, genes=GENES):
        write_panel(folder / "panel", genes)
        path = folder / "patient.yaml"
        path.write_text(yaml.safe_dump(described, sort_keys=False))
        return path

    return write


@pytest.fixture(scope="session")
def run_patient(tmp_path_factory, patient, write_patient):
    """Return a function that simulates a variation of the small patient; gives its folder."""

    def run(error_free=False, genes=GENES, depth=None, seed=None, **parts):
        folder = tmp_path_factory.mktemp("patient")
        path = write_patient(folder, patient(**parts), genes)
        original = Sequencer.errors
        if error_free:
            Sequencer.errors = lambda self, qualities, rng: original(self, qualities, rng)[:0]
        try:
            simulate(path, folder / "out", depth=depth, seed=seed)
        finally:
            Sequencer.errors = original
        return folder / "out"

    return run


class Bam:
    """All records of a BAM with the reference round them, for plain-Python checks."""

    def __init__(self, folder, sample, reference=None):
        self.reference = pysam.FastaFile(str(reference or folder / "genome.fa.gz"))
        with pysam.AlignmentFile(str(folder / f"{sample}.bam")) as stream:
            self.header = stream.header
            self.reads = list(stream)

    def blocks(self, read):
        """Return (operation, length, query position, reference position) of each operation."""
        query, at, found = 0, read.reference_start, []
        for operation, length in read.cigartuples or []:
            found.append((operation, length, query, at))
            query += length if operation in (0, 1, 4) else 0
            at += length if operation in (0, 2) else 0
        return found

    def differences(self, read):
        """Return (kind, position, read bases, reference bases) where a read differs."""
        found = []
        for operation, length, query, at in self.blocks(read):
            bases = read.query_sequence[query : query + length]
            if operation == 0:
                reference = self.reference.fetch(read.reference_name, at, at + length)
                found += [
                    ("X", at + i, b, r)
                    for i, (b, r) in enumerate(zip(bases, reference, strict=True))
                    if b != r
                ]
            elif operation == 1:
                found.append(("I", at, bases, ""))
            elif operation == 2:
                gone = self.reference.fetch(read.reference_name, at, at + length)
                found.append(("D", at, "", gone))
        return found

    def base_at(self, read, pos):
        """Return the base that a read shows at a reference position, or None."""
        for operation, length, query, at in self.blocks(read):
            if operation == 0 and at <= pos < at + length:
                return read.query_sequence[query + pos - at]
        return None


@pytest.fixture(scope="session")
def bam():
    """Return the class that reads a simulated BAM."""
    return Bam


@pytest.fixture(scope="session")
def truth():
    """Return a function that reads truth.vcf.gz into dicts."""

    def read(folder):
        rows = []
        with pysam.VariantFile(str(folder / "truth.vcf.gz")) as stream:
            for record in stream:
                rows.append(
                    {
                        "chrom": record.chrom,
                        "pos": record.pos,
                        "ref": record.ref,
                        "alt": record.alts[0],
                        "type": record.info["TYPE"],
                        "origin": record.info["ORIGIN"],
                        "gene": record.info["GENE"],
                        "phase": record.info.get("PHASE", ""),
                        "af": {name: call["AF"] for name, call in record.samples.items()},
                        "ad": {name: call["AD"] for name, call in record.samples.items()},
                        "gt": {name: call["GT"] for name, call in record.samples.items()},
                    }
                )
        return rows

    return read
