"""Overdispersion of allele counts, estimated from the patient's heterozygous germline sites.

Fragments with an allele are beta-binomial: of n fragments at a frequency p the count has the
variance n p (1 - p) (1 + (n - 1) rho). rho holds what capture, PCR, unmarked duplicates and mapping
add to the drawing of fragments. On the logit scale the count is about normal at the depths used
here, with the variance (1 + (n - 1) rho) / (n p (1 - p)). At a heterozygous site p is known, but
for two things:

- reads with the reference allele map and capture better everywhere alike: a common shift, with a
  normal prior, is integrated over;
- in a tumour, gains and losses shift p by an unknown amount, up or down by which copy of the
  chromosome carries the allele. Sites of one stretch have the same shift in either direction: it is
  integrated over with a spike at 0 (balanced) and an exponential slab.

A site that fits neither, as one of a paralogue, is of any frequency, with a small probability: in
amplicons a larger one, since a variant under a primer keeps one copy from being amplified. A site
in two amplicons counts in each, since their fragments come from different molecules. The posterior
of rho is taken on a grid of its logarithm under the assay's prior, so that a panel with few sites
gets a value near the prior.

Sources: Gerstung et al., Nat Commun 2012;3:811 (beta-binomial counts of deep sequencing); Heinrich
et al., Nucleic Acids Res 2012;40:2426 (allele distributions at heterozygous sites).
"""

import dataclasses
from collections.abc import Iterable

import numpy as np

from resistpanel.call.call_constants import (
    BALANCED,
    HET_BIAS,
    HET_DEPTH,
    HET_OUTLIER,
    HET_OUTLIER_AMPLICON,
    HETS_APART,
    IMBALANCE,
    MOST_HET_SITES,
    OVERDISPERSION_DF,
    OVERDISPERSION_PRIOR,
    OVERDISPERSION_SPREAD,
    STRETCH,
)
from resistpanel.call.io.evidence import Candidate
from resistpanel.core.special import expit, ndtr, ndtri
from resistpanel.core.stats import Z95
from resistpanel.records.assay import BuiltAssay
from resistpanel.records.qc import Assay

#: Values of rho that are tried: equal steps of the logarithm. The least is 0 for what can be
#: counted: at 30,000 fragments it adds 0.3 % to the variance.
RHO = np.geomspace(1e-7, 0.2, 55)
#: Nodes of integrals over a shift, in standard deviations about its most likely value.
NODES = np.linspace(-4, 4, 17)
FARTHEST = 12.0
POSTERIOR_NODES = 12


@dataclasses.dataclass(frozen=True)
class Overdispersion:
    """Overdispersion (rho of the beta-binomial) of one sample's allele counts.

    Attributes
    ----------
    rho : float
        Posterior median: where few sites say little it is near the median of the prior.
    low, high : float
        95 % interval.
    sites : int
        Heterozygous sites used; 0 gives the prior.
    """

    rho: float
    low: float
    high: float
    sites: int

    def quantile(self, q) -> np.ndarray:
        """Return quantiles of the posterior: half a log-normal on either side of the median."""
        z = ndtri(np.asarray(q, float))
        end = np.where(z < 0, self.low, self.high)
        return self.rho * (end / self.rho) ** (np.abs(z) / Z95)

    def of_copies(self, usual: float) -> float:
        """Return the rho by which copies of a molecule are counted.

        The median, but what is above the assay's usual value only as far as the lower quartile
        reaches: few sites, or one that is amplified unequally, do not show that it is so.
        """
        return float(max(self.quantile(0.25), min(self.rho, usual)))

    def of_interval(self, depth: np.ndarray, tail: float) -> np.ndarray:
        """Return the rho whose interval has the tail that the whole posterior has.

        Counts whose variance is uncertain have heavier tails than those of its median. At a depth n
        the distance c, in units of sqrt(f (1 - f)), is that for which the mean of Phi(-c / sd) over
        the posterior is `tail`; it depends on n alone.

        Parameters
        ----------
        depth : (...)
        tail : float
            Probability beyond one end.
        """
        at = np.geomspace(1, max(float(np.max(depth, initial=2)), 2.0), 40)
        rho = self.quantile((np.arange(POSTERIOR_NODES) + 0.5) / POSTERIOR_NODES)
        variance = (1 + (at[:, None] - 1) * rho) / at[:, None]
        z = -float(ndtri(tail))
        low, high = z * np.sqrt(variance.min(1)), z * np.sqrt(variance.max(1))
        for _ in range(40):
            middle = (low + high) / 2
            wide = ndtr(-middle[:, None] / np.sqrt(variance)).mean(1) < tail
            low, high = np.where(wide, low, middle), np.where(wide, middle, high)
        effective = z * z / (low * high)
        found = np.maximum(at / effective - 1, 0) / np.maximum(at - 1, 1)
        found[0] = found[1]
        return np.interp(np.log(np.maximum(depth, 1)), np.log(at), found)

    def text(self) -> str:
        """Return the value of a header line."""
        return f"rho:{self.rho:.3g},low:{self.low:.3g},high:{self.high:.3g},sites:{self.sites}"

    @classmethod
    def read(cls, text: str) -> "Overdispersion":
        """Read the value of a header line."""
        values = dict(part.split(":") for part in text.split(","))
        rho, low, high = (float(values[name]) for name in ("rho", "low", "high"))
        return cls(rho, low, high, int(values["sites"]))


