"""What all tests share."""

import base64
import copy
import gzip
import re
import subprocess
import sys
import zlib

import hypothesis
import pytest

from resistpanel.core.files import HOME

# Property tests draw the same examples on every run, and a loaded machine fails none for time.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")

#: Of the genes in small panels; lines of BED and GFF3 name one or the other.
TRANSCRIPTS = {
    "BRAF": "ENST00000288602", "MAP2K1": "ENST00000307102", "AR": "ENST00000374690",
    "NRAS": "ENST00000369535", "TERT": "ENST00000310581",
}  # fmt: skip

SMALL_PATIENT = {
    "patient": "p1", "seed": 7, "sex": "female", "disease": "melanoma", "build": "hg19",
    "panel": "panel",
    "genome": {"codons": str(HOME / "resources/demo/codons.tsv"), "exons_per_gene": 1},
    "reads": {"length": 50, "insert_mean": 110, "insert_sd": 20, "depth": 150,
              "quality": "modern", "duplicates": 0.1, "low_mapq": 0.02, "off_target": 0.05,
              "pcr_errors": 0.0002, "uniformity": 0.1},
    "germline": {"snv_per_kb": 3, "indel_per_kb": 2, "heterozygous": 0.6},
    "samples": [
        {"sample": "normal", "role": "normal"},
        {"sample": "tumor", "role": "tumor", "timepoint": "post", "day": 9, "drugs": ["PLX4032"]},
    ],
    "somatic": [
        {"chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C", "af": {"tumor": 0.3}},
        {"chrom": "chr7", "pos": 140453136, "ref": "AC", "alt": "TT", "af": {"tumor": 0.45}},
    ],
}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Run the tests that share a fixture of their module on one worker, so that it is made once."""
    if not any(line.startswith("xdist_group") for line in config.getini("markers")):
        return
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        module = item.nodeid.partition("::")[0]
        fixtures = getattr(item, "_fixtureinfo", None)
        found = [d[-1] for d in fixtures.name2fixturedefs.values()] if fixtures else []
        if any(f.scope != "function" and f.baseid.partition("::")[0] == module for f in found):
            item.add_marker(pytest.mark.xdist_group(module))


@pytest.fixture(scope="session")
def small_patient():
    """A function that describes a small patient for `simulate`, some parts replaced."""

    def make(**parts):
        fresh = copy.deepcopy(SMALL_PATIENT)
        for key, value in parts.items():
            old = fresh.get(key)
            fresh[key] = {**old, **value} if isinstance(old, dict) else value
        return fresh

    return make


@pytest.fixture(scope="session")
def write_panel():
    """A function that writes the panel of a few genes into a folder: hg19.bed, hg19.gff3."""

    def write(folder, genes):
        folder.mkdir(parents=True, exist_ok=True)
        words = [
            word
            for gene in genes
            for word in (f"{gene}|", f"gene:{gene};", f":{TRANSCRIPTS[gene]}")
        ]
        for suffix in ("bed", "gff3"):
            source = HOME / f"panels/cancer138/hg19.{suffix}"
            lines = source.read_text().splitlines(keepends=True)
            kept = [li for li in lines if li.startswith("#") or any(w in li for w in words)]
            (folder / source.name).write_text("".join(kept))

    return write


@pytest.fixture(scope="session")
def one_gene():
    """A function that returns the GFF3 of a gene and its coding bases (1-based, inclusive)."""

    def gff3(contig, gene, coding):
        rows = (
            ("gene", *gene, ".", "ID=gene:G1;Name=GENE"),
            ("mRNA", *gene, ".", "ID=transcript:T1;Parent=gene:G1;biotype=protein_coding"),
            ("CDS", *coding, "0", "Parent=transcript:T1"),
        )
        lines = (
            f"{contig}\tmade\t{kind}\t{start}\t{end}\t.\t+\t{phase}\t{more}\n"
            for kind, start, end, phase, more in rows
        )
        return "##gff-version 3\n" + "".join(lines)

    return gff3


@pytest.fixture(scope="session")
def snakemake():
    """A function that runs this checkout's workflow in a folder, with further arguments."""

    def run(folder, *arguments):
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile")]
        return subprocess.run(
            [*command, "--directory", str(folder), *arguments],
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def file_texts():
    """A function that returns what a file holds, unpacked; of a page also what its buttons give."""

    def read(path):
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("latin1")
        packed = re.findall(r'<script type="text/plain" id="files">([^<]+)<', text)
        return [text, *(zlib.decompress(base64.b64decode(one)).decode() for one in packed)]

    return read
