"""Decisions on findings: kept by identity over reruns, open again where their basis has changed."""

from collections.abc import Iterable

import msgspec

from resistpanel.core.errors import InputError, did_you_mean
from resistpanel.records.review import Basis, Decision, Review, SignOff
from resistpanel.report.cells import variant_name

#: Effects of findings that need a decision before a report is signed.
REVIEWED = ("known", "candidate")


def empty(patient: str) -> Review:
    """Return the review of a patient on whom nothing was decided yet."""
    return Review(schema="resistpanel/review/1", patient=patient, trail=(), signed=())


def bases(report: dict) -> dict[str, Basis]:
    """Return what every finding of a report rests on, by id.

    The samples of a finding are those in which it was detected. Another BAM of a sample so changes
    the basis of that sample's findings alone, unless it changes a state or an interpretation.
    """
    variants = {v["id"]: v for v in report["compare"]["variants"]}
    found = {}
    for finding in report["resist"]["findings"]:
        name = finding["variant"]
        variant = variants.get(name)
        if variant:
            samples = {
                sample: f"{one['ad'][1]}/{one['dp']}"
                for sample, one in variant["samples"].items() if one["detected"]
            }  # fmt: skip
        else:
            samples = _copies(report, finding["gene"])
        said = ("effect", "state", "match_level", "mechanism_class")
        found[name] = Basis(
            interpretation=tuple(str(finding[key]) for key in said), samples=samples
        )
    return found


def _copies(report: dict, gene: str) -> dict[str, str]:
    """Return a gene's change of copies in each tumour."""
    samples = (report["copynumber"] or {"samples": {}})["samples"]
    return {
        name: f"{row['call']} {row['log2']:.3f}"
        for name, one in samples.items()
        for row in one["genes"]
        if row["gene"] == gene and row["log2"] is not None and row["call"] != "neutral"
    }


def latest(review: Review) -> dict[str, Decision]:
    """Return the decision that counts of each item; comments alone decide nothing."""
    return {one.item: one for one in review.trail if one.decision != "comment"}


def changes(before: Basis, now: Basis) -> list[str]:
    """Return in words what of a finding's basis has changed; empty if nothing has."""
    names = ("effect", "state", "catalogue match", "mechanism")
    found = [
        f"{name} was {old}, is {new}"
        for name, old, new in zip(names, before.interpretation, now.interpretation, strict=True)
        if old != new
    ]
    for sample in dict.fromkeys([*before.samples, *now.samples]):
        old, new = before.samples.get(sample), now.samples.get(sample)
        if old != new:
            found.append(
                f"{sample}: {old} before, {new} now" if old and new
                else f"{sample}: not detected before, {new} now" if new
                else f"{sample}: {old} before, not detected now"
            )  # fmt: skip
    return found


def status(report: dict, review: Review) -> list[dict]:
    """Return each finding with its decision.

    Returns
    -------
    list of dict
        ``item``, ``label``, ``rank``, ``needed`` (before signing), ``decision`` (accept, reject,
        open), ``by``, ``at``, ``comments`` (texts), ``reopened`` (what changed since the decision).
    """
    now, decided = bases(report), latest(review)
    known = {v["id"]: v for v in report["compare"]["variants"]}
    rows = []
    for finding in report["resist"]["findings"]:
        name = finding["variant"]
        found = decided.get(name)
        reopened = changes(found.basis, now[name]) if found and found.basis else []
        rows.append({
            "item": name, "rank": finding["rank"],
            # A variant outside of every gene has no label but its id.
            "label": variant_name(known[name]) if finding["label"] in ("", name) and name in known
            else finding["label"] or name,
            "needed": finding["effect"] in REVIEWED,
            "decision": found.decision if found and not reopened else "open",
            "before": found.decision if found else None,
            "by": found.by if found else None, "at": found.at if found else None,
            "comments": [
                f"{one.by}, {one.at}: {one.comment}"
                for one in review.trail if one.item == name and one.comment
            ],
            "reopened": reopened,
        })  # fmt: skip
    return rows


def review_given(report: dict) -> Review | None:
    """Return the review in report.json, None without one."""
    given = report.get("review")
    return msgspec.convert(given, Review) if given else None


