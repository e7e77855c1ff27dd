"""The three questions of the first screen: was it there before, how sure, can the samples tell."""

from resistpanel.core.text import probability
from resistpanel.core.vocabulary import OPEN
from resistpanel.report.cells import cell
from resistpanel.report.copies import assessable
from resistpanel.report.numbers import NARROW_SPACE, count, in_copies, percent, percent_up
from resistpanel.report.parts import line_of, name_of, tumors, variants_by_id

#: Answer to "was it there before treatment" by the state of a variant.
ANSWERS = {
    "acquired": "Not seen before", "emergent": "It may have been", "rising": "Yes, and it rose",
    "stable": "Yes, as much as after", "falling": "Yes, more than after", "lost": "Yes, and lost",
    "undetermined": "Not determined", "not covered": "Not determined", "absent": "Not seen",
}  # fmt: skip


#: What keeps a tier from being read as one of the guideline's.
SCALE = "(scale of resistpanel, not AMP/ASCO/CAP)"

#: Tiers of evidence, as the first screen words them.
TIERS = {
    1: "seen in at least one patient with this disease, for this alteration and this drug or its "
    "class",
    2: "weaker in one respect",
    3: "weaker in several respects",
    4: "not in the catalogue for this drug",
}


#: Where nothing was taken before the first dose.
NO_SAMPLE = "no sample was taken before treatment"


def answer(state: str | None, present: str | None) -> str:
    """Return the answer by the state of an alteration and by what the samples before show."""
    if present == "present" and state == "emergent":
        return "Yes, in another lesion"
    if present == "present" and state in OPEN:
        return "Yes; a change is not determined"
    if present == "not known":
        return "Not known"
    return ANSWERS.get(state, "Not determined")


def _returned(line: dict | None) -> bool:
    """Return whether the last sample of a lesion before the first dose excludes what came back."""
    came = [
        one["pre"] for one in (line or {"lesions": ()})["lesions"] if one["state"] == "emergent"
    ]
    return bool(came) and set(came) <= set(line["excluded_by"]) - set(line["shown_by"])


def _copies_returned(finding: dict, report: dict) -> bool:
    """Return whether a lesion that has a change of copies again had it before the first dose."""
    before = set(earlier(report))
    had, has = (
        {
            one["lesion"]
            for one in finding["course"]
            if one["detected"] and (one["sample"] in before) == first
        }
        for first in (True, False)
    )
    return bool(has) and has <= had


def earlier(report: dict) -> list[str]:
    """Return the samples before the first dose of the latest line of therapy with samples."""
    for line in reversed(report["compare"]["lines"]):
        if line["samples"] and line["baseline"]:
            return line["baseline"]
    return list(dict.fromkeys(p["pre"] for p in report["compare"]["pairs"]))


def seen_before(variant: dict, samples: list[str]) -> str:
    """Return what the earlier samples show of a variant, in a few words.

    Several samples are named; those in which it was not detected share one part.
    """
    texts, absent = [], []
    for name in samples:
        evidence = variant["samples"][name]
        shown = cell(evidence)
        if shown["kind"] == "absent" and evidence["ub"] is not None:
            absent.append(name)
            continue
        text = shown["short"] if shown["kind"] == "none" else shown["full"]
        if shown["kind"] == "detected":
            text = f"{shown['short']}, {shown['counts']}"
        texts.append(text if len(samples) == 1 else f"{name} {text}")
    if absent:
        texts.append(_not_detected(variant, absent, len(samples) > 1))
    return "; ".join(texts)


def _not_detected(variant: dict, samples: list[str], several: bool) -> str:
    """Return the counts of samples without a variant, and the highest of their bounds."""
    units = {variant["samples"][name].get("unit") or "fragments" for name in samples}
    if len(samples) == len(units) == 2:
        # A biopsy and a plasma exclude different fractions: each has its own bounds.
        return "; ".join(f"{name} {_not_detected(variant, [name], False)}" for name in samples)
    found = [variant["samples"][name] for name in samples]
    counts = cell(found[0])["counts"]
    if len(found) > 1:
        totals: dict[str, list[int]] = {}
        for e in found:
            total = totals.setdefault(e.get("unit") or "fragments", [0, 0])
            total[0] += e["ad"][1]
            total[1] += e["dp"]
        counts = " and ".join(
            f"{count(alt)} of {count(depth)} {unit}" for unit, (alt, depth) in totals.items()
        )
    bound = percent_up(max(e["ub"] for e in found))
    cells = [e["ub_ccf"] for e in found]
    if None not in cells and max(cells) < 1:
        bound += f", at most {percent_up(max(cells))} of the tumour cells"
    each = " in each" if len(found) > 1 else ""
    where = f"not detected in {', '.join(samples)}: " if several else ""
    return f"{where}{counts}, so allele frequency below {bound}{each}"


