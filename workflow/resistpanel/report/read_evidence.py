"""Reads around a variant, as text: what a reviewer looks at before a call is believed.

A fragment is one line over the window: ``.`` a match on the forward strand, ``,`` on the reverse,
``:`` in both mates; a letter another base (lower case: reverse strand), ``*`` a deleted base,
``!`` mates that disagree. Soft-clipped bases are shown and marked as such.

Fragments are sorted into those with and without the change by their alignment in the BAM. The
caller realigns, so its counts may differ a little, most at indels: the page says so.
"""

import functools
import itertools
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pysam

from resistpanel.core import bam
from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.vcf import CallVcf
from resistpanel.report.cells import variant_name
from resistpanel.report.report_constants import (
    FLANK,
    LEAST_CLIP,
    LOW_QUALITY,
    MOST_FRAGMENTS,
    NEAR_INDEL,
    NEAR_MISSES,
    SHOWN,
)

EXCLUDED = 0xF04  # unmapped, secondary, QC failed, duplicate, supplementary
MATCH = {0, 7, 8}  # CIGAR M, =, X
#: The mark of each base quality.
QUALITY_MARKS = b"q" * LOW_QUALITY + b" " * (256 - LOW_QUALITY)


def wanted(variants: list[dict]) -> list[dict]:
    """Return the variants whose reads are shown: reported ones, and the likeliest near misses.

    The reads of a junction are at two places and are not shown.
    """
    variants = [v for v in variants if not v.get("junction")]
    near = [
        v
        for v in variants
        if not v["reported"]
        and v["model"] not in ("germline", "absent")
        and v["filters"] != ["absent"]
    ]
    near.sort(key=lambda v: -(v["somatic_phred"] or 0))
    return [v for v in variants if v["reported"]] + near[:NEAR_MISSES]


def line_of(
    read: pysam.AlignedSegment, start: int, reference: str
) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """Return a read over the window.

    Parameters
    ----------
    read : pysam.AlignedSegment
    start : int
        0-based first position of the window.
    reference : str
        Bases of the window.

    Returns
    -------
    chars : list of str
        One character per position; a blank where the read does not reach.
    marks : list of str
        One letter per position: ``q`` low base quality, ``s`` soft clip, ``i`` an insertion
        follows, blank for none.
    indels : list of (int, int)
        Position of the base before and length (negative: deletion) of each indel.
    """
    width = len(reference)
    chars, marks = [" "] * width, [" "] * width
    bases, qualities = (read.query_sequence or "").upper(), read.query_qualities
    same, shown = (",", bases.lower()) if read.is_reverse else (".", bases)
    indels: list[tuple[int, int]] = []

    def stretch(first: int, length: int) -> tuple[slice, slice]:
        """Return where bases that begin at a position lie in the window, and in the read."""
        low, high = max(0, start - first), min(length, start + width - first)
        high = max(low, high)
        return slice(first + low - start, first + high - start), slice(at + low, at + high)

    position, at = read.reference_start, 0
    for number, (operation, length) in enumerate(read.cigartuples or ()):
        if operation in MATCH:
            window, own = stretch(position, length)
            expected = reference[window]
            if bases[own] == expected:
                chars[window] = same * len(expected)
            else:
                triples = zip(bases[own], expected, shown[own], strict=True)
                # `=` in place of a base is the reference's (samtools calmd -e).
                chars[window] = [same if a in (b, "=") else c for a, b, c in triples]
            if qualities is not None:
                marks[window] = bytes(qualities[own]).translate(QUALITY_MARKS).decode()
            position, at = position + length, at + length
        elif operation == 1:
            indels.append((position - 1, length))
            if 0 <= position - 1 - start < width:
                marks[position - 1 - start] = "i"
            at += length
        elif operation in (2, 3):
            if operation == 2:
                indels.append((position - 1, -length))
            for k in range(position - start, position + length - start):
                if 0 <= k < width:
                    chars[k] = "*" if operation == 2 else " "
            position += length
        elif operation == 4:
            first = position - length if number == 0 or not at else position
            window, own = stretch(first, length)
            chars[window], marks[window] = shown[own], "s" * (own.stop - own.start)
            at += length
    return chars, marks, indels


