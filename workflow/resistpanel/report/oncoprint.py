"""The oncoprint of a cohort: genes by patients, one mark per alteration.

Marks of a kind in a gene are one path, so that a thousand patients stay a small drawing.
"""

from resistpanel.report.report_constants import ONCOPRINT

#: Kinds of alteration in the order of drawing: class of the mark, height, top (of a row of 1).
MARKS = {
    "amplification": ("amp", 1.0, 0.0),
    "deletion": ("del", 1.0, 0.0),
    "known": ("known", 0.5, 0.25),
    "candidate": ("candidate", 0.2, 0.4),
}
#: What the marks mean, for the legend.
LEGEND = (
    ("amp", "amplification"), ("del", "deletion"), ("known", "known resistance alteration"),
    ("candidate", "candidate"),
)  # fmt: skip


def kind_of(finding: dict) -> str:
    """Return the mark of a finding."""
    if finding["variant"].startswith("copynumber:"):
        return finding["variant"].rsplit(":", 1)[1]
    return finding["effect"]


def oncoprint(patients: list[dict], genes: list[dict]) -> dict | None:
    """Return the drawing, or None for fewer than two patients or without an alteration.

    Parameters
    ----------
    patients : list of dict
        As `cohort.summary` makes them.
    genes : list of dict
        As `cohort.recurrent` makes them, in their order.

    Returns
    -------
    dict
        ``rows`` with ``gene``, ``percent`` of the patients and ``marks`` (class and path, x in
        patients, y in rows of height 1), and ``width``, the number of patients.
    """
    names = [row["gene"] for row in genes[:ONCOPRINT]]
    if len(patients) < 2 or not names:
        return None
    found = {
        p["patient"]: {gene: {kind_of(f) for f in p["findings"] if f["gene"] == gene}
                       for gene in {f["gene"] for f in p["findings"]} & set(names)}
        for p in patients
    }  # fmt: skip
    # Patients with the first gene come first, then those with the second.
    order = sorted(found, key=lambda p: ([gene not in found[p] for gene in names], p))
    rows = []
    for gene in names:
        marks = []
        for kind, (tone, height, top) in MARKS.items():
            at = [x for x, p in enumerate(order) if kind in found[p].get(gene, ())]
            path = "".join(f"M{x + 0.1:g} {top:g}h.8v{height:g}h-.8z" for x in at)
            marks += [{"tone": tone, "path": path}] if path else []
        n = sum(gene in found[p] for p in order)
        rows.append({"gene": gene, "patients": n, "fraction": n / len(order), "marks": marks})
    return {"rows": rows, "width": len(order), "legend": LEGEND}
