"""Broken input to what a user calls beside the workflow, and CRAM in place of BAM."""

import gzip
import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pysam

from benchmarks.reliability.broken_bam import BROKEN, calls
from benchmarks.reliability.broken_text import VALUES, Text, _damage, corruptions, strange_files
from benchmarks.reliability.cases import Case, run

#: The last container of a CRAM 3 file.
CRAM_EOF = bytes.fromhex(
    "0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b"
)


def flipped(content: bytes, at: int, bit: int) -> bytes:
    """Return bytes with one bit changed."""
    made = bytearray(content)
    made[at] ^= 1 << bit
    return bytes(made)


def _other_genome(text: Text, folder: Path) -> Path:
    """Put another genome into a folder: the same file, by an index that takes all for chr1."""
    path = folder / "other.fa.gz"
    path.symlink_to(text.patient.reference)
    Path(f"{path}.gzi").symlink_to(f"{text.patient.reference}.gzi")
    lines = Path(f"{text.patient.reference}.fai").read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    moved = ["\t".join([*row[:2], rows[0][2], *row[3:]]) for row in rows]
    Path(f"{path}.fai").write_text("\n".join(moved) + "\n")
    return path


def _cram(source: Path, path: Path, reference: Path, *options: str) -> Path:
    """Write a CRAM with its index."""
    pysam.view("-C", "-T", str(reference), *options, "-o", str(path), str(source),
               catch_stdout=False)  # fmt: skip
    pysam.index(str(path))
    return path


