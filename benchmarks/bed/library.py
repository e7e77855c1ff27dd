"""From molecules to reads, FASTQ and BAM."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bed import errors
from benchmarks.bed.errors import Chemistry, Edits, Sequencer
from benchmarks.bed.genome import BASES, encode
from benchmarks.bed.molecules import Buffer, Molecules

CHUNK = 40_000  # read pairs made at once
COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


@dataclass(frozen=True)
class Labels:
    """What a read pair's name and tags say. ``style``: plain, umi, fgbio or marianas."""

    style: str = "plain"
    umi_length: int = 0
    umi_errors: float = 0.003


@dataclass
class Pairs:
    """Read pairs to make: the molecule's row of each, and its repeat that slipped, if any."""

    row: np.ndarray
    slip_at: np.ndarray
    slip: np.ndarray
    edit_pair: np.ndarray
    edit_at: np.ndarray
    edit_base: np.ndarray


def expand(m: Molecules, found: Edits, rng: np.random.Generator) -> Pairs:
    """Make ``copies`` pairs of each molecule; each has the edits of its molecule by chance."""
    row = np.repeat(np.arange(len(m)), m.copies)
    first = np.concatenate([[0], np.cumsum(m.copies)])
    count = m.copies[found.row]
    which = np.repeat(np.arange(len(found.row)), count)
    pair = np.repeat(first[found.row], count) + _within(count)
    has = rng.random(len(which)) < found.share[which]
    which, pair = which[has], pair[has]
    order = np.argsort(pair, kind="stable")
    slip_at, slip = np.zeros(len(row), np.int64), np.zeros(len(row), np.int64)
    count = m.copies[found.slip_row]
    slipped = np.repeat(np.arange(len(found.slip_row)), count)
    where = np.repeat(first[found.slip_row], count) + _within(count)
    has = rng.random(len(slipped)) < found.slip_share[slipped]
    slip_at[where[has]], slip[where[has]] = found.slip_at[slipped[has]], found.slip[slipped[has]]
    return Pairs(row, slip_at, slip, pair[order], found.at[which][order], found.base[which][order])


