"""The names by which a laboratory knows an alteration beside its protein change, or without one.

Canonical splice changes, skipping of exon 14 of MET, hotspots of the TERT promoter, internal tandem
duplications.
"""

from resistpanel.annotate.annotate_constants import LEAST_ITD, MET_EXON_14, MET_EXON_14_LENGTH
from resistpanel.annotate.duplications import tandem_copy
from resistpanel.annotate.edits import Edit
from resistpanel.annotate.junctions import duplicates_usually, exon_number
from resistpanel.annotate.transcript import Transcript

#: Hotspots of the TERT promoter by c. name, with the names of their first reports, which count on
#: hg19 (Horn et al. 2013, Science 339:959; Huang et al. 2013, Science 339:957; Vinagre et al.
#: 2013, Nat Commun 4:2185).
TERT_PROMOTER = {
    "c.-57A>C": "A161C",
    "c.-124C>T": "C228T",
    "c.-124C>A": "C228A",
    "c.-125_-124delinsTT": "CC228TT",
    "c.-139_-138delinsTT": "CC243TT",
    "c.-146C>T": "C250T",
}

#: Exons before the first coding one. A panel has coding exons alone and counts these.
NONCODING_EXONS = {"MET": 1}  # NM_000245, ENST00000397752


def usual_name(
    transcript: Transcript, placements: list[Edit], terms: tuple[str, ...], hgvs_c: str
) -> str:
    """Return the usual name of an allele, or nothing.

    Parameters
    ----------
    transcript : Transcript
    placements : list of Edit
        All placements of the allele.
    terms : tuple of str
        Its Sequence Ontology terms.
    hgvs_c : str
        Its c. name.
    """
    if transcript.symbol == "TERT" and hgvs_c in TERT_PROMOTER:
        return f"promoter {TERT_PROMOTER[hgvs_c]} ({hgvs_c})"
    if transcript.symbol == "MET" and _skips_met_exon_14(transcript, placements, terms):
        return f"exon 14 skipping ({hgvs_c})"
    for term, site in (("splice_acceptor_variant", "acceptor"), ("splice_donor_variant", "donor")):
        if term in terms:
            return f"splice {site} ({hgvs_c})"
    if size := _tandem_duplication(transcript, placements):
        return f"{transcript.symbol}-ITD, {size} bases"
    return ""


def _tandem_duplication(transcript: Transcript, placements: list[Edit]) -> int:
    """Return the bases of an internal tandem duplication, 0 of any other allele.

    At least half of what is inserted is a copy of the bases beside it; the rest is between the
    copies.
    """
    size = max((len(edit.alt) for edit in placements if edit.is_insertion), default=0)
    if size < LEAST_ITD or not duplicates_usually(transcript.symbol):
        return 0
    copy = tandem_copy(transcript, placements)
    if copy is None:
        return 0
    exons = [
        exon_number(transcript.gene, number)
        for number, (start, end) in enumerate(transcript.gene.coding_order, 1)
        if start < copy.end and copy.start < end
    ]
    usual = exons and duplicates_usually(transcript.symbol, min(exons), max(exons))
    return size if usual else 0


def _skips_met_exon_14(
    transcript: Transcript, placements: list[Edit], terms: tuple[str, ...]
) -> bool:
    """Whether exon 14 of MET is lost: removed, without a splice site, or its last base changed.

    Changes of the last base (D1010 of NM_000245) lead to skipping as those of the donor do
    (Frampton et al. 2015, Cancer Discov 5:850).
    """
    exon = _met_exon_14(transcript)
    if exon is None:
        return False
    start, end = exon
    sites = {"splice_acceptor_variant", "splice_donor_variant"} & set(terms)
    last = end - 1 if transcript.forward else start
    for edit in placements:
        if edit.start <= start and end <= edit.end:
            return True
        # A splice site is named for the exon that it is at: no other one is as near.
        near = edit.start <= end + 2 and edit.end >= start - 2
        if (sites and near) or (edit.start <= last < edit.end):
            return True
    return False


def _met_exon_14(transcript: Transcript) -> tuple[int, int] | None:
    """Return exon 14 of MET, 0-based half-open; None if the transcript's is another."""
    number = MET_EXON_14 - NONCODING_EXONS["MET"]
    exons = transcript.gene.coding_order
    if len(exons) < number:
        return None
    start, end = exons[number - 1]
    return (start, end) if end - start == MET_EXON_14_LENGTH else None
