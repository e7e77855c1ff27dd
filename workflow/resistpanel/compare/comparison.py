"""From sheet, annotated VCF and copy number to the JSON of the comparison."""

import collections
import dataclasses
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from resistpanel.compare.baseline import Allele, line_states
from resistpanel.compare.compare_constants import CLONE_SAMPLES, MOST_BEFORE
from resistpanel.compare.content import contents, proving, shared
from resistpanel.compare.copynumber import CopyNumber, locus, purity_of, read_copynumber
from resistpanel.compare.courses import courses, overall_status
from resistpanel.compare.evidence import View
from resistpanel.compare.followup import FollowUp, with_known
from resistpanel.compare.fraction_before import Before, before, new_fraction, with_fractions
from resistpanel.compare.hopping import Hopping, with_pool, without_hopped
from resistpanel.compare.inherited import KEEP, Policy
from resistpanel.compare.lesions import course_samples, distribution, lesion_samples, times
from resistpanel.compare.multiplicity import Changes, changes
from resistpanel.compare.other_tests import Row, results_of
from resistpanel.compare.posterior import posterior
from resistpanel.compare.purity import Purity, clonal_fraction
from resistpanel.compare.read_calls import AnnotatedVcf, Record
from resistpanel.compare.reported import origin_of_junction, with_origin
from resistpanel.compare.scale import Scale, Scales, point
from resistpanel.compare.sentences import frequency
from resistpanel.compare.states import DEFAULT, Decision, Rules, decide, rho_of, scale_ratio
from resistpanel.compare.tests_before import OtherResults
from resistpanel.core.errors import InputError
from resistpanel.core.schemas import read_record, write_record
from resistpanel.core.text import join, rounded
from resistpanel.records import compare as records
from resistpanel.records.base import UNSET
from resistpanel.records.sheet import Line, Pair, Sample, Sheet

_PLACES = {"pre": "before treatment", "post": "at relapse"}