def of_crams(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield CRAMs: truncated, with bits flipped, of another reference, of other options."""
    store = text.whole / "cram"
    store.mkdir(exist_ok=True)
    genome = text.patient.reference
    # With its bases inside: else each would take the checksums of a whole genome.
    inside = ("--output-fmt-option", "embed_ref=2")
    good = _cram(text.patient.bam, store / "good.cram", genome, *inside)
    content, index = good.read_bytes(), Path(f"{good}.crai").read_bytes()

    def case(name: str, made: bytes, expect: str = "either", crai: bytes | None = index) -> Case:
        def build(folder: Path) -> list[list[str]]:
            path = folder / f"{BROKEN}.cram"
            path.write_bytes(made)
            if crai is not None:
                Path(f"{path}.crai").write_bytes(crai)
            return text.patient.commands(folder, path)

        return Case("CRAM", name, build, expect, calls)

    yield case("as it is", content, "same")
    yield case("without an index", content, "either", None)
    for name, options in (
        ("of version 2.1", ["--output-fmt-option", "version=2.1", *inside]),
        ("without a reference", ["--output-fmt-option", "no_ref=1"]),
        ("of one read to a slice", ["--output-fmt-option", "seqs_per_slice=1", *inside]),
        ("of archive mode", ["--output-fmt", "cram,archive", *inside]),
    ):
        path = _cram(text.patient.bam, store / f"{len(name)}.cram", genome, *options)
        yield case(name, path.read_bytes(), "same", Path(f"{path}.crai").read_bytes())

    def outside(folder: Path, other: bool) -> list[list[str]]:
        """Write a CRAM whose bases are in a reference of its own; checksums of contigs without
        reads are made up, to spare time."""
        sam = folder / "m5.sam"
        lines = pysam.view("-h", "--no-PG", str(text.patient.bam)).splitlines()
        used = {line.split("\t")[2] for line in lines if not line.startswith("@")}
        sums = dict.fromkeys(pysam.FastaFile(str(genome)).references, "0" * 32)
        reference = _other_genome(text, folder) if other else genome
        with pysam.FastaFile(str(reference)) as fasta:
            for name in used & sums.keys():
                bases = fasta.fetch(name).upper().encode()
                sums[name] = hashlib.md5(bases, usedforsecurity=False).hexdigest()
        sam.write_text(
            "".join(
                f"{line}\tM5:{sums[line.split('SN:')[1].split()[0]]}\n"
                if line.startswith("@SQ")
                else f"{line}\n"
                for line in lines
            )
        )
        return text.patient.commands(folder, _cram(sam, folder / f"{BROKEN}.cram", reference))

    for name, other, expect in (("this", False, "same"), ("another", True, "refused")):
        yield Case("CRAM", f"without its bases, made with {name} reference",
                   lambda folder, other=other: outside(folder, other), expect, calls)  # fmt: skip
    size = len(content)
    for fraction in (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        at = int(size * fraction)
        yield case(f"cut at byte {at}", content[:at], "refused")
        yield case(f"cut at byte {at}, ended properly", content[:at] + CRAM_EOF, "refused")
    yield case("its last container missing", content.removesuffix(CRAM_EOF), "refused")
    for number in range(20 * times):
        at, bit = rng.randrange(size), rng.randrange(8)
        yield case(f"bit {bit} of byte {at} flipped ({number})", flipped(content, at, bit))
    for number in range(8 * times):
        at = rng.randrange(size)
        made = (content[:at] + bytes(4096) + content[at + 4096 :])[:size]
        yield case(f"4096 bytes zeroed at {at} ({number})", made)
    for name, made in (
        ("empty", b""), ("end alone", CRAM_EOF), ("text", b"no reads\n" * 50),
        ("random bytes that begin as CRAM", b"CRAM\3\0" + rng.randbytes(4000)),
        ("a BAM under the name", text.patient.bam.read_bytes()),
    ):  # fmt: skip
        expect = "either" if name.startswith("a BAM") else "refused"
        yield case(name, made, expect)
        yield case(f"{name}, no index", made, expect, None)
    for name, crai in (
        ("empty", b""), ("text", b"none\n"), ("cut", index[: len(index) // 2]),
        ("of zero bytes", bytes(300)), ("of other places", gzip.compress(b"0\t1\t5\t26\t9\t9\n")),
    ):  # fmt: skip
        yield case(f"index {name}", content, "either", crai)


#: What `screen` may take as it is meant: a part of the gene, a folder that is made.
ODD = {
    ("cds", "1-10"), ("threshold", "0"), ("plot", "nowhere/out.svg"), ("clones", str(10**30)),
    ("expected_false", "inf"), ("gene", "NOGENE"), ("contig", ""), ("threshold", "inf"),
}  # fmt: skip


def _library(folder: Path, rng: random.Random) -> None:
    """Write a cDNA and a library's BAM: every thirtieth read has a substitution."""
    cdna = "ATG" + "".join(rng.choice(("GCT", "AAA", "GAC", "CTG", "TTC")) for _ in range(199))
    (folder / "cdna.fa").write_text(f">cdna\n{cdna}\n")
    pysam.faidx(str(folder / "cdna.fa"))
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "cdna", "LN": len(cdna)}]}
    with pysam.AlignmentFile(str(folder / "drug.bam"), "wb", header=header) as out:
        for number, start in enumerate(sorted(rng.randrange(len(cdna) - 75) for _ in range(4000))):
            bases = list(cdna[start : start + 75])
            if number % 30 == 0:
                bases[40] = rng.choice("ACGT")
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id = f"r{number}", 0, 0
            read.reference_start, read.mapping_quality = start, 60
            read.cigartuples, read.query_sequence = [(0, 75)], "".join(bases)
            read.query_qualities = pysam.qualitystring_to_array("I" * 75)
            out.write(read)
    pysam.index(str(folder / "drug.bam"))


