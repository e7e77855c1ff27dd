"""Normals of one small assay, simulated, and reference material with its truth."""

import dataclasses
import hashlib
from pathlib import Path

import pysam
import pytest
import yaml

from resistpanel.cli import main

GENES = ("BRAF", "MAP2K1", "NRAS")
READS = {"depth": 500, "length": 100, "insert_mean": 180}


@dataclasses.dataclass(frozen=True)
class Laboratory:
    """Files of a laboratory: panel folder, reference, targets, BAMs by sample."""

    folder: Path
    make: object

    @property
    def reference(self) -> Path:
        return self.folder / "n0/genome.fa.gz"

    @property
    def targets(self) -> Path:
        return self.folder / "n0/targets.bed"

    def bam(self, name: str) -> Path:
        return self.folder / name.split(".")[0] / f"{name}.bam"

    def simulate(self, name: str, seed: int, **parts) -> None:
        """Simulate a person on the genome of the first."""
        parts = {"somatic": [], "samples": [{"sample": name, "role": "normal"}], **parts}
        genome = {"exons_per_gene": 6}
        patient = self.make(patient=name, seed=seed, genome=genome, reads=READS, **parts)
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(patient))
        words = ["simulate", str(path), "--output", str(self.folder / name)]
        if name != "n0":
            words += ["--reference", str(self.reference), "--targets", str(self.targets)]
        assert main(words) == 0

    def normals(self, number: int) -> list[str]:
        """Return arguments that name the first normals; those missing are simulated."""
        for k in range(number):
            if not self.bam(f"n{k}").is_file():
                self.simulate(f"n{k}", 61_000 + k)
        return [word for k in range(number) for word in ("--normal", str(self.bam(f"n{k}")))]

    def material(self, name: str, seed: int) -> Path:
        """Simulate reference material with its normal; return the folder of its pack."""
        rows, alleles = [], self.alleles()
        for pos, (chrom, ref, alt, af) in alleles.items():
            rows.append({"chrom": chrom, "pos": pos, "ref": ref, "alt": alt, "af": {name: af}})
        samples = [
            {"sample": f"{name}.normal", "role": "normal"},
            {"sample": name, "role": "tumor", "timepoint": "post", "day": 1, "drugs": ["PLX4032"]},
        ]
        # Few inherited variants: those of one cell line would be the same in all libraries.
        germline = {"snv_per_kb": 0.5, "indel_per_kb": 0}
        self.simulate(name, seed, samples=samples, somatic=rows, germline=germline)
        folder = self.folder / "packs" / name
        folder.mkdir(parents=True)
        (folder / "targets.bed").write_text(self.targets.read_text())
        head = "chrom\tpos\tref\talt\tstate\taf\n"
        (folder / "truth.tsv").write_text(head + "".join(
            f"{chrom}\t{pos}\t{ref}\t{alt}\tpresent\t{af}\n"
            for pos, (chrom, ref, alt, af) in alleles.items()
        ))  # fmt: skip
        files = {bam.name: {"sha256": hashlib.sha256(bam.read_bytes()).hexdigest()}
                 for bam in (self.bam(name), self.bam(f"{name}.normal"))}  # fmt: skip
        about = {
            "pack": 1, "name": name, "title": f"material {name}", "question": "are they found",
            "build": "hg19", "assay": "simulated",
            "origin": {"repository": "", "commit": "", "licence": "", "truth": "the simulator"},
            "files": files, "samples": {"tumor": f"{name}.bam", "normal": f"{name}.normal.bam"},
            "targets": "targets.bed", "truth": "truth.tsv", "complete": True, "expected": {},
            "reference": "rebuild",
        }  # fmt: skip
        (folder / "pack.yaml").write_text(yaml.safe_dump(about))
        return folder

    def alleles(self) -> dict[int, tuple[str, str, str, float]]:
        """Return known alleles by position: one in every target of 60 bases or more."""
        found = {}
        levels = (0.3, 0.15, 0.08, 0.05)
        with pysam.FastaFile(str(self.reference)) as fasta:
            for line in self.targets.read_text().splitlines():
                chrom, start, end = line.split("\t")[:3]
                if int(end) - int(start) < 60:
                    continue
                pos = (int(start) + int(end)) // 2
                ref = fasta.fetch(chrom, pos - 1, pos + 2).upper()
                af = levels[len(found) % len(levels)]
                if len(found) % 3 == 2:  # a deletion of two bases
                    found[pos] = (chrom, ref, ref[0], af)
                else:
                    found[pos] = (chrom, ref[0], "ACGT"["CGTA".index(ref[0])], af)
        return found

    def build(self, output: Path, number: int = 3, version: str = "1.0", *words: str) -> int:
        """Build an assay."""
        return main(
            ["assay", "build", "--name", "lung", "--version", version,
             "--reference", str(self.reference), "--targets", str(self.targets),
             *self.normals(number), "--output", str(output), *words]
        )  # fmt: skip


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory, small_patient, write_panel):
    """Panel and genome of a laboratory."""
    folder = tmp_path_factory.mktemp("laboratory")
    write_panel(folder / "panel", GENES)
    found = Laboratory(folder, small_patient)
    found.normals(3)
    return found


@pytest.fixture(scope="session")
def assay(laboratory, tmp_path_factory):
    """An assay of three normals."""
    folder = tmp_path_factory.mktemp("assays") / "lung-1.0"
    assert laboratory.build(folder) == 0
    return folder
