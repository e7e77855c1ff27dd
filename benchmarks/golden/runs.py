"""The runs whose results are recorded, all through the command line of resistpanel."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pysam
import yaml

from benchmarks import genome
from benchmarks.golden.canonical import canonical_json, canonical_vcf, collect, reads_digest

ROOT, SHARED = genome.ROOT, genome.SHARED
REAL = SHARED / "real"
#: Folders of the results that hold times, copies of the input, or pages made of the rest.
LEFT_OUT = ("benchmarks", "logs", "multiqc")


class Failed(Exception):
    """A run ended with an error; its words are the message."""


class Skipped(Exception):
    """A run lacks its data; the message says which."""


@dataclass
class Session:
    """Where things are made.

    Attributes
    ----------
    work : Path
        Scratch folder of the runs.
    out : Path
        Folder of the canonical results, one folder a case.
    data : Path
        Simulated reads that are kept between runs, in the store.
    cores : int
    simulate : bool
        Simulate the demo patients' reads anew, although the store has them.
    """

    work: Path
    out: Path
    data: Path
    cores: int = 2
    simulate: bool = True
    demos: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A run: its name, which is its folder in the store, and what makes it."""

    name: str
    make: Callable[[Session, Path], None]

    @property
    def part(self) -> str:
        return self.name.split("/")[0]


def resistpanel(*words, folder: Path, status: int | None = 0) -> subprocess.CompletedProcess:
    """Run a command of resistpanel in a folder; `status` None accepts any exit status."""
    program = Path(sys.executable).with_name("resistpanel")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["env", f"XDG_CACHE_HOME={folder / '.cache'}", str(program), *map(str, words)],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    if status is not None and done.returncode != status:
        raise Failed(
            f"resistpanel {words[0]}: exit status {done.returncode}\n{done.stderr[-3000:]}"
        )
    return done


def workflow(folder: Path, out: Path, cores: int) -> None:
    """Run the workflow on the config.yaml of a folder and collect its results."""
    resistpanel("run", "--directory", folder, "--cores", cores, folder=folder)
    collect(folder / "results", out, LEFT_OUT)


def call(folder: Path, out: Path, *options) -> None:
    """Call a patient; write the canonical VCF to `out`."""
    vcf = folder / "call.vcf.gz"
    resistpanel("call", *options, "--output", vcf, folder=folder)
    collect_call(vcf, out)


def collect_call(vcf: Path, out: Path) -> None:
    """Write the canonical form of a caller's VCF to call.vcf of a folder."""
    out.mkdir(parents=True, exist_ok=True)
    with pysam.BGZFile(str(vcf)) as handle:
        (out / "call.vcf").write_text(canonical_vcf(handle.read().decode()))


# the demo patients


def merge(first: dict, second: dict) -> dict:
    """Return a configuration with the keys of a second one put over it."""
    out = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merge(out[key], value) if both else value
    return out


DEMOS = {"wagle2011": [], "brafamp": ["resources/demo/amplification.config.yaml"]}


def demo(name: str) -> Callable[[Session, Path], None]:
    """Return the run of a demo patient as shipped."""

    def make(session: Session, out: Path) -> None:
        folder = session.work / "demo" / name
        folder.mkdir(parents=True)
        settings = yaml.safe_load((ROOT / "config.yaml").read_text())
        for path in DEMOS[name]:
            settings = merge(settings, yaml.safe_load((ROOT / path).read_text()))
        settings["outdir"] = "results"
        (folder / "config.yaml").write_text(yaml.safe_dump(settings))
        kept, reads = session.data / "demo" / name, folder / "results/simulate"
        if kept.is_dir() and not session.simulate:
            copy_as_new(kept, reads)
        workflow(folder, out, session.cores)
        session.demos[name] = folder
        if not kept.is_dir():
            part = kept.with_name(f".{os.getpid()}.{name}")
            shutil.copytree(reads, part)
            part.rename(kept)
        # A difference here is one of the simulation; all others then follow from it.
        digests = {bam.stem: reads_digest(bam) for bam in reads.rglob("*.bam")}
        (out / "reads.json").write_text(canonical_json(json.dumps(digests)))

    return make


