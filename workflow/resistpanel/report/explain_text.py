"""An explanation in plain lines."""

from collections.abc import Sequence
from typing import Any

from resistpanel.core.text import confidence, counted, join, percent, percent_up
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report.copies import part

#: Orders of evidence that `resist` ranks by, in the words of its page.
TIERS = (
    "ranked by: known and brought by relapse; candidates likewise; known and there all along; the "
    "rest; within these what may be damage last, then by state, match level and cancer cell "
    "fraction (docs/resist.md)"
)


def number(value: Any) -> str:
    """Return a number with four digits."""
    if value is None:
        return "?"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def probability(value: float | None) -> str:
    """Return a probability, never as 0 or 1."""
    if value is None:
        return "?"
    if value > 0.999:
        return ">0.999"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1e}" if value >= 1e-99 else "<1e-99"


def equation(name: str, value: float | None) -> str:
    """Return ``P(AF rose) = 0.662``, or ``P(AF rose) > 0.999``."""
    text = probability(value)
    return f"{name} {text[0]} {text[1:]}" if text[0] in "<>" else f"{name} = {text}"


def one_in(phred: float) -> str:
    """Return a probability by its Phred value: ``0.2``, ``1 in 5,000``, ``below 1 in 1,000,000``.

    Below 1 in 10 as such a fraction; beyond a million the size is that of a model.
    """
    if phred < 10:
        return probability(10 ** (-phred / 10))
    return "below 1 in 1,000,000" if phred > 60 else f"1 in {_rounded(10 ** (phred / 10))}"


def ratio(log10: float) -> str:
    """Return odds by their decimal logarithm: ``250 : 1``, ``1 : 16,500``."""
    size = "more than 1,000,000" if abs(log10) > 6 else _rounded(10 ** abs(log10))
    return f"1 : {size}" if log10 < 0 else f"{size} : 1"


def _rounded(value: float) -> str:
    """Return a number of 1 or more with three digits, thousands apart."""
    return f"{float(f'{value:.3g}'):,g}" if value < 1000 else f"{int(float(f'{value:.3g}')):,}"


def _place(sample: dict) -> str:
    day = f"day {sample['day']:g}" if sample.get("day") is not None else None
    words = [sample["role"], sample.get("timepoint"), day, sample.get("lesion")]
    return ", ".join(word for word in words if word)


def _title(text: str) -> list[str]:
    return ["", text]


def lines_of(facts: dict) -> list[str]:
    """Return an explanation, one line per fact, sections apart."""
    return _copies(facts) if facts["kind"] == "copynumber" else _variant(facts)


def _variant(facts: dict) -> list[str]:
    v = facts["variant"]
    change = " ".join(filter(None, [v["gene"], v["hgvs_p"] and f"p.{v['protein']}"]))
    change = (v.get("junction") or {}).get("name") or change
    lines = [
        f"{facts['patient']}: {change or v['id']}",
        f"  {v['id']}, {v['type']}; {_transcript(v)} {v['hgvs_c'] or ''} "
        f"{v['hgvs_p'] or ''}; {v['consequence'] or 'no consequence'}"
        + (f"; {v['usual_name']}" if v.get("usual_name") else "")
        + ("; in a splice region" if v["splice"] else "")
        + (f"; not annotated: {v['not_annotated']}" if v.get("not_annotated") else ""),
        *([f"  GA4GH VRS: {v['vrs']['id']}"] if v.get("vrs") else []),
        f"  {_outcome(facts)}",
    ]
    lines += _title("What each sample shows")
    for name, sample in facts["samples"].items():
        lines += _sample_lines(name, sample)
    lines += _states(facts)
    lines += _call(facts)
    lines += _catalogue(facts)
    lines += _others(facts)
    return lines


def _transcript(v: dict) -> str:
    """Return the transcript, with its RefSeq name in brackets."""
    name = v["transcript"] or "no transcript"
    return f"{name} ({v['refseq']})" if v.get("refseq") else name


def _outcome(facts: dict) -> str:
    v = facts["variant"]
    exempt = any(f["verdict"] == "exempt" for f in facts["filters"])
    origin = v.get("origin")
    if origin and not v["sites"] and (v["reported"] or v["filters"] == ("germline",)):
        how = f"{origin['value']}, probability of somatic {probability(origin['somatic'])}"
        return f"{'' if v['reported'] else 'not '}reported: by the origin without a normal ({how})"
    if v["reported"] and exempt:
        return "reported as a driver or catalogued allele: origin not proven without a normal"
    if v["reported"]:
        return "reported: it passed every filter"
    if facts["excluded"]:
        return f"not reported: {facts['excluded']['reason']}"
    if v["filters"] == ("absent",):
        return "looked for and not detected in any tumour; the limits are below"
    meanings = [f["meaning"] for f in facts["filters"] if f["failed"]]
    return f"not reported: {'; '.join(meanings) or ', '.join(v['filters'])}"


