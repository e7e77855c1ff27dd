"""Filters as data: the caller walks the table, the VCF header and the docs are written from it."""

import math
from dataclasses import dataclass

import numpy as np

from resistpanel.call.call_constants import (
    CLUSTER_COMMONER,
    CLUSTER_SHARED,
    CLUSTER_WINDOW,
    ENDS_LIKE,
    LESS_SIDE,
    LINKED_AF,
    LINKED_LEAST,
    LINKED_REGION,
    LINKED_SD,
    LINKED_TRANS,
    MOSTLY_AT_ENDS,
    ODDS_MOST,
    PRIMER_ERROR_MOST,
    PRIMER_ERROR_VARIES,
    PRIMER_JACKPOT_MOST,
    PRIMER_REACH,
    RUN_THROUGH_CHANGES,
    RUN_THROUGH_TRACT,
)
from resistpanel.call.io.evidence import Candidate, near, near_ends
from resistpanel.core.allele import Allele
from resistpanel.core.distinct import among
from resistpanel.core.reference import Reference, encode
from resistpanel.core.special import bdtr, bdtrc
from resistpanel.core.stats import jeffreys_interval


@dataclass(frozen=True)
class Filter:
    """A filter.

    Attributes
    ----------
    name : str
        As in the VCF's FILTER column.
    metric : str
        Key of the metrics of `measure`.
    below : bool
        The filter applies where the metric is below (else above) the threshold.
    threshold : float
    description : str
    unit, origin : str
        Of the threshold, as in `resistpanel.core.parameters.Parameter`.
    """

    name: str
    metric: str
    below: bool
    threshold: float
    description: str
    unit: str
    origin: str = "judgement"


FILTERS = (
    Filter(
        "weak",
        "somatic_phred",
        True,
        10.0,
        "Phred-scaled probability that the allele is not somatic is below {threshold:g}",
        "Phred",
    ),
    Filter(
        "germline",
        "germline_odds",
        True,
        0.0,
        "A germline variant explains the samples better than a somatic one",
        "log-odds",
        "definition: equal posterior probabilities",
    ),
    Filter(
        "artifact",
        "artifact_odds",
        True,
        0.0,
        "A recurrent artifact, present in the normal too, explains the samples better",
        "log-odds",
        "definition: equal posterior probabilities",
    ),
    Filter(
        "contamination",
        "contamination_odds",
        True,
        0.0,
        "Contamination by another person's DNA explains the samples better",
        "log-odds",
        "definition: equal posterior probabilities",
    ),
    Filter(
        "germline_resource",
        "population_af",
        False,
        0.01,
        "Allele frequency in the germline resource is above {threshold:g}",
        "1",
    ),
    Filter(
        "panel_of_normals",
        "normals",
        False,
        1.0,
        "More than {threshold:g} samples of the panel of normals show the allele",
        "samples",
    ),
    Filter(
        "few_fragments",
        "fragments",
        True,
        3.0,
        "Fewer than {threshold:g} supporting fragments in every tumour; in raw reads of hybrid "
        "capture those that begin and end at the same bases count once",
        "fragments",
    ),
    Filter(
        "few_molecules",
        "effective_fragments",
        True,
        2.0,
        "In amplicons, fewer than {threshold:g} effective fragments in every tumour, that is "
        "fragments divided by 1 + (n - 1) rho: copies of one molecule, which all have its PCR "
        "error",
        "fragments",
        "measured: python -m benchmarks.bed amplicon-ffpe",
    ),
    Filter(
        "strand",
        "strand_p",
        True,
        1e-5,
        "Strand bias of the supporting reads relative to the other reads (p < {threshold:g})",
        "p-value",
    ),
    Filter(
        "orientation",
        "orientation_p",
        True,
        1e-5,
        "Orientation bias (F1R2 or F2R1) of the supporting fragments, as from damage of one "
        "template strand (oxidation, formalin; p < {threshold:g})",
        "p-value",
    ),
    Filter(
        "position",
        "position_p",
        True,
        1e-5,
        "The allele is near read ends more often than the site is in all reads (p < {threshold:g})",
        "p-value",
    ),
    Filter(
        "fragment_ends",
        "at_fixed_ends",
        False,
        MOSTLY_AT_ENDS,
        "One-base deletion at an allele frequency below 0.1, in more than {threshold:g} of its "
        "fragments at a possible primer of the amplicon: a synthesis error (primers unknown), "
        "unless another sample has far less of it",
        "1",
    ),
    Filter(
        "mapping",
        "mapq_loss",
        False,
        15.0,
        "Mean mapping quality of the supporting reads is more than {threshold:g} below that "
        "of all reads at the site",
        "Phred",
    ),
    Filter(
        "mismatches",
        "mismatches",
        False,
        4.0,
        "Supporting reads have a median of more than {threshold:g} further mismatches "
        "per 100 bases: they are probably mismapped",
        "per 100 bases",
    ),
    Filter(
        "ambiguous_mapping",
        "low_mapq",
        False,
        0.5,
        "More than {threshold:g} of the reads at the site were excluded for low mapping quality",
        "1",
    ),
    Filter(
        "slippage",
        "slip_ratio",
        True,
        6.0,
        "Allele frequency is less than {threshold:g} times the stutter rate of the repeat, or the "
        "allele is a homopolymer that was read on into the bases behind it",
        "1",
    ),
    Filter(
        "cluster",
        "cluster",
        False,
        2.0,
        "More than {threshold:g} other new alleles within 50 bases in the same fragments",
        "alleles",
    ),
    Filter(
        "linked",
        "linked",
        False,
        1.0,
        "Without a normal, more than {threshold:g} other new alleles on the same molecules, or an "
        "allele of the same frequency near such: a copy of the region that the reference lacks",
        "alleles",
        "measured: python -m benchmarks.bed tumour-only",
    ),
    Filter(
        "primer_end",
        "commoner",
        False,
        10.0,
        "In amplicons, what the end of a primer makes of an allele that more than {threshold:g} "
        "times as many fragments have: the part of a deletion beyond the primer, or the allele "
        "without the base beside the primer",
        "1",
    ),
    Filter(
        "damage",
        "damage_ratio",
        True,
        1.0,
        "In amplicons, C>T (G>A) or G>T (C>A) below the damage limit of every tumour that shows it",
        "1",
    ),
)


