"""Everything that the results of a patient say of one variant."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from resistpanel.compare.copynumber import CopyNumber, locus, read_copynumber
from resistpanel.compare.evidence import View
from resistpanel.compare.purity import Purity, multiplicity
from resistpanel.compare.read_calls import AnnotatedVcf
from resistpanel.compare.states import DEFAULT
from resistpanel.core.errors import InputError
from resistpanel.core.schemas import read_checked
from resistpanel.core.vcf import CallVcf
from resistpanel.records.stages import RECORDS

SCHEMA = "resistpanel/explain/1"
#: Figures of the caller that stand in INFO.
ODDS = ("SOMATIC_PHRED", "ODDS_GERMLINE", "ODDS_ARTIFACT", "ODDS_NULL", "POPAF", "NORMALS")

#: A filter in the VCF's header: name, metric, side of the threshold that fails, threshold.
RULE = re.compile(r"([^:,<>]+):([^:,<>]+)([<>])([^:,<>]+)")
#: What is handed on of the variant itself.
KEPT = (
    *("id", "chrom", "pos", "ref", "alt", "type", "gene", "transcript", "consequence"),
    *("hgvs_c", "hgvs_p", "protein", "splice", "model", "filters", "reported", "somatic_phred"),
    *("sites", "phase", "state", "states"),
)


@dataclasses.dataclass
class Results:
    """What the workflow wrote of a patient.

    Attributes
    ----------
    patient : str
    sheet, compare, resist : dict
        As the stages wrote them.
    copynumber : dict or None
    vcf : Path
        The annotated VCF.
    copies : CopyNumber
    """

    patient: str
    sheet: dict
    compare: dict
    resist: dict
    copynumber: dict | None
    vcf: Path
    copies: CopyNumber


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
        name: outdir / name / f"{patient}.json"
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
            else "start in the folder of the run, or name its results with --results"
        )
        raise InputError(f"no results of patient {short(patient)}", str(outdir), cure)
    values = {}
    for name, path in paths.items():
        if path.is_file():
            values[name] = read_checked(path, RECORDS[name])
        elif name != "copynumber":
            raise InputError("no such file", str(path), "run the workflow again")
    vcf = outdir / "annotate" / f"{patient}.vcf.gz"
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


def _model(results: Results, variant: dict) -> tuple[dict, dict[str, str], dict[str, str]]:
    """Return the caller's figures, descriptions of filters, and its header's parameters."""
    vcf = CallVcf(results.vcf)
    figures: dict[str, Any] = {}
    for call in vcf.at(variant["chrom"], variant["pos"]):
        if (call.ref, call.alt) == (variant["ref"], variant["alt"]):
            figures = {name.lower(): call.info.get(name) for name in ODDS}
            figures["filter_metrics"] = call.info.get("FILTER_METRICS")
    return figures, vcf.filter_descriptions(), vcf.parameters


def decisions(
    variant: dict, meanings: dict[str, str], table: str, values: Sequence[float | None]
) -> list[dict]:
    """Return what each filter decided, and on what.

    Parameters
    ----------
    variant : dict
        Of compare.json.
    meanings : dict of filter to description
    table : str
        Of the VCF's header: ``name:metric<threshold`` (or ``>``), joined by commas.
    values : sequence of float or None
        The metrics, in the order of the table; none in a VCF that does not tell.

    Returns
    -------
    list of dict
        filter, meaning, failed, metric, value, fails (``<`` or ``>``), threshold, and verdict:
        failed, passed, not measured (the filter could not apply), not judged (of a germline
        variant and of an allele that is absent, no other filter counts).
    """
    rows = dict(zip(table.split(","), values, strict=False))
    measured = {}
    for row, value in rows.items():
        match = RULE.fullmatch(row)
        if match:
            name, metric, fails, threshold = match.groups()
            measured[name] = (metric, value, fails, float(threshold))
    alone = variant["filters"] in (["germline"], ["absent"])
    decided = []
    for name, meaning in meanings.items():
        if name in ("PASS", "absent"):
            continue
        metric, value, fails, threshold = measured.get(name, (None, None, None, None))
        failed = name in variant["filters"]
        verdict = "not judged" if alone else "passed"
        if name in measured and value is None:
            verdict = "not measured"
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
    results: Results, variant: dict, sample: dict, errors: AnnotatedVcf, normal: str | None
) -> dict:
    """Return what one sample shows, with what its error rate makes of it."""
    name = sample["sample"]
    values = variant["samples"][name]
    control = (0, 0)
    if normal and normal != name:
        other = variant["samples"][normal]
        control = (other["ad"][1], other["dp"])
    given = sample["purity"]
    inherited = variant["model"] in ("germline", "foreign", "artifact")
    purity = Purity(given["value"], given["low"], given["high"], given["source"])
    place = locus(
        Purity() if inherited else purity,
        variant["chrom"],
        variant["gene"],
        name,
        results.sheet["sex"],
        results.copies,
    )
    evidence = _Counts(values["ad"][1], values["dp"])
    out = {
        "role": sample["role"],
        "timepoint": sample["timepoint"],
        "day": sample["day"],
        "lesion": sample["lesion"],
        **{key: values[key] for key in ("ad", "adf", "adr", "dp", "af", "af_low", "af_high")},
        **{key: values[key] for key in ("lod", "ub", "detected", "ccf", "ccf_low", "ccf_high")},
        "error_rate": errors.error(name),
        "p_error": View(evidence, place, errors.error(name), control).error_p,
        "purity": given,
        "copies": place.copies,
        "normal_copies": place.normal_copies,
        "multiplicity": None,
    }
    if values["ccf"] is not None and place.known:
        out["multiplicity"] = multiplicity(values["af"], place)
    return out


@dataclasses.dataclass(frozen=True)
class _Counts:
    """The two numbers that the error test looks at."""

    alt: int
    depth: int


def of_variant(results: Results, variant: dict, others: list[dict], query: str) -> dict:
    """Return every number on one variant.

    Parameters
    ----------
    results : Results
    variant : dict
        Of compare.json.
    others : list of dict
        Other alleles that fit the query.
    query : str
        As typed.
    """
    figures, filters, parameters = _model(results, variant)
    errors = AnnotatedVcf(results.vcf)
    samples = results.compare["samples"]
    normal = next((s["sample"] for s in samples if s["role"] == "normal"), None)
    resist = results.resist
    metrics = figures.pop("filter_metrics", None) or ()
    decided = decisions(variant, filters, parameters.get("filters", ""), metrics)
    return {
        "schema": SCHEMA,
        "patient": results.patient,
        "query": query,
        "kind": "variant",
        "variant": {key: variant.get(key) for key in KEPT},
        "call": figures
        | {
            "prior_somatic": _number(parameters.get("prior_somatic")),
            "mode": parameters.get("mode"),
            "tumor_in_normal": _number(parameters.get("tumor_in_normal")),
            "contamination": {
                s["sample"]: _number(parameters.get(f"contamination_{s['sample']}"))
                for s in samples
            },
        },
        "filters": decided,
        "samples": {s["sample"]: _sample(results, variant, s, errors, normal) for s in samples},
        "rules": dataclasses.asdict(DEFAULT),
        "lesions": results.compare["lesions"]["variants"].get(variant["id"]),
        "finding": _of(resist["findings"], variant),
        "findings": len(resist["findings"]),
        "near_miss": next(
            (n for n in resist["near_misses"] if n["variant"] == variant["id"]), None
        ),
        "excluded": next((n for n in resist["excluded"] if n["variant"] == variant["id"]), None),
        "negative": [n for n in resist["negative_sites"] if n["site"] == variant["id"]],
        "key": variant["id"] in resist["verdict"]["key_variants"],
        "verdict": resist["verdict"],
        "others": [
            {"id": v["id"], "filters": v["filters"], "samples": _limits(v, samples)} for v in others
        ],
    }


def _of(rows: list[dict], variant: dict) -> dict | None:
    return next((row for row in rows if row["variant"] == variant["id"]), None)


def _limits(variant: dict, samples: list[dict]) -> dict:
    keys = ("ad", "dp", "lod", "ub", "detected")
    return {
        sample["sample"]: {key: variant["samples"][sample["sample"]][key] for key in keys}
        for sample in samples
    }


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def of_copies(results: Results, gene: str, query: str) -> dict:
    """Return every number on a gene's copies.

    Raises
    ------
    InputError
        If copy number was not examined there.
    """
    if results.copynumber is None or not results.copynumber["samples"]:
        raise InputError(
            f"copy number of patient '{results.patient}' was not examined", query,
            "it needs depth to compare with: a matched normal",
        )  # fmt: skip
    rows = {
        name: next((row for row in sample["genes"] if row["gene"] == gene), None)
        for name, sample in results.copynumber["samples"].items()
    }
    if not any(rows.values()):
        raise InputError(f"no copy number of {gene}", query, "its targets are not on the panel")
    start = f"copynumber:{gene}:"
    finding = next((f for f in results.resist["findings"] if f["variant"].startswith(start)), None)
    return {
        "schema": SCHEMA,
        "patient": results.patient,
        "query": query,
        "kind": "copynumber",
        "gene": gene,
        "reference": results.copynumber["reference"],
        "samples": {
            name: {
                "purity": results.copynumber["samples"][name]["purity"],
                "baseline": results.copynumber["samples"][name]["baseline"],
                "gene_noise": results.copynumber["samples"][name]["gene_noise"],
                "gene": row,
            }
            for name, row in rows.items()
        },
        "pairs": [
            {"pre": pair["pre"], "post": pair["post"], "gene": row}
            for pair in results.copynumber["pairs"]
            for row in pair["genes"]
            if row["gene"] == gene
        ],
        "finding": finding,
        "findings": len(results.resist["findings"]),
        "key": bool(finding) and finding["variant"] in results.resist["verdict"]["key_variants"],
        "verdict": results.resist["verdict"],
    }
