"""Simulated patients that carry the alterations of the paper's Table 2, and the stages on them.

See benchmarks/table2.py, which judges every row; the tests use the same patients in a small form.
"""

import csv
import itertools
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.genome import ROOT
from resistpanel.catalog.sites import allele, codon_changes
from resistpanel.cli import main as resistpanel
from resistpanel.core.files import read_json, write_text
from resistpanel.core.intervals import Target, read_targets
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.testing.codons import KnownCodon, read_codons

TABLE = ROOT / "tests" / "resist" / "table2.tsv"
PANEL = ROOT / "panels" / "cancer138"
CODONS = ROOT / "resources" / "demo" / "codons.tsv"
#: Bases beside a target that the simulated genome holds, and more.
BESIDE = 600
#: What DNA does not show.
INVISIBLE = ("overexpression", "loss of expression")
#: Drugs whose targets (SMO, AR) are no neighbours of any gene of the table.
UNRELATED = ("vismodegib", "enzalutamide")
BEFORE, NORMAL = "before", "normal"
PURITY = 0.7
#: Allele frequency of the alteration in the relapse: in half of the tumour cells.
AF = 0.16
COPIES = 12

#: The sensitising alteration of each disease as (gene, protein change, or bases duplicated).
DRIVERS = {
    "GIST": ("KIT", "V560D"),
    "NSCLC": ("EGFR", "L858R"),
    "AML": ("FLT3", 30),
    "melanoma": ("BRAF", "V600E"),
}
#: Residue at which the tandem duplication of FLT3 begins.
ITD = 590


@dataclass(frozen=True)
class Row:
    """A row of Table 2: drug as printed, alteration, and the mechanism class it must get."""

    drug: str
    gene: str
    alteration: str
    mechanism_class: str
    disease: str

    @property
    def visible(self) -> bool:
        """Whether DNA shows the alteration."""
        return self.alteration not in INVISIBLE

    @property
    def amplification(self) -> bool:
        """Whether the alteration is one of copy number."""
        return self.alteration == "amplification"

    @property
    def label(self) -> str:
        """The alteration as the verdict names it."""
        return f"{self.gene} {'' if self.amplification else 'p.'}{self.alteration}"

    @property
    def person(self) -> str:
        """Name of the tumour that the row's patient has: disease, and ALK for its own."""
        return f"{self.disease}-ALK" if self.gene == "ALK" else self.disease

    @property
    def relapse(self) -> str:
        """Name of the relapse sample, without regard to the drug."""
        return f"{self.gene}_{self.alteration}"


def read_table(path: Path = TABLE) -> list[Row]:
    """Return the rows of Table 2."""
    return [Row(**row) for row in _read_tsv(path)]


def _read_tsv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def small_panel(folder: Path, rows: Sequence[Row], others: int) -> Path:
    """Write a panel of the exons that the rows and drivers need; return its folder.

    Beside them one exon, the nearest to 150 bases, of each gene that is amplified and of
    `others` further genes, without which copy number has nothing to stand on. The codons that
    the shipped table knows in these exons are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    genes = load_genes(PANEL / "hg19.gff3")
    wanted = {(row.gene, residue(row.alteration)) for row in rows if row.visible}
    wanted |= {(g, residue(what)) for g, what in DRIVERS.values() if isinstance(what, str)}
    wanted.add((DRIVERS["AML"][0], ITD))
    needed = {
        (genes[gene].chrom, pos) for gene, at in wanted if at for pos in genes[gene].codon(at)
    }
    targets = read_targets(PANEL / "hg19.bed")
    chosen = [t for t in targets if any(c == t.chrom and t.start <= p < t.end for c, p in needed)]
    # The genome holds bases beside the targets: catalogued codons there must be true as well.
    chosen += [t for t in targets if t not in chosen and any(_near(t, one) for one in chosen)]
    held = {target.gene for target in chosen}
    amplified = {row.gene for row in rows if row.amplification}
    further = [g for g in genes if g not in held | amplified and genes[g].chrom != "chrX"][:others]
    for gene in sorted(amplified) + further:
        rest = [t for t in targets if t.gene == gene and t not in chosen]
        chosen.append(min(rest, key=lambda t: (abs(t.length - 150), t.start)))
    names = {target.gene for target in chosen}
    write_text(folder / "hg19.bed", "".join(t.line() + "\n" for t in targets if t in chosen))
    lines = (PANEL / "hg19.gff3").read_text(encoding="utf-8").splitlines()
    transcripts = {genes[name].transcript for name in names}
    kept = [
        line for line in lines
        if line.startswith("#") or any(t in line for t in transcripts) or _of_gene(line, names)
    ]  # fmt: skip
    write_text(folder / "hg19.gff3", "\n".join(kept) + "\n")
    covered = [c for c in read_codons(CODONS) if all(_covers(chosen, c.chrom, p) for p in c.pos)]
    _write_codons(folder / "codons.tsv", covered)
    return folder


def _near(target: Target, other: Target) -> bool:
    """Whether a target lies within `BESIDE` bases of another."""
    apart = max(target.start - other.end, other.start - target.end)
    return target.chrom == other.chrom and apart < BESIDE


def _of_gene(line: str, names: set[str]) -> bool:
    match = re.search(r"Name=([^;]+)", line)
    return bool(match) and match[1] in names and "\tgene\t" in line


def _covers(targets: Iterable[Target], chrom: str, pos: int) -> bool:
    return any(t.chrom == chrom and t.start <= pos < t.end for t in targets)


def _write_codons(path: Path, codons: Iterable[KnownCodon]) -> None:
    lines = ["gene\tresidue\taa\tcodon\tchrom\tpos\tbasis"]
    for c in codons:
        pos = ",".join(str(p + 1) for p in c.pos)
        lines.append(f"{c.gene}\t{c.residue}\t{c.aa}\t{c.codon}\t{c.chrom}\t{pos}\t{c.basis}")
    write_text(path, "\n".join(lines) + "\n")


def whole_panel(folder: Path) -> Path:
    """Lay the shipped panel and its codons out as `small_panel` does; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("hg19.bed", "hg19.gff3"):
        shutil.copy(PANEL / name, folder / name)
    shutil.copy(CODONS, folder / "codons.tsv")
    return folder


