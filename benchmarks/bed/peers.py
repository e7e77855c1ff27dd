"""Other programs on the same files, run as their authors document it.

Every entry of `PEERS` is a caller of small variants whose calls are scored as ours are. ``TOOLS``
are programs of other kinds, of which the page gives the command lines. What is not installed is
skipped, with the reason.
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pysam

from benchmarks.bed import score
from benchmarks.bed.genome import ROOT, Reference, Variant, decode, left_align

LEAST_AF = 0.01
TOO_FEW = "not enough data to estimate library parameters"  # delly's words
FOUR_READS = 4
LONGEST = 1000  # bases of an event that is compared


@dataclass(frozen=True)
class Peer:
    """A program: what it needs in the path, its command lines as printed in the page.

    ``shortest``: bases inserted or deleted by the least event that it is made for, 0 for all kinds.
    """

    name: str
    needs: tuple[str, ...]
    commands: str
    source: str
    run: Callable | None = None
    shortest: int = 0
    version: tuple[str, ...] = ()  # a command that prints it


def _path() -> str:
    """Return the path, with what benchmarks/work holds before it (see benchmarks/README.md)."""
    work = ROOT / "benchmarks" / "work"
    kept = [work / "gatk", work / "vardict", work / "cnvkit" / "bin", work / "cargo" / "bin"]
    return os.pathsep.join([*map(str, kept), os.environ["PATH"]])


def _which(program: str) -> str | None:
    return shutil.which(program, path=_path())


def missing(name: str) -> str | None:
    """Return why a peer cannot be run here, None if it can."""
    absent = [p for p in ALL[name].needs if _which(p) is None]
    return f"{' and '.join(absent)} not installed" if absent else None


class Shell:
    """Runs commands one after the other and counts their CPU seconds."""

    def __init__(self, folder: Path):
        self.folder, self.cpu = folder, 0.0
        self.note = ""  # how a run differs from the peer's usual one
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log.txt"
        self.log.write_text("")

    def __call__(self, *command, output: Path | None = None, source: Path | None = None) -> None:
        words = [str(word) for word in command]
        before = os.times()
        with self.log.open("a") as log:
            log.write(" ".join(words) + "\n")
            log.flush()
            with contextlib.ExitStack() as files:
                sink = files.enter_context(output.open("w")) if output else log
                given = files.enter_context(source.open()) if source else None
                done = subprocess.run(words, stdin=given, stdout=sink, stderr=log,
                                      env={**os.environ, "PATH": _path()})  # fmt: skip
        after = os.times()
        self.cpu += sum(after[2:4]) - sum(before[2:4])
        if done.returncode:
            raise SystemExit(f"{words[0]} failed, see {self.log}")


def _freebayes(sh: Shell, folder: Path, samples: list[str], targets: Path) -> list[Path]:
    out = sh.folder / "calls.vcf"
    sh("freebayes", "-f", folder / "reference.fa", "-t", targets, "-F", LEAST_AF, "-C", 2,
       "--pooled-continuous", *(folder / f"{s}.bam" for s in samples), output=out)  # fmt: skip
    return [out]


def _mutect2(sh: Shell, folder: Path, samples: list[str], targets: Path) -> list[Path]:
    fasta = (folder / "reference.fa").resolve()
    if not fasta.with_suffix(".dict").exists():
        sh("gatk", "CreateSequenceDictionary", "-R", fasta)
    bams = [word for s in samples for word in ("-I", folder / f"{s}.bam")]
    normal = ["-normal", "normal"] if "normal" in samples else []
    raw, f1r2, model, out = (sh.folder / n for n in (
        "raw.vcf.gz", "f1r2.tar.gz", "orientation.tar.gz", "calls.vcf.gz"))  # fmt: skip
    sh("gatk", "Mutect2", "-R", fasta, *bams, *normal, "-L", targets, "--f1r2-tar-gz", f1r2,
       "-O", raw)  # fmt: skip
    sh("gatk", "LearnReadOrientationModel", "-I", f1r2, "-O", model)
    sh("gatk", "FilterMutectCalls", "-R", fasta, "-V", raw, "--ob-priors", model, "-O", out)
    return [out]


def _vardict(sh: Shell, folder: Path, samples: list[str], targets: Path) -> list[Path]:
    outs = []
    program = next(p for p in ("vardict-java", "VarDict") if _which(p))
    fasta = folder / "reference.fa"
    for tumour in (s for s in samples if s != "normal"):
        paired = "normal" in samples
        bam = f"{folder / tumour}.bam" + (f"|{folder / 'normal'}.bam" if paired else "")
        name = ("-N", f"{tumour}|normal") if paired else ("-N", tumour)
        raw, tested, out = (sh.folder / f"{tumour}.{n}" for n in ("txt", "tested.txt", "vcf"))
        sh(program, "-G", fasta, "-f", LEAST_AF, "-N", tumour, "-b", bam, "-c", 1, "-S", 2, "-E", 3,
           "-g", 4, targets, output=raw)  # fmt: skip
        test, convert = (("testsomatic.R", "var2vcf_paired.pl") if paired
                         else ("teststrandbias.R", "var2vcf_valid.pl"))  # fmt: skip
        sh(test, source=raw, output=tested)
        sh(convert, *name, "-f", LEAST_AF, source=tested, output=out)
        outs.append(out)
    return outs


def _delly(sh: Shell, folder: Path, samples: list[str], targets: Path) -> list[Path]:
    outs = []
    for tumour in (s for s in samples if s != "normal"):
        normal = [folder / "normal.bam"] if "normal" in samples else []
        raw, out = (sh.folder / f"{tumour}.{n}" for n in ("raw.bcf", "bcf"))
        command = ("delly", "call", "-g", folder / "reference.fa", "-o", raw)
        try:
            sh(*command, folder / f"{tumour}.bam", *normal)
        except SystemExit:
            if not normal or TOO_FEW not in sh.log.read_text():
                raise
            # It refuses a normal whose reads are too few to estimate its library.
            normal, sh.note = [], "tumour alone: the normal has too few reads for its library"
            sh(*command, folder / f"{tumour}.bam")
        if not normal:  # its somatic filter needs a control
            outs.append(raw)
            continue
        roles = sh.folder / f"{tumour}.samples.tsv"
        roles.write_text(f"{tumour}\ttumor\nnormal\tcontrol\n")
        sh("delly", "filter", "-f", "somatic", "-o", out, "-s", roles, raw)
        outs.append(out)
    return outs


def _delly_calls(path: Path, ref: Reference) -> list[score.Call]:
    """Read deletions and duplications, whose sequences are the reference's."""
    calls = []
    with pysam.VariantFile(str(path)) as file:
        for record in file:
            kind, start, end = record.info["SVTYPE"], record.start + 1, record.stop
            if kind not in ("DEL", "DUP") or end - start > LONGEST:
                continue
            sequence = ref.contigs[record.contig]
            bases = decode(sequence[start:end])
            alleles = (bases, "") if kind == "DEL" else ("", bases)
            variant = Variant(record.contig, *left_align(sequence, start, *alleles))
            names = list(record.filter)
            calls.append(score.Call(variant, names in ([], ["PASS"]), ",".join(names)))
    return calls


