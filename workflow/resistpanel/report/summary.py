"""The first screen: patient, course, verdict, warnings, the key variants before and after."""

from itertools import pairwise

from resistpanel.core.text import confidence, join, plural
from resistpanel.report import damaged, first_lines, summary_questions
from resistpanel.report.cells import cell, clonal, sample_label, variant_name
from resistpanel.report.copies import assessable, at_large, call_text, part
from resistpanel.report.numbers import NARROW_SPACE, count, in_copies, percent, percent_up
from resistpanel.report.parts import (
    name_of,
    state_words,
    trajectory,
    tumors,
    variants_by_id,
)
from resistpanel.report.report_constants import FIRST_SCREEN, LINES
from resistpanel.report.unseen import unseen
from resistpanel.report.words import EFFECTS, MECHANISMS, rank_state, verdict_title
from resistpanel.resist.verdict import NEAR_MISS

#: Of one fact: as the verdict's sentence states it, and as reasons for and against do.
CLONE = "of the tumour cells after treatment"
NO_EARLIER, BEFORE = "no sample before treatment", "whether it was present before"


def course(report: dict) -> list[dict]:
    """Return the stations of the patient's course: normal, then each time point.

    Returns
    -------
    list of dict
        ``title``, ``samples`` (labels), ``drugs`` given before this station, ``again``: the same
        as before the station before.
    """
    names = {d["given"]: d["drug"] for d in report["sheet"]["drugs"]}
    stations: list[dict] = []
    for sample in report["sheet"]["samples"]:
        if sample["role"] == "normal":
            key = ("normal",)
            title = "Normal"
        else:
            key = (sample["timepoint"], sample["day"], sample["role"])
            words = {"pre": "Before treatment", "post": "After relapse"}
            what = "Plasma" if sample["role"] == "plasma" else "Tumour"
            title = words.get(sample["timepoint"], sample["timepoint"] or what)
            if what == "Plasma" and title != what:
                title = f"Plasma, {title[:1].lower()}{title[1:]}"
        day = None if sample["day"] is None else f"day {sample['day']:g}"
        if not stations or stations[-1]["key"] != key:
            stations.append({"key": key, "title": title, "day": day, "samples": [], "drugs": [],
                             "again": False})  # fmt: skip
        station = stations[-1]
        station["samples"].append({"name": sample["sample"], "lesion": sample["lesion"]})
        for given in sample["drugs"]:
            drug = names.get(given, given)
            text = drug if drug == given else f"{drug} ({given})"
            if text not in station["drugs"]:
                station["drugs"].append(text)
    for earlier, later in pairwise(stations):
        # The same drug on and on is named once; the line between the stations keeps its colour.
        later["again"] = bool(later["drugs"]) and later["drugs"] == earlier["drugs"]
    return stations


def warnings(report: dict) -> list[dict]:
    """Return what must be known before the verdict is read, worst first."""
    found = []
    for sample in report["qc"]["samples"]:
        if not sample["gate"]["passed"]:
            found.append({
                "title": f"{sample['sample']} fails quality control",
                "text": first_lines.failures(sample["gate"]["failures"], sample["unit"]),
                "href": "#quality", "link": "Quality figures",
            })  # fmt: skip
    gate = (report["copynumber"] or {}).get("gate") or {"failures": []}
    for failure in gate["failures"]:
        found.append({
            "title": f"{failure['sample']} fails quality control",
            "text": first_lines.failures([failure]), "href": "#quality", "link": "Quality figures",
        })  # fmt: skip
    found += _content(report)
    found += [
        one | {"href": "#limits", "link": "Limits of the test"}
        for one in damaged.hidden(report["compare"]["samples"])
    ]
    if report["sheet"]["tumor_only"]:
        found.append({
            "title": "No matched normal", "href": "#limits", "link": "Limits of the test",
            "text": "Rare germline variants may be among the calls; whether a variant is somatic "
            "is stated as a probability.",
        })  # fmt: skip
    for drug in report["resist"]["not_assessed"]:
        found.append({
            "title": f"Resistance to {drug['drug']} is not assessed", "href": "#limits",
            "link": "Limits of the test",
            "text": f"{drug['reason'][:1].upper()}{drug['reason'][1:]}.",
        })  # fmt: skip
    driver = report["resist"]["driver"]
    if driver["state"] in ("lost", "absent"):
        what = " ".join(part for part in (driver["gene"], driver["protein"]) if part)
        word = {"lost": "is lost", "absent": "is absent"}
        found.append({
            "title": f"Sensitising driver{f' ({what})' if what else ''} {word[driver['state']]}",
            "text": "" if said(driver["text"] or "-", report["resist"]["verdict"]["sentence"])
            else driver["text"] or "", "href": "#findings", "link": "Findings",
        })  # fmt: skip
    return found


