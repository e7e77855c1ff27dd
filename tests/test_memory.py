"""Allocations that fail: every one is an error, none a hang or another result.

A library put in front of libc's refuses the n-th allocation that the compiled modules make, htslib
for them, or numpy for an array of more than a page, for every n.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pysam
import pytest

from resistpanel.core import stream
from resistpanel.core.errors import machine_fault
from resistpanel.core.stream import Stream

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static long left = -1;
static int refuse(void *caller, size_t size) {
    Dl_info in;
    if (left < 0 || !dladdr(caller, &in) || !in.dli_fname) return 0;
    if (!strstr(in.dli_fname, "/resistpanel/")
        && !(strstr(in.dli_fname, "libchtslib") && in.dli_sname && strstr(in.dli_sname, "bam_dup1"))
        && !(strstr(in.dli_fname, "_multiarray_umath") && size > 4096)) return 0;
    if (left-- != 0) return 0;
    errno = ENOMEM;
    return 1;
}
#define CALLER __builtin_return_address(0)
void arm(long n) { left = n; }
long armed(void) { return left; }
void *malloc(size_t n) { return refuse(CALLER, n) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t s) { return refuse(CALLER, n * s) ? NULL : __libc_calloc(n, s); }
void *realloc(void *p, size_t n) { return refuse(CALLER, n) ? NULL : __libc_realloc(p, n); }
"""

#: Runs WHAT with the n-th allocation refused, n = 0, 1, ..., until nothing is.
DRIVER = """
import ctypes, sys
import numpy as np
from resistpanel.call.io.pileup import pileup
from resistpanel.call.io.reader import Reader
from resistpanel.qc.count import Counter
from resistpanel.core.stream import Stream

path = sys.argv[1]
shim = ctypes.CDLL(None)
starts, ends = np.array([1000, 2400]), np.array([2300, 3000])
codes = np.zeros(1900, np.uint8)

def call():
    reader = Reader(path, [("c", 1000, 2300), ("c", 2400, 3000)])
    found = []
    for beg, end, after, before in ((1000, 2300, 2400, -1), (2400, 3000, -1, 2300)):
        reads = reader.next_chunk("c", beg, end, after, before)
        i = int(beg > 1000)
        at = slice(0, 1300) if beg == 1000 else slice(1300, 1900)
        out = pileup(reads, starts[i:i + 1], ends[i:i + 1], codes[at])
        found += [len(reads.table), len(reads.low_mapq), reads.n_fragments, int(out[0].sum()),
                  len(out[3]), len(out[4])]
    return found

def htslib():
    stream = Stream(path, None, 0, False)
    stream.query([("c", 1000, 2300), ("c", 2400, 3000)])
    n = 0
    while stream.read() is not None:
        n += 1
    return n

def qc():
    depth, bases = Counter(path, None, 20, 15).contig("c", starts, ends)
    return int(depth.sum()), int(bases.sum())

for what in (call, htslib, qc):
    right, n = what(), 0
    while True:
        shim.arm(n)
        try:
            got = what()
        except MemoryError:
            got = None
        refused = shim.armed() < 0
        shim.arm(-1)
        if not refused:
            assert got == right, (what.__name__, n, got, right)
            break
        assert got is None, (what.__name__, n, got, right)
        n += 1
    print(what.__name__, n, right)
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """Return the library that refuses."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or sys.platform != "linux":
        pytest.skip("needs a C compiler and glibc")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    made = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-fno-builtin", "-o", made, folder / "shim.c"]
    done = subprocess.run([*command, "-ldl"], capture_output=True, text=True)
    if done.returncode or "musl" in done.stderr:
        pytest.skip(f"the C compiler failed: {done.stderr[-200:]}")
    return made


