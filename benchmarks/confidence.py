"""Calibration of the three numbers of confidence, over simulated patients.

    python -m benchmarks.confidence --seed 977 --patients 2000 --null 1000 --publish

Fragments are drawn for patients with a tumour before treatment and after it, and put through the
model of the caller, `compare` and `resist`; no reads are made. What is stated is compared with the
truth: whether an allele is real, whether it was in less than 1 % and 5 % of the tumour cells
before, and whether the alteration that the verdict names is the mechanism. The patients are in
`benchmarks.confidence_patients`; they do not have the assumptions of the model.
"""

import argparse
import dataclasses
import functools
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaincinv

from benchmarks.confidence_patients import (
    CLASSES,
    ERRORS,
    Maker,
    Patient,
    Variant,
    parsed,
    site_factors,
)
from resistpanel.call.call_constants import MIN_DEPTH, PRESENT_BF
from resistpanel.call.errors import error_model
from resistpanel.call.filters import FILTERS
from resistpanel.call.model.posterior import (
    ERROR_CENTRES,
    Evidence,
    Posterior,
    Priors,
    between_centres,
    evaluate,
)
from resistpanel.call.model.presence import log_presence
from resistpanel.compare.comparison import Comparison
from resistpanel.compare.copynumber import CopyNumber
from resistpanel.compare.read_calls import Record
from resistpanel.compare.reality import probability_real
from resistpanel.compare.states import DEFAULT
from resistpanel.core.stats import (
    overdispersed_interval,
    overdispersed_limit,
    overdispersed_upper,
    wilson_interval,
)
from resistpanel.core.vcf import Genotype
from resistpanel.core.vocabulary import GAINED, OPEN
from resistpanel.records.compare import Compare, ProteinChange, Substitution
from resistpanel.records.resist import Resist
from resistpanel.resist import build, knowledge
from resistpanel.resist.build import resist

FOLDER = Path(__file__).parents[1] / "docs" / "validation"
BATCH = 100
#: Alleles of the panel's bases from which the caller learns how much sites differ.
PANEL_SITES = 1_000_000
THRESHOLD = {one.name: one.threshold for one in FILTERS}
EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0)
#: The tables of the review are read once.
_tables = functools.cache(knowledge._rows)
#: Rate of one wrong base that the calls state of a sample, see `read_calls.learned_errors`.
STATED_ERROR = 2e-4


def log_odds(posterior: Posterior) -> dict[str, np.ndarray]:
    """Return INFO as the caller writes it."""
    somatic = posterior.log_somatic

    def against(other: np.ndarray) -> np.ndarray:
        return np.clip((somatic - other) / np.log(10), -999, 999)

    return {
        "SOMATIC_PHRED": posterior.somatic_phred,
        "ODDS_NULL": against(posterior.log_null),
        "ODDS_GERMLINE": against(posterior.log_germline),
        "ODDS_ARTIFACT": against(posterior.log_artifact),
    }


def evidence(depth: np.ndarray, counts: np.ndarray, rate: np.ndarray) -> Evidence:
    """Return the evidence of alleles as the caller counts it.

    Parameters
    ----------
    depth : int, (alleles, samples)
    counts : int, (alleles, samples, classes)
    rate : (alleles,)
        Mean error rate, as the caller has estimated it.
    """
    alleles, samples = depth.shape
    relative = np.array([fraction * error for fraction, error in CLASSES])
    error = np.array([e for _, e in CLASSES]) / relative.sum()
    errors = np.zeros((alleles, samples, 3, len(ERROR_CENTRES)))
    expected, good = np.zeros((alleles, samples, 3)), np.zeros((alleles, samples, 2))
    for c, (fraction, _) in enumerate(CLASSES):
        at, upper = between_centres(rate * error[c])
        kinds = (2,) if c == 0 else (0, 1)
        for kind in kinds:
            share = 1 / len(kinds)
            index = np.arange(alleles)
            errors[index, :, kind, at] += counts[:, :, c] * (share * (1 - upper))[:, None]
            errors[index, :, kind, at + 1] += counts[:, :, c] * (share * upper)[:, None]
            expected[:, :, kind] += depth * fraction * share * (rate * error[c])[:, None]
            if kind < 2:
                good[:, :, kind] += depth * fraction * share
    shared, own = learned()
    return Evidence(
        errors, depth - counts.sum(2), expected, good, np.tile(shared, (alleles, 1)),
        np.tile(own, (alleles, samples, 2, 1)), np.full(alleles, np.log(3e-4)),
    )  # fmt: skip