@functools.cache
def joined(a: str, b: str, m: str, n: str) -> tuple[str, str]:
    """Return character and mark of a column from those of both mates."""
    if " " in (a, b):
        return (a, m) if b == " " else (b, n)
    char = ":" if {a, b} <= {".", ","} else a.upper() if a.upper() == b.upper() else "!"
    # A base is of low quality if it is so in both mates.
    return char, m if m == n else (m + n).replace("q", "").strip()[:1] or " "


def merge(mates: list[tuple]) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """Return one line for the mates of a fragment."""
    if len(mates) == 1:
        return mates[0]
    (chars, marks, indels), (others, more, further) = mates[:2]
    both = [joined(*column) for column in zip(chars, others, marks, more, strict=True)]
    return [char for char, _ in both], [mark for _, mark in both], sorted({*indels, *further})


def kind_of(line: tuple, variant: dict, start: int, reference: str) -> str | None:
    """Return ``alt``, ``ref`` or ``other``; None if the line does not cover the variant."""
    chars, marks, indels = line
    ref, alt = variant["ref"], variant["alt"]
    first = variant["pos"] - 1 - start
    covered = chars[first : first + len(ref)]
    if not covered or " " in covered:
        return None
    if len(ref) == len(alt):
        seen = "".join(
            reference[first + k] if c in ".,:" else c.upper() for k, c in enumerate(covered)
        )
        if "s" in marks[first : first + len(ref)]:
            return "other"
        return "alt" if seen == alt else "ref" if seen == ref else "other"
    change = len(alt) - len(ref)
    near = [n for at, n in indels if abs(at - (variant["pos"] - 1)) <= NEAR_INDEL + len(ref)]
    if change in near:
        return "alt"
    if near:
        return "other"
    around = marks[max(0, first - NEAR_INDEL) : first + len(ref) + NEAR_INDEL]
    if around.count("s") >= LEAST_CLIP:
        # The aligner may have clipped what it could not place.
        return "alt" if abs(change) >= LEAST_CLIP else "other"
    # A read that ends inside a repeat does not tell; it must reach past the change.
    return "ref" if " " not in chars[first : first + len(ref) + 2] else None


def fragments(
    bam: pysam.AlignmentFile, chrom: str, start: int, end: int, every: int
) -> Iterator[tuple[str, list[pysam.AlignedSegment]]]:
    """Yield the usable reads over a window by fragment, one in `every` by the name's checksum."""
    found: dict[str, list[pysam.AlignedSegment]] = {}
    for read in bam.fetch(chrom, max(start, 0), end):
        if (
            read.flag & EXCLUDED
            or read.mapping_quality < MIN_MAPPING_QUALITY
            or not read.query_length
        ):
            continue
        name = read.query_name or ""
        if every > 1 and zlib.crc32(name.encode()) % every:
            continue
        found.setdefault(name, []).append(read)
    yield from found.items()


def may_cover(read: pysam.AlignedSegment, position: int) -> bool:
    """Whether a read covers a position (0-based), aligned or with a soft clip."""
    if read.reference_end is None:
        return False
    if position < read.reference_start:
        return read.query_alignment_start > 0
    return position < read.reference_end or read.query_alignment_end < read.query_length


def choose(lines: list[tuple[str, str, tuple]]) -> list[tuple[str, str, tuple]]:
    """Return the fragments to show: of each kind as many as `SHOWN` says, drawn by checksum."""
    chosen = []
    for kind, most in SHOWN.items():
        mine = [line for line in lines if line[0] == kind]
        mine.sort(key=lambda line: (zlib.crc32(line[1].encode()), line[1]))
        picked = mine[:most]
        # In the window they stand by where they begin.
        picked.sort(key=lambda line: len("".join(line[2][0])) - len("".join(line[2][0]).lstrip()))
        chosen += picked
    return chosen


