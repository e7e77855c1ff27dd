"""Whether a sample contains tumour, and how much, by the patient's shared variants.

A shared variant is a reported somatic variant that was detected in two or more tumour or plasma
samples of the patient. What is absent from a sample in which none of them shows says nothing.
"""

import dataclasses
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from resistpanel.compare.compare_constants import (
    CLEAR_AF,
    CONTRADICTION,
    MEDIAN_SD,
    SCALE_VARIANTS,
    SEVERAL,
    UNEVEN_ALPHA,
)
from resistpanel.compare.purity import Purity
from resistpanel.compare.read_calls import Record
from resistpanel.core.special import chdtrc
from resistpanel.core.stats import effective_depth
from resistpanel.core.vcf import Genotype
from resistpanel.records import compare as records
from resistpanel.records.base import UNSET


@dataclasses.dataclass(frozen=True)
class Content:
    """The tumour in one sample.

    Parameters
    ----------
    shared : int
        Shared variants detected in the sample.
    missing : int
        Variants of the patient's other samples that were not detected here, though assessed.
    catalogued : bool
        Whether one of them is an allele of the catalogue, such as the driver.
    af, af_low : float or None
        Median of their allele frequencies, and lower quartile, or the median less its error where
        they vary no more than counting explains; of fewer than `SCALE_VARIANTS` the least lower
        end of the 95 % intervals. A clonal mutation on one copy is not below it unless variants on
        several copies are in the majority.
    contradicted : float or None
        A stated purity that these frequencies contradict.
    af_sd : float or None
        Standard error of the median where they vary no more than counting explains.
    clear : bool
        Whether a catalogued allele, or `SEVERAL` others, are at `CLEAR_AF` or more beyond doubt,
        in this sample alone or not.
    tumor_fraction : float or None
        Of plasma in which tumour DNA was detected by all known alleles together.
    """

    shared: int = 0
    catalogued: bool = False
    af: float | None = None
    af_low: float | None = None
    contradicted: float | None = None
    missing: int = 0
    af_sd: float | None = None
    clear: bool = False
    tumor_fraction: float | None = None

    @property
    def detected(self) -> bool:
        """Whether the sample contains detectable tumour."""
        if self.clear or self.tumor_fraction is not None:
            return True
        if not (self.catalogued or self.shared >= SEVERAL):
            return False
        return (self.af or 0.0) >= CLEAR_AF or self.shared >= self.missing

    def record(self) -> records.TumorContent:
        """Return what compare.json says of it."""
        return records.TumorContent(
            detected=self.detected,
            shared_variants=self.shared,
            catalogued=self.catalogued,
            median_af=self.af,
            contradicted_purity=self.contradicted,
            tumor_fraction=UNSET if self.tumor_fraction is None else self.tumor_fraction,
        )


def proving(found: Iterable[Record], tumors: Sequence[str], tumor_only: bool) -> tuple[Record, ...]:
    """Return the reported somatic variants, each of which shows that a sample contains tumour.

    Parameters
    ----------
    found : iterable of Record
        All of the VCF.
    tumors : sequence of str
        Tumour and plasma samples.
    tumor_only : bool
        Without a normal, an allele whose origin is not determined, or is not examined and whose
        frequency agrees with a germline genotype in every sample, proves no tumour, unless the
        catalogue has it.
    """
    return tuple(
        record
        for record in found
        if record.fields["reported"]
        and record.fields["model"] == "somatic"
        and not (tumor_only and not record.fields["sites"] and _may_be_germline(record, tumors))
    )


def _may_be_germline(record: Record, tumors: Sequence[str]) -> bool:
    """Return whether an allele may be germline: by its origin, else by its frequencies."""
    origin = record.fields.get("origin")
    return _germline_like(record, tumors) if origin is None else origin.value != "somatic"


