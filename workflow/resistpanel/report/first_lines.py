"""One row per line of therapy and lesion for the first screen, and the words of a failed gate."""

import re

from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.numbers import percent, percent_up, plain
from resistpanel.report.parts import name_of, tumors
from resistpanel.report.words import verdict_title

#: Figures of the gates in words: name, unit, whether the value is a fraction.
FIGURES = {
    "mean_depth": ("mean depth", "fragments", False),
    "fraction_at.100": ("target bases with 100 fragments or more", "", True),
    "on_target_fraction": ("reads on target", "", True),
    "duplicate_fraction": ("duplicates", "", True),
    "mapped_fraction": ("mapped reads", "", True),
    "error_rate": ("mismatches per base", "", True),
    "error_spectrum.oxog_q": ("quality of G>T by oxidation", "Phred", False),
    "error_spectrum.deamination_q": ("quality of C>T by deamination", "Phred", False),
    "discordance": ("discordant genotypes with the patient's other samples", "", True),
    "contamination": ("DNA of another person", "", True),
    "tumor_in_normal": ("tumour DNA in the normal", "", True),
    "driver_in_normal": ("a driver in the normal, at an allele frequency of", "", True),
    "purity": ("tumour purity", "", True),
}  # fmt: skip
CONDITION = re.compile(r"(>=|<=) ([\d.e+-]+)")


def need(one: dict, depth: str = "fragments") -> str:
    """Return what a failed condition asks for: ``at least 250 fragments needed``."""
    condition = CONDITION.fullmatch(one["condition"] or "")
    if one["metric"] not in FIGURES or not condition:
        return f"{one['condition'] or 'another value'} needed"
    _, unit, fraction = FIGURES[one["metric"]]
    value = float(condition[2])
    shown = percent(value) if fraction else f"{plain(value, 1)} {unit.replace('fragments', depth)}"
    least = condition[1] == ">="
    return (
        f"{'at least' if least else 'at most'} {shown.strip()} {'needed' if least else 'allowed'}"
    )


def failure(one: dict, depth: str = "fragments") -> str:
    """Return a failed condition as a sentence: the value, what is needed, and why.

    Parameters
    ----------
    one : dict
        `Failure` of the qc gate or `SampleFailure` of copynumber's.
    depth : str
        What the sample's depth is of.
    """
    condition = CONDITION.fullmatch(one["condition"] or "")
    known = FIGURES.get(one["metric"])
    if not known or not condition:
        return one["text"]
    name, unit, fraction = known
    name, unit = (text.replace("fragments", depth) for text in (name, unit))
    value = percent(one["value"]) if fraction else f"{plain(one['value'], 1)} {unit}"
    why = one["text"].partition(f"must be {one['condition']}: ")[2]
    return f"{name} {value}, {need(one, depth)}" + (f" ({why})" if why else "")


def failures(found: list[dict], depth: str = "fragments") -> str:
    """Return failed conditions as one text."""
    text = "; ".join(failure(one, depth) for one in found)
    return text[:1].upper() + text[1:] + "." if text else "See quality."


def limit(examined: dict | None) -> str:
    """Return to which limit the catalogue's other alleles for a line's drugs are excluded.

    Parameters
    ----------
    examined : dict or None
        `AllelesExamined` of the line or lesion; None: the file is of an earlier version.
    """
    if examined is None:
        return "not known"
    alleles, blind = examined["alleles"], examined["not_assessable"]
    if not alleles + blind:
        return "none examined"
    if examined["worst_ub"] is None:
        return "not assessable"
    text = f"AF below {percent_up(examined['worst_ub'])}"
    text = f"{text} ({alleles} allele{'s' * (alleles != 1)})"
    return text + (f", {blind} not assessable" if blind else "")


def first_seen(report: dict, keys: list[str], samples: list[str]) -> str:
    """Return the earliest tumour sample with each key finding, up to the last of `samples`.

    Of findings that were first seen in different samples each is named.
    """
    findings = {f["variant"]: f for f in report["resist"]["findings"]}
    order = [s for s in report["compare"]["samples"] if s["role"] in TUMOR_ROLES]
    names = [s["sample"] for s in order]
    last = max((names.index(n) for n in samples if n in names), default=len(names) - 1)
    days = {s["sample"]: s["day"] for s in order}
    texts: dict[str, list[str]] = {}
    for key in keys:
        seen = {c["sample"] for c in findings.get(key, {"course": []})["course"] if c["detected"]}
        first = [name for name in names[: last + 1] if name in seen]
        if not first:
            continue
        # Of the samples of one day, one of the row's own.
        day = days[first[0]]
        own = [n for n in first if n in samples and day is not None and days[n] == day]
        name = (own or first)[0]
        # No comma behind the name: in a narrow cell it would begin the next line.
        where = name if day is None else f"{name} (day {day:g})"
        texts.setdefault(where, []).append(name_of(report, key))
    if len(texts) < 2:
        return "".join(texts) or "–"
    return "; ".join(f"{', '.join(labels)}: {where}" for where, labels in texts.items())


def only_lesion(report: dict, samples: list[str]) -> str | None:
    """Return the lesion that all samples of a line are of, if the patient has several lesions."""
    lesions = {s["sample"]: s["lesion"] for s in tumors(report)}
    found = {lesions.get(name) for name in samples}
    return found.pop() if len(found) == 1 and len(set(lesions.values())) > 1 else None


def lines(report: dict) -> list[dict]:
    """Return one row per line of therapy and lesion, the latest line first.

    Of a line with samples of several lesions there is one row per lesion; of another, one row.
    """
    rows = []
    for line in report["resist"]["lines"]:
        for part in line["lesions"] or [line | {"lesion": None}]:
            verdict = part["verdict"]
            keys = verdict["key_variants"]
            rows.append({
                "line": line["line"], "drugs": line["drugs"],
                "lesion": part["lesion"] or only_lesion(report, part["samples"]),
                "samples": part["samples"], "kind": verdict["kind"],
                "kind_text": verdict_title(verdict), "swapped": verdict.get("swapped", ()),
                "headline": ", ".join(name_of(report, key) for key in keys),
                "confidence": verdict["confidence"],
                "limit": limit(part.get("examined")),
                "seen": first_seen(report, keys, part["samples"]) if keys else "–",
            })  # fmt: skip
    return rows