def copy_as_new(source: Path, target: Path) -> None:
    """Copy a folder; all files get one time, now, so that none is older than another."""
    shutil.copytree(source, target)
    now = time.time()
    for path in target.rglob("*"):
        os.utime(path, (now, now))


# the real sets


def need(folder: str) -> Path:
    """Return a folder of the real data; Skipped if it is absent."""
    if not (REAL / folder).is_dir():
        raise Skipped(f"{REAL / folder} is absent")
    return REAL / folder


COLUMNS = ("patient", "sample", "role", "timepoint", "day", "lesion", "drugs", "bam", "disease")


def sheet(folder: Path, rows: list[dict], settings: dict) -> None:
    """Write a sample sheet and a configuration to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(row.get(name, "") for name in COLUMNS) for row in rows]
    (folder / "samples.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n")
    (folder / "config.yaml").write_text(yaml.safe_dump({"samples": "samples.tsv", **settings}))


def colo829(session: Session, out: Path) -> None:
    """Call and run the melanoma cell line and its normal."""
    data = need("colo829")
    reference, bed = f"{data}/GRCh37.windows.fa.gz", f"{data}/windows.bed"
    normal, tumor = f"{data}/COLO829R.bam", f"{data}/COLO829T.bam"
    folder = session.work / "real/colo829"
    call(folder, out, "--reference", reference, "--targets", bed,
         "--normal", normal, "--tumor", tumor)  # fmt: skip
    shared = {"patient": "COLO829", "disease": "melanoma"}
    rows = [
        shared | {"sample": "COLO829v003R-525", "role": "normal", "bam": normal},
        shared | {"sample": "COLO829v003T-525", "role": "tumor", "bam": tumor,
                  "timepoint": "post", "day": "100", "drugs": "vemurafenib"},
    ]  # fmt: skip
    sheet(folder, rows, {"reference": reference, "build": "hg19", "targets": bed,
                         "genes": f"{ROOT}/panels/cancer138/hg19.gff3"})  # fmt: skip
    workflow(folder, out, session.cores)


#: Contigs that are windows of chromosomes: contig, build of the panel, gene.
WINDOWS = (
    ("chr17_hg19:7460000-7700000", "hg19", "TP53"),
    ("chr17:43000000-44000000", "hg38", "BRCA1"),
)
#: Bases round an exon.
PADDING = 10


def shifted(window: str, gff3: str, symbol: str) -> tuple[list[str], list[str]]:
    """Return a gene's GFF3 and BED lines in the coordinates of its window."""
    first = int(re.fullmatch(r".*:(\d+)-\d+", window)[1])
    genes, bed, ids = [], [], {f"gene:{symbol}"}
    for line in gff3.splitlines():
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        tags = dict(tag.split("=", 1) for tag in fields[8].split(";"))
        if tags["ID"] not in ids and tags.get("Parent") not in ids:
            continue
        ids.add(tags["ID"])
        start, end = (int(text) - first + 1 for text in fields[3:5])  # 1-based, end included
        genes.append("\t".join([window, *fields[1:3], str(start), str(end), *fields[5:]]))
        if fields[2] == "exon":
            transcript, number = tags["ID"].removeprefix("exon:").rsplit(".", 1)
            name = f"{symbol}|{transcript}|exon{number}"
            bed.append(f"{window}\t{start - 1 - PADDING}\t{end + PADDING}\t{name}\t.\t{fields[6]}")
    return genes, bed


