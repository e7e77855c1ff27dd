"""The same seed gives the same FASTQ, BAM and VCF, in any folder and with any number of threads."""

import hashlib
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.bed import assay, calling, errors, library
from benchmarks.bed.genome import Panel, Reference, decode
from benchmarks.bed.molecules import Amplicons, Capture
from benchmarks.bed.tumour import Mixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("bwa") and shutil.which("samtools")), reason="bwa and samtools needed"
    ),
]

MIXTURE = Mixture({"normal": 0.0, "post": 0.6}, somatic_per_base=1 / 100, paralogues=False)
TINY = {
    "capture": replace(assay.ASSAYS["capture"], sampling=Capture(60), mixture=MIXTURE),
    "amplicon": replace(
        assay.ASSAYS["amplicon"], sampling=Amplicons(genomes=300, reads=80), mixture=MIXTURE
    ),
    "duplex": replace(assay.ASSAYS["duplex"], sampling=Capture(60), mixture=MIXTURE, piece=120),
}


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Put an invented genome of 10 kb, its panel and invented qualities in place of the real."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, 10_000).astype(np.uint8)
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">c\n{decode(codes)}\n")
    for command in (["bwa", "index", fasta], ["samtools", "faidx", fasta]):
        subprocess.run(command, check=True, capture_output=True)
    panel = Panel([("c", 3000, 3300, "A"), ("c", 6000, 6400, "B")])
    monkeypatch.setattr(assay, "reference", lambda: Reference({"c": codes}, fasta))
    monkeypatch.setattr(assay, "panel", lambda: panel)
    pool = rng.choice([12, 23, 37], (500, errors.FULL_LENGTH), p=[0.02, 0.08, 0.9])
    for instrument in errors.QUALITY_SOURCES:
        for mate in (1, 2):
            monkeypatch.setitem(errors._POOLS, (instrument, mate), pool.astype(np.uint8))


def made(name, folder, threads, monkeypatch):
    """Return digests of all files of a patient: FASTQ as well, which is not kept."""
    digests = {}
    align = library.align

    def hashed(fasta, sample, fastq, *rest):
        for path in fastq:
            digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        align(fasta, sample, fastq, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(library, "align", hashed)
        assay.simulate(TINY[name], 5, folder, threads)
    used = calling.call(folder, ["normal", "post"], folder / "calls.vcf.gz")
    assert not used["status"], used["message"]
    for path in [*folder.glob("*.bam"), *folder.glob("*.tsv"), *folder.glob("*.bed")]:
        digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    text = subprocess.run(
        ["gzip", "-dc", folder / "calls.vcf.gz"], capture_output=True, check=True
    ).stdout
    digests["calls.vcf"] = hashlib.sha256(text).hexdigest()
    return digests


@pytest.mark.parametrize("name", TINY)
def test_the_same_seed_gives_the_same_fastq_bam_and_vcf(tiny, tmp_path, monkeypatch, name):
    first = made(name, tmp_path / "one", 1, monkeypatch)
    second = made(name, tmp_path / "another folder", 2, monkeypatch)
    assert {"normal_1.fq", "post_2.fq", "normal.bam", "post.bam", "truth.tsv", "calls.vcf"} <= set(
        first
    )
    assert first == second