def _at_least(k: int, n: int, p: float) -> float:
    """Return the binomial probability of k or more out of n."""
    return 1.0 if k <= 0 else float(bdtrc(k - 1, n, p))


def _two_sided(k: float, n: float, p: float) -> float:
    """Return a doubled-tail binomial probability; 1 unless one side is all but missing.

    Thousands of fragments make a slight imbalance significant, which no artifact explains.
    """
    if n <= 0 or not 0 < p < 1:
        return 1.0
    k = round(k)
    n = round(n)
    if min(k / p, (n - k) / (1 - p)) > LESS_SIDE * n:
        return 1.0
    return float(min(1.0, 2 * min(bdtr(k, n, p), _at_least(k, n, p))))


def measure(
    candidate: Candidate,
    tumors: list[int],
    read_length: float,
    amplicon: bool = False,
    primers: bool = False,
    duplex: bool = False,
) -> dict[str, float]:
    """Return the metrics of an allele over the tumours, those of the model excepted.

    Both mates of an amplicon begin at its primers whichever strand its template was, so that the
    orientation says nothing of damage. An indel may be out of reach of one of them. Where primers
    are unknown, the reads of a neighbour show the reference under theirs, in one direction and
    orientation. Duplex reads are of both strands of the molecule, whichever mate covers the allele.

    Parameters
    ----------
    candidate : Candidate
    tumors : list of int
        Indices of the samples that count.
    read_length : float
        Mean length of the reads.
    amplicon, primers, duplex : bool
        Whether the library is of amplicons, whether their primers are known, and whether every
        tumour's reads are of both strands.
    """
    rows = np.concatenate([candidate.support[s].rows for s in tumors])
    depth = sum(candidate.support[s].depth for s in tumors).sum(1)
    low = sum(candidate.support[s].low_mapq for s in tumors)
    total = depth.sum()
    metrics = {
        "fragments": float(max(candidate.support[s].distinct for s in tumors)),
        "strand_p": 1.0,
        "orientation_p": 1.0,
        "position_p": 1.0,
        "mapq_loss": 0.0,
        "mismatches": 0.0,
        "low_mapq": low / max(low + total, 1.0),
        "slip_ratio": np.inf,
        "cluster": 0.0,
    }
    if not len(rows) or total <= 0:
        return metrics
    if candidate.allele.symbolic:
        # Where a breakend is in a target, one strand, one orientation and lower mapping qualities
        # are what split reads have.
        return metrics
    strand = rows["cls"] % 3
    single = strand < 2
    forward, reverse = depth[[0, 3]].sum(), depth[[1, 4]].sum()
    # Agreement of both mates is evidence from both strands: it speaks against a bias.
    blind = duplex or (amplicon and not (primers and candidate.allele.substitution))
    if single.sum() > 0.5 * len(rows) and not blind:
        metrics["strand_p"] = _two_sided(
            (strand == 0).sum(), single.sum(), forward / max(forward + reverse, 1)
        )
    if not amplicon:
        metrics["orientation_p"] = _two_sided(
            (rows["cls"] < 3).sum(), len(rows), depth[:3].sum() / total
        )
    if not candidate.allele.substitution:
        # Realigned reads show an indel near their ends as well as in their middle.
        return metrics | _mapping(candidate, rows, read_length)
    ends = near(read_length)
    # Reads of an amplicon all begin at one base: no allele there can be anywhere else.
    reads = np.array([candidate.support[s].total for s in tumors], float)
    site = np.average([candidate.support[s].near_end for s in tumors], weights=reads)
    chance = min(1.0, max(2.5 * ends / read_length, ENDS_LIKE * site))
    metrics["position_p"] = _at_least(int((rows["dist"] < ends).sum()), len(rows), chance)
    return metrics | _mapping(candidate, rows, read_length)