def prior(library: str, reads: str, built: BuiltAssay | None = None) -> float:
    """Return the prior's median of an assay; names as in `assay.Assay`.

    That of the normals of a built assay, if their reads are of the same kind.
    """
    molecules = reads in ("simplex", "duplex")
    if built and (built.kind.library, built.kind.molecular) == (library, molecules):
        return max(float(built.priors.overdispersion.median), float(RHO[0]))
    if library == "amplicon":
        return OVERDISPERSION_PRIOR["amplicon"]
    return OVERDISPERSION_PRIOR["consensus" if reads in ("simplex", "duplex") else "raw"]


def outlier_rate(library: str) -> float:
    """Return the probability that a heterozygous site is of any frequency, of an assay."""
    return HET_OUTLIER_AMPLICON if library == "amplicon" else HET_OUTLIER


def apart(
    contig: np.ndarray, pos: np.ndarray, depth: np.ndarray, amplicon: np.ndarray | None = None
) -> np.ndarray:
    """Return the rows of sites no two of which are closer than `HETS_APART`, deepest first.

    Parameters
    ----------
    contig, pos, depth : ndarray, (sites,)
    amplicon : int, (sites,), optional
        Which amplicon the counts are of, -1 if that is not known. Counts of two amplicons are of
        different fragments however close the sites are.

    Returns
    -------
    ndarray of int
        Sorted by contig and position.
    """
    of = np.full(len(pos), -1) if amplicon is None else amplicon
    kept: list[int] = []
    for row in np.argsort(-np.asarray(depth), kind="stable"):
        near = (contig[kept] == contig[row]) & (np.abs(pos[kept] - pos[row]) < HETS_APART)
        same = (of[kept] == of[row]) | (of[kept] < 0) | (of[row] < 0)
        if not (near & same).any():
            kept.append(int(row))
    return np.array(sorted(kept, key=lambda row: (contig[row], pos[row])), dtype=int)


def stretches(contig: np.ndarray, pos: np.ndarray) -> np.ndarray:
    """Number the stretches of sites between which copy number is taken to be the same.

    Parameters
    ----------
    contig, pos : ndarray, (sites,)
        Sorted within each contig.

    Returns
    -------
    int64, (sites,)
    """
    if not len(pos):
        return np.zeros(0, int)
    apart = (contig[1:] != contig[:-1]) | (pos[1:] - pos[:-1] > STRETCH)
    return np.concatenate([[0], np.cumsum(apart)])


def by_amplicon(sites: Iterable[tuple[Candidate, int, float, float]]) -> list[tuple]:
    """Return the counts of heterozygous sites, apart by amplicon where two or more cover one.

    Parameters
    ----------
    sites : iterable of (candidate, sample, fragments with the allele, in all)

    Returns
    -------
    list of (contig, pos, amplicon, alt, depth)
        -1 for the amplicon where it is not known. Counts of less than `HET_DEPTH` are left out.
    """
    rows = []
    for candidate, s, alt, depth in sites:
        place = candidate.allele.contig, candidate.allele.pos
        apart_ = [found for sample, found in candidate.amplicons if sample == s]
        if len(apart_) > 1:
            rows += [(*place, low, a, n) for low, _, a, n in apart_ if n >= HET_DEPTH]
        elif depth >= HET_DEPTH:
            rows.append((*place, -1, alt, depth))
    return rows


def usual(assay: Assay, built: BuiltAssay | None = None) -> float:
    """Return the overdispersion that samples of an assay usually have."""
    return prior(assay.library, "simplex" if assay.molecular else assay.reads, built)


def of_sample(
    rows: list[tuple], assay: Assay, built: BuiltAssay | None = None, tumor: bool = False
) -> Overdispersion:
    """Estimate rho of a sample from rows of `by_amplicon`; a tumour may have other copy numbers."""
    contig = np.array([row[0] for row in rows], dtype=object)
    pos, amplicon = (np.array([row[k] for row in rows], dtype=int) for k in (1, 2))
    alt, depth = (np.array([row[k] for row in rows], dtype=float) for k in (3, 4))
    use = apart(contig, pos, depth, amplicon)
    stretch = stretches(contig[use], pos[use]) if tumor else None
    rate = outlier_rate(assay.library)
    return estimate(alt[use], depth[use], usual(assay, built), stretch, rate)


