"""Named structural events in simulated patients, from reads to the report.

    python -m benchmarks.named_events --out DIR --seed 1 [--only NAME ...] [--af 0.2]

Each patient has a normal, a sample before and one after a drug, and one event at its true place of
hg19 (synthetic sequence, coding bases in frame). Reads are simulated, aligned by bwa mem, and go
through call, annotate, compare, resist and report. A row is right if the report names the event,
with its length or exons, its class and its state.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pysam
import yaml

from benchmarks import genome
from resistpanel.cli import main as resistpanel
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.core.reference import Reference
from resistpanel.testing.simulate import simulate

PANEL = genome.ROOT / "panels" / "resistance"
CODONS = genome.ROOT / "resources" / "demo" / "codons.tsv"
LENGTH, INSERT, SPREAD = 100, 240, 40
PAD = 700  # bases on either side of a target in what bwa aligns to
STOP = 250  # bases on either side of a breakend in an intron that are targets

L858R = {"chrom": "chr7", "pos": 55259515, "ref": "T", "alt": "G"}
V600E = {"chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T"}
#: 400x does not exclude a change by a quarter.
STABLE = "stable|undetermined"


@dataclass(frozen=True)
class Case:
    """A patient.

    Attributes
    ----------
    genes, disease, drug
    event : dict
        As in the patient's YAML; or a row of ``somatic`` (``duplicate``).
    wanted : dict
        Regular expressions that fields of the finding match.
    driver : dict, optional
        Of the drug, before and after.
    windows : tuple of (contig, position)
        Breakends in introns that the panel lacks: targets around them are added.
    exons : int
        Of each gene that are simulated: all where the protein change is named.
    before : bool
        Whether the sample before the drug has it.
    """

    genes: tuple[str, ...]
    disease: str
    drug: str
    event: dict
    before: bool
    wanted: dict[str, str]
    driver: dict | None = None
    windows: tuple[tuple[str, int], ...] = ()
    exons: int = 40


CASES = {
    "EGFRvIII": Case(
        ("EGFR",), "glioma", "erlotinib",
        {"type": "deletion", "region": "chr7:55100001-55222500"}, False,
        {"label": "EGFRvIII$", "state": "acquired"},
        L858R, (("chr7", 55100000), ("chr7", 55222500)),
    ),
    "EGFR-KDD": Case(
        ("EGFR",), "NSCLC", "erlotinib",
        {"type": "duplication", "region": "chr7:55241201-55269200"}, False,
        {"label": "EGFR-KDD", "state": "acquired", "effect": "known|candidate"},
        L858R, (("chr7", 55241200), ("chr7", 55269200)),
    ),
    "BRAF exons 2-8 deletion": Case(
        ("BRAF",), "melanoma", "vemurafenib",
        {"type": "deletion", "region": "chr7:140490001-140560000"}, False,
        {"label": "BRAF exons 2-8 deletion", "effect": "known", "match_level": "exact",
         "state": "acquired"},
        V600E, (("chr7", 140560000),),
    ),
    "FLT3-ITD 30": Case(
        ("FLT3",), "AML", "quizartinib",
        {"chrom": "chr13", "pos": 28608251, "duplicate": 30}, True,
        {"label": "FLT3-ITD, 30 bases", "effect": "driver", "state": STABLE, "before": "present"},
        exons=8,
    ),
    "FLT3-ITD 102": Case(
        ("FLT3",), "AML", "quizartinib",
        {"type": "duplication", "region": "chr13:28608241-28608342"}, True,
        {"label": "FLT3-ITD, 102 bases", "effect": "driver", "state": STABLE, "before": "present"},
        exons=8,
    ),
    "FLT3-ITD 300": Case(
        ("FLT3",), "AML", "quizartinib",
        {"type": "duplication", "region": "chr13:28608030-28608329"}, True,
        {"label": "FLT3-ITD, 300 bases", "effect": "driver", "state": STABLE,
         "before": "present"},
        None, (("chr13", 28608170),),
        exons=8,
    ),
    "MET exon 14 deletion": Case(
        ("MET",), "NSCLC", "capmatinib",
        {"type": "deletion", "region": "chr7:116411801-116412500"}, True,
        {"label": "MET exon 14 (deletion|skipping)", "effect": "driver", "state": STABLE,
         "before": "present"},
        exons=8,
    ),
    "MET exon 14 acceptor deletion": Case(
        ("MET",), "NSCLC", "capmatinib",
        {"type": "deletion", "region": "chr7:116411850-116411990"}, True,
        {"label": "MET exon 14 skipping", "effect": "driver", "state": STABLE, "before": "present"},
        exons=8,
    ),
    "EML4-ALK": Case(
        ("ALK",), "NSCLC", "crizotinib",
        {"type": "inversion", "region": "chr2:29447001-42525000"}, True,
        {"label": "EML4::ALK fusion", "effect": "driver", "state": STABLE, "before": "present"},
        exons=8,
    ),
}  # fmt: skip


def make_panel(case: Case, folder: Path) -> Path:
    """Write the panel of a patient's genes and windows; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    genes = (*case.genes, "KRAS")
    words = [w for gene in genes for w in (f"{gene}|", f"gene:{gene};")]
    transcripts = {
        line.split("\t")[3].split("|")[1]
        for line in (PANEL / "hg19.bed").read_text().splitlines()
        if line.split("\t")[3].split("|")[0] in genes
    }
    words += [f":{name}" for name in transcripts]
    for suffix in ("bed", "gff3"):
        lines = (PANEL / f"hg19.{suffix}").read_text().splitlines(keepends=True)
        kept = [x for x in lines if x.startswith("#") or any(w in x for w in words)]
        if suffix == "bed":
            kept += [
                f"{chrom}\t{pos - STOP}\t{pos + STOP}\t{case.genes[0]}|window|{n}\t.\t+\n"
                for n, (chrom, pos) in enumerate(case.windows)
            ]
        (folder / f"hg19.{suffix}").write_text("".join(kept))
    return folder