def _mapping(candidate: Candidate, rows: np.ndarray, read_length: float) -> dict[str, float]:
    """Return what the mapping of the reads with the allele says."""
    changed = max(1, len(candidate.allele.alt)) if candidate.allele.substitution else 0
    others = np.median(np.maximum(rows["mismatches"] - changed, 0))
    return {
        # A sample without reads at the site has no mapping quality to compare with.
        "mapq_loss": max(s.mapq for s in candidate.support if s.total) - float(rows["mapq"].mean()),
        "mismatches": float(others) * 100 / read_length,
    }


def at_fixed_ends(candidate: Candidate, tumors: list[int], amplicons: list[int]) -> float:
    """Return the fraction of a deletion's fragments in which a primer may have lost the base.

    0 for what is no deletion of one base, and for what no error of synthesis is: too common, or far
    rarer in another of the `amplicons`, the patient's samples that the same primers amplified.
    """
    allele = candidate.allele
    if allele.shift != -1 or len(allele.ref) != 1:
        return 0.0
    alt = np.array([s.alt for s in candidate.support], float)
    total = np.array([s.total for s in candidate.support], float)
    of_primers = [s for s in tumors if s in amplicons]
    highest = (alt[of_primers] / np.maximum(total[of_primers], 1)).max(initial=0)
    if not highest or highest >= PRIMER_ERROR_MOST:
        return 0.0
    # A jackpot of the first cycles is in one sample alone, too.
    if highest >= PRIMER_JACKPOT_MOST:
        _, upper = jeffreys_interval(alt[amplicons], total[amplicons])
        if upper.min() * PRIMER_ERROR_VARIES <= highest:
            return 0.0
    return near_ends(candidate, tumors, PRIMER_REACH)


def clusters(
    candidates: list[Candidate], tumors: list[int], window: int = CLUSTER_WINDOW
) -> np.ndarray:
    """Return, for each candidate, how many others nearby are carried by the same fragments.

    `candidates` are the new ones (not germline), in order of position.
    """
    count = np.zeros(len(candidates))
    for i, a in enumerate(candidates):
        for j in range(i + 1, len(candidates)):
            b = candidates[j]
            if b.allele.contig != a.allele.contig or b.allele.pos - a.allele.end > window:
                break
            shared = sum(
                among(a.support[s].rows["frag"], b.support[s].rows["frag"]).sum() for s in tumors
            )
            alt = [sum(c.support[s].alt for s in tumors) for c in (a, b)]
            if min(alt) and shared >= CLUSTER_SHARED * min(alt):
                count[i] += shared >= CLUSTER_COMMONER * alt[0]
                count[j] += shared >= CLUSTER_COMMONER * alt[1]
    return count