def _within(count: np.ndarray) -> np.ndarray:
    """Return 0 .. n-1 for each n of ``count``, end to end."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)


def _bases(buffer, start, length, other, joint, slip_at, slip, edits, adapter, left, cycles):
    """Return error-free reads of one side, shape (pairs, cycles), in the order of sequencing."""
    n, column = len(start), np.arange(cycles)
    size = length - slip
    at = np.broadcast_to(column, (n, cycles)) if left else size[:, None] - 1 - column
    source = start[:, None] + at
    odd = np.flatnonzero((slip != 0) | (joint < length))
    if len(odd):
        inside = at[odd]
        begin = (slip_at[odd] + np.maximum(0, -slip[odd]))[:, None]
        inside = inside + np.where(inside >= begin, slip[odd][:, None], 0)
        switched = inside >= joint[odd][:, None]
        source[odd] = np.where(switched, other[odd][:, None], start[odd][:, None]) + inside
    reads = buffer.codes[np.clip(source, 0, len(buffer.codes) - 1)]
    pair, where, base = edits
    where = np.where(where >= slip_at[pair], where - slip[pair], where)
    col = where if left else size[pair] - 1 - where
    seen = (col >= 0) & (col < cycles) & (where < joint[pair])
    reads[pair[seen], col[seen]] = base[seen]
    if not left:
        reads = COMPLEMENT[reads]
    short = np.flatnonzero(size < cycles)
    if len(short):
        beyond = column - size[short][:, None]
        tail = np.concatenate([encode(adapter), np.full(cycles, 2, np.uint8)])  # then poly-G
        reads[short] = np.where(beyond >= 0, tail[np.maximum(beyond, 0)], reads[short])
    return reads


def _digits(values: np.ndarray, width: int) -> np.ndarray:
    power = 10 ** np.arange(width - 1, -1, -1)
    return ((values[:, None] // power) % 10 + 48).astype(np.uint8)


def _constant(text: str, n: int) -> np.ndarray:
    return np.broadcast_to(np.frombuffer(text.encode(), np.uint8), (n, len(text)))


class Writer:
    """Writes the FASTQ files of one sample."""

    def __init__(self, stem: Path, buffer: Buffer, chemistry: Chemistry, labels: Labels):
        self.paths = [stem.with_name(f"{stem.name}_{mate}.fq") for mate in (1, 2)]
        self.buffer, self.chemistry, self.labels = buffer, chemistry, labels

    def _names(self, m: Molecules, row: np.ndarray, copy: np.ndarray, umi, rng) -> np.ndarray:
        n = len(row)
        parts = [_constant("BED:1:FLOWCELL:1:", n), _digits(copy // 1000, 4), _constant(":", n),
                 _digits(copy % 1000, 4), _constant(":", n), _digits(row, 8)]  # fmt: skip
        style = self.labels.style
        if style == "plain":
            return np.hstack(parts)
        first, second = umi[row, 0], umi[row, 1]
        if style == "marianas":
            width = self.labels.umi_length
            where = self.buffer.where[np.minimum(m.start[row], len(self.buffer.where) - 1)]
            reads = [_digits(k, 1) for k in rng.integers(1, 9, (4, n))]
            colon = _constant(":", n)
            return np.hstack(
                [_constant("Marianas:", n), BASES[first][:, :width], _constant("+", n),
                 BASES[second][:, :width], _constant(":1:", n), _digits(where, 8), colon, reads[0],
                 colon, reads[1], _constant(":1:", n), _digits(where + m.length[row], 8), colon,
                 reads[2], colon, reads[3], colon, _digits(row, 8)]
            )  # fmt: skip
        swap = ~m.top[row][:, None]
        one, two = np.where(swap, second, first), np.where(swap, first, second)
        for part in (one, two):
            wrong = rng.random(part.shape) < self.labels.umi_errors
            part[wrong] = (part[wrong] + rng.integers(1, 4, wrong.sum())) % 4
        if style == "umi":  # as bcl2fastq writes them, and the tag RX
            text = [BASES[one], _constant("+", n), BASES[two]]
            tag = [_constant(" RX:Z:", n), BASES[one], _constant("-", n), BASES[two]]
            return np.hstack([*parts, _constant(":", n), *text, *tag])
        strands = rng.integers(2, 9, (2, n))
        if self.chemistry.consensus == "simplex":
            strands[1] = 0
        tags = [_constant(" RX:Z:", n), BASES[one], _constant("-", n), BASES[two],
                _constant("\tMI:Z:", n), _digits(row, 8), _constant("\tcD:i:", n),
                _digits(strands.sum(0), 2), _constant("\tcM:i:", n), _digits(strands.sum(0), 2),
                _constant("\tcE:f:0.001", n)]  # fmt: skip
        if self.chemistry.consensus == "duplex":
            tags += [_constant("\taD:i:", n), _digits(strands[0], 1), _constant("\taM:i:", n),
                     _digits(strands[0], 1), _constant("\tbD:i:", n), _digits(strands[1], 1),
                     _constant("\tbM:i:", n), _digits(strands[1], 1)]  # fmt: skip
        return np.hstack([*parts, *tags])

    def write(self, m: Molecules, pairs: Pairs, sequencer: Sequencer, family: np.ndarray | None,
              rng: np.random.Generator) -> int:  # fmt: skip
        """Write all pairs; returns how many."""
        cycles = self.chemistry.read_length
        count = m.copies
        copy = _within(count)
        umi = None
        if self.labels.style != "plain":
            family = np.arange(len(m)) if family is None else family
            drawn = rng.integers(0, 4, (int(family.max()) + 1, 2, self.labels.umi_length))
            umi = drawn[family].astype(np.uint8)
        late = errors.late_pcr(self.chemistry)
        with self.paths[0].open("wb") as one, self.paths[1].open("wb") as two:
            for low in range(0, len(pairs.row), CHUNK):
                row = pairs.row[low : low + CHUNK]
                n = len(row)
                names = self._names(m, row, copy[low : low + n], umi, rng)
                a, b = np.searchsorted(pairs.edit_pair, [low, low + n])
                edit = [pairs.edit_pair[a:b] - low, pairs.edit_at[a:b], pairs.edit_base[a:b]]
                lone = np.repeat(np.arange(n), rng.poisson(late * m.length[row]))
                at = (rng.random(len(lone)) * m.length[row][lone]).astype(np.int64)
                edit = [np.concatenate(x) for x in zip(
                    edit, (lone, at, rng.integers(0, 4, len(lone)).astype(np.uint8)), strict=True)
                ]  # fmt: skip
                args = (self.buffer, m.start[row], m.length[row], m.other[row], m.joint[row],
                        pairs.slip_at[low : low + n], pairs.slip[low : low + n], edit,
                        self.chemistry.adapter)  # fmt: skip
                left, right = (_bases(*args, side, cycles) for side in (True, False))
                top = m.top[row]
                first = np.where(top[:, None], left, right)
                second = np.where(top[:, None], right, left)
                where = self.buffer.where[np.minimum(m.start[row], len(self.buffer.where) - 1)]
                ends = where + m.length[row]
                keep = None
                if self.chemistry.trimmed:
                    keep = np.minimum(cycles, m.length[row] - pairs.slip[low : low + n])
                for mate, file, reads, forward in ((1, one, first, top), (2, two, second, ~top)):
                    quality = sequencer.qualities(n, mate, rng).copy()
                    place = np.where(forward, where, ends)
                    sequencer.errors(reads, quality, place, forward, rng)
                    file.write(_fastq(names, reads, quality, keep))
        return len(pairs.row)


def _fastq(names, reads, quality, keep=None) -> bytes:
    """Return the text of reads; of each its first ``keep`` bases, all by default."""
    n, width, cycles = len(names), names.shape[1], reads.shape[1]
    line = _constant("\n", n)
    text = np.hstack([_constant("@", n), names, line, BASES[reads], _constant("\n+\n", n),
                      quality + 33, line])  # fmt: skip
    if keep is None:
        return text.tobytes()
    column = np.arange(cycles)
    whole = np.ones(text.shape, bool)
    bases = width + 2
    whole[:, bases : bases + cycles] = whole[:, bases + cycles + 3 : -1] = column < keep[:, None]
    return text[whole].tobytes()


def align(fasta: Path, sample: str, fastq: list[Path], bam: Path, mark: bool, threads: int,
          tags: bool) -> None:  # fmt: skip
    """Align with bwa mem; sort, mark duplicates by position if asked, index.

    The BAM does not depend on ``threads``, nor on where it is made: command lines are left out of
    its header.
    """
    group = f"@RG\\tID:{sample}\\tSM:{sample}\\tLB:{sample}\\tPL:ILLUMINA"
    command = ["bwa", "mem", "-v", "1", "-t", str(threads), "-R", group, "-K", "20000000"]
    command += (["-C"] if tags else []) + [str(fasta), *map(str, fastq)]
    scratch, whole = bam.with_suffix(".tmp"), bam.with_suffix(".whole.bam")
    steps = [command]
    if mark:
        steps += [["samtools", "fixmate", "--no-PG", "-m", "-u", "-", "-"],
                  ["samtools", "sort", "--no-PG", "-u", "-m", "400M", "-T", str(scratch), "-"],
                  ["samtools", "markdup", "--no-PG", "-", str(whole)]]  # fmt: skip
    else:
        steps += [["samtools", "sort", "--no-PG", "-m", "400M", "-T", str(scratch),
                   "-o", str(whole), "-"]]  # fmt: skip
    running = []
    source = None
    log = bam.with_suffix(".log").open("w")
    for k, step in enumerate(steps):
        out = None if k == len(steps) - 1 else subprocess.PIPE
        running.append(subprocess.Popen(step, stdin=source, stdout=out, stderr=log))
        if source is not None:
            source.close()
        source = running[-1].stdout
    if any(process.wait() for process in running):
        raise RuntimeError(f"alignment of {sample} failed, see {log.name}")
    log.close()
    with bam.open("wb") as out:
        subprocess.run(
            ["samtools", "reheader", "--no-PG", "--command", r"sed '/^@PG/s/\tCL:.*//'",
             str(whole)], stdout=out, check=True,
        )  # fmt: skip
    whole.unlink()
    subprocess.run(["samtools", "index", str(bam)], check=True)
    for path in fastq:
        path.unlink()
