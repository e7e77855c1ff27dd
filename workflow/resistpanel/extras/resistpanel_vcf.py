"""What `resistpanel call` says of an allele, for comparison with other callers."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from resistpanel.core.allele import Allele
from resistpanel.core.haplotypes import Fetch, tidy
from resistpanel.core.vcf import CallVcf, number
from resistpanel.records.callers import OwnSample


@dataclass
class Own:
    """One record of our caller.

    Attributes
    ----------
    variant : Allele
        Trimmed and left-aligned.
    id : str
        ``chrom:pos:ref:alt`` with VCF's alleles, as in compare.json.
    filters : tuple of str
        ``PASS`` alone for a call.
    model : str or None
    somatic_phred : float or None
    samples : dict of str to OwnSample
    """

    variant: Allele
    id: str
    filters: tuple[str, ...]
    model: str | None = None
    somatic_phred: float | None = None
    samples: dict[str, OwnSample] = dataclasses.field(default_factory=dict)

    @property
    def called(self) -> bool:
        """Whether it is a somatic call."""
        return self.filters == ("PASS",)

    @property
    def germline(self) -> bool:
        """Whether it is an inherited variant."""
        return self.model == "germline"


def read_own(path: Path, fetch: Fetch) -> list[Own]:
    """Read a VCF of ``resistpanel call``.

    Raises
    ------
    InputError
        If it is missing, or not a VCF of `resistpanel call`.
    """
    found = []
    for call in CallVcf(path, ("DET",)):
        if set(call.alt + call.ref) - set("ACGT"):
            continue
        samples = {
            name: OwnSample(
                detected=genotype.detected,
                af=genotype.af,
                af_low=genotype.low,
                af_high=genotype.high,
                alt=genotype.alt,
                depth=genotype.depth,
                lod=genotype.lod,
                ub=genotype.ub,
            )
            for name, genotype in call.genotypes.items()
        }
        found.append(
            Own(
                tidy(Allele(call.chrom, call.pos - 1, call.ref, call.alt), fetch),
                call.id,
                call.filters,
                call.info.get("MODEL"),
                number(call.info.get("SOMATIC_PHRED")),
                samples,
            )
        )
    return found
