"""The reads of a lane as the aligner gets them: whole, in pairs, without adapters, phred+33."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dnaio

from resistpanel.align.adapters import PairTrimmer, SingleTrimmer
from resistpanel.align.fastq import DAMAGED, NO_QUALITY, Lane, name_fault, open_fastq
from resistpanel.core.errors import InputError
from resistpanel.core.umi import UMI_MIGEC

#: A read of which nothing is left: an unknown base of quality 2, so that every pair stays one.
EMPTY = ("N", "#")
LOWER = str.maketrans({chr(c): chr(c - 31) for c in range(64, 127)})
#: fgbio's read structures: bases of the template, molecular barcode, sample barcode, skipped.
SEGMENT = re.compile(r"(\d+|\+)([TMBS])")


@dataclass(frozen=True)
class Structure:
    """What the first bases of a read are.

    Attributes
    ----------
    length : int
        Bases before the template.
    umi : tuple of (start, end)
        Which of them are of the UMI, 0-based half-open.
    """

    length: int = 0
    umi: tuple[tuple[int, int], ...] = ()

    def code(self, sequence: str) -> str:
        """Return a read's UMI."""
        return "".join(sequence[start:end] for start, end in self.umi)


def parse_structures(text: str) -> tuple[Structure, Structure]:
    """Return the structures of read 1 and read 2 from one or two of fgbio's, ``none`` for none.

    Raises
    ------
    InputError
        If one is none, or has anything behind its template.
    """
    if text == "none":
        return Structure(), Structure()
    made = []
    for word in text.split(","):
        parts = SEGMENT.findall(word)
        if "".join(map("".join, parts)) != word or not parts or parts[-1] != ("+", "T"):
            parts = []
        at, umi = 0, []
        for length, kind in parts[:-1]:
            if length == "+" or kind == "T":
                parts = []
                break
            if kind == "M":
                umi.append((at, at + int(length)))
            at += int(length)
        if not parts:
            raise InputError(
                f"'{word}' is no read structure that can be used", "key 'align.read_structure'",
                "give one or two as 3M2S+T: UMI (M), skipped bases (S), then all the rest (+T)",
            )  # fmt: skip
        made.append(Structure(at, tuple(umi)))
    if len(made) > 2:
        raise InputError(f"{len(made)} read structures", "key 'align.read_structure'", "give two")
    return made[0], made[-1]


@dataclass
class Counts:
    """Of a lane: pairs or single reads, those that were cut, those of which nothing is left."""

    reads: int = 0
    cut: int = 0
    empty: int = 0


class _Lines:
    """A file of one lane, read in turn; faults name it."""

    def __init__(self, path: Path):
        self.path = path
        self.number = 0

    def __iter__(self) -> Iterator[dnaio.SequenceRecord]:
        try:
            with (
                open_fastq(self.path) as handle,
                dnaio.open(
                    io.BufferedReader(handle, 1 << 20) if handle.readable() else handle,
                    fileformat="fastq",
                ) as source,
            ):
                for record in source:
                    if not (record.sequence.isalpha() or not record.sequence):
                        self.fault("bases that are no letters")
                    if fault := name_fault(_id(record.name)):
                        self.fault(fault)
                    if NO_QUALITY.search(record.qualities):
                        self.fault("a quality that is none (below 33 or above 126)")
                    self.number += 1
                    yield record
        except dnaio.FileFormatError as error:
            # dnaio counts lines from 0, and knows none where a character is not ASCII.
            line = "" if error.line is None else f":{error.line + 1}"
            what, where = error.message.rstrip("."), f"{self.path}{line}"
            raise InputError(f"not FASTQ: {what}", where, "copy or recreate it") from None
        except DAMAGED as error:
            raise InputError(
                f"the FASTQ is truncated or damaged after read {self.number} ({error})",
                str(self.path), "copy or recreate it",
            ) from None  # fmt: skip

    def fault(self, what: str) -> None:
        where = f"{self.path}:{4 * self.number + 1}"
        raise InputError(what, where, "copy or make the file again")


def _pairs(lane: Lane) -> Iterator[tuple[dnaio.SequenceRecord, dnaio.SequenceRecord]]:
    """Yield the pairs of a lane.

    Raises
    ------
    InputError
        If a file breaks off, or reads are no mates.
    """
    first = iter(_Lines(lane.first))
    second = first if lane.interleaved else iter(_Lines(lane.second))
    number = 0
    for one in first:
        two = next(second, None)
        number += 1
        if two is None and lane.interleaved:
            raise InputError(
                f"read {2 * number - 1}, the last, has no mate", str(lane.first),
                "copy or recreate it",
            )  # fmt: skip
        if two is None:
            _uneven(lane, number + sum(1 for _ in first), number - 1)
        if not dnaio.record_names_match(one.name, two.name):
            raise InputError(
                f"read {number} is '{_id(one.name)}', its mate '{_id(two.name)}'",
                str(lane.first), "give the two files of one lane, reads in the same order",
            )  # fmt: skip
        yield one, two
    if not lane.interleaved and next(second, None) is not None:
        _uneven(lane, number, number + 1 + sum(1 for _ in second))


