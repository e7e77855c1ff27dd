"""CPU, wall time and memory of the caller on panels of 1 to 40 Mb.

    python -m benchmarks.exome --data FOLDER --mb 1 4          # normal.bam, post.bam, ... there
    python -m benchmarks.exome --mb 4 10 40 --shards 8 --publish

FOLDER holds reference.fa, targets.bed and the BAMs of a simulated patient (`benchmarks.trio`; by
default one of seed 1 is made), and truth.vcf.gz, from which the page states the variants per Mb.
What is within 700 bases of a target is cut out, put side by side, and repeated until the targets
have the size that is asked for, each time at other coordinates: reads, targets and genome. The BAMs
are thinned to the depth first. To the caller it is a genome of its own; its variants recur, so that
the counts per Mb are those of the simulation. A repetition is a copy of the records' bytes with
other positions, which makes an exome in a minute.

With --shards the same call is made in parts, as the workflow does on large BAMs (`call.scatter`):
the CPU is the sum, the memory that of the largest part or of the gathering, the wall time that of
two parts at a time. With --rows measurements are added to a file, and the page shows all in it.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pysam
from isal import isal_zlib

from benchmarks.genome import ROOT, WORK
from benchmarks.measure import Usage, run

PAGE = ROOT / "docs" / "validation" / "exome.md"
#: Bases on either side of a target that are kept.
FLANK = 700
#: Contigs over which the repetitions are spread: each has about as many targets as chromosome 1 has
#: of an exome.
CONTIGS = 10
#: Bases of a BGZF block before compression.
BLOCK = 60_000
END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
#: Fields of a BAM record that hold a contig or a position, by their offset.
CONTIG, POSITION, NEXT_CONTIG, NEXT_POSITION = 4, 8, 24, 28


class Windows:
    """What is cut out of a genome: the surroundings of the targets, put side by side.

    Parameters
    ----------
    targets : list of (str, int, int, str)
        0-based, half-open, name.
    contigs : list of str
    lengths : list of int
    """

    def __init__(self, targets, contigs, lengths):
        merged = []
        for contig in contigs:
            mine = sorted((start, end) for chrom, start, end, _ in targets if chrom == contig)
            size = lengths[contigs.index(contig)]
            for start, end in mine:
                low, high = max(0, start - FLANK), min(size, end + FLANK)
                if merged and merged[-1][0] == contig and merged[-1][2] >= low:
                    merged[-1][2] = max(merged[-1][2], high)
                else:
                    merged.append([contig, low, high])
        self.rows = merged
        sizes = [end - start for _, start, end in merged]
        self.offsets = np.concatenate([[0], np.cumsum(sizes)])
        self.length = int(self.offsets[-1])
        self.contigs = contigs

    def place(self, contig: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Return where 0-based positions are in the cut genome; -1 outside."""
        found = np.full(len(position), -1, np.int64)
        for (name, start, end), offset in zip(self.rows, self.offsets, strict=False):
            inside = (contig == self.contigs.index(name)) & (position >= start) & (position < end)
            found[inside] = position[inside] - start + offset
        return found


