"""Evidence for the models from a table of counts."""

import numpy as np

from resistpanel.call.errors.error_model import MULTIPLIERS
from resistpanel.call.model.posterior import ERROR_CENTRES, ERROR_EDGES, Evidence, between_centres

#: Most sites are like the average, few err much more often.
USUAL = np.exp(-3 * np.abs(np.log(MULTIPLIERS)))
USUAL /= USUAL.sum()

#: An error probability in the middle of its bin.
ERROR = float(ERROR_CENTRES[np.searchsorted(ERROR_EDGES, np.log10(3e-4))])


def evidence(counts, error=ERROR, sides=None, shared=USUAL, own=None) -> Evidence:
    """Return the evidence of candidates that are given as tables of fragments.

    Parameters
    ----------
    counts : list of candidates, each a list of (alt, total) per sample
    error : float
        Probability of the allele by error, of every fragment.
    sides : list like `counts`, of alt in F1R2; half of them if not given
    shared : (MULTIPLIERS,)
    own : (MULTIPLIERS,), optional
        Each sample's own multipliers, both orientations; as the shared if not given.
    """
    counts = np.array(counts, dtype=float)
    n, samples, _ = counts.shape
    alt, total = counts[..., 0], counts[..., 1]
    first = alt / 2 if sides is None else np.array(sides, dtype=float)
    errors = np.zeros((n, samples, 3, len(ERROR_CENTRES)))
    at, upper = (x[0] for x in between_centres(np.array([error])))
    for step, weight in enumerate((1 - upper, upper)):
        errors[:, :, 0, at + step], errors[:, :, 1, at + step] = (
            first * weight,
            (alt - first) * weight,
        )
    half = total[..., None] / 2 * np.ones(2)
    expected = np.concatenate([half * error, np.zeros((n, samples, 1))], axis=2)
    return Evidence(
        errors,
        total - alt,
        expected,
        half,
        np.tile(np.log(shared), (n, 1)),
        np.tile(np.log(shared if own is None else own), (n, samples, 2, 1)),
    )
