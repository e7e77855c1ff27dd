"""The joint call of one patient: chunks in, records out."""

import gc
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from resistpanel.call import header
from resistpanel.call import vcf_writer as vcf
from resistpanel.call.call_constants import (
    CARRIED,
    CARRIED_JUNCTION,
    CERTAIN_BF,
    ERROR_RANGE,
    HET_DEPTH,
    HET_RANGE,
    HOMOLOGOUS_ERROR,
    HOMOZYGOUS_AF,
    HOMOZYGOUS_DEPTH,
    INDEL_FLOOR,
    LEAST_CONTAMINATION,
    LEAST_NORMAL,
    LEAST_SAMPLE_ERROR,
    LEAST_TIN,
    LEAST_TUMOR_AF,
    MOST_TIN_AF,
    PADDING,
    SECOND_ERROR,
)
from resistpanel.call.errors import error_model
from resistpanel.call.events import breakpoints
from resistpanel.call.events.detection import junction_limits
from resistpanel.call.io import collection, regions
from resistpanel.call.io import evidence as ev
from resistpanel.call.io.pileup import CLASSES, QUALITY_GROUPS
from resistpanel.call.io.primers import read_primers
from resistpanel.call.model import contamination, overdispersion, population
from resistpanel.call.model import posterior as model
from resistpanel.call.records import RecordBuilder
from resistpanel.call.result import CallResult
from resistpanel.call.settings import Settings, check_contigs, open_sample, read_sites
from resistpanel.core.allele import Allele, kind, tract, vcf_alleles
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target, read_targets
from resistpanel.core.reference import Reference
from resistpanel.qc import assay
from resistpanel.qc.assay_given import Given, given_assays
from resistpanel.records.qc import Assay

if TYPE_CHECKING:
    from resistpanel.qc.counts import Pass


#: Candidates that are weighed at once.
TOGETHER = 25 * model.STEP
#: Most candidates of which the likelihoods are kept, for the second time that they are weighed:
#: 10 kB each.
KEPT = 4 * TOGETHER


class Part(NamedTuple):
    """Candidates that are weighed with the same priors.

    Attributes
    ----------
    which : int, (n,)
        Their indices.
    priors : Priors
    weighed : list of (Evidence, Likelihoods)
        Theirs, once they were weighed; empty if these are made anew each time.
    """

    which: np.ndarray
    priors: model.Priors
    weighed: list[tuple[model.Evidence, model.Likelihoods]]

    def given(self, evidence: model.Evidence) -> tuple[model.Evidence, model.Likelihoods]:
        """Return their evidence and its likelihoods; `evidence` is of all candidates."""
        if self.weighed:
            return self.weighed[0]
        mine = evidence.part(self.which)
        found = mine, model.Likelihoods.of(mine)
        if len(evidence.other) <= KEPT:
            self.weighed.append(found)
        return found


