"""Which alleles the same fragments carry: in cis, or on different copies."""

import numpy as np

from resistpanel.call.call_constants import (
    CODON_REACH,
    INHERITED_IN_NORMAL,
    MAX_PARTNERS,
    MAX_PHASED,
)
from resistpanel.call.io.evidence import Candidate, Pile, Support, mask, others
from resistpanel.core.allele import Allele
from resistpanel.core.distinct import distinct
from resistpanel.core.reference import BASES


def _tells(p: Pile, allele: Allele) -> np.ndarray:
    """Return which fragments would tell if they lacked an allele, bool, (fragments,)."""
    if allele.substitution and len(allele.ref) == 1:
        return others(p, allele.pos, BASES.index(allele.alt))
    return mask(p, p.frags[p.over(allele.pos - 4, allele.end + 4)])


def within_codon(a: Allele, b: Allele) -> bool:
    """Return whether two alleles may change one codon, introns aside."""
    first, second = sorted((a, b))
    return second.pos - first.end < CODON_REACH


def _shift(a: Allele) -> int:
    """Return by how many bases an allele shifts a reading frame, 0 to 2."""
    return (len(a.alt) - len(a.ref)) % 3


def restore(a: Allele, b: Allele) -> bool:
    """Return whether two alleles that shift the frame restore it together, if in one gene."""
    return bool(_shift(a)) and (_shift(a) + _shift(b)) % 3 == 0


def _inherited(support: Support) -> bool:
    """Return whether so many of the normal's fragments carry an allele that it is germline."""
    return support.alt >= INHERITED_IN_NORMAL * max(support.total, 1)


def phase(
    piles: list[Pile], found: list[Candidate], normal: int | None, reach: int = 600, least: int = 5
) -> None:
    """Note which candidates the same fragments carry: in cis, or on different copies.

    Parameters
    ----------
    piles : per sample
    found : candidates of the chunk; their `phase` is filled with (other allele, cis, trans),
        fragments of all samples together
    normal : int or None
        An allele that a fifth of the normal's fragments carry is germline: it is compared with the
        new ones of its codon alone and, if it shifts the frame, with those that restore it.
    reach : int
        Bases between two alleles that a fragment can span.
    least : int
        Fragments that either allele must have.
    """

    usable = [c for c in found if sum(s.alt for s in c.support) >= least]
    inherited = {c.allele for c in usable if normal is not None and _inherited(c.support[normal])}
    new = [c for c in usable if c.allele not in inherited]
    most = sorted(new, key=lambda c: -sum(s.alt for s in c.support))[:MAX_PHASED]
    near = {
        pos for c in most for pos in range(c.allele.pos - CODON_REACH, c.allele.end + CODON_REACH)
    }
    shifting = [c.allele.pos for c in most if _shift(c.allele)]
    most += [
        c
        for c in usable
        if c.allele in inherited
        and (
            c.allele.pos in near
            or (_shift(c.allele) and any(abs(pos - c.allele.pos) <= reach for pos in shifting))
        )
    ]
    kept = sorted(most, key=lambda c: c.allele)
    # Of every candidate and sample: the fragments that carry it, and those that could deny it.
    known: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}

    def told(n: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        if n not in known:
            known[n] = []
            for p, support in zip(piles, kept[n].support, strict=True):
                frags = distinct(support.rows["frag"])
                known[n].append((frags, mask(p, frags), _tells(p, kept[n].allele)))
        return known[n]

    for n, a in enumerate(kept):
        for m, b in enumerate(kept[n + 1 : n + 1 + MAX_PARTNERS], n + 1):
            if b.allele.pos - a.allele.end > reach:
                break
            if b.allele.pos < a.allele.end:
                continue  # two alleles of one place exclude each other
            germline = (a.allele in inherited) + (b.allele in inherited)
            together = within_codon(a.allele, b.allele) or restore(a.allele, b.allele)
            if germline == 2 or (germline and not together):
                continue
            cis = only_a = only_b = 0
            for (fa, has_a, tells_a), (fb, has_b, tells_b) in zip(told(n), told(m), strict=True):
                cis += int(has_b[fa].sum())
                only_a += int((tells_b[fa] & ~has_b[fa]).sum())
                only_b += int((tells_a[fb] & ~has_a[fb]).sum())
            if cis + only_a + only_b:
                a.phase.append((b.allele, cis, only_a))
                b.phase.append((a.allele, cis, only_b))
        known.pop(n, None)
