"""Run bcftools csq, which comes with pysam.

It runs in a process of its own: csq 1.24 crashes on some alleles (a deletion-insertion over
the first base of the start codon is one), and a crash must cost no more than their BCSQ.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pysam
import pysam.bcftools

from resistpanel.annotate.annotate_constants import BRIEF
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta

DESCRIPTION = (
    "Consequence by bcftools csq, each record by itself. Format: "
    "Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change"
)

#: (contig, start 0-based, reference allele, alternative allele)
Allele = tuple[str, int, str, str]


class _Crashed(Exception):
    """csq was ended by a signal."""


def csq(
    alleles: Sequence[Allele],
    contigs: dict[str, int],
    gff3: str | Path,
    reference: str | Path,
    brief: int = BRIEF,
) -> tuple[dict[Allele, tuple[str, ...]], list[Allele]]:
    """Return csq's consequences (its ``BCSQ`` strings) by allele.

    Each allele is looked at by itself (``--local-csq``): changes that occur in the same
    fragments are one allele already, and others are not known to be on one chromosome.

    Parameters
    ----------
    alleles : sequence of Allele
    contigs : dict of str to int
        Lengths of the reference's contigs.
    gff3, reference : path
        Panel GFF3 and indexed FASTA.
    brief : int
        Abbreviate protein sequences to this many residues, 0 for never.

    Returns
    -------
    (dict, list)
        Strings by allele (only alleles that have some), and the alleles that csq cannot take.

    Raises
    ------
    InputError
        If bcftools refuses the input; the message is its own.
    """
    order = {name: number for number, name in enumerate(contigs)}
    alleles = sorted(set(alleles), key=lambda one: (order.get(one[0], len(order)), *one[1:]))
    # bcftools compares REF with the FASTA, and knows no letters for several bases.
    with open_fasta(reference) as fasta:
        several = [one for one in alleles if _several(fasta, one)]
    alleles = [one for one in alleles if one not in set(several)]
    with tempfile.TemporaryDirectory() as folder:
        job = _Job(Path(folder), contigs, str(gff3), str(reference), brief)
        try:
            return job.run(alleles), several
        except _Crashed:
            found, crashed = job.halve(alleles)
            return found, crashed + several


def _several(fasta: pysam.FastaFile, allele: Allele) -> bool:
    """Return whether the reference has a letter for several bases under an allele."""
    contig, start, ref, _ = allele
    there = fasta.fetch(contig, start, start + len(ref)) if contig in fasta.references else ""
    return bool(set(there.upper()) - set("ACGTN"))


class _Job:
    def __init__(self, folder, contigs, gff3, reference, brief):
        self.folder, self.contigs = folder, contigs
        self.gff3, self.reference, self.brief = gff3, reference, brief

    def halve(self, alleles):
        """Return consequences and offenders, by halving until the offenders stand alone."""
        if not alleles:
            return {}, []
        try:
            return self.run(alleles), []
        except _Crashed:
            if len(alleles) == 1:
                return {}, list(alleles)
        middle = len(alleles) // 2
        left, right = self.halve(alleles[:middle]), self.halve(alleles[middle:])
        return left[0] | right[0], left[1] + right[1]

    def run(self, alleles):
        """Run csq once."""
        given, written = self.folder / "in.vcf", self.folder / "out.vcf"
        self._write(given, alleles)
        options = ["--trim-protein-seq", str(self.brief)] if self.brief else []
        options += ["--local-csq", "--no-version", "--samples", "-", "--output-type", "v"]
        options += ["--fasta-ref", self.reference, "--gff-annot", self.gff3]
        command = [sys.executable, "-m", __name__, *options, "--output", str(written), str(given)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode < 0:
            raise _Crashed
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            telling = [line for line in said if line.startswith(("Error", "[E::"))] or said[-1:]
            raise InputError(
                f"bcftools csq failed: {' '.join(telling)}",
                self.gff3,
                f"check that it belongs to {self.reference}",
            )
        return self._read(written)

    def _write(self, path, alleles):
        with path.open("w", encoding="utf-8") as out:
            print("##fileformat=VCFv4.2", file=out)
            for name, length in self.contigs.items():
                print(f"##contig=<ID={name},length={length}>", file=out)
            print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", file=out)
            for chrom, start, ref, alt in alleles:
                print(chrom, start + 1, ".", ref, alt, ".", ".", ".", sep="\t", file=out)

    def _read(self, path):
        found = {}
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("#"):
                    continue
                chrom, pos, _, ref, alt, _, _, info = line.rstrip("\n").split("\t")[:8]
                for item in info.split(";"):
                    if item.startswith("BCSQ="):
                        entries = tuple(item[len("BCSQ=") :].split(","))
                        found[chrom, int(pos) - 1, ref, alt] = entries
        return found


def _main(arguments: list[str]) -> int:
    try:
        pysam.bcftools.csq(*arguments, catch_stdout=False)
    except pysam.SamtoolsError as error:
        print(str(error.value), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