def _call(facts: dict) -> list[str]:
    v, call = facts["variant"], facts["call"]
    phred = call.get("somatic_phred")
    lines = [*_title("Why it was called, or not"), f"  likeliest explanation: {v['model']}"]
    if phred is not None:
        lines.append(
            f"  probability that it is not somatic: {one_in(phred)} (phred {phred:.1f}; called "
            f"from 10 on), prior {number(call['prior_somatic'])} per allele and site"
        )
    names = {
        "odds_null": "sequencing error",
        "odds_germline": "a germline variant",
        "odds_artifact": "a recurrent artifact",
    }
    odds = [
        f"{ratio(call[key])} against {text}"
        for key, text in names.items()
        if call.get(key) is not None
    ]
    if odds:
        lines.append(f"  odds of somatic: {'; '.join(odds)}")
    if v.get("origin"):
        lines.append(
            f"  origin, by frequency, copies and purity in all samples: {v['origin']['value']} "
            f"(probability of somatic {probability(v['origin']['somatic'])})"
        )
    if call.get("popaf") is not None:
        lines.append(f"  population frequency in the germline resource: {number(call['popaf'])}")
    leaks = {name: value for name, value in call["contamination"].items() if value}
    normal = call["tumor_in_normal"]
    lines.append(
        f"  tumour in the normal: {percent(normal) if normal else 'none found'}; contamination: "
        + (", ".join(f"{name} {percent(value)}" for name, value in leaks.items()) or "none found")
    )
    failed = [f for f in facts["filters"] if f["failed"]]
    passed = [f["filter"] for f in facts["filters"] if f["verdict"] == "passed"]
    lines += [f"  filter failed: {f['filter']} ({f['meaning']})" for f in failed]
    if passed:
        lines.append(f"  filters passed: {', '.join(passed)}")
    if any(f["metric"] for f in facts["filters"]):
        lines.append("  what the filters decided on:")
    for f in facts["filters"]:
        if f["metric"] is None or f["verdict"] == "not measured":
            continue
        side = "below" if f["fails"] == "<" else "above"
        value = "none" if f["value"] is None else number(f["value"])
        lines.append(
            f"    {f['filter']:<18} {f['verdict']:<13} {f['metric']} {value} "
            f"(fails {side} {f['threshold']:g})"
        )
    if unmeasured := [f["filter"] for f in facts["filters"] if f["verdict"] == "not measured"]:
        lines.append(f"    not measured: {', '.join(unmeasured)}")
    return lines


def _sample_lines(name: str, s: dict) -> list[str]:
    alt, unit = s["ad"][1], s.get("unit") or "fragments"
    lines = [f"  {name} ({_place(s)}):"]
    told = {True: "detected", False: "not detected", None: "not assessable"}[s["detected"]]
    lines.append(
        f"    {told}: {alt} of {s['dp']} {unit}; forward {s['adf'][1]} of {sum(s['adf'])}, "
        f"reverse {s['adr'][1]} of {sum(s['adr'])}"
    )
    if s["af"] is not None and alt:
        lines.append(
            f"    AF {percent(s['af'])}, 95 % interval {percent(s['af_low'])} to "
            f"{percent(s['af_high'])}"
        )
    bound = (
        f"AF at most {percent_up(s['ub'])} (95 % upper bound)"
        if s["ub"] is not None
        else "no bound"
    )
    limit = (
        f"{percent_up(s['lod'])} would have been called with 95 % probability"
        if s["lod"] is not None
        else "no AF would have been called with 95 % probability"
    )
    lines.append(f"    limits: {bound}; {limit}")
    if alt:
        lines.append(
            f"    expected from errors: {number(s['error_rate'] * s['dp'])} "
            f"{unit} (learned "
            f"rate {number(s['error_rate'])}); as many or more by error alone: "
            f"{equation('p', s['p_error'])}"
        )
    if s["ccf"] is not None and s["purity"]["value"] is None:
        lines.append(
            f"    cancer cell fraction {percent(s['ccf'])} ({percent(s['ccf_low'])} to "
            f"{percent(s['ccf_high'])}) over all purities that explain the sample: "
            f"{s['purity']['source']}"
        )
    elif s["ccf"] is not None:
        p = s["purity"]
        copies = s["copies"] if s["copies"] is not None else s["normal_copies"]
        source = "measured" if s["copies"] is not None else "assumed"
        lines.append(
            f"    cancer cell fraction {percent(s['ccf'])} ({percent(s['ccf_low'])} to "
            f"{percent(s['ccf_high'])}) = AF x (p n + {s['normal_copies']} (1 - p)) / (p m), "
            f"cut at 100 %; purity p {number(p['value'])} ({number(p['low'])} to "
            f"{number(p['high'])}; {p['source']}), copies n {number(copies)} ({source}), "
            f"mutated copies m {s['multiplicity']}"
        )
    elif s["role"] in TUMOR_ROLES and s["detected"]:
        lines.append(f"    cancer cell fraction not known: {s['purity']['source'] or 'no purity'}")
    return lines