def decisions_of(report: dict) -> dict[str, str]:
    """Return what was decided on each finding of report.json: accepted, rejected or reopened.

    Findings on which nothing was decided are left out; a reopened one is open again, since its
    basis has changed after the decision.
    """
    given = review_given(report)
    if given is None:
        return {}
    words = {"accept": "accepted", "reject": "rejected", "open": "reopened"}
    return {row["item"]: words[row["decision"]] for row in status(report, given) if row["before"]}


def chosen(report: dict, text: str) -> dict:
    """Return the finding that a text names: id, rank or label.

    Raises
    ------
    InputError
        None, or several.
    """
    findings = report["resist"]["findings"]
    plain = text.casefold().replace("p.", "")
    found = [
        f for f in findings
        if plain in (f["variant"].casefold(), str(f["rank"]), f["label"].casefold())
    ] or [f for f in findings if plain in f["label"].casefold().split()]  # fmt: skip
    if len(found) == 1:
        return found[0]
    labels = [f["label"] for f in findings]
    if found:
        raise InputError(
            f"'{text}' is {' and '.join(f['label'] for f in found)}", "FINDING", "give its id"
        )
    cure = did_you_mean(text, labels) or f"findings: {', '.join(labels) or 'none'}"
    raise InputError(f"no finding '{text}'", f"patient {report['patient']}", cure)


def decide(
    review: Review, report: dict, decisions: Iterable[tuple[str, str, str]], by: str, at: str
) -> Review:
    """Return a review with further decisions (item, decision, comment).

    Raises
    ------
    InputError
        An item is no finding of the report.
    """
    now = bases(report)
    labels = {f["variant"]: f["label"] for f in report["resist"]["findings"]}
    added = []
    for item, decision, comment in decisions:
        if item not in now:
            raise InputError(f"no finding '{item}'", f"patient {report['patient']}",
                             "it may be of an earlier run; open the present page")  # fmt: skip
        added.append(Decision(item, labels[item], decision, comment, by, at, now[item]))
    return msgspec.structs.replace(review, trail=(*review.trail, *added))


def sign(review: Review, report: dict, by: str, at: str) -> Review:
    """Return a review with a sign-off.

    Raises
    ------
    InputError
        A known alteration or a candidate is open: each is named.
    """
    needed = [row for row in status(report, review) if row["needed"]]
    left = [row["label"] for row in needed if row["decision"] == "open"]
    if left:
        raise InputError(
            f"not decided yet: {', '.join(left)}", f"patient {report['patient']}",
            "accept or reject them first",
        )  # fmt: skip
    made = SignOff(
        by=by, at=at, verdict=report["resist"]["verdict"]["sentence"], findings=bases(report),
        labels={f["variant"]: f["label"] for f in report["resist"]["findings"]},
        version=report["provenance"]["version"],
    )  # fmt: skip
    return msgspec.structs.replace(review, signed=(*review.signed, made))


def amendments(report: dict, review: Review) -> list[str]:
    """Return what differs from the report that was signed last; empty if nothing does."""
    if not review.signed:
        return []
    signed, now = review.signed[-1], bases(report)
    labels = {f["variant"]: f["label"] for f in report["resist"]["findings"]}
    found = []
    for name in dict.fromkeys([*signed.findings, *now]):
        if name not in now:
            found.append(f"{signed.labels[name]} is no longer found")
        elif name not in signed.findings:
            found.append(f"{labels[name]} is new")
        elif words := changes(signed.findings[name], now[name]):
            found.append(f"{labels[name]}: {'; '.join(words)}")
    sentence = report["resist"]["verdict"]["sentence"]
    if sentence != signed.verdict:
        found.append(f'the verdict was: "{signed.verdict}"')
    return found


def view(report: dict, review: Review | None) -> dict | None:
    """Return what the page shows of a review; None without one."""
    if review is None:
        return None
    return {
        "rows": status(report, review),
        "signed": [{"by": one.by, "at": one.at, "version": one.version} for one in review.signed],
        "amended": amendments(report, review),
        "trail": [
            {"at": one.at, "by": one.by, "label": one.label, "decision": one.decision,
             "comment": one.comment}
            for one in review.trail
        ],
    }  # fmt: skip
