"""Small genomes with one gene each, made by rule from a seed."""

import dataclasses
import random

import pysam
import pytest

from resistpanel.annotate.transcript import Transcript
from resistpanel.core.sequence import reverse_complement
from resistpanel.panel.genes import Gene
from resistpanel.panel.write import gff3_text

SENSE = [
    a + b + c
    for a in "ACGT"
    for b in "ACGT"
    for c in "ACGT"
    if a + b + c not in ("TAA", "TAG", "TGA")
]


@dataclasses.dataclass
class Small:
    """A genome of one contig and its one gene."""

    bases: str
    gene: Gene
    chrom: str = "1"

    def fetch(self, chrom, start, end):
        assert chrom == self.chrom
        return self.bases[max(start, 0) : max(end, 0)]

    @property
    def transcript(self):
        return Transcript(self.gene, self.fetch)

    def applied(self, start, ref, alt):
        assert self.bases[start : start + len(ref)] == ref
        return self.bases[:start] + alt + self.bases[start + len(ref) :]


def small_gene(strand="+", codons="", exons=(30, 31, 32), intron=40, seed=0, chrom="1"):
    """Return a gene of the given codons (start and stop are added), cut into exons.

    `exons` are the lengths of all coding exons but the last, which takes the rest. `codons`
    may be a string of bases; without it 40 codons are drawn.
    """
    rng = random.Random(seed)

    def draw(n):
        return "".join(rng.choice("ACGT") for _ in range(n))

    body = codons or "".join(rng.choice(SENSE) for _ in range(40))
    coding = "ATG" + body + "TAA"
    parts, rest = [], coding
    for size in exons:
        parts.append(rest[:size])
        rest = rest[size:]
    assert rest, "exons exceed the coding sequence"
    parts.append(rest)
    bases, spans = draw(120), []
    for number, part in enumerate(parts):
        if number:
            bases += "GT" + draw(intron - 4) + "AG"
        spans.append((len(bases), len(bases) + len(part)))
        bases += part
    bases += draw(150)
    if strand == "-":
        size = len(bases)
        bases = reverse_complement(bases)
        spans = [(size - end, size - start) for start, end in reversed(spans)]
    return Small(bases, Gene("GENE1", "TX1", chrom, strand, spans), chrom)


@pytest.fixture(scope="session")
def make_gene():
    return small_gene


@pytest.fixture(scope="session")
def write_genome():
    """Return a function that writes a Small as FASTA (indexed) and GFF3 into a folder."""

    def write(small, folder, bgzip=False):
        fasta = folder / "genome.fa"
        lines = [small.bases[i : i + 60] for i in range(0, len(small.bases), 60)]
        fasta.write_text(f">{small.chrom}\n" + "\n".join(lines) + "\n")
        if bgzip:
            packed = folder / "genome.fa.gz"
            pysam.tabix_compress(str(fasta), str(packed), force=True)
            fasta = packed
        pysam.faidx(str(fasta))
        gff3 = folder / "genes.gff3"
        gff3.write_text(gff3_text([small.gene], "test"))
        return fasta, gff3

    return write
