"""The ranked findings with their evidence, what else is expected to fail, and what is known."""

import re

from resistpanel.core.text import join
from resistpanel.report import first_lines
from resistpanel.report.cells import variant_name
from resistpanel.report.lesions import arisen_later
from resistpanel.report.numbers import count, genomic_of, percent_up
from resistpanel.report.parts import name_of, state_words, variants_by_id
from resistpanel.report.report_constants import CANDIDATES
from resistpanel.report.summary import failing, open_questions, said
from resistpanel.report.summary_questions import SCALE, certainty, earlier_cells
from resistpanel.report.words import (
    CHANGE_OPEN,
    DRIVER_STATES,
    EFFECTS,
    MATCHES,
    MECHANISMS,
    verdict_title,
)

#: A PubMed identifier; anything else is shown as text, not as a link.
PMID = re.compile(r"[1-9][0-9]{0,8}")
SEPARATOR = re.compile(r"[;,\s]+")


def pubmed(pmid: str | int | None) -> list[tuple[str, str | None]]:
    """Return each identifier (``;`` between several) with its address at PubMed.

    The address is None for what is not an identifier: that is shown as text.
    """
    parts = [part for part in SEPARATOR.split(str(pmid or "")) if part]
    return [
        (part, f"https://pubmed.ncbi.nlm.nih.gov/{part}/" if PMID.fullmatch(part) else None)
        for part in parts
    ]


def pairs_of(variant: dict | None) -> list[dict]:
    """Return the states of a variant by pair; pairs that do not show it at all share one line."""
    if variant is None:
        return []
    absent = [s for s in variant["states"] if s["state"] == "absent"]
    if len(absent) < 2:
        return [_told(variant, s) for s in variant["states"]]
    told = [_told(variant, s) for s in variant["states"] if s["state"] != "absent"]
    texts = []
    for s in {s["post"]: s for s in absent}.values():
        e = variant["samples"][s["post"]]
        unit = e.get("unit") or "fragments"
        texts.append(f"{s['post']} ({count(e['ad'][1])} of {count(e['dp'])} {unit}, AF below "
                     f"{percent_up(e['ub'])})")  # fmt: skip
    joined = {"state": "absent", "words": None, "probability_increase": None, "fold_change": None}
    return [*told, joined | {"text": "not detected either in " + ", ".join(texts)}]


def _told(variant: dict, pair: dict) -> dict:
    """Return the state of a pair, with words where both of its samples show the variant."""
    shown = all(variant["samples"][pair[key]]["detected"] for key in ("pre", "post"))
    return pair | {"words": CHANGE_OPEN if shown and pair["state"] == "undetermined" else None}


def parts_of(text: str) -> list[str]:
    """Split a state's text at its semicolons, except those inside parentheses."""
    parts, depth = [""], 0
    for piece in re.split(r"(; |[()])", text):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "; " and depth <= 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def left_over(text: str, stated: list[str]) -> str:
    """Return a text without the parts that are stated already, after a colon; else nothing."""
    for one in sorted(stated, key=len, reverse=True):
        text = text.replace(one, "\0")
    parts = [
        part
        for part in parts_of(text.replace("\0", "; "))
        if part.strip(" ;,") and not any(part in one for one in stated)
    ]
    return ": " + "; ".join(parts) if parts else ""


def over_lines(variant: dict | None, report: dict) -> list[str]:
    """Return what the states of pairs alone do not say: under each line, and its course.

    Empty where there is one line, one sample before it and one after it.
    """
    if variant is None:
        return []
    therapy = {line["number"]: line for line in report["compare"]["lines"]}
    texts = []
    for line in variant["lines"]:
        given = therapy.get(line["line"])
        if given is None or not line["lesions"]:
            continue
        if len(therapy) == 1 and len(given["baseline"]) == len(given["samples"]) == 1:
            continue
        drugs = join(given["drugs"]) or "no drug given"
        further = left_over(line["text"], [s["text"] for s in variant["states"]])
        texts.append(f"Line {line['line']} ({drugs}): {line['state']}" + further)
    for course in variant["courses"]:
        if len(course["steps"]) > 1:
            now = "" if course["text"] == course["status"] else f"; now {course['status']}"
            texts.append(f"Course in {course['lesion']}: {course['text']}{now}")
    return texts


