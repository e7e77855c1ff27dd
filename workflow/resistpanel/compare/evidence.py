"""What one sample says about one allele, and what sequencing error alone would show."""

import dataclasses

from scipy.stats import betabinom

from resistpanel.compare.compare_constants import DEFAULT_ERROR
from resistpanel.compare.purity import Locus
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
    """

    evidence: Genotype
    locus: Locus
    error: float = DEFAULT_ERROR
    control: tuple[int, int] = (0, 0)
    name: str = ""

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
        return float(betabinom.sf(alt - 1, depth, 1 + errors, 1 / self.error + clean))