@functools.cache
def learned() -> tuple[np.ndarray, np.ndarray]:
    """Return the log distributions of the site multiplier, shared and of a sample's own.

    As the caller fits them to the errors of a panel's sites, here of `PANEL_SITES` drawn ones of
    one sample: the counts of a patient are drawn at the alleles that the catalogue asks for alone.
    """
    rng = np.random.default_rng(20)
    rate = rng.choice(np.array(list(ERRORS.values())), PANEL_SITES)
    expected = rate * 700 * np.exp(rng.normal(0, 0.5, PANEL_SITES))
    seen = rng.poisson(expected * site_factors(rng, PANEL_SITES, 1)[:, 0])
    edges = error_model.EXPECTED_EDGES
    table = np.zeros((error_model.MOST_ERRORS + 1, len(edges) + 1))
    at = np.minimum(seen, error_model.MOST_ERRORS), np.searchsorted(edges, expected)
    np.add.at(table, at, 1.0)
    before = error_model.recurrent(), error_model.usual()
    sites = error_model.PRIOR_SHARED, error_model.PRIOR_SITES
    return tuple(
        np.log(error_model._fit(table[None], *one)[0]) for one in zip(before, sites, strict=True)
    )


@functools.cache
def least_fragments(depth: int) -> int:
    """Return how many fragments of a tumour make a call, beside a normal of 500."""
    k = np.arange(3, 40)
    counts = np.zeros((len(k), 2, len(CLASSES)))
    counts[:, 1, 1] = k
    pair = np.tile([500, depth], (len(k), 1))
    found = evaluate(evidence(pair, counts, np.full(len(k), np.mean(list(ERRORS.values())))), 0,
                     Priors())  # fmt: skip
    called = (found.somatic_phred >= THRESHOLD["weak"]) & (found.best == "somatic")
    return int(k[called][0]) if called.any() else 40


class Calls:
    """The calls of one patient, as `Comparison` reads them from a VCF.

    Parameters
    ----------
    patient : Patient
    records : list of Record
    """

    path = "simulated"

    def __init__(self, patient: Patient, records: list[Record]):
        self.samples = ["normal", *(row[0] for row in patient.samples)]
        self.rho = dict(zip(self.samples, patient.stated_rho, strict=True))
        self.records = records

    def unit(self, sample: str) -> str:
        """Return what counts are of."""
        return "fragments"

    def overdispersion(self, sample: str) -> float:
        """Return rho of a sample as the caller estimated it."""
        return float(self.rho[sample])

    def damage(self, sample: str) -> dict[str, float]:
        """Return the limits of damage: those of amplicons alone."""
        return {}

    def error(self, sample: str) -> float:
        """Return the error rate of a sample."""
        return STATED_ERROR

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