def therapies(report: dict) -> list[dict]:
    """Return the verdict of every line of therapy and lesion, the latest line first.

    Empty where there is one line and one lesion: the headline says it all.
    """
    lines = report["resist"]["lines"]
    if len(lines) < 2 and not any(line["lesions"] for line in lines):
        return []
    rows = []
    stated = {report["resist"]["verdict"]["sentence"]}
    for line in lines:
        for part in (line | {"lesion": None}, *line["lesions"]):
            verdict = part["verdict"]
            lesion = part["lesion"] or first_lines.only_lesion(report, part["samples"])
            labels = [name_of(report, key) for key in verdict["key_variants"]]
            rows.append({
                "line": line["line"], "drugs": line["drugs"], "lesion": lesion,
                "samples": part["samples"], "headline": ", ".join(labels),
                "kind": verdict["kind"], "kind_text": verdict_title(verdict),
                "confidence": verdict["confidence"],
                "sentence": "" if verdict["sentence"] in stated else verdict["sentence"],
            })  # fmt: skip
            stated.add(verdict["sentence"])
    return rows


def on_front(report: dict) -> set[str]:
    """Return the reasons for and against the verdict that the first screen states."""
    verdict = report["resist"]["verdict"]
    keys = set(verdict["key_variants"])
    of_keys = [f for f in report["resist"]["findings"] if f["variant"] in keys]
    stated = {text for f in of_keys for text in f["against"]} | set(verdict["reasons"])
    return stated | {t for f in of_keys for t in f["for"] if said(t, verdict["sentence"])}


def certain(finding: dict, explained: set[str]) -> list[str]:
    """Return the numbers of confidence of a finding with those of before treatment.

    What a tier means is written once on the page: in `explained` are the lines that did.
    """
    lines = [
        line.partition(f" {SCALE}")[0] if line in explained else line for line in certainty(finding)
    ]
    explained |= {line for line in lines if SCALE in line}
    # Of what was detected before, how few cells had it is no question.
    if finding["before"] != "present" and (cells := earlier_cells(finding)):
        lines.insert(1, f"before treatment: {cells}")
    return lines


def driver_words(report: dict, variant: dict | None) -> str:
    """Return what became of the sensitising driver: one that is retained can have fallen."""
    state = report["resist"]["driver"]["state"]
    if state != "retained":
        return DRIVER_STATES[state]
    if not report["compare"]["pairs"]:
        return "present"
    changed = {"falling": ", but fell", "rising": " and rose"}
    return DRIVER_STATES[state] + changed.get((variant or {}).get("state"), "")


def where_in_lesions(finding: dict, report: dict) -> str | None:
    """Return the distribution over the lesions; what came to all of them later is not truncal."""
    seen = {point["sample"]: point["detected"] for point in finding["course"]}
    if finding["distribution"] == "truncal" and arisen_later(report, seen):
        return "in every lesion, not before treatment"
    return finding["distribution"]