def estimate(
    alt: np.ndarray,
    depth: np.ndarray,
    centre: float,
    stretch: np.ndarray | None = None,
    outlier: float = HET_OUTLIER,
) -> Overdispersion:
    """Estimate rho from the counts at heterozygous sites.

    Parameters
    ----------
    alt, depth : int, (sites,)
        Counts with one of the two alleles, and with either.
    centre : float
        Median of the prior: the logarithm has a Student t distribution of `OVERDISPERSION_DF`
        degrees of freedom and the scale `OVERDISPERSION_SPREAD`. Its tails are heavy, so that a
        sample that is far from the assay's usual is not pulled there.
    stretch : int, (sites,), optional
        From `stretches`, for a tumour; without it all sites are balanced.
    outlier : float, optional
        Probability that a site is of any frequency, from `outlier_rate`.
    """
    alt, depth = np.asarray(alt, float), np.asarray(depth, float)
    if len(alt) > MOST_HET_SITES:
        some = np.linspace(0, len(alt) - 1, MOST_HET_SITES).astype(int)
        alt, depth = alt[some], depth[some]
        stretch = None if stretch is None else stretch[some]
    away = (np.log(RHO) - np.log(centre)) / OVERDISPERSION_SPREAD
    joint = -(OVERDISPERSION_DF + 1) / 2 * np.log1p(away**2 / OVERDISPERSION_DF)
    if len(alt):
        logit = np.log(alt + 0.5) - np.log(depth - alt + 0.5)
        if stretch is None:
            joint += [_balanced(logit, depth, rho, outlier) for rho in RHO]
        else:
            first = np.flatnonzero(np.diff(stretch, prepend=-1))
            joint += [_imbalanced(logit, depth, rho, first, outlier) for rho in RHO]
    weight = np.exp(joint - joint.max())
    weight /= weight.sum()
    # The value at the ends of a cell: half a step below and above its centre.
    step = np.log(RHO[1] / RHO[0])
    edges = np.exp(np.log(RHO[0]) + step * (np.arange(len(RHO) + 1) - 0.5))
    below = np.concatenate([[0], np.cumsum(weight)])
    low, middle, high = np.exp(np.interp([0.025, 0.5, 0.975], below, np.log(edges)))
    return Overdispersion(float(middle), float(low), float(high), len(alt))


def _log_normal(logit: np.ndarray, mean, depth: np.ndarray, rho: float) -> np.ndarray:
    """Return the log density of observed logits about their mean; all broadcast."""
    p = expit(mean)
    variance = (1 + (depth - 1) * rho) / (depth * p * (1 - p))
    return -0.5 * ((logit - mean) ** 2 / variance + np.log(2 * np.pi * variance))


def _or_outlier(log_density: np.ndarray, logit: np.ndarray, outlier: float) -> np.ndarray:
    """Mix a log density with that of sites whose frequency is uniform."""
    anything = np.log(outlier) + np.log(expit(logit)) + np.log(expit(-logit))
    return np.logaddexp(np.log1p(-outlier) + log_density, anything)


def _balanced(logit: np.ndarray, depth: np.ndarray, rho: float, outlier: float) -> float:
    """Return the log-likelihood of sites with one common shift."""
    weight = depth / (4 * (1 + (depth - 1) * rho))
    precision = weight.sum() + HET_BIAS**-2
    at = np.clip((weight @ logit) / precision, -3 * HET_BIAS, 3 * HET_BIAS)
    shift = (at + NODES / np.sqrt(precision))[:, None]
    like = _or_outlier(_log_normal(logit, shift, depth, rho), logit, outlier).sum(1)
    like += -0.5 * (shift[:, 0] / HET_BIAS) ** 2 - 0.5 * np.log(precision)
    return float(np.logaddexp.reduce(like))


def _imbalanced(
    logit: np.ndarray, depth: np.ndarray, rho: float, first: np.ndarray, outlier: float
) -> float:
    """Return the log-likelihood of sites of which each stretch has a shift of its own.

    `first` holds the first site of each stretch.
    """
    number = np.diff(first, append=len(logit))
    spike = _or_outlier(_log_normal(logit, 0.0, depth, rho), logit, outlier)
    spike = np.add.reduceat(spike, first) + np.log(BALANCED)
    weight = depth * expit(logit) * expit(-logit) / (1 + (depth - 1) * rho)
    precision = np.add.reduceat(weight, first)
    at = np.add.reduceat(weight * np.abs(logit), first) / precision
    shift = at[:, None] + NODES / np.sqrt(precision)[:, None]
    of_site = np.repeat(np.clip(shift, 1e-3, FARTHEST), number, axis=0)
    up = _log_normal(logit[:, None], of_site, depth[:, None], rho)
    down = _log_normal(logit[:, None], -of_site, depth[:, None], rho)
    either = _or_outlier(np.logaddexp(up, down) - np.log(2), logit[:, None], outlier)
    slab = np.add.reduceat(either, first, axis=0) - shift / IMBALANCE
    slab = np.where(shift > 0, slab, -np.inf)
    width = (NODES[1] - NODES[0]) / np.sqrt(precision)
    slab = np.logaddexp.reduce(slab, axis=1) + np.log(width / IMBALANCE) + np.log1p(-BALANCED)
    return float(np.logaddexp(spike, slab).sum())