def describe(name: str, case: Case, panel: Path, af: float, depth: float) -> dict:
    """Return the patient's YAML."""
    afs = {"pre": af, "post": af} if case.before else {"post": af}
    row = dict(case.event, af=afs)
    somatic = [row] if "duplicate" in row else []
    events = [] if "duplicate" in row else [row]
    if case.driver:
        somatic.append(dict(case.driver, af={"pre": 0.3, "post": 0.3}))
    return {
        "patient": re.sub("[^A-Za-z0-9]+", "_", name), "sex": "female", "build": "hg19",
        "disease": case.disease, "panel": str(panel.resolve()),
        "genome": {"codons": str(CODONS), "exons_per_gene": case.exons, "off_target": 2},
        "reads": {"length": LENGTH, "insert_mean": INSERT, "insert_sd": SPREAD, "depth": depth,
                  "quality": "modern", "duplicates": 0.05, "off_target": 0.01},
        "samples": [
            {"sample": "normal", "role": "normal"},
            {"sample": "pre", "role": "tumor", "timepoint": "pre", "day": 0},
            {"sample": "post", "role": "tumor", "timepoint": "post", "day": 200,
             "drugs": [case.drug]},
        ],
        "somatic": somatic, "events": events,
        "random_somatic": {"snv": 8, "mnv": 0, "del": 0, "ins": 0, "dup": 0, "af": [0.3, 0.3],
                           "samples": ["pre", "post"]},
    }  # fmt: skip


class Bwa:
    """Aligns simulated reads again with bwa mem to the stretches that have sequence."""

    def __init__(self, folder: Path, places: list[tuple[str, int]]):
        self.folder, self.fasta = folder, folder / "stretches.fa"
        targets = merge_targets(read_targets(folder / "targets.bed"))
        spans = [(t.chrom, t.start - PAD, t.end + PAD) for t in targets]
        spans += [(chrom, pos - PAD, pos + PAD) for chrom, pos in places]
        merged: list[list] = []
        for chrom, start, end in sorted(spans):
            if merged and merged[-1][0] == chrom and start <= merged[-1][2]:
                merged[-1][2] = max(end, merged[-1][2])
            else:
                merged.append([chrom, start, end])
        reference = Reference(folder / "genome.fa.gz")
        text = (f">{c}@{s}\n{reference(c, s, e)}\n" for c, s, e in merged)
        self.fasta.write_text("".join(text))
        subprocess.run(["bwa", "index", str(self.fasta)], check=True, stderr=subprocess.DEVNULL)

    def __call__(self, bam: Path) -> None:
        """Replace a BAM."""
        pairs = self.folder / "reads.fq"
        names = self.folder / "names.bam"
        pysam.samtools.sort("-n", "-o", str(names), str(bam))
        pysam.samtools.fastq("-F", "0xd00", "-0", "/dev/null", "-o", str(pairs), str(names),
                             catch_stdout=False)  # fmt: skip
        group = f"@RG\\tID:{bam.stem}\\tSM:{bam.stem}"
        sam = self.folder / "bwa.sam"
        with sam.open("w") as out:
            command = ["bwa", "mem", "-v", "1", "-p", "-R", group, self.fasta, pairs]
            subprocess.run([str(c) for c in command], check=True, stdout=out,
                           stderr=subprocess.DEVNULL)  # fmt: skip
        with pysam.AlignmentFile(str(bam)) as old:
            header = old.header
        moved = self.folder / "moved.bam"
        with (
            pysam.AlignmentFile(str(sam)) as source,
            pysam.AlignmentFile(str(moved), "wb", header=header) as sink,
        ):
            for read in source:
                sink.write(_moved(read, header))
        pysam.samtools.sort("--no-PG", "-o", str(bam), str(moved))
        pysam.index(str(bam))
        for path in (pairs, names, sam, moved):
            path.unlink()