def residue(alteration: str | int) -> int | None:
    """Return the residue of a substitution such as ``T315I``, or None."""
    match = re.fullmatch(r"[A-Z](\d+)[A-Z]", str(alteration))
    return int(match[1]) if match else None


def substitution(gene: Gene, change: str, codons: dict[tuple[str, int], KnownCodon]) -> dict:
    """Return ``chrom, pos, ref, alt`` (1-based) of the smallest change of bases that gives it."""
    codon = codons[gene.symbol, residue(change)]
    for other in codon_changes(codon.codon, change[-1]):
        found = allele(codon.codon, other, codon.pos, gene.strand)
        if found:
            return {"chrom": gene.chrom, "pos": found[0] + 1, "ref": found[1], "alt": found[2]}
    raise ValueError(f"{gene.symbol} {change}: no change of one or two bases gives it")


def spread(rows: Iterable[Row], number: int) -> dict[str, list[Row]]:
    """Deal the distinct alterations out to `number` relapses, no two of a codon in one."""
    relapses: dict[str, list[Row]] = {f"relapse{n}": [] for n in range(1, number + 1)}
    for row in {(row.gene, row.alteration): row for row in rows}.values():
        place = (row.gene, residue(row.alteration) or row.alteration)
        free = [
            members for members in relapses.values()
            if place not in {(m.gene, residue(m.alteration) or m.alteration) for m in members}
        ]  # fmt: skip
        if not free:
            raise ValueError(f"more than {number} changes of {place}")
        min(free, key=len).append(row)
    return relapses


def describe(
    name: str,
    drivers: Iterable[str],
    relapses: dict[str, list[Row]],
    panel: Path,
    depth: float,
    seed: int,
    exons: int = 1,
) -> dict:
    """Return the YAML of a tumour whose `relapses` carry the alterations of their rows."""
    genes = load_genes(PANEL / "hg19.gff3")
    codons = {(c.gene, c.residue): c for c in read_codons(panel / "codons.tsv")}
    tumours = [BEFORE, *relapses]
    somatic, copynumber = [], []
    for gene, what in (DRIVERS[disease] for disease in drivers):
        if isinstance(what, int):
            start = min(genes[gene].codon(ITD)) + 1
            driver = {"chrom": genes[gene].chrom, "pos": start, "duplicate": what}
        else:
            driver = substitution(genes[gene], what, codons)
        somatic.append({"gene": gene, **driver, "af": dict.fromkeys(tumours, PURITY / 2)})
    sensitising = list(somatic)
    for relapse, row in ((name, row) for name, rows in relapses.items() for row in rows):
        if row.amplification:
            total = {"total": COPIES, "minor": 1}
            copynumber.append({"gene": row.gene, "samples": {relapse: total}})
            for driver in sensitising:
                if driver["gene"] == row.gene:
                    # The mutant allele is the amplified one.
                    copies = PURITY * COPIES + (1 - PURITY) * 2
                    driver["af"][relapse] = round(PURITY * (COPIES - 1) / copies, 4)
        else:
            place = substitution(genes[row.gene], row.alteration, codons)
            somatic.append({"gene": row.gene, **place, "af": {relapse: AF}})
    return {
        "patient": name,
        "seed": seed,
        "panel": str(panel),
        "genome": {"codons": str(panel / "codons.tsv"), "exons_per_gene": exons, "off_target": 0},
        "reads": {"depth": depth, "off_target": 0, "duplicates": 0.05},
        "germline": {"snv_per_kb": 0.8},
        "samples": [
            {"sample": NORMAL, "role": "normal"},
            {"sample": BEFORE, "role": "tumor", "timepoint": "pre", "day": 0, "purity": PURITY},
            *(
                {"sample": relapse, "role": "tumor", "timepoint": "post", "day": 200,
                 "purity": PURITY}
                for relapse in relapses
            ),
        ],
        "somatic": somatic,
        "random_somatic": {"snv": 4, "af": [0.25, 0.35], "samples": tumours},
        "copynumber": copynumber,
    }  # fmt: skip


