"""A small valid input on disk, which the tests then spoil."""

import dataclasses
import random
from pathlib import Path

import pysam
import pytest

from resistpanel.cli import main

LENGTH = 20_000
GENE = "chrT\tmade\t{kind}\t{start}\t{end}\t.\t+\t{phase}\t{attributes}"


def write_bam(
    path: Path,
    contigs=(("chrT", LENGTH),),
    groups=(("g1", "tumor"),),
    reads: int = 3,
    order: str | None = "coordinate",
    index: bool = True,
    mode: str = "wb",
) -> Path:
    """Write an alignment file with the given header and a few reads on the first contig."""
    header = {
        "HD": {"VN": "1.6", **({"SO": order} if order else {})},
        "SQ": [{"SN": name, "LN": length} for name, length in contigs],
        "RG": [{"ID": name, **({"SM": sample} if sample else {})} for name, sample in groups],
    }
    if not groups:
        del header["RG"]
    with pysam.AlignmentFile(str(path), mode, header=header) as out:
        for number in range(reads):
            read = pysam.AlignedSegment(out.header)
            read.query_name = f"r{number}"
            read.query_sequence = "ACGTACGTAC"
            read.query_qualities = pysam.qualitystring_to_array("I" * 10)
            read.reference_id, read.reference_start = 0, 1000 + number
            read.cigarstring, read.mapping_quality = "10M", 60
            out.write(read)
    if index:
        pysam.samtools.index(str(path))
    return path


@dataclasses.dataclass
class World:
    """Paths of a small valid input; `columns` and `rows` make the sheet."""

    folder: Path
    rows: list[dict[str, str]]
    columns: list[str]

    @property
    def sheet(self) -> Path:
        return self.folder / "samples.tsv"

    @property
    def reference(self) -> Path:
        return self.folder / "genome.fa"

    @property
    def targets(self) -> Path:
        return self.folder / "targets.bed"

    @property
    def genes(self) -> Path:
        return self.folder / "genes.gff3"

    def write_sheet(self) -> Path:
        lines = ["\t".join(self.columns)]
        lines += ["\t".join(row.get(name, "") for name in self.columns) for row in self.rows]
        self.sheet.write_text("\n".join(lines) + "\n")
        return self.sheet

    def arguments(self, *more: str) -> list[str]:
        return [
            "sheet",
            *("--samples", str(self.sheet)),
            *("--reference", str(self.reference)),
            *("--targets", str(self.targets)),
            *("--genes", str(self.genes)),
            *(more or ["--check"]),
        ]

    def check(self, capsys, *more: str) -> tuple[int, list[str], list[str]]:
        """Run the check; return the exit status, the errors and the notes."""
        self.write_sheet()
        status = main(self.arguments(*more))
        lines = capsys.readouterr().err.splitlines()
        errors = [
            line.removeprefix("resistpanel: error: ") for line in lines if ": error: " in line
        ]
        notes = [line.removeprefix("resistpanel: note: ") for line in lines if ": note: " in line]
        assert len(errors) + len(notes) == len(lines)
        return status, errors, notes


@pytest.fixture
def world(tmp_path) -> World:
    """A patient with a normal, a tumour before and one after vemurafenib; nothing wrong."""
    rng = random.Random(1)
    sequence = "".join(rng.choices("ACGT", k=LENGTH))
    (tmp_path / "genome.fa").write_text(
        ">chrT\n" + "\n".join(sequence[i : i + 60] for i in range(0, LENGTH, 60)) + "\n"
    )
    pysam.samtools.faidx(str(tmp_path / "genome.fa"))
    (tmp_path / "targets.bed").write_text("chrT\t1000\t1300\tGENE|T1|exon1\nchrT\t2000\t2300\n")
    features = [
        GENE.format(kind="gene", start=901, end=2500, phase=".", attributes="ID=gene:G1;Name=GENE"),
        GENE.format(
            kind="mRNA",
            start=901,
            end=2500,
            phase=".",
            attributes="ID=transcript:T1;Parent=gene:G1;biotype=protein_coding",
        ),
        GENE.format(kind="CDS", start=1001, end=1300, phase="0", attributes="Parent=transcript:T1"),
    ]
    (tmp_path / "genes.gff3").write_text("##gff-version 3\n" + "\n".join(features) + "\n")
    rows = []
    for sample, role, timepoint, day, drugs in (
        ("skin", "normal", "", "0", ""),
        ("before", "tumor", "pre", "0", ""),
        ("after", "tumor", "post", "120", "PLX4032"),
    ):
        write_bam(tmp_path / f"{sample}.bam", groups=((f"{sample}.1", sample),))
        rows.append(
            {
                "patient": "P1",
                "sample": sample,
                "role": role,
                "timepoint": timepoint,
                "day": day,
                "drugs": drugs,
                "bam": f"{sample}.bam",
            }
        )
    columns = ["patient", "sample", "role", "timepoint", "day", "lesion", "drugs", "bam"]
    return World(tmp_path, rows, columns)