def _uneven(lane: Lane, first: int, second: int) -> None:
    raise InputError(
        f"has {first} reads, {lane.second.name} has {second}", str(lane.first),
        "give the two whole files of one lane",
    )  # fmt: skip


def _id(name: str) -> str:
    """Return a read's name without comment and number of the mate."""
    return name.partition(" ")[0].partition("\t")[0].removesuffix("/1").removesuffix("/2")


class Preparer:
    """Writes the reads of lanes as the aligner gets them.

    Parameters
    ----------
    adapter : str
        As `adapters.parse` takes it.
    structures : (Structure, Structure)
    """

    def __init__(self, adapter: str, structures: tuple[Structure, Structure]):
        self.adapter, self.structures = adapter, structures

    def write(self, lane: Lane, folder: Path) -> tuple[Lane, Counts, str]:
        """Write a lane's reads into a folder.

        Returns
        -------
        lane : Lane
            Of the files that were written, with the same read group.
        counts : Counts
        found : str
            Names of the adapters that were looked for.
        """
        paths = [folder / f"reads_{mate}.fastq" for mate in (1, 2)][: 1 + lane.paired]
        write = self._write_pairs if lane.paired else self._write_single
        counts, found = write(lane, paths)
        second = paths[1] if lane.paired else None
        made = replace(
            lane, first=paths[0], second=second, interleaved=False, offset=33, source=lane.first
        )
        return made, counts, found

    def _write_pairs(self, lane: Lane, paths: list[Path]) -> tuple[Counts, str]:
        trimmer = PairTrimmer.of(_pairs(lane), self.adapter, lane.offset)
        counts = Counts()
        heads = self.structures
        with dnaio.open(*paths, mode="w", fileformat="fastq") as sink:
            for pair in _pairs(lane):
                insert = trimmer.insert(*pair) if trimmer else None
                code = self._code(pair, lane)
                made = []
                for number, read in enumerate(pair):
                    end = len(read.sequence)
                    if insert is not None:
                        # Behind the insert's template come the mate's first bases, then adapter.
                        end = min(end, max(insert - heads[1 - number].length, 0))
                    made.append(self._made(read, heads[number].length, end, code, lane))
                counts.reads += 1
                counts.cut += insert is not None and insert < max(len(r.sequence) for r in pair)
                counts.empty += any(read.sequence == "N" for read in made)
                sink.write(*made)
        return counts, ", ".join(trimmer.adapters) if trimmer else "none"

    def _write_single(self, lane: Lane, paths: list[Path]) -> tuple[Counts, str]:
        trimmer = SingleTrimmer.of(iter(_Lines(lane.first)), self.adapter)
        counts = Counts()
        head = self.structures[0].length
        with dnaio.open(paths[0], mode="w", fileformat="fastq") as sink:
            for read in _Lines(lane.first):
                end = trimmer.insert(read) if trimmer else len(read.sequence)
                made = self._made(read, head, end, self._code((read,), lane), lane)
                counts.reads += 1
                counts.cut += end < len(read.sequence)
                counts.empty += made.sequence == "N"
                sink.write(made)
        found = ", ".join(trimmer.adapters) if trimmer else ""
        return counts, found or "none"

    def _code(self, pair, lane: Lane) -> str:
        """Return the comment with a pair's UMI; empty where the comments stay as they are."""
        given = [
            (read, structure)
            for read, structure in zip(pair, self.structures, strict=False)
            if structure.umi
        ]
        for read, structure in given:
            if len(read.sequence) < structure.length:
                raise InputError(
                    f"read '{_id(read.name)}' has {len(read.sequence)} bases, its structure "
                    f"begins with {structure.length}", str(lane.first),
                    "correct key 'align.read_structure'",
                )  # fmt: skip
        codes = [structure.code(read.sequence.upper()) for read, structure in given]
        if not codes and (found := UMI_MIGEC.search(pair[0].name)):
            codes = [found[1]]
        return f"RX:Z:{'-'.join(codes)}" if codes else ""

    @staticmethod
    def _made(read, start: int, end: int, code: str, lane: Lane) -> dnaio.SequenceRecord:
        """Return bases [start, end) of a read, on the phred+33 scale."""
        sequence, qualities = read.sequence[start:end], read.qualities[start:end]
        if lane.offset == 64:
            if qualities and min(qualities) < "@":
                raise InputError(
                    f"read '{_id(read.name)}' has a quality that is not valid in phred+64",
                    str(lane.first), "set key 'align.qualities' to phred33",
                )  # fmt: skip
            qualities = qualities.translate(LOWER)
        if not sequence:
            sequence, qualities = EMPTY
        name = read.name
        if code:
            name = f"{_id(name)} {code}"
        return dnaio.SequenceRecord(name, sequence, qualities)
