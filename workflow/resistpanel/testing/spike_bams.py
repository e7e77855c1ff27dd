"""Split a normal's BAM in two, and put variants into the fragments of one part."""

import dataclasses
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.core.allele import Allele
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import Target, merge_targets
from resistpanel.core.umi import HALVES, umi_in_name
from resistpanel.testing.spike_read import UNFIT, Indel, chance, editable, pair_up, substitute
from resistpanel.testing.testing_constants import PAD

FAST = [b"level=1"]  # the BAMs live for minutes


@dataclasses.dataclass(frozen=True)
class Spike:
    """A variant, trimmed and left-aligned, and the fraction of fragments that shall carry it."""

    variant: Allele
    af: float

    @property
    def in_place(self) -> bool:
        """Whether it is a substitution, which leaves alignments as they are."""
        return 0 < len(self.variant.ref) == len(self.variant.alt)


@dataclasses.dataclass
class Count:
    """Fragments that span a site, and those of them that were made to carry the variant."""

    fragments: int = 0
    carriers: int = 0


def reads_of(source: pysam.AlignmentFile, targets: list[Target]) -> Iterator[pysam.AlignedSegment]:
    """Yield the reads at the targets, each once, in the order of the file."""
    regions: dict[str, list[list[int]]] = defaultdict(list)
    for target in merge_targets(targets):
        start, end = max(0, target.start - PAD), target.end + PAD
        rows = regions[target.chrom]
        if rows and start <= rows[-1][1]:
            rows[-1][1] = max(rows[-1][1], end)
        else:
            rows.append([start, end])
    for chrom in sorted(regions, key=source.get_tid):
        done = 0
        for start, end in regions[chrom]:
            length = source.get_reference_length(chrom)
            for read in source.fetch(chrom, start, min(end, length)):
                # What began before the end of the last region was read there.
                if read.reference_start >= done:
                    yield read
            done = end


def identity(read: pysam.AlignedSegment, umi: str) -> str:
    """Return what all reads of one molecule have in common: both ends and the UMI.

    Parameters
    ----------
    read : AlignedSegment
    umi : str
        Where the UMI is, as `records.qc.Assay`; ``none``: the name, that of a fragment. Halves of
        a UMI count in either order, as the strands of a duplex have them.
    """
    if umi == "none":
        return read.query_name
    if umi == "name":
        found = umi_in_name(read.query_name)
    else:
        found = str(read.get_tag(umi)) if read.has_tag(umi) else None
    if found is None:
        return read.query_name
    if umi == "MI":
        return found.split("/")[0]
    start, length = read.reference_start, abs(read.template_length)
    if length:
        start = min(start, read.next_reference_start)
    halves = "-".join(sorted(HALVES.split(found)))
    return f"{read.reference_name}:{start}+{length}:{halves}"


def renamed(header: pysam.AlignmentHeader, sample: str) -> dict:
    """Return a header whose read groups are of another sample."""
    found = header.to_dict()
    groups = found.get("RG") or [{"ID": "1"}]
    found["RG"] = [group | {"SM": sample} for group in groups]
    found["HD"] = found.get("HD", {"VN": "1.6"}) | {"SO": "coordinate"}
    return found


def split(
    source: Path,
    outputs: tuple[Path, Path],
    samples: tuple[str, str],
    targets: list[Target],
    share: float,
    seed: int,
    reference: Path,
    umi: str = "none",
) -> tuple[int, int]:
    """Deal the fragments at the targets out to two BAMs, by the checksum of `identity`.

    Parameters
    ----------
    source : Path
        Sorted, indexed BAM or CRAM.
    outputs, samples : pairs
        Files to write and the samples that they are of.
    targets : list of Target
    share : float
        Fraction of the fragments that the second gets.
    seed : int
    reference : Path
        For CRAM.
    umi : str
        See `identity`.

    Returns
    -------
    (int, int)
        Reads in each.
    """
    written = [0, 0]
    with pysam.AlignmentFile(str(source), reference_filename=str(reference)) as reads:
        sinks = [
            pysam.AlignmentFile(
                str(path), "wb", header=renamed(reads.header, sample), format_options=FAST
            )
            for path, sample in zip(outputs, samples, strict=True)
        ]
        try:
            for read in reads_of(reads, targets):
                which = int(chance(seed, "split", identity(read, umi)) < share)
                sinks[which].write(read)
                written[which] += 1
        finally:
            for sink in sinks:
                sink.close()
    for path in outputs:
        pysam.index(str(path))
    return written[0], written[1]


