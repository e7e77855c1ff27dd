"""From sheet, annotated VCF and copy number to the JSON of the comparison."""

import collections
from collections.abc import Sequence
from pathlib import Path

from resistpanel.compare.copynumber import CopyNumber, locus, purity_of, read_copynumber
from resistpanel.compare.evidence import View
from resistpanel.compare.lesions import distribution, lesion_samples
from resistpanel.compare.posterior import posterior
from resistpanel.compare.purity import Purity, clonal_fraction
from resistpanel.compare.read_calls import AnnotatedVcf, Record
from resistpanel.compare.sentences import sentence
from resistpanel.compare.states import DEFAULT, Rules, decide, overall
from resistpanel.core.errors import InputError
from resistpanel.core.schemas import read_record, write_record
from resistpanel.records import compare as records
from resistpanel.records.sheet import Sample, Sheet

_PLACES = {"pre": "before treatment", "post": "at relapse"}


def names(samples: Sequence[Sample]) -> dict[str, str]:
    """Return what a sentence calls each sample, all different.

    ``before treatment``, ``at relapse``, ``at week 8``; with the lesion where two samples of
    a time point differ by it, and with the sample's name where nothing else tells them apart.
    """

    def place(sample: Sample) -> str:
        point = sample.timepoint
        return _PLACES.get(point, f"at {point}") if point else f"in {sample.sample}"

    tumors = [sample for sample in samples if sample.tumor]
    plain = {sample.sample: place(sample) for sample in samples}
    several = len({sample.lesion for sample in tumors}) > 1
    found = {}
    for sample in tumors:
        name = plain[sample.sample]
        if several and sample.lesion:
            name += f" ({sample.lesion})"
        found[sample.sample] = name
    counted = collections.Counter(found.values())
    return plain | {
        sample: f"{name} in {sample}" if counted[name] > 1 else name
        for sample, name in found.items()
    }


class Comparison:
    """Compares the samples of one patient.

    Parameters
    ----------
    sheet : Sheet
    vcf : AnnotatedVcf
    copynumber : CopyNumber
    rules : Rules
    """

    def __init__(self, sheet: Sheet, vcf: AnnotatedVcf, copynumber: CopyNumber, rules: Rules):
        self.sheet, self.vcf, self.copynumber, self.rules = sheet, vcf, copynumber, rules
        self.samples = [sample.sample for sample in sheet.samples]
        absent = [name for name in self.samples if name not in vcf.samples]
        if absent:
            raise InputError(
                f"has no sample {', '.join(absent)} (it has {', '.join(vcf.samples)})",
                vcf.path,
                "the sheet's sample names must be those of the BAMs' read groups",
            )
        self.normal = next((s.sample for s in sheet.samples if s.role == "normal"), None)
        self.purity = {s.sample: purity_of(s, copynumber) for s in sheet.samples}
        self.names = names(sheet.samples)
        self.lesions = lesion_samples(sheet.samples)

    def result(self) -> records.Compare:
        """Return the comparison."""
        variants = tuple(self.variant(record) for record in self.vcf)
        return records.Compare(
            schema="resistpanel/compare/1",
            patient=self.sheet.patient,
            samples=tuple(
                records.ComparedSample(
                    sample=sample.sample,
                    role=sample.role,
                    timepoint=sample.timepoint,
                    day=sample.day,
                    lesion=sample.lesion,
                    purity=self.purity[sample.sample].record(),
                )
                for sample in self.sheet.samples
            ),
            pairs=self.sheet.pairs,
            variants=variants,
            lesions=records.Lesions(
                samples={lesion: tuple(names) for lesion, names in self.lesions.items()},
                variants={
                    variant.id: distribution(
                        self.lesions,
                        {name: one.detected for name, one in variant.samples.items()},
                    )
                    for variant in variants
                    if variant.model != "germline"
                },
            ),
        )

    def variant(self, record: Record) -> records.Variant:
        """Return a variant in every sample, with its states."""
        views = {name: self._view(record, name) for name in self.samples}
        states = []
        for pair in self.sheet.pairs:
            pre, post = views[pair.pre], views[pair.post]
            decision = decide(pre, post, self.rules)
            states.append(
                records.PairState(
                    pre=pair.pre,
                    post=pair.post,
                    state=decision.state,
                    probability_increase=rounded(decision.probability_increase),
                    fold_change=rounded(decision.fold_change),
                    fold_low=rounded(decision.fold_low),
                    fold_high=rounded(decision.fold_high),
                    text=sentence(decision, pre, post),
                )
            )
        return records.Variant(
            **record.fields,
            samples={name: self._sample(view) for name, view in views.items()},
            states=tuple(states),
            state=overall([state.state for state in states]),
        )

    def _view(self, record: Record, sample: str) -> View:
        control = (0, 0)
        if self.normal is not None and self.normal != sample:
            normal = record.evidence[self.normal]
            control = (normal.alt, normal.depth)
        # Normal cells carry a germline allele too: purity says nothing about its frequency.
        somatic = record.fields["model"] not in ("germline", "foreign", "artifact")
        place = locus(
            self.purity[sample] if somatic else Purity(),
            record.fields["chrom"],
            record.fields["gene"],
            sample,
            self.sheet.sex,
            self.copynumber,
        )
        evidence = record.evidence[sample]
        return View(evidence, place, self.vcf.error(sample), control, self.names[sample])

    def _sample(self, view: View) -> records.SampleAtLocus:
        evidence = view.evidence
        fraction = None
        if evidence.detected and evidence.af is not None:
            counts = posterior(evidence.alt, evidence.depth, self.rules.overdispersion)
            fraction = clonal_fraction(evidence.af, counts, view.locus)
        value, low, high = fraction or (None, None, None)
        return records.SampleAtLocus(
            ad=evidence.ad,
            adf=evidence.adf,
            adr=evidence.adr,
            dp=evidence.depth,
            af=evidence.af,
            af_low=evidence.low,
            af_high=evidence.high,
            lod=evidence.lod,
            ub=evidence.ub,
            detected=evidence.detected,
            ccf=rounded(value),
            ccf_low=rounded(low),
            ccf_high=rounded(high),
        )


def rounded(value: float | None) -> float | None:
    """Return a number with six significant digits, so that platforms agree."""
    return None if value is None else float(f"{value:.6g}")


def compare(
    vcf: str | Path,
    sheet: str | Path,
    output: str | Path,
    copynumber: str | Path | None = None,
    rules: Rules = DEFAULT,
) -> None:
    """Compare a patient's samples and write compare/{patient}.json.

    Parameters
    ----------
    vcf : path
        Annotated VCF.
    sheet : path
        sheet/{patient}.json.
    output : path
    copynumber : path, optional
        copynumber/{patient}.json.
    rules : Rules

    Raises
    ------
    InputError
        If a file is missing or they do not belong together.
    """
    if not Path(sheet).is_file():
        raise InputError("no such file", str(sheet), "run `resistpanel sheet` first")
    comparison = Comparison(
        read_record(sheet, Sheet), AnnotatedVcf(vcf), read_copynumber(copynumber), rules
    )
    write_record(output, comparison.result())
