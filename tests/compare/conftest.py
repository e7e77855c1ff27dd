"""Evidence built as the caller would state it."""

import functools

import pytest
from scipy.special import betaincinv
from scipy.stats import poisson

from resistpanel.compare.evidence import DEFAULT_ERROR, View
from resistpanel.compare.purity import Locus, Purity
from resistpanel.core.vcf import Genotype


@functools.cache
def needed_fragments(depth, error=DEFAULT_ERROR, alpha=1e-6):
    """Return the fewest fragments with the allele that are called: too many for error."""
    return int(poisson.isf(alpha, depth * error)) + 1


@functools.cache
def caller(alt, depth, error=DEFAULT_ERROR):
    """Return the evidence that a caller with these limits states for counts.

    AFCI is Jeffreys', UB Clopper-Pearson's, DET 1 from `needed_fragments` on, LOD the AF that
    reaches them with 95 % probability; below 12 fragments a negative is not assessable.
    """
    if depth == 0:
        return Genotype((0, 0), 0, None, None, None, None, None, None)
    least = needed_fragments(depth, error)
    low = float(betaincinv(alt + 0.5, depth - alt + 0.5, 0.025)) if alt else 0.0
    high = float(betaincinv(alt + 0.5, depth - alt + 0.5, 0.975)) if alt < depth else 1.0
    ub = float(betaincinv(alt + 1, depth - alt, 0.95)) if alt < depth else 1.0
    lod = float(betaincinv(least, depth - least + 1, 0.95)) if least <= depth else None
    detected = alt >= least
    if not detected and depth < 12:
        detected = None
    return Genotype((depth - alt, alt), depth, alt / depth, low, high, lod, ub, detected)


def make_view(alt, depth, name="", purity=None, copies=None, control=(0, 0), **interval):
    where = Purity() if purity is None else Purity(purity, source="test", **interval)
    return View(caller(alt, depth), Locus(where, copies), DEFAULT_ERROR, control, name)


@pytest.fixture(scope="session")
def view():
    return make_view