def spike(
    source: Path,
    output: Path,
    spikes: list[Spike],
    seed: int,
    reference: Path,
    umi: str = "none",
) -> list[Count]:
    """Write `source` with variants put in to `output`, sorted and indexed.

    Whether a fragment carries a variant is drawn by the checksum of its identity, both mates alike.
    A fragment gets one insertion or deletion at most; fragments whose reads at the site are
    aligned with gaps get none.

    Parameters
    ----------
    source : Path
        Sorted, indexed BAM.
    output : Path
    spikes : list of Spike
        Two of them should not touch.
    seed : int
        The same seed and variants choose the same fragments.
    reference : Path
        Indexed FASTA.
    umi : str
        See `identity`.

    Returns
    -------
    list of Count
        In the order of `spikes`.
    """
    spans: list[tuple[set[str], set[str]]] = [(set(), set()) for _ in spikes]
    with pysam.AlignmentFile(str(source)) as reads:
        wanted = _indel_carriers(reads, spikes, seed, spans, umi)
    part = output.with_suffix(".part.bam")
    taken: dict[str, list[pysam.AlignedSegment]] = defaultdict(list)
    with (
        pysam.AlignmentFile(str(source)) as reads,
        pysam.AlignmentFile(str(part), "wb", template=reads, format_options=FAST) as sink,
        open_fasta(reference) as fasta,
    ):
        here = _lookup(spikes)
        for read in reads.fetch(until_eof=True):
            if not read.flag & UNFIT:
                for i in here(read):
                    if _carries(read, i, spikes[i], seed, spans[i], umi):
                        substitute(read, spikes[i].variant)
            if read.query_name in wanted:
                taken[read.query_name].append(read)
            else:
                sink.write(read)
        indels = {i: Indel(spikes[i].variant, fasta) for i in set(wanted.values())}
        for name, members in taken.items():
            if not _put_indel(members, indels[wanted[name]], seed):
                spans[wanted[name]][1].discard(name)
            for read in members:
                sink.write(read)
    if taken:
        pysam.sort("-l", "1", "-o", str(output), str(part))
        part.unlink()
    else:
        part.rename(output)
    pysam.index(str(output))
    return [Count(len(a), len(b)) for a, b in spans]


def _lookup(spikes: list[Spike]):
    """Return the function from a read to the substitutions that it covers, by index."""
    order: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for i, one in enumerate(spikes):
        if one.in_place:
            order[one.variant.chrom].append((one.variant.pos, i))
    for rows in order.values():
        rows.sort()
    longest = max((len(one.variant.ref) for one in spikes), default=0)

    def here(read: pysam.AlignedSegment) -> Iterator[int]:
        rows = order.get(read.reference_name, [])
        for pos, i in rows[bisect_left(rows, (read.reference_start - longest, -1)) :]:
            if pos >= read.reference_end:
                break
            if spikes[i].variant.end > read.reference_start:
                yield i

    return here


def _carries(read, i: int, one: Spike, seed: int, spans: tuple[set, set], umi: str) -> bool:
    """Return whether a read's fragment carries a variant; count it if the read spans the site."""
    carries = chance(seed, i, identity(read, umi)) < one.af
    if read.reference_start < one.variant.pos and one.variant.end < read.reference_end:
        spans[0].add(read.query_name)
        if carries:
            spans[1].add(read.query_name)
    return carries


def _indel_carriers(reads, spikes: list[Spike], seed: int, spans, umi: str) -> dict[str, int]:
    """Return the fragments that get an insertion or deletion, and which."""
    wanted: dict[str, int] = {}
    for i, one in enumerate(spikes):
        v = one.variant
        if one.in_place:
            continue
        for read in reads.fetch(v.chrom, max(0, v.pos - 1), v.end + 1):
            if read.flag & UNFIT or not _carries(read, i, one, seed, spans[i], umi):
                continue
            if wanted.setdefault(read.query_name, i) != i:
                spans[i][1].discard(read.query_name)
    return wanted


def _put_indel(members: list[pysam.AlignedSegment], indel: Indel, seed: int) -> bool:
    """Put an indel into the reads of a fragment; False, and nothing changed, if it cannot be."""
    chosen = []
    for read in members:
        if read.flag & UNFIT or read.reference_name != indel.variant.chrom:
            continue
        near = read.reference_end > indel.variant.pos - 200
        near = near and read.reference_start < indel.variant.end + 200
        if not near:
            continue
        overlaps = read.reference_start <= indel.variant.end
        overlaps = overlaps and read.reference_end >= indel.variant.pos
        if not editable(read):
            if overlaps:
                return False
            continue
        start = indel.start_of(read)
        if start is None:
            return False
        if indel.touches(start, read.reference_end - read.reference_start):
            chosen.append((read, start))
    for read, start in chosen:
        indel.put(read, start, seed)
    primary = [read for read in members if not read.flag & 0x900]
    if len(primary) == 2:
        pair_up(*primary)
    return bool(chosen)