def copies_before(finding: dict, report: dict, samples: list[str]) -> str:
    """Return how many copies of a gene the earlier samples have; several samples are named."""
    texts = []
    unit = " copies per tumour cell"
    for name in samples:
        sample = (report["copynumber"] or {"samples": {}})["samples"].get(name) or {"genes": []}
        gene = next((g for g in sample["genes"] if g["gene"] == finding["gene"]), None)
        if gene is None or gene["log2"] is None:
            text = "no usable target"
        elif not assessable(gene):
            low, high = in_copies(gene["copies_low"]), in_copies(gene["copies_high"])
            text = f"not assessable ({low}–{high}{unit})"
        elif gene["copies"] is not None:
            low, high = in_copies(gene["copies_low"]), in_copies(gene["copies_high"])
            text = f"{in_copies(gene['copies'])}{unit}"
            if gene["copies_low"] is not None:
                text += f" ({low}–{high})"
        else:
            text = f"log2 ratio {gene['log2']:+.2f}".replace("-", "\u2212")
        if len(samples) > 1:
            text = f"{name} {text.replace(unit, '') if texts else text}"
        texts.append(text)
    return "; ".join(texts)


def smaller_clone(finding: dict, report: dict, samples: list[str]) -> str | None:
    """Return how large a clone with an acquired amplification may have been before, or None.

    Copies per tumour cell are a mean: with c copies in a clone of fraction f and the genome's b
    in the other cells it is b + f (c - b), of which the 95 % upper bound is known. c is taken from
    the later sample with most copies. Of several samples before, the highest fraction.
    """
    if finding["state"] != "acquired" or not finding["variant"].endswith(":amplification"):
        return None

    def of(name: str) -> dict:
        sample = (report["copynumber"] or {"samples": {}})["samples"].get(name) or {"genes": []}
        gene = next((g for g in sample["genes"] if g["gene"] == finding["gene"]), {})
        return {**gene, "baseline": sample.get("baseline")}

    later = [s["sample"] for s in tumors(report) if s["sample"] not in samples]
    most = max((of(name).get("copies") or 0.0 for name in later), default=0.0)
    fractions = []
    for name in samples:
        one = of(name)
        if one.get("copies_high") is None or not one["baseline"]:
            return None
        # Of a gene with fewer copies than the genome, such as one of chrX in a man, its own.
        least = min(one["baseline"], one["copies"])
        if most <= least:
            return None
        fractions.append((one["copies_high"] - least) / (most - least))
    if not fractions or not 0 < max(fractions) < 1:
        return None
    return (
        f"a clone with the amplification in up to {percent_up(max(fractions))} of the tumour cells "
        "is not excluded"
    )


def by_tests(line: dict | None) -> list[str]:
    """Return what other tests before a line say of a variant, what is not covered left out."""
    tests = (line or {}).get("tests") or ()
    return [one["text"] for one in tests if one["says"] != "not covered"]


def before(report: dict) -> list[dict]:
    """Return for each key finding whether it was there before treatment: answer and figures."""
    known = variants_by_id(report)
    findings = {f["variant"]: f for f in report["resist"]["findings"]}
    samples = earlier(report)
    rows = []
    for key in report["resist"]["verdict"]["key_variants"]:
        finding, variant = findings.get(key), known.get(key)
        line = line_of(variant) if variant else None
        tests = by_tests(line)
        if finding is None and variant is None:
            continue
        if not (samples or tests):
            label = finding["label"] if finding else name_of(report, key)
            rows.append({"label": label, "answer": "Not known", "text": NO_SAMPLE})
            continue
        state = variant["state"] if variant else finding["state"]
        present = line["before"] if line else (finding or {}).get("before")
        text = seen_before(variant, samples) if variant else copies_before(finding, report, samples)
        clone = None if variant else smaller_clone(finding, report, samples)
        text = "; ".join(one for one in (text, clone, *tests) if one)
        said = answer(state, present)
        back = _returned(line) if variant else _copies_returned(finding, report)
        if present == "present" and state == "emergent" and back:
            said = "Yes, it had gone and returned"
        if present == "present" and line and not line["shown_by"] and state == "emergent":
            said = "Yes, by another test"
        if not variant and state == "acquired":
            said = f"No {key.rsplit(':', 1)[-1]} before"
        label = finding["label"] if finding else f"{variant['gene']} p.{variant['protein']}"
        if present != "present" and (cells := earlier_cells(finding)):
            text += f"; {cells}"
        if line and line["why"]:
            text += f"; {line['why']}"
        if variant and variant["status"] == "gone":
            text += "; no longer detected in the latest sample"
        rows.append({"label": label, "answer": said, "text": text})
    return rows


