"""Junctions of a patient: from the reads that show them to candidates with their evidence."""

import dataclasses
import math
from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING

import numpy as np

from resistpanel.call.call_constants import (
    FOLDBACK_HOMOLOGY,
    FOLDBACK_PART,
    FOLDBACK_REACH,
    HOMOLOGOUS_ERROR,
    INHERITED_INSERTION,
    INHERITED_TRANSLOCATION,
    JUNCTION_ARTIFACT,
    JUNCTION_ERROR,
    JUNCTION_FLANK,
    JUNCTION_FRAGMENTS,
    JUNCTION_JOIN,
    JUNCTION_REACH,
    LONG_INSERTION,
    PAIRED_FRAGMENTS,
    POLYMORPHIC,
    REPEAT_DIVERGENCE,
    SHADOW,
    SHADOW_LEAST,
    SHADOW_SHARE,
    SHORTEST_JUNCTION,
    TANDEM_IDENTITY,
)
from resistpanel.call.events.assemble import assemble
from resistpanel.call.events.clusters import Cluster, clusters, longest_template
from resistpanel.call.events.genotype import Side, paired_support, support
from resistpanel.call.io import regions
from resistpanel.call.io.evidence import Candidate
from resistpanel.call.io.reader import Reader, Reads
from resistpanel.call.model.posterior import Priors
from resistpanel.core.allele import Allele, haplotype, tract
from resistpanel.core.junction import LEFT, RIGHT, Breakend, Junction
from resistpanel.core.reference import Reference
from resistpanel.qc.assay import counts_copies

if TYPE_CHECKING:
    from resistpanel.call.caller import Caller

#: Bases of a window that are read at most, beyond which fragments are thinned.
WINDOW_BASES = 20_000_000


class Windows:
    """The reads of all samples in small windows, each file read once.

    Parameters
    ----------
    caller : Caller
    spans : list of (contig, start, end)
        0-based half-open, in any order.
    """

    def __init__(self, caller: "Caller", spans: Sequence[tuple[str, int, int]]) -> None:
        contigs = caller.samples[0].contigs
        spans = [(c, max(start, 0), end) for c, start, end in spans]
        self.spans = regions.merge(spans, contigs)
        self.reads: list[list[Reads]] = [[] for _ in self.spans]
        known = caller.found.marks
        for sample, assay, marks in zip(caller.samples, caller.assays, known, strict=True):
            reader = Reader(
                sample.path,
                self.spans,
                caller.settings.reference,
                caller.settings.min_mapq,
                WINDOW_BASES,
                consensus=assay.consensus,
                names=True,
                families=assay.families,
                umi=assay.umi,
                known=marks,
                copies=counts_copies(assay),
            )
            for k, (contig, start, end) in enumerate(self.spans):
                after = self.spans[k + 1] if k + 1 < len(self.spans) else ("", 0, 0)
                before = self.spans[k - 1] if k else ("", 0, 0)
                self.reads[k].append(
                    reader.next_chunk(
                        contig,
                        start,
                        end,
                        after[1] if after[0] == contig else -1,
                        before[2] if before[0] == contig else -1,
                    )
                )

    def of(self, contig: str, start: int, end: int) -> list[Reads]:
        """Return the reads of each sample in the window that holds [start, end)."""
        for k, (name, low, high) in enumerate(self.spans):
            if name == contig and low <= max(start, 0) and end <= high:
                return self.reads[k]
        raise KeyError(f"{contig}:{start}-{end} was not read")


def _clipped_to(span: tuple[str, int, int], contigs: dict[str, int]) -> tuple[str, int, int]:
    contig, start, end = span
    return contig, max(start, 0), min(end, contigs[contig])


def junctions(caller: "Caller") -> tuple[dict[Junction, Cluster], int]:
    """Return the junctions that the patient's reads show, and how many were left out.

    With each, the reads that led to it.
    """
    found = caller.found
    read = int(found.bases / max(int(found.reads.sum()), 1)) or 100
    amplicons = [assay.library == "amplicon" for assay in caller.assays]
    candidates, crowded = clusters(found.signals, found.lengths, read, amplicons)
    contigs = list(caller.samples[0].contigs)
    known = caller.reference.contigs
    candidates = [c for c in candidates if contigs[c.tid] in known and contigs[c.tid2] in known]
    if not candidates:
        return {}, crowded
    longest = max(longest_template(n) for n in found.lengths)
    spans = [c.spans(longest) for c in candidates]
    wanted = [
        (contigs[tid], start, end)
        for c, both in zip(candidates, spans, strict=True)
        for tid, (start, end) in zip((c.tid, c.tid2), both, strict=True)
    ]
    wanted = [_clipped_to(span, known) for span in wanted]
    windows = Windows(caller, [s for s in wanted if s[1] < s[2]])
    result: dict[Junction, Cluster] = {}
    for one, both in zip(candidates, spans, strict=True):
        first = Breakend(contigs[one.tid], one.pos, one.side)
        second = Breakend(contigs[one.tid2], one.pos2, one.side2)
        both = tuple(
            _clipped_to((end.contig, *span), known)[1:]
            for end, span in zip((first, second), both, strict=True)
        )
        if any(start >= end for start, end in both):
            continue
        exact = assemble(
            first, second, both, windows.of, caller.reference, caller.settings.min_qual
        )
        loose = exact is None and len(one.fragments) >= PAIRED_FRAGMENTS and not one.split
        if loose and not contradicted(first, second):
            exact = Junction.of(first, second, caller.reference, precise=False, uncertain=longest)
        if exact is not None:
            result.setdefault(exact, one)
    return result, crowded


