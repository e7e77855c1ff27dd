"""Segments: neighbouring genes of a chromosome that share log2 ratio and allelic balance."""

import dataclasses

import numpy as np

from resistpanel.copynumber.copy_states import log_balance_sites
from resistpanel.copynumber.copynumber_constants import (
    BALANCE_GRID,
    FEW_SITES,
    PENALTY,
    RHO,
    SITE_BIAS,
    SPREAD_PRIOR,
    SPREADS,
)
from resistpanel.copynumber.ratios import Genes

#: Rarer-haplotype fractions that are tried.
BALANCES = np.linspace(*BALANCE_GRID)


@dataclasses.dataclass(frozen=True)
class HetSites:
    """Heterozygous germline sites in one tumour; arrays over sites.

    `gene` indexes the genes; `alt`, `depth` are fragments; `reference_bias` is the logit by
    which the reference allele is favoured at each site, `rho` the overdispersion of its counts,
    which includes the error of that bias; `spread` is the overdispersion of the sample.
    """

    gene: np.ndarray
    alt: np.ndarray
    depth: np.ndarray
    reference_bias: np.ndarray
    rho: np.ndarray
    spread: float = RHO

    def of(self, genes: np.ndarray) -> "HetSites":
        """Return the sites of some genes."""
        rows = np.isin(self.gene, genes)
        arrays = (self.gene, self.alt, self.depth, self.reference_bias, self.rho)
        return HetSites(*(array[rows] for array in arrays), self.spread)

    def curves(self, balances: np.ndarray) -> np.ndarray:
        """Return each site's log-likelihood over balances, (balances, sites)."""
        return log_balance_sites(balances, self.alt, self.depth, self.reference_bias, self.rho)

    def curve(self) -> np.ndarray:
        """Return the log-likelihood of all over `BALANCES`."""
        return self.curves(BALANCES).sum(axis=1)

    def gene_curves(self, balances: np.ndarray, genes: int) -> np.ndarray:
        """Return the log-likelihood of each gene's sites, (genes, balances); 0 without a site."""
        found = np.zeros((genes, len(balances)))
        if len(self.alt):
            np.add.at(found, self.gene, self.curves(balances).T)
        return found

    def with_spread(self, spread: float) -> "HetSites":
        """Return the sites with another overdispersion of the sample."""
        return dataclasses.replace(self, rho=self.rho - self.spread + spread, spread=spread)


NO_SITES = HetSites(*(np.array([], int),) * 3, *(np.array([], float),) * 2)


def reference_biases(reference: np.ndarray, alt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the reference bias of heterozygous sites of a normal, and its variance.

    Parameters
    ----------
    reference, alt : ndarray of int, (sites,)
        Fragments in the normal.

    Returns
    -------
    bias, variance : ndarray, (sites,)
        Logits. Each site's estimate is shrunk to the mean of all by the variance between sites
        (DerSimonian and Laird, Control Clin Trials 1986;7:177), which is itself shrunk to
        `SITE_BIAS` where there are few sites.
    """
    depth = reference + alt
    bias = np.log((reference + 0.5) / (alt + 0.5))
    error = (1 / (reference + 0.5) + 1 / (alt + 0.5)) * (1 + (depth - 1) * RHO)
    weight = 1 / error
    mean = float((weight * bias).sum() / weight.sum())
    scatter = float((weight * (bias - mean) ** 2).sum()) - (len(bias) - 1)
    between = max(scatter, 0.0) / max(weight.sum() - (weight**2).sum() / weight.sum(), 1e-9)
    between = (len(bias) * between + FEW_SITES * SITE_BIAS**2) / (len(bias) + FEW_SITES)
    weight = 1 / (error + between)
    mean = float((weight * bias).sum() / weight.sum())
    return mean + (bias - mean) * between * weight, between * error * weight


def measured_spread(segments: "list[Segment]", sites: HetSites) -> float:
    """Return the overdispersion of a sample's counts, from its heterozygous sites.

    The likeliest of `SPREADS` with the best balance of each segment, and a log-normal prior about
    `RHO`.
    """
    if not len(sites.alt):
        return sites.spread
    best, size = {}, int(max(part.genes.max() for part in segments)) + 1
    for spread in SPREADS:
        curves = sites.with_spread(spread).gene_curves(BALANCES, size)
        fit = sum(float(curves[part.genes].sum(axis=0).max()) for part in segments)
        best[spread] = fit - 0.5 * (np.log(spread / RHO) / SPREAD_PRIOR) ** 2
    return max(best, key=lambda spread: best[spread])


@dataclasses.dataclass(frozen=True)
class Segment:
    """Genes [first, last] (indices), all of one chromosome; log2 and its standard error."""

    genes: np.ndarray
    log2: float
    se: float


def _cost(log2: np.ndarray, weight: np.ndarray, curves: np.ndarray) -> float:
    """Return -2 log-likelihood of a stretch under its best mean and balance."""
    total = weight.sum()
    mean = (weight * log2).sum() / total if total else 0.0
    return float((weight * (log2 - mean) ** 2).sum() - 2 * curves.sum(axis=0).max())


def split(log2: np.ndarray, se: np.ndarray, curves: np.ndarray) -> list[tuple[int, int]]:
    """Return the best division of a chromosome's genes, as [first, last) of each part.

    Parameters
    ----------
    log2, se : ndarray, (genes,)
        NaN where not known.
    curves : ndarray, (genes, len(BALANCES))
        Log-likelihood of each gene's sites; 0 without a site.

    Notes
    -----
    Optimal partitioning (Jackson et al., IEEE Signal Process Lett 2005;12:105), exact.
    """
    n = len(log2)
    known = np.isfinite(log2)
    weight = np.where(known, 1 / np.where(known, se, 1.0) ** 2, 0.0)
    value = np.where(known, log2, 0.0)
    best, came = [0.0], []
    for stop in range(1, n + 1):
        costs = [
            best[start]
            + _cost(value[start:stop], weight[start:stop], curves[start:stop])
            + (PENALTY if start else 0.0)
            for start in range(stop)
        ]
        came.append(int(np.argmin(costs)))
        best.append(min(costs))
    parts, stop = [], n
    while stop:
        start = came[stop - 1]
        parts.append((start, stop))
        stop = start
    return parts[::-1]


def segment(genes: Genes, sites: HetSites) -> list[Segment]:
    """Return the segments of all chromosomes, in order."""
    curves = sites.gene_curves(BALANCES, len(genes.log2))
    found = []
    for chrom in dict.fromkeys(genes.chrom):
        rows = np.flatnonzero(genes.chrom == chrom)
        rows = rows[np.argsort(genes.start[rows], kind="stable")]
        for start, stop in split(genes.log2[rows], genes.se[rows], curves[rows]):
            members = rows[start:stop]
            known = members[np.isfinite(genes.log2[members])]
            if len(known):
                weight = 1 / genes.se[known] ** 2
                log2 = float((weight * genes.log2[known]).sum() / weight.sum())
                se = float(weight.sum() ** -0.5)
            else:
                log2, se = float("nan"), float("nan")
            found.append(Segment(members, log2, se))
    return found
