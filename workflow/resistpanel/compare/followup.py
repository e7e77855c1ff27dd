"""Follow-up in plasma: each known allele, and the tumour DNA by all of them.

Known to a plasma sample are the alleles that were called in tissue, or in an earlier plasma. What
is looked for at one place takes less evidence than what is looked for over a panel: a known allele
is detected from the fewest fragments on that errors reach in 0.1 % (`call.model.known`). It is then
detected for the states too: there is one answer for each allele and sample.
"""

import dataclasses
import functools
import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from resistpanel.compare.compare_constants import (
    FOLLOWUP_ALPHA,
    LEAST_STATED,
    LEAST_TUMOR_DNA,
)
from resistpanel.compare.content import Content
from resistpanel.compare.hematopoiesis import white_cells
from resistpanel.compare.hopping import Hopped
from resistpanel.compare.purity import Purity
from resistpanel.compare.read_calls import Record
from resistpanel.compare.tumor_fraction import KnownSite, TumorFraction, tumor_fraction
from resistpanel.core.special import pdtrc
from resistpanel.core.stats import overdispersed_limit
from resistpanel.core.text import percent, percent_up, rounded
from resistpanel.core.vcf import Genotype
from resistpanel.records import compare as records
from resistpanel.records.sheet import Sample


def with_known(
    found: Sequence[Record],
    somatic: Sequence[Record],
    samples: Sequence[Sample],
    hopped: Mapping[tuple[str, str], Hopped],
) -> tuple[tuple[Record, ...], frozenset[tuple[str, str]]]:
    """Return the records, known alleles of plasma detected by what a known one takes.

    Parameters
    ----------
    found : sequence of Record
    somatic : sequence of Record
        Those of them that count as the patient's tumour.
    samples : sequence of Sample
        Of the sheet, in order of time.
    hopped : mapping
        What index hopping may explain, which is not detected.

    Returns
    -------
    records : tuple of Record
    as_known : frozenset of (str, str)
        Variant id and sample of each that the caller did not detect.
    """
    tissue = [sample.sample for sample in samples if sample.role == "tumor"]
    plasma = [sample.sample for sample in samples if sample.role == "plasma"]
    counted = {record.fields["id"] for record in somatic}
    changed, as_known = [], set()
    for record in found:
        known = any(record.evidence[name].detected for name in tissue)
        evidence = dict(record.evidence)
        for name in plasma if record.fields["id"] in counted else ():
            one, key = evidence[name], (record.fields["id"], name)
            if known and not one.detected and key not in hopped and _reaches(one):
                evidence[name] = dataclasses.replace(one, detected=True)
                as_known.add(key)
            known = known or bool(evidence[name].detected)
        changed.append(dataclasses.replace(record, evidence=evidence))
    return tuple(changed), frozenset(as_known)


def _reaches(one: Genotype) -> bool:
    """Return whether a sample shows as much of a known allele as its detection takes."""
    return bool(one.depth) and one.critical is not None and one.alt >= one.critical