def _content(report: dict) -> list[dict]:
    """Return warnings of samples without detectable tumour, or with another purity than stated."""
    found = []
    compared = {p[key] for p in report["compare"]["pairs"] for key in ("pre", "post")}
    for sample in report["compare"]["samples"]:
        content, name = sample["tumor"], sample["sample"]
        if content and not content["detected"] and name in compared:
            found.append({
                "title": f"{name} contains no detectable tumour", "href": "#limits",
                "link": "Limits of the test",
                "text": "Neither the driver nor two of the patient's shared variants were detected "
                "in it: what was not detected there is not excluded.",
            })  # fmt: skip
        if content and content["contradicted_purity"] is not None:
            found.append({
                "title": f"The purity of {name} is contradicted", "href": "#limits",
                "link": "Limits of the test",
                "text": f"{percent(content['contradicted_purity'])} was stated; no somatic variant "
                "has an allele frequency that agrees with it. It is not used for bounds.",
            })  # fmt: skip
    return found


def further_tests(report: dict) -> list[str]:
    """Return the tests that may show what this one cannot.

    Where no known mechanism was found, or the tumour lost its driver: histology may have changed.
    """
    kind = report["resist"]["verdict"]["kind"]
    if kind == "not_assessed":
        return []
    if swapped := report["resist"]["verdict"].get("swapped"):
        return [f"establish the identity of {join(swapped)}, and repeat the test with the right "
                f"sample{'s' * (len(swapped) > 1)}"]  # fmt: skip
    if kind == "mechanism" and report["resist"]["driver"]["state"] not in ("lost", "absent"):
        return []
    tests = [row.get("further", row["test"]) for row in unseen(report) if row["test"]]
    return list(dict.fromkeys(tests))


def open_questions(report: dict) -> list[str]:
    """Return what this report cannot exclude, one short line each."""
    lines = []
    if report["resist"]["driver"]["state"] == "unknown":
        lines.append("the sensitising driver is not known: " + report["resist"]["driver"]["text"])
    blind = {s["site"] for s in report["resist"]["negative_sites"] if not s["assessable"]}
    if blind:
        sites = "site" if len(blind) == 1 else "sites"
        lines.append(f"{len(blind)} catalogue {sites} could not be assessed in every tumour sample")
    if report["copynumber"] is None:
        lines.append("copy number was not analysed: an amplification is not excluded")
    elif not report["resist"]["coverage"]["copy_number"]:
        lines.append("copy number was not called: an amplification is not excluded")
    lines += _unassessed_copies(report)
    lines += _subclonal(report)
    purity = [s["purity"]["value"] for s in tumors(report)]
    if purity and all(value is None for value in purity):
        what = "purity"
        if all(s["role"] == "plasma" for s in tumors(report)):
            what = "fraction"
        lines.append(f"tumour {what} is not known: no cancer cell fractions are given")
    return lines


def _unassessed_copies(report: dict) -> list[str]:
    """Return which catalogued amplifications no later sample can show or exclude."""
    names = report["compare"]["lines"][-1]["samples"] if report["compare"]["lines"] else []
    samples = (report["copynumber"] or {"samples": {}})["samples"]
    genes = []
    for one in report["resist"]["coverage"].get("copies") or ():
        found = [
            gene
            for name in names
            for gene in (samples.get(name) or {"genes": []})["genes"]
            if gene["gene"] == one["gene"] and gene["log2"] is not None
        ]
        if one["call"] == "amplification" and found and not any(map(assessable, found)):
            genes.append(one["gene"])
    if not genes:
        return []
    return [f"amplification of {join(genes, 'or')} is not excluded in {join(names)}: too little "
            "tumour DNA"]  # fmt: skip


