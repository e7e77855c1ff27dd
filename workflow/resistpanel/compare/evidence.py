"""What one sample says about one allele, and what sequencing error alone would show."""

import dataclasses
import math

import numpy as np

from resistpanel.compare.compare_constants import (
    DEFAULT_ERROR,
    MOST_BEFORE,
    MOST_COPIES,
    Z_ONE_SIDED,
)
from resistpanel.compare.content import Content
from resistpanel.compare.hopping import Hopped
from resistpanel.compare.purity import Locus
from resistpanel.compare.support import POSSIBLE, log10_presence
from resistpanel.core.core_constants import Z95
from resistpanel.core.special import betaln
from resistpanel.core.stats import log_beta_binomial, log_sum_exp, ratio_upper
from resistpanel.core.vcf import Genotype


@dataclasses.dataclass(frozen=True)
class View:
    """A sample's evidence with what is needed to judge it.

    Parameters
    ----------
    evidence : Genotype
    locus : Locus
        Purity and copy number.
    error : float
        Expected rate of the allele from error, per fragment.
    control : (int, int)
        Fragments with the allele and all fragments of the matched normal, (0, 0) without one.
    name : str
        What a sentence calls the sample, e.g. ``before treatment``.
    content : Content or None
        Its tumour; None: not looked at.
    noun : str
        ``biopsy`` or ``plasma sample``.
    rho : float or None
        Overdispersion of its counts, as the calls state it.
    hopped : Hopped or None
        Where its fragments may come from the patient's other libraries.
    background : tuple of float
        Equally likely fractions of its fragments that come from there; empty: not considered.
    unit : str
        What its counts are of: ``fragments`` or ``molecules``.
    as_known : bool
        Whether the allele was detected as one that was known before.
    """

    evidence: Genotype
    locus: Locus
    error: float = DEFAULT_ERROR
    control: tuple[int, int] = (0, 0)
    name: str = ""
    content: Content | None = None
    noun: str = "biopsy"
    rho: float | None = None
    hopped: Hopped | None = None
    background: tuple[float, ...] = ()
    unit: str = "fragments"
    as_known: bool = False

    def copies_sd(self, rising: bool) -> float:
        """Return the standard deviation of the log AF from copies that are not known.

        The other copy of a gene may be gained up to `MOST_COPIES` in all, which lowers the AF from
        p / 2 to p / (2 + p (MOST_COPIES - 2)), or be lost, which raises it to p / (2 - p): the
        logarithm of that factor is taken as 1.96 standard deviations. p is the purity, else twice
        the median of the shared variants, else 1. Less where the depth of the gene shows no
        change. 0 where the copies are known, and where tumour content is not looked at.

        Parameters
        ----------
        rising : bool
            Of an AF that rose, rather than fell.
        """
        by_depth = self.locus.unknown_sd
        if by_depth == 0 or self.content is None:
            return 0.0
        purity = self.locus.purity.value or (self.content.af and 2 * self.content.af) or 1.0
        purity = min(purity, 1.0)
        lost, gained = -math.log1p(-purity / 2), math.log1p(purity * (MOST_COPIES - 2) / 2)
        most = (lost if rising else gained) / Z95
        return most if by_depth is None else min(most, by_depth)

    @property
    def ccf_bound(self) -> float | None:
        """One-sided 95 % upper bound of the cancer cell fraction of an allele, 0 to 1.

        UB by the frequency of a mutation on one copy in all tumour cells: by the lower bound of a
        trusted purity that the variants do not contradict, else by the median of the shared
        variants with its error where they have one frequency, or their lower quartile, or a purity
        from the driver if that is lower. None where no tumour was detected, or nothing is known of
        it.
        """
        if self.evidence.ub is None or self.content is None or not self.content.detected:
            return None
        clonal = self._clonal()
        if self.locus.known and self.content.contradicted is None:
            stated = 1 / self.locus.highest_scale
            trusted = self.locus.comparable or clonal is None
            clonal = stated if trusted else min(stated, clonal)
        return min(self.evidence.ub / clonal, 1.0) if clonal else None

    def _clonal(self) -> float | None:
        """Return what UB is divided by to bound the fraction of cells, by the shared variants."""
        content, af = self.content, self.evidence.af or 0.0
        if content.af_sd is None or not content.af:
            return content.af_low
        low = max(content.af - Z_ONE_SIDED * content.af_sd, content.af / 2)
        bound = ratio_upper(af, max(self.evidence.ub, af), content.af, low)
        return self.evidence.ub / bound if bound else content.af_low

    @property
    def least_ccf(self) -> float | None:
        """Lower 95 % bound of the cancer cell fraction, on one mutated copy, 0 to 1.

        By a trusted purity, else by the median of the shared variants. None where neither is known.
        """
        clonal = self.content and self.content.af
        if self.locus.comparable and not (self.content and self.content.contradicted):
            clonal = 1 / self.locus.scale()
        return min((self.evidence.low or 0.0) / clonal, 1.0) if clonal else None

    @property
    def adequate(self) -> bool:
        """Whether the sample excludes an allele that was not detected in it, if bounds do.

        It contains detectable tumour, and the bound is a small fraction of its cells. A sample
        whose content was not looked at (None) is taken as adequate.
        """
        if self.content is None:
            return True
        bound = self.ccf_bound
        return bound is not None and bound <= MOST_BEFORE

    @property
    def log10_presence(self) -> float:
        """Log10 Bayes factor of presence against absence, given the other samples.

        As the caller states it, else from counts (see `resistpanel.compare.support`); against
        index hopping too, where that may explain the fragments.
        """
        by_errors = self.evidence.presence
        if by_errors is None:
            counts = self.evidence.alt, self.evidence.depth
            by_errors = log10_presence(*counts, self.error, self.control)
        return by_errors if self.hopped is None else min(by_errors, self.hopped.log10_presence)

    @property
    def possible(self) -> bool:
        """Whether an allele that was not detected may be there: 3 to 1 or more for presence."""
        return self.evidence.alt > 0 and self.log10_presence >= POSSIBLE

    @property
    def error_p(self) -> float:
        """Probability that error alone gives as many fragments with the allele, or more.

        The error rate of a site is unknown: it has a Beta(1, 1/error) prior, that is the
        learned rate with the weight of a single error seen, updated with the matched normal.
        Fragments with errors are then beta-binomial.
        """
        alt, depth = self.evidence.alt, self.evidence.depth
        if alt == 0:
            return 1.0
        errors, clean = self.control[0], self.control[1] - self.control[0]
        a, b = 1 + errors, 1 / self.error + clean
        # The tail itself is summed: 1 less the distribution function is lost below 1e-12.
        k = np.arange(alt, depth + 1)
        tail = log_beta_binomial(a / (a + b), k, depth, 1 / (a + b + 1))
        tail -= np.log(depth + 1) + betaln(depth - k + 1, k + 1)  # orders of the fragments
        return float(min(np.exp(log_sum_exp(tail)), 1.0))
