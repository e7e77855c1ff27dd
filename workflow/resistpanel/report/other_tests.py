"""Results of other tests as the page lists them, with what each was used for."""

from resistpanel.core.text import percent_up
from resistpanel.report.parts import variants_by_id

#: Headings of the results by what the assays measure.
KINDS = {
    "sequence": "DNA sequence",
    "copies": "copy number",
    "protein": "protein",
    "rna": "RNA",
}


def other_tests(report: dict) -> list[dict]:
    """Return the rows of the section on other tests; empty without any."""
    results = report["compare"].get("other_tests") or ()
    uses = {one["test"]: one for one in report["resist"].get("other_tests") or ()}
    labels = {f["variant"]: f["label"] for f in report["resist"]["findings"]}
    open_to = {
        (said["test"], variant["id"]): said
        for variant in variants_by_id(report).values()
        for line in variant["lines"]
        for said in line.get("tests") or ()
    }
    rows = []
    for one in results:
        use = uses.get(one["number"])
        rows.append({
            "number": one["number"], "assay": one["assay"], "measures": KINDS[one["kind"]],
            "taken": taken(one), "what": what(one), "result": one["result"],
            "value": with_unit(one["value"], one["unit"]),
            "limit": with_unit(one["limit"], one["unit"]),
            "source": one["source"], "used": used(use, labels, open_to) if use else [],
        })  # fmt: skip
    return rows


def taken(test: dict) -> str:
    """Return where and when a test's sample was taken."""
    when = f"day {test['day']:g}" if test["day"] is not None else test["timepoint"]
    return ", ".join(str(part) for part in (test["sample"], test["lesion"], when) if part)


def what(test: dict) -> str:
    """Return what was looked for."""
    genes = ", ".join(test["genes"])
    if test["alteration"] is None and test["allele"] is None:
        return f"{genes}, coding sequence"
    return " ".join(part for part in (genes, test["alteration"] or test["allele"]) if part)


def with_unit(value: float | None, unit: str | None) -> str:
    """Return a number with its unit; empty without one."""
    return "" if value is None else f"{value:g} {unit or ''}".strip()


def used(use: dict, labels: dict[str, str], said: dict[tuple, dict]) -> list[str]:
    """Return in words what a result was used for; a result that says nothing is named so."""
    found = [
        f"{word} {labels.get(name, name)}"
        for word in ("supports", "contradicts")
        for name in use[word]
    ]
    for (number, variant), one in said.items():
        if number != use["test"] or variant not in labels:
            continue
        label = labels[variant]
        if one["says"] == "present":
            found.append(f"{label} was present before")
        elif one["says"] == "excluded":
            cells = percent_up(one["ub_ccf"])
            found.append(f"{label} was in at most {cells} of the tumour cells before")
        elif one["says"] == "open":
            found.append(f"leaves open whether {label} was present before")
        else:
            found.append(f"did not cover {label}")
    if use["evidence"]:
        found.append(f"reported by this test alone; catalogued: {', '.join(use['evidence'])}")
    return found or ["no finding concerned"]
