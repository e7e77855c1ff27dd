"""Reading all samples once, chunk by chunk: error counts and candidates with their evidence."""

import functools
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from resistpanel.call.call_constants import ENDS_SAMPLED, SHORTEST_PRIMER
from resistpanel.call.candidates.substitutions import standing_out, substitution_candidates
from resistpanel.call.errors import error_model
from resistpanel.call.events.clusters import recurrent
from resistpanel.call.events.copies import count_places
from resistpanel.call.events.dropout import count_amplicons
from resistpanel.call.events.phase import phase
from resistpanel.call.events.realign import indel_candidates
from resistpanel.call.io import evidence as ev
from resistpanel.call.io import regions
from resistpanel.call.io.ends import mask_primers, mates, trim_adapters
from resistpanel.call.io.primers import Primers, inferred
from resistpanel.call.io.reader import Reader, Reads
from resistpanel.call.io.signals import N_LENGTHS, SIGNAL_DTYPE
from resistpanel.call.settings import Sample, Settings
from resistpanel.core.allele import Allele
from resistpanel.core.inflate import crc32
from resistpanel.core.molecules import COUNTS, N_SIZES
from resistpanel.core.reference import Reference
from resistpanel.core.stream import Marks
from resistpanel.qc.assay import same_ends
from resistpanel.qc.count import Alongside
from resistpanel.qc.qc_constants import FIXED_ENDS, LEAST_PAIRS

N_COUNTS = len(COUNTS) + N_SIZES


@dataclass
class Collection:
    """What the reads of some chunks say.

    Attributes
    ----------
    error_counts : list of ErrorCounts, per sample
    candidates : list of Candidate, by chunk and allele
    thinned : float
        Least fraction of the fragments that was kept in a chunk.
    bases : int
        Of all reads; a read counts in each chunk that it overlaps.
    reads : int64, (samples,)
        Reads used, counted likewise.
    gapped, no_qualities : int64, (samples,)
        Reads left out, see `reader.Reads`; each counted once.
    ends : float64, (samples, 2)
        `assay.same_ends` of all reads.
    adapters : int64, (samples,)
        Reads of which an adapter was cut off.
    crowded : int
        Places of indels that were not looked at, see `places.MOST_PLACES`.
    sums : uint32, (chunks, samples + 1)
        Checksums of each sample's reads, and of the reference.
    signals : per sample, array of `SIGNAL_DTYPE`
        Breakpoints that the reads show, in the order of the chunks.
    lengths : int64, (samples, lengths)
        Proper pairs by template length.
    crowded_junctions : int
        Junctions that were left out, see `MOST_JUNCTIONS`.
    molecules : int64, (samples, counts)
        `core.molecules.COUNTS`, then molecules by family size; 0 where reads are no families.
    marks : per sample, Marks or None
        Where the blocks of its file begin, None if it was not read by this process.
    """

    error_counts: list[error_model.ErrorCounts]
    candidates: list[ev.Candidate] = field(default_factory=list)
    thinned: float = 1.0
    bases: int = 0
    reads: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    gapped: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    no_qualities: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    ends: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    adapters: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    crowded: int = 0
    sums: np.ndarray = field(default_factory=lambda: np.zeros((0, 1), np.uint32))
    signals: list[np.ndarray] = field(default_factory=list)
    lengths: np.ndarray = field(default_factory=lambda: np.zeros((0, N_LENGTHS), np.int64))
    crowded_junctions: int = 0
    molecules: np.ndarray = field(default_factory=lambda: np.zeros((0, N_COUNTS), np.int64))
    marks: list[Marks | None] = field(default_factory=list)

    @classmethod
    def empty(cls, samples: int) -> "Collection":
        """Return that of no chunk."""
        none = [np.zeros(samples, np.int64) for _ in range(3)]
        error_counts = [error_model.ErrorCounts() for _ in range(samples)]
        sums = np.zeros((0, samples + 1), np.uint32)
        ends, adapters = np.zeros((samples, 2)), np.zeros(samples, np.int64)
        signals = [np.empty(0, SIGNAL_DTYPE) for _ in range(samples)]
        lengths = np.zeros((samples, N_LENGTHS), np.int64)
        molecules = np.zeros((samples, N_COUNTS), np.int64)
        marks = [None] * samples
        return cls(
            error_counts, [], 1.0, 0, *none, ends, adapters, 0, sums, signals, lengths, 0,
            molecules, marks,
        )  # fmt: skip

    def add_reads(self, loaded: Sequence["Loaded"]) -> None:
        """Count the reads of a chunk, of all samples."""
        self.ends += np.array([one.ends for one in loaded])
        self.adapters += np.array([one.adapters for one in loaded])
        for s, reads in enumerate(one.pile.reads for one in loaded):
            self.thinned = min(self.thinned, reads.kept)
            self.bases += int(reads.table["length"].sum())
            self.reads[s] += len(reads.table)
            self.gapped[s] += reads.gapped
            self.no_qualities[s] += reads.no_qualities

    def ask(self, sites: dict[Allele, list[str]]) -> None:
        """Note which candidates are asked for, and by whom."""
        for candidate in self.candidates:
            if candidate.allele in sites:
                candidate.forced = True
                candidate.sites = sites[candidate.allele]

    def checksum(self, column: int) -> str:
        """Return the checksum of a sample's reads over all chunks, -1: of the reference.

        The SHA-256 of the chunks' CRC-32, 4 bytes each, little-endian.
        """
        return hashlib.sha256(self.sums[:, column].astype("<u4").tobytes()).hexdigest()