def _vardict_calls(path: Path, ref: Reference) -> list[score.Call]:
    """Read VarDict's calls; of a pair, those that it says are somatic."""

    def somatic(record) -> bool:
        return str(record.info.get("STATUS", "Somatic")).endswith("Somatic")

    return score.read_calls(path, ref, somatic)


def _once(calls: list[score.Call]) -> list[score.Call]:
    """Leave one call of each variant, where tumours were called one by one: a passed one."""
    best: dict[tuple, score.Call] = {}
    for call in calls:
        if call.variant.key not in best or (call.passed and not best[call.variant.key].passed):
            best[call.variant.key] = call
    return list(best.values())


READERS = {"delly": _delly_calls, "vardict": _vardict_calls}


def _freebayes_somatic(call: score.Call) -> score.Call:
    """Apply the filter for freebayes, which has none for somatic variants."""
    tumours = {s: c for s, c in call.counts.items() if s != "normal"}
    af = {s: k / n for s, (k, n) in tumours.items() if n}
    passed = any(k >= FOUR_READS and af.get(s, 0) >= LEAST_AF for s, (k, _) in tumours.items())
    k, n = call.counts.get("normal", (0, 0))
    passed &= not n or k / n < max(af.values(), default=0) / 4
    return replace(call, passed=passed, filters="PASS" if passed else "not_somatic")


