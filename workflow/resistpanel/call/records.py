"""From the posterior of the candidates to the records of the VCF."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from resistpanel.call import filters, limits
from resistpanel.call.call_constants import (
    INHERITED_AF,
    INHERITED_LIMITS,
    KEPT_GERMLINE,
    KNOWN_ALPHA,
    MIN_DEPTH,
    MIN_FRAGMENTS,
    NEAR_MISS,
    NEAR_MISS_THERE,
    PRESENT_BF,
    THERE_ODDS,
)
from resistpanel.call.errors.damage import damage_limits
from resistpanel.call.events import breakpoints, dropout
from resistpanel.call.events.phase import restore, within_codon
from resistpanel.call.events.primer_ends import made_by_primers
from resistpanel.call.events.written import junction_record, mate_record
from resistpanel.call.io.evidence import Candidate
from resistpanel.call.io.pileup import CLASSES
from resistpanel.call.io.primers import Primers, read_primers
from resistpanel.call.model.known import known_errors
from resistpanel.call.model.overdispersion import usual
from resistpanel.call.model.population import Resource
from resistpanel.call.model.posterior import LOG_TINY, STEP, Evidence, Posterior, Priors
from resistpanel.call.model.presence import backgrounds, log_presence
from resistpanel.call.vcf_writer import Record
from resistpanel.core.allele import Allele, kind, vcf_alleles
from resistpanel.core.damage_kinds import kind_of
from resistpanel.core.distinct import distinct
from resistpanel.core.stats import (
    overdispersed_interval,
    overdispersed_limit,
    overdispersed_upper,
)

if TYPE_CHECKING:
    from resistpanel.call.caller import Caller

LN10 = np.log(10)
#: Candidates whose presence is worked out at once.
PRESENT = 25 * STEP


class RecordBuilder:
    """Records of one patient.

    Parameters
    ----------
    caller : Caller
        Its candidates, evaluated.
    posterior : Posterior
    evidence : Evidence
    """

    def __init__(self, caller: Caller, posterior: Posterior, evidence: Evidence) -> None:
        self.caller, self.posterior, self.evidence = caller, posterior, evidence
        self.candidates, self.tumors = caller.candidates, caller.tumors
        shape = len(self.candidates), len(caller.samples)
        support = [c.support for c in self.candidates]
        self.totals = np.array([[s.total for s in row] for row in support]).reshape(shape)
        self.alts = np.array([[s.alt for s in row] for row in support]).reshape(shape)
        self.phred, self.best = posterior.somatic_phred, posterior.best
        self.real = posterior.real_phred
        thresholds = {f.name: f.threshold for f in filters.FILTERS}
        self.threshold = weak = thresholds["weak"]
        self.molecules = thresholds["few_molecules"]
        self.new = np.flatnonzero((self.best == "somatic") & (self.phred >= NEAR_MISS))
        self.called = {self.candidates[i].allele for i in self.new if self.phred[i] >= weak}
        self.amplicons = [s for s, a in enumerate(caller.assays) if a.library == "amplicon"]
        self.amplicon = any(s in self.tumors for s in self.amplicons)
        self.primers = self.amplicon and all(caller.assays[s].primers for s in self.amplicons)
        self.duplex = all(caller.assays[s].reads == "duplex" for s in self.tumors)
        self.rho = np.array([found.rho for found in caller.overdispersion])
        self.length = caller.found.bases / max(int(caller.found.reads.sum()), 1) or 100.0
        pon = caller.settings.pon
        self.normals = Resource(pon, "NORMALS") if pon else None
        self.looked_up: dict[int, dict[str, float]] = {}

    @cached_property
    def kept(self) -> np.ndarray:
        """Which candidates are written, bool (candidates,)."""
        germline = self.alts.max(1) >= KEPT_GERMLINE * self.totals.max(1)
        there = self.posterior.log_somatic - self.posterior.log_null > np.log(THERE_ODDS)
        return (
            np.array([c.forced for c in self.candidates], dtype=bool)
            | (self.phred >= NEAR_MISS)
            | ((self.phred >= NEAR_MISS_THERE) & there)
            | ((self.best == "germline") & germline)
        )

    @cached_property
    def germline(self) -> set[Allele]:
        """Alleles that are written as germline."""
        which = np.flatnonzero(self.kept & (self.best == "germline"))
        return {self.candidates[i].allele for i in which}

    @cached_property
    def cluster(self) -> np.ndarray:
        """Number of other new alleles nearby in the same fragments, (candidates,)."""
        found = np.zeros(len(self.candidates))
        found[self.new] = filters.clusters([self.candidates[i] for i in self.new], self.tumors)
        return found

    @cached_property
    def linked(self) -> np.ndarray:
        """What `filters.linked` measures without a normal, (candidates,)."""
        found = np.zeros(len(self.candidates))
        if self.caller.normal is None:
            found[self.new] = filters.linked([self.candidates[i] for i in self.new], self.tumors)
        return found

    @cached_property
    def made_by_primers(self) -> dict[int, float]:
        """What `events.primer_ends` finds in amplicons."""
        if not self.amplicon:
            return {}
        known: list[Primers | None] = [None]
        if self.primers:
            paths = {self.caller.given[s].primers for s in self.amplicons}
            known = [read_primers(path, self.caller.reference) for path in sorted(paths) if path]
        at = [s for s in self.tumors if s in self.amplicons]
        found: dict[int, float] = {}
        for primers in known:
            found |= made_by_primers(self.candidates, at, primers, self.caller.reference)
        # What hybrid capture shows as well was not made by primers.
        capture = [s for s in self.tumors if s not in self.amplicons]
        seen = self.alts[:, capture].sum(1) >= MIN_FRAGMENTS
        return {i: commoner for i, commoner in found.items() if not seen[i]}

    @cached_property
    def damage(self) -> dict[str, np.ndarray]:
        """Highest AF that damage reaches, by its kind, (samples,).

        NaN in the normal and in samples that are not of amplicons; empty without amplicons.
        """
        at = [s for s in self.tumors if self.caller.assays[s].library == "amplicon"]
        if not at:
            return {}
        found = damage_limits([self.caller.error_counts[s] for s in at])
        limits = {name: np.full(len(self.caller.samples), np.nan) for name in found}
        for name, most in found.items():
            limits[name][at] = most
        return limits

    def _damage_of(self, i: int) -> np.ndarray | None:
        """Return the highest AF that damage makes of a candidate, (tumours,); None if it is exempt.

        Several damaged bases of one template are no more frequent than each of them.
        """
        candidate = self.candidates[i]
        if not candidate.allele.substitution or candidate.forced:
            return None
        pairs = zip(candidate.allele.ref, candidate.allele.alt, strict=True)
        made = kind_of((ref, alt) for ref, alt in pairs if ref != alt)
        return np.nan_to_num(self.damage[made][self.tumors]) if made in self.damage else None

    @cached_property
    def copied(self) -> np.ndarray:
        """How many fragments of an amplicon count as one, (candidates, samples); 1 elsewhere.

        Copies of a molecule share the errors of its first cycles of PCR. In amplicons they cannot
        be recognised by their ends; the overdispersion shows how many there are.
        """
        rho = [
            found.of_copies(usual(assay, self.caller.settings.built))
            if assay.library == "amplicon" and not assay.molecular
            else 0.0
            for assay, found in zip(self.caller.assays, self.caller.overdispersion, strict=True)
        ]
        return 1 + np.maximum(self.totals - 1, 0) * np.array(rho)

    @cached_property
    def inherited(self) -> np.ndarray:
        """Which alleles the normal shows to be inherited, bool (candidates,).

        A somatic variant cannot be the same allele, so that it has no limit of detection.
        """
        if self.caller.normal is None:
            return np.zeros(len(self.candidates), dtype=bool)
        forced = np.array([c.forced for c in self.candidates], dtype=bool)
        return (self.best == "germline") & ~forced

    @cached_property
    def lod(self) -> np.ndarray:
        """Limit of detection, (candidates, samples).

        NaN where there is none, where the allele is inherited, or where no record is written.
        """
        asked = np.flatnonzero(self.kept & ~self.inherited)
        lod = self._limits(asked)
        for i in asked:
            if (most := self._damage_of(i)) is not None:
                # The limit of detection is above what the filter removes.
                lod[i, self.tumors] = np.maximum(lod[i, self.tumors], most)
            if filters.failed(self._known(i)):
                lod[i] = np.nan
        return lod

    @cached_property
    def lod_of_another(self) -> np.ndarray:
        """Limit of detection of a new allele at an inherited one's place, (candidates, samples).

        With the errors that are expected of the inherited allele; NaN elsewhere. What is new there
        has other errors than an inherited substitution would have: of these some are worked out,
        and the limits of the others interpolated by depth.
        """
        inherited = self.kept & self.inherited
        snv = np.array([c.allele.substitution for c in self.candidates], dtype=bool)
        rest = np.flatnonzero(inherited & snv)
        rest = rest[np.argsort(self.totals[rest].mean(1), kind="stable")]
        steps = np.linspace(0, len(rest) - 1, min(len(rest), INHERITED_LIMITS))
        chosen = rest[distinct(np.round(steps).astype(int))]
        found = self._limits(np.concatenate([np.flatnonzero(inherited & ~snv), chosen]))
        for s in range(self.totals.shape[1]):
            of = chosen[np.isfinite(found[chosen, s])]
            left = rest[np.isnan(found[rest, s]) & (self.totals[rest, s] >= MIN_DEPTH)]
            if len(of) and len(left):
                of = of[np.argsort(self.totals[of, s], kind="stable")]
                depth, limit = np.log(self.totals[of, s]), np.log(found[of, s])
                found[left, s] = np.exp(np.interp(np.log(self.totals[left, s]), depth, limit))
        return found

    def _limits(self, asked: np.ndarray) -> np.ndarray:
        """Return the model's limits of some candidates, NaN for the others."""
        lod = np.full(self.totals.shape, np.nan)
        for some, priors in self._by_priors(asked):
            self._set_limits(lod, some, priors)
        return lod

    def _by_priors(self, which: np.ndarray) -> list[tuple[np.ndarray, Priors]]:
        """Return some candidates with the priors of the model for them."""
        alleles = [self.candidates[i].allele for i in which]
        caller = self.caller
        parts = breakpoints.by_priors(
            alleles, caller.settings.priors, caller.molecules, caller.rarely_inherited
        )
        return [(which[some], priors) for some, priors in parts]

    def _set_limits(self, lod: np.ndarray, kept: np.ndarray, priors: Priors) -> None:
        """Set the limits of detection of some candidates, before what filters change of them."""
        caller = self.caller
        sites = limits.Sites(
            self.evidence.part(kept),
            None if caller.log_germline is None else caller.log_germline[kept],
            caller.stutter[kept],
            caller.log_errors(self.evidence, kept),
            np.array([self._asked_without_origin(i) for i in kept], dtype=bool),
        )
        conditions = limits.Conditions(
            caller.normal, priors, caller.admixture, caller.log_het, self.threshold
        )
        for s in range(len(caller.samples)):
            binomial = limits.detection_limits(sites, s, conditions)
            total, copied = self.totals[kept, s], self.copied[kept, s]
            least = np.where(copied > 1, self.molecules * copied, 0.0)
            lod[kept, s] = overdispersed_limit(binomial, total, self.rho[s], least)

    @cached_property
    def log_presence(self) -> np.ndarray:
        """Log Bayes factor of presence in each sample, (candidates, samples).

        That of the sample alone for alleles that are inherited or another person's, and where
        it is for absence in every tumour: the other samples could lower it only further.
        """
        found = self.posterior.log_bayes_factor.copy()
        shown = found[:, self.tumors].max(axis=1, initial=0) > 0
        judged = np.zeros(len(self.best), dtype=bool)
        for name in ("somatic", "absent", "artifact"):
            judged |= self.best == name
        asked = np.flatnonzero(self.kept & shown & judged)
        normal, admixture = self.caller.normal, self.caller.admixture
        for some, priors in self._by_priors(asked):
            for part in (some[i : i + PRESENT] for i in range(0, len(some), PRESENT)):
                found[part] = log_presence(self.evidence.part(part), normal, priors, admixture)
        return found

    @cached_property
    def known_errors(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """What samples without a called allele show of it, by candidate: ERR and CRIT.

        Arrays (samples, 2) and (samples,).
        """
        found = {}
        called = [self.candidates[i].allele in self.called for i in range(len(self.candidates))]
        asked = np.flatnonzero(self.kept & np.array(called, dtype=bool))
        for some, priors in self._by_priors(asked):
            evidence = self.evidence.part(some)
            given = evidence, self.caller.normal, priors, self.caller.admixture
            known = known_errors(evidence, backgrounds(*given), KNOWN_ALPHA)
            both = np.stack([known.mean, known.sd], axis=2)
            found |= dict(zip(some.tolist(), zip(both, known.critical, strict=True), strict=True))
        return found

    def _known(self, i: int) -> dict[str, float]:
        """Return the metrics that do not depend on the reads: what people and normals show."""
        if i in self.looked_up:
            return self.looked_up[i]
        known = self.looked_up[i] = {}
        if self.caller.population[i] is not None:
            known["population_af"] = self.caller.population[i]
        if self.normals is not None:
            allele = self.candidates[i].allele
            known["normals"] = self.normals.lookup(allele, self.caller.reference) or 0
        return known

    def _rho_of(self, kept: np.ndarray, tail: float) -> np.ndarray:
        """Return the rho of intervals with this tail, (kept, samples)."""
        columns = zip(self.caller.overdispersion, self.totals[kept].T, strict=True)
        found = [of.of_interval(depth, tail) for of, depth in columns]
        return np.array(found).T.reshape(len(kept), len(self.caller.samples))

    def records(self) -> list[Record]:
        """Return the records, sorted."""
        kept = np.flatnonzero(self.kept)
        counts = self.alts[kept], self.totals[kept]
        low, high = overdispersed_interval(*counts, self._rho_of(kept, tail=0.025))
        upper = overdispersed_upper(*counts, self._rho_of(kept, tail=0.05))
        out = [self._record(i, *row) for i, *row in zip(kept, low, high, upper, strict=True)]
        out += [
            mate_record(record, self.candidates[i].allele, self.caller.reference)
            for i, record in zip(kept, out, strict=True)
            if record.id != "."
        ]
        order = {contig: k for k, contig in enumerate(self.caller.samples[0].contigs)}
        return sorted(out, key=lambda r: (order[r.contig], r.pos, r.ref, r.alt, r.id))

    def _metrics(self, i: int) -> dict[str, float]:
        """Return what the filters decide on."""
        caller, posterior, candidate = self.caller, self.posterior, self.candidates[i]
        library = self.amplicon, self.primers, self.duplex
        metrics = filters.measure(candidate, self.tumors, self.length, *library)
        somatic = posterior.log_somatic[i]
        metrics["somatic_phred"] = self.phred[i]
        metrics["germline_odds"] = (somatic - posterior.log_germline[i]) / LN10
        if caller.normal is not None:
            metrics["artifact_odds"] = (somatic - posterior.log_artifact[i]) / LN10
        metrics["cluster"] = self.cluster[i]
        if self.amplicon:
            effective = (self.alts[i] / self.copied[i])[self.tumors]
            metrics["effective_fragments"] = float(effective.max())
        if caller.normal is None and not candidate.forced:
            metrics["linked"] = self.linked[i]
        if (most := self._damage_of(i)) is not None:
            shown = np.where(self.alts[i] > 1, self.alts[i], 0) / np.maximum(self.totals[i], 1)
            metrics["damage_ratio"] = filters.damage_ratio(shown[self.tumors], most)
        if i in self.made_by_primers and not candidate.forced:
            metrics["commoner"] = self.made_by_primers[i]
        if self.amplicon and not self.primers:
            ends = filters.at_fixed_ends(candidate, self.tumors, self.amplicons)
            metrics["at_fixed_ends"] = ends
        if caller.admixture.contamination and posterior.log_foreign[i] > LOG_TINY / 10:
            metrics["contamination_odds"] = (somatic - posterior.log_foreign[i]) / LN10
        metrics |= self._known(i)
        slip = max(caller.stutter[i, s] for s in self.tumors)
        if slip > 0:
            af = (self.alts[i] / np.maximum(self.totals[i], 1))[self.tumors].max()
            metrics["slip_ratio"] = af / slip
        if not candidate.forced and filters.run_through(candidate.allele, caller.reference):
            metrics["slip_ratio"] = 0.0
        return metrics

    def _decide(self, i: int, metrics: dict[str, float]) -> tuple[str, list[str], bool]:
        """Return model, filters that apply, and whether the origin is not proven."""
        candidate, name = self.candidates[i], str(self.best[i])
        failed = filters.failed(metrics)
        if self._unproven(i, name):
            # It is there and was asked for: whether it is inherited is left to the reader.
            return "somatic", [f for f in failed if f not in ("weak", "germline")], True
        if candidate.forced and name == "absent":
            return name, ["absent"], False
        if name == "germline":
            # The evidence is judged as that of a somatic variant, which it is not.
            return name, ["germline"], False
        return name, failed, False

    def _unproven(self, i: int, name: str) -> bool:
        """Return whether an allele that was asked for is there, but may be inherited.

        Without a normal a driver at an AF of 0.5 looks like an inherited variant. It is reported as
        present all the same, unless people in general have it.
        """
        return (
            self._asked_without_origin(i)
            and self.real[i] >= self.threshold
            and name in ("germline", "somatic")
        )

    def _asked_without_origin(self, i: int) -> bool:
        """Return whether an allele is reported even if it may be inherited."""
        caller = self.caller
        common = caller.population[i] is not None and caller.population[i] > INHERITED_AF
        return caller.normal is None and self.candidates[i].forced and not common

    def _record(self, i: int, low: np.ndarray, high: np.ndarray, upper: np.ndarray) -> Record:
        candidate, reference = self.candidates[i], self.caller.reference
        metrics = self._metrics(i)
        name, failed, unproven = self._decide(i, metrics)
        artifact = metrics.get("artifact_odds")
        null = (self.posterior.log_somatic[i] - self.posterior.log_null[i]) / LN10
        info = {
            "TYPE": kind(candidate.allele, reference),
            "MODEL": name,
            "SOMATIC_PHRED": metrics["somatic_phred"],
            "ODDS_GERMLINE": filters.written_odds(metrics["germline_odds"]),
            "ODDS_ARTIFACT": None if artifact is None else filters.written_odds(artifact),
            "ODDS_NULL": filters.written_odds(null),
            "POPAF": metrics.get("population_af"),
            "NORMALS": int(metrics["normals"]) if metrics.get("normals") else None,
            "PHASE": self._phase(candidate),
            "SITE": candidate.sites,
            "FORCED": candidate.forced,
            "FILTER_METRICS": filters.values(metrics),
            "ORIGIN_UNPROVEN": unproven,
            "AMPLICON_DROPOUT": self._dropout(candidate),
        }
        samples = []
        for s in range(len(self.caller.samples)):
            covered = self.totals[i, s] > 0
            samples.append(
                self._counts(i, s, name)
                | {
                    "AFCI": [low[s], high[s]] if covered else [None, None],
                    "LOD": self.lod[i, s] if covered else None,
                    "LODN": self.lod_of_another[i, s] if covered and self.inherited[i] else None,
                    "UB": upper[s] if covered else None,
                }
            )
        if candidate.allele.symbolic:
            return junction_record(candidate.allele, failed, info, samples, reference)
        pos, ref, alt = vcf_alleles(candidate.allele, reference)
        return Record(candidate.allele.contig, pos, ref, alt, failed, info, samples)

    def _counts(self, i: int, s: int, name: str) -> dict:
        """Return genotype and counts of one sample."""
        support = self.candidates[i].support[s]
        total, k = int(self.totals[i, s]), int(self.alts[i, s])
        of = np.bincount(support.rows["cls"], minlength=CLASSES).tolist()
        # Mates that agree are read from both strands; they are divided evenly.
        both = of[2] + of[5]
        forward = of[0] + of[3] + both // 2 + (both % 2)
        by_class = support.depth.sum(1)
        all_both = by_class[[2, 5]].sum()
        all_forward = round(float(by_class[[0, 3]].sum() + all_both / 2))
        ref_forward = min(max(all_forward - forward, 0), total - k)
        detected = None
        if total >= MIN_DEPTH:
            # Of an allele that exists in the patient: one that does not is in no sample.
            shown = k >= 2 and self.log_presence[i, s] >= np.log(PRESENT_BF)
            shown &= self.copied[i, s] <= 1 or k >= self.molecules * self.copied[i, s]
            detected = int(name != "absent" and shown)
        return {
            "GT": {None: "./.", 0: "0/0", 1: "0/1"}[detected],
            "AD": [total - k, k],
            "ADF": [ref_forward, forward],
            "ADR": [total - k - ref_forward, k - forward],
            "DP": total,
            "AF": k / total if total else None,
            "DET": detected,
            "PRESENCE": filters.written_odds(self.log_presence[i, s] / LN10) if total else None,
            **self._known_errors(i, s),
        }

    def _known_errors(self, i: int, s: int) -> dict:
        """Return ERR and CRIT of one sample."""
        if i not in self.known_errors or not self.totals[i, s]:
            return {"ERR": [None, None], "CRIT": None}
        errors, critical = self.known_errors[i]
        least = None if np.isnan(critical[s]) else int(critical[s])
        return {"ERR": errors[s].tolist(), "CRIT": least}

    def _dropout(self, candidate: Candidate) -> list[str]:
        """Return the samples in which amplicons disagree about an allele, with their counts."""
        found = []
        for s, sample in enumerate(self.caller.samples):
            amplicons = [amplicon for k, amplicon in candidate.amplicons if k == s]
            if dropout.dropout(amplicons):
                found.append(dropout.text(sample.name, amplicons))
        return found

    def _phase(self, candidate: Candidate) -> list[str]:
        """Return the phase entries of a called allele.

        Against the other called alleles, and the germline ones that are written and are of the
        codon, or restore a reading frame with it.
        """
        entries = []
        if candidate.allele in self.called:
            for other, cis, trans in candidate.phase:
                mine = candidate.allele
                together = within_codon(mine, other) or restore(mine, other)
                if (other in self.germline and together) or other in self.called:
                    pos, ref, alt = vcf_alleles(other, self.caller.reference)
                    entries.append(f"{pos}_{ref}_{alt}_{cis}_{trans}")
        return entries
