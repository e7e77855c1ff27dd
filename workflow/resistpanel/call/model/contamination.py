"""Foreign DNA in a sample: another person's, or the patient's own tumour in the normal.

Both are estimated from counts alone, so that any stage can use them.

Contamination. At a site where the patient has two copies of one allele, a fragment with the other
allele is an error, or comes from another person. That person has two, one or no copies of the
other allele; a fraction c of foreign DNA shows it at a frequency of c, c/2 or 0. The sites'
likelihoods are mixed over these three genotypes, whose shares are fitted (with a weak prior),
since they depend on the population and on how the sites were found. Sources: Cibulskis et al.,
Bioinformatics 2011;27:2601 (ContEst); Jun et al., Am J Hum Genet 2012;91:839.

Tumour in normal. A clonal somatic variant at frequency f in the tumour is seen in the normal at
t f, t being the fraction of the normal's DNA that is the tumour sample's. Variants that the
leaking cells do not carry show error alone. Source: Taylor-Weiner et al., Nat Methods
2018;15:531 (deTiN).
"""

import dataclasses

import numpy as np

from resistpanel.call.call_constants import (
    EM_STEPS,
    ERROR_SHAPE,
    FOREIGN_RHO,
    GENOTYPE_ERROR,
    GENOTYPE_SITES,
    GENOTYPES,
    LEAKING,
    LEAST_EVIDENCE,
    LEAST_LOCI,
    LEAST_SITES,
    LEAST_TUMOR_AF,
    LEAST_VARIANTS,
    LOCI_APART,
    MIN_GENOTYPE_DEPTH,
)
from resistpanel.core.special import betaln
from resistpanel.core.stats import log_beta_binomial

#: Foreign fractions that are tried: 0, then equal steps of the logarithm.
FRACTIONS = np.concatenate([[0.0], np.geomspace(2e-4, 0.5, 200)])


@dataclasses.dataclass(frozen=True)
class Fraction:
    """A fraction of foreign DNA.

    Attributes
    ----------
    value, low, high : float or None
        With 95 % interval; None with too few sites.
    found : bool or None
        Whether there is any: the evidence exceeds `LEAST_EVIDENCE` and the interval excludes 0.
    evidence : float or None
        Log10 likelihood ratio against none.
    sites : int
        Sites used.
    """

    value: float | None
    low: float | None
    high: float | None
    found: bool | None
    evidence: float | None
    sites: int

    def text(self) -> str:
        """Return it as the VCF header has it."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return ",".join(
            f"{name}:{'.' if value is None else f'{value:g}'}" for name, value in values.items()
        )

    @classmethod
    def parse(cls, text: str) -> "Fraction":
        """Return what `text` wrote.

        Raises
        ------
        ValueError
            If it is something else.
        """
        words = dict(part.split(":") for part in text.split(","))
        values = {k: None if v == "." else float(v) for k, v in words.items()}
        names = [f.name for f in dataclasses.fields(cls)]
        if list(values) != names or values["sites"] is None:
            raise ValueError(f"must give {', '.join(names)}")
        found = values["found"]
        values["found"] = None if found is None else bool(found)
        return cls(**values | {"sites": int(values["sites"])})


NOTHING = Fraction(None, None, None, None, None, 0)


def _log_error_counts(error: float, alt: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return the log-likelihood of counts from error alone, its rate gamma-distributed.

    A gamma-Poisson with mean depth * error, as the beta-binomial with the same two moments.
    """
    a = ERROR_SHAPE
    b = ERROR_SHAPE / error
    return betaln(a + alt, b + depth - alt) - betaln(a, b)


def _summary(log_like: np.ndarray, sites: int) -> Fraction:
    """Return estimate and interval of a likelihood over `FRACTIONS`."""
    log_like = log_like - log_like.max()
    best = int(log_like.argmax())
    # Wilks: the 95 % interval holds all within 1.92 of the maximum.
    inside = np.flatnonzero(log_like >= -1.92)
    # A step of the grid is wide beside the interval of many counts: take in the next one.
    low = float(FRACTIONS[max(inside[0] - 1, 0)])
    high = float(FRACTIONS[min(inside[-1] + 1, len(FRACTIONS) - 1)])
    evidence = float(-log_like[0] / np.log(10))
    found = evidence >= LEAST_EVIDENCE and low > 0
    return Fraction(float(FRACTIONS[best]), low, high, bool(found), round(evidence, 3), sites)


def loci(
    contig: np.ndarray,
    pos: np.ndarray,
    other: np.ndarray,
    depth: np.ndarray,
    apart: int = LOCI_APART,
    least: int = LEAST_LOCI,
) -> np.ndarray:
    """Return the sites to estimate contamination from: one a locus, without the strongest locus.

    Reads of a related sequence (HLA genes, paralogues) show other alleles at several sites of
    one place, as another person's DNA does all over the panel. Of sites closer than `apart` the
    one with the least of the other allele is taken; from `least` loci on, the locus with the
    most is left out, so that no single one makes the evidence.

    Parameters
    ----------
    contig, pos : ndarray, (sites,)
    other, depth : ndarray of int, (sites,)

    Returns
    -------
    ndarray of int
        Rows, ascending.
    """
    other, depth = np.asarray(other, float), np.asarray(depth, float)
    fraction = other / np.maximum(depth, 1)
    chosen: list[int] = []
    last: tuple | None = None
    for row in np.lexsort((pos, contig)):
        if depth[row] < MIN_GENOTYPE_DEPTH:
            continue
        here = (contig[row], pos[row])
        if last is not None and here[0] == last[0] and here[1] - last[1] < apart:
            if fraction[row] < fraction[chosen[-1]]:
                chosen[-1] = int(row)
        else:
            chosen.append(int(row))
        last = here
    if len(chosen) >= least:
        chosen.remove(max(chosen, key=lambda row: fraction[row]))
    return np.array(sorted(chosen), dtype=int)


