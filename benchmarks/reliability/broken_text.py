"""Broken text: sheet, configuration, panel, reference, catalogue, VCFs, the stages' own files."""

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pysam

from benchmarks.reliability import data
from benchmarks.reliability.broken_bam import BROKEN, SAMPLES, Patient, calls, pack
from benchmarks.reliability.cases import Case, run
from resistpanel.core.files import HOME

#: What a cell may hold that nobody expects.
VALUES = (
    "", " ", "NA", "nan", "inf", "-1", "0", "1e400", "9" * 25, "0x10", "1,5", "true", "null",
    "'", '"', '"unclosed', "\\", "a\\tb", "<script>alert(1)</script>", "{{7*7}}", "$(touch pwned)",
    "; touch pwned", "../../etc/passwd", "/dev/zero", "é", "µ\u202e", "\U0001f9ec", "\x00",
    "\x1b[31m", "=cmd()", "-", "--output", "x" * 100_000, ".", "%s%n", "chr7", "tumor",
)  # fmt: skip


class Text:
    """The unbroken files.

    Parameters
    ----------
    patient : Patient
    whole : Path
        Folder in which `broken_bam.baseline` ran: P01.json, P01.vcf.gz, qc.json.
    """

    def __init__(self, patient: Patient, whole: Path):
        self.patient, self.whole = patient, whole
        self.bams = [patient.cohort / "P01" / f"{name}.bam" for name in SAMPLES]
        self.genes = HOME / "panels/cancer138/hg19.gff3"
        lines = (patient.cohort / "samples.tsv").read_text().splitlines()[:4]
        self.head = lines[0].split("\t")
        self.rows = [dict(zip(self.head, line.split("\t"), strict=True)) for line in lines[1:]]
        for row, bam in zip(self.rows, self.bams, strict=True):
            row["bam"] = str(bam)
        for argv in self._stages():
            status, said = run(argv, whole)
            if status != 0:
                raise SystemExit(f"the unbroken patient: {argv}: {status}\n{said}")

    def _stages(self) -> list[list[str]]:
        """Return the later stages on what `broken_bam.baseline` made."""
        return [
            ["annotate", "--vcf", "P01.vcf.gz", "--genes", str(self.genes), "--reference",
             str(self.patient.reference), "--output", "annotated.vcf.gz"],
            ["copynumber", "--sheet", "P01.json", "--qc", "qc.json", "--vcf", "annotated.vcf.gz",
             "--reference", str(self.patient.reference), "--output", "copynumber.json"],
            ["identity", "copynumber.json", "--output", "identity.json"],
            ["compare", "--vcf", "annotated.vcf.gz", "--sheet", "P01.json", "--copynumber",
             "copynumber.json", "--output", "compare.json"],
            ["resist", "--compare", "compare.json", "--sheet", "P01.json", "--copynumber",
             "copynumber.json", "--output", "resist.json"],
            ["report", "--sheet", "P01.json", "--qc", "qc.json", "--compare", "compare.json",
             "--resist", "resist.json", "--copynumber", "copynumber.json", "--vcf",
             "annotated.vcf.gz", "--output-html", "report.html", "--output-json", "report.json"],
        ]  # fmt: skip

    def copy(self, folder: Path) -> None:
        """Put the stages' files into a case's folder."""
        for path in self.whole.iterdir():
            if path.suffix in (".json", ".gz", ".tbi"):
                shutil.copy(path, folder)

    def sheet(self, rows: list[dict] | None = None, head: list[str] | None = None) -> str:
        """Return a sheet's text."""
        head = head or self.head
        rows = self.rows if rows is None else rows
        lines = ["\t".join(head), *("\t".join(str(r.get(c, "")) for c in head) for r in rows)]
        return "\n".join(lines) + "\n"

    def config(self, **further: object) -> dict:
        """Return a configuration."""
        return {
            "samples": "samples.tsv",
            "reference": str(self.patient.reference),
            "targets": str(self.patient.targets),
        } | further

    def check(self, folder: Path, sheet: str | bytes | None = None, **further: object) -> list:
        """Write sheet and configuration; return the command that checks them."""
        text = self.sheet() if sheet is None else sheet
        if isinstance(text, bytes):
            (folder / "samples.tsv").write_bytes(text)
        else:
            (folder / "samples.tsv").write_text(text, encoding="utf-8")
        (folder / "config.yaml").write_text(json.dumps(self.config(**further)))
        return [["sheet", "--check", "--config", "config.yaml"]]

    def call(self, *further: str, reference: object = None, targets: object = None) -> list[str]:
        """Return the command line of the caller on the unbroken BAMs."""
        return ["call", "--reference", str(reference or self.patient.reference), "--targets",
                str(targets or self.patient.targets), "--normal", str(self.bams[0]), "--tumor",
                str(self.bams[1]), "--tumor", str(self.bams[2]), *further,
                "--output", "P01.vcf.gz"]  # fmt: skip