def linked(candidates: list[Candidate], tumors: list[int]) -> np.ndarray:
    """Return, for each candidate, how many others are on the same molecules, int, (candidates,).

    A copy of a region that the reference lacks differs from it at several bases, which are all on
    the same molecules, at one frequency in all samples of the person. An allele of that frequency
    near such a group counts as one of it. Below `LINKED_AF` in any tumour there is no such copy:
    one more than the two of every cell gives a sixth and more.

    Parameters
    ----------
    candidates : list of Candidate
        The new ones (not germline), in order of position.
    tumors : list of int
    """
    count = np.zeros(len(candidates))
    if not len(candidates):
        return count
    alt = np.array([[c.support[s].alt for s in tumors] for c in candidates], float)
    total = np.array([[c.support[s].total for s in tumors] for c in candidates], float)
    possible = (alt >= LINKED_AF * np.maximum(total, 1)).all(axis=1)
    place = {candidates[i].allele: i for i in np.flatnonzero(possible)}
    for candidate in (candidates[i] for i in np.flatnonzero(possible)):
        a = place[candidate.allele]
        for other, cis, trans in candidate.phase:
            b = place.get(other)
            if b is None or cis < LINKED_LEAST or trans > LINKED_TRANS * (cis + trans):
                continue
            back = next((t for o, _, t in candidates[b].phase if o == candidate.allele), cis)
            count[a] += back <= LINKED_TRANS * (cis + back)
    grouped = count.copy()
    most = next(f.threshold for f in FILTERS if f.name == "linked")
    for i in np.flatnonzero(count > most):
        for k, c in enumerate(candidates):
            if c.allele.contig != candidates[i].allele.contig or not possible[k]:
                continue
            if abs(c.allele.pos - candidates[i].allele.pos) > LINKED_REGION:
                continue
            pooled = (alt[i] + alt[k]) / np.maximum(total[i] + total[k], 1)
            apart = alt[i] / np.maximum(total[i], 1) - alt[k] / np.maximum(total[k], 1)
            size = 1 / np.maximum(total[i], 1) + 1 / np.maximum(total[k], 1)
            sd = np.sqrt(pooled * (1 - pooled) * size)
            if (np.abs(apart) <= LINKED_SD * np.maximum(sd, 1e-9)).all():
                grouped[k] = max(grouped[k], count[i])
    return grouped


def run_through(allele: Allele, reference: Reference) -> bool:
    """Return whether an allele looks like a homopolymer that was read on into the bases behind it.

    Sequencers that lose phase in a homopolymer go on to read its base: several substitutions by
    that base in a row. Variants do so hardly ever.
    """
    if allele.symbolic or len(allele.ref) != len(allele.alt) or len(set(allele.alt)) > 1:
        return False
    base = allele.alt[0]
    if sum(r != base for r in allele.ref) < RUN_THROUGH_CHANGES:
        return False
    tract = encode(base * RUN_THROUGH_TRACT)
    beside = (
        (allele.pos - RUN_THROUGH_TRACT, allele.pos),
        (allele.end, allele.end + RUN_THROUGH_TRACT),
    )
    return any(np.array_equal(reference.codes(allele.contig, *span), tract) for span in beside)


def damage_ratio(af: np.ndarray, limits: np.ndarray) -> float:
    """Return the highest ratio, over the samples, of allele frequency to the limit of damage.

    `af` and `limits` are (samples,); infinite where a sample without such an excess has the allele.
    """
    ratio = np.where(limits > 0, af / np.maximum(limits, 1e-9), np.where(af > 0, np.inf, 0.0))
    return float(ratio.max())


def failed(metrics: dict[str, float], filters: tuple[Filter, ...] = FILTERS) -> list[str]:
    """Return the names of the filters that apply."""
    return [
        f.name
        for f in filters
        if f.metric in metrics
        and (metrics[f.metric] < f.threshold if f.below else metrics[f.metric] > f.threshold)
    ]


def written_odds(odds: float) -> float:
    """Return log10 odds within what a record shows, `ODDS_MOST` either way."""
    return min(max(float(odds), -ODDS_MOST), ODDS_MOST)


def values(metrics: dict[str, float]) -> list[float | None]:
    """Return the metric of each filter, in the order of the table, as INFO gives it."""
    # Odds are cut like those of the fields ODDS_*; infinity is "never", as is no metric.
    given = [metrics.get(f.metric) for f in FILTERS]
    return [None if v is None or v == math.inf else max(float(v), -ODDS_MOST) for v in given]
