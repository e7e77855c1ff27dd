"""Faults by which a result was not of the input that it stands beside: scenarios of `faulty`."""

import os
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pysam
import yaml

from benchmarks.reliability.program import Program, copy
from benchmarks.reliability.scenario import (
    Ground,
    Tried,
    bgzip_text,
    call_bytes,
    call_lines,
    corrupt,
    drugs_of,
    edit_drug,
    page_of,
    profile,
    rename_sample,
    scenario,
    vcf,
    verdict_of,
)  # fmt: skip

#: A PID namespace of its own, as a container has.
INSIDE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
#: Inherited, as the germline resource of a scenario has it.
SITE = ("chr15", 66729154, "G", "C")


@scenario(1, "two studies with one `outdir` and a patient of one name")
def two_studies(program: Program, ground: Ground) -> Tried:
    first = ground.finished()
    second = ground.study("second")
    edit_drug(second, "imatinib")
    ground.configure(second, outdir="../study/results")
    done = program.run(second, "run")
    return Tried("resistpanel run", done, done.status == 0 and drugs_of(first) != "imatinib")


@scenario(1, "two runs at once in one `outdir` from two working folders")
def two_runs(program: Program, ground: Ground) -> Tried:
    study, other = ground.study(), ground.work / "other"
    other.mkdir()
    settings = yaml.safe_load((study / "config.yaml").read_text())
    for key in ("samples", "reference", "targets", "outdir"):
        settings[key] = str(study / settings[key])
    (other / "config.yaml").write_text(yaml.safe_dump(settings))
    first = program.start(program.words("run", "--cores", "1"), study,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    ground.wait_for(lambda: any((study / "results/logs").rglob("*.log")), first)
    done = program.run(other, "run")
    alive = first.poll() is None
    ground.end(first)
    said = "another run" if done.status == 2 else "both ran at once"
    return Tried("resistpanel run, twice", done, done.status != 2, said if alive else "")


def _edited_drug(program: Program, ground: Ground, study: Path, *words: str) -> Tried:
    edit_drug(study, "imatinib")
    done = program.run(study, "run", *words)
    stale = done.status == 0 and drugs_of(study) != "imatinib"
    return Tried(" ".join(["resistpanel run", *words]), done, stale or done.status != 0)


@scenario(2, "drug edited, `.snakemake` removed")
def no_metadata(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    shutil.rmtree(study / ".snakemake")
    return _edited_drug(program, ground, study)


@scenario(2, "drug edited, folder copied by `cp -pr study/* copied`")
def copied_folder(program: Program, ground: Ground) -> Tried:
    copied = copy(ground.finished(), ground.work / "copied")
    shutil.rmtree(copied / ".snakemake")
    return _edited_drug(program, ground, copied)


@scenario(2, "drug edited, `outdir` given as an absolute path")
def absolute_outdir(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    ground.configure(study, outdir=str(study / "results"))
    return _edited_drug(program, ground, study)


@scenario(2, "drug edited, a profile with `rerun-triggers: [mtime]`")
def mtime_profile(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    return _edited_drug(program, ground, study, "--profile", str(profile(ground.work)))


@scenario(3, "stale `.csi` beside a good `.bai`")
def stale_csi(program: Program, ground: Ground) -> Tried:
    """The index of the BAM as it was before the reads of a chromosome were aligned elsewhere."""
    study = ground.study()
    bam, earlier = study / "P01/P01_relapse.bam", ground.work / "earlier.bam"
    with pysam.AlignmentFile(str(bam)) as source:
        reads, header = list(source.fetch(until_eof=True)), source.header
    for path, shift in ((bam, 0), (earlier, 10**6)):
        # Not packed: blocks of the same size, as of a BAM that differs in places alone.
        with pysam.AlignmentFile(str(path), "wb0", header=header) as out:
            for read in reads:
                if read.reference_name == SITE[0]:
                    read.reference_start += shift
                out.write(read)
    pysam.samtools.index(str(bam))
    pysam.samtools.index("-c", str(earlier))
    shutil.copy(f"{earlier}.csi", f"{bam}.csi")
    check = program.run(study, "check")
    done = program.run(study, "run")
    found = "C121S" in verdict_of(study)
    more = f"check: exit {check.status}; C121S {'found' if found else 'not found'}"
    bad = check.status == 0 and not found
    return Tried("resistpanel check; resistpanel run", done, bad, more)


def _resource(program: Program, ground: Ground, option: str) -> Tried:
    """A resource that has grown under its old index: the variant it now holds is not found."""
    study = ground.study()
    path = study / "resource.vcf.gz"
    many = [("chr7", 140453000 + n, "A", "C") for n in range(0, 400, 2)]
    vcf(path, many)
    pysam.tabix_index(str(path), preset="vcf")
    old = Path(f"{path}.tbi").read_bytes()
    vcf(path, [*many, SITE])
    common = ["call", "--reference", "genome.fa.gz", "--targets", "targets.bed"]
    common += ["--normal", "P01/P01_normal.bam", "--tumor", "P01/P01_relapse.bam"]
    common += [option, path.name, "--output"]
    pysam.tabix_index(str(path), preset="vcf", force=True)
    good = program.run(study, *common, "good.vcf.gz")
    Path(f"{path}.tbi").write_bytes(old)
    done = program.run(study, *common, "stale.vcf.gz")
    if good.status:
        raise RuntimeError(good.said)
    right = call_lines(study / "good.vcf.gz", SITE)
    found = call_lines(study / "stale.vcf.gz", SITE)
    stale = done.status == 0 and found != right
    what = f"FILTER of the variant {right} with its index, {found} with the old one"
    return Tried(f"resistpanel call {option}", done, stale, what if done.status == 0 else "")


@scenario(3, "stale `.tbi` of a germline resource")
def stale_germline(program: Program, ground: Ground) -> Tried:
    return _resource(program, ground, "--germline")


@scenario(3, "stale `.tbi` of a panel of normals")
def stale_pon(program: Program, ground: Ground) -> Tried:
    return _resource(program, ground, "--pon")


@scenario(3, "`.gzi` of another file")
def stale_gzi(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    path = study / "genome.fa.gz.gzi"
    data = path.read_bytes()
    places = list(struct.iter_unpack("<QQ", data[8:]))
    # As of a version with an earlier block less: each is looked for where the one before it is.
    moved = [*places[1:], places[-1]]
    path.write_bytes(data[:8] + b"".join(
        struct.pack("<QQ", address[0], place[1])
        for address, place in zip(moved, places, strict=True)
    ))  # fmt: skip
    done = program.run(study, "check")
    return Tried("resistpanel check", done, done.status != 2 or done.traceback)


def _recalled(program: Program, study: Path, before: bytes, *words: str) -> Tried:
    done = program.run(study, "run", *words)
    stale = done.status == 0 and call_bytes(study) == before
    return Tried(" ".join(["resistpanel run", *words]), done, stale, "old calls" if stale else "")


def _older_bam(ground: Ground, study: Path) -> None:
    """Put another BAM in the place of the relapse's, with an older time, as ``cp -p`` does."""
    path = study / "P01/P01_relapse.bam"
    rename_sample(study / "P02/P02_relapse.bam", path, "P01_relapse")
    for one in (path, Path(f"{path}.bai")):
        os.utime(one, (1e9, 1e9))


@scenario(4, "BAM replaced by an older one, as by `cp -p`")
def older_bam(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    before = call_bytes(study)
    _older_bam(ground, study)
    return _recalled(program, study, before)


@scenario(4, "targets edited under the same time")
def same_time_targets(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    before, path = call_bytes(study), study / "targets.bed"
    time_was = path.stat()
    path.write_text("".join(
        line for line in path.read_text().splitlines(keepends=True) if "MAP2K1|" not in line
    ))  # fmt: skip
    os.utime(path, ns=(time_was.st_atime_ns, time_was.st_mtime_ns))
    return _recalled(program, study, before)


@scenario(4, "reference replaced under the same time")
def same_time_reference(program: Program, ground: Ground) -> Tried:
    """Another base at the place of the driver: it must no longer be called as it was."""
    study = ground.finished()
    before, path = call_bytes(study), study / "genome.fa.gz"
    time_was = path.stat()
    with pysam.FastaFile(str(path)) as fasta:
        text = {name: fasta.fetch(name) for name in fasta.references}
    base = text["chr7"][140453135]
    text["chr7"] = text["chr7"][:140453135] + {"A": "G"}.get(base, "A") + text["chr7"][140453136:]
    bgzip_text(path, "".join(f">{name}\n{bases}\n" for name, bases in text.items()))
    pysam.samtools.faidx(str(path))
    for one in (path, Path(f"{path}.fai"), Path(f"{path}.gzi")):
        os.utime(one, ns=(time_was.st_atime_ns, time_was.st_mtime_ns))
    return _recalled(program, study, before)


@scenario(4, "report forced over another BAM")
def forced_report(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    before = call_bytes(study)
    _older_bam(ground, study)
    return _recalled(program, study, before, "--", "--forcerun", "report")


@scenario(5, "a rerun that fails")
def failed_rerun(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    corrupt(study / "P01/P01_relapse.bam")
    done = program.run(study, "run")
    page = study / "results/report/P01.html"
    shown = "vemurafenib" in done.out or "C121S" in done.out
    kept = page.is_file() and "Out of date" not in page.read_text()
    what = (
        f"old verdict {'' if shown else 'not '}printed, old page {'' if kept else 'not '}in place"
    )
    return Tried("resistpanel run", done, done.status == 0 or shown or kept, what)


@scenario(7, "lock of a living run in another PID namespace")
def other_namespace(program: Program, ground: Ground) -> Tried:
    """The shell is process 1 there, resistpanel is not."""
    study = ground.study()
    first = program.start(program.words("run", "--cores", "1"), study,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    ground.wait_for(lambda: any((study / "results/logs").rglob("*.log")), first)
    script = ground.work / "inner.sh"
    script.write_text(f"{program.words()[0]} run\nexit $?\n")
    done = program.execute([*INSIDE, "sh", str(script)], study)
    alive = first.poll() is None
    ground.end(first)
    taken = "a run was killed here" in done.said
    more = "its lock was taken off" if taken else "" if alive else "(the first had ended)"
    bad = done.status != 2 or taken
    return Tried("resistpanel run; unshare --pid resistpanel run", done, bad, more)


@scenario(7, "resistpanel as process 1, killed and started again")
def process_one(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    first = program.start([*INSIDE, *program.words("run", "--cores", "1")], study,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    ground.wait_for(lambda: any((study / "results/logs").rglob("*.log")), first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(1)
    done = program.execute([*INSIDE, *program.words("run")], study)
    return Tried("unshare --pid resistpanel run, killed, the same again", done, done.status != 0)


@scenario(9, "upgrade of resistpanel")
def upgrade(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    overlay = ground.work / "overlay"
    overlay.mkdir()
    (overlay / "sitecustomize.py").write_text(
        "import resistpanel\nresistpanel.__version__ = '99.0.0'\n"
    )
    done = program.run(study, "run", more={"PYTHONPATH": str(overlay)})
    stale = "99.0.0" not in page_of(study)
    return Tried("resistpanel run", done, done.status == 0 and stale,
                 "the page is of the old version" if stale else "made again")  # fmt: skip