def _germline_like(record: Record, tumors: Sequence[str]) -> bool:
    """Return whether the frequency is that of one or two of two copies wherever it is known."""
    known = [record.evidence[name] for name in tumors]
    return all(
        (one.low or 0.0) <= 0.5 <= one.high or one.high >= 0.98
        for one in known
        if one.high is not None
    )


def shared(variants: Iterable[Record], tumors: Sequence[str]) -> tuple[Record, ...]:
    """Return the variants that were detected in two or more tumour and plasma samples."""
    return tuple(
        record
        for record in variants
        if sum(record.evidence[name].detected is True for name in tumors) > 1
    )


def contents(
    variants: Sequence[Record],
    purity: Mapping[str, Purity],
    tumors: Sequence[str],
    rho: Mapping[str, float] | None = None,
) -> dict[str, Content]:
    """Return the tumour content of each tumour and plasma sample.

    Parameters
    ----------
    variants : sequence of Record
        As `proving` returns them.
    purity : mapping of str to Purity
        As stated, by sample.
    tumors : sequence of str
    rho : mapping of str to float, optional
        Overdispersion of the counts, by sample; none without it.
    """
    common, rho = shared(variants, tumors), rho or {}
    return {
        name: _content(variants, common, name, purity[name], rho.get(name, 0.0)) for name in tumors
    }


def _content(
    variants: Sequence[Record], common: Sequence[Record], name: str, purity: Purity, rho: float
) -> Content:
    here = [record for record in common if record.evidence[name].detected]
    seen: list[Genotype] = [record.evidence[name] for record in here]
    every = [r.evidence[name] for r in variants if r.evidence[name].detected]
    top = max((one.high or one.af or 0.0 for one in every), default=0.0)
    missing = sum(r.evidence[name].detected is False for r in variants)
    stated = purity.low if purity.low is not None else purity.value
    contradicted = (
        stated is not None
        and not purity.from_driver
        and len(every) + missing >= SCALE_VARIANTS
        and CONTRADICTION * top < stated / 2
    )
    clear = [r for r in variants if _clear(r.evidence[name])]
    lowest, af_sd = _lower_quartile(seen, rho)
    return Content(
        shared=len(here),
        catalogued=any(record.fields["sites"] for record in here),
        af=statistics.median(one.af or 0.0 for one in seen) if seen else None,
        af_low=lowest,
        missing=missing,
        contradicted=purity.value if contradicted else None,
        af_sd=af_sd,
        clear=len(clear) >= SEVERAL or any(r.fields["sites"] for r in clear),
    )


def _clear(one: Genotype) -> bool:
    """Return whether an allele is at `CLEAR_AF` or more by its lower bound."""
    return bool(one.detected) and (one.low or 0.0) >= CLEAR_AF


def _lower_quartile(seen: Sequence[Genotype], rho: float) -> tuple[float | None, float | None]:
    """Return the lower quartile of frequencies; of few, the least that they may be.

    Where they vary no more than counting and overdispersion explain (chi-squared about their mean),
    they are one frequency, and it is the median less its standard error, which is returned too.
    """
    if len(seen) < SCALE_VARIANTS:
        return min((one.low or 0.0 for one in seen), default=None), None
    afs = sorted(one.af or 0.0 for one in seen)
    quartile = afs[(len(afs) - 1) // 4]
    mean = statistics.fmean(afs)
    counting = [
        mean * (1 - mean) / float(effective_depth(one.depth, rho)) for one in seen if one.depth
    ]
    if len(counting) < len(afs) or min(counting) <= 0:
        return quartile, None
    excess = sum(
        (one.af - mean) ** 2 / variance for one, variance in zip(seen, counting, strict=True)
    )
    if chdtrc(len(afs) - 1, excess) < UNEVEN_ALPHA:
        return quartile, None
    error = MEDIAN_SD * math.sqrt(statistics.fmean(counting) / len(afs))
    return max(statistics.median(afs) - error, quartile), error