def _subclonal(report: dict) -> list[str]:
    """Return in which later samples the key variants leave tumour cells without an explanation.

    Of copies per tumour cell the fraction of the cells is not known: beside them, the fraction of
    the variants alone is stated.
    """
    known = variants_by_id(report)
    keys = report["resist"]["verdict"]["key_variants"]
    variants = [key for key in keys if key in known]
    copies = [name_of(report, key) for key in keys if key.startswith("copynumber:")]
    if not variants:
        return []
    after = report["compare"]["lines"][-1]["samples"] if report["compare"]["lines"] else []
    lines = []
    for name in after:
        seen = [known[key] for key in variants if known[key]["samples"][name]["detected"]]
        highs = [v["samples"][name]["ccf_high"] for v in seen]
        if not highs or None in highs or sum(highs) >= 1:
            continue
        parts = [f"{v['gene']} {variant_name(v)} in {clonal(v['samples'][name])}" for v in seen]
        rest = "resistance of the others is not explained"
        if copies:
            rest = f"the fraction with {join(copies)} is not known"
        lines.append(f"{join(parts)} of the tumour cells of {name}: {rest}")
    return lines


def _by_driver(report: dict, variant: dict, sample: dict) -> bool:
    """Whether the purity of a sample was taken from this variant, the driver."""
    driver = report["resist"]["driver"]["variant"]
    source = sample["purity"]["source"] or ""
    return variant["id"] == driver and source.startswith("AF of the driver")


def key_row(variant: dict, report: dict, role: str) -> dict:
    """Return one variant of the first screen: its state and every tumour sample."""
    rows = []
    for sample in tumors(report):
        evidence = variant["samples"][sample["sample"]]
        cells = clonal(evidence)
        if cells and _by_driver(report, variant, sample):
            cells = f"taken as 100{NARROW_SPACE}% to estimate the purity"
        rows.append(sample_label(sample) | {"cell": cell(evidence), "ccf": cells})
    return {
        "id": variant["id"], "gene": variant["gene"], "name": variant_name(variant),
        "state": variant["state"], "state_words": state_words(variant), "role": role,
        "rows": rows, "copies": False,
        # What a state cannot say: that it fell, was undetected or returned in between.
        "course": "; ".join(
            text
            for text in trajectory(variant)
            if ", then " in text and not text.startswith("not detected, then")
        ),
    }  # fmt: skip


def copy_row(finding: dict, report: dict, role: str = "key finding") -> dict:
    """Return a finding of copy number: log2 ratio and copies in every tumour sample."""
    rows = []
    for sample in tumors(report):
        genes = (report["copynumber"] or {"samples": {}})["samples"].get(sample["sample"])
        gene = next(
            (g for g in (genes or {"genes": []})["genes"] if g["gene"] == finding["gene"]), {}
        )
        main, detail = "not known", ""
        if gene.get("log2") is not None:
            main = f"log2 ratio {gene['log2']:+.2f}".replace("-", "\u2212")
            detail = gene["call"] or ""
            if not assessable(gene):
                low, high = in_copies(gene["copies_low"]), in_copies(gene["copies_high"])
                main, detail = "not assessable", f"({low}–{high} copies)"
            elif gene["copies"] is not None:
                main = f"{in_copies(gene['copies'])} copies"
                low, high = (in_copies(gene.get(k)) for k in ("copies_low", "copies_high"))
                span = f"({low}–{high}) " if gene.get("copies_low") is not None else ""
                detail = f"{span}{call_text(gene, genes)}"
                if genome := at_large(genes):
                    detail += f", {genome}"
                if gene.get("partial"):
                    main, detail = gene["call"], part(gene["partial"], gene["targets"])
        rows.append(sample_label(sample) | {"main": main, "detail": detail})
    return {
        "id": finding["variant"], "gene": finding["gene"], "copies": True,
        "name": finding["label"].removeprefix(finding["gene"]).strip(),
        "state": finding["state"], "state_words": state_words(finding), "role": role,
        "rows": rows, "course": "",
    }  # fmt: skip


def _in_force(finding: dict) -> bool:
    """Return whether a known alteration of copy number is there; its gene may be key otherwise."""
    return finding["effect"] == "known" and finding["state"] not in ("lost", "absent")