def findings(report: dict) -> dict:
    """Return the ranked findings: those that count in full, candidates and the others in short."""
    known = variants_by_id(report)
    full, candidates, short = [], [], []
    keys = set(report["resist"]["verdict"]["key_variants"])
    # Stated on the first screen, and not a second time.
    front = on_front(report)
    open_on_front = bool(open_questions(report))
    explained: set[str] = set()
    for f in sorted(report["resist"]["findings"], key=lambda f: f["rank"]):
        v = known.get(f["variant"])
        item = f | {
            "name": f["label"].removeprefix(f["gene"]).strip(),
            "change": genomic_of(v) if v else "",
            "hgvs_c": v["hgvs_c"] if v else None,
            "transcript": v["transcript"] if v else None,
            "effect_text": EFFECTS[f["effect"]],
            "mechanism": MECHANISMS[f["mechanism_class"]],
            "match": MATCHES.get(f["match_level"]),
            "evidence": with_links(f["evidence"]),
            "other_evidence": with_links(f["other_evidence"]),
            "state_words": state_words(f),
            "states": pairs_of(v),
            "over_lines": over_lines(v, report),
            "where": where_in_lesions(f, report),
            "certainty": [],
            "for": [t for t in f["for"] if t not in front],
            "for_on_front": any(t in front for t in f["for"]),
            "against_on_front": any(t in front for t in f["against"])
            or (f["variant"] in keys and open_on_front),
            "against": [t for t in f["against"] if t not in front],
            "phred": v["somatic_phred"] if v else None,
        }
        # In full: what may matter, and what was tested and found without effect.
        counts = f["effect"] in ("known", "candidate") or f["evidence"]
        candidate = f["effect"] == "candidate" and f["variant"] not in keys
        if counts and not candidate:
            item["certainty"] = certain(f, explained)
        (candidates if candidate else full if counts else short).append(item)
    if len(candidates) <= CANDIDATES:
        full = sorted(full + candidates, key=lambda f: f["rank"])
        candidates = []
    resist = report["resist"]
    driver = resist["driver"]
    name = f"p.{driver['protein']}" if driver["protein"] else None
    if driver["variant"] in known:
        name = variant_name(known[driver["variant"]])
    driver = driver | {"name": name, "words": driver_words(report, known.get(driver["variant"]))}
    if driver["text"] and any(driver["text"] in text for text in resist["verdict"]["reasons"]):
        driver["text"] = ""  # a reason on the first screen
    return {
        "full": full,
        "candidates": candidates,
        "short": short,
        "short_text": "resistance not assessed"
        if resist["verdict"]["kind"] == "not_assessed"
        else "neither known nor candidate causes of resistance",
        "driver": driver,
        "fail": failing(report),
        "convergence": resist["convergence"],
        "excluded": [x for x in resist["excluded"] if not x["inherited_resistance"]],
        "inherited": [x for x in resist["excluded"] if x["inherited_resistance"]],
        "options": [o | {"links": pubmed(o["pmid"])} for o in resist["options"]],
    }


#: Columns of the review's tables, as the page shows them.
THERAPY = (
    ("regimen", "Regimen"), ("phase", "Phase"), ("population", "Patients"), ("n", "n"),
    ("orr", "ORR"), ("dcr", "DCR"), ("pfs", "PFS"), ("os", "OS"), ("study", "Study"),
)  # fmt: skip
TRIAL = (
    ("trial", "Trial"), ("title", "Title"), ("phase", "Phase"), ("n", "n"), ("arms", "Arms"),
    ("endpoint", "Endpoint"),
)  # fmt: skip


def table(rows: list[dict], columns: tuple) -> dict:
    """Return rows as a table of the columns that hold anything, with source and contradiction."""
    used = [(key, title) for key, title in columns if any(row.get(key) for row in rows)]
    return {
        "columns": [title for _, title in used],
        "rows": [
            {
                "cells": [row.get(key) or "" for key, _ in used],
                "remarks": [row[k] for k in ("note", "contradiction") if row.get(k)],
                "source": row.get("source"),
                "links": pubmed(row.get("pmid")),
            }
            for row in rows
        ],
    }


def with_links(rows: list[dict] | None) -> list[dict]:
    """Return rows with their PubMed links; no rows for none."""
    return [row | {"links": pubmed(row.get("pmid"))} for row in rows or []]


def knowledge(report: dict) -> list[dict]:
    """Return what the knowledge base holds on this tumour, topic by topic."""
    topics = []
    for topic in (report["resist"]["knowledge"] or {}).get("topics", []):
        topics.append({
            "title": topic["topic"],
            "caution": topic.get("caution"),
            "therapies": table(topic.get("therapies") or [], THERAPY),
            "other_therapies": table(topic.get("other_therapies") or [], THERAPY),
            "trials": table(topic.get("trials") or [], TRIAL),
            "biology": with_links(topic.get("biology")),
            "co_alterations": with_links(topic.get("co_alterations")),
        })  # fmt: skip
    return topics