PEERS = {
    p.name: p
    for p in (
        Peer(
            "freebayes", ("freebayes",),
            "freebayes -f REF -t BED -F 0.01 -C 2 --pooled-continuous BAMS",
            "its README, for pools; somatic if a tumour has 4 reads and AF 1 %, and the normal's "
            "AF is below a quarter of the highest", _freebayes,
            version=("freebayes", "--version"),
        ),
        Peer(
            "mutect2", ("gatk",),
            "gatk Mutect2 -R REF -I BAM... -normal normal -L BED --f1r2-tar-gz F; "
            "gatk LearnReadOrientationModel -I F -O M; "
            "gatk FilterMutectCalls -R REF -V RAW --ob-priors M",
            "GATK's article on somatic short variants", _mutect2,
            version=("gatk", "--version"),
        ),
        Peer(
            "vardict", ("vardict-java", "testsomatic.R", "var2vcf_paired.pl", "Rscript"),
            "vardict-java -G REF -f 0.01 -N TUMOUR -b 'TUMOUR|NORMAL' -c 1 -S 2 -E 3 -g 4 BED | "
            "testsomatic.R | var2vcf_paired.pl -N 'TUMOUR|NORMAL' -f 0.01; without a normal "
            "teststrandbias.R | var2vcf_valid.pl", "VarDictJava's README; of a pair, calls whose "
            "STATUS is StrongSomatic or LikelySomatic", _vardict,
        ),
        Peer(
            "delly", ("delly",),
            "delly call -g REF -o SV.bcf TUMOUR NORMAL; "
            "delly filter -f somatic -s SAMPLES.tsv -o SOMATIC.bcf SV.bcf",
            "its README, somatic calling; deletions and duplications of 50 bases and above, for "
            "which its authors made it", _delly, shortest=50, version=("delly", "--version"),
        ),
    )
}  # fmt: skip
TOOLS = {
    p.name: p
    for p in (
        Peer(
            "fgumi", ("fgumi",),
            "fgumi extract --read-structures 6M+T 6M+T; "
            "fgumi fastq | bwa mem -p -K 150000000 -Y REF - | fgumi zipper | "
            "fgumi sort --order template-coordinate; fgumi group --strategy paired --edits 1; "
            "fgumi duplex --min-reads 1 --min-input-base-quality 20; fgumi realign; "
            "fgumi filter --min-reads 3,2,2 --require-single-strand-agreement",
            "its guide, from FASTQ to duplex consensus",
        ),
        Peer(
            "cnvkit", ("cnvkit.py",),
            "cnvkit.py batch TUMOURS --normal NORMAL --targets BED --fasta REF --method hybrid; "
            "cnvkit.py call --method clonal --purity P", "its quick start",
        ),
    )
}  # fmt: skip
ALL = {**PEERS, **TOOLS}


def call(name: str, folder: Path, samples: list[str], output: Path, targets: Path | None,
         ref: Reference) -> tuple[list[score.Call], dict]:  # fmt: skip
    """Run a peer on a patient; returns its calls and the CPU seconds."""
    sh = Shell(output.with_suffix("").with_suffix(""))
    paths = PEERS[name].run(sh, folder, samples, targets or folder / "targets.bed")
    read = READERS.get(name, score.read_calls)
    calls = _once([c for path in paths for c in read(path, ref)])
    if name == "freebayes":
        calls = [_freebayes_somatic(c) for c in calls]
    return calls, {"cpu": sh.cpu}


def version(name: str) -> str:
    """Return a peer's name and version, as far as it says it."""
    words = ALL[name].version
    if not words:
        return name
    done = subprocess.run([_which(words[0]), *words[1:]], capture_output=True, text=True,
                          env={**os.environ, "PATH": _path()})  # fmt: skip
    found = re.search(r"\bv?(\d+\.\d[\w.+-]*)", done.stdout + done.stderr)
    return f"{name} {found[1]}" if found else name


def _here(p: Peer) -> str:
    return missing(p.name) or "installed"


def describe() -> str:
    """Return the command lines, and what is not installed here, as Markdown."""
    lines = ["| program | command lines | after | here |", "|---|---|---|---|"]
    for p in ALL.values():
        commands = p.commands.replace("|", "\\|")
        lines.append(f"| {p.name} | `{commands}` | {p.source} | {_here(p)} |")
    return "\n".join(lines) + "\n"
