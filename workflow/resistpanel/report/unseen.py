"""What a targeted DNA test cannot show of resistance to the drugs given, and the next test."""

import re

from resistpanel.core.text import join
from resistpanel.report.report_constants import FEW_GENES

#: The test that shows what is expressed.
EXPRESSED = "RNA sequencing or immunohistochemistry of a biopsy at progression"
#: Words of a catalogued alteration, and the test that shows it.
TESTS = (
    (r"fusion", "RNA sequencing for fusions, or DNA with the introns of the breakpoints"),
    (r"splice|AR-V\d|transcript|p61", "RNA sequencing of the tumour or of circulating cells"),
    (r"", EXPRESSED),
)
#: Transformation of the histological type as resistance to drugs against a target: in which
#: disease, what it becomes, its source.
TRANSFORMATION = {
    "EGFR": (
        r"lung|nsclc",
        "small-cell or squamous carcinoma",
        "Sequist et al. 2011, Sci Transl Med 3:75ra26",
    ),
    "AR": (
        r"prostat|crpc",
        "neuroendocrine carcinoma",
        "Aggarwal et al. 2018, J Clin Oncol 36:2492",
    ),
}


def next_test(alteration: str) -> str:
    """Return the test that shows a catalogued alteration that is not visible in DNA of exons."""
    return next(test for words, test in TESTS if re.search(words, alteration, re.IGNORECASE))


def unseen(report: dict) -> list[dict]:
    """Return what cannot be seen and the test that may show it.

    Returns
    -------
    list of dict
        ``what``, ``names`` of genes or alterations, ``test``, ``source``; ``further``, the test
        where the names do not stand beside it, if it is worded otherwise there.
    """
    coverage = report["resist"]["coverage"]
    by_test: dict[str, list[str]] = {}
    for row in coverage["not_in_dna"]:
        by_test.setdefault(next_test(row["alteration"]), []).append(
            f"{row['gene']} {row['alteration'].removeprefix(row['gene']).strip()}"
        )
    rows = [
        {"what": "Catalogued, but not detectable in exonic DNA", "names": names, "test": test,
         "source": ""}
        for test, names in by_test.items()
    ]  # fmt: skip
    targets = dict.fromkeys(t for d in report["resist"]["drugs"] for t in d["targets"])
    for target in targets:
        if target in TRANSFORMATION:
            where, becomes, source = TRANSFORMATION[target]
            disease = report["sheet"]["disease"]
            if disease and not re.search(where, disease, re.IGNORECASE):
                continue
            rows.append({
                "what": f"Histological transformation to {becomes}", "names": [],
                "test": "biopsy at progression, with histology", "source": source,
            })  # fmt: skip
    for one in report.get("junction_limits") or ():
        if one["gene"] in targets:
            rows.append({
                "what": f"Junctions of {one['gene']}", "names": [one["text"]],
                "test": TESTS[0][1], "source": "",
            })  # fmt: skip
    missing = list(coverage.get("genes_off_panel") or ())
    if missing:
        rows.append({
            "what": "Genes of the catalogue that were not sequenced", "names": missing,
            "test": "a panel with these genes", "source": "",
            # Where the names do not stand beside it.
            "further": f"a panel with {join(missing)}" if len(missing) <= FEW_GENES
            else f"a panel with the {len(missing)} genes of the catalogue that were not sequenced",
        })  # fmt: skip
    rows.append({
        "what": "Changes of expression, splicing or phosphorylation without a DNA alteration, and "
        "effects of the microenvironment",
        "names": [], "test": EXPRESSED, "source": "",
    })  # fmt: skip
    return rows