def of_screens(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield libraries, cDNAs and thresholds for `screen`."""
    store = text.whole / "screen"
    store.mkdir(exist_ok=True)
    _library(store, rng)
    base = {"--bam": "drug.bam", "--reference": "cdna.fa", "--gene": "MAP2K1",
            "--drug": "PLX4720", "--output": "out.tsv"}  # fmt: skip

    def case(name: str, change: Callable[[Path], object] | None = None, expect: str = "refused",
             **options: str) -> Case:  # fmt: skip
        def build(folder: Path) -> list[list[str]]:
            shutil.copytree(store, folder, dirs_exist_ok=True)
            if change:
                change(folder)
            given = base | {f"--{k.replace('_', '-')}": v for k, v in options.items()}
            return [["screen", *(f"{k}={v}" for k, v in given.items())]]

        return Case("screen", name, build, expect)

    yield case("as it is", expect="any")
    for option, values in {
        "cds": ("0-10", "x", "10-5", "1-99999", "1-10", "-", "1-", "1-1e9", "4-602"),
        "threshold": ("nan", "-1", "0", "2", "x", "inf"),
        "clones": ("0", "-5", "x", "1e3", str(10**30)),
        "expected_false": ("0", "-1", "nan", "inf"),
        "gene": ("", "NOGENE", "../x", "\x00"), "drug": ("", "no such drug", "\u202e"),
        "contig": ("chr1", ""), "control": ("cdna.fa", "nowhere.bam", "."),
        "plot": ("out.xyz", "nowhere/out.svg", "."), "rows": ("rows.tsv",),
        "output": (".", "cdna.fa/out.tsv"), "catalog": ("nowhere",),
    }.items():  # fmt: skip
        for value in values:
            odd = (option, value) in ODD
            yield case(f"--{option} {value!r}", expect="any" if odd else "refused",
                       **{option: value})  # fmt: skip
    for file in ("drug.bam", "cdna.fa"):
        for name, _ in strange_files(store, file):

            def strange(folder: Path, file: str = file, name: str = name) -> None:
                dict(strange_files(folder, file))[name]()

            yield case(f"{file} {name}", strange)
    bam = (store / "drug.bam").read_bytes()
    for number in range(10 * times):
        at, bit = rng.randrange(len(bam)), rng.randrange(8)
        made = bam[:at] if number % 2 else flipped(bam, at, bit)
        what = "cut at" if number % 2 else f"bit {bit} flipped of"
        yield case(f"drug.bam {what} byte {at} ({number})",
                   lambda f, made=made: (f / "drug.bam").write_bytes(made),
                   "refused" if number % 2 else "any")  # fmt: skip
    for name, made in corruptions((store / "cdna.fa").read_bytes(), rng, 1):

        def cdna(folder: Path, made: bytes = made) -> None:
            (folder / "cdna.fa").write_bytes(made)
            (folder / "cdna.fa.fai").unlink()

        yield case(f"cdna.fa: {name}", cdna, "any")

    def empty(folder: Path) -> None:
        with pysam.AlignmentFile(str(store / "drug.bam")) as source:
            pysam.AlignmentFile(str(folder / "drug.bam"), "wb", header=source.header).close()
        pysam.index(str(folder / "drug.bam"))

    yield case("no read in the BAM", empty)


def of_fastq(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield FASTQ for `align`."""
    store = text.whole / "align"
    store.mkdir(exist_ok=True)
    name, start = text.patient.targets.read_text().split("\t")[:2]
    with pysam.FastaFile(str(text.patient.reference)) as fasta:
        # A target with what is around it; the rest of the genome is not known.
        bases = fasta.fetch(name, int(start) - 300, int(start) + 1200).upper()
    (store / "small.fa").write_text(f">{name}\n{bases}\n")
    pysam.faidx(str(store / "small.fa"))
    turn = str.maketrans("ACGTN", "TGCAN")
    mates: tuple[list[str], list[str]] = ([], [])
    for number in range(200):
        at = rng.randrange(1200)
        first, second = bases[at : at + 100], bases[at + 150 : at + 250].translate(turn)[::-1]
        for mine, sequence, mate in zip(mates, (first, second), "12", strict=True):
            mine.append(f"@read{number}/{mate}\n{sequence}\n+\n{'I' * len(sequence)}\n")
    (store / "r1.fq").write_text("".join(mates[0]))
    (store / "r2.fq").write_text("".join(mates[1]))
    status, said = run(["align", "index", "--reference", "small.fa", "--aligner", "mappy",
                        "--output", "index"], store)  # fmt: skip
    if status != 0:
        raise SystemExit(said)

    def case(name: str, change: Callable[[Path], object] | None = None, expect: str = "refused",
             argv: list[str] | None = None, **options: str) -> Case:  # fmt: skip
        def build(folder: Path) -> list[list[str]]:
            shutil.copytree(store, folder, dirs_exist_ok=True)
            if change:
                change(folder)
            given = {"sample": "S", "fastq1": "r1.fq", "fastq2": "r2.fq", "reference": "small.fa",
                     "index": "index", "threads": "1", "output": "S.bam"} | options  # fmt: skip
            return [argv or ["align", "run", *(f"--{k}={v}" for k, v in given.items())]]

        return Case("align", name, build, expect)

    good = (store / "r1.fq").read_bytes()
    yield case("as it is", expect="same")
    for name, made in corruptions(good, rng, times):
        yield case(f"r1.fq: {name}", lambda f, made=made: (f / "r1.fq").write_bytes(made), "any")
    packed = gzip.compress(good)
    for at in (0, 5, 30, len(packed) // 2, len(packed) - 4):

        def cut(folder: Path, at: int = at) -> None:
            (folder / "r1.fq").write_bytes(packed[:at])

        yield case(f"r1.fq gzipped, cut at byte {at}", cut)
    for name, made in (
        ("one read fewer", good[: good.rindex(b"@read199")]),
        ("one read more", good + b"@read200/1\nACGT\n+\nIIII\n"),
        ("names of other reads", good.replace(b"@read1", b"@other1")),
        ("qualities shorter", good.replace(b"I" * 100, b"I" * 99, 1)),
        ("qualities below 33", good.replace(b"I" * 100, b"\x1f" * 100, 1)),
        ("no sequence", good.replace(bases[:1].encode(), b"", 0) and b"@read0/1\n\n+\n\n"),
        ("bases that are none", good.replace(b"ACG", b"J!?", 5)),
        ("FASTA", b">a\nACGT\n"),
        ("reads of one name", b"".join(b"@x\nACGTACGT\n+\nIIIIIIII\n" for _ in range(200))),
    ):
        yield case(f"r1.fq: {name}", lambda f, made=made: (f / "r1.fq").write_bytes(made))
    for file in ("r1.fq", "r2.fq", "small.fa"):
        for name, _ in strange_files(store, file):

            def strange(folder: Path, file: str = file, name: str = name) -> None:
                dict(strange_files(folder, file))[name]()

            yield case(f"{file} {name}", strange)
    for option, values in {
        "sample": ("", "a\tb", "a\nb", "\u202e"), "index": ("nowhere", ".", "small.fa"),
        "umi": ("x", "name", "tag"), "threads": ("0", "-1", "x"),
        "output": (".", "small.fa/S.bam"), "fastq2": ("r1.fq",),
    }.items():  # fmt: skip
        for value in values:
            # Fewer threads than one are one.
            expect = "any" if option == "threads" and value != "x" else "refused"
            yield case(f"--{option} {value!r}", expect=expect, **{option: value})
    for name in sorted(path.name for path in (store / "index").iterdir()):
        for what, made in (("empty", b""), ("random bytes", rng.randbytes(3000))):

            def index(folder: Path, name: str = name, made: bytes = made) -> None:
                (folder / "index" / name).write_bytes(made)

            yield case(f"index/{name}: {what}", index)
    for name, made in (("empty", b""), ("text", b"hello\n"), ("no bases", b">a\n>b\n")):

        def genome(folder: Path, made: bytes = made) -> None:
            (folder / "small.fa").write_bytes(made)
            (folder / "small.fa.fai").unlink()

        yield case(f"index of a reference: {name}", genome, argv=[
            "align", "index", "--reference", "small.fa", "--aligner", "mappy", "--output", "i2",
        ])  # fmt: skip


def of_callers(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield VCFs of other callers, for `callers sites` and `callers table`."""
    with gzip.open(text.whole / "P01.vcf.gz") as handle:
        own = handle.read()
    lines = own.splitlines(keepends=True)
    chosen = [line for line in lines if line.startswith(b"#") or b"\tPASS\t" in line]
    good = b"".join(chosen)
    body = [line for line in chosen if not line.startswith(b"#")]
    names = chosen[len(chosen) - len(body) - 1].rstrip(b"\n").split(b"\t")[9:]

    def case(name: str, made: bytes, expect: str, spec: str = "other=x.vcf") -> Iterator[Case]:
        def build(folder: Path, table: bool) -> list[list[str]]:
            text.copy(folder)
            (folder / "x.vcf").write_bytes(made)
            more = ["--sheet", "P01.json", "--reference", str(text.patient.reference),
                    "--vcf-of", spec]  # fmt: skip
            if table:
                return [["callers", "table", "--vcf", "P01.vcf.gz", *more, "--output-json",
                         "c.json", "--output-tsv", "c.tsv"]]  # fmt: skip
            return [["callers", "sites", "--sites", "P01.vcf.gz", *more, "--output", "s.vcf"]]

        for table in (False, True):
            command = "table" if table else "sites"
            yield Case("other callers", f"{command}: {name}",
                       lambda folder, table=table: build(folder, table), expect)  # fmt: skip

    yield from case("as it is", good, "same")
    for name, made in corruptions(good, rng, times):
        yield from case(name, made, "any")
    first = body[0]
    cells = first.rstrip(b"\n").split(b"\t")

    def replaced(column: int, value: bytes) -> bytes:
        return good.replace(
            first, b"\t".join([*cells[:column], value, *cells[column + 1 :]]) + b"\n"
        )

    for name, made, expect in (
        ("a contig of another reference", replaced(0, b"chrNo"), "any"),
        ("a position beyond the contig", replaced(1, b"999999999"), "refused"),
        ("position 0", replaced(1, b"0"), "any"),
        ("another reference base", replaced(3, b"N" if cells[3] != b"N" else b"A"), "any"),
        ("symbolic allele", replaced(4, b"<DEL>"), "any"),
        ("breakend", replaced(4, b"G]chr7:100]"), "any"),
        ("star allele", replaced(4, b"*"), "any"), ("no ALT", replaced(4, b"."), "any"),
        ("ALT twice", replaced(4, cells[4] + b"," + cells[4]), "any"),
        ("ALT of 100,000 bases", replaced(4, b"ACGT" * 25000), "any"),
        ("negative counts", good.replace(b"AD", b"XX"), "any"),
        ("no record", b"".join(line for line in chosen if line.startswith(b"#")), "any"),
        ("no samples", b"".join(b"\t".join(line.rstrip(b"\n").split(b"\t")[:8]) + b"\n"
                                if not line.startswith(b"##") else line for line in chosen), "any"),
        ("samples of others", good.replace(names[-1], b"stranger"), "any"),
        ("one sample twice", good.replace(b"\t" + names[-1] + b"\n", b"\t" + names[0] + b"\n"),
         "refused"),
        ("no header line of columns", b"".join(li for li in chosen if not li.startswith(b"#CHROM")),
         "refused"),
        ("unsorted", b"".join([*chosen[: len(chosen) - len(body)], *reversed(body)]), "any"),
    ):  # fmt: skip
        yield from case(name, made, expect)
    for spec in ("x.vcf", "=x.vcf", "other=", "other=nowhere.vcf", "other=.",
                 "other:stranger=x.vcf", "other:=x.vcf", "a/b=x.vcf", "resistpanel=x.vcf",
                 "other=P01.json"):  # fmt: skip
        yield from case(f"--vcf-of {spec}", good, "refused", spec)


def of_pages(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield the stages' JSON for `multiqc`, and a run's results for `explain`."""
    places = {"sheet": "P01.json", "qc": "qc.json", "compare": "compare.json",
              "resist": "resist.json", "copynumber": "copynumber.json"}  # fmt: skip

    def results(folder: Path) -> None:
        for stage, name in places.items():
            path = folder / "results" / stage / "P01.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(text.whole / name, path)
        for stage, name in (("annotate", "annotated.vcf.gz"), ("call", "P01.vcf.gz")):
            (folder / "results" / stage).mkdir(parents=True)
            for suffix in ("", ".tbi"):
                source = text.whole / f"{name}{suffix}"
                if source.exists():
                    shutil.copy(source, folder / "results" / stage / f"P01.vcf.gz{suffix}")

    explain = ["explain", "--results", "results", "P01"]

    def case(group: str, name: str, argv: list[str], change=None, expect: str = "refused") -> Case:
        def build(folder: Path) -> list[list[str]]:
            results(folder)
            if change:
                change(folder / "results")
            return [argv]

        return Case(group, name, build, expect)

    yield case("explain", "as it is", [*explain, "MAP2K1", "C121S"], None, "same")
    for words in (["x"], [""], ["BRAF"], ["NOGENE", "V600E"], ["chr7:0"], ["chr7:-5"],
                  ["chr7:99999999999999999999"], ["chr7:140453136:A"], ["chr99:1:A:T"], ["p."],
                  ["c.9999999A>T"], ["BRAF", "V600"], ["BRAF", "amplification"], ["deletion"],
                  ["\x00"], ["\u202eBRAF"], ["x" * 100000], ["[", "("], ["BRAF", "V600E", "more"],
                  ["NRAS", "Q61K"], ["MAP2K1", "Ter999X"]):  # fmt: skip
        told = " ".join(words)[:30]
        yield case("explain", f"variant {told!r}", [*explain, *words], None, "any")
        yield case("explain", f"variant {told!r}, JSON", [*explain, *words, "--json"], None, "any")
    for patient in ("", "P99", "../P01", "P01/", "\x00", "x" * 5000):
        yield case("explain", f"patient {patient[:20]!r}",
                   ["explain", "--results", "results", patient, "BRAF", "V600E"])  # fmt: skip
    multiqc = ["multiqc", "--qc", "results/qc/P01.json", "--copynumber",
               "results/copynumber/P01.json", "--content", "content"]  # fmt: skip
    yield case("multiqc", "as it is", multiqc, None, "same")
    for stage in places:
        whole = (text.whole / places[stage]).read_bytes()
        damages: list[tuple[str, bytes, str]] = [
            ("empty", b"", "refused"), ("cut", whole[: len(whole) // 2], "refused"),
            ("a list", b"[]", "refused"), ("no keys", b"{}", "refused"),
            ("NaN", b'{"schema": NaN}', "refused"),
        ]  # fmt: skip
        for number in range(8 * times):
            value = json.loads(whole)
            damages.append((f"{_damage(value, rng)} ({number})", json.dumps(value).encode(), "any"))
        for name, made, expect in damages:

            def damage(folder: Path, stage: str = stage, made: bytes = made) -> None:
                (folder / stage / "P01.json").write_bytes(made)

            if stage != "qc":  # which it does not read
                yield case("explain", f"{stage}.json: {name}", [*explain, "MAP2K1", "C121S"],
                           damage, expect)  # fmt: skip
            if stage in ("qc", "copynumber"):
                yield case("multiqc", f"{stage}.json: {name}", multiqc, damage, expect)
    for name, made in (("empty", b""), ("text", b"x\n"), ("cut", None)):

        def vcf(folder: Path, made: bytes | None = made) -> None:
            path = folder / "annotate/P01.vcf.gz"
            path.write_bytes(path.read_bytes()[:3000] if made is None else made)

        yield case("explain", f"annotate/P01.vcf.gz {name}", [*explain, "MAP2K1", "C121S"], vcf)


def of_ways_in(text: Text, rng: random.Random, times: int) -> Iterator[Case]:
    """Yield folders for `init`, configurations for `check`, variants and reads for `validate`."""
    bam = text.bams[1]

    def folder_of(name: str, change: Callable[[Path], object], expect: str, *more: str) -> Case:
        def build(folder: Path) -> list[list[str]]:
            (folder / "bams").mkdir()
            for path in text.bams:
                (folder / "bams" / path.name).symlink_to(path)
                (folder / "bams" / f"{path.name}.bai").symlink_to(f"{path}.bai")
            change(folder / "bams")
            return [["init", "study", "--bams", "bams", *more]]

        return Case("init", name, build, expect)

    def replace(name: str, made: bytes) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            (folder / name).unlink(missing_ok=True)
            (folder / name).write_bytes(made)

        return change

    yield folder_of("as it is", lambda folder: None, "same")
    content = bam.read_bytes()
    for name, made in (("empty", b""), ("text", b"x\n"), ("cut in its header", content[:40]),
                       ("random bytes", rng.randbytes(3000)),
                       ("gzip", gzip.compress(b"x"))):  # fmt: skip
        # It is left out, and named.
        yield folder_of(f"a BAM is {name}", replace(bam.name, made), "any")
    yield folder_of("a BAM is a folder", lambda f: (f / "x.bam").mkdir(), "any")
    yield folder_of("a BAM is a link to nothing", lambda f: (f / "x.bam").symlink_to("no"), "any")
    yield folder_of("no BAM", lambda f: [p.unlink() for p in f.iterdir()], "refused")
    yield folder_of("a name of strange characters",
                    lambda f: (f / bam.name).rename(f / "a '\"$(touch pwned)\t\n.bam"),
                    "any")  # fmt: skip
    for option, values in {"--reference": ("nowhere.fa", ".", str(bam)), "--drug": ("", "no such"),
                           "--targets": ("nowhere.bed", str(bam)), "--genes": ("nowhere.gff3",),
                           }.items():  # fmt: skip
        for value in values:
            # Whether the files are what they are called is for `check`.
            expect = "any" if option == "--drug" or value == str(bam) else "refused"
            yield folder_of(f"{option} {Path(value).name!r}", lambda f: None, expect, option, value)

    def checked(name: str, config: bytes, sheet: bytes | None, expect: str) -> Case:
        def build(folder: Path) -> list[list[str]]:
            text.check(folder)
            (folder / "config.yaml").write_bytes(config)
            if sheet is not None:
                (folder / "samples.tsv").write_bytes(sheet)
            return [["check"]]

        return Case("check", name, build, expect)

    config = json.dumps(text.config(), indent=1).encode()
    yield checked("as it is", config, None, "same")
    for name, made in corruptions(config, rng, times):
        yield checked(f"configuration: {name}", made, None, "any")
    for name, made in corruptions(text.sheet().encode(), rng, times):
        yield checked(f"sheet: {name}", config, made, "any")
    for key in ("reference", "targets", "genes", "catalog", "knowledge", "outdir", "qc", "call"):
        for value in rng.sample(VALUES, 3):
            made = json.dumps(text.config(**{key: value})).encode()
            yield checked(f"{key}: {value[:12]!r}", made, None, "any")

    variants = (
        b"##fileformat=VCFv4.3\n##contig=<ID=chr7>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        b"chr7\t140453136\t.\tA\tT\t.\t.\t.\n"
    )

    def spiked(name: str, expect: str, made: bytes | None = None, **options: str) -> Case:
        def build(folder: Path) -> list[list[str]]:
            (folder / "v.vcf").write_bytes(made if made is not None else variants)
            given = {"normal": str(text.bams[0]), "reference": str(text.patient.reference),
                     "targets": str(text.patient.targets), "passes": "1", "threads": "1",
                     "output": "out"} | options  # fmt: skip
            if made is not None:
                given["variants"] = "v.vcf"
            return [["validate", *(f"--{k}={v}" for k, v in given.items())]]

        return Case("validate", name, build, expect)

    yield spiked("one variant", "same", variants)
    for option, values in {
        "passes": ("0", "-1", "x"), "sites": ("0", "-3", "x"), "seed": ("x",),
        "tumor-share": ("0", "1", "-1", "2", "nan", "x"), "threads": ("0", "-1"),
        "normal": ("nowhere.bam", ".", "v.vcf", str(text.patient.targets)),
        "targets": ("nowhere.bed", "v.vcf", "."), "reference": ("nowhere.fa", "v.vcf"),
        "output": ("v.vcf",), "variants": ("nowhere.vcf", "."),
    }.items():  # fmt: skip
        for value in values:
            yield spiked(f"--{option} {Path(value).name!r}", "refused", **{option: value})
    for number, (name, made) in enumerate(corruptions(variants, rng, 1)):
        if number % 2 == 0:
            yield spiked(f"variants: {name}", "any", made)


def cases(text: Text, seed: int, times: int = 1) -> Iterator[Case]:
    """Yield all."""
    for kind in (of_crams, of_screens, of_fastq, of_callers, of_pages, of_ways_in):
        yield from kind(text, random.Random(f"{seed} {kind.__name__}"), times)