def names(samples: Sequence[Sample]) -> dict[str, str]:
    """Return what a sentence calls each sample, all different.

    ``before treatment``, ``at relapse``, ``at week 8``; with the lesion where two samples of
    a time point differ by it, and with the sample's name where nothing else distinguishes them.
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
    tests : tuple of OtherTest
        Results of other tests of the patient.
    """

    def __init__(
        self,
        sheet: Sheet,
        vcf: AnnotatedVcf,
        copynumber: CopyNumber,
        rules: Rules,
        tests: tuple[records.OtherTest, ...] = (),
    ):
        self.sheet, self.vcf, self.copynumber, self.rules = sheet, vcf, copynumber, rules
        self.tests = tests
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
        self.over_time = course_samples(sheet.samples)
        self.times = times(sheet.samples)
        self.tumors = [sample.sample for sample in sheet.samples if sample.tumor]
        self.nouns = {
            s.sample: "plasma sample" if s.role == "plasma" else "biopsy" for s in sheet.samples
        }
        called = tuple(
            with_origin(
                record,
                copynumber.origins.get(record.fields["id"])
                or (origin_of_junction(record) if sheet.tumor_only else None),
            )
            for record in vcf
        )
        hopping = Hopping(called, self.tumors, vcf.error, rules.most_hopping)
        self.hopped = hopping.hopped()
        kept = without_hopped([with_pool(record, hopping) for record in called], self.hopped)
        somatic = proving(kept, self.tumors, sheet.tumor_only)
        self.records, self.as_known = with_known(kept, somatic, sheet.samples, self.hopped)
        proofs = proving(self.records, self.tumors, sheet.tumor_only)
        rho = {name: rho_of(vcf.overdispersion(name), rules) for name in self.tumors}
        self.proofs = proofs
        self.contents = contents(proofs, self.purity, self.tumors, rho)
        self.shared = shared(proofs, self.tumors)
        self.follow_up = FollowUp(
            sheet.samples,
            proofs,
            self.contents,
            self.purity,
            rho,
            rules.most_hopping,
            self.normal,
            self.hopped,
        )
        self.contents |= self.follow_up.contents_by_all()
        self.white_cells = self.follow_up.marks()
        self._views: dict[tuple[str, str], View] = {}
        self._scales: dict[tuple[str, str], Scales] = {}
        self._groups: dict[tuple[str, str], Changes | None] = {}

    def result(self) -> records.Compare:
        """Return the comparison."""
        variants, tests = self._variants(), ()
        if self.tests:
            variants, tests = OtherResults(self.tests, self.sheet, self.over_time).apply(variants)
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
                    overdispersion=rho_of(self.vcf.overdispersion(sample.sample), self.rules),
                    tumor=self.contents[sample.sample].record() if sample.tumor else None,
                    damage=self.vcf.damage(sample.sample) or UNSET,
                )
                for sample in self.sheet.samples
            ),
            pairs=self.sheet.pairs,
            lines=self.sheet.lines,
            changes=tuple(
                found
                for pair in self.sheet.pairs
                if (found := self._pair_changes(pair, variants)) is not None
            ),
            variants=variants,
            lesions=records.Lesions(
                samples={lesion: tuple(names) for lesion, names in self.lesions.items()},
                variants={
                    variant.id: self._distribution(variant)
                    for variant in variants
                    if variant.model != "germline"
                },
            ),
            clones=self._clones(),
            follow_up=self.follow_up.result() if self.follow_up.plasma else UNSET,
            other_tests=tests or UNSET,
        )

    def _clones(self) -> records.Clones | msgspec.UnsetType:
        """Return the clones of a patient with enough samples."""
        there = [name for name in self.tumors if self.contents[name].detected]
        if len(there) < CLONE_SAMPLES:
            return msgspec.UNSET
        # Most patients have fewer samples, and need not wait for the import.
        from resistpanel.compare.clones import Patient, clones

        without = [name for name in self.tumors if name not in there]
        patient = Patient(self.proofs, there, without, self.sheet.lines, self._view, self.names)
        return clones(patient, self.rules) or msgspec.UNSET

    def _variants(self) -> tuple[records.Variant, ...]:
        """Return the variants, with what is known of their fractions before each line.

        How often an allele was new is that of all of the patient's alleles.
        """
        found = [self._with_before(record) for record in self.records]
        new = [
            new_fraction([one for _, by_line in found if (one := by_line.get(line.number))])
            for line in self.sheet.lines
        ]
        return tuple(
            msgspec.structs.replace(
                variant,
                lines=tuple(
                    with_fractions(state, by_line.get(state.line), fraction)
                    for state, fraction in zip(variant.lines, new, strict=True)
                ),
            )
            for variant, by_line in found
        )

    def _distribution(self, variant: records.Variant) -> records.LesionsOfVariant:
        """Return in which lesions an allele is.

        A sample lacks it only if it could have shown as many cells as have it elsewhere.
        """
        bounds = {name: one.ub_ccf for name, one in variant.samples.items()}
        elsewhere = [
            self._views[variant.id, name].least_ccf
            for name in self.tumors
            if variant.samples[name].detected
        ]
        most = max((one for one in elsewhere if one is not None), default=MOST_BEFORE)
        most = min(most, MOST_BEFORE)
        return distribution(
            self.lesions,
            {name: one.detected for name, one in variant.samples.items()},
            {name for name, bound in bounds.items() if bound is None or bound > most},
        )

    def variant(self, record: Record) -> records.Variant:
        """Return a variant in every sample, with its states.

        Without the probabilities of its fraction before, which take the other variants.
        """
        return self._with_before(record)[0]

    def _with_before(self, record: Record) -> tuple[records.Variant, dict[int, Before]]:
        """Return a variant, and the likelihoods of its fraction before each line."""
        views = {name: self._view(record, name) for name in self.samples}
        known: dict[tuple[str, str, bool], Decision] = {}

        def between(pre: str, post: str, interval: bool = False) -> Decision:
            key = pre, post, interval
            if (pre, post, True) in known:
                return known[pre, post, True]
            if key not in known:
                common = self._scale(pre, post, record.fields["id"])
                among = self._among(pre, post)
                known[key] = decide(
                    views[pre], views[post], self.rules, common, interval,
                    among.unchanged.get(record.fields["id"]) if among else None,
                )  # fmt: skip
            return known[key]

        allele = Allele(views, between, self.times)
        states = [
            self._pair(between(pair.pre, pair.post, True), allele.text(pair.pre, pair.post), pair)
            for pair in self.sheet.pairs
        ]
        lines = line_states(allele, self.sheet.lines, self.over_time)
        told = courses(allele, self.over_time)
        seen = any(allele.seen(name) for name in self.tumors)
        likelihoods = {
            line.number: one
            for state, line in zip(lines, self.sheet.lines, strict=True)
            if seen and (one := before(state, views, line, self.over_time, self.rules))
        }
        variant = records.Variant(
            **record.fields,
            samples={name: self._sample(view) for name, view in views.items()},
            states=tuple(self._in_patient(state, views, lines) for state in states),
            state=headline(self.sheet.lines, lines),
            lines=lines,
            courses=told,
            status=overall_status(told, seen),
            white_cells=self.white_cells.get(record.fields["id"], UNSET),
        )
        return variant, likelihoods

    def _pair(self, decision: Decision, text: str, pair: Pair) -> records.PairState:
        return records.PairState(
            pre=pair.pre,
            post=pair.post,
            state=decision.state,
            probability_increase=rounded(decision.probability_increase),
            fold_change=rounded(decision.fold_change),
            fold_low=rounded(decision.fold_low),
            fold_high=rounded(decision.fold_high),
            text=text,
        )

    def _in_patient(
        self,
        state: records.PairState,
        views: dict[str, View],
        lines: Sequence[records.LineState],
    ) -> records.PairState:
        """Return a pair's state as the patient's other samples leave it.

        What another sample before the first dose shows was not acquired. The line is the one that
        the later sample is after: it is no sample before that line.
        """
        if state.state != "acquired":
            return state
        line = next(
            (
                one
                for one, therapy in zip(lines, self.sheet.lines, strict=True)
                if state.pre in therapy.baseline
                and state.post not in therapy.baseline
                and one.before in ("present", "possible")
            ),
            None,
        )
        if line is None:
            return state
        if line.shown_by:
            where = join(f"{frequency(views[n])} {views[n].name}" for n in line.shown_by)
            more = f"but {where}: not acquired"
        else:
            more = "another sample before treatment leaves it possible that it was present before"
        return msgspec.structs.replace(state, state="emergent", text=f"{state.text}; {more}")

    def _among(self, pre: str, post: str) -> Changes | None:
        """Return which of the shared variants changed between two samples."""
        if (pre, post) not in self._groups:
            self._groups[pre, post] = changes(self._changes(pre, post).points)
        return self._groups[pre, post]

    def _pair_changes(
        self, pair: Pair, variants: Sequence[records.Variant]
    ) -> records.PairChanges | None:
        """Return how many variants changed between the samples of a pair, by chance or not."""
        among = self._among(pair.pre, pair.post)
        if among is None:
            return None
        called = [
            among.unchanged[variant.id]
            for variant in variants
            for state in variant.states
            if variant.id in among.unchanged
            and (state.pre, state.post) == (pair.pre, pair.post)
            and state.state in ("rising", "falling")
        ]
        return records.PairChanges(
            pre=pair.pre,
            post=pair.post,
            tested=len(among.unchanged),
            changed=len(called),
            unchanged_fraction=rounded(among.weight),
            spread=rounded(among.spread),
            false_discovery_rate=rounded(sum(called) / len(called)) if called else None,
        )

    def _scale(self, pre: str, post: str, identifier: str) -> Scale | None:
        """Return the common change of the shared variants without the one that is tested."""
        return self._changes(pre, post).without(identifier)

    def _changes(self, pre: str, post: str) -> Scales:
        """Return the changes of the shared variants between two samples."""
        if (pre, post) not in self._scales:
            found = []
            for record in self.shared:
                if not (record.evidence[pre].detected and record.evidence[post].detected):
                    continue
                one, other = self._view(record, pre), self._view(record, post)
                ratio = scale_ratio(one, other)
                rho = rho_of(one.rho, self.rules), rho_of(other.rho, self.rules)
                found.append(point(record.fields["id"], one.evidence, other.evidence, ratio, rho))
            self._scales[pre, post] = Scales([one for one in found if one is not None])
        return self._scales[pre, post]

    def _view(self, record: Record, sample: str) -> View:
        """Return a sample's evidence of an allele, made once."""
        key = record.fields["id"], sample
        if key not in self._views:
            self._views[key] = self._made_view(record, sample)
        return self._views[key]

    def _made_view(self, record: Record, sample: str) -> View:
        control = (0, 0)
        if self.normal is not None and self.normal != sample:
            normal = record.evidence[self.normal]
            control = (normal.alt, normal.depth)
        # Normal cells carry a germline allele too: purity says nothing about its frequency.
        somatic = record.fields["model"] not in ("germline", "contamination", "artifact")
        place = locus(
            self.purity[sample] if somatic else Purity(),
            record.fields["chrom"],
            _gene_of_copies(record),
            sample,
            self.sheet.sex,
            self.copynumber,
        )
        view = View(
            record.evidence[sample],
            place,
            self.vcf.error(sample),
            control,
            self.names[sample],
            self.contents.get(sample),
            self.nouns[sample],
            self.vcf.overdispersion(sample),
            unit=self.vcf.unit(sample),
            as_known=(record.fields["id"], sample) in self.as_known,
        )
        found = self.hopped.get((record.fields["id"], sample))
        if found is None:
            return view
        view = dataclasses.replace(view, background=found.background)
        if not (found.called or view.possible):
            return view
        return dataclasses.replace(
            view, hopped=dataclasses.replace(found, source=self.names[found.source])
        )

    def _sample(self, view: View) -> records.SampleAtLocus:
        evidence = view.evidence
        fraction = None
        if evidence.detected and evidence.af is not None:
            rho = rho_of(view.rho, self.rules)
            counts = posterior(evidence.alt, evidence.depth, rho)
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
            ub_ccf=None if evidence.detected else rounded(view.content and view.ccf_bound),
            hopping=view.hopped and rounded(view.hopped.rate),
            lod_of_another=UNSET if evidence.lod_of_another is None else evidence.lod_of_another,
            unit=UNSET if view.unit == "fragments" else view.unit,
            as_known=True if view.as_known else UNSET,
        )


