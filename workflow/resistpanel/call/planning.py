"""What an assay would call, before it is run: limits from molecules and families, and the reverse.

The limits are those that the caller states (`limits`), at a site of the assumed error rates: there
is no second formula. What is assumed is what the error model assumes before any data: the nominal
rates of duplex, simplex and single copies, and the usual distribution of their multiplier. The
overdispersion of allele counts is that of the assay's prior, unless earlier samples have shown it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resistpanel.call import limits
from resistpanel.call.call_constants import (
    KNOWN_ALPHA,
    NOMINAL_RATES,
    PLAN_MOST_MOLECULES,
    PLAN_NORMAL,
)
from resistpanel.call.errors.error_model import recurrent, usual
from resistpanel.call.model.known import known_errors
from resistpanel.call.model.overdispersion import prior
from resistpanel.call.model.posterior import ERROR_CENTRES, Evidence, Priors
from resistpanel.call.model.presence import backgrounds
from resistpanel.core.core_constants import GENOMES_PER_NG
from resistpanel.core.stats import overdispersed_limit, overdispersed_upper

#: Quality groups of `NOMINAL_RATES`: reads from Q30 on, consensus of one and of two strands.
READ, SIMPLEX, DUPLEX = 4, 6, 7
NORMAL, PLASMA = 0, 1
BASES = 3  # wrong ones that a base may be read as


@dataclass(frozen=True)
class Planned:
    """An assay.

    Attributes
    ----------
    family : float
        Mean number of read pairs of a molecule, both strands together; 1 or more.
    umi : str
        duplex, single, or none: fragments without UMIs.
    normal : float
        Fragments of the matched normal, without UMIs.
    parts : (float, float, float), optional
        Fractions of duplex, simplex and single-copy molecules, where they are known.
    rho : float, optional
        Overdispersion of allele counts, where samples of the assay have shown it.
    """

    family: float = 3.0
    umi: str = "duplex"
    normal: float = PLAN_NORMAL
    parts: tuple[float, float, float] | None = None
    rho: float | None = None

    def overdispersion(self) -> float:
        """Return `rho`, or the median of the assay's prior."""
        if self.rho is not None:
            return self.rho
        return prior("capture", "raw" if self.umi == "none" else "duplex")

    def priors(self) -> Priors:
        """Return the priors of a substitution."""
        return Priors() if self.umi == "none" else Priors().of_molecules()

    def tiers(self) -> tuple[float, float, float]:
        """Return the fractions of duplex, simplex and single-copy molecules.

        Unless `parts` states them: read pairs of a strand are Poisson; molecules without one are
        not seen.
        """
        if self.parts is not None:
            return self.parts
        if self.umi == "none" or self.family <= 1:
            return 0.0, 0.0, 1.0
        rate = _rate(self.family)
        seen = -np.expm1(-rate)
        single = rate * np.exp(-rate) / seen
        duplex = np.expm1(-rate / 2) ** 2 / seen if self.umi == "duplex" else 0.0
        return float(duplex), float(1 - duplex - single), float(single)


@dataclass(frozen=True)
class Limits:
    """Allele frequencies that a number of molecules reaches, with 95 % probability each.

    Attributes
    ----------
    called : float or None
        Lowest called anywhere on the panel.
    known : float or None
        Lowest detected of an allele known from tissue.
    excluded : float
        Lowest excluded where no molecule shows the allele.
    """

    called: float | None
    known: float | None
    excluded: float


def _rate(mean: float) -> float:
    """Return the Poisson mean of which positive counts have this mean."""
    low, high = 1e-9, mean
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle / -np.expm1(-middle) < mean else (low, middle)
    return (low + high) / 2