class Caller:
    """Calls one patient.

    Usage: ``Caller(settings).run(output)``.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.reference = Reference(settings.reference)
        paths = ([settings.normal] if settings.normal else []) + settings.tumors
        self.samples = [open_sample(p, settings.reference) for p in paths]
        names = [s.name for s in self.samples]
        for name in set(names):
            if names.count(name) > 1:
                both = " and ".join(s.path for s in self.samples if s.name == name)
                raise InputError(f"sample {name!r} is named by {both}", "", "give each once")
        self.normal = 0 if settings.normal else None
        self.tumors = [i for i in range(len(paths)) if i != self.normal]
        bed = read_targets(settings.targets)
        targets = [(t.chrom, t.start, t.end) for t in bed]
        check_contigs(self.samples, self.reference, targets, settings.targets)
        self.assays = self._assays(bed)
        self.padding = settings.padding
        if self.padding is None:
            self.padding = 0 if any(a.library == "amplicon" for a in self.assays) else PADDING
        targets = regions.padded(targets, self.padding)
        order = {
            c: self.reference.contigs[c]
            for c in self.samples[0].contigs
            if c in self.reference.contigs
        }
        self.targets = regions.merge(targets, order)
        self.sites = read_sites(settings.sites, self.reference) if settings.sites else {}
        # A substitution of several bases is read whole: it neither ends beyond a target nor is cut.
        joint = [(a.contig, a.pos, a.end) for a in self.sites if a.substitution and len(a.ref) > 1]
        self.targets = regions.merge([*self.targets, *regions.touching(joint, self.targets)], order)
        self.chunks = regions.chunks(self.targets, whole=joint)
        self.found: collection.Collection | None = None
        self.learned: error_model.Multipliers | None = None
        #: What qc asks of the reads; counted only if it is asked for before they are read.
        self.counts: Pass | None = None

    @property
    def molecules(self) -> bool:
        """Whether a tumour sample's evidence is of molecules."""
        return any(assay.unit(self.assays[s]) == "molecules" for s in self.tumors)

    @property
    def error_counts(self) -> list[error_model.ErrorCounts]:
        """Error error_counts of the samples."""
        return self.found.error_counts

    @property
    def candidates(self) -> list[ev.Candidate]:
        """All candidates, by chunk and allele."""
        return self.found.candidates

    def read(self, chunks: list[regions.Chunk]) -> collection.Collection:
        """Return the evidence of some chunks."""
        kinds = [
            collection.Kind(
                found.consensus,
                read_primers(given.primers, self.reference) if given.primers else None,
                found.library == "amplicon" or "library" not in found.given,
                found.library == "amplicon",
                found.families,
                found.umi,
                self.by_ends(found),
                assay.counts_copies(found),
            )
            for given, found in zip(self.given, self.assays, strict=True)
        ]
        takers = self.counts.takers if self.counts else ()
        return collection.collect(
            self.settings, self.samples, self.reference, chunks, self.sites, kinds, takers
        )

    def count(self) -> None:
        """Have the pass over the reads count what qc asks of them, too; see `qc.counts`."""
        from resistpanel.qc.counts import Pass

        paths, settings = [s.path for s in self.samples], self.settings
        self.counts = Pass(
            Path(settings.targets), Path(settings.reference), paths, self.given, self.assays
        )

    @staticmethod
    def by_ends(found: Assay) -> bool:
        """Return whether a sample's copies are recognised by their ends, unless `reads` was set."""
        return found.library == "capture" and not found.molecular and "reads" not in found.given

    def _assays(self, targets: list[Target]) -> list[Assay]:
        """Return the assay of each sample, as some of its reads show it or the user says."""
        settings = self.settings
        usual = Given(
            library=settings.library,
            umi=settings.umi,
            consensus=settings.consensus,
            primers=settings.primers,
        )
        names = [s.name for s in self.samples]
        self.given = given_assays(settings.assay, names, usual)
        return [
            assay.describe(assay.look(s.path, settings.reference, targets, given), given)
            for s, given in zip(self.samples, self.given, strict=True)
        ]

    def collect(self) -> None:
        """Read all samples once and collect the evidence."""
        self.use_evidence(self.read(self.chunks))

    def use_evidence(self, found: collection.Collection) -> None:
        """Use evidence that was collected.

        Raises
        ------
        InputError
            If no usable read of a sample has base qualities.
        """
        self.found, self.learned = found, None
        for sample, used, bare in zip(self.samples, found.reads, found.no_qualities, strict=True):
            if bare and not used:
                raise InputError(
                    f"none of its {bare} usable reads has base qualities",
                    sample.path,
                    "align again from FASTQ with qualities: without them errors cannot be "
                    "distinguished from variants",
                )

    def fit_models(self) -> tuple[model.Posterior, model.Evidence]:
        """Estimate the error rates and evaluate the models."""
        multipliers = self._learn()
        self.log_multiplier = np.log(multipliers.shared)
        evidence = self._evidence(multipliers)
        self.log_het = None
        if self.normal is None:
            self.log_het = model.log_het_prior(evidence.errors.sum((2, 3)), evidence.other)
        parts = self._parts()
        posterior = self._evaluate(evidence, parts)
        self._estimate_contamination(posterior, evidence)
        self.admixture = self._admixture()
        if self.admixture.tumor_in_normal > 0 or any(self.admixture.contamination.values()):
            posterior = self._evaluate(evidence, parts, self.admixture)
        self.overdispersion = self._overdispersion(posterior, evidence)
        return posterior, evidence

    def _learn(self) -> error_model.Multipliers:
        """Learn the error rates, and how much sites differ; release the counts of the sites.

        Those of amplicons are looked at again, see `errors.damage`.
        """
        if self.learned is not None:
            return self.learned
        self.priors = error_model.GENERAL
        if self.settings.built:
            self.priors = error_model.ErrorPriors.of(self.settings.built.priors)
        pooled = error_model.learn_stutter(self.error_counts, self.priors)
        self.error_models, suspects, error = error_model.learn_rates(
            self.error_counts, pooled, self.priors
        )
        self.learned = error_model.learn_multipliers(
            self.error_counts, self.error_models, self.normal, suspects, error
        )
        if not any(sample.library == "amplicon" for sample in self.assays):
            for counts in self.error_counts:
                counts.sites.clear()
        return self.learned

    def _parts(self) -> list[Part]:
        """Return the candidates by their priors; those of junctions have another of artifacts."""
        alleles = [c.allele for c in self.candidates]
        given = self.settings.priors, self.molecules, self.rarely_inherited
        found = breakpoints.by_priors(alleles, *given)
        return [
            Part(some[i : i + TOGETHER], priors, [])
            for some, priors in found
            for i in range(0, max(len(some), 1), TOGETHER)
        ]

    def _evaluate(
        self,
        evidence: model.Evidence,
        parts: list[Part],
        admixture: model.Admixture = model.NO_ADMIXTURE,
    ) -> model.Posterior:
        """Evaluate the models."""
        found = []
        for part in parts:
            mine, likelihoods = part.given(evidence)
            log_germline = None if self.log_germline is None else self.log_germline[part.which]
            found.append(
                model.evaluate(
                    mine,
                    self.normal,
                    part.priors,
                    log_germline,
                    admixture,
                    likelihoods,
                    self.log_het,
                )
            )
        if len(found) == 1:
            return found[0]
        order = np.argsort(np.concatenate([part.which for part in parts]))
        fields = zip(*(vars(one).values() for one in found), strict=True)
        return model.Posterior(*(np.concatenate(field)[order] for field in fields))

    @property
    def rarely_inherited(self) -> frozenset[Allele]:
        """Alleles that hardly any person inherits, which matters without a normal."""
        if self.normal is not None:
            return frozenset()
        alleles = (c.allele for c in self.candidates)
        rare = [a for a in alleles if breakpoints.rarely_inherited(a, self.reference)]
        around = breakpoints.polymorphic(self.candidates) if rare else bool
        return frozenset(a for a in rare if not around(a))

    def _evidence(self, multipliers: error_model.Multipliers) -> model.Evidence:
        """Return the candidates' evidence, as the model reads it."""
        n, samples = len(self.candidates), len(self.samples)
        depth = self._depth()
        good = depth[..., error_model.GOOD :].sum(3)
        alt = np.array([[x.alt for x in c.support] for c in self.candidates]).reshape(n, samples)
        evidence = model.Evidence(
            errors=np.zeros((n, samples, 3, len(model.ERROR_CENTRES))),
            other=np.maximum(depth.sum((2, 3)) - alt, 0),
            expected=np.zeros((n, samples, 3)),
            good=np.stack([good[..., :3].sum(2), good[..., 3:].sum(2)], axis=2),
            log_shared=np.tile(self.log_multiplier, (n, 1)),
            log_own=np.tile(self.log_multiplier, (n, samples, 2, 1)),
            log_carried=self._germline_priors(),
        )
        heavy = np.log(error_model.heavy_tailed(error_model.usual()))
        self.stutter = np.zeros((n, samples))
        for i, candidate in enumerate(self.candidates):
            unit, units = tract(candidate.allele, self.reference)
            if not candidate.allele.substitution and units >= 4:
                evidence.log_shared[i], evidence.log_own[i] = heavy, heavy
            self._add_counts(evidence, i, unit, units)
            self._add_multipliers(evidence, i, multipliers)
        snv = np.flatnonzero([c.allele.substitution for c in self.candidates])
        if len(snv):
            evidence.log_shared[snv], evidence.log_own[snv] = error_model.bounded(
                evidence.log_shared[snv],
                evidence.log_own[snv],
                evidence.expected[snv],
                evidence.good[snv],
                depth[snv],
            )
        return evidence

    def _depth(self, which: Iterable[int] | None = None) -> np.ndarray:
        """Return the depths of some candidates, (n, samples, CLASSES, QUALITY_GROUPS)."""
        chosen = range(len(self.candidates)) if which is None else which
        found = [[x.depth for x in self.candidates[i].support] for i in chosen]
        shape = len(found), len(self.samples), CLASSES, QUALITY_GROUPS
        return np.array(found, dtype=float).reshape(shape)

    def _add_counts(self, evidence: model.Evidence, i: int, unit: int, units: int) -> None:
        """Add a candidate's counts; `unit` and `units` are of the repeat that it is in."""
        candidate = self.candidates[i]
        slips = None
        if unit == 1 and units and abs(candidate.allele.shift) == 1:
            slips = error_model.stutter_without(
                self.error_counts,
                units,
                int(candidate.allele.shift > 0),
                np.array([x.alt for x in candidate.support]),
                np.array([x.total for x in candidate.support]),
                self.normal,
                self.priors,
            )
        for s, support in enumerate(candidate.support):
            slip = None if slips is None else float(slips[s])
            e, total = self._error(candidate, support, s, unit, units, slip)
            if len(e):
                at, upper = model.between_centres(e)
                kinds = np.where(
                    support.rows["group"] >= error_model.GOOD, support.rows["cls"] // 3, 2
                )
                table = evidence.errors[i, s]
                cell = kinds * table.shape[1] + at
                cells = np.concatenate([cell, cell + 1])
                weight = np.concatenate([1 - upper, upper])
                table += np.bincount(cells, weight, table.size).reshape(table.shape)
            evidence.expected[i, s] = total
            if units >= 3:
                self.stutter[i, s] = total.sum() / max(support.by_class.sum(), 1)

    def _add_multipliers(
        self, evidence: model.Evidence, i: int, multipliers: error_model.Multipliers
    ) -> None:
        """Set the distributions of a substitution's site multipliers, learned without its site."""
        candidate = self.candidates[i]
        if candidate.context >= 0:
            ref, base = (candidate.context // 4) % 4, "ACGT".index(candidate.allele.alt)
            counts = evidence.errors[i, :, :2].sum(2)
            own = multipliers.without(ref, base, counts, evidence.expected[i, :, :2])
            evidence.log_own[i] = np.log(own)

    def _germline_priors(self) -> np.ndarray:
        """Read the germline resource; return the log prior of another person's alleles."""
        self.log_germline = None
        self.population: list[float | None] = [None] * len(self.candidates)
        if not self.settings.germline:
            return np.log([self._carried(c.allele) for c in self.candidates])
        resource = population.Resource(self.settings.germline, "AF")
        self.population = [resource.lookup(c.allele, self.reference) for c in self.candidates]
        self.log_germline = np.array([population.log_germline_prior(p) for p in self.population])
        return self.log_germline

    def _carried(self, allele: Allele) -> float:
        """Return the probability that a person has an allele."""
        return CARRIED_JUNCTION if allele.symbolic else CARRIED[kind(allele, self.reference)]

    def _admixture(self) -> model.Admixture:
        """Return what of the estimates is beyond doubt, for the model."""
        tin, tumor, strongest = 0.0, None, 0.0
        for s, found in self.tumor_in_normal.items():
            if found.found and found.value >= LEAST_TIN and found.evidence > strongest:
                strongest, tin, tumor = found.evidence, found.value, s
        sure = {
            s: found.value if found.found and found.value >= LEAST_CONTAMINATION else 0.0
            for s, found in self.contamination.items()
        }
        return model.Admixture(tin, tumor, sure)

    def _estimate_contamination(self, posterior: model.Posterior, evidence: model.Evidence) -> None:
        """Estimate tumour in normal by tumour, and other people's DNA in each sample.

        Nothing is known of either without a normal, and nothing without candidates.
        """
        self.tumor_in_normal, self.contamination = {}, {}
        if self.normal is None:
            return
        self.tumor_in_normal = dict.fromkeys(self.tumors, contamination.NOTHING)
        self.contamination = dict.fromkeys(range(len(self.samples)), contamination.NOTHING)
        if not self.candidates:
            return
        alts = evidence.errors.sum((2, 3))
        totals = alts + evidence.other
        af = alts / np.maximum(totals, 1)
        snv = np.array([c.allele.substitution for c in self.candidates])
        for s in self.tumors:
            # Beyond doubt in the tumour, and in the normal at no frequency that a germline
            # variant has: where the tumour lost the other copy, those too are commoner in it.
            use = (
                snv
                & (posterior.log_bayes_factor[:, s] > np.log(CERTAIN_BF))
                & (af[:, s] >= LEAST_TUMOR_AF)
                & (af[:, self.normal] < MOST_TIN_AF)
                & (totals[:, self.normal] >= LEAST_NORMAL)
            )
            self.tumor_in_normal[s] = contamination.tumor_in_normal(
                alts[use, self.normal], totals[use, self.normal], alts[use, s], totals[use, s]
            )
        homozygous = (
            snv
            & (posterior.best == "germline")
            & (af[:, self.normal] > HOMOZYGOUS_AF)
            & (totals[:, self.normal] >= HOMOZYGOUS_DEPTH)
        )
        where = [c.allele for c, use in zip(self.candidates, homozygous, strict=True) if use]
        place = np.array([a.contig for a in where]), np.array([a.pos for a in where])
        for s in range(len(self.samples)):
            other = totals[homozygous, s] - alts[homozygous, s]
            depth = totals[homozygous, s]
            kept = contamination.loci(*place, other, depth)
            # Whatever is not the patient's allele is counted: the errors towards all bases.
            error = self.error_counts[s].errors.sum() / max(self.error_counts[s].total.sum(), 1)
            # One level alone reads as both copies of a little or one copy of twice as much
            # foreign DNA: the first is taken.
            self.contamination[s] = contamination.contamination(
                other[kept], depth[kept], max(error, LEAST_SAMPLE_ERROR)
            )

    def _overdispersion(
        self, posterior: model.Posterior, evidence: model.Evidence
    ) -> list[overdispersion.Overdispersion]:
        """Estimate each sample's overdispersion from heterozygous germline substitutions."""
        alts = evidence.errors.sum((2, 3))
        totals = alts + evidence.other
        among = self.tumors if self.normal is None else [self.normal]
        af = alts[:, among].sum(1) / np.maximum(totals[:, among].sum(1), 1)
        snv = np.array([c.allele.substitution for c in self.candidates], dtype=bool)
        het = snv & (posterior.best == "germline") & (af >= HET_RANGE[0]) & (af <= HET_RANGE[1])
        found = []
        for s, sample in enumerate(self.assays):
            rows = overdispersion.by_amplicon(
                (self.candidates[i], s, alts[i, s], totals[i, s]) for i in np.flatnonzero(het)
            )
            tumor = s != self.normal
            found.append(overdispersion.of_sample(rows, sample, self.settings.built, tumor))
        return found

    def _error(
        self, candidate, support, s, unit, units, slip: float | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return each carrying fragment's error probability, and the errors expected in all.

        The latter by kind, (3,), as `model.Evidence.expected`. `slip` is the chance of one base
        lost or gained in a homopolymer, without what the site itself shows.
        """
        learned = self.error_models[s]
        rows = support.rows
        allele = candidate.allele
        if not allele.substitution:
            if allele.symbolic:
                rate = breakpoints.error_of(allele)
            elif slip is None:
                rate = learned.indel_rate(unit, units, allele.shift)
            else:
                rate = float(np.clip(slip, INDEL_FLOOR, ERROR_RANGE[1]))
            if not allele.symbolic and breakpoints.folds_back(allele, self.reference):
                rate = max(rate, HOMOLOGOUS_ERROR)
            if candidate.misread is not None:
                rate = min(rate + float(candidate.misread[s]), ERROR_RANGE[1])
            by_class = support.by_class.tolist()
            total = rate * np.array([sum(by_class[:3]), sum(by_class[3:]), 0.0])
            return np.full(len(rows), rate), total
        base, changed = _read_as(allele)
        # An amplicon reads a site in one cycle, which is the site's multiplier: of the errors that
        # are expected there, those of all cycles are taken.
        cycle = None if self.assays[s].library == "amplicon" else rows["cycle"]
        e = learned.rates(candidate.context, base, rows["cls"], rows["group"], cycle)
        total = learned.expected(candidate.context, base, support.depth)
        if changed > 1:
            e, total = np.maximum(e * SECOND_ERROR, ERROR_RANGE[0]), total * SECOND_ERROR
        return e, total

    def log_errors(self, evidence: model.Evidence, which: np.ndarray) -> np.ndarray:
        """Return mean and sd of the log error probability of fragments, and log of the mean one.

        Parameters
        ----------
        evidence : Evidence
            Of all candidates.
        which : int, (n,)
            Candidates asked for.

        Returns
        -------
        (n, samples, 3, 3), by kind as `Evidence.expected`
        """
        found = np.zeros((len(which), len(self.samples), 3, 3))
        depth = self._depth(which)
        rate = evidence.expected[which].sum(2) / np.maximum(depth.sum((2, 3)), 1)
        found[..., 0] = found[..., 2] = np.log(np.clip(rate, *ERROR_RANGE))[..., None]
        alleles = [self.candidates[i].allele for i in which]
        snv = np.flatnonzero([a.substitution for a in alleles])
        if not len(snv):
            return found
        context = np.array([self.candidates[which[row]].context for row in snv])
        base, changed = np.array([_read_as(alleles[row]) for row in snv]).T
        for s, learned in enumerate(self.error_models):
            found[snv, s] = learned.log_errors(context, base, depth[snv, s])
        less = np.where(changed > 1, np.log(SECOND_ERROR), 0.0)[:, None, None, None]
        found[snv] += less * np.array([1.0, 0.0, 1.0])
        return found

    def records(self) -> list[vcf.Record]:
        """Return the records of the output, sorted; the reads are read if nothing was taken."""
        if self.found is None:
            self.collect()
        junctions = breakpoints.candidates(self)
        local = breakpoints.local(junctions, self.found.candidates, self.reference)
        junctions = _without(junctions, local)
        junctions = _without(junctions, breakpoints.repeated(junctions, self.reference))
        mistaken = breakpoints.shadows(junctions, self.found.candidates)
        self.found.candidates = _without(self.found.candidates, mistaken) + junctions
        builder = RecordBuilder(self, *self.fit_models())
        self.junction_limits = junction_limits(self, builder.rho, builder.threshold)
        self.damage_limits = builder.damage
        return builder.records()

    def outside(self) -> list[Allele]:
        """Return the forced sites that were not genotyped, since they are outside the targets."""
        return sorted(set(self.sites) - {c.allele for c in self.candidates if c.forced})

    def call(self) -> CallResult:
        """Call the patient; the reads are read if no evidence was taken."""
        records = self.records()
        return CallResult(
            settings=self.settings,
            samples=self.samples,
            normal=self.normal,
            targets=self.targets,
            sites=self.sites,
            outside=self.outside(),
            found=self.found,
            error_models=self.error_models,
            assays=self.assays,
            given=self.given,
            padding=self.padding,
            admixture=self.admixture,
            contamination=self.contamination,
            tumor_in_normal=self.tumor_in_normal,
            overdispersion=self.overdispersion,
            log_multiplier=self.log_multiplier,
            junction_limits=self.junction_limits,
            damage_limits=self.damage_limits,
            records=records,
        )

    def run(self, output: str) -> CallResult:
        """Call and write `output` (.vcf.gz) with its index."""
        # Nothing here makes cycles of references; looking for them costs time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            result = self.call()
        finally:
            if collecting:
                gc.enable()
        head = vcf.header(
            self.reference.contigs,
            [s.name for s in self.samples],
            header.parameters(result),
            Path(self.settings.reference).name,
        )
        vcf.write(output, head, result.records)
        return result


def _without(candidates: list[ev.Candidate], some: list[ev.Candidate]) -> list[ev.Candidate]:
    """Return the candidates that are none of some, by identity: they hold arrays."""
    gone = {id(c) for c in some}
    return [c for c in candidates if id(c) not in gone]


def _read_as(allele: Allele) -> tuple[int, int]:
    """Return the code of the first changed base of a substitution, and how many are changed."""
    changed = [b for r, b in zip(allele.ref, allele.alt, strict=True) if r != b]
    return "ACGT".index(changed[0]), len(changed)


def build_pon(settings: Settings, output: str) -> int:
    """Write the alleles that recur in normals, with how many show them.

    Parameters
    ----------
    settings : Settings
        The normals stand as `tumors`, without a normal.
    output : str
        .vcf.gz; its index is written beside it.

    Returns
    -------
    int
        Alleles written.
    """
    return write_recurrent(Caller(settings), output)


def write_recurrent(caller: Caller, output: str) -> int:
    """Write the panel of normals of a caller whose tumours are the normals; see `build_pon`."""
    if caller.found is None:
        caller.collect()
    posterior, _ = caller.fit_models()
    rows = population.pon_rows(caller.candidates, len(caller.samples), posterior.log_bayes_factor)
    order = {contig: k for k, contig in enumerate(caller.samples[0].contigs)}
    names = [s.name for s in caller.samples]
    lines = []
    for allele, seen, most in rows:
        pos, ref, alt = vcf_alleles(allele, caller.reference)
        lines.append((order[allele.contig], pos, ref, alt, allele.contig, seen, most))
    vcf.write_pon(
        output,
        caller.reference.contigs,
        names,
        [
            (contig, pos, ref, alt, [names[s] for s in seen], most)
            for _, pos, ref, alt, contig, seen, most in sorted(lines)
        ],
    )
    return len(lines)


def inherited_by_sample(caller: Caller) -> list[set[Allele]]:
    """Return the alleles that each sample's counts show to be inherited, one copy or both.

    For normals. Those that all samples have are left out: bases that the reference alone lacks.
    """
    found = [
        {
            c.allele
            for c in caller.candidates
            if not c.allele.symbolic
            and c.support[s].total >= HET_DEPTH
            and c.support[s].alt >= HET_RANGE[0] * c.support[s].total
        }
        for s in range(len(caller.samples))
    ]
    return [one - set.intersection(*found) for one in found]


def overdispersion_by_sample(caller: Caller) -> list[overdispersion.Overdispersion]:
    """Return each sample's overdispersion from its own heterozygous sites.

    For samples of several persons without tumour: what is heterozygous in one is not in another.
    """
    found = []
    for s, sample in enumerate(caller.assays):
        rows = overdispersion.by_amplicon(
            (c, s, c.support[s].alt, c.support[s].total)
            for c in caller.candidates
            if c.allele.substitution
            and HET_RANGE[0] <= c.support[s].alt / max(c.support[s].total, 1) <= HET_RANGE[1]
        )
        found.append(overdispersion.of_sample(rows, sample))
    return found


__all__ = ["Caller", "Settings", "build_pon", "overdispersion_by_sample", "write_recurrent"]