def checksum(reads: Reads) -> int:
    """Return the CRC-32 of reads: place, flag, mapping quality, CIGAR, bases and qualities.

    It is of what counts as evidence, so that a BAM and its CRAM have the same.
    """
    place = np.stack([reads.table[name] for name in ("pos", "flag", "mapq")])
    crc = 0
    for part in (place, reads.cigars, reads.bases, reads.quals):
        crc = crc32(np.ascontiguousarray(part), crc)
    return crc


def forced(chunk: regions.Chunk, mine: Sequence[Allele]) -> tuple[list[Allele], list[Allele]]:
    """Return the forced substitutions and indels in a chunk.

    Parameters
    ----------
    chunk : Chunk
    mine : alleles on its contig
    """
    if not mine:
        return [], []
    indels = [a for a in mine if not a.substitution and chunk.owns(a.pos, a.end)]
    mine = [a for a in mine if a.substitution]
    start = chunk.index(np.array([a.pos for a in mine]))
    last = chunk.index(np.array([a.end - 1 for a in mine]))
    whole = (start >= 0) & (last - start == np.array([len(a.ref) - 1 for a in mine], int))
    return [a for a, inside in zip(mine, whole, strict=True) if inside], indels


def settle(
    reads: Reads,
    contig: str,
    plain: tuple[np.ndarray, int],
    primers: Primers | None,
    amplicons: bool = False,
) -> int:
    """Cut adapters off, and mark the fragments' own primers; return the reads that were cut.

    Of `amplicons` of which the primers are unknown, they are inferred where products overlap.
    `plain` are the reference's base codes and the position of the first of them.
    """
    table = reads.table
    if not len(table):
        return 0
    raw = table.view(np.uint8)
    pairs = mates(raw, reads.n_fragments)
    adapters = trim_adapters(raw, reads.bases, reads.cigars, pairs, *plain)
    if primers is not None:
        mask_primers(raw, pairs, *primers.of(contig))
    elif amplicons:
        both = pairs[(pairs >= 0).all(axis=1)]
        forward, reverse = table[both[:, 0]], table[both[:, 1]]
        # The clipped end of a duplication's read is outside of its product; of tails, most do.
        aligned = (forward["lclip"] < SHORTEST_PRIMER) & (reverse["rclip"] < SHORTEST_PRIMER)
        if 2 * aligned.sum() >= len(aligned):
            forward, reverse = forward[aligned], reverse[aligned]
        suspected = inferred(
            forward["pos"].astype(np.int64) - forward["lclip"],
            reverse["end"].astype(np.int64) + reverse["rclip"],
        )
        if suspected is not None:
            mask_primers(raw, pairs, *suspected)
    if adapters:
        gone = table["end"] <= table["pos"]
        if gone.any():
            reads.table = table[~gone]
    return adapters


