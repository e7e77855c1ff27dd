"""Faults of what is given: code, names, texts, bombs. Scenarios of `faulty`."""

import gzip
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pysam

from benchmarks.reliability.program import Done, Program
from benchmarks.reliability.scenario import Ground, Tried, rename_sample, scenario
from resistpanel.core.bam import BGZF_EOF, CRAM_EOF

#: MB and CPU seconds that no check of a small patient needs.
MUCH_MEMORY, MUCH_TIME = 1000, 60
MARK = "import pathlib; pathlib.Path('{mark}').write_text('run')\n"


def _marked(program: Program, ground: Ground, name: str, run) -> Tried:
    """Put a module of that name into a study's folder; it leaves a mark where it is run."""
    study = ground.finished()
    mark = ground.work / "mark"
    (study / name).write_text(MARK.format(mark=mark))
    command, done = run(study)
    executed = mark.is_file()
    return Tried(command, done, executed or done.traceback or done.status not in (0, 2),
                 "its code was run" if executed else "its code was not run")  # fmt: skip


@scenario(8, "`random.py` in the study's folder")
def module_random(program: Program, ground: Ground) -> Tried:
    return _marked(program, ground, "random.py", lambda study: (
        "resistpanel run --dry-run", program.run(study, "run", "--dry-run")))  # fmt: skip


@scenario(8, "`types.py` in the study's folder")
def module_types(program: Program, ground: Ground) -> Tried:
    return _marked(program, ground, "types.py", lambda study: (
        "resistpanel run --dry-run", program.run(study, "run", "--dry-run")))  # fmt: skip


def _python_m(program: Program, *words: str):
    """Return a function that types ``python -m snakemake``, by which Python itself looks there."""
    command = [str(program.bin / "python"), "-m", "snakemake", "--snakefile",
               str(program.checkout / "Snakefile"), "--configfile", "config.yaml",
               "--cores", "1", *words]  # fmt: skip
    return lambda study: ("python -m snakemake", program.execute(command, study))


@scenario(8, "`pysam.py` in the study's folder, `python -m snakemake`")
def module_of_python_m(program: Program, ground: Ground) -> Tried:
    return _marked(program, ground, "pysam.py", _python_m(program, "-n"))


@scenario(8, "`numpy.py` in the study's folder, `python -m snakemake`")
def module_loaded_before(program: Program, ground: Ground) -> Tried:
    """Snakemake has imported it before it reads the Snakefile: no run is begun."""
    tried = _marked(program, ground, "numpy.py", _python_m(program, "--forceall"))
    refused = tried.done.status == 2 and not tried.done.traceback
    return Tried(tried.command, tried.done, not refused, "refused" if refused else tried.more)


