"""How far damage of the template reaches in a sample whose reads show no orientation.

Both mates of an amplicon are read whichever strand was damaged, so that nothing at a site
distinguishes damage from a variant. The other sites of the sample do: damage (formalin, oxidation)
raises the frequency of one kind of substitution at all of them, each at its own rate. The tail of
these frequencies is exponential above a threshold (peaks over threshold: Davison and Smith,
J R Stat Soc B 1990;52:393), and predicts the highest frequency among all sites.
"""

import numpy as np

from resistpanel.call.call_constants import (
    DAMAGE_DEPTH,
    DAMAGE_FALSE,
    DAMAGE_MOST,
    DAMAGE_ODDS,
    DAMAGE_P,
    DAMAGE_PRIOR,
    DAMAGE_ROUNDS,
    DAMAGE_SITES,
    DAMAGE_TAIL,
    DAMAGE_TAIL_LEAST,
    DAMAGE_TAIL_MOST,
)
from resistpanel.call.errors.error_model import ErrorCounts
from resistpanel.core.damage_kinds import KINDS, kind_of
from resistpanel.core.reference import BASES
from resistpanel.core.special import bdtrc

_OTHERS = frozenset(
    (ref, alt)
    for ref in BASES[:4]
    for alt in BASES[:4]
    if ref != alt and kind_of([(ref, alt)]) is None
)


def frequencies(counts: ErrorCounts, changes: frozenset[tuple[str, str]]) -> np.ndarray:
    """Return the frequency of some substitutions at each site of a sample, (sites,).

    Sites of less than `DAMAGE_DEPTH` times the median depth are left out: one error there is as
    frequent as damage elsewhere. So are frequencies above `DAMAGE_MOST`, which damage does not
    reach.
    """
    depth = [sites.depth.sum((1, 2)) for sites in counts.sites]
    covered = np.concatenate([d[d > 0] for d in depth]) if depth else np.zeros(0)
    if not len(covered):
        return np.zeros(0)
    least = max(DAMAGE_DEPTH * np.median(covered), 1)
    found = []
    for sites, n in zip(counts.sites, depth, strict=True):
        context, errors = sites.context, sites.counts
        middle = context // 4 % 4
        for ref, alt in sorted(changes):
            use = (context >= 0) & (middle == BASES.index(ref)) & (n >= least)
            found.append(errors[use, BASES.index(alt), 2] / n[use])
    found = np.concatenate(found)
    return found[found <= DAMAGE_MOST]


def _excess(ours: np.ndarray, others: np.ndarray, threshold: float) -> bool:
    """Return whether a kind is seen at more sites than the others are, up to the threshold.

    Damage is of all sites. Variants, be they every tenth site, are few among those up to the
    threshold. The test is binomial, given the sum of both numbers.
    """
    ours, others = ours[ours <= threshold], others[others <= threshold]
    if not len(ours) or not len(others):
        return False
    number, rest = int((ours > 0).sum()), int((others > 0).sum())
    part = DAMAGE_ODDS * len(ours) / (DAMAGE_ODDS * len(ours) + len(others))
    return number > 0 and bdtrc(number - 1, number + rest, part) < DAMAGE_P


def tail_limit(ours: np.ndarray, others: np.ndarray) -> float:
    """Return the frequency up to which sites of a kind are damaged; 0 without an excess.

    Parameters
    ----------
    ours : (sites,)
        Frequencies of substitutions of the kind of damage, from `frequencies`.
    others : (other sites,)
        Of substitutions of no kind of damage.

    Returns
    -------
    float
        A site beyond it is expected `DAMAGE_FALSE` times among all sites of the kind, at most
        `DAMAGE_MOST`.

    Notes
    -----
    The tail is the highest `DAMAGE_TAIL` of the sites, at most `DAMAGE_TAIL_MOST`, but at least
    twice as many as the other substitutions, which are no damage, have among twice as many. It is
    a mixture, fitted by EM, of damage, exponential above the threshold, and of variants, uniform in
    log f: variants thus do not raise the limit. The inverse of the scale has a gamma prior; the
    prior scale is the threshold. Integrated over its posterior, damage has a Pareto distribution,
    so that few sites give a wider limit.
    """
    if len(ours) < DAMAGE_SITES:
        return 0.0
    ours = np.sort(ours)[::-1]
    length = int(np.clip(np.ceil(DAMAGE_TAIL * len(ours)), DAMAGE_TAIL_LEAST, DAMAGE_TAIL_MOST))
    # Where variants are the whole tail, damage begins below it.
    variants = int((others > ours[min(2 * length, len(ours) - 1)]).sum())
    threshold = ours[min(max(length, 2 * (variants + 1)), len(ours) // 2)]
    if threshold <= 0 or not _excess(ours, others, threshold):
        return 0.0
    tail = ours[ours > threshold]
    density = 1 / (tail * np.log(DAMAGE_MOST / threshold))
    part = expected = min((int((others > threshold).sum()) + 1) / (len(tail) + 1), 0.5)
    scale = threshold
    for _ in range(DAMAGE_ROUNDS):
        damage = (1 - part) * np.exp((threshold - tail) / scale) / scale
        damage /= damage + part * density
        shape = damage.sum() + DAMAGE_PRIOR
        total = (damage * (tail - threshold)).sum() + DAMAGE_PRIOR * threshold
        scale = total / shape
        # What the other substitutions let expect counts as one site.
        part = ((1 - damage).sum() + expected) / (len(tail) + 1)
    beyond = total * ((damage.sum() / DAMAGE_FALSE) ** (1 / shape) - 1)
    return float(min(threshold + max(beyond, 0.0), DAMAGE_MOST))


def damage_limits(error_counts: list[ErrorCounts]) -> dict[str, np.ndarray]:
    """Return the frequency up to which each sample is damaged, (samples,), by kind of damage."""
    others = [frequencies(counts, _OTHERS) for counts in error_counts]
    return {
        kind: np.array(
            [
                tail_limit(frequencies(counts, changes), rest)
                for counts, rest in zip(error_counts, others, strict=True)
            ]
        )
        for kind, changes in KINDS.items()
    }