def records(bam: Path, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of a thinned BAM's records and where each begins."""
    words = ["samtools", "view", "-u", "-s", f"{11 + fraction:.6f}", str(bam)]
    raw = subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.bam"
        path.write_bytes(raw)
        with pysam.BGZFile(str(path)) as handle:
            data = handle.read()
    (text,) = struct.unpack_from("<i", data, 4)
    at = 8 + text
    (number,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(number):
        (size,) = struct.unpack_from("<i", data, at)
        at += 8 + size
    starts = []
    while at < len(data):
        starts.append(at)
        (size,) = struct.unpack_from("<i", data, at)
        at += 4 + size
    return np.frombuffer(data, np.uint8), np.array(starts, np.int64)


def field(data: np.ndarray, starts: np.ndarray, offset: int) -> np.ndarray:
    """Return a 32-bit field of all records."""
    return data[starts[:, None] + offset + np.arange(4)].copy().view("<i4")[:, 0]


def put(data: np.ndarray, starts: np.ndarray, offset: int, values: np.ndarray) -> None:
    """Write a 32-bit field of all records."""
    found = values.astype("<i4")[:, None].view(np.uint8)
    data[starts[:, None] + offset + np.arange(4)] = found


def kept(data: np.ndarray, starts: np.ndarray, windows: Windows):
    """Return the records inside the windows, both mates of each, with their new positions."""
    ends = np.append(starts[1:], len(data))
    first = windows.place(field(data, starts, CONTIG), field(data, starts, POSITION))
    other = windows.place(field(data, starts, NEXT_CONTIG), field(data, starts, NEXT_POSITION))
    good = (first >= 0) & (other >= 0)
    pieces = [data[a:b] for a, b in zip(starts[good], ends[good], strict=True)]
    sizes = np.array([len(piece) for piece in pieces])
    return np.concatenate(pieces), np.cumsum(sizes) - sizes, first[good], other[good]


def block(piece: bytes) -> bytes:
    """Return a BGZF block."""
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)
    body = packer.compress(piece) + packer.flush()
    head = struct.pack("<BBBBIBBHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
    return head + body + struct.pack("<II", isal_zlib.crc32(piece), len(piece))


def spread(repeats: int) -> dict[str, int]:
    """Return how many repetitions each contig has."""
    shares = np.diff(np.arange(CONTIGS + 1) * repeats // CONTIGS)
    return {f"chrE{k}": int(share) for k, share in enumerate(shares, 1) if share}


def places(contigs: dict[str, int]) -> list[tuple[int, int]]:
    """Return the contig's index and the number on it of each repetition."""
    return [(k, number) for k, n in enumerate(contigs.values()) for number in range(n)]


def write_bam(path: Path, sample: str, length: int, repeats: int, parts) -> None:
    """Write the records `repeats` times, each time further along."""
    data, starts, first, other = parts
    data = data.copy()
    contigs = spread(repeats)
    text = "@HD\tVN:1.6\tSO:coordinate\n"
    text += "".join(f"@SQ\tSN:{name}\tLN:{length * n}\n" for name, n in contigs.items())
    text += f"@RG\tID:{sample}\tSM:{sample}\tPL:ILLUMINA\n"
    head = b"BAM\1" + struct.pack("<i", len(text)) + text.encode()
    head += struct.pack("<i", len(contigs))
    for name, n in contigs.items():
        head += struct.pack("<i", len(name) + 1) + name.encode() + b"\0"
        head += struct.pack("<i", length * n)
    with path.open("wb") as out:
        out.write(block(head))
        for contig, number in places(contigs):
            put(data, starts, CONTIG, np.full(len(starts), contig))
            put(data, starts, NEXT_CONTIG, np.full(len(starts), contig))
            put(data, starts, POSITION, first + number * length)
            put(data, starts, NEXT_POSITION, other + number * length)
            whole = memoryview(data)
            for at in range(0, len(whole), BLOCK):
                out.write(block(bytes(whole[at : at + BLOCK])))
        out.write(END)
    pysam.samtools.index(str(path))


def make(data: Path, folder: Path, megabases: float, depth: float, samples: list[str]) -> None:
    """Make reference, targets and BAMs."""
    lines = [line.split("\t") for line in (data / "targets.bed").read_text().splitlines()]
    targets = [(row[0], int(row[1]), int(row[2]), row[3]) for row in lines if len(row) > 3]
    size = sum(end - start for _, start, end, _ in targets)
    repeats = max(1, round(megabases * 1e6 / size))
    with pysam.AlignmentFile(str(data / f"{samples[0]}.bam")) as bam:
        windows = Windows(targets, list(bam.references), list(bam.lengths))
    with pysam.FastaFile(str(data / "reference.fa")) as fasta:
        one = "".join(fasta.fetch(name, start, end) for name, start, end in windows.rows)
    contigs = spread(repeats)
    with (folder / "reference.fa").open("w") as out:
        for name, n in contigs.items():
            out.write(f">{name}\n")
            out.writelines([one] * n)
            out.write("\n")
    pysam.samtools.faidx(str(folder / "reference.fa"))
    where = windows.place(
        np.array([windows.contigs.index(t[0]) for t in targets]), np.array([t[1] for t in targets])
    )
    order = np.argsort(where, kind="stable")
    with (folder / "targets.bed").open("w") as out:
        names = list(contigs)
        for repetition, (contig, number) in enumerate(places(contigs)):
            for k in order:
                start = int(where[k]) + number * windows.length
                end = start + targets[k][2] - targets[k][1]
                name = f"{targets[k][3]}_{repetition}"
                out.write(f"{names[contig]}\t{start}\t{end}\t{name}\n")
    for sample in samples:
        said = pysam.samtools.bedcov(str(data / "targets.bed"), str(data / f"{sample}.bam"))
        full = sum(int(line.split("\t")[-1]) for line in said.splitlines()) / size
        parts = kept(*records(data / f"{sample}.bam", min(0.999999, depth / full)), windows)
        write_bam(folder / f"{sample}.bam", sample, windows.length, repeats, parts)


def checked(words: list[str]) -> Usage:
    """Run a command; stop if it fails."""
    used = run(words)
    if used.status:
        raise SystemExit(f"{' '.join(words)}\n{used.stderr[-2000:]}")
    return used


def caller(folder: Path, samples: list[str]) -> list[str]:
    """Return the command of the caller without its output."""
    code = "import sys; from resistpanel.cli import main; sys.exit(main())"
    words = [sys.executable, "-c", code, "call", "--reference", str(folder / "reference.fa")]
    words += [
        "--targets",
        str(folder / "targets.bed"),
        "--normal",
        str(folder / f"{samples[0]}.bam"),
    ]
    for sample in samples[1:]:
        words += ["--tumor", str(folder / f"{sample}.bam")]
    return words


def row(what: str, cpu: float, wall: float, memory: float) -> dict:
    """Return a row of the table."""
    return {"what": what, "cpu": cpu, "wall": wall, "memory": memory}


def whole(folder: Path, samples: list[str], counts: bool) -> dict:
    """Call all targets in one process with two threads."""
    words = [*caller(folder, samples), "--threads", "2", "--output", str(folder / "out.vcf.gz")]
    words += ["--counts", str(folder / "counts.json")] * counts
    used = checked(words)
    return row(f"call{', --counts' * counts}", used.cpu, used.wall, used.memory)


def scattered(folder: Path, samples: list[str], shards: int) -> dict:
    """Call in parts, two at a time, and gather."""
    parts = [str(folder / f"{n}.npz") for n in range(1, shards + 1)]
    jobs = [
        [*caller(folder, samples), "--shard", f"{n}/{shards}", "--evidence", part]
        for n, part in enumerate(parts, 1)
    ]
    with ThreadPoolExecutor(2) as pool:
        used = list(pool.map(checked, jobs))
    last = checked(
        [*caller(folder, samples), "--gather", *parts, "--output", str(folder / "parts.vcf.gz")]
    )
    wall = sum(one.wall for one in used) / 2 + last.wall
    cpu = sum(one.cpu for one in [*used, last])
    memory = max(one.memory for one in [*used, last])
    print(f"largest part {max(one.memory for one in used):.0f} MB, gathering {last.memory:.0f} MB")
    print(f"parts {cpu - last.cpu:.1f} CPU s, gathering {last.cpu:.1f} CPU s", flush=True)
    return row(f"call in {shards} parts", cpu, wall, memory)


def samtools(folder: Path, samples: list[str]) -> dict:
    """Count the reads on target of all BAMs."""
    words = ["samtools", "view", "-c", "-M", "-L", str(folder / "targets.bed")]
    used = [checked([*words, str(folder / f"{sample}.bam")]) for sample in samples]
    cpu, wall = sum(one.cpu for one in used), sum(one.wall for one in used)
    return row("samtools view -c -M -L", cpu, wall, max(one.memory for one in used))


def variants(data: Path, size: float) -> str:
    """Return how many variants per Mb the repeated panel of `size` bases has, as a clause."""
    truth = data / "truth.vcf.gz"
    if not truth.exists():
        return ""
    with pysam.VariantFile(str(truth)) as vcf:
        number = sum(1 for _ in vcf)
    return f" with {number / size * 1e6:,.0f} variants per Mb"


def text(rows: list[dict], depth: float, number: int, command: str, panel: str) -> str:
    """Return the page."""
    from benchmarks.publish import revision  # draws, too: after the measurement

    lines = [
        "# Speed and memory on exomes",
        "",
        f"Revision {revision()}. Made by `{command}`. {number} BAMs (normal and tumour),"
        f" {depth:g}x. The records of a simulated panel of {panel} are repeated at other"
        " coordinates."
        f" Machine with {os.cpu_count()} cores; load average after a run at most"
        f" {max(r['load'] for r in rows):.1f}."
        " Wall times are of that load, CPU times less so.",
        "",
        "| targets Mb | targets | | CPU s | wall s | MB | x samtools | CPU s per Mb |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['mb']:.1f} | {r['targets']:,} | {r['what']} | {r['cpu']:.1f} | {r['wall']:.1f}"
        f" | {r['memory']:.0f} | {r['ratio']:.2f} | {r['cpu'] / r['mb']:.2f} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of a simulated patient")
    parser.add_argument("--samples", nargs="+", default=["normal", "post"])
    parser.add_argument("--mb", type=float, nargs="*", default=[1.0, 4.0])
    parser.add_argument("--depth", type=float, default=200)
    parser.add_argument("--shards", type=int, help="also in as many parts")
    parser.add_argument("--parts-alone", action="store_true", help="not in one process")
    parser.add_argument("--no-counts", action="store_true", help="without --counts alone")
    parser.add_argument("--rows", type=Path, help="file of measurements (JSON lines)")
    parser.add_argument("--publish", action="store_true", help="write docs/validation")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    data = args.data
    if args.make:
        make(data, args.make, args.mb[0], args.depth, args.samples)
        return 0
    if data is None:
        words = [sys.executable, "-m", "benchmarks.trio", "--seed", "1"]
        said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        data = Path(said.stdout.strip().splitlines()[-1])
    rows = []
    if args.rows and args.rows.exists():
        rows = [json.loads(line) for line in args.rows.read_text().splitlines()]
    WORK.mkdir(parents=True, exist_ok=True)
    for size in args.mb:
        with tempfile.TemporaryDirectory(dir=WORK) as name:
            folder = Path(name)
            # In a process of its own: a child's peak memory is counted from the fork.
            words = [sys.executable, "-m", "benchmarks.exome", "--make", str(folder)]
            words += ["--data", str(data), "--mb", str(size), "--depth", str(args.depth)]
            subprocess.run([*words, "--samples", *args.samples], check=True, cwd=ROOT)
            lines = [line.split("\t") for line in (folder / "targets.bed").open()]
            number, mb = len(lines), sum(int(line[2]) - int(line[1]) for line in lines) / 1e6
            del lines
            used = shutil.disk_usage(folder)
            print(f"{mb:.1f} Mb, {number:,} targets, {used.free / 1e9:.0f} GB left", flush=True)
            found = [samtools(folder, args.samples)]
            found += [whole(folder, args.samples, counts=False)] if args.no_counts else []
            found += [] if args.parts_alone else [whole(folder, args.samples, counts=True)]
            found += [scattered(folder, args.samples, args.shards)] if args.shards else []
            for one in found:
                ratio = one["cpu"] / found[0]["cpu"]
                load = os.getloadavg()[0]
                rows.append(one | {"mb": mb, "targets": number, "ratio": ratio, "load": load})
                print(rows[-1], flush=True)
                if args.rows:
                    with args.rows.open("a") as out:
                        out.write(json.dumps(rows[-1]) + "\n")
    sizes = sorted({round(one["mb"], 1) for one in rows})
    words = [f"--mb {' '.join(f'{size:g}' for size in sizes)}"]
    words += ["--data FOLDER"] * (args.data is not None)
    shards = [one["what"].split()[2] for one in rows if one["what"].endswith("parts")]
    words += [f"--shards {shards[-1]}"] if shards else []
    words += ["--publish"] * args.publish
    command = " ".join(["python -m benchmarks.exome", *words])
    rows.sort(key=lambda one: one["mb"])
    lines = [line.split("\t") for line in (data / "targets.bed").read_text().splitlines()]
    panel = sum(int(line[2]) - int(line[1]) for line in lines)
    described = f"{panel / 1e3:.0f} kb{variants(data, panel)}"
    page = text(rows, args.depth, len(args.samples), command, described)
    print(page)
    if args.publish:
        PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