@scenario(10, "`call.extra` with `$(...)`")
def shell_in_extra(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    ground.configure(study, call={"extra": "--min-qual 12 $(touch pwned)"})
    done = program.run(study, "run")
    pwned = bool(list(ground.work.rglob("pwned")))
    return Tried("resistpanel run", done, pwned, "executed" if pwned else "not executed")


@scenario(10, "`__use_yte__` in a configuration, plain snakemake")
def evaluated_configuration(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    text = (study / "config.yaml").read_text()
    text += "__use_yte__: true\n? \"?__import__('os').system('touch pwned')\"\n: x\n"
    (study / "config.yaml").write_text(text)
    done = program.snakemake(study, "--cores", "1", "-n")
    pwned = bool(list(ground.work.rglob("pwned")))
    return Tried("snakemake -n", done, pwned, "executed" if pwned else "not executed")


@scenario(11, "one sample's reads under two names")
def two_names(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    rename_sample(study / "P01/P01_normal.bam", study / "P01/P01_relapse.bam", "P01_relapse")
    done = program.run(study, "check")
    return Tried("resistpanel check", done, done.status != 2)


@scenario(11, "a BAM merged with itself")
def merged_with_itself(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    bam = study / "P01/P01_relapse.bam"
    pysam.samtools.merge("-f", "-c", "-p", f"{bam}.new", str(bam), str(bam))
    Path(f"{bam}.new").replace(bam)
    pysam.samtools.index(str(bam))
    done = program.run(study, "check")
    return Tried("resistpanel check", done, done.status != 2)


def _clean(check: Done, done: Done) -> bool:
    """Return whether a fault is there: no error in the check, and then one in the run."""
    return check.traceback or done.traceback or (check.status == 0 and done.status != 0)


def _named(program: Program, ground: Ground, patient: str) -> Tried:
    study = ground.study()
    path = study / "samples.tsv"
    path.write_text(re.sub(r"^P01\t", f"{patient}\t", path.read_text(), flags=re.M))
    check = program.run(study, "check")
    done = program.run(study, "run")
    return Tried("resistpanel check; resistpanel run", done, _clean(check, done),
                 f"check: exit {check.status}")  # fmt: skip


@scenario(12, "patient named `cohort`")
def patient_cohort(program: Program, ground: Ground) -> Tried:
    return _named(program, ground, "cohort")


@scenario(12, "patient's name of 300 characters")
def long_name(program: Program, ground: Ground) -> Tried:
    return _named(program, ground, "P" * 300)


@scenario(12, "braces in the folder's name")
def braces(program: Program, ground: Ground) -> Tried:
    study = ground.study("a{x}b")
    check = program.run(study, "check")
    done = program.run(study, "run")
    return Tried("resistpanel check; resistpanel run", done, _clean(check, done),
                 f"check: exit {check.status}")  # fmt: skip


@scenario(12, "streams that are not UTF-8, after a complete run")
def ascii_streams(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    path = study / "results/resist/P01.json"
    path.write_text(path.read_text())  # as it is
    more = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = program.run(study, "explain", "P01", "chr15:66729154:G:C", more=more)
    again = program.run(study, "run", more=more)
    worse = again if again.traceback or again.status else done
    return Tried(
        "resistpanel run; resistpanel explain", worse, worse.traceback or worse.status != 0
    )


@scenario(12, "a home that cannot be made")
def no_home(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    more = {"HOME": "/proc/none", "XDG_CACHE_HOME": ""}
    done = program.run(study, "run", "--dry-run", more=more)
    return Tried("HOME=/proc/none resistpanel run --dry-run", done, done.status != 0)


@scenario(12, "closed streams")
def closed_streams(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    words = " ".join(f"'{word}'" for word in program.words("run"))
    done = program.execute(["sh", "-c", f"{words} <&- >&- 2>&-"], study)
    return Tried("resistpanel run <&- >&- 2>&-", done, done.status != 0)


@scenario(12, "a sound CRAM whose reference is gone, in `init`")
def cram_without_reference(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    for name in ("normal", "before", "relapse"):
        bam = study / f"P01/P01_{name}.bam"
        cram, fasta = bam.with_suffix(".cram"), study / "genome.fa.gz"
        pysam.samtools.view("-C", "-T", str(fasta), "-o", str(cram), str(bam), catch_stdout=False)
        bam.unlink()
    for path in [*study.glob("genome.fa.gz*"), study / "config.yaml", study / "samples.tsv"]:
        path.unlink()
    done = program.run(study, "init", "--bams", "P01")
    return Tried("resistpanel init --bams P01", done, "damaged" in done.said or done.traceback)


def bam_header(text_size: int) -> bytes:
    """Return a small BAM whose header unpacks to `text_size` bytes: equal blocks, packed once."""
    head = b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr7\tLN:1000\n@CO\t"
    filler = 65_280
    blocks = (text_size - len(head)) // filler
    size = len(head) + blocks * filler
    start = b"BAM\1" + struct.pack("<i", size) + head
    end = struct.pack("<ii", 1, 5) + b"chr7\0" + struct.pack("<i", 1000)
    return bgzf(start) + bgzf(b"x" * filler) * blocks + bgzf(end) + BGZF_EOF


def bgzf(data: bytes) -> bytes:
    """Return a block of BGZF."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    head = bytes.fromhex("1f8b08040000000000ff0600424302 00".replace(" ", ""))
    return head + struct.pack("<H", len(body) + 25) + body + struct.pack(
        "<II", zlib.crc32(data), len(data)
    )  # fmt: skip


def _costly(command: str, done: Done) -> Tried:
    bad = done.megabytes > MUCH_MEMORY or done.seconds > MUCH_TIME or done.traceback
    return Tried(command, done, bad or done.status == 0,
                 f"{done.megabytes:.0f} MB, {done.seconds:.0f} s of CPU")  # fmt: skip


@scenario(13, "a BAM header that unpacks to 600 MB")
def header_bomb(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    (study / "P01/P01_relapse.bam").write_bytes(bam_header(600 << 20))
    return _costly("resistpanel check", program.run(study, "check"))


def itf8(number: int) -> bytes:
    """Return a number as CRAM writes it, in five bytes (CRAM specification, section 2.3)."""
    return bytes([0xF0 | number >> 28 & 0xF, *(number >> shift & 0xFF for shift in (20, 12, 4)),
                  number & 0xF])  # fmt: skip


def cram_header(text_size: int) -> bytes:
    """Return a CRAM whose gzipped header block unpacks to `text_size` bytes."""
    head = b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chr7\tLN:1000\tM5:" + b"0" * 32 + b"\n@CO\t"
    text = head + b"x" * (text_size - len(head) - 1) + b"\n"
    raw = struct.pack("<i", len(text)) + text
    packed = gzip.compress(raw, 9)
    block = bytes([1, 0, 0]) + itf8(len(packed)) + itf8(len(raw)) + packed
    block += struct.pack("<I", zlib.crc32(block))
    fields = itf8(0) * 3 + itf8(0) + b"\0\0" + itf8(1) + itf8(1) + itf8(0)
    container = struct.pack("<i", len(block)) + fields
    container += struct.pack("<I", zlib.crc32(container))
    return b"CRAM\3\0" + b"bomb".ljust(20, b"\0") + container + block + CRAM_EOF


@scenario(13, "a CRAM header that unpacks to 600 MB")
def cram_header_bomb(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    (study / "P01/P01_relapse.cram").write_bytes(cram_header(600 << 20))
    sheet = study / "samples.tsv"
    sheet.write_text(sheet.read_text().replace("P01_relapse.bam", "P01_relapse.cram"))
    return _costly("resistpanel check", program.run(study, "check"))


@scenario(13, "a `.csi` that unpacks to 2 GB")
def index_bomb(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    Path(study / "P01/P01_relapse.bam.bai").unlink()
    packed = gzip.compress(b"CSI\1" + bytes((16 << 20) - 4), 9)
    with (study / "P01/P01_relapse.bam.csi").open("wb") as out:
        out.write(packed)
        out.write(gzip.compress(bytes(16 << 20), 9) * 127)
    return _costly("resistpanel check", program.run(study, "check"))


@scenario(13, "evidence (`.npz`) that unpacks to 8 GB")
def evidence_bomb(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }" % (8 << 30)
    header = header.ljust(117) + b"\n"
    with (
        zipfile.ZipFile(study / "a.npz", "w", zipfile.ZIP_DEFLATED) as out,
        out.open("head.npy", "w", force_zip64=True) as member,
    ):
        member.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
        piece = bytes(64 << 20)
        for _ in range(128):
            member.write(piece)
    done = program.run(study, "call", "--reference", "genome.fa.gz", "--targets", "targets.bed",
                       "--tumor", "P01/P01_relapse.bam", "--gather", "a.npz",
                       "--output", "x.vcf.gz")  # fmt: skip
    return _costly("resistpanel call --gather", done)


@scenario(13, "targets of 3,000,000 lines")
def bed_bomb(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    lines = "".join(f"chr7\t{n}\t{n + 5}\n" for n in range(100, 100 + 3_000_000 * 10, 10))
    (study / "targets.bed").write_text(lines)
    return _costly("resistpanel check", program.run(study, "check"))


@scenario(14, "`=HYPERLINK` in a lesion")
def formula(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    path = study / "samples.tsv"
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    where = lines[0].index("lesion")
    for line in lines[1:]:
        line[where] = '=HYPERLINK("http://x","y")'
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    done = program.run(study, "run")
    tables = [*study.glob("results/report/*.tsv"), *study.glob("results/report/cbioportal/*")]
    live = [
        p.name for p in tables if p.is_file() and re.search(r"(^|\t)=HYPER", p.read_text(), re.M)
    ]
    return Tried("resistpanel run", done, bool(live),
                 f"live in {', '.join(sorted(live))}" if live else "in no table")  # fmt: skip


@scenario(14, "ESC in the SM of a BAM")
def escape(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    rename_sample(study / "P01/P01_relapse.bam", study / "P01/P01_relapse.bam", "x\x1b[2Jy")
    done = program.run(study, "check")
    return Tried("resistpanel check", done, "\x1b" in done.said,
                 "ESC printed" if "\x1b" in done.said else "ESC not printed")  # fmt: skip


@scenario(14, "a line end in a file's name, in `init`")
def line_end(program: Program, ground: Ground) -> Tried:
    study = ground.study()
    for name in ("config.yaml", "samples.tsv"):
        (study / name).unlink()
    rename_sample(study / "P01/P01_relapse.bam", study / "P01/a\nP9\tx\ttumor.bam", "P01_x")
    done = program.run(study, "init", "--bams", "P01", "--reference", "genome.fa.gz")
    sheet = study / "samples.tsv"
    rows = sheet.read_text().splitlines() if sheet.is_file() else []
    added = any(row.startswith("P9\t") for row in rows)
    return Tried("resistpanel init --bams P01", done, added or done.status == 0,
                 "a row P9 in the sheet" if added else "")  # fmt: skip


@scenario(15, "full paths in reports")
def full_paths(program: Program, ground: Ground) -> Tried:
    study = ground.finished()
    done = program.run(study, "run")
    shown = [
        path.suffix for path in sorted((study / "results/report").glob("P01.*"))
        if path.suffix in (".html", ".json", ".tsv", ".maf")
        and str(ground.work) in path.read_text(errors="replace")
    ]  # fmt: skip
    more = f"the folder's path is in {', '.join(shown)}" if shown else "names alone"
    return Tried("resistpanel run", done, bool(shown), more)


@scenario(16, "an install by a name that is not published")
def unpublished_name(program: Program, ground: Ground) -> Tried:
    advice = "pip install " + "'resistpanel"
    found = [
        str(path.relative_to(program.checkout))
        for folder in ("docs", "workflow", "README.md", "profiles")
        for path in [program.checkout / folder, *(program.checkout / folder).rglob("*")]
        if path.suffix in (".md", ".py", ".yaml") and advice in path.read_text()
    ]
    done = Done(0, "", "", 0, 0)
    return Tried(
        "grep", done, bool(found), f"advised in {', '.join(found)}" if found else "nowhere"
    )


@scenario(16, "packages installed without hashes")
def hashes(program: Program, ground: Ground) -> Tried:
    lock = (program.checkout / "requirements.lock").read_text()
    makefile = (program.checkout / "Makefile").read_text()
    pins = len(re.findall(r"^[a-z0-9-]+==", lock, re.M))
    hashed = len(re.findall(r"^[a-z0-9-]+==[^\n]*\\\n +--hash=sha256:", lock, re.M))
    bad = hashed < pins or "--require-hashes" not in makefile
    return Tried("requirements.lock", Done(0, "", "", 0, 0), bad, f"{hashed} of {pins} with hashes")
