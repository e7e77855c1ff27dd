"""The probability that an allele exists in the patient, from the odds of the caller's models."""

import math
from collections.abc import Mapping
from typing import Any

from resistpanel.call.model.posterior import Priors
from resistpanel.compare.compare_constants import MOST_LOG10, ROUNDING
from resistpanel.core.vcf import number


def probability_real(info: Mapping[str, Any], catalogued: bool) -> float | None:
    """Return the probability that an allele is neither error, artifact nor another person's.

    Parameters
    ----------
    info : mapping
        INFO of a call: ``SOMATIC_PHRED`` and the log10 odds of a somatic variant against the other
        models (``ODDS_NULL``, ``ODDS_GERMLINE``, ``ODDS_ARTIFACT``).
    catalogued : bool
        Whether the allele is one that the catalogue asks for.

    Returns
    -------
    float or None
        None where the call states no odds.

    Notes
    -----
    The odds contain the caller's priors. Its weight of absence (`Priors.null`) is an operating
    point: 0.01 is the prior of a somatic variant of 1e-3 at a site in place of 1e-5. That is what
    is expected of the few hundred alleles which the catalogue asks for, of which a relapse often
    has one; it holds for them. For any other allele of the panel the weight is taken out, so that
    the prior is that of a somatic variant (1e-5). An inherited allele is real too: with a normal
    its origin is decided there, without one the verdict says that it is not proven.
    """
    phred, null, germline, artifact = (
        number(info.get(name))
        for name in ("SOMATIC_PHRED", "ODDS_NULL", "ODDS_GERMLINE", "ODDS_ARTIFACT")
    )
    if phred is None or null is None or germline is None:
        return None
    absent, inherited = _against(null), _against(germline)
    copied = 0.0 if artifact is None else _against(artifact)
    somatic = -math.expm1(-max(phred, 0.0) / 10 * math.log(10))
    if somatic > 0:
        every = (1 - somatic) / somatic
        # The odds against contamination are not stated: what the stated ones leave.
        foreign = every - absent - inherited - copied
        copied += foreign if foreign > ROUNDING * every else 0.0
    if not catalogued:
        absent /= Priors().null
    there = 1 + inherited
    return there / (there + absent + copied)


def _against(log10_odds: float) -> float:
    """Return the odds against a somatic variant."""
    return 10 ** min(max(-log10_odds, -MOST_LOG10), MOST_LOG10)
