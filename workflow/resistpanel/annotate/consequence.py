"""Sequence Ontology terms of an allele, and which of several is the most severe."""

from resistpanel.annotate.annotate_constants import REGION_EXON, REGION_INTRON, SPLICE_SITE
from resistpanel.annotate.edits import Edit
from resistpanel.annotate.transcript import Transcript

#: Terms from the most to the least severe, in the order that Ensembl gives them
#: (https://www.ensembl.org/info/genome/variation/prediction/predicted_data.html).
SEVERITY = (
    "splice_acceptor_variant",
    "splice_donor_variant",
    "stop_gained",
    "frameshift_variant",
    "stop_lost",
    "start_lost",
    "inframe_insertion",
    "inframe_deletion",
    "missense_variant",
    "splice_region_variant",
    "stop_retained_variant",
    "synonymous_variant",
    "coding_sequence_variant",
    "intron_variant",
    "upstream_gene_variant",
    "downstream_gene_variant",
)
_RANK = {term: rank for rank, term in enumerate(SEVERITY)}


def rank(term: str) -> int:
    """Return the place of a term in `SEVERITY`, 0 the most severe."""
    return _RANK[term]


def ordered(terms) -> tuple[str, ...]:
    """Return distinct terms, the most severe first."""
    return tuple(sorted(set(terms), key=rank))


def splice_terms(transcript: Transcript, edit: Edit) -> set[str]:
    """Return the splice terms of one placement of an allele.

    A splice site counts as altered if its two bases are no longer what they were beside
    their exon. An insertion is in a region if the bases on both sides of it are.
    """
    found = set()
    for start, end in transcript.introns:
        for low, high in (
            (start - REGION_EXON, start + REGION_INTRON),
            (end - REGION_INTRON, end + REGION_EXON),
        ):
            if edit.start < high and edit.end > low:
                found.add("splice_region_variant")
        donor, acceptor = "splice_donor_variant", "splice_acceptor_variant"
        if not transcript.forward:
            donor, acceptor = acceptor, donor
        if _alters_start(transcript, edit, start):
            found.add(donor)
        if _alters_end(transcript, edit, end):
            found.add(acceptor)
    return found


def _alters_start(transcript: Transcript, edit: Edit, start: int) -> bool:
    """Whether the first two bases of the intron that begins at `start` change."""
    if edit.is_insertion:
        if edit.start == start:
            return not _same(transcript, edit.alt, start, left=True)
        return start < edit.start < start + SPLICE_SITE
    return edit.start < start + SPLICE_SITE and edit.end > start


def _alters_end(transcript: Transcript, edit: Edit, end: int) -> bool:
    """Whether the last two bases of the intron that ends at `end` change."""
    if edit.is_insertion:
        if edit.start == end:
            return not _same(transcript, edit.alt, end, left=False)
        return end - SPLICE_SITE < edit.start < end
    return edit.end > end - SPLICE_SITE and edit.start < end


def _same(transcript: Transcript, alt: str, border: int, left: bool) -> bool:
    """Whether bases inserted at the border of an intron leave its end two bases as they are."""
    if left:
        site = transcript.fetch(transcript.chrom, border, border + SPLICE_SITE)
        return (alt + site)[:SPLICE_SITE] == site
    site = transcript.fetch(transcript.chrom, border - SPLICE_SITE, border)
    return (site + alt)[-SPLICE_SITE:] == site