def call(patients: Sequence[Patient], sites: dict, rng: np.random.Generator) -> list[Calls]:
    """Return the calls of patients with as many samples."""
    rows = [
        (patient, one)
        for patient in patients
        for one in patient.variants
        if one.counts[1:].sum(1).max() >= THRESHOLD["few_fragments"]
    ]
    depth = np.array([patient.depth for patient, _ in rows])
    counts = np.array([one.counts for _, one in rows])
    counts = np.minimum(counts, depth[:, :, None] // len(CLASSES))
    rate = np.array([ERRORS[one.change.type] for _, one in rows])
    # The caller estimates the rates of a patient to about a tenth.
    rate *= np.exp(rng.normal(0, 0.1, len(rate)))
    seen = evidence(depth, counts, rate)
    found = evaluate(seen, 0, Priors())
    presence = log_presence(seen, 0, Priors())
    info = log_odds(found)
    limits = Limits.of(depth, counts.sum(2), np.array([one.stated_rho for one, _ in rows]))
    lod = {id(patient): lods(patient) for patient in patients}
    made: dict[int, list[Record]] = {id(patient): [] for patient in patients}
    for i, (patient, one) in enumerate(rows):
        given = {key: float(values[i]) for key, values in info.items()}
        alt = limits.alt[i]
        model = str(found.best[i])
        shown = (alt >= 2) & (presence[i] >= np.log(PRESENT_BF)) & (model != "absent")
        ids = sites.get(one.change, ())
        made[id(patient)].append(
            Record(
                fields(one, failed(model, given, alt, ids), model, given, ids),
                limits.genotypes(i, patient, lod[id(patient)], shown, presence[i]),
            )
        )
    return [Calls(patient, made[id(patient)]) for patient in patients]


@dataclasses.dataclass(frozen=True)
class Limits:
    """Counts of alleles with their limits, each (alleles, samples)."""

    depth: np.ndarray
    alt: np.ndarray
    low: np.ndarray
    high: np.ndarray
    upper: np.ndarray

    @classmethod
    def of(cls, depth: np.ndarray, alt: np.ndarray, rho: np.ndarray) -> "Limits":
        """Return the limits as the caller states them."""
        low, high = overdispersed_interval(alt, depth, rho)
        return cls(depth, alt, low, high, overdispersed_upper(alt, depth, rho))

    def genotypes(
        self,
        i: int,
        patient: Patient,
        lod: np.ndarray,
        shown: np.ndarray,
        log_presence: np.ndarray,
    ) -> dict[str, Genotype]:
        """Return the evidence of an allele by sample."""
        found = {}
        for s, name in enumerate(["normal", *(row[0] for row in patient.samples)]):
            n, k = int(self.depth[i, s]), int(self.alt[i, s])
            found[name] = Genotype(
                (n - k, k), n, k / n, float(self.low[i, s]), float(self.high[i, s]), float(lod[s]),
                float(self.upper[i, s]), bool(shown[s]) if n >= MIN_DEPTH else None,
                presence=float(log_presence[s] / np.log(10)),
            )  # fmt: skip
        return found


def lods(patient: Patient) -> np.ndarray:
    """Return the limit of detection of each sample."""
    depth, rho = patient.depth, patient.stated_rho
    least = np.array([least_fragments(int(np.exp(np.log(n).round(1)))) for n in depth])
    binomial = betaincinv(least, np.maximum(depth - least + 1, 1), 0.95)
    return overdispersed_limit(binomial, depth, rho)


def failed(model: str, info: dict, alt: np.ndarray, sites: tuple[str, ...]) -> list[str]:
    """Return the filters that apply."""
    found = [] if info["SOMATIC_PHRED"] >= THRESHOLD["weak"] else ["weak"]
    found += [] if alt[1:].max() >= THRESHOLD["few_fragments"] else ["few_fragments"]
    if model == "absent" and sites:
        return ["absent"]
    return found if model == "somatic" else [*found, model]


def fields(one: Variant, failed: list[str], model: str, info: dict, sites: tuple[str, ...]) -> dict:
    """Return the fields of a variant that describe the allele."""
    change, effect = one.change, parsed(one.change)
    position = 3 * (change.residue - 1) + change.at + 1
    real = probability_real(info, bool(sites))
    changes = ()
    if effect is not None:
        changes = (
            ProteinChange(
                residue=effect.start, residue_end=effect.end, ref=effect.ref, alt=effect.alt,
                short=change.protein, hgvs_p=f"p.{change.protein}",
                consequence="missense_variant",
            ),
        )  # fmt: skip
    return {
        "id": f"{change.gene}:{position}:{change.ref}:{change.alt}", "chrom": change.gene,
        "pos": position, "ref": change.ref, "alt": change.alt, "type": "SNV",
        "filters": tuple(failed) or ("PASS",), "model": model,
        "somatic_phred": max(info["SOMATIC_PHRED"], 0.0), "gene": change.gene, "transcript": "T",
        "consequence": "missense_variant", "hgvs_c": None, "hgvs_p": None,
        "protein": change.protein, "protein_changes": changes,
        "substitutions": (Substitution(pos=position, ref=change.ref, alt=change.alt,
                                       residue=change.residue),),
        "splice": False, "sites": sites, "reported": not failed, "phase": (), "real": real,
    }  # fmt: skip


@dataclasses.dataclass
class Result:
    """What is stated of a patient, beside the truth."""

    patient: Patient
    compare: Compare
    resist: Resist


def results(maker: Maker, seed: Sequence[int], number: int) -> Iterator[Result]:
    """Yield patients, drawn and judged."""
    rng = np.random.default_rng(list(seed))
    context = maker.genome.context
    done = 0
    while done < number:
        drawn = [maker.draw(rng) for _ in range(min(BATCH, number - done))]
        done += len(drawn)
        by_size: dict[int, list[Patient]] = {}
        for patient in drawn:
            by_size.setdefault(len(patient.depth), []).append(patient)
        for group in by_size.values():
            for patient, calls in zip(group, call(group, maker.sites, rng), strict=True):
                sheet = patient.sheet(context)
                compared = Comparison(sheet, calls, CopyNumber(), DEFAULT).result()
                # Options of therapy are not scored.
                with (
                    mock.patch.object(knowledge, "_rows", _tables),
                    mock.patch.object(build, "options", return_value=()),
                ):
                    judged = resist(compared, sheet, context, None, None, maker.genome.panel)
                yield Result(patient, compared, judged)
        print(f"{done} of {number} patients", file=sys.stderr)


def rows_of(result: Result, number: int) -> tuple[dict, list[dict]]:
    """Return one row of the patient, and one of each allele that is reported."""
    patient, judged = result.patient, result.resist
    truth = {
        f"{v.change.gene}:{3 * (v.change.residue - 1) + v.change.at + 1}:{v.change.ref}:"
        f"{v.change.alt}": v
        for v in patient.variants
    }
    findings = {one.variant: one for one in judged.findings}
    keys = judged.verdict.key_variants
    key = findings[keys[0]] if keys else None
    alleles = []
    for one in result.compare.variants:
        line = one.lines[-1]
        finding = findings.get(one.id)
        numbers = finding.confidence if finding else None
        found = truth[one.id]
        alleles.append({
            "patient": number, "id": one.id, "kind": found.kind, "state": one.state,
            "known": bool(finding and finding.effect == "known"), "real": one.real,
            "reported": one.reported, "hopping": patient.hopping,
            "probability": numbers.probability if numbers else None,
            "right": right(found, one.state),
            "is_real": found.kind != "none", "below_1": line.ccf_below_1,
            "below_5": line.ccf_below_5, "before": found.before, "shown": bool(line.shown_by),
            "key": one.id in keys[:1], "site": bool(one.sites),
            "chance": numbers.chance_matches if numbers else None,
            "mechanisms": numbers.expected_mechanisms if numbers else None,
            "tier": numbers.tier if numbers else None,
        })  # fmt: skip
    row = {
        "patient": number, "drug": patient.therapy[0], "design": patient.design,
        "mechanism": patient.mechanism is not None, "kind": judged.verdict.kind,
        "confidence": judged.verdict.confidence, "hopping": patient.hopping,
    }  # fmt: skip
    if key is not None and key.confidence is not None:
        numbers = key.confidence
        found = truth[key.variant]
        row |= {
            "key": found.kind, "state": key.state, "tier": numbers.tier,
            "chance": numbers.chance_matches, "new": numbers.new_variants,
            "probability": numbers.probability, "right": right(found, key.state),
        }  # fmt: skip
    return row | _adequate(result, truth), alleles


def right(found: Variant, state: str | None) -> bool:
    """Whether an alteration is the mechanism, and was not there before if it is called acquired."""
    return found.kind == "mechanism" and not (state == "acquired" and found.before >= 0.05)


def _adequate(result: Result, truth: dict) -> dict:
    """Return whether the patient has a mechanism at twice the LOD, and adequate baselines."""
    mechanism = result.patient.mechanism
    if mechanism is None:
        return {"clear": False, "found": False}
    identifier = next(key for key, v in truth.items() if v is mechanism)
    later = [s for s, row in enumerate(result.patient.samples, 1) if not row[3]]
    earlier = [row[0] for row in result.patient.samples if row[3]]
    depth, lod = result.patient.depth, lods(result.patient)
    content = {one.sample: one.tumor for one in result.compare.samples}
    enough = [name for name in earlier if content[name].detected]
    # Adequate: 20 % of the tumour cells would have been seen there, by the true purity.
    names = [row[0] for row in result.patient.samples]
    able = [
        result.patient.purity[1 + names.index(name)] / 2 * 0.2 > 3 / depth[1 + names.index(name)]
        for name in enough
    ]
    high = any(mechanism.af[s] >= 2 * lod[s] for s in later)
    variant = next((v for v in result.compare.variants if v.id == identifier), None)
    return {
        "clear": bool(high and enough and all(able)),
        "found": bool(variant and variant.reported and identifier
                      in result.resist.verdict.key_variants),
    }  # fmt: skip


def reliability(stated: pd.Series, right: pd.Series) -> pd.DataFrame:
    """Return the table of a reliability diagram."""
    stated, right = np.asarray(stated, float), np.asarray(right, bool)
    rows = []
    for low, high in itertools.pairwise(EDGES):
        inside = (stated >= low) & ((stated < high) | (high == 1.0))
        n, hits = int(inside.sum()), int(right[inside].sum())
        lower, upper = wilson_interval(hits, n)
        rows.append({
            "stated": f"{100 * low:g} to {100 * high:g} %", "number": n,
            "mean stated": stated[inside].mean() if n else np.nan,
            "right": hits / n if n else np.nan, "from": lower, "to": upper,
        })  # fmt: skip
    return pd.DataFrame(rows)


def scores(stated: pd.Series, right: pd.Series) -> dict[str, float]:
    """Return Brier score, that of the mean rate, slopes, and the fraction right at 90 % or more.

    The slope is that of the logistic regression of what is right on the log odds of what is stated
    (Cox 1958; Steyerberg et al. 2010), 1 where it is calibrated.
    """
    p, y = np.asarray(stated, float), np.asarray(right, float)
    sure, (of_log_odds, error) = p >= 0.9, slope(p, y)
    return {
        "number": len(p), "Brier": float(np.mean((p - y) ** 2)),
        "Brier of the rate": float(np.var(y)), "slope": of_log_odds, "error": error,
        "linear slope": float(np.polyfit(p, y, 1)[0]) if np.var(p) > 0 else np.nan,
        "stated 90 %": int(sure.sum()), "right of these": float(y[sure].mean()),
    }  # fmt: skip


def slope(p: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the calibration slope and its standard error, p kept within 0.1 to 99.9 %."""
    inside = np.clip(p, 1e-3, 1 - 1e-3)
    design = np.column_stack([np.ones_like(inside), np.log(inside / (1 - inside))])

    def loss(beta: np.ndarray) -> float:
        linear = design @ beta
        return float(np.sum(np.logaddexp(0, linear) - y * linear))

    beta = minimize(loss, np.array([0.0, 1.0]), method="BFGS").x
    mean = 1 / (1 + np.exp(-design @ beta))
    information = (design.T * (mean * (1 - mean))) @ design
    return float(beta[1]), float(np.sqrt(np.linalg.inv(information)[1, 1]))


def measured(patients: pd.DataFrame, alleles: pd.DataFrame) -> dict[str, tuple]:
    """Return stated probabilities and what was right, by what they are of.

    Of alleles: calls and near misses; of fractions: reported alleles; of findings: all known
    alterations that relapse brought, or may have brought.
    """
    below = alleles[alleles.reported & alleles.below_5.notna()]
    known = alleles[alleles.probability.notna() & alleles.state.isin((*GAINED, *OPEN))]
    return {
        "the allele is real": (alleles.real, alleles.is_real),
        "before below 1 %": (below.below_1, below.before < 0.01),
        "before below 5 %": (below.below_5, below.before < 0.05),
        "the finding is right": (known.probability, known.right),
    }


def main(argv: list[str] | None = None) -> int:
    """Draw, judge and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--null", type=int, default=1000, help="patients without a mechanism")
    parser.add_argument("--mechanisms", type=float, default=0.6, help="fraction that has one")
    parser.add_argument("--output", type=Path, help="folder for the rows (TSV)")
    parser.add_argument("--publish", action="store_true", help="write docs/validation")
    args = parser.parse_args(argv)
    drawn = frames(results(Maker(args.seed, args.mechanisms), [args.seed, 1], args.patients))
    null = frames(results(Maker(args.seed, 0.0), [args.seed, 2], args.null))
    if args.output:
        args.output.mkdir(parents=True, exist_ok=True)
        for name, frame in (("patients", drawn[0]), ("alleles", drawn[1]), ("null", null[0])):
            frame.to_csv(args.output / f"{name}.tsv", sep="\t", index=False)
    from benchmarks.confidence_page import page, plot

    text = page(args, *drawn, null[0])
    if args.publish:
        (FOLDER / "confidence.md").write_text(text)
        plot(measured(*drawn), FOLDER / "confidence.png")
    print(text)
    return 0


def frames(found: Iterable[Result]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of patients and of alleles."""
    patients, alleles = [], []
    for number, result in enumerate(found):
        row, several = rows_of(result, number)
        patients.append(row)
        alleles += several
    of_patients = pd.DataFrame(patients)
    for name in ("probability", "chance", "tier"):
        if name not in of_patients:
            of_patients[name] = np.nan
    return of_patients, pd.DataFrame(alleles)


if __name__ == "__main__":
    sys.exit(main())