def contradicted(first: Breakend, second: Breakend) -> bool:
    """Return whether pairs that no read of a breakend confirms cannot all span one deletion.

    `first` is beyond the end of every forward read, `second` before the start of every reverse
    one: where the two meet or cross, the pairs are long fragments of different places.
    """
    deletion = first.contig == second.contig and (first.side, second.side) == (LEFT, RIGHT)
    return deletion and second.pos - first.pos < SHORTEST_JUNCTION


def template_switch(junction: Junction) -> bool:
    """Return whether polymerases may make a junction: by homology, or folding back."""
    a, b = junction.first, junction.second
    foldback = a.contig == b.contig and a.side == b.side and b.pos - a.pos < FOLDBACK_REACH
    return foldback or junction.homology >= FOLDBACK_HOMOLOGY


def folds_back(allele: Allele, reference: Reference) -> bool:
    """Return whether an insertion repeats what is nearby on the other strand.

    As DNA does that folds back on itself where it is single-stranded, after enzymatic
    fragmentation, in linked reads or in old samples.
    """
    inserted = allele.alt
    if allele.shift < FOLDBACK_HOMOLOGY:
        return False
    around = reference(
        allele.contig, max(allele.pos - FOLDBACK_REACH, 0), allele.end + FOLDBACK_REACH
    )
    other = around.upper().translate(str.maketrans("ACGT", "TGCA"))[::-1]
    n = max(FOLDBACK_HOMOLOGY, math.ceil(FOLDBACK_PART * len(inserted)))
    return any(inserted[i : i + n] in other for i in range(len(inserted) - n + 1))


def error_of(junction: Junction) -> float:
    """Return the rate at which fragments show a junction by error."""
    doubtful = template_switch(junction) or not junction.precise
    return HOMOLOGOUS_ERROR if doubtful else JUNCTION_ERROR


def trusted(alleles: Sequence[Allele]) -> np.ndarray:
    """Return which alleles are junctions that no artifact makes in all samples alike, bool.

    `JUNCTION_ARTIFACT` is the prior of an artifact of these.
    """
    return np.array([a.symbolic and not template_switch(a) for a in alleles], dtype=bool)


def rarely_inherited(allele: Allele, reference: Reference) -> bool:
    """Return whether an allele is a long insertion or duplication outside of tandem repeats.

    Such as an internal tandem duplication. Copies of a tandem repeat, exact or not, differ between
    persons.
    """
    length = len(allele.alt)
    if allele.symbolic or not allele.pure_indel or length < LONG_INSERTION:
        return False
    if tract(allele, reference)[1] > 1:
        return False
    reach = 2 * length
    around = reference.codes(allele.contig, max(0, allele.pos - reach), allele.pos + reach)
    known = around < 4
    for shift in range(1, length + 1):
        both = known[shift:] & known[:-shift]
        same = (around[shift:] == around[:-shift]) & both
        if same.sum() >= TANDEM_IDENTITY * max(int(both.sum()), 1):
            return False
    return True


def polymorphic(candidates: Sequence[Candidate]) -> Callable[[Allele], bool]:
    """Return whether haplotypes differ much around an allele, by the substitutions there."""
    number, reach, af = POLYMORPHIC
    common: dict[str, list[int]] = {}
    for one in candidates:
        if one.allele.substitution and any(
            s.alt >= max(JUNCTION_FRAGMENTS, af * s.total) for s in one.support
        ):
            common.setdefault(one.allele.contig, []).append(one.allele.pos)
    places = {contig: np.unique(found) for contig, found in common.items()}

    def around(allele: Allele) -> bool:
        here = places.get(allele.contig, np.zeros(0, dtype=np.int64))
        low, high = np.searchsorted(here, [allele.pos - reach, allele.pos + reach + 1])
        return bool(high - low >= number)

    return around