@dataclasses.dataclass(frozen=True)
class FollowUp:
    """What the follow-up of a patient's plasma samples needs.

    Parameters
    ----------
    samples : sequence of Sample
        Of the sheet, in order of time.
    variants : sequence of Record
        Somatic alleles called in the patient, as `content.proving` gives them.
    contents : mapping of str to Content
    purity : mapping of str to Purity
    rho : mapping of str to float
        Overdispersion of the counts, by sample.
    most_hopping : float
        Highest rate of index hopping that is considered.
    normal : str or None
    hopped : mapping
        By variant id and sample, what index hopping may explain: it is not detected.
    """

    samples: Sequence[Sample]
    variants: Sequence[Record]
    contents: Mapping[str, Content]
    purity: Mapping[str, Purity]
    rho: Mapping[str, float]
    most_hopping: float
    normal: str | None
    hopped: Mapping[tuple[str, str], Hopped] = dataclasses.field(default_factory=dict)

    @property
    def plasma(self) -> list[str]:
        """Plasma samples, in order of time."""
        return [sample.sample for sample in self.samples if sample.role == "plasma"]

    @property
    def tissue(self) -> list[str]:
        """Tissue samples."""
        return [sample.sample for sample in self.samples if sample.role == "tumor"]

    def marks(self) -> dict[str, str]:
        """Return why alleles may be of white cells, by variant id."""
        found = {}
        for record in self.variants:
            why = white_cells(record, self.plasma, self.tissue, self.normal)
            if why is not None:
                found[record.fields["id"]] = why
        return found

    def result(self) -> tuple[records.FollowUp, ...]:
        """Return the follow-up of each plasma sample."""
        return self._result

    @functools.cached_property
    def _result(self) -> tuple[records.FollowUp, ...]:
        marks = self.marks()
        return tuple(
            self._sample(name, self.plasma[:number], marks)
            for number, name in enumerate(self.plasma)
        )

    def contents_by_all(self) -> dict[str, Content]:
        """Return the tumour content of plasma in which all known alleles show tumour DNA.

        The AF of a clonal mutation is that of the known alleles in pure tumour DNA, their median,
        times the tumour fraction, at its lower bound times the bound: alleles that were detected
        each are those that chance favoured.
        """
        found = {}
        for one in self.result():
            counted = [allele.tumor_af for allele in one.known if allele.left_out is None]
            if one.detected and counted:
                usual = statistics.median(counted)
                found[one.sample] = dataclasses.replace(
                    self.contents[one.sample],
                    af=usual * one.tumor_fraction,
                    af_low=usual * one.low,
                    af_sd=None,
                    tumor_fraction=one.tumor_fraction,
                )
        return found

    def _sample(
        self, name: str, earlier: Sequence[str], marks: Mapping[str, str]
    ) -> records.FollowUp:
        known, sites, used = [], [], []
        for record in self.variants:
            source = self._source(record, earlier)
            if source is None:
                continue
            frequency = self._in_tumor(record, source)
            left_out = self._left_out(record, name, marks)
            known.append(self._allele(record, name, source, frequency, left_out))
            if left_out is None:
                one = record.evidence[name]
                used.append(record)
                sites.append(KnownSite(one.alt, one.depth, one.errors, frequency, one.critical))
        found = tumor_fraction(sites) if sites else None
        hopping = self._hopping(used, name) if found and found.detected else None
        detected = None if found is None else found.detected and hopping is None
        return records.FollowUp(
            sample=name,
            known=tuple(known),
            used=len(sites),
            detected=detected,
            p=found and rounded(found.p),
            tumor_fraction=rounded(found.value) if detected else None,
            low=rounded(found.low) if detected else None,
            high=rounded(found.high) if detected else None,
            upper=found and rounded(found.upper),
            limit=rounded(found.limit) if found else None,
            hopping=hopping,
            text=text(found, len(known), len(sites), hopping),
        )

    def _hopping(self, used: Sequence[Record], name: str) -> float | None:
        """Return the rate of index hopping that would explain the alleles of a plasma.

        From the patient's other libraries; None where the highest rate that is considered gives
        as many with a probability of `FOLLOWUP_ALPHA` or less.
        """
        elsewhere = sum(
            record.evidence[other].alt
            for record in used
            for other in (*self.tissue, *self.plasma)
            if other != name and record.evidence[other].detected
        )
        here = sum(record.evidence[name].alt for record in used)
        if not self.most_hopping or not elsewhere:
            return None
        most = pdtrc(here - 1, self.most_hopping * elsewhere)
        return rounded(min(here / elsewhere, self.most_hopping)) if most > FOLLOWUP_ALPHA else None

    def _source(self, record: Record, earlier: Sequence[str]) -> str | None:
        """Return the sample from which an allele is known: the tissue, or plasma, that has most."""
        for names in (self.tissue, earlier):
            seen = [name for name in names if record.evidence[name].detected]
            if seen:
                return max(seen, key=lambda name: record.evidence[name].af or 0.0)
        return None

    def _in_tumor(self, record: Record, source: str) -> float:
        """Return the allele frequency in pure tumour DNA, by the sample that shows it.

        By the purity of the sample; without it by twice the median frequency of its shared
        variants, as if most were on one of two copies.
        """
        af, purity = record.evidence[source].af or 0.0, self.purity[source]
        content = self.contents.get(source)
        if purity.value is not None and not (content and content.contradicted):
            tumor = purity.value
        elif content is not None and content.af:
            tumor = min(2 * content.af, 1.0)
        else:
            tumor = min(2 * self._median(source), 1.0)
        return min(af / max(tumor, LEAST_TUMOR_DNA), 1.0)

    def _median(self, source: str) -> float:
        seen = [r.evidence[source].af or 0.0 for r in self.variants if r.evidence[source].detected]
        return statistics.median(seen)

    def _left_out(self, record: Record, name: str, marks: Mapping[str, str]) -> str | None:
        """Return why an allele is not used for the test of all, None if it is."""
        one = record.evidence[name]
        if record.fields["id"] in marks:
            return "may be of white cells"
        if one.errors is None or not one.depth:
            return "not covered" if not one.depth else "the calls state no expected errors"
        if one.critical is None:
            return "a recurrent error or artifact at the site"
        return None

    def _allele(
        self, record: Record, name: str, source: str, frequency: float, left_out: str | None
    ) -> records.KnownAllele:
        one = record.evidence[name]
        detected = None
        if one.depth and one.critical is not None:
            detected = one.alt >= one.critical and (record.fields["id"], name) not in self.hopped
        return records.KnownAllele(
            id=record.fields["id"],
            source=source,
            detected=detected,
            alt=one.alt,
            depth=one.depth,
            critical=one.critical,
            expected_errors=None if one.errors is None else rounded(one.errors[0]),
            limit=known_limit(one, self.rho.get(name, 0.0)),
            upper=one.ub,
            tumor_af=rounded(frequency),
            left_out=left_out,
        )