def corruptions(content: bytes, rng: random.Random, times: int) -> Iterator[tuple[str, bytes]]:
    """Yield what may befall any text file."""
    yield "empty", b""
    yield "one newline", b"\n"
    yield "random bytes", rng.randbytes(2000)
    yield "zero bytes", bytes(2000)
    yield "UTF-16", content.decode("utf-8", "replace").encode("utf-16")
    yield "Latin-1 letters", content.replace(b"a", "é".encode("latin-1"), 3)
    yield "gzip, cut short", gzip.compress(content)[: len(content) // 8 + 20]
    yield "carriage returns alone", content.replace(b"\n", b"\r")
    yield "spaces for tabs", content.replace(b"\t", b"  ")
    yield "commas for tabs", content.replace(b"\t", b",")
    yield "HTML page", b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n"
    yield "merge conflict", b"<<<<<<< HEAD\n" + content + b"=======\n>>>>>>> other\n"
    for number in range(4 * times):
        at = rng.randrange(1, max(len(content), 2))
        yield f"cut at byte {at} ({number})", content[:at]
    for number in range(6 * times):
        made = bytearray(content)
        for _ in range(rng.choice((1, 3, 30))):
            if made:
                made[rng.randrange(len(made))] = rng.randrange(256)
        yield f"bytes overwritten ({number})", bytes(made)
    lines = content.splitlines(keepends=True)
    rows = [i for i, line in enumerate(lines) if line.strip() and not line.startswith(b"#")]
    for number in range(14 * times):
        if not rows:
            return
        i = rng.choice(rows)
        cells = lines[i].rstrip(b"\n").split(b"\t")
        j = rng.randrange(len(cells))
        value = rng.choice(VALUES)
        cells[j] = value.encode("utf-8")
        made = [*lines[:i], b"\t".join(cells) + b"\n", *lines[i + 1 :]]
        told = value if len(value) < 20 else f"{value[:8]}... ({len(value)})"
        yield f"row {i + 1}, cell {j + 1} is {told!r} ({number})", b"".join(made)
    for number in range(3 * times):
        if rows:
            i = rng.choice(rows)
            yield (
                f"row {i + 1} lacks its last cell ({number})",
                b"".join(
                    [
                        *lines[:i],
                        lines[i].rstrip(b"\n").rpartition(b"\t")[0] + b"\n",
                        *lines[i + 1 :],
                    ]
                ),
            )
            twice = [*lines[:i], lines[i], *lines[i:]]
            yield f"row {i + 1} stands twice ({number})", b"".join(twice)


def strange_files(folder: Path, name: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what may stand where a file is expected, and how to put it there."""
    path = folder / name

    def remove() -> None:
        path.unlink(missing_ok=True)

    yield "is missing", remove
    yield "is a folder", lambda: (remove(), path.mkdir())
    yield "is a named pipe", lambda: (remove(), os.mkfifo(path))
    yield "is a link to itself", lambda: (remove(), path.symlink_to(path))
    yield "is a link to nothing", lambda: (remove(), path.symlink_to("nowhere"))


def of_sheets(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield sheets that are wrong in the ways of section 9 of the design, and at random."""

    def case(name: str, sheet: str | bytes, expect: str = "refused") -> Case:
        return Case("sheet", name, lambda folder: text.check(folder, sheet), expect)

    def changed(index: int, **cells: object) -> str:
        rows = [dict(row) for row in text.rows]
        rows[index].update(cells)
        return text.sheet(rows)

    yield case("as it is", text.sheet(), "same")
    for column in ("patient", "sample", "role", "timepoint", "day", "lesion", "drugs", "bam"):
        others = [c for c in text.head if c != column]
        yield case(f"column {column} missing", text.sheet(head=others))
        misspelt = [c + "s" if c == column else c for c in text.head]
        yield case(f"column {column} misspelt", text.sheet().replace(
            "\t".join(text.head), "\t".join(misspelt)))  # fmt: skip
    yield case("extra column", text.sheet(head=[*text.head, "batch"]))
    yield case("column twice", text.sheet(head=[*text.head, "bam"]))
    yield case("no rows", "\t".join(text.head) + "\n")
    yield case("no header", text.sheet().split("\n", 1)[1])
    yield case("duplicate sample", text.sheet([*text.rows, text.rows[1]]))
    yield case("one BAM for two samples", changed(2, bam=text.rows[1]["bam"]))
    yield case("patient without tumour", text.sheet(text.rows[:1]))
    yield case("two normals", changed(1, role="normal"))
    yield case("unknown role", changed(1, role="tumr"))
    # A note: the page says what is not assessed.
    yield case("unknown drug", changed(2, drugs="vemurafenibb"), "any")
    yield case("unknown drug of several", changed(2, drugs="vemurafenib;;xyz"), "any")
    yield case("two drugs in one name", changed(2, drugs="dabrafenib + trametinib"))
    yield case("day that is no number", changed(2, day="ninety"))
    yield case("day not finite", changed(2, day="inf"))
    yield case("day of 400 digits", changed(2, day="9" * 400))
    yield case("relapse before treatment", changed(2, day="-5"))
    yield case("time points without order", changed(2, day="", timepoint="late"))
    yield case("purity of 5", changed(2, purity="5"))
    yield case("purity 0", changed(2, purity="0"))
    yield case("sex misspelt", changed(0, sex="femal"))
    yield case("two sexes", changed(1, sex="male"))
    yield case("patient's name with a slash", changed(0, patient="../P01"))
    yield case("patient's name for the shell", changed(0, patient="$(touch pwned)"))
    yield case("sample's name with a space", changed(0, sample="P01 normal"))
    yield case("sample's name disagrees with the BAM", changed(0, sample="other"))
    yield case("samples exchanged", text.sheet(
        [{**text.rows[0], "bam": text.rows[1]["bam"]}, {**text.rows[1], "bam": text.rows[0]["bam"]},
         text.rows[2]]))  # fmt: skip
    yield case("BAM missing", changed(0, bam="nowhere.bam"))
    yield case("BAM is a folder", changed(0, bam="/tmp"))
    yield case("BAM is /dev/zero", changed(0, bam="/dev/zero"))
    yield case("BAM is /dev/null", changed(0, bam="/dev/null"))
    yield case("BAM is the sheet", changed(0, bam="samples.tsv"))
    yield case("BAM's path is empty", changed(0, bam=""))
    yield case("BAM's path of 5,000 characters", changed(0, bam="x/" * 2500))
    yield case("BAM's path with a zero byte", changed(0, bam="a\x00b.bam"))
    yield case("BAM in object storage", changed(0, bam="https://example.org/a.bam"), "any")
    yield case("BAM of an address nobody reads", changed(0, bam="gopher://example.org/a.bam"))
    yield case("byte order mark", "\ufeff" + text.sheet(), "any")
    yield case("Windows line ends", text.sheet().replace("\n", "\r\n"), "same")
    yield case("blank lines and comment", "# cohort\n\n" + text.sheet() + "\n\n", "any")
    many = ({"sample": f"s{i}", "patient": f"p{i}", "bam": f"x{i}.bam"} for i in range(50_000))
    yield case("50,000 rows", text.sheet([text.rows[0] | one for one in many]))
    for name, content in corruptions(text.sheet().encode(), rng, times):
        yield case(f"sheet: {name}", content, "any")

    for number in range(5):

        def strange(folder: Path, number: int = number) -> list[list[str]]:
            commands = text.check(folder)
            list(strange_files(folder, "samples.tsv"))[number][1]()
            return commands

        name = list(strange_files(Path(), ""))[number][0]
        yield Case("sheet", f"the sheet {name}", strange)


def of_configs(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield configurations."""

    def raw(name: str, content: str | bytes, expect: str = "refused") -> Case:
        def build(folder: Path) -> list[list[str]]:
            commands = text.check(folder)
            made = content.encode() if isinstance(content, str) else content
            (folder / "config.yaml").write_bytes(made)
            return commands

        return Case("configuration", name, build, expect)

    def keys(name: str, expect: str = "refused", **further: object) -> Case:
        return Case("configuration", name, lambda folder: text.check(folder, **further), expect)

    yield keys("as it is", "same")
    yield keys("unknown key", biuld="hg19")
    yield keys("unknown build", build="hg17")
    yield keys("build of another reference", "any", build="hg38")
    for key in ("samples", "reference", "targets", "genes", "catalog", "outdir", "knowledge"):
        for value in (7, [], {}, True, "", "/nowhere/at/all", "\x00", "/dev/null"):
            strict = key != "outdir" and key != "knowledge"
            yield keys(f"{key}: {value!r}", "refused" if strict else "any", **{key: value})
    for value in ("yes", 3, [1], {"pon": 5}, {"pon": "nowhere.vcf.gz"}, {"extra": ["-x"]},
                  {"germline": "nowhere.vcf.gz"}, {"unknown": 1}):  # fmt: skip
        yield keys(f"call: {value!r}", call=value)
    for value in ("x", {"tumor_mean_depth": "deep"}, {"unknown_row": 5}, {"tumor_mean_depth": []}):
        yield keys(f"qc: {value!r}", qc=value)
    yield keys("qc: depth not finite", qc={"tumor_mean_depth": float("inf")})
    yield raw("a list", "- samples.tsv\n")
    yield raw("a word", "samples\n")
    yield raw("a Python object", "samples: !!python/object/apply:os.system ['touch pwned']\n")
    yield raw("a Python name", "samples: !!python/name:os.system\n")
    grow = [
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]" for i in range(8)
    ]
    yield raw("anchors that grow", "\n".join(["a: &a [x,x,x,x,x,x,x,x,x]", *grow, ""]))
    yield raw("nested 20,000 deep", "samples: " + "[" * 20_000)
    yield raw("an alias to itself", "samples: &a [*a]\n")
    yield raw("a key twice", json.dumps(text.config())[:-1].replace("{", "", 1) + "\nsamples: x\n")
    yield raw("tabs for indentation", "samples:\n\t- x\n")
    good = "".join(f"{key}: {value}\n" for key, value in text.config().items()).encode()
    for name, content in corruptions(good, rng, times):
        yield raw(f"config: {name}", content, "any")


def of_panels(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield targets and genes."""
    bed = text.patient.targets.read_text()
    first = bed.splitlines()[0].split("\t")

    def targets(name: str, content: str | bytes, expect: str = "refused") -> Case:
        def build(folder: Path) -> list[list[str]]:
            made = content.encode() if isinstance(content, str) else content
            (folder / "targets.bed").write_bytes(made)
            return [
                *text.check(folder, targets="targets.bed"),
                ["panel", "adapt", "--reference", str(text.patient.reference), "--bed",
                 "targets.bed", "--gff3", str(text.genes), "--output-bed", "a.bed",
                 "--output-gff3", "a.gff3"],
                text.call(targets="a.bed"),
            ]  # fmt: skip

        return Case("targets", name, build, expect, calls)

    def row(*cells: object) -> str:
        return bed + "\t".join(map(str, [*cells, *first[len(cells) :]])) + "\n"

    yield targets("as they are", bed, "same")
    yield targets("beyond the contig", row("chr7", 159_138_600, 159_138_700))
    yield targets("across the contig's end", row("chr7", 159_138_600, 159_138_664))
    yield targets("end before start", row("chr7", 500, 400))
    yield targets("of no length", row("chr7", 500, 500))
    yield targets("negative start", row("chr7", -5, 400))
    yield targets("start that is no number", row("chr7", "x", 400))
    yield targets("start with a decimal point", row("chr7", "100.0", 400))
    yield targets("start of 30 digits", row("chr7", "9" * 30, "9" * 31))
    yield targets("unknown contig", row("chrQ", 100, 200))
    yield targets("two columns", bed + "chr7\t100\n")
    yield targets("spaces for tabs in one row", bed + "chr7 100 200\n")
    yield targets("overlapping", bed + bed.splitlines()[0] + "\n", "same")
    yield targets("unsorted", "\n".join(reversed(bed.splitlines())) + "\n", "same")
    yield targets("without chr", bed.replace("chr", ""), "same")
    yield targets("Windows line ends", bed.replace("\n", "\r\n"), "same")
    yield targets("track lines and comments", "track name=x\n# y\n" + bed, "same")
    yield targets("ten bases without a variant", "chr7\t140453100\t140453110\tBRAF\n", "any")
    yield targets("of hg38", (HOME / "panels/cancer138/hg38.bed").read_text())
    yield targets("comments alone", "# nothing\n")
    for name, content in corruptions(bed.encode(), rng, times):
        yield targets(f"bed: {name}", content, "any")

    gff = [li for li in text.genes.read_text().splitlines(keepends=True) if li.startswith("##")
           or any(f"Name={g}" in li or f"={g};" in li for g in data.GENES)]  # fmt: skip
    whole = text.genes.read_text()

    def genes(name: str, content: str | bytes, expect: str = "refused") -> Case:
        def build(folder: Path) -> list[list[str]]:
            text.copy(folder)
            made = content.encode() if isinstance(content, str) else content
            (folder / "genes.gff3").write_bytes(made)
            reference = ["--reference", str(text.patient.reference)]
            return [
                *text.check(folder, genes="genes.gff3"),
                ["panel", "adapt", *reference, "--bed", str(text.patient.targets), "--gff3",
                 "genes.gff3", "--output-bed", "a.bed", "--output-gff3", "a.gff3"],
                ["catalog", "sites", "--genes", "a.gff3", *reference, "--targets", "a.bed",
                 "--output", "sites.vcf"],
                ["annotate", "--vcf", "P01.vcf.gz", "--genes", "a.gff3", *reference,
                 "--output", "b.vcf.gz"],
            ]  # fmt: skip

        return Case("genes", name, build, expect)

    yield genes("as they are", whole, "same")
    yield genes("no genes", "".join(gff[:5]))
    yield genes("of hg38", (HOME / "panels/cancer138/hg38.gff3").read_text())
    yield genes("without CDS", "".join(li for li in whole.splitlines(True) if "\tCDS\t" not in li))
    for name, content in corruptions(whole.encode(), rng, times):
        yield genes(f"gff3: {name}", content, "any")


def of_references(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield references and their indexes."""
    fasta = text.patient.reference
    fai = Path(f"{fasta}.fai").read_bytes()
    gzi = Path(f"{fasta}.gzi").read_bytes()

    def case(name: str, change: Callable[[Path], object], expect: str = "refused") -> Case:
        def build(folder: Path) -> list[list[str]]:
            for suffix in ("", ".fai", ".gzi"):
                (folder / f"genome.fa.gz{suffix}").symlink_to(f"{fasta}{suffix}")
            change(folder)
            return [
                *text.check(folder, reference="genome.fa.gz"),
                text.call(reference="genome.fa.gz"),
            ]

        return Case("reference", name, build, expect, calls)

    def instead(name: str, content: bytes) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            (folder / name).unlink(missing_ok=True)
            (folder / name).write_bytes(content)

        return change

    def alone(content: bytes) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            for suffix in (".fai", ".gzi"):
                (folder / f"genome.fa.gz{suffix}").unlink()
            instead("genome.fa.gz", content)(folder)

        return change

    def gone(*names: str) -> Callable[[Path], None]:
        return lambda folder: [(folder / name).unlink() for name in names] and None

    yield case("as it is", lambda folder: None, "same")
    yield case("missing", gone("genome.fa.gz"))
    yield case("no .fai (made)", gone("genome.fa.gz.fai"), "same")
    yield case("no .gzi (made)", gone("genome.fa.gz.gzi"), "same")
    packed = fasta.read_bytes()
    for fraction in (0.001, 0.3, 0.9):
        cut = packed[: int(len(packed) * fraction)]
        yield case(f"cut at {fraction:.1%}", instead("genome.fa.gz", cut))
    yield case("empty", alone(b""))
    yield case("name alone", alone(b">chr7\n"))
    yield case("not FASTA", alone(b"ACGT\n"))
    yield case("gzip", alone(b"\x1f\x8b\x08\x00" + bytes(100)))
    yield case("lines of unequal length", alone(b">chr7\nACGTACGT\nAC\nACGTACGT\n"))
    yield case("contig twice", alone(b">chr7\nACGT\n>chr7\nACGT\n"))
    yield case("another genome", alone(pack(b">chr7\nACGTACGT\n>chr15\nACGT\n")))
    short = fai.replace(b"159138663", b"1000000")
    yield case("index says a contig is shorter", instead("genome.fa.gz.fai", short))
    yield case("index says a contig is longer", instead(
        "genome.fa.gz.fai", fai.replace(b"159138663", b"259138663")))  # fmt: skip
    for name, content in corruptions(fai, rng, times):
        yield case(f"fai: {name}", instead("genome.fa.gz.fai", content), "either")
    for name, content in (
        ("empty", b""), ("cut", gzi[: len(gzi) // 2]), ("random", rng.randbytes(800)),
        ("of text", b"no index\n" * 20), ("huge count", b"\xff" * 8),
    ):  # fmt: skip
        yield case(f"gzi: {name}", instead("genome.fa.gz.gzi", content), "either")


def of_catalogs(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield tables of the catalogue, a user's tables and exports to import."""
    shipped = HOME / "resources/catalog"
    reference = ["--reference", str(text.patient.reference)]

    def table(name: str, file: str, content: bytes, expect: str = "any") -> Case:
        def build(folder: Path) -> list[list[str]]:
            text.copy(folder)
            shutil.copytree(shipped, folder / "catalog")
            (folder / "catalog" / file).write_bytes(content)
            return [
                ["catalog", "check", "--catalog", "catalog"],
                *text.check(folder, catalog="catalog"),
                ["catalog", "sites", "--catalog", "catalog", "--genes", str(text.genes),
                 *reference, "--targets", str(text.patient.targets), "--output", "sites.vcf"],
                ["resist", "--compare", "compare.json", "--sheet", "P01.json", "--copynumber",
                 "copynumber.json", "--catalog", "catalog", "--output", "resist.json"],
            ]  # fmt: skip

        return Case("catalogue", f"{file}: {name}", build, expect)

    for path in sorted(shipped.glob("*.tsv")):
        content = path.read_bytes()
        yield table("as it is", path.name, content, "same")
        yield table("empty", path.name, b"", "refused")
        head, _, rest = content.partition(b"\n")
        yield table("header misspelt", path.name, head[1:] + b"\n" + rest, "refused")
        found = list(corruptions(content, rng, times))
        for name, made in found if path.name == "resistance.tsv" else rng.sample(found, 8):
            yield table(name, path.name, made)

    resistance = (shipped / "resistance.tsv").read_text().splitlines()
    head = resistance[0].split("\t")
    good = next(line for line in resistance if line.startswith("ABL1-T315I")).split("\t")
    for column in head:
        for value in ("", "nonsense", "<b>"):
            free = column in ("note", "effect_size", "source", "disease", "drug_class", "id")
            row = [value if c == column else cell for c, cell in zip(head, good, strict=False)]

            def user(folder: Path, row: list[str] = row) -> list[list[str]]:
                (folder / "mine.tsv").write_text("\t".join(head) + "\n" + "\t".join(row) + "\n")
                return [["catalog", "check", "--user", "mine.tsv"]]

            optional = free or (not value and column in ("drugs", "pmid"))
            yield Case("catalogue", f"own row with {column} {value!r}", user,
                       "any" if optional else "refused")  # fmt: skip

    for kind in ("civic", "cgi", "moalmanac"):
        made = sorted((HOME / "tests/catalog").rglob(f"*{kind}*.tsv"))
        content = made[0].read_bytes() if made else b"gene\tvariant\nBRAF\tV600E\n"
        for name, broken in rng.sample(list(corruptions(content, rng, times)), 10):

            def export(folder: Path, kind: str = kind, broken: bytes = broken) -> list[list[str]]:
                (folder / "export.tsv").write_bytes(broken)
                return [["catalog", "import", "export.tsv", "--format", kind, "--date",
                         "2026-01-01", "--output", "mine.tsv"]]  # fmt: skip

            yield Case("catalogue", f"import of {kind}: {name}", export, "any")


SITES = """##fileformat=VCFv4.3
##contig=<ID=chr7,length=159138663>
##contig=<ID=chr15,length=102531392>
##INFO=<ID=AF,Number=A,Type=Float,Description="AF">
##INFO=<ID=NORMALS,Number=1,Type=Integer,Description="Normals">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr7\t140453136\tV600E\tA\tT\t.\t.\tAF=0.0;NORMALS=0
chr7\t140453137\tV600\tC\tT\t.\t.\tAF=0.0;NORMALS=0
chr15\t66729154\tC121S\tG\tC\t.\t.\tAF=0.0;NORMALS=0
"""


def _with_line(line: str) -> bytes:
    """Return the sites with one more line, where it belongs by position if it has one."""
    lines = SITES.splitlines()
    start = next(i for i, text in enumerate(lines) if not text.startswith("#"))
    cells = line.split("\t")
    at = start
    while at < len(lines) and lines[at].startswith(cells[0]) and (
        len(cells) < 2 or not cells[1].lstrip("-").isdigit()
        or int(lines[at].split("\t")[1]) <= int(cells[1])
    ):  # fmt: skip
        at += 1
    lines.insert(at if cells[0] == "chr7" else len(lines), line)
    return ("\n".join(lines) + "\n").encode()


def of_vcfs(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield forced sites, germline resource, panel of normals, and the VCF that annotate reads."""

    def given(option: str, name: str, content: bytes, expect: str = "any") -> Case:
        def build(folder: Path) -> list[list[str]]:
            if option == "--sites":
                (folder / "given.vcf").write_bytes(content)
                return [text.call("--sites", "given.vcf")]
            path = folder / "given.vcf.gz"
            with pysam.BGZFile(str(path), "wb") as handle:
                handle.write(content)
            try:
                pysam.tabix_index(str(path), preset="vcf", force=True)
            except (OSError, ValueError):
                shutil.copy(f"{text.whole}/P01.vcf.gz.tbi", f"{path}.tbi")
            return [text.call(option, "given.vcf.gz")]

        return Case("VCF given to call", f"{option}: {name}", build, expect, calls)

    good = SITES.encode()
    for option in ("--sites", "--germline", "--pon"):
        yield given(option, "as it is", good, "same")
        body = SITES.rpartition("#CHROM")[2]
        body = "#CHROM" + body
        yield given(option, "no header", body.encode(), "refused")
        other = SITES.replace("chr", "").encode()
        yield given(option, "contigs of another naming", other, "either")
        if option == "--sites":
            yield given(option, "REF of another build", SITES.replace("\tA\tT", "\tG\tT").encode(),
                        "refused")  # fmt: skip
        for name, line in (
            ("position 0", "chr7\t0\t.\tA\tT\t.\t.\tAF=0.1;NORMALS=1"),
            ("position beyond the contig", "chr7\t959138663\t.\tA\tT\t.\t.\tAF=0.1;NORMALS=1"),
            ("negative position", "chr7\t-4\t.\tA\tT\t.\t.\tAF=0.1;NORMALS=1"),
            ("symbolic allele", "chr7\t140453136\t.\tA\t<DEL>\t.\t.\tAF=0.1;NORMALS=1"),
            ("breakend", "chr7\t140453136\t.\tA\tA[chr15:66729154[\t.\t.\tAF=0.1;NORMALS=1"),
            ("star", "chr7\t140453136\t.\tA\t*\t.\t.\tAF=0.1;NORMALS=1"),
            ("no ALT", "chr7\t140453136\t.\tA\t.\t.\t.\tAF=0.1;NORMALS=1"),
            ("REF of N", "chr7\t140453136\t.\tN\tT\t.\t.\tAF=0.1;NORMALS=1"),
            ("many ALT", "chr7\t140453136\t.\tA\tC,G,T\t.\t.\tAF=0.1,0.1,0.1;NORMALS=1"),
            ("AF of text", "chr7\t140453137\t.\tC\tT\t.\t.\tAF=common;NORMALS=x"),
            ("AF above 1", "chr7\t140453137\t.\tC\tT\t.\t.\tAF=7;NORMALS=1"),
            ("negative AF", "chr7\t140453137\t.\tC\tT\t.\t.\tAF=-1;NORMALS=-1"),
            ("AF nan", "chr7\t140453137\t.\tC\tT\t.\t.\tAF=nan;NORMALS=1"),
            ("AF missing", "chr7\t140453137\t.\tC\tT\t.\t.\t."),
            ("REF of 100 kb", "chr7\t140453100\t.\t" + "A" * 100_000 + "\tA\t.\t.\tAF=0.1"),
            ("ALT of 100 kb", "chr7\t140453136\t.\tA\t" + "ACGT" * 25_000 + "\t.\t.\tAF=0.1"),
            ("unknown contig", "chrQ\t5\t.\tA\tT\t.\t.\tAF=0.1;NORMALS=1"),
            ("too few columns", "chr7\t140453136\t.\tA"),
        ):  # fmt: skip
            yield given(option, name, _with_line(line))
        for name, content in corruptions(good, rng, times):
            yield given(option, name, content)

        def strange(folder: Path, option: str = option) -> list[list[str]]:
            return [text.call(option, "nowhere.vcf.gz")]

        yield Case("VCF given to call", f"{option}: missing", strange)

        def unindexed(folder: Path, option: str = option) -> list[list[str]]:
            with pysam.BGZFile(str(folder / "given.vcf.gz"), "wb") as handle:
                handle.write(good)
            return [text.call(option, "given.vcf.gz")]

        expect = "same" if option == "--sites" else "refused"
        yield Case("VCF given to call", f"{option}: no index", unindexed, expect, calls)

    called = pysam.BGZFile(str(text.whole / "P01.vcf.gz")).read()

    def annotate(name: str, content: bytes) -> Case:
        def build(folder: Path) -> list[list[str]]:
            text.copy(folder)
            path = folder / "P01.vcf.gz"
            Path(f"{path}.tbi").unlink()
            path.write_bytes(pack(content))
            return [text._stages()[i] for i in (0, 3)]

        return Case("VCF between stages", f"annotate: {name}", build, "any")

    for name, content in corruptions(called, rng, 2 * times):
        yield annotate(name, content)
    whole = (text.whole / "P01.vcf.gz").read_bytes()
    annotated = (text.whole / "annotated.vcf.gz").read_bytes()
    for fraction in (0.1, 0.5, 0.9):
        for name, content, stage in (("P01", whole, 0), ("annotated", annotated, 3)):

            def cut(folder: Path, name=name, content=content, stage=stage, fraction=fraction):
                text.copy(folder)
                path = folder / f"{name}.vcf.gz"
                path.write_bytes(content[: int(len(content) * fraction)])
                return [text._stages()[stage]]

            yield Case("VCF between stages", f"{name}.vcf.gz cut at {fraction:.0%}", cut)


def of_json(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield the stages' own JSON, cut, of another stage, and with keys lost or changed."""
    readers = {"P01": (1, 3, 4, 5), "qc": (1, 5), "copynumber": (2, 3, 4, 5), "compare": (4, 5),
               "resist": (5,)}  # fmt: skip

    def case(name: str, file: str, content: bytes, stage: int, expect: str) -> Case:
        def build(folder: Path) -> list[list[str]]:
            text.copy(folder)
            (folder / f"{file}.json").write_bytes(content)
            return [text._stages()[stage]]

        word = text._stages()[stage][0]
        return Case("JSON between stages", f"{file}.json to {word}: {name}", build, expect)

    for file, stages in readers.items():
        whole = (text.whole / f"{file}.json").read_bytes()
        other = "qc" if file != "qc" else "compare"
        for stage in stages:
            yield case("as it is", file, whole, stage, "same")
            yield case("empty", file, b"", stage, "refused")
            yield case("cut", file, whole[: len(whole) // 2], stage, "refused")
            yield case("a list", file, b"[]", stage, "refused")
            yield case("no keys", file, b"{}", stage, "refused")
            yield case("NaN", file, b'{"schema": NaN}', stage, "refused")
            yield case(
                f"{other}.json instead", file, (text.whole / f"{other}.json").read_bytes(), stage,
                "refused",
            )  # fmt: skip
            for number in range(3 * times):
                value = json.loads(whole)
                told = _damage(value, rng)
                yield case(f"{told} ({number})", file, json.dumps(value).encode(), stage, "any")


def _damage(value: object, rng: random.Random) -> str:
    """Remove or replace something somewhere in a JSON value; return what."""
    while True:
        if isinstance(value, dict) and value:
            key = rng.choice(sorted(value))
        elif isinstance(value, list) and value:
            key = rng.randrange(len(value))
        else:
            return "nothing"
        inner = value[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.7:
            value = inner
            continue
        if isinstance(key, str) and rng.random() < 0.5:
            del value[key]
            return f"'{key}' removed"
        value[key] = rng.choice([None, "x", -1, 1e300, [], {}, True, "<script>"])
        return f"{key!r} is {value[key]!r}"


def of_patients(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield described patients for the simulation."""
    import yaml

    good = yaml.safe_dump(data.describe("P01", 1)).encode()
    for name, content in corruptions(good, rng, times):

        def build(folder: Path, content: bytes = content) -> list[list[str]]:
            (folder / "patient.yaml").write_bytes(content)
            (folder / "config.yaml").write_text("simulate: patient.yaml\n")
            return [["simulate", "patient.yaml", "--output", "out", "--depth", "2",
                     "--reference", str(text.patient.reference), "--targets",
                     str(text.patient.targets)]]  # fmt: skip

        yield Case("simulated patient", name, build, "any")


def cases(text: Text, seed: int, times: int = 1) -> Iterator[Case]:
    """Yield all."""
    for kind in (of_sheets, of_configs, of_panels, of_references, of_catalogs, of_vcfs, of_json,
                 of_patients):  # fmt: skip
        # Each draws its own numbers: one that changes leaves the others as they were.
        yield from kind(text, random.Random(f"{seed} {kind.__name__}"), times)


__all__ = ["BROKEN", "Text", "cases"]
