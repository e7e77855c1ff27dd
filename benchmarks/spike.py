"""Put variants into the reads of an existing BAM, at chosen allele fractions.

    python -m benchmarks.spike --bam in.bam --sites sites.tsv --reference ref.fa --output out.bam

A fragment that covers a site carries the variant with the probability given, both mates alike.
Substitutions are written into the aligned reads (bases, NM and MD); the qualities stay, so that
sequencing errors keep their rate. Reads that get an insertion or deletion are changed, kept at
their length, and aligned again by bwa with their mates. Duplicates are left as they are.
"""

import argparse
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pysam

from benchmarks.variants import Variant, reverse_complement, trim
from resistpanel.testing.spike_read import UNFIT, chance, substitute

_REVERSE = 0x10
FAST = [b"level=1"]  # the BAMs live for minutes


@dataclass(frozen=True)
class Site:
    """A variant to put in and the fraction of fragments that shall carry it."""

    variant: Variant
    af: float


@dataclass
class Spiked:
    """Fragments that cover a site, and those that were made to carry the variant."""

    fragments: int = 0
    carriers: int = 0


def with_indel(read: pysam.AlignedSegment, variant: Variant, fasta: pysam.FastaFile) -> str | None:
    """Return the read's sequence, reference forward, with an indel; None if it shows none of it.

    The read's 5' end and length stay: what is pushed out at the 3' end is lost, what a deletion
    leaves open is filled from the reference.
    """
    at = {r: q for q, r in read.get_aligned_pairs(matches_only=True)}
    sequence = read.query_sequence
    before, behind = at.get(variant.pos - 1), at.get(variant.end)
    forward = not read.flag & _REVERSE
    length = len(sequence)
    if forward:
        if before is None:
            return None
        rest = sequence[behind:] if behind is not None else ""
        changed = sequence[: before + 1] + variant.alt + rest
        need = length - len(changed)
        if need > 0:
            start = read.reference_end if behind is not None else variant.end
            changed += fasta.fetch(variant.chrom, start, start + need).upper()
        return changed[:length]
    if behind is None:
        return None
    rest = sequence[: before + 1] if before is not None else ""
    changed = rest + variant.alt + sequence[behind:]
    need = length - len(changed)
    if need > 0:
        end = read.reference_start if before is not None else variant.pos
        changed = fasta.fetch(variant.chrom, max(0, end - need), end).upper() + changed
    return changed[-length:]


def spike(
    source: Path, output: Path, sites: list[Site], seed: int, reference: Path | None = None
) -> list[Spiked]:
    """Write `source` with `sites` put in to `output`, sorted and indexed.

    Parameters
    ----------
    source : Path
        Sorted, indexed BAM.
    sites : list of Site
        Trimmed variants; two of them should not touch.
    seed : int
        The same seed and sites choose the same fragments.
    reference : Path, optional
        FASTA with bwa's index beside it; needed for insertions and deletions.

    Returns
    -------
    list of Spiked
        In the order of `sites`.
    """
    sites = [Site(trim(s.variant), s.af) for s in sites]
    substitutions = [0 < len(s.variant.ref) == len(s.variant.alt) for s in sites]
    if not all(substitutions) and reference is None:
        raise ValueError("insertions and deletions need the reference, to align the reads again")
    counts: list[tuple[set, set]] = [(set(), set()) for _ in sites]
    part = output.with_suffix(".part.bam")
    with pysam.AlignmentFile(str(source)) as reads:
        anew = _indel_carriers(reads, sites, substitutions, seed, counts)
    taken: list[pysam.AlignedSegment] = []
    with (
        pysam.AlignmentFile(str(source)) as reads,
        pysam.AlignmentFile(str(part), "wb", template=reads, format_options=FAST) as sink,
    ):
        header = reads.header.to_dict()
        names = reads.references
        order: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for i, s in enumerate(sites):
            if substitutions[i]:
                order[s.variant.chrom].append((s.variant.pos, i))
        for rows in order.values():
            rows.sort()
        starts = {chrom: [pos for pos, _ in rows] for chrom, rows in order.items()}
        longest = max((len(s.variant.ref) for s in sites), default=0)
        for read in reads.fetch(until_eof=True):
            if not read.flag & UNFIT and names[read.reference_id] in starts:
                chrom = names[read.reference_id]
                start, end = read.reference_start, read.reference_end
                for pos, i in order[chrom][bisect_left(starts[chrom], start - longest) :]:
                    if pos >= end:
                        break
                    if sites[i].variant.end > start and _carries(read, i, sites[i], seed, counts):
                        substitute(read, sites[i].variant)
            if read.query_name in anew:
                taken.append(read)
            else:
                sink.write(read)
    if anew:
        _realign(part, output, sites, anew, taken, header, reference)
        part.unlink()
    else:
        part.rename(output)
    pysam.index(str(output))
    return [Spiked(len(a), len(b)) for a, b in counts]


