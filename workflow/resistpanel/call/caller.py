"""The joint call of one patient: chunks in, records out."""

import gc
from functools import cached_property
from pathlib import Path

import numpy as np

from resistpanel.call import assay, header, limits
from resistpanel.call import filters as flt
from resistpanel.call import vcf_writer as vcf
from resistpanel.call.call_constants import (
    CARRIED,
    CERTAIN_BF,
    HOMOZYGOUS_AF,
    HOMOZYGOUS_DEPTH,
    INDEL_FLOOR,
    INHERITED_AF,
    LEAST_CONTAMINATION,
    LEAST_NORMAL,
    LEAST_SAMPLE_ERROR,
    LEAST_TIN,
    LEAST_TUMOR_AF,
    MIN_DEPTH,
    MOST_TIN_AF,
    NEAR_MISS,
    PRESENT_BF,
    SECOND_ERROR,
)
from resistpanel.call.errors import error_model as noise
from resistpanel.call.io import collection, regions
from resistpanel.call.io import evidence as ev
from resistpanel.call.model import contamination as leakage
from resistpanel.call.model import population
from resistpanel.call.model import posterior as model
from resistpanel.call.result import CallResult
from resistpanel.call.settings import Settings, check_contigs, open_sample, read_sites
from resistpanel.core.allele import Allele, kind, tract, vcf_alleles
from resistpanel.core.errors import InputError
from resistpanel.core.reference import Reference
from resistpanel.core.stats import clopper_pearson_upper, jeffreys_interval