def by_priors(
    alleles: Sequence[Allele],
    priors: Priors,
    molecules: bool = False,
    rare: Set[Allele] = frozenset(),
) -> list[tuple[np.ndarray, Priors]]:
    """Return the indices of alleles with the priors of the model for them.

    `molecules`: a tumour sample is of molecules, which has fewer artefacts of substitutions; slips
    of polymerases in repeats are in molecules too. `rare`: what is hardly ever inherited, see
    `rarely_inherited`.

    Without a normal, the prior decides whether a junction near an allele frequency of 0.5 is
    inherited: of one chromosome, as often as a substitution; of two, hardly ever, and from both
    parents never: at an AF near 1 a tumour lost the other chromosomes or amplified the junction.
    """
    of_junctions = dataclasses.replace(priors, artifact=min(JUNCTION_ARTIFACT, priors.artifact))
    of_translocations = dataclasses.replace(
        of_junctions,
        germline_het=min(INHERITED_TRANSLOCATION, priors.germline_het),
        germline_hom=min(INHERITED_TRANSLOCATION**2, priors.germline_hom),
    )
    least = min(INHERITED_INSERTION, priors.germline_het)
    of_insertions = dataclasses.replace(
        priors,
        germline_het=least,
        germline_hom=priors.germline_hom / priors.germline_het * least,
    )
    kind = trusted(alleles).astype(int)
    kind[[i for i, a in enumerate(alleles) if kind[i] and a.first.contig != a.second.contig]] = 2
    if molecules:
        kind[[i for i, a in enumerate(alleles) if a.substitution]] = 3
    kind[[i for i, a in enumerate(alleles) if a in rare]] = 4
    every = priors, of_junctions, of_translocations, priors.of_molecules(), of_insertions
    parts = [(np.flatnonzero(kind == number), some) for number, some in enumerate(every)]
    return [part for part in parts if len(part[0])] or parts[:1]


def known_already(junction: Junction, alleles: Sequence[Allele]) -> bool:
    """Return whether an insertion or deletion of the alignments is the event of a junction.

    Of a few bases, as one that split reads seemed to show may be when it is assembled, it has the
    same length.
    """
    if junction.type not in ("DEL", "DUP"):
        return False
    start, end = junction.first.pos, junction.second.pos
    for allele in alleles:
        if allele.contig != junction.contig or allele.shift == 0:
            continue
        alike = allele.shift == junction.shift
        if abs(allele.shift) >= JUNCTION_JOIN:
            alike = abs(allele.shift - junction.shift) <= JUNCTION_JOIN
        near = start - JUNCTION_JOIN - junction.homology <= allele.pos <= end + JUNCTION_JOIN
        if alike and near:
            return True
    return False


def candidates(caller: "Caller") -> list[Candidate]:
    """Return the junctions with the evidence of every sample; sets what was left out."""
    exact, caller.found.crowded_junctions = junctions(caller)
    aligned = [
        c.allele for c in caller.found.candidates if not c.allele.symbolic and c.allele.shift
    ]
    exact = {j: c for j, c in exact.items() if not known_already(j, aligned)}
    if not exact:
        return []
    known = caller.reference.contigs
    ends = [end for j in exact for end in (j.first, j.second)]
    reach = {end: j.uncertain or JUNCTION_FLANK for j in exact for end in (j.first, j.second)}
    around = {
        end: _clipped_to((end.contig, end.pos - reach[end], end.pos + reach[end]), known)
        for end in ends
    }
    windows = Windows(caller, list(around.values()))
    result = []
    for junction in sorted(exact):
        reads = [windows.of(*around[end]) for end in (junction.first, junction.second)]
        supports = []
        for sample, both in enumerate(zip(*reads, strict=True)):
            if junction.precise:
                supports.append(_support(junction, both, caller))
            else:
                names = {name for s, name in exact[junction].fragments if s == sample}
                supports.append(paired_support(junction, both, names))
        for found, of in zip(supports, caller.assays, strict=True):
            found.places = found.places if caller.by_ends(of) else 0
        if sum(s.alt for s in supports) >= JUNCTION_FRAGMENTS:
            result.append(Candidate(junction, supports))
    return result


def local(
    junctions: Sequence[Candidate], others: Sequence[Candidate], reference: Reference
) -> list[Candidate]:
    """Return the junctions of which the reads are those of an insertion or deletion at a breakend.

    Its clipped copy is placed in another repeat of the same family: beyond the breakend both read
    alike, and the local event has as many fragments or more.
    """
    found = []
    for one in junctions:
        junction, most = one.allele, sum(s.alt for s in one.support)
        for c in others:
            a = c.allele
            if not junction.precise or a.symbolic or abs(a.shift) < JUNCTION_JOIN:
                continue
            if sum(s.alt for s in c.support) < most:
                continue
            if any(
                end.contig == a.contig
                and a.pos - abs(a.shift) - JUNCTION_JOIN <= end.pos <= a.end + abs(a.shift)
                and reads_alike(junction, second, a, reference)
                for second, end in enumerate((junction.first, junction.second))
            ):
                found.append(one)
                break
    return found