def key_variants(report: dict) -> dict:
    """Return the variants of the first screen: key, driver, then others that relapse brought."""
    known = variants_by_id(report)
    resist = report["resist"]
    roles = dict.fromkeys(
        (i for i in resist["verdict"]["key_variants"] if i in known), "key variant"
    )
    driver = resist["driver"]
    if driver["variant"] in known:
        role = "sensitising driver"
        if driver["variant"] in roles:
            role = f"{roles[driver['variant']]}, {role}"
        roles[driver["variant"]] = role
    effects = {f["variant"]: f["effect"] for f in resist["findings"]}
    for f in resist["findings"]:
        if f.get("damaged") and f["variant"] in roles:
            roles[f["variant"]] += ", below the damage limit"
    # What an earlier line of therapy brought, and partners of a compound mutation, are still there.
    roles |= {
        i: EFFECTS["known"]
        for i, effect in effects.items()
        if effect == "known"
        and i in known
        and i not in roles
        and known[i]["status"] == "present"
        and known[i]["state"] in ("stable", "rising", "undetermined")
    }
    rest = [
        v["id"]
        for v in sorted(report["compare"]["variants"], key=lambda v: rank_state(v["state"]))
        if v["reported"] and v["state"] in ("acquired", "emergent") and v["id"] not in roles
    ]
    # Many samples make long rows: then fewer variants, one line for each sample.
    samples = len(tumors(report))
    compact = samples > 2
    room = LINES // samples if compact else FIRST_SCREEN
    for identifier in rest[: max(0, room - len(roles))]:
        effect = effects.get(identifier)
        roles[identifier] = EFFECTS[effect] if effect else "not ranked"
    shown = [key_row(known[i], report, role) for i, role in roles.items()]
    keys = resist["verdict"]["key_variants"]
    copies = [f for f in resist["findings"] if f["variant"] not in known]
    # Behind the key variants: a known change of copies that is not key itself.
    place = sum(i in keys for i in roles)
    shown[place:place] = [
        copy_row(f, report, EFFECTS["known"])
        for f in copies
        if f["variant"] not in keys and _in_force(f)
    ] + [
        copy_row(f, report, "sensitising driver")
        for f in copies
        if f["variant"] not in keys and f["variant"] == driver["variant"]
    ]
    shown = [copy_row(f, report) for f in copies if f["variant"] in keys] + shown
    further = len([i for i in rest if i not in roles])
    return {
        "rows": shown,
        "further": further,
        "compact": compact,
        "copies": any(row["copies"] for row in shown),
    }


def failing(report: dict) -> list[dict]:
    """Return the drugs expected to fail, by class: those reported themselves, then the others.

    A drug of several classes stands under the last, which the drug table orders from wide to
    narrow. Classes that concern this patient (`_here`) come first, drugs given for a driver that
    the tumour does not show last.
    """
    rows = {
        row["id"]: row
        for finding in report["resist"]["findings"]
        for row in finding["evidence"] + finding["other_evidence"]
    }
    keys = set(report["resist"]["verdict"]["key_variants"])
    labels: dict[str, list[str]] = {}
    # A finding that the drug's reason names: a key one, or one that an earlier line brought.
    of_keys = {f["label"] for f in report["resist"]["findings"] if f["variant"] in keys}
    for finding in report["resist"]["findings"]:
        for row in finding["evidence"] + finding["other_evidence"]:
            labels.setdefault(row["id"], []).append(finding["label"])
    classes: dict[tuple, dict] = {}
    for drug in report["resist"]["expected_to_fail"]:
        name = drug["classes"][-1] if drug["classes"] else "other"
        driver = tuple(drug.get("driver") or ())
        group = classes.setdefault((name, bool(driver)), {
            "name": name, "plural": plural(name), "reported": [], "others": [], "reasons": {},
            "here": False, "driver": {}, "of": {},
        })  # fmt: skip
        group["driver"] |= dict.fromkeys(driver)
        group["of"] |= dict.fromkeys(
            label
            for i in drug["evidence"]
            for label in labels.get(i, ())
            if label in drug["reason"] or label in of_keys
        )
        group["here"] |= not driver and any(_here(rows[i]) for i in drug["evidence"] if i in rows)
        direct = any(drug["drug"] in rows[i]["drugs"] for i in drug["evidence"] if i in rows)
        name = drug["drug"]
        if direct:
            levels = [
                rows[i]["evidence_level"]
                for i in drug["evidence"]
                if i in rows and drug["drug"] in rows[i]["drugs"] and rows[i]["evidence_level"]
            ]
            name += f" ({', '.join(dict.fromkeys(levels))})" if levels else ""
        group["reported" if direct else "others"].append(name)
        group["reasons"].setdefault((not direct, drug["reason"]), []).append(drug["drug"])
    return [
        group
        | {
            # Of several key findings, those that a class is about.
            "of": list(group["of"]) if set(group["of"]) != of_keys else [],
            "reasons": [
                {"drugs": drugs, "reason": reason}
                for (_, reason), drugs in sorted(group["reasons"].items())
            ],
        }
        for group in sorted(
            classes.values(), key=lambda group: (not group["here"], bool(group["driver"]))
        )
    ]