def sure(report: dict) -> str | None:
    """Return on what the confidence stands: the best evidence and its levels."""
    keys = set(report["resist"]["verdict"]["key_variants"])
    levels: dict[str, None] = {}
    pmids: dict[str, None] = {}
    for finding in report["resist"]["findings"]:
        if finding["variant"] not in keys:
            continue
        for row in finding["evidence"]:
            levels[row["evidence_level"] or "no level"] = None
            pmids |= dict.fromkeys(p for p in str(row["pmid"] or "").split(";") if p)
    if not levels:
        return "not in the catalogue for this drug" if keys else None
    sources = f"{len(pmids)} publication{'s' if len(pmids) != 1 else ''}"
    return f"catalogue: {', '.join(levels)}" + (f" ({sources})" if pmids else "")


def _probability(value: float) -> str:
    return probability(value, NARROW_SPACE)


def _real(finding: dict) -> str:
    """Return the probability that a finding is real, and what it leaves out."""
    text = _probability(finding["confidence"]["real"])
    return f"{text}, damage not considered" if finding.get("damaged") else text


def certainty(finding: dict) -> list[str]:
    """Return the numbers of confidence of a finding, one line each; none without them.

    Whether the alteration is real, the tier of the evidence, and the matches expected by chance.
    """
    given = finding.get("confidence")
    if not given:
        return []
    copies = finding["variant"].startswith("copynumber:")
    if given["real"] is not None:
        real = f"probability that the alteration is real: {_real(finding)}"
    elif copies:
        real = "probability that the alteration is real: not calculated for copy number"
    else:
        real = "probability that the alteration is real: not known"
    lines = [
        real,
        f"evidence of tier {given['tier']} of {len(TIERS)} {SCALE}: {TIERS[given['tier']]}",
    ]
    if finding.get("grade"):
        lines.append(finding["grade"]["text"])
    chance, new = given["chance_matches"], given["new_variants"]
    if chance is not None:
        amount = "fewer than 0.0001" if chance < 1e-4 else f"{chance:.2g}"
        among = f"{new} {'newly altered gene' if copies else 'new variant'}{'s' * (new != 1)}"
        lines.append(f"matches with the catalogue expected by chance: {amount} for {among}")
    return lines


def earlier_cells(finding: dict | None) -> str | None:
    """Return how likely it is that few tumour cells had a finding before treatment, or None."""
    given = (finding or {}).get("confidence")
    if not given or given["ccf_below_1"] is None or given["ccf_below_5"] is None:
        return None
    return (
        f"probability that it was in less than 1{NARROW_SPACE}% of the tumour cells: "
        f"{_probability(given['ccf_below_1'])}, in less than 5{NARROW_SPACE}%: "
        f"{_probability(given['ccf_below_5'])} (from even odds that it was in none)"
    )


def _first_key(report: dict) -> dict | None:
    """Return the first key finding."""
    first = report["resist"]["verdict"]["key_variants"][:1]
    return next((f for f in report["resist"]["findings"] if f["variant"] in first), None)


def _several(report: dict) -> bool:
    """Return whether the verdict rests on several findings: then figures say of which they are."""
    return len(report["resist"]["verdict"]["key_variants"]) > 1


def detection(report: dict) -> str | None:
    """Return how sure it is that the first key alteration is there, or None."""
    finding = _first_key(report)
    given = (finding or {}).get("confidence")
    if not given:
        return None
    if given["real"] is not None:
        what = finding["label"] if _several(report) else "it"
        return f"probability that {what} is real: {_real(finding)}"
    copies = finding["variant"].startswith("copynumber:")
    return "no probability is calculated for copy number" if copies else "probability not known"


def graded(report: dict) -> str | None:
    """Return the grade of the evidence of the first key finding in one line, or None."""
    finding = _first_key(report)
    given = (finding or {}).get("confidence")
    if not given:
        return None
    of = f"{finding['label']}: " if _several(report) else ""
    parts = [f"{of}tier {given['tier']} of {len(TIERS)}"]
    if finding.get("grade"):
        grade = finding["grade"]
        level = f", level {grade['amp_level']}" if grade["amp_level"] else ""
        parts.append(f"AMP/ASCO/CAP tier {grade['amp_tier']}{level}")
    return "; ".join(parts)