def _carries(read: pysam.AlignedSegment, i: int, site: Site, seed: int, counts) -> bool:
    """Tell whether a read's fragment carries site `i`; count the fragment if the read spans it."""
    name = read.query_name
    carries = chance(seed, i, name) < site.af
    if read.reference_start <= site.variant.pos and site.variant.end <= read.reference_end:
        counts[i][0].add(name)
        if carries:
            counts[i][1].add(name)
    return carries


def _indel_carriers(reads, sites, substitutions, seed: int, counts) -> dict[str, int]:
    """Return the fragments that get an insertion or deletion, and which (one for each)."""
    anew: dict[str, int] = {}
    for i, site in enumerate(sites):
        v = site.variant
        if not substitutions[i]:
            for read in reads.fetch(v.chrom, max(0, v.pos - 1), v.end + 1):
                if not read.flag & UNFIT and _carries(read, i, site, seed, counts):
                    anew.setdefault(read.query_name, i)
    return anew


def _realign(part, output, sites, anew: dict[str, int], taken, header: dict, reference: Path):
    """Put the indels into the reads taken, align their fragments again, merge with the rest."""
    mates: dict[str, dict[bool, tuple[str, str]]] = defaultdict(dict)
    inserts = []
    with pysam.FastaFile(str(reference)) as fasta:
        for read in taken:
            if read.flag & 0x900:  # secondary or supplementary: made anew
                continue
            if read.is_proper_pair and 0 < read.template_length < 2000:
                inserts.append(read.template_length)
            sequence = read.query_sequence
            v = sites[anew[read.query_name]].variant
            near = not read.is_unmapped and read.reference_name == v.chrom
            if near and read.reference_start <= v.end and v.pos <= read.reference_end:
                sequence = with_indel(read, v, fasta) or sequence
            qualities = pysam.qualities_to_qualitystring(read.query_qualities)
            if read.flag & _REVERSE:
                sequence, qualities = reverse_complement(sequence), qualities[::-1]
            mates[read.query_name][read.is_read1] = (sequence, qualities)
    group = "\\t".join(f"{k}:{v}" for k, v in header.get("RG", [{"ID": "1", "SM": "1"}])[0].items())
    mean = sum(inserts) / max(1, len(inserts))
    spread = (sum((x - mean) ** 2 for x in inserts) / max(1, len(inserts))) ** 0.5
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        fastq, sam = Path(scratch) / "pairs.fq", Path(scratch) / "fresh.sam"
        with fastq.open("w") as sink:
            for name, pair in mates.items():
                if len(pair) == 2:
                    for first in (True, False):
                        sink.write(f"@{name}\n{pair[first][0]}\n+\n{pair[first][1]}\n")
        command = ["bwa", "mem", "-p", "-R", f"@RG\\t{group}"]
        if inserts:
            command += ["-I", f"{mean:.1f},{max(1, spread):.1f}"]
        with sam.open("wb") as sink:
            subprocess.run(
                [*command, str(reference), str(fastq)],
                check=True,
                stdout=sink,
                stderr=subprocess.PIPE,
            )
        fresh = Path(scratch) / "fresh.bam"
        pysam.sort("-o", str(fresh), str(sam))
        pysam.merge("-f", "-c", "-p", "-l", "1", "-o", str(output), str(part), str(fresh))


def read_sites(path: Path) -> list[Site]:
    """Read chrom, pos (1-based), ref, alt, af from a TSV without header; # begins a comment."""
    sites = []
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            chrom, pos, ref, alt, af = line.split("\t")[:5]
            sites.append(Site(trim(Variant(chrom, int(pos) - 1, ref, alt)), float(af)))
    return sites


def main(argv: list[str] | None = None) -> int:
    """Put the variants of a TSV into a BAM."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bam", type=Path, required=True)
    parser.add_argument("--sites", type=Path, required=True, help="chrom pos ref alt af")
    parser.add_argument("--reference", type=Path, help="with bwa index; needed for indels")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    sites = read_sites(args.sites)
    for site, got in zip(
        sites, spike(args.bam, args.output, sites, args.seed, args.reference), strict=True
    ):
        print(site.variant, site.af, got.carriers, got.fragments, sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