def _moved(read: pysam.AlignedSegment, header: pysam.AlignmentHeader) -> pysam.AlignedSegment:
    """Return a record in coordinates of the genome."""
    told = read.to_dict()

    def place(name: str, pos: str) -> tuple[str, str]:
        chrom, start = name.split("@")
        return chrom, str(int(pos) + int(start))

    mate = told["ref_name"] if told["next_ref_name"] == "=" else told["next_ref_name"]
    if told["ref_name"] != "*":
        told["ref_name"], told["ref_pos"] = place(told["ref_name"], told["ref_pos"])
    if mate != "*":
        told["next_ref_name"], told["next_ref_pos"] = place(mate, told["next_ref_pos"])
    tags = []
    for tag in told["tags"]:
        if tag.startswith("SA:Z:"):
            rows = [row.split(",") for row in tag[5:].rstrip(";").split(";")]
            tag = "SA:Z:" + "".join(",".join([*place(*row[:2]), *row[2:]]) + ";" for row in rows)
        if not tag.startswith(("XA", "MC")):
            tags.append(tag)
    told["tags"] = tags
    return pysam.AlignedSegment.from_dict(told, header)


def run(name: str, case: Case, args: argparse.Namespace) -> dict:
    """Make a patient and take it through the stages; return what the report says."""
    folder = args.out / re.sub("[^A-Za-z0-9]+", "_", name)
    made = folder / "made"
    panel = make_panel(case, folder / "panel")
    if not (folder / "done").exists():
        described = describe(name, case, panel, args.af, args.depth)
        (folder / "patient.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
        simulate(folder / "patient.yaml", made, seed=args.seed, threads=1)
        if not args.exact:
            places = [(c, int(p)) for row in described["events"] for c, p in _places(row)]
            aligner = Bwa(made, places)
            for sample in ("normal", "pre", "post"):
                aligner(made / f"{sample}.bam")
        (folder / "done").touch()
    return stages(folder, made, panel, case)


def _places(row: dict) -> list[tuple[str, str]]:
    if "join" in row:
        return [tuple(text.split(":")[:2]) for text in row["join"]]
    chrom, start, end = re.fullmatch(r"(.+):(\d+)-(\d+)", row["region"]).groups()
    return [(chrom, start), (chrom, end)]


def stages(folder: Path, made: Path, panel: Path, case: Case) -> dict:
    """Run the stages; return the report's JSON."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    reference, targets = made / "genome.fa.gz", made / "targets.bed"
    genes = panel / "hg19.gff3"
    both = ["--reference", reference]
    samples = made / "samples.tsv"
    step("sheet", "--samples", samples, *both, "--build", "hg19", "--targets", targets,
         "--genes", genes, "--patient", folder.name, "--output", out / "sheet.json")  # fmt: skip
    tumors = [x for s in ("pre", "post") for x in ("--tumor", made / f"{s}.bam")]
    step("call", *both, "--targets", targets, "--normal", made / "normal.bam", *tumors,
         "--output", out / "call.vcf.gz")  # fmt: skip
    step("annotate", "--vcf", out / "call.vcf.gz", "--genes", genes, *both,
         "--output", out / "annotated.vcf.gz")  # fmt: skip
    step("compare", "--vcf", out / "annotated.vcf.gz", "--sheet", out / "sheet.json",
         "--output", out / "compare.json")  # fmt: skip
    step("resist", "--compare", out / "compare.json", "--sheet", out / "sheet.json",
         "--genes", genes, "--targets", targets, *both,
         "--output", out / "resist.json")  # fmt: skip
    step("qc", "--sheet", out / "sheet.json", "--targets", targets, *both,
         "--output", out / "qc.json")  # fmt: skip
    step("report", "--sheet", out / "sheet.json", "--qc", out / "qc.json",
         "--compare", out / "compare.json", "--resist", out / "resist.json",
         "--vcf", out / "annotated.vcf.gz", "--genes", genes,
         "--output-json", out / "report.json")  # fmt: skip
    return json.loads((out / "report.json").read_text())


def step(*words) -> None:
    """Run a command of the package."""
    with contextlib.redirect_stdout(sys.stderr):
        if status := resistpanel([str(word) for word in words]):
            raise SystemExit(f"{words[0]} ended with {status}")


def judge(case: Case, report: dict) -> tuple[dict | None, list[str]]:
    """Return the finding nearest to what is wanted, and what of it is not right."""
    best, wrong = None, ["not reported"]
    for finding in report["resist"]["findings"]:
        shown = [
            f"{key} {finding.get(key)!r}"
            for key, wanted in case.wanted.items()
            if not re.search(wanted, str(finding.get(key)))
        ]
        named = not any(text.startswith("label") for text in shown)
        if best is None or (not named, len(shown)) < (best[0], len(wrong)):
            best, wrong = (not named, finding), shown
    return best and best[1], wrong


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--af", type=float, default=0.2)
    parser.add_argument("--depth", type=float, default=400)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--exact", action="store_true", help="simulate's alignments, without bwa")
    args = parser.parse_args(argv)
    for name in args.only:
        case = CASES[name]
        report = run(name, case, args)
        finding, wrong = judge(case, report)
        shown = {k: finding.get(k) for k in ("label", "effect", "match_level", "state", "protein")}
        print(f"{name}: {wrong or 'right'}: {shown}")
        print(f"    {report['resist']['verdict']['sentence']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
