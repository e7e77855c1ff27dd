"""The validation of an assay as a page, a table and a TSV."""

import msgspec

from resistpanel.core.text import percent
from resistpanel.qc.assay import FAMILIES, LIBRARY, READS
from resistpanel.records.dossier import Dossier, Interference, PutIn
from resistpanel.records.validation import Spiked
from resistpanel.testing.validation_page import cell, environment, plot


def tsv(result: Dossier) -> str:
    """Return one line for every variant that was spiked into a normal."""
    # Where it was put in comes first, then the variant.
    names, variant = PutIn.__struct_encode_fields__, Spiked.__struct_encode_fields__
    order = [*(name for name in names if name not in variant), *variant]
    lines = ["\t".join(order)]
    for row in result.rows:
        cells = dict(zip(names, msgspec.structs.astuple(row), strict=True))
        shown = (cells[name] for name in order)
        lines.append("\t".join("" if c is None else cell(c) for c in shown))
    return "\n".join(lines) + "\n"


def condition_text(row: Interference) -> str:
    """Return a condition in words."""
    level = percent(row.level)
    return {
        "none": "none",
        "contamination": f"{level} DNA of another person in the tumour",
        "tumor_in_normal": f"{level} tumour in the normal",
        "fewer_fragments": f"{level} of the tumour's fragments",
    }[row.condition]


def table(result: Dossier) -> list[str]:
    """Return the figures as lines for a terminal."""
    lines = [f"assay {result.assay.name} {result.assay.version}"]
    for row in result.limits:
        lines.append(
            f"{row.kind:8}stated LOD {percent(row.lod_median)} ({row.stated} of {row.sites}); "
            f"found at it: {row.found_at_lod} of {row.of_at_lod}; "
            f"95 % found from AF {percent(row.detected_from)}"
        )
    rate = result.false_calls
    lines.append(
        f"false calls: {rate.calls} in {rate.megabases:.3f} Mb of {rate.normals} normals, "
        f"{rate.per_megabase:.2f} per Mb ({rate.low:.2f} to {rate.high:.2f})"
    )
    for row in result.reproducibility:
        if row.kind == "all":
            lines.append(
                f"replicates at AF {percent(row.af)}: agreement {percent(row.agreement)}, "
                f"{row.found} of {row.of} found"
            )
    for row in result.interference:
        lines.append(
            f"interference, {condition_text(row)}: {row.found} of {row.of} found, "
            f"{row.false_calls} false calls"
        )
    for one in result.material:
        f = one.figures
        lines.append(
            f"{one.name}: {f.found} of {f.present} found, {f.other_calls} other calls, "
            f"{f.above_limit_found} of {f.above_limit} at or above the stated LOD"
        )
    return lines


def page(result: Dossier) -> str:
    """Return the validation as one HTML file that loads nothing."""
    afs = list(result.conditions.ladder)
    multiples = sorted({row.multiple for row in result.lod_curve})
    kind = result.kind
    words = f"{LIBRARY[kind.library]}, {READS[kind.reads]}{FAMILIES[kind.families]}"
    return (
        environment()
        .get_template("dossier.html.j2")
        .render(
            r=result,
            kind=words,
            unit="molecules" if kind.molecular else "fragments",
            afs=afs,
            multiples=multiples,
            kinds=list(dict.fromkeys(row.kind for row in result.recall)),
            by_af=plot(result.recall, "af", "allele frequency spiked in", True, afs, None),
            by_lod=plot(
                result.lod_curve, "multiple", "multiple of the stated LOD", False, multiples, 1.0
            ),
            condition=condition_text,
            materials=sum(one.figures.present for one in result.material),
        )
    )