def hcc1395(session: Session, out: Path) -> None:
    """Call and run the breast cancer cell line and its normal."""
    data, windows = need("hcc1395"), need("hg38_windows")
    folder = session.work / "real/hcc1395"
    folder.mkdir(parents=True)
    reference = f"{windows}/windows.fa.gz"
    normal, tumor = f"{data}/HCC1395_normal.bam", f"{data}/HCC1395_tumor.bam"
    regions = folder / "regions.bed"
    # Both genes with their introns.
    regions.write_text(f"{WINDOWS[0][0]}\t110000\t132000\n{WINDOWS[1][0]}\t40000\t130000\n")
    call(folder, out, "--reference", reference, "--targets", regions,
         "--normal", normal, "--tumor", tumor)  # fmt: skip
    genes, bed = ["##gff-version 3"], []
    for window, build, symbol in WINDOWS:
        more = shifted(window, (ROOT / f"panels/cancer138/{build}.gff3").read_text(), symbol)
        genes += more[0]
        bed += more[1]
    (folder / "panel.gff3").write_text("\n".join(genes) + "\n")
    (folder / "panel.bed").write_text("\n".join(bed) + "\n")
    rows = [
        {"patient": "HCC1395", "sample": "HCC1395_BL", "role": "normal", "bam": normal},
        {"patient": "HCC1395", "sample": "HCC1395", "role": "tumor", "bam": tumor,
         "timepoint": "pre", "day": "0"},
    ]  # fmt: skip
    sheet(folder, rows, {"reference": reference, "build": "hg38", "targets": "panel.bed",
                         "genes": "panel.gff3"})  # fmt: skip
    workflow(folder, out, session.cores)


def na12878(session: Session, out: Path) -> None:
    """Call a sample against itself: the normal as BAM, the copy as CRAM."""
    data = need("na12878_tiny")
    folder = session.work / "real/na12878"
    folder.mkdir(parents=True)
    made = {}
    for name, suffix, mode in (("normal", "bam", "wb"), ("copy", "cram", "wc")):
        made[name] = folder / f"{name}.{suffix}"
        with pysam.AlignmentFile(f"{data}/NA12878.chr22.tiny.bam") as source:
            header = source.header.to_dict()
            header["RG"] = [group | {"SM": name} for group in header["RG"]]
            header["SQ"] = [{"SN": "q", "LN": header["SQ"][0]["LN"]}]
            with pysam.AlignmentFile(
                str(made[name]), mode, header=header, reference_filename=f"{data}/q.fa"
            ) as sink:
                for read in source.fetch(until_eof=True):
                    sink.write(read)
        pysam.index(str(made[name]))
    bed = folder / "targets.bed"
    bed.write_text("q\t0\t12356\n")
    call(folder, out, "--reference", f"{data}/q.fa", "--targets", bed,
         "--normal", made["normal"], "--tumor", made["copy"])  # fmt: skip


def seracare(session: Session, out: Path) -> None:
    """Call and run the ctDNA reference material: one sample of duplex reads, no normal."""
    data = need("seracare")
    folder = session.work / "real/seracare"
    reference, bed, bam = (
        f"{data}/{name}" for name in ("GRCh37.windows.fa.gz", "targets.bed", "duplex.bam")
    )
    call(folder, out, "--reference", reference, "--targets", bed, "--tumor", bam)
    with pysam.AlignmentFile(bam) as handle:
        sample = handle.header.to_dict()["RG"][0]["SM"]
    rows = [
        {"patient": "SERACARE", "sample": sample, "role": "tumor", "bam": bam,
         "timepoint": "post", "day": "100", "drugs": "erlotinib", "disease": "lung adenocarcinoma"},
    ]  # fmt: skip
    sheet(folder, rows, {"reference": reference, "build": "hg19", "targets": bed,
                         "genes": f"{ROOT}/panels/cancer138/hg19.gff3"})  # fmt: skip
    workflow(folder, out, session.cores)


# the accuracy suite

#: Changes of the default settings, as in benchmarks/accuracy.py; one seed, few genes.
SEED = 4711
GENES = ("EGFR", "KIT", "PDGFRA", "TERT", "VHL")
ACCURACY = {
    "100bp": {"library": {"depth": 500}},
}


