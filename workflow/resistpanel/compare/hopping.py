"""Fragments of the patient's other libraries in a sample: index hopping.

Libraries that were sequenced together exchange a fraction of their reads. An allele at 30 % in the
library at relapse is then seen in the library before treatment too, in h times as many fragments
as the former has. h is not known; it is the same for all alleles: the patient's private variants
show it. Its prior is even between none and log-uniform up to the highest rate that is considered.
Each allele is present in the sample or not, and the rate for one allele is that of the others,

    P(h | others) = P(h) prod_j [P(k_j | present) / 2 + Poisson(k_j; h A_j + e n_j) / 2],
    BF = P(k | present) / sum_h P(h | others) Poisson(k; h A + e n),

with k of n fragments in the sample, A with the allele in the other libraries, and error rate e.

Sources: Costello et al., BMC Genomics 2018;19:332; van der Valk et al., Mol Ecol Resour
2020;20:1171 (rates).
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.special import gammaln, logsumexp

from resistpanel.compare.compare_constants import HOPPING_STEPS, LEAST_HOPPING
from resistpanel.compare.read_calls import Record
from resistpanel.compare.support import PRESENT, log_if_present


@dataclasses.dataclass(frozen=True)
class Hopped:
    """Fragments of an allele in a sample that may come from the patient's other libraries.

    Parameters
    ----------
    source : str
        The other sample with the most fragments of the allele.
    rate : float
        Upper 95 % bound of the rate, by the other alleles: fraction of the other libraries'
        fragments.
    log10_presence : float
        Log10 Bayes factor of presence against hopping and errors.
    called : bool
        Whether the caller detected the allele in the sample.
    """

    source: str
    rate: float
    log10_presence: float
    called: bool = False


def hopped(
    records: Sequence[Record],
    tumors: Sequence[str],
    error: Callable[[str], float],
    most: float,
) -> dict[tuple[str, str], Hopped]:
    """Return the fragments for whose presence hopping leaves less than certain evidence.

    Parameters
    ----------
    records : sequence of Record
        All alleles; somatic ones are looked at.
    tumors : sequence of str
        Tumour and plasma samples.
    error : callable
        Error rate per fragment, of a sample.
    most : float
        Highest rate; 0: hopping is not considered.

    Returns
    -------
    dict
        By allele and sample.
    """
    somatic = [one for one in records if one.fields["model"] == "somatic"]
    if most <= 0 or len(tumors) < 2 or not somatic:
        return {}
    rates = np.concatenate([[0.0], np.geomspace(min(LEAST_HOPPING, most), most, HOPPING_STEPS)])
    found = {}
    for sample in tumors:
        others = [name for name in tumors if name != sample]
        for identifier, result in _of_sample(somatic, sample, others, error(sample), rates):
            found[identifier, sample] = result
    return found


def _of_sample(
    somatic: Sequence[Record], sample: str, others: Sequence[str], error: float, rates: np.ndarray
):
    """Yield (id, Hopped) of one sample."""
    alts = np.array([[r.evidence[name].alt for name in (sample, *others)] for r in somatic])
    shown = np.array([[r.evidence[name].detected is True for name in others] for r in somatic])
    depth = np.array([r.evidence[sample].depth for r in somatic])
    elsewhere = np.where(shown, alts[:, 1:], 0)
    use = np.flatnonzero((elsewhere.sum(1) > 0) & (depth > 0))
    if not len(use):
        return
    k, n, of_others = alts[use, 0], depth[use], elsewhere[use].sum(1)
    present = log_if_present(k, n, error)
    mean = rates * of_others[:, None] + (error * n)[:, None]
    absent = k[:, None] * np.log(mean) - mean - gammaln(k + 1)[:, None]
    either = np.logaddexp(absent, present[:, None]) - math.log(2)
    log_prior = np.full(len(rates), -math.log(2 * (len(rates) - 1)))
    log_prior[0] = -math.log(2)
    given = log_prior + either.sum(0) - either
    given -= logsumexp(given, axis=1, keepdims=True)
    factor = (present - logsumexp(given + absent, axis=1)) / math.log(10)
    below = np.cumsum(np.exp(given), axis=1) >= 0.95
    for row in np.flatnonzero((k > 0) & (factor < PRESENT)):
        source = others[int(elsewhere[use[row]].argmax())]
        rate = float(rates[below[row].argmax()])
        one = somatic[use[row]]
        called = one.evidence[sample].detected is True
        yield one.fields["id"], Hopped(source, rate, float(factor[row]), called)


def without_hopped(
    records: Sequence[Record], found: Mapping[tuple[str, str], Hopped]
) -> tuple[Record, ...]:
    """Return the records; where hopping may be all, an allele is not detected."""
    changed = []
    for record in records:
        evidence = {
            name: dataclasses.replace(one, detected=False)
            if one.detected and (record.fields["id"], name) in found
            else one
            for name, one in record.evidence.items()
        }
        changed.append(dataclasses.replace(record, evidence=evidence))
    return tuple(changed)