PRESENT_LOG_BF = np.log(PRESENT_BF)


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
        targets = regions.read_bed(settings.targets, settings.padding)
        check_contigs(self.samples, self.reference, targets, settings.targets)
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

    @property
    def tallies(self) -> list[noise.Tally]:
        """Error tallies of the samples."""
        return self.found.tallies

    @property
    def candidates(self) -> list[ev.Candidate]:
        """All candidates, by chunk and allele."""
        return self.found.candidates

    def read(self, chunks: list[regions.Chunk]) -> collection.Collection:
        """Return the evidence of some chunks."""
        return collection.collect(
            self.settings, self.samples, self.reference, chunks, self.sites, self.consensus
        )

    @cached_property
    def consensus(self) -> list[str]:
        """Convention of each sample's consensus reads."""
        if self.settings.consensus:
            return [self.settings.consensus] * len(self.samples)
        reference = self.settings.reference
        return [assay.consensus_of(s.path, reference) for s in self.samples]

    @property
    def assays(self) -> list[assay.Assay]:
        """Assay of each sample, as its reads show it or the user gives it."""
        settings = self.settings
        return [
            assay.describe(
                kind, ends, tally.total.sum(0), settings.primers is not None, settings.library
            )
            for kind, ends, tally in zip(self.consensus, self.found.ends, self.tallies, strict=True)
        ]

    def collect(self) -> None:
        """Read all samples once and gather the evidence."""
        self.take(self.read(self.chunks))

    def take(self, found: collection.Collection) -> None:
        """Go on with evidence that was gathered.

        Raises
        ------
        InputError
            If no usable read of a sample has base qualities.
        """
        self.found = found
        for sample, used, bare in zip(self.samples, found.reads, found.no_qualities, strict=True):
            if bare and not used:
                raise InputError(
                    f"none of its {bare} usable reads has base qualities",
                    sample.path,
                    "align again from FASTQ with qualities: without them errors cannot be told "
                    "from variants",
                )

    def weigh(self) -> tuple[model.Posterior, model.Evidence]:
        """Learn the error rates and evaluate the models."""
        pooled = noise.learn_slips(self.tallies)
        self.noises, suspects, error = noise.learn_rates(self.tallies, pooled)
        multipliers = noise.learn_multipliers(
            self.tallies, self.noises, self.normal, suspects, error
        )
        self.log_multiplier = np.log(multipliers.shared)
        n, samples = len(self.candidates), len(self.samples)
        bins = len(model.ERROR_CENTRES)
        errors = np.zeros((n, samples, 3, bins))
        other = np.zeros((n, samples))
        expected = np.zeros((n, samples, 3))
        good = np.zeros((n, samples, 2))
        log_shared = np.tile(self.log_multiplier, (n, 1))
        log_own = np.tile(self.log_multiplier, (n, samples, 2, 1))
        heavy = np.log(noise.heavy_tailed(noise.usual()))
        self.slip = np.zeros((n, samples))
        for i, candidate in enumerate(self.candidates):
            allele = candidate.allele
            unit, units = tract(allele, self.reference)
            if not allele.substitution and units >= 4:
                log_shared[i], log_own[i] = heavy, heavy
            slips = None
            if unit == 1 and units and abs(allele.shift) == 1:
                slips = noise.slips_without(
                    self.tallies,
                    units,
                    int(allele.shift > 0),
                    np.array([x.alt for x in candidate.support]),
                    np.array([x.total for x in candidate.support]),
                    self.normal,
                )
            for s, support in enumerate(candidate.support):
                slip = None if slips is None else float(slips[s])
                e, total = self._error(candidate, support, s, unit, units, slip)
                if len(e):
                    at, upper = model.between_centres(e)
                    kind_of = np.where(
                        support.rows["group"] >= noise.GOOD, support.rows["cls"] // 3, 2
                    )
                    np.add.at(errors[i, s], (kind_of, at), 1 - upper)
                    np.add.at(errors[i, s], (kind_of, at + 1), upper)
                by_class = support.depth[:, noise.GOOD :].sum(1)
                good[i, s] = by_class[:3].sum(), by_class[3:].sum()
                other[i, s] = max(support.depth.sum() - support.alt, 0)
                expected[i, s] = total
                if units >= 3:
                    self.slip[i, s] = total.sum() / max(support.depth.sum(), 1)
            if candidate.context >= 0:
                ref, base = (candidate.context // 4) % 4, "ACGT".index(allele.alt)
                counts = errors[i, :, :2].sum(2)
                log_own[i] = np.log(multipliers.without(ref, base, counts, expected[i, :, :2]))
            if allele.substitution:
                log_shared[i], log_own[i] = noise.bounded(
                    log_shared[i], log_own[i], expected[i], good[i], candidate.support
                )
        log_carried = np.log([CARRIED[kind(c.allele, self.reference)] for c in self.candidates])
        self.log_germline = None
        self.population: list[float | None] = [None] * n
        if self.settings.germline:
            resource = population.Resource(self.settings.germline, "AF")
            self.population = [resource.lookup(c.allele, self.reference) for c in self.candidates]
            self.log_germline = np.array(
                [population.log_germline_prior(p) for p in self.population]
            )
            log_carried = self.log_germline
        evidence = model.Evidence(errors, other, expected, good, log_shared, log_own, log_carried)
        self.log_het = None
        if self.normal is None:
            self.log_het = model.log_het_prior(errors.sum((2, 3)), other)
        known = {"log_het": self.log_het}
        posterior = model.evaluate(
            evidence, self.normal, self.settings.priors, self.log_germline, **known
        )
        self._estimate_contamination(posterior, evidence)
        self.leaks = self._leaks()
        if self.leaks.tumor_in_normal > 0 or any(self.leaks.contamination.values()):
            posterior = model.evaluate(
                evidence, self.normal, self.settings.priors, self.log_germline, self.leaks, **known
            )
        return posterior, evidence

    def _leaks(self) -> model.Leaks:
        """Return what of the estimates is beyond doubt, for the model."""
        tin, tumor, strongest = 0.0, None, 0.0
        for s, found in self.tumor_in_normal.items():
            if found.found and found.value >= LEAST_TIN and found.evidence > strongest:
                strongest, tin, tumor = found.evidence, found.value, s
        sure = {
            s: found.value if found.found and found.value >= LEAST_CONTAMINATION else 0.0
            for s, found in self.contamination.items()
        }
        return model.Leaks(tin, tumor, sure)

    def _estimate_contamination(self, posterior: model.Posterior, evidence: model.Evidence) -> None:
        """Estimate tumour in normal by tumour, and other people's DNA in each sample.

        Nothing is known of either without a normal, and nothing without candidates.
        """
        self.tumor_in_normal, self.contamination = {}, {}
        if self.normal is None:
            return
        self.tumor_in_normal = dict.fromkeys(self.tumors, leakage.NOTHING)
        self.contamination = dict.fromkeys(range(len(self.samples)), leakage.NOTHING)
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
            self.tumor_in_normal[s] = leakage.tumor_in_normal(
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
            kept = leakage.loci(*place, other, depth)
            # Whatever is not the patient's allele is counted: the errors towards all bases.
            error = self.tallies[s].errors.sum() / max(self.tallies[s].total.sum(), 1)
            # One level alone reads as both copies of a little or one copy of twice as much
            # foreign DNA: the first is taken.
            self.contamination[s] = leakage.contamination(
                other[kept], depth[kept], max(error, LEAST_SAMPLE_ERROR)
            )

    def _error(
        self, candidate, support, s, unit, units, slip: float | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return each carrying fragment's error probability, and the errors expected in all.

        The latter by kind, (3,), as `model.Evidence.expected`. `slip` is the chance of one base
        lost or gained in a homopolymer, without what the site itself shows.
        """
        noise_model = self.noises[s]
        rows = support.rows
        allele = candidate.allele
        if not allele.substitution:
            if slip is None:
                rate = noise_model.indel_rate(unit, units, allele.shift)
            else:
                rate = float(np.clip(slip, INDEL_FLOOR, 0.3))
            if candidate.kin is not None:
                rate = min(rate + float(candidate.kin[s]), 0.3)
            by_class = support.depth.sum(1)
            total = rate * np.array([by_class[:3].sum(), by_class[3:].sum(), 0.0])
            return np.full(len(rows), rate), total
        first = next(
            k for k, (r, b) in enumerate(zip(allele.ref, allele.alt, strict=True)) if r != b
        )
        base = "ACGT".index(allele.alt[first])
        e = noise_model.rates(candidate.context, base, rows["cls"], rows["group"], rows["cycle"])
        total = noise_model.expected(candidate.context, base, support.depth)
        changed = sum(r != b for r, b in zip(allele.ref, allele.alt, strict=True))
        if changed > 1:
            e, total = np.maximum(e * SECOND_ERROR, 1e-7), total * SECOND_ERROR
        return e, total

    def records(self) -> list[vcf.Record]:
        """Return the records of the output, sorted; the reads are read if nothing was taken."""
        if self.found is None:
            self.collect()
        posterior, evidence = self.weigh()
        phred, best = posterior.somatic_phred, posterior.best
        length = self.found.bases / max(int(self.found.reads.sum()), 1) or 100.0
        n = len(self.candidates)
        shape = n, len(self.samples)
        totals = np.array([[s.total for s in c.support] for c in self.candidates]).reshape(shape)
        alts = np.array([[s.alt for s in c.support] for c in self.candidates]).reshape(shape)
        threshold = next(f.threshold for f in flt.FILTERS if f.name == "weak")
        keep = (
            np.array([c.forced for c in self.candidates], dtype=bool)
            | (phred >= NEAR_MISS)
            | ((best == "germline") & (alts.max(1) >= 0.1 * totals.max(1)))
        )
        needed = np.full(shape, np.nan)
        needed[keep] = np.column_stack(
            [
                limits.fragments_needed(
                    evidence.part(keep),
                    s,
                    self.normal,
                    self.settings.priors,
                    threshold,
                    None if self.log_germline is None else self.log_germline[keep],
                    self.leaks,
                    self.log_het,
                )
                for s in range(len(self.samples))
            ]
        )
        lod = limits.detection_limit(needed, totals)
        low, high = jeffreys_interval(alts, totals)
        ub = clopper_pearson_upper(alts, totals)
        ten = np.log(10)
        new = [i for i in range(n) if best[i] == "somatic" and phred[i] >= NEAR_MISS]
        normals = population.Resource(self.settings.pon, "NORMALS") if self.settings.pon else None
        cluster = np.zeros(n)
        cluster[new] = flt.clusters([self.candidates[i] for i in new], self.tumors)
        linked = np.zeros(n)
        if self.normal is None:
            linked[new] = flt.linked([self.candidates[i] for i in new], self.tumors)
        self.called = {self.candidates[i].allele for i in new if phred[i] >= threshold}
        real = posterior.real_phred
        amplicon = any(a.library == "amplicon" for a in self.assays)
        primers = self.settings.primers is not None
        damage = []
        if amplicon:
            called = [i for i in new if phred[i] >= threshold]
            damage = flt.damage_limits(
                [self.candidates[i] for i in called],
                (alts / np.maximum(totals, 1))[np.ix_(called, self.tumors)],
                sum(end - start for _, start, end in self.targets),
            )
        out = []
        for i, candidate in enumerate(self.candidates):
            if not keep[i]:
                continue
            metrics = flt.measure(candidate, self.tumors, length, amplicon, primers)
            metrics["somatic_phred"] = phred[i]
            metrics["germline_odds"] = (posterior.log_somatic - posterior.log_germline)[i] / ten
            if self.normal is not None:
                artifact = (posterior.log_somatic - posterior.log_artifact)[i] / ten
                metrics["artifact_odds"] = artifact
            metrics["cluster"] = cluster[i]
            if self.normal is None and not candidate.forced:
                metrics["linked"] = linked[i]
            for kind_of, most in damage:
                if (candidate.allele.ref, candidate.allele.alt) not in kind_of:
                    continue
                if not candidate.forced:
                    shown = np.where(alts[i] > 1, alts[i], 0) / np.maximum(totals[i], 1)
                    metrics["damage_ratio"] = flt.damage_ratio(shown[self.tumors], most)
                    # What the filter takes away is not within the limit of detection.
                    lod[i, self.tumors] = np.maximum(lod[i, self.tumors], most)
            if amplicon and not primers:
                metrics["at_fixed_ends"] = flt.at_fixed_ends(candidate, self.tumors)
            if self.leaks.contamination and posterior.log_foreign[i] > -1e29:
                metrics["foreign_odds"] = (posterior.log_somatic - posterior.log_foreign)[i] / ten
            if self.population[i] is not None:
                metrics["population_af"] = self.population[i]
            if normals is not None:
                metrics["normals"] = normals.lookup(candidate.allele, self.reference) or 0
            slip = max(self.slip[i, s] for s in self.tumors)
            if slip > 0:
                af = max(alts[i, s] / max(totals[i, s], 1) for s in self.tumors)
                metrics["slip_ratio"] = af / slip
            failed = flt.failed(metrics)
            name = str(best[i])
            unproven = self._unproven(i, candidate, name, real[i] >= threshold)
            if unproven:
                # It is there and asked for: whether it is inherited is left to the reader.
                name = "somatic"
                failed = [f for f in failed if f not in ("weak", "germline")]
            elif candidate.forced and name == "absent":
                failed = ["absent"]
            elif name == "germline":
                # The evidence is judged as that of a somatic variant, which it is not.
                failed = ["germline"]
            out.append(
                self._record(
                    i, candidate, name, failed, metrics, posterior, totals, alts, lod, low, high, ub
                )
            )
            out[-1].info["ORIGIN_UNPROVEN"] = unproven
        order = {contig: k for k, contig in enumerate(self.samples[0].contigs)}
        return sorted(out, key=lambda r: (order[r.contig], r.pos, r.ref, r.alt))

    def _unproven(self, i: int, candidate: ev.Candidate, name: str, real: bool) -> bool:
        """Return whether an allele that was asked for is there, but may be inherited.

        Without a normal a driver at an AF of 0.5 looks like an inherited variant. It is reported as
        present all the same, unless people in general have it.
        """
        common = self.population[i] is not None and self.population[i] > INHERITED_AF
        return (
            self.normal is None
            and candidate.forced
            and real
            and name in ("germline", "somatic")
            and not common
        )

    def _record(
        self, i, candidate, name, failed, metrics, posterior, totals, alts, lod, low, high, ub
    ) -> vcf.Record:
        pos, ref, alt = vcf_alleles(candidate.allele, self.reference)
        samples = []
        for s, support in enumerate(candidate.support):
            total, k = int(totals[i, s]), int(alts[i, s])
            strand = support.rows["cls"] % 3
            # Mates that agree tell it from both strands; they are shared out evenly.
            both = int((strand == 2).sum())
            forward = int((strand == 0).sum()) + both // 2 + (both % 2)
            by_class = support.depth.sum(1)
            all_both = by_class[[2, 5]].sum()
            all_forward = round(float(by_class[[0, 3]].sum() + all_both / 2))
            ref_forward = min(max(all_forward - forward, 0), total - k)
            assessable = total >= MIN_DEPTH
            detected = None
            if assessable:
                # Of an allele that exists in the patient: one that does not is in no sample.
                shown = k >= 2 and posterior.log_bayes_factor[i, s] >= PRESENT_LOG_BF
                detected = int(name != "absent" and shown)
            samples.append(
                {
                    "GT": {None: "./.", 0: "0/0", 1: "0/1"}[detected],
                    "AD": [total - k, k],
                    "ADF": [ref_forward, forward],
                    "ADR": [total - k - ref_forward, k - forward],
                    "DP": total,
                    "AF": k / total if total else None,
                    "AFCI": [low[i, s], high[i, s]] if total else [None, None],
                    "LOD": lod[i, s] if total else None,
                    "UB": ub[i, s] if total else None,
                    "DET": detected,
                }
            )
        null = (posterior.log_somatic[i] - posterior.log_null[i]) / np.log(10)
        info = {
            "TYPE": kind(candidate.allele, self.reference),
            "MODEL": name,
            "SOMATIC_PHRED": metrics["somatic_phred"],
            "ODDS_GERMLINE": float(np.clip(metrics["germline_odds"], -999, 999)),
            "ODDS_ARTIFACT": (
                float(np.clip(metrics["artifact_odds"], -999, 999))
                if self.normal is not None
                else None
            ),
            "ODDS_NULL": float(np.clip(null, -999, 999)),
            "POPAF": metrics.get("population_af"),
            "NORMALS": int(metrics["normals"]) if metrics.get("normals") else None,
            "PHASE": self._phase(candidate),
            "SITE": candidate.sites,
            "FORCED": candidate.forced,
            "FILTER_METRICS": flt.values(metrics),
        }
        return vcf.Record(candidate.allele.contig, pos, ref, alt, failed, info, samples)

    def _phase(self, candidate: ev.Candidate) -> list[str]:
        """Return the phase entries of a called allele against the other called alleles."""
        entries = []
        if candidate.allele in self.called:
            for other, cis, trans in candidate.phase:
                if other in self.called:
                    pos, ref, alt = vcf_alleles(other, self.reference)
                    entries.append(f"{pos}_{ref}_{alt}_{cis}_{trans}")
        return entries

    def outside(self) -> list[Allele]:
        """Return the alleles asked for that were not genotyped, as they lie outside the targets."""
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
            noises=self.noises,
            assays=self.assays,
            leaks=self.leaks,
            contamination=self.contamination,
            tumor_in_normal=self.tumor_in_normal,
            log_multiplier=self.log_multiplier,
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
    caller = Caller(settings)
    caller.collect()
    posterior, _ = caller.weigh()
    rows = population.pon_rows(caller.candidates, len(caller.samples), posterior.log_bayes_factor)
    order = {contig: k for k, contig in enumerate(caller.samples[0].contigs)}
    lines = []
    for allele, normals, most in rows:
        pos, ref, alt = vcf_alleles(allele, caller.reference)
        lines.append((order[allele.contig], pos, ref, alt, allele.contig, normals, most))
    vcf.write_pon(
        output,
        caller.reference.contigs,
        [s.name for s in caller.samples],
        [
            (contig, pos, ref, alt, normals, most)
            for _, pos, ref, alt, contig, normals, most in sorted(lines)
        ],
    )
    return len(lines)


__all__ = ["Caller", "Settings", "build_pon"]
