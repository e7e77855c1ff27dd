"""Runs another caller on a patient; the package holds no caller but its own."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pysam

from resistpanel.core.errors import InputError
from resistpanel.extras.extras_constants import LOWEST_AF

#: Statuses of a command whose reader is gone (SIGPIPE, and a shell's or R's way to say so).
BROKEN_PIPE = (-13, 141)


@dataclass(frozen=True)
class Job:
    """What a caller is run on; all paths exist and hold no character that a tool might misread.

    Attributes
    ----------
    reference : Path
        Plain FASTA with ``.fai`` and ``.dict``.
    targets : Path
        BED of four columns, sorted, no two targets overlapping; bgzipped and indexed beside it
        as ``.gz``.
    normal : (str, Path) or None
        Name and BAM.
    tumors : sequence of (str, Path)
    folder : Path
        Where the VCFs go.
    scratch : Path
        Removed afterwards.
    threads : int
    germline : Path or None
        VCF with population AFs.
    extra : sequence of str
        Further arguments.
    """

    reference: Path
    targets: Path
    normal: tuple[str, Path] | None
    tumors: Sequence[tuple[str, Path]]
    folder: Path
    scratch: Path
    threads: int = 1
    germline: Path | None = None
    extra: Sequence[str] = ()


@dataclass(frozen=True)
class Made:
    """A VCF that a caller wrote, and the tumour that it is of; None where it is of all."""

    path: Path
    tumor: str | None = None


@dataclass(frozen=True)
class Tool:
    """A caller.

    Attributes
    ----------
    programs : tuple of tuple of str
        What must be in the path: of each inner tuple one.
    install : str
        How to get it.
    run : callable
        Takes a `Job` and the programs found, returns the VCFs made.
    needs_normal : bool
        It cannot do without a matched normal.
    """

    programs: tuple[tuple[str, ...], ...]
    install: str
    run: Callable[[Job, Sequence[str]], list[Made]]
    needs_normal: bool = False


def pipe(*commands: Sequence[str | Path], output: Path | None = None) -> None:
    """Run commands, each fed by the one before; the last one's output goes to a file if given.

    Raises
    ------
    InputError
        If one of them fails: names it and its exit status; what it said stands above, in the log.
    """
    commands = tuple([str(word) for word in command] for command in commands)
    print("+ " + " | ".join(map(shlex.join, commands)), file=sys.stderr, flush=True)
    running: list[subprocess.Popen] = []
    sink = output.open("wb") if output else None
    try:
        for i, command in enumerate(commands):
            last = i == len(commands) - 1
            # A tool's chatter on standard output goes to the log, too.
            out = (sink or sys.stderr) if last else subprocess.PIPE
            running.append(
                subprocess.Popen(
                    command, stdin=running[-1].stdout if running else subprocess.DEVNULL, stdout=out
                )
            )
            if len(running) > 1:
                running[-2].stdout.close()
    finally:
        statuses = [process.wait() for process in running]
        if sink:
            sink.close()
    names = [Path(command[0]).name for command in commands]
    failed = [i for i, status in enumerate(statuses) if status]
    if failed:
        # The first is to blame, unless it broke its pipe: then it stopped since a later one had.
        unbroken = [i for i in failed if statuses[i] not in BROKEN_PIPE]
        i = unbroken[0] if unbroken else failed[-1]
        status, name = statuses[i], names[i]
        how = f"exit status {status}" if status > 0 else f"killed by signal {-status}"
        if status in BROKEN_PIPE and i + 1 < len(names):
            name, how = names[i + 1], f"it stopped before it had read all that {names[i]} wrote"
        raise InputError(f"{name} failed ({how})", cure="its messages are above this line")


def find(name: str) -> list[str]:
    """Return the programs of a caller.

    Raises
    ------
    InputError
        If one is not in the path.
    """
    tool = TOOLS[name]
    found = []
    for choices in tool.programs:
        at = next((path for path in map(shutil.which, choices) if path), None)
        if at is None:
            raise InputError(
                f"caller '{name}': {' or '.join(choices)} is not in the path", cure=tool.install
            )
        found.append(at)
    return found


def version(program: str, *arguments: str) -> str:
    """Return what a program says its version is, in one line; empty if it says nothing."""
    done = subprocess.run(
        [program, *(arguments or ["--version"])],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    lines = [line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines()]
    told = [line for line in lines if any(c.isdigit() for c in line)]
    return (told or [""])[0][:200]


def freebayes(job: Job, programs: Sequence[str]) -> list[Made]:
    """Run freebayes on all samples jointly, alleles from AF `LOWEST_AF`."""
    bams = [path for _, path in ([job.normal] if job.normal else [])] + [b for _, b in job.tumors]
    out = job.folder / "joint.vcf"
    pipe(
        [programs[0], "-f", job.reference, "-t", job.targets, "-F", str(LOWEST_AF), "-C", "2",
         "--pooled-continuous", *job.extra, *bams],
        output=out,
    )  # fmt: skip
    return [Made(out)]


def mutect2(job: Job, programs: Sequence[str]) -> list[Made]:
    """Run Mutect2 jointly, with the model of read orientation, and FilterMutectCalls."""
    gatk, reference = programs[0], ["--reference", job.reference]
    counts, model = job.scratch / "f1r2.tar.gz", job.scratch / "orientation.tar.gz"
    raw, out = job.scratch / "unfiltered.vcf.gz", job.folder / "joint.vcf.gz"
    call = [gatk, "Mutect2", *reference, "--intervals", job.targets, "--f1r2-tar-gz", counts]
    call += ["--native-pair-hmm-threads", str(job.threads), "--output", raw]
    for _, bam in [*([job.normal] if job.normal else []), *job.tumors]:
        call += ["--input", bam]
    if job.normal:
        call += ["--normal-sample", job.normal[0]]
    if job.germline:
        call += ["--germline-resource", job.germline]
    pipe([*call, *job.extra])
    pipe([gatk, "LearnReadOrientationModel", "--input", counts, "--output", model])
    pipe(
        [gatk, "FilterMutectCalls", *reference, "--variant", raw, "--ob-priors", model,
         "--output", out]
    )  # fmt: skip
    return [Made(out)]


def vardict(job: Job, programs: Sequence[str]) -> list[Made]:
    """Run VarDict on each tumour, with the normal if there is one."""
    program, paired_test, paired_vcf, single_test, single_vcf = programs
    made = []
    for number, (name, bam) in enumerate(job.tumors):
        out = job.folder / f"tumor{number}.vcf"
        threads = ["-th", str(job.threads)] if Path(program).name.casefold() != "vardict.pl" else []
        call = [program, "-G", job.reference, "-f", str(LOWEST_AF), "-N", name, *threads]
        call += ["-b", f"{bam}|{job.normal[1]}" if job.normal else bam]
        call += ["-c", "1", "-S", "2", "-E", "3", "-g", "4", *job.extra, job.targets]
        if job.normal:
            write = [paired_vcf, "-N", f"{name}|{job.normal[0]}", "-f", str(LOWEST_AF)]
            pipe(call, [paired_test], write, output=out)
        else:
            write = [single_vcf, "-N", name, "-E", "-f", str(LOWEST_AF)]
            pipe(call, [single_test], write, output=out)
        made.append(Made(out, name))
    return made


def strelka2(job: Job, programs: Sequence[str]) -> list[Made]:
    """Run Strelka2 on each tumour and the normal."""
    made = []
    for number, (name, bam) in enumerate(job.tumors):
        folder = job.scratch / f"strelka{number}"
        pipe(
            [programs[0], "--normalBam", job.normal[1], "--tumorBam", bam, "--referenceFasta",
             job.reference, "--targeted", "--callRegions", f"{job.targets}.gz", "--runDir", folder,
             *job.extra]
        )  # fmt: skip
        pipe([folder / "runWorkflow.py", "-m", "local", "-j", str(job.threads)])
        for kind in ("snvs", "indels"):
            out = job.folder / f"tumor{number}.{kind}.vcf.gz"
            shutil.copyfile(folder / "results" / "variants" / f"somatic.{kind}.vcf.gz", out)
            made.append(Made(out, name))
    return made


def _cure(name: str, also: str = "") -> str:
    return (
        f"install it{also}, or let Snakemake do so from workflow/envs/{name}.yaml "
        "(--software-deployment-method conda)"
    )


TOOLS = {
    "freebayes": Tool(
        (("freebayes",),), _cure("freebayes", " (Debian: apt-get install freebayes)"), freebayes
    ),
    "mutect2": Tool((("gatk",),), _cure("mutect2"), mutect2),
    "vardict": Tool(
        (
            ("vardict-java", "VarDict", "vardict", "vardict.pl"),
            ("testsomatic.R",),
            ("var2vcf_paired.pl",),
            ("teststrandbias.R",),
            ("var2vcf_valid.pl",),
        ),
        _cure("vardict"),
        vardict,
    ),
    "strelka2": Tool(
        (("configureStrelkaSomaticWorkflow.py",),), _cure("strelka2"), strelka2, needs_normal=True
    ),
}


def sample_name(bam: Path) -> str:
    """Return the sample of a BAM (SM of its read groups).

    Raises
    ------
    InputError
        If it has none, or several.
    """
    try:
        with pysam.AlignmentFile(str(bam), check_sq=False) as handle:
            groups = handle.header.to_dict().get("RG", [])
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", str(bam)) from None
    names = sorted({group["SM"] for group in groups if group.get("SM")})
    if len(names) != 1:
        raise InputError(
            f"{'several samples' if names else 'no sample'} in its read groups", str(bam),
            "give it one SM with `samtools addreplacerg`",
        )  # fmt: skip
    return names[0]
