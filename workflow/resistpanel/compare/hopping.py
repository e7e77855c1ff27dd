"""Fragments of the patient's other libraries in a sample: index hopping.

Libraries that were sequenced together exchange a fraction of their reads. An allele at 30 % in the
library at relapse is then seen in the library before treatment too, in h times as many fragments
as the former has. h is not known; it is the same for all alleles: the patient's private variants
show it. Its prior is even between none and log-uniform up to the highest rate that is considered.
Each allele is present in the sample or not, and the rate for one allele is that of the others,

    P(h | others) = P(h) prod_j [P(k_j | present) / 2 + Poisson(k_j; h A_j + e n_j) / 2],
    BF = P(k | present) / sum_h P(h | others) Poisson(k; h A + e n),

with k of n fragments in the sample, A with the allele in the other libraries, and error rate e.

Libraries of other patients hop too. What alleles they have is not known: an allele that is not the
patient's is in all of the patient's libraries, the normal too, as the same fraction h g of their
fragments, g being its frequency in the library that it comes from.

Sources: Costello et al., BMC Genomics 2018;19:332; van der Valk et al., Mol Ecol Resour
2020;20:1171 (rates).
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from resistpanel.compare.compare_constants import (
    CLEAR_COUNT,
    HOPPING_STEPS,
    LEAST_HOPPING,
    POOL_ALLELES,
    POOL_FREQUENCIES,
)
from resistpanel.compare.read_calls import Record
from resistpanel.compare.support import PRESENT, log_if_present
from resistpanel.core.special import gammaln
from resistpanel.core.stats import log_sum_exp
from resistpanel.core.text import rounded

#: Quantiles of equal weight of the rate.
_QUANTILES = (np.arange(9) + 0.5) / 9


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
    background : tuple of float
        Equally likely fractions of the sample's fragments that come from the other libraries.
    """

    source: str
    rate: float
    log10_presence: float
    called: bool = False
    background: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Counts:
    """Alleles of the patient's other libraries in one sample.

    Parameters
    ----------
    rows : int, (alleles,)
        Of the records.
    elsewhere : int, (alleles, others)
        Fragments in the other libraries that show it.
    k, n : int, (alleles,)
        Fragments with the allele in the sample, and all.
    present : float, (alleles,)
        Log-likelihood of presence.
    absent : float, (alleles, rates)
        Of absence, by rate of hopping.
    """

    rows: np.ndarray
    elsewhere: np.ndarray
    k: np.ndarray
    n: np.ndarray
    present: np.ndarray
    absent: np.ndarray

    @property
    def either(self) -> np.ndarray:
        """Log-likelihood of each rate by each allele, present or not, (alleles, rates)."""
        return np.logaddexp(self.absent, self.present[:, None]) - math.log(2)


