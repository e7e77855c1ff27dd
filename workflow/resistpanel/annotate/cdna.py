"""HGVS c. names.

Source of the rules: HGVS Nomenclature, recommendations for DNA (substitution, deletion,
duplication, insertion, inversion, deletion-insertion) and numbering,
https://hgvs-nomenclature.org/stable/recommendations/DNA/.
"""

from resistpanel.annotate.edits import Edit
from resistpanel.annotate.transcript import Transcript
from resistpanel.core.sequence import reverse_complement


def most_3prime(transcript: Transcript, equivalents: list[Edit]) -> Edit:
    """Return the placement that HGVS names: the most 3' one on the coding strand."""
    return equivalents[-1] if transcript.forward else equivalents[0]


def cdna_name(transcript: Transcript, equivalents: list[Edit]) -> str:
    """Return the HGVS c. name of an allele, e.g. ``c.1799T>A``.

    Parameters
    ----------
    transcript : Transcript
    equivalents : list of Edit
        All placements of the allele, leftmost first, as from
        :func:`resistpanel.annotate.edits.equivalents`.

    Notes
    -----
    The 3' rule is applied along the genome, so an exonic deletion whose bases repeat into the
    intron is named in the intron, as HGVS asks.
    """
    edit = most_3prime(transcript, equivalents)
    alt = transcript.strand(edit.alt)
    if edit.is_insertion:
        return _insertion(transcript, edit, alt)
    where = _range(transcript, edit.start, edit.end)
    if edit.is_deletion:
        return f"c.{where}del"
    ref = transcript.strand(transcript.fetch(transcript.chrom, edit.start, edit.end))
    if len(ref) == len(alt) == 1:
        return f"c.{where}{ref}>{alt}"
    if len(ref) > 1 and alt == reverse_complement(ref):
        return f"c.{where}inv"
    return f"c.{where}delins{alt}"


def _range(transcript: Transcript, start: int, end: int) -> str:
    """Return the label of one base, or of the first and last of a range, in coding order."""
    first, last = (start, end - 1) if transcript.forward else (end - 1, start)
    labels = [transcript.label(first), transcript.label(last)]
    return labels[0] if first == last else "_".join(labels)


def _insertion(transcript: Transcript, edit: Edit, alt: str) -> str:
    size = len(edit.alt)
    # Of the most 3' placement the copied bases stand right before it, on the coding strand.
    copied = edit.start - size if transcript.forward else edit.start
    if transcript.fetch(transcript.chrom, copied, copied + size) == edit.alt:
        return f"c.{_range(transcript, copied, copied + size)}dup"
    return f"c.{_range(transcript, edit.start - 1, edit.start + 1)}ins{alt}"
