"""Everything that the results of a patient say of one variant."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from resistpanel.compare.copynumber import CopyNumber as Copies
from resistpanel.compare.copynumber import locus, read_copynumber
from resistpanel.compare.evidence import View
from resistpanel.compare.purity import Purity, multiplicity
from resistpanel.compare.read_calls import AnnotatedVcf
from resistpanel.compare.states import DEFAULT
from resistpanel.core.errors import InputError
from resistpanel.core.made import stage_folder
from resistpanel.core.schemas import read_record
from resistpanel.core.vcf import CallVcf
from resistpanel.records.base import UNSET, UnsetType
from resistpanel.records.compare import Compare, ComparedSample, SampleAtLocus, Variant
from resistpanel.records.copynumber import CopyNumber, TumorCopies
from resistpanel.records.resist import ExcludedVariant, Finding, NearMiss, Resist
from resistpanel.records.sheet import Sheet
from resistpanel.records.stages import RECORDS
from resistpanel.report import damaged

SCHEMA = "resistpanel/explain/1"
#: A row of resist.json that is of one variant.
Row = TypeVar("Row", Finding, NearMiss, ExcludedVariant)
#: Figures of the caller that stand in INFO.
ODDS = ("SOMATIC_PHRED", "ODDS_GERMLINE", "ODDS_ARTIFACT", "ODDS_NULL", "POPAF", "NORMALS")

#: A filter in the VCF's header: name, metric, side of the threshold that fails, threshold.
RULE = re.compile(r"([^:,<>]+):([^:,<>]+)([<>])([^:,<>]+)")
#: What is handed on of the variant itself.
KEPT = (
    *("id", "chrom", "pos", "ref", "alt", "type", "gene", "transcript", "consequence"),
    *("hgvs_c", "hgvs_p", "protein", "splice", "model", "filters", "reported", "somatic_phred"),
    *("refseq", "usual_name", "not_annotated", "reverts", "junction", "sites", "phase"),
    *("haplotype", "unphased", "state", "states", "lines", "courses", "status", "origin", "vrs"),
)


@dataclasses.dataclass
class Results:
    """What the workflow wrote of a patient.

    Attributes
    ----------
    patient : str
    sheet : Sheet
    compare : Compare
    resist : Resist
    copynumber : CopyNumber or None
    vcf : Path
        The annotated VCF.
    copies : resistpanel.compare.copynumber.CopyNumber
    """

    patient: str
    sheet: Sheet
    compare: Compare
    resist: Resist
    copynumber: CopyNumber | None
    vcf: Path
    copies: Copies


def short(text: str, length: int = 40) -> str:
    """Return a name in quotes, cut for a message."""
    return repr(text if len(text) <= length else f"{text[:length]}...")


def read_results(outdir: Path, patient: str) -> Results:
    """Read a patient's results.

    Raises
    ------
    InputError
        If there are none in the folder (the patients that are there are named), or not all.
    """
    paths = {
        name: stage_folder(outdir, name) / f"{patient}.json"
        for name in ("sheet", "compare", "resist", "copynumber")
    }
    try:
        found = paths["resist"].is_file()
    except (OSError, ValueError):  # no name that a file can have
        found = False
    if not found:
        known = sorted(path.stem for path in (outdir / "resist").glob("*.json"))
        cure = (
            f"patients there: {', '.join(known)}"
            if known
            else "start in the study folder, or name it: --directory, or --results"
        )
        raise InputError(f"no results of patient {short(patient)}", str(outdir), cure)
    values = {}
    for name, path in paths.items():
        if path.is_file():
            values[name] = read_record(path, RECORDS[name])
        elif name != "copynumber":
            raise InputError("no such file", str(path), "run the workflow again")
    vcf = stage_folder(outdir, "annotate") / f"{patient}.vcf.gz"
    copynumber = paths["copynumber"] if "copynumber" in values else None
    return Results(
        patient,
        values["sheet"],
        values["compare"],
        values["resist"],
        values.get("copynumber"),
        vcf,
        read_copynumber(copynumber),
    )


def _model(results: Results, variant: Variant) -> tuple[dict, dict[str, str], dict[str, str]]:
    """Return the caller's figures, descriptions of filters, and its header's parameters."""
    vcf = CallVcf(results.vcf)
    figures: dict[str, Any] = {}
    calls = vcf.junctions() if variant.junction else vcf.at(variant.chrom, variant.pos)
    for call in calls:
        if call.pos == variant.pos and (call.ref, call.alt) == (variant.ref, variant.alt):
            figures = {name.lower(): call.info.get(name) for name in ODDS}
            figures["filter_metrics"] = call.info.get("FILTER_METRICS")
    return figures, vcf.filter_descriptions(), vcf.parameters


def decisions(
    filters: Sequence[str], meanings: dict[str, str], table: str, values: Sequence[float | None]
) -> list[dict]:
    """Return what each filter decided, and on what.

    Parameters
    ----------
    filters : sequence of str
        Of the variant.
    meanings : dict of filter to description
    table : str
        Of the VCF's header: ``name:metric<threshold`` (or ``>``), joined by commas.
    values : sequence of float or None
        The metrics, in the order of the table; none in a VCF that does not tell.

    Returns
    -------
    list of dict
        filter, meaning, failed, metric, value, fails (``<`` or ``>``), threshold, and verdict:
        failed, passed, exempt (without a normal, a driver or catalogued allele is reported though
        it fails), not measured (the filter could not apply), not judged (of a germline
        variant and of an allele that is absent, no other filter counts).
    """
    rows = dict(zip(table.split(","), values, strict=False))
    measured = {}
    for row, value in rows.items():
        match = RULE.fullmatch(row)
        if match:
            name, metric, fails, threshold = match.groups()
            measured[name] = (metric, value, fails, float(threshold))
    alone = tuple(filters) in (("germline",), ("absent",))
    decided = []
    for name, meaning in meanings.items():
        if name in ("PASS", "absent"):
            continue
        metric, value, fails, threshold = measured.get(name, (None, None, None, None))
        failed = name in filters
        verdict = "not judged" if alone else "passed"
        if name in measured and value is None:
            verdict = "not measured"
        elif verdict == "passed" and name in measured:
            beyond = value < threshold if fails == "<" else value > threshold
            verdict = "exempt" if beyond else verdict
        decided.append(
            {
                "filter": name,
                "failed": failed,
                "verdict": "failed" if failed else verdict,
                "meaning": meaning,
                "metric": metric,
                "value": value,
                "fails": fails,
                "threshold": threshold,
            }
        )
    return decided


def _sample(
    results: Results,
    variant: Variant,
    sample: ComparedSample,
    errors: AnnotatedVcf,
    normal: str | None,
) -> dict:
    """Return what one sample shows, with what its error rate makes of it."""
    name, values = sample.sample, variant.samples[sample.sample]
    control = (0, 0)
    if normal and normal != name:
        other = variant.samples[normal]
        control = (other.ad[1], other.dp)
    given = sample.purity
    inherited = variant.model in ("germline", "contamination", "artifact")
    purity = Purity(given.value, given.low, given.high, given.source)
    place = locus(
        Purity() if inherited else purity,
        variant.chrom,
        variant.gene,
        name,
        results.sheet.sex,
        results.copies,
    )
    evidence = _Counts(values.ad[1], values.dp)
    out = {
        "role": sample.role,
        "timepoint": sample.timepoint,
        "day": sample.day,
        "lesion": sample.lesion,
        **{k: v for k, v in msgspec.structs.asdict(values).items() if v is not UNSET},
        "error_rate": errors.error(name),
        "p_error": View(evidence, place, errors.error(name), control).error_p,
        "purity": given,
        "copies": place.copies,
        "normal_copies": place.normal_copies,
        "multiplicity": None,
    }
    if values.ccf is not None and place.known:
        out["multiplicity"] = multiplicity(values.af, place)
    return out


@dataclasses.dataclass(frozen=True)
class _Counts:
    """The two numbers that the error test looks at."""

    alt: int
    depth: int


def of_variant(results: Results, variant: Variant, others: list[Variant], query: str) -> dict:
    """Return every number on one variant.

    Parameters
    ----------
    results : Results
    variant : Variant
    others : list of Variant
        Other alleles that fit the query.
    query : str
        As typed.
    """
    figures, filters, parameters = _model(results, variant)
    if damaged.FILTER in variant.filters:
        known = msgspec.to_builtins((variant, results.compare.samples))
        filters[damaged.FILTER] = damaged.why(*known) or filters.get(damaged.FILTER, "")
    errors = AnnotatedVcf(results.vcf)
    samples = results.compare.samples
    normal = next((s.sample for s in samples if s.role == "normal"), None)
    resist = results.resist
    metrics = figures.pop("filter_metrics", None) or ()
    decided = decisions(variant.filters, filters, parameters.get("filters", ""), metrics)
    allele = {key: getattr(variant, key) for key in KEPT}
    facts = {
        "schema": SCHEMA,
        "patient": results.patient,
        "query": query,
        "kind": "variant",
        "variant": {key: None if value is UNSET else value for key, value in allele.items()},
        "call": figures
        | {
            "prior_somatic": _number(parameters.get("prior_somatic")),
            "mode": parameters.get("mode"),
            "tumor_in_normal": _number(parameters.get("model_tumor_in_normal")),
            "contamination": {
                s.sample: _number(parameters.get(f"model_contamination_{s.sample}"))
                for s in samples
            },
        },
        "filters": decided,
        "samples": {s.sample: _sample(results, variant, s, errors, normal) for s in samples},
        "rules": dataclasses.asdict(DEFAULT),
        "overdispersion": {s.sample: s.overdispersion for s in results.compare.samples},
        "lesions": results.compare.lesions.variants.get(variant.id),
        "finding": _of(resist.findings, variant),
        "findings": len(resist.findings),
        "near_miss": _of(resist.near_misses, variant),
        "excluded": _of(resist.excluded, variant),
        "negative": [n for n in resist.negative_sites if n.site == variant.id],
        "reversions": next((g for g in resist.reversions or () if g.gene == variant.gene), None),
        "key": variant.id in resist.verdict.key_variants,
        "verdict": resist.verdict,
        "others": [
            {"id": v.id, "filters": v.filters, "samples": _limits(v, samples)} for v in others
        ],
    }
    return msgspec.to_builtins(facts)


def _of(rows: Iterable[Row], variant: Variant) -> Row | None:
    return next((row for row in rows if row.variant == variant.id), None)


def _limits(variant: Variant, samples: Iterable[ComparedSample]) -> dict:
    def limits(values: SampleAtLocus) -> dict:
        return {key: getattr(values, key) for key in ("ad", "dp", "lod", "ub", "detected")}

    return {sample.sample: limits(variant.samples[sample.sample]) for sample in samples}


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _least_deleted(sample: TumorCopies) -> dict[str, int | None]:
    found = sample.least_deleted
    return {} if isinstance(found, UnsetType) else {"least_deleted": found}


def of_copies(results: Results, gene: str, query: str) -> dict:
    """Return every number on a gene's copies.

    Raises
    ------
    InputError
        If copy number was not examined there.
    """
    copynumber, resist = results.copynumber, results.resist
    if copynumber is None or not copynumber.samples:
        raise InputError(
            f"copy number of patient '{results.patient}' was not examined", query,
            "it needs depth to compare with: a matched normal",
        )  # fmt: skip
    rows = {
        name: next((row for row in sample.genes if row.gene == gene), None)
        for name, sample in copynumber.samples.items()
    }
    if not any(sample.genes for sample in copynumber.samples.values()):
        raise InputError(
            f"copy number of {gene} was not examined: there is no normal of patient "
            f"'{results.patient}', nor a pool of normals", query,
            "give a matched normal, or normals of the same panel (key `pool`, docs/copynumber.md)",
        )  # fmt: skip
    if not any(rows.values()):
        raise InputError(f"no copy number of {gene}", query, "its targets are not on the panel")
    start = f"copynumber:{gene}:"
    finding = next((f for f in resist.findings if f.variant.startswith(start)), None)
    facts = {
        "schema": SCHEMA,
        "patient": results.patient,
        "query": query,
        "kind": "copynumber",
        "gene": gene,
        "reference": copynumber.reference,
        "samples": {
            name: {
                "purity": copynumber.samples[name].purity,
                "baseline": copynumber.samples[name].baseline,
                "gene_noise": copynumber.samples[name].gene_noise,
                "gene": row,
            }
            | _least_deleted(copynumber.samples[name])
            for name, row in rows.items()
        },
        "pairs": [
            {"pre": pair.pre, "post": pair.post, "gene": row}
            for pair in copynumber.pairs
            for row in pair.genes
            if row.gene == gene
        ],
        "finding": finding,
        "findings": len(resist.findings),
        "key": bool(finding) and finding.variant in resist.verdict.key_variants,
        "verdict": resist.verdict,
    }
    return msgspec.to_builtins(facts)
