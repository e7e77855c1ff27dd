"""A panel gene with its sequence: the genome's positions in a transcript's terms."""

import itertools
from functools import cached_property

from resistpanel.annotate.annotate_constants import READ_THROUGH
from resistpanel.annotate.edits import Edit
from resistpanel.annotate.protein import Translation
from resistpanel.core.sequence import Fetch, reverse_complement
from resistpanel.panel.genes import Gene


class Transcript:
    """A gene's coding transcript on the reference.

    The *transcript coordinate* of a base, t, is 0 at the first coding base, ``length`` right
    after the last one, negative upstream, and None in introns. Since a panel's GFF3 gives
    coding exons alone, bases outside the coding sequence are counted along the genome, as if
    the untranslated regions had no introns.

    Parameters
    ----------
    gene : Gene
        Coordinates.
    fetch : callable
        ``fetch(chrom, start, end)`` on the reference.
    """

    def __init__(self, gene: Gene, fetch: Fetch):
        self.gene, self.fetch = gene, fetch
        self.symbol, self.name, self.chrom = gene.symbol, gene.versioned, gene.chrom
        self.forward = gene.strand == "+"
        self.length, self.offset = gene.length, gene.offset
        self.start, self.end = gene.cds[0][0], gene.cds[-1][1]

    @cached_property
    def coding(self) -> str:
        """Coding sequence, 5' to 3', `length` bases."""
        bases = "".join(self.fetch(self.chrom, start, end) for start, end in self.gene.cds)
        return bases if self.forward else reverse_complement(bases)

    @cached_property
    def translation(self) -> Translation:
        """How the coding sequence is translated, from its first whole codon on."""
        first = [
            t if self.forward else t - 2
            for pos in self.gene.selenocysteines
            if (t := self.coordinate(pos)) is not None
        ]
        return Translation(
            self.gene.code, tuple(sorted(t - self.offset for t in first)), self.offset == 0
        )

    @cached_property
    def fault(self) -> str:
        """Why the coding sequence cannot be translated; empty if it can.

        A stop before the end shows that the annotation's frame, or its genetic code, is not that
        of the sequence.
        """
        protein = self.translation.read(self.coding[self.offset :])
        stops = protein[:-1].count("*")
        return f"{stops}_stops_in_the_coding_sequence" if stops else ""

    @cached_property
    def trailing(self) -> str:
        """Up to `READ_THROUGH` genomic bases that follow the coding sequence, 5' to 3'."""
        if self.forward:
            return self.fetch(self.chrom, self.end, self.end + READ_THROUGH)
        before = self.fetch(self.chrom, self.start - READ_THROUGH, self.start)
        return reverse_complement(before)

    @cached_property
    def introns(self) -> list[tuple[int, int]]:
        """Introns between coding exons, 0-based half-open, ascending."""
        parts = itertools.pairwise(self.gene.cds)
        return [(left[1], right[0]) for left, right in parts if left[1] < right[0]]

    def strand(self, bases: str) -> str:
        """Return genomic `bases` as read on the coding strand."""
        return bases if self.forward else reverse_complement(bases)

    def coordinate(self, pos: int) -> int | None:
        """Return t of the genomic position `pos` (0-based); None in an intron."""
        if pos < self.start:
            return pos - self.start if self.forward else self.length + self.start - pos - 1
        if pos >= self.end:
            return self.length + pos - self.end if self.forward else self.end - pos - 1
        cdna = self.gene.cdna(pos)
        return None if cdna is None else cdna - 1

    def label(self, pos: int) -> str:
        """Return the HGVS c. position of a genomic position (0-based).

        Coding bases are numbered from 1 at the A of ATG, upstream ``-1, -2``, downstream of
        the coding sequence ``*1, *2``, intronic bases from the nearer exon (``123+5``,
        ``124-3``; the middle base of an intron of odd length from the exon before it).
        """
        t = self.coordinate(pos)
        if t is None:
            return self._intronic(pos)
        if t < 0:
            return str(t)
        return str(t + 1) if t < self.length else f"*{t - self.length + 1}"

    def _intronic(self, pos: int) -> str:
        start, end = next(intron for intron in self.introns if intron[0] <= pos < intron[1])
        before, after = (start - 1, end) if self.forward else (end, start - 1)
        past, left = abs(pos - before), abs(after - pos)
        if past <= left:
            return f"{self.gene.cdna(before)}+{past}"
        return f"{self.gene.cdna(after)}-{left}"

    def span(self, edit: Edit) -> tuple[int, int] | None:
        """Return the edited range in t (half-open), or None where it is not one exon's.

        The flanking bases upstream and downstream of the coding sequence count with the first
        and the last exon. An insertion has the range (t, t): before the base t. One that lies
        exactly at the border of exon and intron belongs to neither and gives None.
        """
        first = edit.start - 1 if edit.is_insertion else edit.start
        last = edit.end if edit.is_insertion else edit.end - 1
        if any(first < end and last >= start for start, end in self.introns):
            return None
        ends = self.coordinate(first), self.coordinate(last)
        if None in ends:
            return None
        low, high = sorted(ends)
        if high - low != last - first:
            return None  # the ends are in two exons that touch
        return (low + 1, high) if edit.is_insertion else (low, high + 1)
