"""The rows of the store that a patient's report gives."""

import datetime
import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resistpanel.report import cohort, tsv

Rows = dict[str, list[dict[str, Any]]]
#: Stages whose JSON a verdict is reached from.
REASONED = ("sheet", "compare", "copynumber")
#: Hexadecimal digits of an identity: the chance that two of 10**6 results agree is below 10**-12.
DIGITS = 24


def identity(report: dict) -> str:
    """Return what identifies a result: the digest of its content.

    The time and the command line are left out, so that the same inputs, settings and software give
    the same identity. The digests of the inputs are a part of it.
    """
    made = {k: v for k, v in report["provenance"].items() if k not in ("created", "command")}
    text = json.dumps(report | {"provenance": made}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def rows(report: dict, path: str | Path) -> Rows:
    """Return the rows of a report by table; ``sources`` is made by `source`.

    Parameters
    ----------
    report : dict
        As in report.json.
    path : path
        Of the report.
    """
    found: Rows = {
        "results": [_result(report, path)],
        "inputs": [
            {key: one.get(key) for key in ("role", "path", "bytes", "sha256")}
            for one in report["provenance"]["inputs"]
        ],
        "samples": list(_samples(report)),
        "calls": list(_calls(report)),
        "states": list(_states(report)),
        "copies": list(_copies(report)),
        "findings": list(_findings(report)),
        "evidence": list(_evidence(report)),
        "limits": list(_limits(report)),
        "verdicts": list(_verdicts(report)),
        "therapies": list(_therapies(report)),
    }
    key = found["results"][0]["result"]
    for lines in found.values():
        for line in lines:
            line["result"] = key
    return found


def source(report: dict, path: str | Path) -> tuple[bytes, str]:
    """Return the stages that a verdict is reached from, compressed, and the cohort's summary."""
    record = json.dumps({stage: report[stage] for stage in REASONED}, separators=(",", ":"))
    summary = cohort.summary(report, path)
    summary["report"] = str(summary["report"].absolute()) if summary["report"] else None
    return zlib.compress(record.encode()), json.dumps(summary)


def _labels(report: dict, keys: list[str]) -> list[str]:
    labels = {f["variant"]: f["label"] for f in report["resist"]["findings"]}
    return [labels.get(key, key) for key in keys]


def _result(report: dict, path: str | Path) -> dict[str, Any]:
    resist, sheet = report["resist"], report["sheet"]
    verdict, driver = resist["verdict"], resist["driver"]
    summary = cohort.summary(report, path)
    created = report["provenance"]["created"]
    return {
        "result": identity(report), "patient": report["patient"],
        "added": datetime.datetime.now(datetime.UTC).replace(tzinfo=None).isoformat(),
        "created": created.removesuffix("Z"), "version": report["provenance"]["version"],
        "build": report["build"], "disease": sheet["disease"], "sex": sheet["sex"],
        "tumor_only": sheet["tumor_only"],
        "drugs": list(dict.fromkeys(d["drug"] for d in resist["drugs"])),
        "verdict": verdict["kind"], "confidence": verdict["confidence"],
        "sentence": verdict["sentence"],
        "key_alterations": _labels(report, verdict["key_variants"]),
        "driver_gene": driver["gene"], "driver_protein": driver["protein"],
        "driver_state": driver["state"], "copy_number": report["copynumber"] is not None,
        "qc_passed": summary["qc_passed"],
        "page": str(summary["report"].absolute()) if summary["report"] else None,
    }  # fmt: skip


def _samples(report: dict) -> Iterator[dict[str, Any]]:
    quality = {s["sample"]: s for s in report["qc"]["samples"]}
    gate = (report["copynumber"] or {}).get("gate") or {"failures": []}
    for s in report["compare"]["samples"]:
        q = quality.get(s["sample"], {})
        failures = [f["text"] for f in q.get("gate", {"failures": []})["failures"]]
        failures += [f["text"] for f in gate["failures"] if f["sample"] == s["sample"]]
        yield {
            **{k: s[k] for k in ("sample", "role", "timepoint", "day", "lesion")},
            "purity": s["purity"]["value"], "purity_low": s["purity"]["low"],
            "purity_high": s["purity"]["high"],
            "tumor_detected": s["tumor"]["detected"] if s["tumor"] else None,
            "mean_depth": q.get("mean_depth"), "on_target": q.get("on_target_fraction"),
            "duplicates": q.get("duplicate_fraction"), "error_rate": q.get("error_rate"),
            "qc_passed": not failures, "failures": failures,
        }  # fmt: skip


def _calls(report: dict) -> Iterator[dict[str, Any]]:
    names = ("sample", "variant", "gene", "protein", "hgvs_c", "consequence", "filter",
             "reported", "depth", "alt_count", "af", "af_low", "af_high", "lod", "ub", "detected",
             "ccf", "ccf_low", "ccf_high")  # fmt: skip
    for row in tsv.rows(report):
        yield {name: row[name] for name in names}


def _states(report: dict) -> Iterator[dict[str, Any]]:
    lesions = report["compare"]["lesions"]["variants"]
    for v in report["compare"]["variants"]:
        if not v["reported"] and v["filters"] == ["absent"]:
            continue
        common = {
            "variant": v["id"], "gene": v["gene"], "protein": v["protein"], "status": v["status"],
            "distribution": (lesions.get(v["id"]) or {}).get("kind"), "reported": v["reported"],
        }  # fmt: skip
        for line in v["lines"]:
            yield common | {key: line[key] for key in ("line", "state", "before", "ub_ccf")}


def _copies(report: dict) -> Iterator[dict[str, Any]]:
    names = ("gene", "log2", "log2_low", "log2_high", "copies", "copies_low", "copies_high",
             "call", "loh")  # fmt: skip
    for sample, found in ((report["copynumber"] or {}).get("samples") or {}).items():
        for gene in found["genes"]:
            yield {"sample": sample} | {name: gene.get(name) for name in names}


def _findings(report: dict) -> Iterator[dict[str, Any]]:
    keys = set(report["resist"]["verdict"]["key_variants"])
    for f in report["resist"]["findings"]:
        grade, confidence = f["grade"] or {}, f.get("confidence") or {}
        yield {
            **{k: f[k] for k in ("rank", "variant", "gene", "protein", "label", "effect",
                                 "match_level", "state", "before", "status")},
            "mechanism": f["mechanism_class"], "key": f["variant"] in keys,
            "amp_tier": grade.get("amp_tier"), "escat": grade.get("escat"),
            "real": confidence.get("real"), "probability": confidence.get("probability"),
        }  # fmt: skip


def _evidence(report: dict) -> Iterator[dict[str, Any]]:
    names = ("drugs", "disease", "direction", "evidence_level", "match_level", "pmid")
    for f in report["resist"]["findings"]:
        for given, key in ((True, "evidence"), (False, "other_evidence")):
            for e in f[key]:
                yield {
                    "variant": f["variant"], "row": e["id"], "given": given,
                    **{name: e[name] for name in names},
                }  # fmt: skip


def _limits(report: dict) -> Iterator[dict[str, Any]]:
    for s in report["resist"]["negative_sites"]:
        yield {
            **{k: s[k] for k in ("sample", "site", "gene", "protein", "drugs", "lod", "ub",
                                 "assessable")},
            "rows": s["ids"], "depth": s["dp"],
        }  # fmt: skip


def _verdicts(report: dict) -> Iterator[dict[str, Any]]:
    for line in report["resist"]["lines"]:
        parts = [(None, line), *((one["lesion"], one) for one in line["lesions"])]
        for lesion, one in parts:
            verdict = one["verdict"]
            yield {
                "line": line["line"], "lesion": lesion, "drugs": line["drugs"],
                "baseline": line["baseline"], "samples": one["samples"],
                "verdict": verdict["kind"], "confidence": verdict["confidence"],
                "sentence": verdict["sentence"],
                "key_alterations": _labels(report, verdict["key_variants"]),
            }  # fmt: skip


def _therapies(report: dict) -> Iterator[dict[str, Any]]:
    for drug in report["resist"]["expected_to_fail"]:
        yield {"kind": "cross-resistance", "name": drug["drug"], "reason": drug["reason"]}
    for one in report["resist"]["options"]:
        yield {"kind": "option", "name": one["option"], "reason": one["reason"]}