class Hopping:
    """What the patient's libraries show of index hopping.

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
    """

    def __init__(
        self,
        records: Sequence[Record],
        tumors: Sequence[str],
        error: Callable[[str], float],
        most: float,
    ):
        self.most, self.tumors, self.error = most, tumors, error
        self.somatic = [one for one in records if one.fields["model"] == "somatic"]
        self.counts: dict[str, _Counts] = {}
        if most <= 0:
            return
        self.rates = np.concatenate(
            [[0.0], np.geomspace(min(LEAST_HOPPING, most), most, HOPPING_STEPS)]
        )
        self.log_prior = np.full(len(self.rates), -math.log(2 * HOPPING_STEPS))
        self.log_prior[0] = -math.log(2)
        if len(tumors) > 1 and self.somatic:
            self.counts = {name: one for name in tumors if (one := self._of_sample(name))}

    def _of_sample(self, sample: str) -> _Counts | None:
        others = [name for name in self.tumors if name != sample]
        alts = np.array(
            [[r.evidence[name].alt for name in (sample, *others)] for r in self.somatic]
        )
        shown = np.array(
            [[r.evidence[name].detected is True for name in others] for r in self.somatic]
        )
        depth = np.array([r.evidence[sample].depth for r in self.somatic])
        elsewhere = np.where(shown, alts[:, 1:], 0)
        use = np.flatnonzero((elsewhere.sum(1) > 0) & (depth > 0))
        if not len(use):
            return None
        k, n, error = alts[use, 0], depth[use], self.error(sample)
        mean = self.rates * elsewhere[use].sum(1)[:, None] + (error * n)[:, None]
        present = log_if_present(k, n, error)
        return _Counts(use, elsewhere[use], k, n, present, _log_poisson(k[:, None], mean))

    def hopped(self) -> dict[tuple[str, str], Hopped]:
        """Return the fragments for whose presence hopping leaves less than certain evidence.

        Returns
        -------
        dict
            By allele and sample.
        """
        found = {}
        for sample, counts in self.counts.items():
            others = [name for name in self.tumors if name != sample]
            given = self.log_prior + counts.either.sum(0) - counts.either
            given -= log_sum_exp(given)[:, None]
            factor = counts.present - log_sum_exp(given + counts.absent)
            factor /= math.log(10)
            below = np.cumsum(np.exp(given), axis=1)
            for row in np.flatnonzero((counts.k > 0) & (factor < PRESENT)):
                one, elsewhere = self.somatic[counts.rows[row]], counts.elsewhere[row]
                at = np.searchsorted(below[row], (*_QUANTILES, 0.95))
                rates = self.rates[np.minimum(at, len(self.rates) - 1)]
                found[one.fields["id"], sample] = Hopped(
                    others[int(elsewhere.argmax())], float(rates[-1]), float(factor[row]),
                    one.evidence[sample].detected is True,
                    tuple(float(x) for x in rates[:-1] * elsewhere.sum() / counts.n[row]),
                )  # fmt: skip
        return found

    def pool_odds(self, record: Record) -> float:
        """Return the odds that an allele hopped from another patient's library, to a somatic one.

        Before its fragments are seen there are `POOL_ALLELES` alleles of other patients in the
        pool for each of this one. The rate is that of all of the patient's libraries.

        Parameters
        ----------
        record : Record
            Of the model somatic or absent, in a patient with or without a normal.
        """
        shown = [(name, one) for name, one in record.evidence.items() if one.depth]
        if self.most <= 0 or not any(one.alt for _, one in shown):
            return 0.0
        highest = self.most * max(POOL_FREQUENCIES)
        if any(one.alt >= CLEAR_COUNT and one.alt > 10 * highest * one.depth for _, one in shown):
            return 0.0
        log_rate = self._log_rate[1:]
        amount = np.multiply.outer(self.rates[1:], POOL_FREQUENCIES)
        pooled = log_rate[:, None] - math.log(len(POOL_FREQUENCIES)) + np.zeros_like(amount)
        somatic = 0.0
        for name, one in shown:
            error = self.error(name) * one.depth
            pooled = pooled + _log_poisson(one.alt, one.depth * amount + error)
            absent = float(_log_poisson(one.alt, error))
            if name in self.tumors:
                present = float(log_if_present(one.alt, one.depth, self.error(name)))
                somatic += np.logaddexp(absent, present) - math.log(2)
            else:
                somatic += absent
        return POOL_ALLELES * math.exp(min(float(log_sum_exp(pooled.ravel())) - somatic, 700.0))

    @functools.cached_property
    def _log_rate(self) -> np.ndarray:
        """Log posterior of the rate, one for all libraries, (rates,)."""
        log_rate = self.log_prior + sum(one.either.sum(0) for one in self.counts.values())
        return log_rate - log_sum_exp(log_rate)


def _log_poisson(k, mean) -> np.ndarray:
    """Return the log probability of a Poisson count."""
    return k * np.log(mean) - mean - gammaln(k + 1)


def with_pool(record: Record, hopping: Hopping) -> Record:
    """Return a record whose probability allows for the libraries of other patients.

    Only an allele that is not inherited is put to it: the odds are to a somatic variant.
    """
    real = record.fields.get("real")
    if not real or record.fields["model"] not in ("somatic", "absent", "artifact"):
        return record
    odds = hopping.pool_odds(record)
    if odds == 0:
        return record
    together = rounded(1 / (1 / real + odds))
    return dataclasses.replace(record, fields=record.fields | {"real": together})


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