def sample_reads(
    bam: pysam.AlignmentFile, variant: dict, depth: int, start: int, reference: str
) -> dict:
    """Return the reads of one variant in one sample."""
    every = max(1, math.ceil(depth / MOST_FRAGMENTS))
    lines = []
    for name, mates in fragments(bam, variant["chrom"], start, start + len(reference), every):
        if not any(may_cover(read, variant["pos"] - 1) for read in mates):
            continue
        line = merge([line_of(read, start, reference) for read in mates])
        kind = kind_of(line, variant, start, reference)
        if kind:
            lines.append((kind, name, line))
    return {
        "every": every,
        "counts": {k: sum(line[0] == k for line in lines) for k in SHOWN},
        "lines": [
            {"kind": kind, "chars": "".join(line[0]), "marks": "".join(line[1])}
            for kind, _, line in choose(lines)
        ],
        "note": None,
    }


def open_bam(path: str, reference: str) -> pysam.AlignmentFile | str:
    """Return an opened, indexed BAM or CRAM, or why there is none."""
    if not Path(path).is_file():
        return "the BAM was not there when the report was made"
    try:
        found = bam.open_bam(path, reference)
        if not found.has_index():
            found.close()
            return "the BAM has no index"
        return found
    except (OSError, ValueError) as error:
        return f"the BAM cannot be read ({error})"


def dropouts(vcf: str | Path) -> dict[str, dict[str, list[dict]]]:
    """Return what the caller notes of amplicons that differ in an allele: INFO/AMPLICON_DROPOUT.

    Returns
    -------
    dict
        By variant id, by sample: `resistpanel.records.report.AmpliconCounts`.
    """
    calls = CallVcf(vcf, step="resistpanel annotate")
    if "##INFO=<ID=AMPLICON_DROPOUT," not in calls.header:
        return {}
    found: dict[str, dict[str, list[dict]]] = {}
    for call in calls:
        for entry in call.words("AMPLICON_DROPOUT"):
            sample, *parts = entry.split("|")
            numbers = [list(map(int, re.split("[-:/]", part))) for part in parts]
            found.setdefault(call.id, {})[sample] = [
                {"start": start - 1, "end": end, "alt": alt, "depth": depth}
                for start, end, alt, depth in numbers
            ]
    return found


def evidence(
    variants: Iterable[dict],
    samples: list[dict],
    reference: str | Path,
    vcf: str | Path | None = None,
) -> dict:
    """Return the reads of variants in every sample: ``evidence`` of report.json.

    Parameters
    ----------
    variants : iterable of dict
        Of compare.json.
    samples : list of dict
        Of sheet.json; ``bam`` is read.
    reference : path
        Indexed FASTA.
    vcf : path, optional
        The annotated VCF, see `dropouts`.

    Raises
    ------
    InputError
        The reference cannot be read.
    """
    fasta = open_fasta(reference)
    found: dict[str, dict] = {}
    differing = dropouts(vcf) if vcf else {}
    bams = {s["sample"]: open_bam(s["bam"], str(reference)) for s in samples}
    try:
        for v in wanted(list(variants)):
            if v["chrom"] not in fasta.references:
                raise InputError(
                    f"has no contig {v['chrom']!r}", str(reference), "give the one that was used"
                )
            start = max(0, v["pos"] - 1 - FLANK)
            end = min(fasta.get_reference_length(v["chrom"]), v["pos"] - 1 + len(v["ref"]) + FLANK)
            bases = fasta.fetch(v["chrom"], start, end).upper()
            rows = {}
            for name, bam in bams.items():
                if isinstance(bam, str):
                    counts = dict.fromkeys(SHOWN, 0)
                    rows[name] = {"every": 1, "counts": counts, "lines": [], "note": bam}
                else:
                    rows[name] = sample_reads(bam, v, v["samples"][name]["dp"], start, bases)
            found[v["id"]] = {"start": start, "bases": bases, "samples": rows}
            if v["id"] in differing:
                found[v["id"]]["amplicon_dropout"] = differing[v["id"]]
    finally:
        fasta.close()
        for bam in bams.values():
            if not isinstance(bam, str):
                bam.close()
    return {"flank": FLANK, "min_mapq": MIN_MAPPING_QUALITY, "variants": found}