def _states(facts: dict) -> list[str]:
    v, overdispersion = facts["variant"], facts["overdispersion"]
    lines = _title("State between time points")
    if not v["states"]:
        lines.append("  one time point only: nothing to compare")
    for state in v["states"]:
        numbers = [equation("P(AF rose)", state["probability_increase"])]
        if state["fold_change"] is not None:
            numbers.append(f"{number(state['fold_change'])}-fold")
        lines.append(f"  {state['pre']} to {state['post']}: {state['state']}: {state['text']}")
        lines.append(
            f"    {'; '.join(numbers)}; overdispersion {number(overdispersion[state['pre']])} and "
            f"{number(overdispersion[state['post']])} (docs/compare.md)"
        )
    for line in v["lines"]:
        what = "; ".join([
            f"state {line['state'] or 'none'}",
            f"before the first dose {line['before'] or 'no sample'}",
            *(f"{key.replace('_', ' ')} {', '.join(line[key])}"
              for key in ("shown_by", "excluded_by", "inadequate") if line[key]),
            *([f"at most {percent_up(line['ub_ccf'])} of the tumour cells before"]
              if line["ub_ccf"] is not None else []),
            *([line["why"]] if line["why"] else []),
        ])  # fmt: skip
        lines.append(f"  line {line['line']}: {what}")
        lines += [f"    other test: {one['text']}" for one in line.get("tests") or ()]
    for course in v["courses"]:
        if len(course["steps"]) > 1:
            lines.append(f"  course in {course['lesion']}: {course['text']}; {course['status']}")
    if facts["lesions"] and facts["lesions"]["kind"]:
        lines.append(f"  lesions: {facts['lesions']['kind']}")
    if v["haplotype"]:
        lines.append(
            f"  named together with {' and '.join(v['haplotype']['others'])}, on the same "
            f"molecules; alone {v['haplotype']['alone']}"
        )
    for one in v["reverts"] or ():
        how = "in the place of" if one["instead"] else "with"
        lines.append(f"  reverts: {how} {one['other']} the protein is {one['together']}")
    if facts.get("reversions"):
        lines.append(f"  {facts['reversions']['text']}")
    for one in v["unphased"] or ():
        lines.append(
            f"  on molecules with {one['other']}: {one['together']}; the fragments do not show "
            "that all of them are"
        )
    for phase in v["phase"] or ():
        lines.append(
            f"  with {phase['other']}: {counted(phase['cis'], 'fragment')} "
            f"{'carries' if phase['cis'] == 1 else 'carry'} both, {phase['trans']} this one alone"
        )
    return lines


def _evidence(rows: list[dict]) -> list[str]:
    lines = []
    for row in rows:
        drug = {
            "drug": "the drug given",
            "class": "its class",
            "target": "another inhibitor of the target",
            "stretch": "another residue of the same part of the target",
            "other": "a drug against another receptor",
        }.get(row["drug_match"], "other drug")
        lines.append(
            f"    {row['id']}: {row['direction']}, {row['evidence_level']}, {row['match_level']} "
            f"match, {drug} ({', '.join(row['drugs'])}), {row['disease'] or 'any disease'}"
            + (f", {row['effect_size']}" if row["effect_size"] else "")
            + (f"; PMID {row['pmid']}" if row["pmid"] else f"; {row['source']}")
        )
    return lines