def _here(row: dict) -> bool:
    """Return whether a row of the catalogue concerns the patient's drugs, disease or their target.

    Other rows are of the same alteration in other diseases.
    """
    on_target = row["mechanism_class"].startswith("on_target")
    return bool(row["drug_match"] or row["disease_match"] or on_target)


def headline(report: dict) -> str | None:
    """Return the names of the key variants, or None without any."""
    labels = {f["variant"]: f["label"] for f in report["resist"]["findings"]}
    known = variants_by_id(report)
    names = [
        labels.get(i) or f"{known[i]['gene'] or ''} {variant_name(known[i])}".strip()
        for i in report["resist"]["verdict"]["key_variants"]
        if i in labels or i in known
    ]
    return ", ".join(names) or None


def mechanisms(report: dict) -> str | None:
    """Return how the key findings act, in words, or None."""
    keys = set(report["resist"]["verdict"]["key_variants"])
    classes = [
        f["mechanism_class"]
        for f in sorted(report["resist"]["findings"], key=lambda f: f["rank"])
        if f["variant"] in keys and f["mechanism_class"] != "none"
    ]
    words = [MECHANISMS[c][0].lower() + MECHANISMS[c][1:] for c in dict.fromkeys(classes)]
    return "; ".join(words) or None


def examined(report: dict) -> str | None:
    """Return one sentence on the sites that were looked at and not found, and what DNA hides."""
    sites = report["resist"]["negative_sites"]
    if not sites:
        return _none_examined(report)
    found = {
        v["id"]
        for v in report["compare"]["variants"]
        if any(v["samples"][s["sample"]]["detected"] for s in tumors(report))
    }
    sites = [s for s in sites if s["site"] not in found]
    if not sites:
        return None
    blind = {s["site"] for s in sites if not s["assessable"]}
    listed = len({s["site"] for s in sites})
    sites = [s for s in sites if s["site"] not in blind]
    if not sites:
        none = f"None of {count(listed)} known resistance mutations" if listed > 1 else (
            "No known resistance mutation"
        )  # fmt: skip
        return f"{none} could be examined in every tumour sample" + _hidden(report)
    bounds = [s["ub"] for s in sites if s["ub"] is not None]
    names = {s["site"] for s in sites}
    further = "further " if report["resist"]["verdict"]["key_variants"] else ""
    several = len(names) != 1
    text = (
        f"{count(len(names))} {further}known resistance mutation{'s were' if several else ' was'} "
        "examined in every tumour sample and not found"
    )
    if bounds:
        low, high = percent_up(min(bounds)), percent_up(max(bounds))
        bound = f"{low} to {high}" if low != high else high
        text += f" (95{NARROW_SPACE}% bounds of the allele frequency: {bound})"
    return text + _hidden(report)


def no_reversions(report: dict) -> list[str]:
    """Return the truncating alleles of the driver's gene of which no reversion was found.

    Under other drugs a reversion of BRCA1 is no resistance. The limits are below.
    """
    driver = report["resist"]["driver"]["gene"]
    return [
        one["label"]
        for gene in report["resist"].get("reversions") or ()
        if not gene["found"] and gene["gene"] == driver
        for one in gene["alleles"]
    ]


def _hidden(report: dict) -> str:
    """Return how many known resistance alterations DNA does not show, after a semicolon."""
    hidden = len(report["resist"]["coverage"]["not_in_dna"])
    several = "s" * (hidden != 1)
    text = f"; {hidden} known resistance alteration{several} cannot be seen in this DNA test"
    return text if hidden else ""