@functools.cache
def look(variant: bool, char: str, mark: str) -> str:
    """Return the classes of one column of a line; see `segments`."""
    classes = ["v" if variant else "", "" if char in " .,:" else "m", mark.strip()]
    return " ".join(c for c in classes if c)


def segments(line: dict, first: int, width: int) -> list[tuple[str, str]]:
    """Return a line cut where its look changes: (text, classes).

    Classes: ``v`` a column of the variant, ``m`` another base than the reference, and the marks.
    """
    chars = line["chars"]
    columns = enumerate(zip(chars, line["marks"], strict=True))
    names = [look(first <= i < first + width, *column) for i, column in columns]
    cut, start = [], 0
    for name, same in itertools.groupby(names):
        end = start + len(list(same))
        cut.append((chars[start:end], name))
        start = end
    return cut[:-1] + [(text.rstrip(), name) for text, name in cut[-1:]]


def unindented(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a cut line without the blanks before its first base."""
    while parts and not parts[0][0].strip():
        parts = parts[1:]
    return [(parts[0][0].lstrip(), parts[0][1]), *parts[1:]] if parts else []


def strand_of(chars: str) -> str:
    """Return the strand that most of a fragment's bases were read on: forward, reverse or both."""
    counts = {
        "forward": chars.count("."),
        "reverse": chars.count(","),
        "both": chars.count(":"),
    }
    if counts["both"] or (counts["forward"] and counts["reverse"]):
        return "both"
    return "reverse" if counts["reverse"] else "forward"


def reads_view(report: dict) -> dict | None:
    """Return the section of reads, or None when none were taken."""
    taken = report["evidence"]
    if taken is None:
        return None
    variants = []
    keys = set(report["resist"]["verdict"]["key_variants"])
    roles = {s["sample"]: s for s in report["compare"]["samples"]}
    for v in report["compare"]["variants"]:
        window = taken["variants"].get(v["id"])
        if window is None:
            continue
        first = v["pos"] - 1 - window["start"]
        # Of an indel the first base is common to both alleles.
        shift = 0 if len(v["ref"]) == len(v["alt"]) else 1
        width = max(1, len(v["ref"]) - shift)
        samples = []
        for name in roles:
            s = window["samples"][name]
            total = sum(s["counts"].values())
            seen = v["samples"][name]
            samples.append({
                "forward": seen["adf"][1] if len(seen["adf"]) > 1 else None,
                "reverse": seen["adr"][1] if len(seen["adr"]) > 1 else None,
                "called": seen["ad"][1], "depth": seen["dp"],
                "name": name, "note": s["note"], "every": s["every"], "counts": s["counts"],
                "total": total,
                "amplicons": window.get("amplicon_dropout", {}).get(name),
                "lines": [
                    {
                        "kind": line["kind"],
                        "indent": len(line["chars"]) - len(line["chars"].lstrip()),
                        "strand": strand_of(line["chars"]),
                        "parts": unindented(segments(line, first + shift, width)),
                    }
                    for line in s["lines"]
                ],
            })  # fmt: skip
        ruler = {"chars": window["bases"], "marks": " " * len(window["bases"])}
        variants.append({
            "variant": v, "name": variant_name(v), "samples": samples,
            "reported": v["reported"], "key": v["id"] in keys,
            "ruler": [(text, "v" if "v" in name.split() else "")
                      for text, name in segments(ruler, first + shift, width)],
        })  # fmt: skip
    variants.sort(key=lambda row: (not row["key"], not row["reported"]))
    for i, row in enumerate(variants, 1):
        row["anchor"] = f"reads-{i}"
    return {
        "variants": variants, "flank": taken["flank"], "min_mapq": taken["min_mapq"],
        "anchors": {row["variant"]["id"]: row["anchor"] for row in variants},
    }  # fmt: skip
