"""Detect the assay of a sample from its reads: library, raw or consensus, UMIs, orientation.

A sample of the reads, from which `resistpanel check`, `qc` and `call` know its assay.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pysam

from resistpanel.core.bam import read_header
from resistpanel.core.consensus import TIERS, convention, tier_of
from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target, merge_targets
from resistpanel.core.reference import Reference
from resistpanel.core.stream import Stream
from resistpanel.core.umi import HALVES, UMI_NAME, umi_in_name
from resistpanel.qc.assay_given import DETECTED, Given
from resistpanel.qc.primers import (
    Beginnings,
    Primers,
    begin,
    read_primers,
    refuse_primers_as_targets,
)
from resistpanel.qc.qc_constants import (
    CONSENSUS_FRACTION,
    END_WINDOW,
    FIXED_ENDS,
    FLAGGED_AMPLICON,
    LEAST_BEGINNINGS,
    LEAST_MOLECULES,
    LEAST_PAIRS,
    LEAST_SPLICED,
    LEAST_UMIS,
    LONGEST_INTRON,
    LONGEST_READ,
    LOOK_BEGINNINGS,
    LOOK_DEEP,
    LOOK_ENOUGH,
    LOOK_PIECE,
    LOOK_READS,
    LOOK_TAGS,
    LOOK_TARGETS,
    PRIMERS_COMPLETE,
    PRIMERS_FIT,
    PRIMERS_TRIMMED,
    SPLICED,
    UNSURE_ENDS,
)
from resistpanel.records.base import Unit
from resistpanel.records.qc import Assay

#: A UMI of two halves, or a molecule's number with its strand.
_HALVES = re.compile(rf"[A-Za-z]{HALVES.pattern}[A-Za-z]|^[0-9]+/[AB]$")
#: The end of a name that looks like a UMI in a form that is not read, and tags of UMIs that are not
#: read: of single cells (10x Genomics), and of programs that write no RX.
_OTHER_NAMED = re.compile(
    r"(?:[^A-Za-z0-9]([ACGTN]{4,}(?:[^A-Za-z0-9][ACGTN]{4,})?)|\|([ACGTN]{2}\W[ACGTN]{2}))"
    r"(?:/[12])?$"
)
OTHER_TAGS = ("UB", "UR", "ZU", "XU", "OX")
#: Tags by which aligners of converted DNA say which conversion a read has, and their values:
#: Bismark and DRAGEN; bwa-meth; bwa-meth and biscuit; BSMAP; abismal.
CONVERTED = {
    "XR": ("CT", "GA"),
    "YC": ("CT", "GA"),
    "YD": ("f", "r"),
    "ZS": ("++", "+-", "-+", "--"),
    "CV": ("A", "T"),
}
_UNUSABLE = 4 | 256 | 512 | 1024 | 2048


class UnfitReads(InputError):
    """The reads of a sample are of a kind that is not called."""


@dataclass
class Look:
    """What some reads of a sample show.

    Attributes
    ----------
    consensus : str
        A key of `resistpanel.core.consensus.CONSENSUS`.
    umi : str
        ``RX``, ``MI``, ``name`` or ``none``.
    paired : bool
        Whether most UMIs name both ends, or their strand, so that strands can be paired.
    distinct : int
        UMIs seen.
    grouped : bool
        Whether one read of each UMI and orientation is in `ends`, copies left out.
    ends : float64, (2,)
        From `same_ends`.
    sides : float64, (2, 2)
        The same of the first and of the second reads of pairs, with those that are known from
        their mates alone.
    tiers : int64, (3,)
        Usable reads by tier.
    orientation : int64, (2,)
        Pairs that are F1R2, and F2R1.
    duplicates, primary : int
        Mapped primary reads; of these, those flagged as duplicates.
    copies : bool
        Whether what follows is of those, too: most are flagged, and they begin at a few bases, as
        all fragments of an amplicon do.
    spliced : int
        Usable reads that skip an intron of up to `LONGEST_INTRON` bases.
    lengths, inserts : list of int
    beginnings : Beginnings
        Of the reads, where primers are given.
    """

    consensus: str = "none"
    umi: str = "none"
    paired: bool = False
    distinct: int = 0
    grouped: bool = False
    ends: np.ndarray = field(default_factory=lambda: np.zeros(2))
    sides: np.ndarray = field(default_factory=lambda: np.zeros((2, 2)))
    tiers: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    orientation: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))
    duplicates: int = 0
    primary: int = 0
    copies: bool = False
    spliced: int = 0
    lengths: list[int] = field(default_factory=list)
    inserts: list[int] = field(default_factory=list)
    beginnings: Beginnings = field(default_factory=Beginnings)


def same_ends(pos: np.ndarray, end: np.ndarray, reverse: np.ndarray) -> np.ndarray:
    """Return pairs of reads that begin at one base, and pairs within a window, (2,).

    Parameters
    ----------
    pos, end : int64, (reads,)
        Reference span with the soft clips.
    reverse : bool, (reads,)
    """
    found = np.zeros(2)
    for side, place in ((~reverse, pos), (reverse, end)):
        here = place[side]
        if len(here):
            found += _pairs(here), _pairs(here // END_WINDOW)
    return found


def _pairs(cell: np.ndarray) -> float:
    """Return how many pairs are in one cell."""
    low = int(cell.min())
    if int(cell.max()) - low > 100 * len(cell) + 10_000:  # far apart: a table would be large
        n = np.unique(cell, return_counts=True)[1].astype(float)
    else:
        n = np.bincount(cell - low).astype(float)
    return (float(n @ n) - len(cell)) / 2


def _umi(reads: Sequence[pysam.AlignedSegment]) -> str:
    """Return where most of the reads have a UMI."""
    least = max(1, CONSENSUS_FRACTION * len(reads))
    for tag in ("RX", "MI"):
        if sum(read.has_tag(tag) for read in reads) >= least:
            return tag
    return "name" if sum(bool(UMI_NAME.search(r.query_name)) for r in reads) >= least else "none"


def _value(read: pysam.AlignedSegment, source: str) -> str:
    """Return the UMI of a read, empty without one."""
    if source == "name":
        return umi_in_name(read.query_name) or ""
    return str(read.get_tag(source)) if read.has_tag(source) else ""


def _refuse_unread(reads: Sequence[pysam.AlignedSegment], path: str) -> None:
    """Raise UnfitReads if most reads have what looks like a UMI in a place that is not read.

    Copies of a molecule would count as evidence of their own.
    """
    least = max(1, CONSENSUS_FRACTION * len(reads))
    matches = [found for r in reads if (found := _OTHER_NAMED.search(r.query_name))]
    named = [found[1] or found[2] for found in matches]
    values = {f"at the end of its name ({named[0]})": named} if named else {}
    for tag in OTHER_TAGS:
        if seen := [str(r.get_tag(tag)) for r in reads if r.has_tag(tag)]:
            values[f"in tag {tag} ({seen[0]})"] = seen
    for where, found in values.items():
        bases = [value for value in found if re.fullmatch(r"[ACGTN]+(?:\W[ACGTN]+)?", value)]
        # Most reads of a library have one index, but for its sequencing errors.
        top = max((bases.count(value) for value in set(bases)), default=0)
        if len(bases) >= least and len(set(bases)) >= LEAST_UMIS and 2 * top <= len(bases):
            raise UnfitReads(
                f"the reads seem to have a UMI {where}, which is not read",
                path,
                "write it to the tag RX (fgbio CopyUmiFromReadName), or set `umi` of this sample "
                "to none to count fragments (column of the sheet, or --assay SAMPLE:umi=none)",
            )


def _refuse_long(lengths: Sequence[int], path: str) -> None:
    """Raise UnfitReads if most reads are long."""
    median = int(np.median(lengths)) if lengths else 0
    if median > LONGEST_READ:
        raise UnfitReads(
            f"half of the reads are of {median:,} bases or more",
            path,
            f"give short reads, of up to {LONGEST_READ:,} bases; the models of errors and of "
            "libraries do not apply to long reads (PacBio, Nanopore)",
        )


def _refuse_spliced(spliced: int, reads: int, path: str) -> None:
    """Raise UnfitReads if many reads skip an intron, which no aligner of DNA writes."""
    if spliced >= LEAST_SPLICED and spliced > SPLICED * reads:
        raise UnfitReads(
            f"{100 * spliced / reads:.0f} % of {reads} reads are spliced (N in CIGAR): the reads "
            "are of RNA",
            path,
            "give reads of DNA; in RNA the allele frequency is that of expression, and edited "
            "bases cannot be told from variants",
        )


def _refuse_converted(reads: Sequence[pysam.AlignedSegment], path: str) -> None:
    """Raise UnfitReads if most reads are of bisulfite or enzymatic conversion.

    Every unmethylated C reads as T: each would be a variant.
    """
    for tag, values in CONVERTED.items():
        number = sum(r.has_tag(tag) and str(r.get_tag(tag)) in values for r in reads)
        if number >= max(1, CONSENSUS_FRACTION * len(reads)):
            raise UnfitReads(
                f"the reads are of converted DNA (bisulfite or EM-seq: tag {tag} says the strand)",
                path,
                "give the BAM of a library without conversion; unmethylated C reads as T, which "
                "cannot be told from variants",
            )


def _look_at_umis(found: Look, reads: Sequence[pysam.AlignedSegment], source: str) -> None:
    """Set what the UMIs of some reads show."""
    values = [value for read in reads if (value := _value(read, source))]
    found.umi, found.distinct = source if values else "none", len(set(values))
    pairs = sum(bool(_HALVES.search(value)) for value in values)
    found.paired = bool(values) and pairs >= CONSENSUS_FRACTION * len(values)


def _reads(
    stream: Stream, target: Target, deep: int
) -> tuple[list[pysam.AlignedSegment], int | None]:
    """Return the first reads over a target, and where the reading ended before the last of them.

    Up to `LOOK_READS` of them, and `deep` more where these begin within few bases: those of a deep
    library, too, begin at few bases there.
    """
    found: list[pysam.AlignedSegment] = []
    for read in stream.fetch(target.chrom, target.start, target.end):
        few = found and read.reference_start - found[0].reference_start < END_WINDOW // 4
        if len(found) >= LOOK_READS + (deep if few else 0):
            return found, read.reference_start
        found.append(read)
    return found, None


def _spread(targets: list[Target]) -> list[Target]:
    """Return `LOOK_TARGETS` of sorted targets, so that the first few are of the whole panel too."""
    step = max(1, len(targets) // LOOK_TARGETS)
    chosen = list(itertools.islice(targets[step // 2 :: step], LOOK_TARGETS))
    return [target for k in (0, 2, 1, 3) for target in chosen[k::4]]


def _whole_windows(
    pos: np.ndarray, end: np.ndarray, reverse: np.ndarray, stop: int | None
) -> np.ndarray:
    """Return which reads are of windows that were read whole; of all, if none was."""
    if stop is None:
        return np.ones(len(pos), dtype=bool)
    whole = np.where(reverse, end, pos) // END_WINDOW < stop // END_WINDOW
    return whole if whole.any() else np.ones(len(pos), dtype=bool)


def look(
    path: str | Path,
    reference: str | Path | None,
    targets: Iterable[Target],
    given: Given = DETECTED,
) -> Look:
    """Look at the reads over some targets of an indexed BAM or CRAM.

    Parameters
    ----------
    path, reference : path
    targets : iterable of Target
        Up to `LOOK_TARGETS` of them are looked at, spread over all, until `LOOK_ENOUGH` reads are.
    given : Given
        Its convention of consensus reads, if it has one, is not detected.

    Raises
    ------
    InputError
        If the file or its index cannot be read.
    UnfitReads
        If most reads are long or of converted DNA, or many of RNA; if most have a UMI in a place
        that is not read, or none has the UMI that is given; if the primers that are given are not
        those of the library.
    """
    targets = list(targets)
    found, tagged, deep, parts = Look(), [], LOOK_DEEP, []
    try:
        stream = Stream(path, reference)
        for target in _spread(merge_targets(targets)):
            if sum(len(reads) for reads, _ in parts) >= LOOK_ENOUGH:
                break
            reads, stop = _reads(stream, target, min(deep, LOOK_DEEP // 4))
            deep -= max(0, len(reads) - LOOK_READS)
            # Copies of a molecule may follow one another.
            tagged += reads[:: max(1, len(reads) // LOOK_TAGS)][:LOOK_TAGS]
            parts.append((reads, stop))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error})", str(path), "check the file and its index"
        ) from error
    _refuse_converted(tagged, str(path))
    found.consensus = given.convention(convention(tagged, CONSENSUS_FRACTION))
    source = given.umi if given.umi in UMI else _umi(tagged) if tagged else "none"
    if source != "none":
        _look_at_umis(found, tagged, source)
    elif tagged and given.umi is None and found.consensus == "none":
        _refuse_unread(tagged, str(path))
    if tagged and found.umi == "none" and given.umi not in (None, "none"):
        raise UnfitReads(
            f"none of {len(tagged)} reads has a UMI ({UMI.get(given.umi, 'RX, MI or read name')})",
            str(path),
            "give the BAM with UMIs, or set `umi` of this sample to none (column of the sheet, or "
            "--assay SAMPLE:umi=none)",
        )
    # Copies of a molecule begin at one base in any library: of its reads one is looked at.
    grouped = found.consensus == "none" and (found.distinct >= LEAST_UMIS or given.umi in FAMILIES)
    found.grouped = grouped
    for reads, stop in parts:
        _count(found, reads, stop, found.umi if grouped else "none")
    if found.consensus == "none" and not grouped:
        every = _with_copies(found, parts, given)
        # Flags are respected where the library is set to capture; the ends show what it is.
        found = every if given.library != "capture" else replace(
            found, ends=every.ends, sides=every.sides
        )  # fmt: skip
    _refuse_long(found.lengths, str(path))
    _refuse_spliced(found.spliced, len(found.lengths), str(path))
    if given.primers and reference is not None:
        primers = read_primers(given.primers, Reference(str(reference)))
        refuse_primers_as_targets(primers, targets)
        found.beginnings = _beginnings(path, reference, targets, primers)
        _refuse_primers(found, path, given.primers)
    return found


def _beginnings(
    path: str | Path, reference: str | Path, targets: list[Target], primers: Primers
) -> Beginnings:
    """Return how reads begin at either end of `LOOK_TARGETS` pieces of targets, flagged or not.

    Of long targets each amplicon may be looked at.
    """
    found, stream = Beginnings(), Stream(path, reference)
    pieces = [
        Target(t.chrom, start, min(start + LOOK_PIECE, t.end))
        for t in merge_targets(targets)
        for start in range(t.start, t.end, LOOK_PIECE)
    ]
    for target in _spread(pieces):
        for start in (target.start, target.end - 1):
            reads, whole = _both_strands(stream.fetch(target.chrom, start, target.end))
            used = [
                r
                for r in reads
                if not r.flag & (_UNUSABLE & ~1024)
                and r.mapping_quality >= MIN_MAPPING_QUALITY
                and r.query_length
                and r.cigartuples
            ]
            reverse = np.array([r.is_reverse for r in used], dtype=bool)
            aligned = [r.reference_end if r.is_reverse else r.reference_start for r in used]
            clipped = [
                r.query_length - r.query_alignment_end if r.is_reverse else -r.query_alignment_start
                for r in used
            ]
            aligned = np.array(aligned, dtype=np.int64)
            end = aligned + np.array(clipped, dtype=np.int64)
            second = np.array([r.is_read2 for r in used], dtype=bool)
            found.add(*begin(primers, target.chrom, end, aligned, reverse), second, reverse)
            if whole:
                break
    return found


def _both_strands(
    reads: Iterable[pysam.AlignedSegment],
) -> tuple[list[pysam.AlignedSegment], bool]:
    """Return up to half of `LOOK_BEGINNINGS` reads of each strand, and whether all reads were seen.

    Of a deep amplicon the forward reads may come first.
    """
    kept: tuple[list, list] = [], []
    for number, read in enumerate(reads):
        if number == 4 * LOOK_BEGINNINGS or min(map(len, kept)) == LOOK_BEGINNINGS // 2:
            return kept[0] + kept[1], False
        if len(kept[read.is_reverse]) < LOOK_BEGINNINGS // 2:
            kept[read.is_reverse].append(read)
    return kept[0] + kept[1], True


def _at_primers(seen: Look) -> tuple[float, float, float] | None:
    """Return the fractions of `Beginnings`; None without primers, or with few reads.

    Of a library of one primer a target, those of the reads whose ends are fixed.
    """
    side = None
    if one_sided(seen, LEAST_MOLECULES if seen.grouped else LEAST_PAIRS):
        side = int(np.argmax(seen.sides[:, 0] / seen.sides[:, 1]))
    if seen.beginnings.number(side) < LEAST_BEGINNINGS:
        return None
    return seen.beginnings.fractions(side)


def _refuse_primers(seen: Look, path: str | Path, primers: str | Path) -> None:
    """Raise UnfitReads if no more reads begin at primers than at random positions."""
    found = _at_primers(seen)
    if found is None:
        return
    inside, behind, chance = found
    if inside + behind - chance >= PRIMERS_FIT * (1 - chance):
        return
    names = {name for _, name in read_header(Path(path), first_read=False).groups if name}
    raise UnfitReads(
        f"does not hold the primers of sample {', '.join(sorted(names)) or '.'} ({path}): "
        f"{100 * (inside + behind):.0f} % of {seen.beginnings.number()} reads begin in one "
        f"or just behind one, {100 * chance:.0f} % would by chance",
        str(primers),
        "give primers of the same build, 0-based, with + for those on the left of an amplicon and "
        "- for those on its right; if the sample is of hybrid capture, or trimmed further than its "
        "primers, leave them out for it "
        "(give them in the rows of the other samples, column 'primers' of the sheet)",
    )


def _with_copies(
    found: Look, parts: Sequence[tuple[list[pysam.AlignedSegment], int | None]], given: Given
) -> Look:
    """Return what all reads show, flagged as duplicates or not, if they are of amplicons.

    Fragments of an amplicon have the same ends, whatever molecule they are of: where duplicates
    were marked, almost all of them are flagged, and the few others show no library.
    """
    few = found.duplicates < FLAGGED_AMPLICON * max(found.primary, 1)
    if few and given.library != "amplicon":
        return found
    every = replace(
        found, ends=np.zeros(2), sides=np.zeros((2, 2)), tiers=np.zeros(3, np.int64),
        orientation=np.zeros(2, np.int64), duplicates=0, primary=0, spliced=0, lengths=[],
        inserts=[], copies=True,
    )  # fmt: skip
    for reads, stop in parts:
        _count(every, reads, stop, "none")
    same, near = every.ends
    fixed = near >= LEAST_PAIRS and same >= UNSURE_ENDS[1] * near
    given_so = given.library == "amplicon" and same >= FIXED_ENDS * near > 0
    return every if fixed or given_so else found


def _count(found: Look, reads: Sequence[pysam.AlignedSegment], stop: int | None, umi: str) -> None:
    """Add the reads of a target; by their UMIs, of a key of `UMI`, or without them."""
    primary = [read for read in reads if not read.flag & (4 | 256 | 2048)]
    found.primary += len(primary)
    found.duplicates += sum(read.is_duplicate for read in primary)
    used = [
        r
        for r in primary
        if not r.flag & (_UNUSABLE & ~1024 if found.copies or umi != "none" else _UNUSABLE)
        and r.mapping_quality >= MIN_MAPPING_QUALITY
        and r.query_length
        and r.cigartuples
    ]
    pos = np.array([r.reference_start - r.query_alignment_start for r in used], dtype=np.int64)
    end = np.array(
        [r.reference_end + r.query_length - r.query_alignment_end for r in used], dtype=np.int64
    )
    reverse = np.array([r.is_reverse for r in used], dtype=bool)
    whole = _whole_windows(pos, end, reverse, stop)
    if umi != "none":
        molecules = {(_value(r, umi), r.is_reverse): n for n, r in enumerate(used)}
        whole &= np.isin(np.arange(len(used)), list(molecules.values()))
    found.ends += same_ends(pos[whole], end[whole], reverse[whole])
    found.sides += _sides(used, whole, pos, end, reverse)
    found.lengths += [r.query_length for r in used]
    found.spliced += sum(
        any(op == pysam.CREF_SKIP and n <= LONGEST_INTRON for op, n in r.cigartuples) for r in used
    )
    for read in used:
        if read.is_paired and not read.mate_is_unmapped:
            found.orientation[int(read.is_read1 == read.is_reverse)] += 1
            if read.is_proper_pair and read.template_length > 0:
                found.inserts.append(read.template_length)
    if found.consensus == "none":
        found.tiers[0] += len(used)
    else:
        tiers = [tier_of(read, found.consensus) for read in used]
        found.tiers += np.bincount(tiers, minlength=3)


def _sides(
    used: Sequence[pysam.AlignedSegment],
    whole: np.ndarray,
    pos: np.ndarray,
    end: np.ndarray,
    reverse: np.ndarray,
) -> np.ndarray:
    """Return what the ends of first and of second reads show, (2, 2): see `Look.sides`.

    The template length of a forward read says where its mate begins, which may be beyond the reads
    that are looked at.
    """
    if not len(used):
        return np.zeros((2, 2))
    length = np.array([r.template_length for r in used], dtype=np.int64)
    paired = np.array([r.is_paired for r in used], dtype=bool)
    first = np.array([r.is_read1 for r in used], dtype=bool)
    start = np.array([r.reference_start for r in used], dtype=np.int64)
    ahead = whole & paired & ~reverse & (length > 0)
    found = np.zeros((2, 2))
    for k, mine in enumerate((first, ~first)):
        own, mate = whole & paired & mine, ahead & ~mine
        found[k] += same_ends(pos[own], end[own], reverse[own])
        there = (start + length)[mate]
        found[k] += same_ends(there, there, np.ones(len(there), dtype=bool))
    return found


def one_sided(seen: Look, least: int = LEAST_PAIRS) -> bool:
    """Return whether one read of each pair begins at a few bases, and the other anywhere.

    As in libraries of one primer a target (anchored or single-primer extension): the other end of
    a fragment is that of the sheared or fragmented DNA.
    """
    if (seen.sides[:, 1] < least).any():
        return False
    same = seen.sides[:, 0] / seen.sides[:, 1]
    return bool(same.max() >= UNSURE_ENDS[1] and same.min() < UNSURE_ENDS[0])


def describe(seen: Look, given: Given = DETECTED) -> Assay:
    """Return the assay of a sample: as the user says, else as the reads show it."""
    same = float(seen.ends[0] / seen.ends[1]) if seen.ends[1] else None
    enough = seen.ends[1] >= (LEAST_MOLECULES if seen.grouped else LEAST_PAIRS)
    sided = one_sided(seen)
    fixed = sided or (enough and same >= FIXED_ENDS)
    library = given.library or ("amplicon" if fixed or given.primers else "capture")
    low, high = UNSURE_ENDS
    detected = None
    if sided or (enough and same >= high):
        detected = "amplicon"
    elif enough and same < low:
        detected = "capture"
    told = given.library or given.primers
    at_primers = _at_primers(seen)
    tier = TIERS[int(np.argmax(seen.tiers))]
    if tier == "raw" and seen.duplicates:
        tier = "marked"
    pairs = int(seen.orientation.sum())
    reads, umi = given.reads or tier, "none" if given.umi == "none" else seen.umi
    return Assay(
        library=library,
        library_sure=bool(told or detected),
        reads=reads,
        consensus=seen.consensus,
        umi=umi,
        f1r2=round(int(seen.orientation[0]) / pairs, 3) if pairs else None,
        same_end=None if same is None else round(same, 3),
        primers=given.primers is not None,
        read_length=int(np.median(seen.lengths)) if seen.lengths else None,
        insert_size=int(np.median(seen.inserts)) if seen.inserts else None,
        reads_seen=seen.primary,
        duplicates_seen=seen.duplicates,
        given=tuple(
            name for name in ("library", "reads", "umi") if getattr(given, name) is not None
        ),
        families=_families(seen, umi, reads, given.umi),
        detected=detected,
        in_primers=at_primers and round(at_primers[0], 3),
        behind_primers=at_primers and round(at_primers[1], 3),
    )


def _families(seen: Look, umi: str, reads: str, given: str | None) -> str:
    """Return whether reads are grouped into molecules by their UMIs: none, single or duplex.

    Consensus reads are molecules already. What looks like a UMI but has few values, as the index
    of a library has, is used only if the user says so.
    """
    if umi == "none" or reads not in ("raw", "marked") or seen.consensus != "none":
        return "none"
    if given in ("single", "duplex"):
        return given
    if given is None and seen.distinct < LEAST_UMIS:
        return "none"
    return "duplex" if seen.paired else "single"


def unit(found: Assay) -> Unit:
    """Return what is counted: molecules if reads are grouped by UMI, or are consensus reads."""
    grouped = found.families != "none" or found.reads in ("simplex", "duplex")
    return "molecules" if grouped else "fragments"


def counts_copies(found: Assay) -> bool:
    """Return whether reads that are flagged as duplicates are evidence like any other.

    In amplicons the flag shows only that two fragments are of one amplicon, unless one end of the
    fragments is random. With UMIs the copies of a molecule are recognised; consensus reads are of
    one molecule each.
    """
    raw = found.reads in ("raw", "marked") and found.consensus == "none"
    fixed = found.same_end is not None and found.same_end >= FIXED_ENDS
    return found.library == "amplicon" and fixed and raw and found.families == "none"


LIBRARY = {"capture": "hybrid capture", "amplicon": "amplicon"}
READS = {
    "raw": "raw reads",
    "marked": "raw reads, duplicates flagged",
    "simplex": "simplex consensus reads",
    "duplex": "duplex consensus reads",
}
FAMILIES = {
    "none": "",
    "single": ", grouped into molecules",
    "duplex": ", grouped into molecules of both strands",
}
UMI = {"RX": "UMI in tag RX", "MI": "UMI in tag MI", "name": "UMI in the read name"}


def text(assay: Assay, lengths: bool = True) -> str:
    """Return an assay in one line, with lengths of reads and inserts or without."""
    unsure = "" if assay.library_sure else " (not sure)"
    reads = READS[assay.reads]
    if assay.reads == "marked" and counts_copies(assay):
        reads += " (ignored)"
    if assay.consensus not in ("none", "simplex", "duplex"):
        reads += f" ({assay.consensus})"
    umi = UMI.get(assay.umi, "no UMI") + FAMILIES[assay.families]
    parts = [f"{LIBRARY[assay.library]}{unsure}", reads, umi]
    if assay.library == "amplicon" or assay.primers:
        parts.append(_primers(assay))
    if lengths and assay.read_length:
        parts.append(f"read length {assay.read_length}")
    if lengths and assay.insert_size:
        parts.append(f"insert size {assay.insert_size}")
    if assay.given:
        parts.append(f"set by the user: {', '.join(assay.given)}")
    return ", ".join(parts)


def _primers(assay: Assay) -> str:
    """Return whether primers are given, and how many of the reads begin at them."""
    if not assay.primers:
        return "primers not given"
    if assay.in_primers is None:
        return "primers given"
    inside, behind = (f"{100 * x:.0f} %" for x in (assay.in_primers, assay.behind_primers))
    if trimmed(assay):
        return f"primers already trimmed ({behind} of the reads begin behind one)"
    more = f", {behind} behind one" if assay.behind_primers >= 1 - PRIMERS_COMPLETE else ""
    return f"primers given ({inside} of the reads begin in one{more})"


def trimmed(assay: Assay) -> bool:
    """Return whether most reads begin just behind a given primer: primers were trimmed off."""
    if assay.in_primers is None or assay.in_primers + assay.behind_primers < PRIMERS_COMPLETE:
        return False
    return assay.behind_primers > PRIMERS_TRIMMED


def line(assay: Assay) -> str:
    """Return an assay as the VCF header has it, key:value pairs separated by commas."""
    f1r2 = "." if assay.f1r2 is None else f"{assay.f1r2:.3f}"
    same_end = "." if assay.same_end is None else f"{assay.same_end:.3f}"
    at_primers = ""
    if assay.in_primers is not None:
        at_primers = f",in_primers:{assay.in_primers:.3f},behind_primers:{assay.behind_primers:.3f}"
    return (
        f"library:{assay.library},reads:{assay.reads},consensus:{assay.consensus},"
        f"umi:{assay.umi},families:{assay.families},F1R2:{f1r2},same_end:{same_end},"
        f"primers:{'given' if assay.primers else 'unknown'}{at_primers}"
    )


def notes(assay: Assay) -> Iterator[str]:
    """Yield what a user should know of a sample's assay before a run."""
    raw, capture = assay.reads in ("raw", "marked"), assay.library == "capture"
    if not assay.library_sure:
        why = "too few reads to detect the library"
        if assay.same_end is not None and UNSURE_ENDS[0] <= assay.same_end < UNSURE_ENDS[1]:
            why = "fragment ends are neither clearly those of hybrid capture nor of amplicons"
        yield (
            f"{why}; {LIBRARY[assay.library]} is assumed: set `assay: {{library: capture}}` or "
            "`amplicon`, or the column 'library' of the sheet"
        )
    yield from _library_notes(assay)
    if raw and assay.umi != "none" and assay.families == "none":
        yield (
            f"raw reads with few different UMIs ({UMI[assay.umi]}), which are not used: set "
            "`assay: {umi: single}` or `duplex` if they are UMIs"
        )
    if (
        capture
        and assay.families == "none"
        and assay.reads == "raw"
        and assay.reads_seen >= LOOK_READS
        and "reads" not in assay.given
        # Of amplicons, that would flag almost all.
        and assay.detected != "amplicon"
        and (assay.same_end is None or assay.same_end < FIXED_ENDS)
    ):
        yield (
            "no read is flagged as a duplicate, so that copies of a fragment count as evidence: "
            "run `samtools markdup`, or set `assay: {reads: raw}` if there are no copies"
        )


def _library_notes(assay: Assay) -> Iterator[str]:
    """Yield where a library that is set is not what the reads show, and what primers are not."""
    if "library" in assay.given and assay.detected not in (None, assay.library):
        ends = {
            "amplicon": "begin at a few positions, as those of amplicons do",
            "capture": "begin at random positions, as those of hybrid capture do",
        }
        yield (
            f"the library is set to `{assay.library}`, but the reads {ends[assay.detected]} "
            f"(two reads within {END_WINDOW} bases begin at the same one with probability "
            f"{assay.same_end:.2f}): set `assay: {{library: {assay.detected}}}`, or leave it out"
        )
    if assay.library == "amplicon" and not assay.primers and assay.detected != "capture":
        yield (
            "the primers of the amplicons are not given, so that their bases count as evidence, "
            "unless they were trimmed off: set `assay: {primers: primers.bed}`, on the command "
            "line --primers"
        )
    if assay.in_primers is not None:
        both = assay.in_primers + assay.behind_primers
        if both < PRIMERS_COMPLETE:
            yield (
                f"{100 * both:.0f} % of the reads begin in a primer that is given, or just behind "
                "one; bases of other primers count as evidence: is the list complete, and are its "
                "coordinates those of the library (0-based)?"
            )
