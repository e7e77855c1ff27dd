"""From which allele frequency on a new junction would be called, by depth."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from resistpanel.call import limits
from resistpanel.call.call_constants import (
    CARRIED_JUNCTION,
    JUNCTION_ARTIFACT,
    JUNCTION_DEPTHS,
    JUNCTION_ERROR,
)
from resistpanel.call.model import population
from resistpanel.call.model import posterior as model
from resistpanel.core.stats import overdispersed_limit

if TYPE_CHECKING:
    from resistpanel.call.caller import Caller


def junction_limits(
    caller: "Caller", rho: Sequence[float], threshold: float
) -> list[list[tuple[int, float]]]:
    """Return the limit of detection of a junction at some depths, NaN where there is none.

    As at a called junction: the model that calls, with the error rate and the priors of a precise
    junction that no polymerase makes. The other samples are as deep relative to the sample as
    their numbers of reads are.

    Parameters
    ----------
    caller : Caller
        With evidence and estimates.
    rho : (samples,)
        Overdispersion.
    threshold : float
        Phred-scaled, of a call.

    Returns
    -------
    list of list of (depth, AF)
        Per sample; depth is in fragments that show the junction or its absence.
    """
    samples = len(caller.samples)
    depths = np.array(JUNCTION_DEPTHS, dtype=float)
    reads = np.maximum(np.asarray(caller.found.reads, dtype=float), 1)
    priors = caller.settings.priors
    priors = dataclasses.replace(priors, artifact=min(JUNCTION_ARTIFACT, priors.artifact))
    conditions = limits.Conditions(
        caller.normal, priors, caller.admixture, caller.log_het, threshold
    )
    germline = None
    if caller.settings.germline:
        germline = np.full(len(depths), population.log_germline_prior(None))
    log_error = np.zeros((len(depths), samples, 3, 3))
    log_error[..., 0] = log_error[..., 2] = np.log(JUNCTION_ERROR)
    found = []
    for s in range(samples):
        total = depths[:, None] * (reads / reads[s])[None, :]
        sites = limits.Sites(_evidence(caller, total), germline, None, log_error, None)
        binomial = limits.detection_limits(sites, s, conditions)
        lod = overdispersed_limit(binomial, total[:, s], rho[s], np.zeros(len(depths)))
        found.append(list(zip(JUNCTION_DEPTHS, np.asarray(lod, float).tolist(), strict=True)))
    return found


def _evidence(caller: "Caller", total: np.ndarray) -> model.Evidence:
    """Return sites at which nothing is seen, of some depths, (depths, samples)."""
    n, samples = total.shape
    halves = np.stack([total / 2, total / 2], axis=2)
    carried = np.log(CARRIED_JUNCTION)
    if caller.settings.germline:
        carried = population.log_germline_prior(None)
    return model.Evidence(
        errors=np.zeros((n, samples, 3, len(model.ERROR_CENTRES))),
        other=total,
        expected=JUNCTION_ERROR * np.concatenate([halves, np.zeros((n, samples, 1))], axis=2),
        good=halves,
        log_shared=np.tile(caller.log_multiplier, (n, 1)),
        log_own=np.tile(caller.log_multiplier, (n, samples, 2, 1)),
        log_carried=np.full(n, carried),
    )
