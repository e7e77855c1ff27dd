"""What the scenarios of `faulty` share: a study to spoil, and what is looked at afterwards."""

import dataclasses
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pysam
import yaml

from benchmarks.reliability.program import Done, Program, copy

#: Seconds to wait for a run's first step.
PATIENCE = 180


@dataclasses.dataclass(frozen=True)
class Tried:
    """What came of a scenario.

    Attributes
    ----------
    command : str
    done : Done
        How the command ended.
    bad : bool
        Whether the fault is there.
    more : str
        What else was seen.
    """

    command: str
    done: Done
    bad: bool
    more: str = ""

    def outcome(self) -> str:
        """Return in words how it ended."""
        return "; ".join(part for part in (self.done.line(), self.more) if part)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A fault that is tried: its number in `faulty`'s list, what is done, and how."""

    fault: int
    what: str
    run: Callable[[Program, "Ground"], Tried]

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.run.__name__


SCENARIOS: list[Scenario] = []


def scenario(fault: int, what: str):
    """Register a function of a program and a ground as a scenario."""

    def register(function):
        SCENARIOS.append(Scenario(fault, what, function))
        return function

    return register


class Ground:
    """Folders of a scenario: copies of a patient's input, or of a finished run of it.

    Parameters
    ----------
    work : Path
        Folder of the scenario.
    cohort : Path
        Of `data.make`, with two patients, of which the sheet has the first.
    whole : Path
        A finished run of it by the program that is tried.
    """

    def __init__(self, work: Path, cohort: Path, whole: Path):
        self.work, self.cohort, self.whole = work, cohort, whole

    def study(self, name: str = "study") -> Path:
        """Return a copy of the input, with a configuration."""
        folder = copy(self.cohort, self.work / name)
        lines = (folder / "samples.tsv").read_text().splitlines(keepends=True)
        (folder / "samples.tsv").write_text("".join(lines[:4]))
        self.configure(folder)
        return folder

    def finished(self) -> Path:
        """Return the finished run, at the place where it was made: Snakemake keeps paths."""
        return copy(self.whole, self.work / "study")

    def configure(self, folder: Path, **further: object) -> None:
        """Write the configuration of a study."""
        settings = {"samples": "samples.tsv", "reference": "genome.fa.gz",
                    "targets": "targets.bed", "outdir": "results"}  # fmt: skip
        (folder / "config.yaml").write_text(yaml.safe_dump(settings | further))

    def wait_for(self, seen: Callable[[], bool], process: subprocess.Popen) -> None:
        """Wait until something is seen of a run."""
        end = time.monotonic() + PATIENCE
        while not seen() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)

    def end(self, process: subprocess.Popen) -> None:
        """End a run that was started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(process.pid, number)
                process.wait(60)
                return
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue


def edit_drug(study: Path, drug: str) -> None:
    """Give another drug in the sheet."""
    path = study / "samples.tsv"
    path.write_text(path.read_text().replace("vemurafenib", drug))


def drugs_of(study: Path) -> str:
    """Return the drug that the page's verdict is about; empty if there is no page."""
    path = study / "results/sheet/P01.json"
    if not page_of(study) or not path.is_file():
        return ""
    return ",".join(one["drug"] for one in json.loads(path.read_text())["drugs"])


def page_of(study: Path) -> str:
    """Return the data of the first patient's page; empty if there is none."""
    path = study / "results/report/P01.json"
    return path.read_text() if path.is_file() else ""


def verdict_of(study: Path) -> str:
    """Return the sentence of the first patient's verdict; empty if there is none."""
    path = study / "results/resist/P01.json"
    return json.loads(path.read_text())["verdict"]["sentence"] if path.is_file() else ""


def call_bytes(study: Path) -> bytes:
    """Return the calls; empty if there are none."""
    path = study / "results/call/P01.vcf.gz"
    return path.read_bytes() if path.is_file() else b""


def call_lines(path: Path, site: tuple) -> str:
    """Return FILTER of a call, or ``not called``."""
    if not path.is_file():
        return "not called"
    with pysam.VariantFile(str(path)) as found:
        for one in found:
            if (one.chrom, one.pos, one.ref, (one.alts or ("",))[0]) == site:
                return ",".join(one.filter.keys())
    return "not called"


def profile(work: Path) -> Path:
    """Write a Snakemake profile that looks at times alone."""
    folder = work / "profile"
    folder.mkdir()
    (folder / "config.yaml").write_text("cores: 2\nrerun-triggers: [mtime]\n")
    return folder


def bgzip_text(path: Path, text: str) -> None:
    """Write bgzipped text."""
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(text.encode())


def vcf(path: Path, sites: Iterable[tuple]) -> None:
    """Write a resource: its variants are in a third of the population."""
    head = (
        "##fileformat=VCFv4.2\n##contig=<ID=chr15>\n##contig=<ID=chr7>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
        '##INFO=<ID=NORMALS,Number=1,Type=Integer,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )
    rows = (f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\tAF=0.3;NORMALS=9\n" for c, p, r, a in sites)
    bgzip_text(path, head + "".join(rows))


def rename_sample(source: Path, target: Path, sample: str) -> None:
    """Copy a BAM under another sample's name, with an index."""
    with pysam.AlignmentFile(str(source)) as reads:
        header = reads.header.to_dict()
        for group in header["RG"]:
            group["SM"] = sample
        with pysam.AlignmentFile(f"{target}.new", "wb", header=header) as out:
            for read in reads:
                out.write(read)
    Path(f"{target}.new").replace(target)
    pysam.samtools.index(str(target))


def corrupt(bam: Path) -> None:
    """Change bytes in the middle of a BAM's blocks; header, first read and end stay good."""
    data = bytearray(bam.read_bytes())
    middle = len(data) // 2
    for place in range(middle, middle + 4000, 7):
        data[place] ^= 0x5A
    bam.write_bytes(data)