def _none_examined(report: dict) -> str | None:
    """Return that no known mutation was examined, if the catalogue has rows for the drugs."""
    covered = report["resist"]["coverage"]
    if not covered["rows"] or not (covered["without_site"] or covered["not_assessable"]):
        return None
    further = "further " if report["resist"]["verdict"]["key_variants"] else ""
    return f"No {further}known resistance mutation was examined" + _hidden(report)


def said(reason: str, sentence: str) -> bool:
    """Return whether the verdict's sentence states a reason already."""
    if NO_EARLIER in sentence and BEFORE in reason:
        return True
    # A reason that begins a sentence there has a capital letter.
    reason, sentence = reason.casefold(), sentence.casefold()
    parts = (reason, reason.partition(": ")[2] or reason)
    measured = reason.partition(": ")[2].rstrip(".").split("; ")
    if len(measured) > 1 and all(part in sentence for part in measured):
        return True
    return any(part.rstrip(".") in sentence for part in parts)


def verdict_text(report: dict) -> str:
    """Return the verdict as plain text, to be copied."""
    verdict = report["resist"]["verdict"]
    lines = [f"Patient {report['patient']}: {verdict['sentence']}"]
    if verdict["kind"] != "not_assessed":
        lines.append(f"Confidence: {confidence(verdict)}.")
    for one in first_lines.lines(report):
        drugs = " + ".join(one["drugs"]) or "no drug stated"
        lesion = f", {one['lesion']}" if one["lesion"] else ""
        lines.append(
            f"Line {one['line']} ({drugs}{lesion}): {one['headline'] or one['kind_text']}; "
            f"first seen: {one['seen']}; other catalogued alleles: {one['limit']}"
        )
    lines.append("Research use only.")
    return "\n".join(lines)


def summary(report: dict) -> dict:
    """Return everything of the first screen."""
    verdict = report["resist"]["verdict"]
    convergence = report["resist"]["convergence"]
    if convergence and convergence["text"].rstrip(".") in verdict["sentence"]:
        convergence = None  # the sentence says it already
    findings = {f["variant"]: f for f in report["resist"]["findings"]}
    keys = [findings[key] for key in verdict["key_variants"] if key in findings]
    questions = open_questions(report)
    reasons = [text for text in verdict["reasons"] if not said(text, verdict["sentence"])]
    misses = [text for text in reasons if text.startswith(NEAR_MISS)]
    reasons = [text for text in reasons if text not in misses]
    if reasons and reasons[0].startswith("but "):  # of what the sentence says
        reasons[0] = reasons[0].removeprefix("but ")
    # Of several findings each text says which it is of; a small clone is said with its fraction.
    against = {
        text: text if len(keys) == 1 or f["label"] in text else f"{f['label']}: {text}"
        for f in keys
        for text in f["against"]
        if not (text.endswith(CLONE) and any(f"{f['label']} in " in one for one in questions))
    }
    return {
        "kind": verdict["kind"],
        "kind_text": verdict_title(verdict),
        "mechanism": None if verdict.get("swapped") else mechanisms(report),
        "swapped": verdict.get("swapped", ()),
        "headline": headline(report),
        "sentence": verdict["sentence"],
        "confidence": verdict["confidence"],
        "confidence_level": {"low": 1, "moderate": 2, "high": 3}[verdict["confidence"]],
        "reasons": reasons,
        "against": [
            shown
            for text, shown in against.items()
            if not {text, f"but {text}"} & set(verdict["reasons"])
            and not said(text, verdict["sentence"])
        ],
        "lines": first_lines.lines(report),
        "convergence": convergence,
        "before": summary_questions.before(report),
        "sure": summary_questions.sure(report),
        "detection": summary_questions.detection(report),
        "grade": summary_questions.graded(report),
        "text": verdict_text(report),
        "samples": summary_questions.samples(report),
        "failed": any(w["href"] == "#quality" for w in warnings(report)),
        "drugs": report["resist"]["drugs"] or report["sheet"]["drugs"],
        "course": course(report),
        "warnings": warnings(report),
        "sample_warnings": sum(w["href"] == "#quality" for w in warnings(report))
        + len(_content(report)),
        "open": [*questions, *misses],
        "next": further_tests(report),
        "fail": failing(report),
        "options": list(dict.fromkeys(o["option"] for o in report["resist"]["options"])),
        "examined": examined(report),
        "reversions": no_reversions(report),
        "shown": key_variants(report),
    }
