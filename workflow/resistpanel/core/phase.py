"""What fragments that cover two alleles show of their phase."""

from math import lgamma, log

from resistpanel.core.core_constants import PHASE_ERROR, PHASE_FRAGMENTS


def phase_of(cis: int, trans: int) -> str:
    """Return ``cis``, ``trans``, ``cis and trans`` or ``unknown``.

    Two alleles are on the same molecules if errors explain the fragments with the first one alone
    better than molecules do that have it alone: the beta-binomial likelihood of `trans` under the
    prior of an error rate (`PHASE_ERROR`) is compared with that under a fraction that is uniform
    from 0 to 1. They are in trans if errors explain those with both. One fragment alone does not
    show molecules of a second kind: of few fragments it leaves the phase unknown.

    Parameters
    ----------
    cis, trans : int
        Fragments that have both alleles, and those that cover both sites and have the first one
        alone.
    """
    n = cis + trans
    if n < PHASE_FRAGMENTS:
        return "unknown"
    molecules = -log(n + 1)
    of_cis, of_trans = _log_error(trans, n), _log_error(cis, n)
    if max(of_cis, of_trans) <= molecules:
        return "cis and trans" if min(cis, trans) > 1 else "unknown"
    return "cis" if of_cis > of_trans else "trans"


def _log_error(k: int, n: int) -> float:
    """Return the log probability of `k` errors in `n` fragments.

    Beta-binomial with the prior Beta(1, b): b n! Gamma(n - k + b) / ((n - k)! Gamma(n + b + 1)).
    """
    b = 1 / PHASE_ERROR - 1
    return log(b) + lgamma(n + 1) + lgamma(n - k + b) - lgamma(n - k + 1) - lgamma(n + b + 1)
