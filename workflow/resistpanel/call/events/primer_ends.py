"""What the end of a primer makes of an allele beside it.

A primer that reaches into a deletion has the reference's bases up to its end, and its product goes
on behind the deletion: the fragments of that amplicon show the part of the deletion beyond the
primer, rarely, since the primer binds badly. And primers lack a base now and then: of an allele
nearby, the base beside the primer seems to be lost as well. Neither is an allele of its own.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from resistpanel.call.call_constants import INDEL_FLANK, MOSTLY_AT_ENDS, PRIMER_REACH
from resistpanel.call.io.evidence import Candidate, near_ends
from resistpanel.call.io.primers import Primers
from resistpanel.core.allele import Allele, left_align_to, trim
from resistpanel.core.reference import Reference


def _made(allele: Allele, primers: Primers | None, reference: Reference) -> Iterator[Allele]:
    """Yield what the ends of primers at or in an allele make of it, trimmed; without any, all."""
    contig, start, end = allele.contig, allele.pos, allele.end
    if primers is None:
        left = right = np.arange(start - INDEL_FLANK, end + INDEL_FLANK + 1)
    else:
        _, left, right, _ = primers.of(contig)
    if allele.shift <= -2:
        for p in left[(left > start) & (left < end)].tolist():
            yield Allele(contig, p, reference(contig, p, end), "")
        for p in right[(right > start) & (right < end)].tolist():
            yield Allele(contig, start, reference(contig, start, p), "")
    # The base beside the primer, on either side of its end.
    for p in left[(left <= start) & (left >= start - INDEL_FLANK)].tolist():
        for lost in (p - 1, p):
            if lost < start:
                rest = reference(contig, lost + 1, start)
                yield trim(Allele(contig, lost, reference(contig, lost, end), rest + allele.alt))
    for p in right[(right >= end) & (right <= end + INDEL_FLANK)].tolist():
        for lost in (p - 1, p):
            if lost >= end:
                rest = reference(contig, end, lost)
                word = reference(contig, start, lost + 1)
                yield trim(Allele(contig, start, word, allele.alt + rest))


def made_by_primers(
    candidates: Sequence[Candidate],
    samples: Sequence[int],
    primers: Primers | None,
    reference: Reference,
) -> dict[int, float]:
    """Return the candidates that the end of a primer may have made of others.

    Parameters
    ----------
    candidates
    samples
        Indices of those that count.
    primers : Primers or None
        Unknown ones may end at any base within `PRIMER_REACH` of the ends of the fragments that
        have the lesser allele.
    reference : Reference

    Returns
    -------
    dict of index to float
        How many times as many fragments have the other allele.
    """
    number = np.array([sum(c.support[s].alt for s in samples) for c in candidates], float)
    made: dict[Allele, float] = {}
    for c, alt in zip(candidates, number, strict=True):
        if c.allele.symbolic or c.allele.substitution or not alt:
            continue
        for one in _made(c.allele, primers, reference):
            found = left_align_to(one, reference) if one.shift else one
            made[found] = max(made.get(found, 0.0), alt)
    return {
        i: made[c.allele] / max(number[i], 1.0)
        for i, c in enumerate(candidates)
        if not c.allele.symbolic
        and c.allele in made
        and (primers is not None or near_ends(c, samples, PRIMER_REACH) > MOSTLY_AT_ENDS)
    }