@pytest.fixture(scope="module")
def bam(tmp_path_factory):
    """Enough reads that every array grows: fragments, events, indels, mates, kept reads."""
    rng = random.Random(6)
    path = str(tmp_path_factory.mktemp("reads") / "reads.bam")
    header = {
        "HD": {"SO": "coordinate"},
        "SQ": [{"SN": "c", "LN": 5000}],
        "RG": [{"ID": "1", "SM": "s"}],
    }
    starts = sorted(rng.randrange(950, 2990) for _ in range(36_000))
    with pysam.AlignmentFile(path, "wb", header=header) as out:
        for n, start in enumerate(starts):
            read = pysam.AlignedSegment(out.header)
            read.query_name = f"{n}"
            cigar = rng.choice(("12M", "5M2I5M", "5M300N7M")) if n % 3 == 0 else "12M"
            read.query_sequence = "".join(rng.choices("ACGT", k=12))
            read.query_qualities = pysam.qualitystring_to_array("I" * 12)
            read.flag, read.mapping_quality, read.cigarstring = 99, 60 if n % 5 else 3, cigar
            read.reference_id = read.next_reference_id = 0
            read.reference_start, read.next_reference_start = start, start + 5
            if n == 7000:
                read.set_tag("XX", "x" * 200_000)
            out.write(read)
    pysam.index(path)
    return path


@pytest.mark.slow
def test_every_refused_allocation_is_an_error(shim, bam, tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    environment = {**os.environ, "LD_PRELOAD": str(shim)}
    done = subprocess.run(
        [sys.executable, script, bam], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    tried = {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()}
    assert tried["call"] > 25 and tried["qc"] > 10 and tried["htslib"] > 5, tried


COMMAND = """
import ctypes, sys
from resistpanel.cli import main
import resistpanel.call.command, resistpanel.call.caller
ctypes.CDLL(None).arm(int(sys.argv[1]))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("number", [0, 3, 12])
def test_the_command_ends_in_one_line(shim, bam, tmp_path, number):
    rng = random.Random(1)
    reference = tmp_path / "ref.fa"
    reference.write_text(">c\n" + "".join(rng.choices("ACGT", k=5000)) + "\n")
    pysam.faidx(str(reference))
    (tmp_path / "t.bed").write_text("c\t1000\t2300\nc\t2400\t3000\n")
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    words = ["call", "--reference", reference, "--targets", tmp_path / "t.bed", "--tumor", bam]
    done = subprocess.run(
        [sys.executable, script, str(number), *words, "--output", tmp_path / "o.vcf.gz"],
        env={**os.environ, "LD_PRELOAD": str(shim)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if "error" in line]
    assert done.returncode == 1, done.stderr[-2000:]
    assert len(lines) == 1 and "out of memory" in lines[0], done.stderr[-2000:]
    assert not list(tmp_path.glob("o.vcf*"))


HANG = """
import sys
from resistpanel.core import stream
def refuse(*_):
    raise MemoryError
stream.deflate.inflate = refuse
opened = stream.Stream(sys.argv[1])
opened.query([("c", 1000, 2300)])
try:
    opened.read()
except MemoryError:
    print("refused")
"""


def test_no_memory_to_inflate(bam):
    """Of this a thread hung for ever."""
    done = subprocess.run(
        [sys.executable, "-c", HANG, bam], capture_output=True, text=True, timeout=20
    )
    assert done.stdout.strip() == "refused", done.stderr[-500:]


def test_a_disk_that_fails_is_not_a_corrupt_file(bam, monkeypatch):
    opened = Stream(bam)
    opened.query([("c", 1000, 2300)])

    def preadv(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(stream.os, "preadv", preadv)
    with pytest.raises(OSError, match="Input/output") as raised:
        opened.read()
    assert machine_fault(raised.value).startswith(f"{bam}: Input/output error; ")


def test_no_allocation_outside_the_helper():
    """The compiled sources call libc's and htslib's allocation in one place alone."""
    package = Path(stream.__file__).parents[1]
    for source in package.rglob("*.pyx"):
        text = source.read_text()
        for name in ("malloc(", "calloc(", "realloc(", "bam_dup1(", "bam_init1("):
            assert name not in text, f"{source}: {name}"