def _gene_of_copies(record: Record) -> str | None:
    """Return the gene whose copies a variant is on, None if they are not those of its locus.

    A deletion or duplication changes the copies of the gene itself; its breakends are beyond.
    """
    junction = record.fields.get("junction")
    return None if junction and junction.length else record.fields["gene"]


def headline(lines: Sequence[Line], states: Sequence[records.LineState]) -> str | None:
    """Return the state under the latest line of therapy that has samples; None without one."""
    found = [state.state for line, state in zip(lines, states, strict=True) if line.samples]
    return found[-1] if found else None


def compare(
    vcf: str | Path,
    sheet: str | Path,
    output: str | Path,
    copynumber: str | Path | None = None,
    rules: Rules = DEFAULT,
    policy: Policy = KEEP,
    tests: Mapping[str, Sequence[Row]] | None = None,
    build: str | None = None,
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
    policy : Policy
        Which inherited variants are withheld.
    tests : mapping of str to sequence of Row, optional
        Results of other tests by patient, see `read_other_tests`.
    build : str, optional
        Of the reference; VCFs and MAFs of other tests must be of it.

    Raises
    ------
    InputError
        If a file is missing or they do not belong together.
    """
    if not Path(sheet).is_file():
        raise InputError("no such file", str(sheet), "run `resistpanel sheet` first")
    read = read_record(sheet, Sheet)
    results = results_of((tests or {}).get(read.patient, ()), build)
    copies = read_copynumber(copynumber)
    with _no_collector():
        comparison = Comparison(read, AnnotatedVcf(vcf), copies, rules, results)
        write_record(output, policy.apply(comparison.result()))


@contextmanager
def _no_collector() -> Iterator[None]:
    """Leave out the search for cycles: records have none, and it would go through all of them."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