def evidence(
    molecules: float, assay: Planned, by_group: Sequence[float] = NOMINAL_RATES
) -> tuple[Evidence, np.ndarray]:
    """Return a site of normal and plasma without the allele, and `limits.Sites.log_error`.

    `by_group` are error rates per base by quality group.
    """
    of_read = by_group[READ] / BASES
    good, expected = np.zeros((1, 2, 2)), np.zeros((1, 2, 3))
    log_error = np.full((1, 2, 3, 3), np.log(of_read))
    log_error[..., 1] = 0.0
    good[0, NORMAL] = assay.normal / 2
    expected[0, NORMAL, :2] = good[0, NORMAL] * of_read
    other = np.array([[assay.normal, molecules]], float)
    if assay.umi == "none":
        good[0, PLASMA] = molecules / 2
        expected[0, PLASMA, :2] = good[0, PLASMA] * of_read
    else:
        duplex, simplex, single = assay.tiers()
        rates = np.array([by_group[g] / BASES for g in (DUPLEX, SIMPLEX)])
        weight = np.array([duplex, simplex]) / max(duplex + simplex, 1e-9)
        good[0, PLASMA] = molecules * (duplex + simplex) / 2
        expected[0, PLASMA, :2] = good[0, PLASMA] * (weight @ rates)
        # A molecule of one copy errs as a read does.
        expected[0, PLASMA, 2] = molecules * single * of_read
        if duplex + simplex > 0:
            mean = weight @ np.log(rates)
            spread = np.sqrt(weight @ (np.log(rates) - mean) ** 2)
            log_error[0, PLASMA, :2] = mean, spread, np.log(weight @ rates)
        log_error[0, PLASMA, 2, [0, 2]] = np.log(of_read)
    found = Evidence(
        np.zeros((1, 2, 3, len(ERROR_CENTRES))),
        other,
        expected,
        good,
        np.log(recurrent())[None],
        np.tile(np.log(usual()), (1, 2, 2, 1)),
    )
    return found, log_error


def limits_of(molecules: float, assay: Planned) -> Limits:
    """Return what a number of molecules at a site reaches.

    Parameters
    ----------
    molecules : float
        Informative ones; fragments without UMIs.
    assay : Planned
    """
    found, log_error = evidence(molecules, assay)
    rho = assay.overdispersion()
    sites = limits.Sites(found, log_error=log_error)
    called = limits.detection_limits(sites, PLASMA, limits.Conditions(NORMAL, assay.priors()))
    priors = assay.priors()
    known = known_errors(found, backgrounds(found, NORMAL, priors), KNOWN_ALPHA, [PLASMA])
    critical = known.critical[0, PLASMA]
    least = np.nan
    if critical <= molecules:
        needed = limits.Needed(np.array([critical]), np.ones(1), [(critical, np.inf)])
        least = limits.frequency_of(needed, molecules)

    def stated(limit) -> float | None:
        value = float(np.ravel(overdispersed_limit(limit, molecules, rho))[0])
        return value if np.isfinite(value) else None

    excluded = float(np.ravel(overdispersed_upper([0], [molecules], [rho]))[0])
    return Limits(stated(called), stated(least), excluded)


def molecules_for(frequency: float, assay: Planned) -> dict[str, float | None]:
    """Return the fewest molecules at which a frequency is called, known, and excluded.

    By names of `Limits`; None where more than `PLAN_MOST_MOLECULES` would be needed.
    """
    found: dict[str, float | None] = {}
    known: dict[float, Limits] = {}

    def reached(name: str, molecules: float) -> bool:
        if molecules not in known:
            known[molecules] = limits_of(molecules, assay)
        limit = getattr(known[molecules], name)
        return limit is not None and limit <= frequency

    steps = np.round(np.geomspace(20, PLAN_MOST_MOLECULES, 121))
    for name in ("called", "known", "excluded"):
        low, high = 0, len(steps) - 1
        if not reached(name, float(steps[-1])):
            found[name] = None
            continue
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(name, float(steps[middle])) else (middle + 1, high)
        found[name] = float(steps[high])
    return found


def molecules_of(nanograms: float, conversion: float) -> float:
    """Return the molecules at a site of an amount of cell-free DNA.

    Parameters
    ----------
    nanograms : float
    conversion : float
        Fraction of the genome equivalents that are sequenced, 0 to 1.
    """
    return nanograms * GENOMES_PER_NG * conversion