def _ends(reads: Reads) -> np.ndarray:
    """Return what the 5' ends of the reads say of the library."""
    # A sample of a chunk's reads will do; of all places alike.
    table = reads.table[:: len(reads.table) // ENDS_SAMPLED + 1]
    return same_ends(*ev.clipped_span(table))


def collect(
    settings: Settings,
    samples: Sequence[Sample],
    reference: Reference,
    chunks: Sequence[regions.Chunk],
    sites: dict[Allele, list[str]],
    kinds: Sequence["Kind"],
    takers: Sequence[Alongside | None] = (),
) -> Collection:
    """Read all samples once, side by side, and gather the evidence of the chunks.

    Parameters
    ----------
    settings : Settings
    samples : list of Sample, the normal first
    reference : Reference
    chunks : list of Chunk, in order
    sites : identifiers of the alleles that are asked for
    kinds : list of Kind, per sample
    takers : list of Alongside or None, per sample
        What is handed every record that is read; empty: nothing is.
    """
    found = Collection.empty(len(samples))
    by_contig: dict[str, list[Allele]] = {}
    for allele in sorted(sites):
        by_contig.setdefault(allele.contig, []).append(allele)
    spans = [
        (chunk.contig, int(a), int(b))
        for chunk in chunks
        for a, b in zip(chunk.starts, chunk.ends, strict=True)
    ]
    if not spans:
        return found
    readers = [
        Reader(
            s.path,
            spans,
            settings.reference,
            settings.min_mapq,
            consensus=kind.consensus,
            families=kind.families,
            umi=kind.umi,
            counts=taker,
            copies=kind.copies,
        )
        for s, kind, taker in zip(samples, kinds, takers or [None] * len(samples), strict=True)
    ]
    workers = max(1, min(settings.threads, len(readers)))
    sums = []
    # Bytes that grow in place: joining arrays at the end would hold all of them twice.
    signals = [bytearray() for _ in readers]
    with ThreadPoolExecutor(workers) as pool:
        for chunk in chunks:
            codes = np.concatenate(
                [
                    reference.codes(chunk.contig, int(a), int(b))
                    for a, b in zip(chunk.starts, chunk.ends, strict=True)
                ]
            )
            load = functools.partial(_load, chunk=chunk, codes=codes, settings=settings)
            mapped = pool.map if workers > 1 else map
            loaded = list(mapped(load, readers, kinds))
            found.add_reads(loaded)
            for mine, one in zip(signals, loaded, strict=True):
                mine += recurrent(one.pile.reads.signals).tobytes()
            sums.append([*(one.crc for one in loaded), crc32(codes)])
            forced_here = forced(chunk, by_contig.get(chunk.contig, []))
            piles = [one.pile for one in loaded]
            here = _propose(piles, chunk, codes, reference, forced_here, found)
            phase(piles, here, 0 if settings.normal else None)
            count_amplicons(piles, here, kinds)
            count_places(piles, here, kinds)
            found.candidates += sorted(here, key=lambda c: c.allele)
            # The next chunk is read into the memory of this one.
            del loaded, piles
    for taker in takers:
        if taker is not None:
            taker.finish()
    found.signals = [np.frombuffer(mine, SIGNAL_DTYPE) for mine in signals]
    for s, reader in enumerate(readers):
        if (counts := reader.molecules()) is not None:
            found.molecules[s] = [*(counts[name] for name in COUNTS), *counts["sizes"]]
    found.lengths = np.stack([reader.template_lengths() for reader in readers])
    found.marks = [reader.marks() for reader in readers]
    found.sums = np.array(sums, np.uint32).reshape(-1, len(samples) + 1)
    found.ask(sites)
    return found


class Kind(NamedTuple):
    """How the reads of a sample are read.

    Attributes
    ----------
    consensus : str
        A key of `resistpanel.core.consensus.CONSENSUS`.
    primers : Primers or None
    infer : bool
        Whether primers are inferred where fragment ends are fixed and none are given.
    amplicon : bool
        Whether the library is of amplicons.
    families, umi : str
        See `records.qc.Assay`.
    by_ends : bool
        Whether fragments that begin and end at the same bases are copies: raw reads of hybrid
        capture.
    copies : bool
        Whether reads flagged as duplicates are read; see `qc.assay.counts_copies`.
    """

    consensus: str
    primers: Primers | None
    infer: bool
    amplicon: bool
    families: str = "none"
    umi: str = "none"
    by_ends: bool = False
    copies: bool = False


class Loaded(NamedTuple):
    """A chunk of one sample: its pile, CRC-32, pairs with the same end, adapters cut."""

    pile: ev.Pile
    crc: int
    ends: np.ndarray
    adapters: int


def _load(
    reader: Reader, kind: Kind, chunk: regions.Chunk, codes: np.ndarray, settings: Settings
) -> Loaded:
    """Read a chunk of one sample."""
    reads = reader.next_chunk(
        chunk.contig, chunk.beg, chunk.end, chunk.next_start, chunk.previous_end
    )
    crc, ends = checksum(reads), _ends(reads)
    fixed = ends[1] >= LEAST_PAIRS and ends[0] >= FIXED_ENDS * ends[1]
    # Mates without their primers begin inside of the insert, as those in a repeat do.
    plain = codes[:0] if fixed else codes
    cut = settle(reads, chunk.contig, (plain, chunk.beg), kind.primers, fixed and kind.infer)
    return Loaded(ev.pile(reads, chunk, codes, settings.min_qual), crc, ends, cut)


def _propose(
    piles: list[ev.Pile],
    chunk: regions.Chunk,
    codes: np.ndarray,
    reference: Reference,
    asked: tuple,
    found: Collection,
) -> list[ev.Candidate]:
    """Return a chunk's candidates, and add its error counts; `asked` is from `forced`."""
    substitutions, indels = asked
    context = ev.context_of(chunk, reference)
    here, crowded = indel_candidates(piles, chunk, reference, indels)
    found.crowded += crowded
    chosen = standing_out(piles, codes)
    ev.count_errors(found.error_counts, piles, chunk, codes, context, chosen, substitutions)
    known = {c.allele for c in here}
    more = substitution_candidates(piles, chunk, codes, context, chosen, substitutions, reference)
    return here + [c for c in more if c.allele not in known]