def known_limit(one: Genotype, rho: float) -> float | None:
    """Return the lowest frequency at which a known allele is detected with 95 % probability."""
    if one.critical is None or one.depth < one.critical:
        return None
    # Other than here the comparison needs none of the model of the caller's limits.
    from resistpanel.call.limits import Needed, frequency_of

    needed = Needed(np.array([float(one.critical)]), np.ones(1), [(one.critical, np.inf)])
    limit = overdispersed_limit(frequency_of(needed, one.depth), one.depth, rho)
    return rounded(float(limit)) if np.isfinite(limit) else None


def text(found: TumorFraction | None, known: int, used: int, hopping: float | None) -> str:
    """Return the result of a plasma in words."""
    if not known:
        return "no allele is known from tissue or an earlier plasma"
    if found is None:
        of = f"none of {known} known alleles" if known > 1 else "the known allele could not"
        tested = "could be tested" if known > 1 else "be tested"
        return f"{of} {tested}: the tumour fraction is not known"
    of = f"{used} known allele{'s' if used != 1 else ''}"
    limit = "" if found.limit is None else f"; limit of detection {percent_up(found.limit)}"
    if found.detected:
        low = f"{percent(found.low)} " if found.low >= LEAST_STATED else "up "
        interval = f"{low}to {percent(found.high)}"
        if hopping is None:
            return (
                f"ctDNA detected: tumour fraction {percent(found.value)} ({interval}), {of}{limit}"
            )
        return (
            f"ctDNA not shown: index hopping of {percent(hopping)} from the patient's other "
            f"libraries would explain the {of}; with unique dual indices it would be a tumour "
            f"fraction of {percent(found.value)} ({interval}){limit}"
        )
    return (
        f"ctDNA not detected: tumour fraction below {percent_up(found.upper)} with 95 % "
        f"confidence, {of}{limit}"
    )