def plasma(report: dict) -> list[str]:
    """Return in how many plasma samples ctDNA was detected, and the fractions; [] without any."""
    tested = report["compare"].get("follow_up") or ()
    if not tested:
        return []
    found = [p["tumor_fraction"] for p in tested if p["detected"]]
    # The first plasma of a patient without tissue has no known allele to be tested.
    able = sum(p["detected"] is not None for p in tested)
    if not able:
        return ["tumour fraction of plasma not known (no known allele could be tested)"]
    text = f"ctDNA detected in {len(found)} of {able} plasma sample{'s' * (able > 1)}"
    if able < len(tested):
        text += f" tested, {len(tested) - able} not tested"
    if not found:
        return [text]
    low, high = percent(min(found)), percent(max(found))
    span = high if low == high else f"{low.removesuffix(NARROW_SPACE + '%')} to {high}"
    return [f"{text} (tumour fraction {span})"]


def _purity(sample: dict, copynumber: dict | None) -> float | None:
    """Return a sample's purity as copy number estimates it; what a comparison uses has a floor."""
    used = sample["purity"]
    found = ((copynumber or {"samples": {}})["samples"].get(sample["sample"]) or {}).get("purity")
    if found and found["source"] == used["source"]:
        return found["value"]
    return used["value"]


def _unmatched(agreement: list[dict], names: list[str]) -> list[str]:
    """Return the samples that do not agree with the largest group of those that do.

    All of them if no two agree; none if all are of one person, directly or by way of others.
    """
    groups = [{name} for name in names]
    for pair in agreement:
        if pair["same"]:
            both = [g for g in groups if pair["first"] in g or pair["second"] in g]
            groups = [g for g in groups if g not in both] + [set().union(*both)]
    largest = max(groups, key=len)
    return [name for name in names if name not in largest or len(largest) == 1]


def samples(report: dict) -> list[str]:
    """Return what says that the samples can answer: gate, person, purity; or what is missing."""
    lines = []
    everyone = report["qc"]["samples"]
    failed = [s["sample"] for s in everyone if not s["gate"]["passed"]]
    gate = (report["copynumber"] or {}).get("gate") or {"failures": []}
    failed += [f["sample"] for f in gate["failures"]]
    failed = list(dict.fromkeys(failed))
    if failed and len(everyone) == 1:
        lines.append("the sample fails quality control")
    elif failed:
        fail = "fails" if len(failed) == 1 else "fail"
        lines.append(
            f"{len(failed)} of {len(everyone)} samples {fail} quality control ({', '.join(failed)})"
        )
    elif len(everyone) < 3:
        one = len(everyone) == 1
        lines.append(f"{'the sample passes' if one else 'both samples pass'} quality control")
    else:
        lines.append(f"all {len(everyone)} samples pass quality control")
    copynumber = report["copynumber"]
    names = [sample["sample"] for sample in everyone]
    if copynumber is None:
        lines.append("identity not checked")
    elif len(everyone) == 1:
        lines.append("identity not checked: one sample")
    elif copynumber["identity"]["mismatched"]:
        others = copynumber["identity"]["mismatched"]
        match = "does" if len(others) == 1 else "do"
        lines.append(f"{', '.join(others)} {match} not match this patient")
    elif not (apart := _unmatched(copynumber["identity"]["agreement"], names)):
        lines.append("all samples match one person")
    elif len(apart) < len(everyone):
        lines.append(
            f"identity of {', '.join(apart)} could not be established (too few germline sites)"
        )
    else:
        lines.append("sample identity could not be established (too few germline sites)")
    # Of plasma the tumour fraction is given, not a second estimate of the same.
    tested = {p["sample"] for p in report["compare"].get("follow_up") or ()}
    purities = [
        (s["sample"], _purity(s, copynumber)) for s in tumors(report) if s["sample"] not in tested
    ]
    if len(purities) <= 3 and any(value is not None for _, value in purities):
        values = ", ".join(percent(v) if v is not None else "not known" for _, v in purities)
        lines.append(f"tumour purity {values}")
    elif any(value is not None for _, value in purities):
        found = [value for _, value in purities if value is not None]
        lines.append(
            f"tumour purity {percent(min(found)).removesuffix(NARROW_SPACE + '%')} to "
            f"{percent(max(found))}"
        )
    elif purities:
        lines.append("tumour purity not known")
    lines += plasma(report)
    depth = [s["mean_depth"] for s in everyone if s["mean_depth"] is not None]
    if depth:
        lines.append(f"mean depth {min(depth):.0f}× or more")
    return lines