def _catalogue(facts: dict) -> list[str]:
    finding = facts["finding"]
    if finding is None:
        lines = _title("Catalogue")
        sites = facts.get("variant", {}).get("sites", [])
        miss = facts.get("near_miss")
        if sites:
            lines.append(f"  forced site of {', '.join(sites)}")
        if miss:
            lines.append(
                f"  near miss: rows on the drugs given match it ({', '.join(miss['evidence'])}), "
                f"but it fails {_filters(miss['filters'])}"
            )
        if not sites and not miss:
            lines.append("  no catalogue row for it")
        return lines
    lines = [
        *_title("Catalogue, mechanism and rank"),
        f"  rank {finding['rank']} of {facts['findings']}: {finding['effect']}"
        + ("; a key alteration of the verdict" if facts["key"] else ""),
        f"  {TIERS}",
        f"  mechanism: {finding['mechanism_class']}"
        + (f": {finding['mechanism_text']}" if finding["mechanism_text"] else ""),
        f"  match level: {finding['match_level'] or 'none'}; drug match: "
        f"{finding['drug_match'] or 'none'}; direction: {finding['direction'] or 'none'}",
    ]
    lines += [f"  for: {reason}" for reason in finding["for"]]
    lines += [f"  against: {reason}" for reason in finding["against"]]
    if finding["evidence"]:
        lines += ["  rows on the drugs given:", *_evidence(finding["evidence"])]
    if finding["other_evidence"]:
        lines += ["  rows on other drugs:", *_evidence(finding["other_evidence"])]
    verdict = facts["verdict"]
    if facts["key"]:
        lines.append(f"  verdict, confidence {confidence(verdict)}: {verdict['sentence']}")
    return lines


def _filters(names: Sequence[str]) -> str:
    return f"the filter{'s' * (len(names) > 1)} {join(names)}"


def _others(facts: dict) -> list[str]:
    if not facts["others"]:
        return []
    lines = _title("Other alleles that fit")
    for other in facts["others"]:
        limits = [
            f"{name} {s['ad'][1]} of {s['dp']}, at most {percent_up(s['ub'])}, "
            f"LOD {percent_up(s['lod'])}"
            for name, s in other["samples"].items()
        ]
        lines.append(f"  {other['id']} ({', '.join(other['filters'])}): {'; '.join(limits)}")
    return lines


#: Loss of heterozygosity, in words.
_LOH = {True: "yes", False: "no", None: "not known"}


def _changed(value: float | None) -> str:
    """Return the probability of changed copies, of which copynumber.json has four decimals."""
    return "P(changed) < 0.0001" if value == 0 else equation("P(changed)", value)


def _copies(facts: dict) -> list[str]:
    lines = [
        f"{facts['patient']}: copies of {facts['gene']}",
        f"  depth compared with: {facts['reference'] or 'nothing'}",
        *_title("What each tumour shows"),
    ]
    for name, sample in facts["samples"].items():
        row = sample["gene"]
        if row is None:
            lines.append(f"  {name}: no usable target")
            continue
        purity = sample["purity"]
        lines.append(
            f"  {name}: {row['call'] or 'no call'} "
            f"({_changed(row['probability'])}); log2 {number(row['log2'])} "
            f"({number(row['log2_low'])} to {number(row['log2_high'])}) over {row['targets']} "
            "targets"
        )
        lines.append(
            f"    copies per tumour cell {number(row['copies'])} ({number(row['copies_low'])} to "
            f"{number(row['copies_high'])}), genome at large {number(sample['baseline'])}; purity "
            f"{number(purity['value'])} ({purity['source'] or 'not known'})"
        )
        if row.get("partial"):
            lines.append(f"    {part(row['partial'], row['targets'])}")
        elif sample.get("least_deleted", 0) is None:
            lines.append("    homozygous deletions of a part of a gene are not found")
        elif sample.get("least_deleted"):
            lines.append(
                f"    homozygous deletions of {sample['least_deleted']} or more neighbouring "
                "targets are found; smaller ones are not excluded"
            )
        if row["balance"] is not None:
            lines.append(
                f"    rarer haplotype {percent(row['balance'])} ({percent(row['balance_low'])} to "
                f"{percent(row['balance_high'])}) at {row['sites']} heterozygous "
                f"site{'' if row['sites'] == 1 else 's'}; loss of heterozygosity: "
                f"{_LOH[row['loh']]}"
            )
    if facts["pairs"]:
        lines += _title("Between time points")
    for pair in facts["pairs"]:
        row = pair["gene"]
        lines.append(
            f"  {pair['pre']} to {pair['post']}: {row['call'] or 'no call'}; log2 ratio "
            f"{number(row['log2_ratio'])} ({number(row['low'])} to {number(row['high'])}), "
            f"expected from purity alone {number(row['expected'])}; p = {number(row['p'])}, q = "
            f"{number(row['q'])}"
        )
    if facts["finding"]:
        lines += _catalogue(facts)
    else:
        lines += ["", "no finding: not called amplified or deleted in a tumour"]
    return lines
