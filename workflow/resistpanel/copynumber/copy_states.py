"""Copy-number states and what each predicts: log2 ratio, allelic balance, allele frequency.

With purity p, tumour cells that have c copies (m of the rarer haplotype) of a locus of which
normal cells have n, and of which the genome at large has b copies per tumour cell:

    log2 ratio        log2((p c + (1 - p) n) / (p b n / 2 + (1 - p) n))
    rarer haplotype   (p m + (1 - p) n / 2) / (p c + (1 - p) n)         for n = 2
    somatic AF        p k / (p c + (1 - p) n)           for k mutated copies in every tumour cell

Sources: Carter et al., Nat Biotechnol 2012;30:413 (ABSOLUTE); Van Loo et al., PNAS
2010;107:16910 (ASCAT).
"""

import dataclasses

import numpy as np

from resistpanel.copynumber.copynumber_constants import FREEDOM, RHO, STRAY_SPAN
from resistpanel.core.special import gammaln
from resistpanel.core.stats import log_beta_binomial


@dataclasses.dataclass(frozen=True)
class States:
    """Copy-number states of a locus with two copies in normal cells; arrays over states.

    Attributes
    ----------
    total, minor : ndarray of int
        Copies, and those of the rarer haplotype.
    """

    total: np.ndarray
    minor: np.ndarray


#: All states up to 8 copies; for 9 and more the rarer haplotype has 0 or 1.
STATES = States(
    *np.array(
        [(c, m) for c in range(9) for m in range(c // 2 + 1)]
        + [(c, m) for c in (10, 12, 15, 20, 30, 50) for m in (0, 1)]
    ).T
)


def log_prior(baseline: int = 2) -> np.ndarray:
    """Return the log prior of each of `STATES` for a gene of a panel.

    Most genes have the genome's own number of copies; a step of one copy is commoner than
    larger ones; copy-neutral LOH is as common as a step. The numbers are judgement, of the
    size that pan-cancer surveys find (Beroukhim et al., Nature 2010;463:899).
    """
    total, minor = STATES.total, STATES.minor
    weight = np.full(len(total), 2e-4)
    weight[total > 8] = 2e-3 / (total > 8).sum()
    weight[(total >= 6) & (total <= 8)] = 5e-4
    step = np.abs(total - baseline)
    usual = baseline // 2
    weight[(step == 1) & (np.abs(minor - usual) <= 1)] = 0.03
    weight[(step == 2) & (total > 0)] = 0.004
    weight[(total == baseline) & (minor == 0)] = 0.02
    weight[total == 0] = 0.003
    weight[(total == baseline) & (minor == usual)] = 0.85
    return np.log(weight / weight.sum())


def log_single_prior(total: np.ndarray, normal: int) -> np.ndarray:
    """Return the log prior of numbers of copies where normal cells have `normal` (X in a man)."""
    return np.log(
        np.where(total == normal, 0.9, np.where(np.abs(total - normal) == 1, 0.03, 0.004))
    )


def expected_log2(purity: np.ndarray, total: np.ndarray, normal: int = 2, baseline: int = 2):
    """Return the log2 ratio against the genome at large; arguments broadcast."""
    top = purity * total + (1 - purity) * normal
    bottom = purity * baseline * normal / 2 + (1 - purity) * normal
    return np.log2(np.maximum(top / bottom, 2**-7))


def expected_balance(purity: np.ndarray, total: np.ndarray, minor: np.ndarray):
    """Return the fraction of a locus's DNA that is of the rarer haplotype."""
    top = purity * minor + (1 - purity)
    bottom = purity * total + 2 * (1 - purity)
    return np.where(bottom > 1e-9, top / np.maximum(bottom, 1e-9), 0.5)


def copies(log2, purity, normal: int = 2, baseline: int = 2):
    """Return the copies per tumour cell that a log2 ratio stands for, at least 0."""
    scale = purity * baseline * normal / 2 + (1 - purity) * normal
    found = (np.exp2(log2) * scale - (1 - purity) * normal) / purity
    return np.maximum(found, 0.0)


def log_ratio_likelihood(
    log2: float, se: float, expected: np.ndarray, stray: float = 0.0
) -> np.ndarray:
    """Return the log-likelihood of a log2 ratio: Student's t, with a share of strays."""
    fit = log_student((log2 - expected) / se, FREEDOM) - np.log(se)
    return np.logaddexp(np.log1p(-stray) + fit, np.log(stray / STRAY_SPAN)) if stray else fit


def log_student(x: np.ndarray, freedom: float) -> np.ndarray:
    """Return the log density of Student's t."""
    constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - np.log(freedom * np.pi) / 2
    return constant - (freedom + 1) / 2 * np.log1p(x**2 / freedom)


def log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the log of the sum of exponentials along an axis, of which one value is finite."""
    top = values.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis))


def log_counts(frequency: np.ndarray, alt: np.ndarray, depth: np.ndarray, rho=RHO):
    """Return the log-likelihood of allele counts; no frequency is 0 or 1 for stray reads."""
    return log_beta_binomial(np.clip(frequency, 1e-4, 1 - 1e-4), alt, depth, rho)


def log_balance_sites(
    balance: np.ndarray,
    alt: np.ndarray,
    depth: np.ndarray,
    reference_bias: np.ndarray | float = 0.0,
    rho: np.ndarray | float = RHO,
) -> np.ndarray:
    """Return the log-likelihood of each heterozygous site; its haplotype is not known.

    Parameters
    ----------
    balance : ndarray
        Fraction of the rarer haplotype.
    alt, depth : ndarray of int, (sites,)
    reference_bias : float or ndarray, (sites,)
        Logit by which the reference allele is favoured in a balanced sample.
    rho : float or ndarray, (sites,)
        Overdispersion of the counts.

    Returns
    -------
    ndarray, of the shape of `balance` and sites
    """
    balance = np.asarray(balance, float)[..., None]

    def shifted(f: np.ndarray) -> np.ndarray:
        f = np.clip(f, 1e-4, 1 - 1e-4)
        return 1 / (1 + (1 - f) / f * np.exp(reference_bias))

    first = log_counts(shifted(balance), alt, depth, rho)
    return np.logaddexp(first, log_counts(shifted(1 - balance), alt, depth, rho)) - np.log(2)