def repeated(junctions: Sequence[Candidate], reference: Reference) -> list[Candidate]:
    """Return the junctions that are a better supported one of the same breakend in another repeat.

    The reads beyond it are placed in two repeats of one family: which of them it is, they cannot
    say; most do.
    """
    ranked = sorted(junctions, key=lambda c: -sum(s.alt for s in c.support))
    kept: list[tuple[Junction, bool]] = []
    found = []
    for one in ranked:
        ends = [(one.allele, second) for second in (False, True)]
        if one.allele.precise and any(
            _one_event(mine, its, reference) for mine in ends for its in kept
        ):
            found.append(one)
        elif one.allele.precise:
            kept += ends
    return found


def _one_event(
    mine: tuple[Junction, bool], its: tuple[Junction, bool], reference: Reference
) -> bool:
    """Return whether two junctions leave one breakend for sequences that read alike."""
    a, b = (j.second if second else j.first for j, second in (mine, its))
    if (a.contig, a.side) != (b.contig, b.side) or abs(a.pos - b.pos) > JUNCTION_JOIN:
        return False
    n = max(len(j.inserted) for j, _ in (mine, its)) + JUNCTION_REACH
    size = n - abs(a.pos - b.pos)
    start = max(a.pos, b.pos) if a.side == LEFT else min(a.pos, b.pos) - size
    words = []
    for (junction, second), end in zip((mine, its), (a, b), strict=True):
        word = Side.of(junction, second, n, reference).junction
        words.append(word[n + start - end.pos :][:size])
    return int((words[0] != words[1]).sum()) * REPEAT_DIVERGENCE <= size


def reads_alike(junction: Junction, second: bool, allele: Allele, reference: Reference) -> bool:
    """Return whether what follows a breakend is the haplotype of a local allele, repeats apart.

    Compared are the bases that either inserts, and `JUNCTION_REACH` / 2 more.
    """
    n = max(len(junction.inserted), abs(allele.shift)) + JUNCTION_REACH // 2
    side = Side.of(junction, second, n, reference)
    start = min(allele.pos, side.end.pos) - n
    stop = max(allele.end, side.end.pos) + n
    word = haplotype(allele, reference, start, stop)
    if side.end.side == LEFT:
        first = side.end.pos - start
        mine, its = side.junction[n:], word[first : first + n]
    else:
        last = len(word) - (stop - side.end.pos)
        mine, its = side.junction[:n], word[max(last - n, 0) : last]
    return len(its) == n and int((mine != its).sum()) * REPEAT_DIVERGENCE <= n


def shadows(result: Sequence[Candidate], others: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates that are what clips at a junction look like, nearby.

    An insertion, deletion or complex event that ends at a breakend of a precise junction, and that
    few more fragments show, is made of the reads of the junction, unless most of its fragments are
    of samples that do not show the junction, or a sample with the junction lacks it.
    """
    ends = [
        (end.contig, end.pos, np.array([s.alt for s in c.support]))
        for c in result
        if c.allele.precise
        for end in (c.allele.first, c.allele.second)
    ]
    found = []
    for c in others:
        if c.forced or c.allele.symbolic or abs(c.allele.shift) < JUNCTION_JOIN:
            continue
        alt = np.array([s.alt for s in c.support])
        for contig, pos, of_junction in ends:
            # What was inserted may be a copy that ends at the breakend.
            copied = c.allele.shift > 0 and 0 <= pos - c.allele.pos <= c.allele.shift
            near = min(abs(c.allele.pos - pos), abs(c.allele.end - pos)) <= JUNCTION_JOIN or copied
            same = contig == c.allele.contig and near
            same &= 2 * alt[of_junction > 0].sum() >= alt.sum()
            expected = alt.sum() * of_junction / max(of_junction.sum(), 1)
            same &= not ((expected >= SHADOW_LEAST) & (alt < SHADOW_SHARE * expected)).any()
            if same and alt.sum() <= SHADOW * of_junction.sum():
                found.append(c)
                break
    return found


def _support(junction: Junction, reads: tuple[Reads, Reads], caller: "Caller"):
    lengths = np.concatenate([r.table["length"] for r in reads])
    length = int(np.median(lengths)) if len(lengths) else 100
    flank = int(lengths.max(initial=length)) + 2 * JUNCTION_FLANK
    sides = tuple(Side.of(junction, second, flank, caller.reference) for second in (False, True))
    return support(reads, sides, junction, length)
