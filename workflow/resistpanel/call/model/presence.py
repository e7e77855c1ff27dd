"""Whether one sample shows an allele, given what the other samples show at the site.

A tumour that shows ten of 900 fragments says little if the normal shows ten of 900 too. Presence
in a sample is compared with absence under each background b that the site may have,

    BF_s = sum_b P(b) O(b) P(s | b, present) / sum_b P(b) O(b) P(s | b, absent),

O(b) being the product of P(t | b) over the other samples t, each of which may have the allele or
not. The backgrounds are those of `posterior.evaluate`: an error multiplier that the samples share,
multipliers of each sample's own, and a recurrent artifact at one frequency in all of them. The idea
is that of shearwater, which tests a sample against the error rate of the others at the site.

Source: Gerstung, Papaemmanuil, Campbell, Bioinformatics 2014;30:1198.
"""

from dataclasses import dataclass

import numpy as np

from resistpanel.call.model.posterior import (
    NO_ADMIXTURE,
    Admixture,
    Evidence,
    Likelihoods,
    Priors,
    in_normal,
    log_artifact_prior,
    log_own_absent,
    logsumexp,
)


@dataclass(frozen=True)
class Backgrounds:
    """What the samples say of the backgrounds that sites may have.

    Attributes
    ----------
    alone : float64, (candidates, samples)
        Log Bayes factor of presence by each sample's evidence alone.
    absent, present : float64, (candidates, samples, backgrounds)
        Log-likelihood of each sample without the allele, and with it.
    given_others : float64, (candidates, samples, backgrounds)
        Log of prior times what the other samples say. The backgrounds are the shared multipliers,
        that of the sample itself and, with a normal, the frequencies of an artifact.
    """

    alone: np.ndarray
    absent: np.ndarray
    present: np.ndarray
    given_others: np.ndarray


def log_presence(
    evidence: Evidence,
    normal: int | None,
    priors: Priors,
    admixture: Admixture = NO_ADMIXTURE,
) -> np.ndarray:
    """Return the log Bayes factor of presence against absence, (candidates, samples).

    The smaller of those with and without the other samples. What they show can lower the evidence
    and not raise it: damage may be of this sample alone, however clean the others are. The
    normal's is without them.

    Parameters
    ----------
    evidence : Evidence
        Of alleles that are not inherited: under those the samples are not independent.
    normal : int or None
        Index of the normal; None in tumour-only mode, where no recurrent artifact is considered:
        it could not be distinguished from a variant of all tumours.
    priors : Priors
    admixture : Admixture
    """
    found = backgrounds(evidence, normal, priors, admixture)
    given = logsumexp(found.given_others + found.present, axis=2)
    given -= logsumexp(found.given_others + found.absent, axis=2)
    result = np.minimum(found.alone, given)
    if normal is not None:
        result[:, normal] = found.alone[:, normal]
    return result


def backgrounds(
    evidence: Evidence,
    normal: int | None,
    priors: Priors,
    admixture: Admixture = NO_ADMIXTURE,
) -> Backgrounds:
    """Return what the samples say of the backgrounds; parameters as of `log_presence`."""
    by_sample = Likelihoods.of(evidence)
    number, samples = evidence.other.shape
    w = evidence.log_shared
    shown = logsumexp(w[:, None] + by_sample.present, axis=2)
    alone = shown - logsumexp(w[:, None] + by_sample.absent, axis=2)
    log_prior = [
        np.log1p(-priors.independent) + w,
        np.full((number, 1), np.log(priors.independent)),
    ]
    absent = [by_sample.absent, log_own_absent(evidence)[:, :, None]]
    if normal is not None:
        recurrent = log_artifact_prior(priors.artifact_low) + np.log(priors.artifact / priors.null)
        log_prior.append(np.tile(recurrent, (number, 1)))
        absent.append(by_sample.close)
    log_prior, absent = np.concatenate(log_prior, axis=1), np.concatenate(absent, axis=2)
    # Beside a background of the sample's own, or an artifact, any multiplier goes.
    present = np.repeat(shown[:, :, None], absent.shape[2], axis=2)
    present[:, :, : w.shape[1]] = by_sample.present
    # What each sample says of a background if it may have the allele or not.
    either = np.logaddexp(np.log1p(-priors.present) + absent, np.log(priors.present) + present)
    if normal is not None:
        # An artifact at one frequency is in the normal too; tumour in the normal is none.
        tumors = [s for s in range(samples) if s != normal]
        either[:, normal] = absent[:, normal]
        errors = slice(0, w.shape[1] + 1)
        either[:, normal, errors] = in_normal(
            by_sample, absent[:, normal, errors], normal, tumors, admixture
        )
    together = log_prior + either.sum(axis=1)
    return Backgrounds(alone, absent, present, together[:, None] - either)