def run(*arguments: object) -> None:
    """Run a command of the package in this process."""
    status = resistpanel([str(argument) for argument in arguments])
    if status:
        raise SystemExit(f"resistpanel {arguments[0]} failed with status {status}")


@dataclass(frozen=True)
class Tumour:
    """The BAMs of a tumour, and what the workflow makes once for all of its patients."""

    folder: Path
    panel: Path

    @property
    def bed(self) -> Path:
        """The simulated targets."""
        return self.folder / "targets.bed"

    @property
    def genome(self) -> Path:
        """The simulated reference."""
        return self.folder / "genome.fa.gz"


def simulate(folder: Path, described: dict, panel: Path) -> Tumour:
    """Simulate what `describe` gives; write the catalogue's sites on its genome."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "patient.yaml", yaml.safe_dump(described, sort_keys=False))
    run("simulate", folder / "patient.yaml", "--output", folder, "--threads", 1)
    tumour = Tumour(folder, panel)
    run("catalog", "sites", "--genes", panel / "hg19.gff3", "--reference", tumour.genome,
        "--targets", tumour.bed, "--output", folder / "sites.vcf")  # fmt: skip
    return tumour


def sheet(tumour: Tumour, relapses: Sequence[str], drug: str, disease: str, out: Path) -> Path:
    """Write the sample sheet of a patient under a drug, and run the stage of that name.

    More than one relapse are lesions of one day.
    """
    samples = _read_tsv(tumour.folder / "samples.tsv")
    kept = [s for s in samples if s["sample"] in (NORMAL, BEFORE, *relapses)]
    for sample in kept:
        after = sample["sample"] in relapses
        sample["bam"] = str((tumour.folder / sample["bam"]).resolve())
        sample["drugs"] = drug if after else ""
        sample["lesion"] = sample["sample"] if after and len(relapses) > 1 else ""
        sample["disease"] = disease
    out.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(kept[0]), *("\t".join(sample.values()) for sample in kept)]
    write_text(out / "samples.tsv", "\n".join(lines) + "\n")
    run("sheet", "--samples", out / "samples.tsv", "--reference", tumour.genome, "--build", "hg19",
        "--targets", tumour.bed, "--genes", tumour.panel / "hg19.gff3",
        "--patient", kept[0]["patient"], "--output", out / "sheet.json")  # fmt: skip
    return out / "sheet.json"


def call(tumour: Tumour, relapses: Sequence[str], out: Path, normal: bool = True) -> None:
    """Run sheet, qc, call, annotate and copynumber: all that does not depend on the drug."""
    matched = ("--normal", tumour.folder / f"{NORMAL}.bam") if normal else ()
    described = sheet(tumour, relapses, UNRELATED[0], "", out)
    bams = [("--tumor", tumour.folder / f"{name}.bam") for name in (BEFORE, *relapses)]
    run("qc", "--sheet", described, "--targets", tumour.bed, "--reference", tumour.genome,
        "--threads", 1, "--output", out / "qc.json")  # fmt: skip
    run("call", "--reference", tumour.genome, "--targets", tumour.bed, "--threads", 1,
        *matched, *itertools.chain(*bams),
        "--sites", tumour.folder / "sites.vcf", "--output", out / "call.vcf.gz")  # fmt: skip
    run("annotate", "--vcf", out / "call.vcf.gz", "--genes", tumour.panel / "hg19.gff3",
        "--reference", tumour.genome, "--output", out / "annotate.vcf.gz")  # fmt: skip
    run("copynumber", "--sheet", described, "--qc", out / "qc.json", "--vcf",
        out / "annotate.vcf.gz", "--reference", tumour.genome,
        "--output", out / "copynumber.json")  # fmt: skip


def judge(tumour: Tumour, relapses: Sequence[str], drug: str, disease: str, out: Path) -> dict:
    """Run sheet, compare and resist under `drug` on what `call` left; return resist.json."""
    under = out / f"{drug}-{disease}"
    described = sheet(tumour, relapses, drug, disease, under)
    run("compare", "--vcf", out / "annotate.vcf.gz", "--sheet", described, "--copynumber",
        out / "copynumber.json", "--output", under / "compare.json")  # fmt: skip
    run("resist", "--compare", under / "compare.json", "--sheet", described, "--copynumber",
        out / "copynumber.json", "--output", under / "resist.json")  # fmt: skip
    return read_json(under / "resist.json")