def accuracy(name: str) -> Callable[[Session, Path], None]:
    """Return the run of one simulated patient against its truth."""

    def make(session: Session, out: Path) -> None:
        # Imported here: only this part needs bwa and ART, and modules of the package.
        from benchmarks import accuracy as suite
        from benchmarks import summary, trio
        from benchmarks.fragments import Library

        need("hg38_windows")
        changes = dict(ACCURACY[name])
        library = Library(**changes.pop("library"))
        settings = trio.Settings(seed=SEED, genes=GENES, library=library, **changes)
        kept = trio.make(settings, session.data)
        # The caller's files go to a folder of this run: others may use the same reads.
        folder = session.work / "accuracy" / name
        folder.mkdir(parents=True)
        for path in kept.folder.iterdir():
            if path.is_file():
                (folder / path.name).symlink_to(path.resolve())
        data = trio.Trio(folder, settings)
        rows, _ = suite.run_caller(data, "resistpanel", reuse=False)
        collect_call(folder / "resistpanel/somatic.vcf.gz", out)
        tables = {**summary.tables(rows), "variants": rows.variants, "false": rows.false,
                  "samples": rows.samples}  # fmt: skip
        for title, frame in tables.items():
            slug = re.sub(r"\W+", "_", title.lower().split(",")[0])
            frame.to_csv(out / f"{slug}.tsv", sep="\t", index=False, float_format="%.10g")
        (out / "settings.json").write_text(canonical_json(json.dumps(asdict(settings))))

    return make


# explain

#: Questions about a patient; those of TEXTS are answered as text, too.
QUERIES = {
    "wagle2011": (
        "BRAF V600E", "MAP2K1 C121S", "RET K710N", "BRCA1 T464T", "ERBB4 G1217E", "FLT1 A276T",
        "PDGFRB L998L", "PTPRD P516L", "TERT E727K", "TERT T726T", "NRAS Q61K", "MAP2K1 P124L",
        "BRAF amplification",
    ),
    "brafamp": (
        "BRAF V600E", "BRAF amplification", "CDKN2A deletion", "PTEN deletion",
        "chr4:66356262:C:T", "chr9:139400047:G:A", "chr16:2130271:C:T", "NRAS Q61R",
        "MAP2K1 C121S",
    ),
}  # fmt: skip
TEXTS = {
    "wagle2011": ("MAP2K1 C121S", "TERT E727K", "NRAS Q61K", "BRCA1 T464T"),
    "brafamp": ("BRAF amplification", "PTEN deletion", "chr4:66356262:C:T", "BRAF V600E"),
}


def explain(name: str) -> Callable[[Session, Path], None]:
    """Return the run of `resistpanel explain` about a demo patient."""

    def make(session: Session, out: Path) -> None:
        if name not in session.demos:
            demo(name)(session, session.work / "unused" / name)
        folder = session.demos[name]
        out.mkdir(parents=True, exist_ok=True)
        asked = [(query, ".json") for query in QUERIES[name]]
        asked += [(query, ".txt") for query in TEXTS[name]]
        for query, suffix in asked:
            words = [name, *query.split(), *(["--json"] if suffix == ".json" else [])]
            done = resistpanel("explain", *words, folder=folder, status=None)
            text = done.stdout
            if done.returncode:  # what it says when it finds nothing is part of it
                suffix, text = ".txt", f"exit status {done.returncode}\n{done.stderr}"
            elif suffix == ".json":
                text = canonical_json(text)
            (out / (re.sub(r"\W+", "_", query) + suffix)).write_text(text)

    return make


PARTS = ("demo", "real", "accuracy", "explain")
CASES = (
    *(Case(f"demo/{name}", demo(name)) for name in DEMOS),
    *(Case(f"real/{f.__name__}", f) for f in (colo829, hcc1395, na12878, seracare)),
    *(Case(f"accuracy/{name}", accuracy(name)) for name in ACCURACY),
    *(Case(f"explain/{name}", explain(name)) for name in QUERIES),
)