def contamination(
    other: np.ndarray,
    depth: np.ndarray,
    error: float = GENOTYPE_ERROR,
    genotypes: tuple[float, float, float] = GENOTYPES,
    rho: float = FOREIGN_RHO,
    least_sites: int = LEAST_SITES,
) -> Fraction:
    """Estimate the fraction of another person's DNA in a sample.

    Parameters
    ----------
    other, depth : ndarray of int, (sites,)
        At sites where the patient is homozygous by the normal: fragments with the other allele,
        and all informative ones. Sites must be polymorphic in the population (as those where the
        patient is homozygous for the non-reference allele): elsewhere nobody differs.
    error : float
        Rate of the other allele from error, per fragment.
    genotypes : (float, float, float)
        Shares of foreign genotypes with no, one, two copies of the other allele to start from;
        they have the weight of four sites.
    rho : float
        Overdispersion of the foreign allele's counts.
    least_sites : int
        Fewer sites give no estimate.

    Returns
    -------
    Fraction
        `value` is the fraction of the sample's DNA.
    """
    other, depth = np.asarray(other, float), np.asarray(depth, float)
    usable = depth >= MIN_GENOTYPE_DEPTH
    other, depth = other[usable], depth[usable]
    if len(depth) < least_sites:
        return dataclasses.replace(NOTHING, sites=len(depth))
    none = _log_error_counts(error, other, depth)
    steps = FRACTIONS[1:, None]
    levels = np.stack(
        [
            np.broadcast_to(none, (len(FRACTIONS) - 1, len(depth))),
            log_beta_binomial(steps / 2 + error, other, depth, rho),
            log_beta_binomial(steps + error, other, depth, rho),
        ],
        axis=1,
    )  # fractions, genotypes, sites
    highest = levels.max(axis=1, keepdims=True)
    relative = np.exp(levels - highest)
    start, weight = np.array(genotypes), GENOTYPE_SITES
    weights = np.broadcast_to(start[:, None], (*levels.shape[:2], 1))
    for _ in range(EM_STEPS):
        joint = weights * relative
        shares = joint / joint.sum(axis=1, keepdims=True)
        weights = shares.sum(axis=2, keepdims=True) + weight * start[:, None]
        weights = weights / (len(depth) + weight)
    penalty = (weight * start * np.log(weights[..., 0] / start)).sum(axis=1)
    mixed = np.log((weights * relative).sum(axis=1)) + highest[:, 0]
    log_like = np.concatenate([[none.sum()], mixed.sum(axis=1) + penalty])
    return _summary(log_like, len(depth))


def tumor_in_normal(
    normal_alt: np.ndarray,
    normal_depth: np.ndarray,
    tumor_alt: np.ndarray,
    tumor_depth: np.ndarray,
    error: float = GENOTYPE_ERROR,
    leaking: float = LEAKING,
    rho: float = FOREIGN_RHO,
    least_sites: int = LEAST_VARIANTS,
) -> Fraction:
    """Estimate the fraction of the normal's DNA that is a tumour sample's.

    Parameters
    ----------
    normal_alt, normal_depth, tumor_alt, tumor_depth : ndarray of int, (variants,)
        Fragments with each somatic variant, and all informative ones. Give candidates whether or
        not they were called: a caller that knows nothing of the leak rejects just these. Those
        whose frequency in the normal is like the tumour's (recurrent artifacts, germline) are
        left out here, as are those of low frequency in the tumour.
    error : float
        Rate of the allele from error, per fragment.
    leaking : float
        Share of the variants that the leaking cells carry.
    rho : float
        Overdispersion of the counts in the normal.
    least_sites : int
        Fewer variants give no estimate.

    Returns
    -------
    Fraction
        `value` is the fraction of the normal's DNA, where copy numbers are as in normal cells.
    """
    k, n = np.asarray(normal_alt, float), np.asarray(normal_depth, float)
    x, m = np.asarray(tumor_alt, float), np.asarray(tumor_depth, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        f = x / m
        usable = (
            (n >= MIN_GENOTYPE_DEPTH)
            & (m >= MIN_GENOTYPE_DEPTH)
            & (f >= LEAST_TUMOR_AF)
            & (k / n < 0.5 * f)
        )
    k, n, x, m, f = (values[usable] for values in (k, n, x, m, f))
    if len(n) < least_sites:
        return dataclasses.replace(NOTHING, sites=len(n))
    none = _log_error_counts(error, k, n)
    log_like = np.empty(len(FRACTIONS))
    for i, fraction in enumerate(FRACTIONS):
        with_tumor = log_beta_binomial(fraction * f + error, k, n, rho) if fraction else none
        log_like[i] = np.logaddexp(np.log(leaking) + with_tumor, np.log1p(-leaking) + none).sum()
    return _summary(log_like, len(n))
