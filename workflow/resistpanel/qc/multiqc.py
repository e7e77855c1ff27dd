"""Figures of all samples as MultiQC's custom content: one JSON per section of the page."""

from collections.abc import Sequence
from typing import Any

from resistpanel.qc.assay import text
from resistpanel.records.base import UNSET
from resistpanel.records.copynumber import CopyNumber, SampleFailure
from resistpanel.records.identity import IdentityFinding
from resistpanel.records.qc import Failure, Qc, SampleQc

#: Sections stand under this heading.
PARENT = {
    "parent_id": "resistpanel",
    "parent_name": "resistpanel",
    "parent_description": "Reads on the panel's targets, counted in fragments, or molecules.",
}
#: Classes of depth for the bars, deepest first: name, field of `fraction_at`.
CLASSES = (("500 and more", "at_500"), ("250 to 499", "at_250"), ("100 to 249", "at_100"))
COLOURS = ("#0b6e4f", "#73b06f", "#e3c567", "#b5651d")


def percentage(value: float | None, places: int = 2) -> float | None:
    """Return a fraction (0 to 1) as a percentage, a number."""
    return None if value is None else round(100 * value, places)


def column(title: str, description: str, **options: Any) -> dict:
    """Return a column of the table of all samples."""
    return {"title": title, "description": description, "namespace": "resistpanel", **options}


COLUMNS = {
    "gate": column("Gate", "Conditions that the sample fails", scale="Reds", format="{:,.0f}"),
    "mean_depth": column("Depth", "Mean fragments (by UMI: molecules) at a target base",
                         scale="Greens", min=0, format="{:,.0f}"),
    "assay": column("Assay", "Library, reads and UMI, as detected or set", scale=False),
    "at_250": column("≥ 250", "Target bases at 250 fragments (by UMI: molecules) or more",
                     suffix=" %", max=100, min=0, scale="RdYlGn", format="{:,.1f}"),
    "molecules": column("Duplex", "Molecules with reads of both strands", suffix=" %", max=100,
                        min=0, scale="Greens", format="{:,.0f}"),
    "family_size": column("Family", "Mean fragments of a molecule", min=0, scale="Purples",
                          format="{:,.1f}"),
    "conversion": column("Conversion", "Molecules by the genomes that went into the library",
                         suffix=" %", min=0, scale="Greens", format="{:,.0f}"),
    "on_target": column("On target", "Reads that overlap a target", suffix=" %", max=100, min=0,
                        scale="Blues", format="{:,.1f}"),
    "duplicates": column("Duplicates", "Of primary reads on target", suffix=" %", max=100, min=0,
                         scale="OrRd", format="{:,.1f}"),
    "insert_size": column("Insert", "Median insert size", suffix=" bp", min=0, scale="Purples",
                          format="{:,.0f}"),
    "error_rate": column("Mismatches", "NM per aligned base", suffix=" %", min=0, scale="OrRd",
                         format="{:,.3f}"),
    "oxog_q": column("oxoG Q", "Of G>T on one strand; 100 is no excess", min=20, max=60,
                     scale="RdYlGn", format="{:,.1f}"),
    "deamination_q": column("Deamination Q", "Of C>T on one strand; 100 is no excess", min=20,
                            max=60, scale="RdYlGn", format="{:,.1f}"),
    "purity": column("Purity", "Of tumour cells", suffix=" %", min=0, max=100, scale="Blues",
                     format="{:,.0f}"),
    "contamination": column("Foreign DNA", "Of another person, if examined",
                            suffix=" %", min=0, scale="Reds", format="{:,.2f}"),
}  # fmt: skip


def failures(
    qc: Sequence[Qc], copynumber: Sequence[CopyNumber]
) -> list[tuple[str, Failure | SampleFailure]]:
    """Return (sample, failure of a gate)."""
    found = [
        (sample.sample, failure)
        for patient in qc
        for sample in patient.samples
        for failure in sample.gate.failures
    ]
    found += [(row.sample, row) for patient in copynumber for row in patient.gate.failures]
    return found


def general(qc: Sequence[Qc], copynumber: Sequence[CopyNumber]) -> dict:
    """Return the columns of the table of all samples."""
    failed = [sample for sample, _ in failures(qc, copynumber)]
    rows: dict[str, dict] = {}
    for sample in (sample for patient in qc for sample in patient.samples):
        spectrum = sample.error_spectrum or None
        rows[sample.sample] = {
            "gate": failed.count(sample.sample),
            "assay": text(sample.assay, lengths=False) if sample.assay else None,
            "mean_depth": sample.mean_depth,
            "at_250": percentage(sample.fraction_at.at_250),
            "on_target": percentage(sample.on_target_fraction),
            "duplicates": percentage(sample.duplicate_fraction),
            "insert_size": sample.insert_size_median,
            "error_rate": percentage(sample.error_rate, 4),
            "oxog_q": spectrum and spectrum.oxog_q,
            "deamination_q": spectrum and spectrum.deamination_q,
            **_families(sample),
        }
    for patient in copynumber:
        for name, tumor in patient.samples.items():
            rows.setdefault(name, {})["purity"] = percentage(tumor.purity.value)
        for name, foreign in patient.contamination.items():
            value = foreign.value if foreign.found else 0.0 if foreign.sites else None
            rows.setdefault(name, {})["contamination"] = percentage(value)
    data = {
        name: {key: value for key, value in row.items() if value is not None}
        for name, row in rows.items()
    }
    return {
        "id": "resistpanel_general",
        "plot_type": "generalstats",
        "headers": COLUMNS,
        "data": data,
    }


def _families(sample: SampleQc) -> dict:
    """Return the columns of a sample whose reads are grouped into molecules."""
    found = {}
    if sample.molecules:
        found["molecules"] = percentage(sample.molecules.duplex_fraction)
        found["family_size"] = sample.molecules.mean_family_size
    if sample.conversion is not UNSET:
        found["conversion"] = percentage(sample.conversion)
    return found


def section(name: str, title: str, text: str, plot: str, data: Any, **options: Any) -> dict:
    """Return a section with a plot."""
    pconfig = {"id": f"resistpanel_{name}_plot", "title": f"resistpanel: {title}", **options}
    return {
        "id": f"resistpanel_{name}",
        **PARENT,
        "section_name": title,
        "description": text,
        "plot_type": plot,
        "pconfig": pconfig,
        "data": data,
    }


def gate_section(qc: Sequence[Qc], copynumber: Sequence[CopyNumber]) -> dict | None:
    """Return the table of failed conditions; None if there are none."""
    found = failures(qc, copynumber)
    if not found:
        return None
    rows = {
        f"{sample}: {failure.metric}": {
            "value": float(f"{failure.value:.4g}"),
            "condition": failure.condition,
            "text": failure.text.split(": ", 2)[-1],
        }
        for sample, failure in found
    }
    made = section(
        "gate", "Gate", "Conditions that samples fail; none stops the run.", "table", rows,
        col1_header="Sample and figure",
    )  # fmt: skip
    headers = {
        "value": {"title": "Value", "scale": False, "format": "{:,.4g}"},
        "condition": {"title": "Must be", "scale": False},
        "text": {"title": "Why", "scale": False},
    }
    return made | {"headers": headers}


def depth_classes(samples: Sequence[SampleQc]) -> dict:
    """Return bars of the target bases by depth."""
    data = {}
    for sample in samples:
        reached, row = 0.0, {}
        for name, least in CLASSES:
            value = getattr(sample.fraction_at, least)
            row[name] = percentage(value - reached)
            reached = value
        row["below 100"] = percentage(1 - reached)
        data[sample.sample] = row
    made = section(
        "depth_classes", "Target bases by depth", "Fragments at a base: mates that overlap count "
        "once, duplicates not at all.", "bargraph", data, ylab="% of target bases", ymax=100,
        cpswitch=False,
    )  # fmt: skip
    names = [*(name for name, _ in CLASSES), "below 100"]
    return made | {
        "categories": {
            name: {"name": name, "color": colour}
            for name, colour in zip(names, COLOURS, strict=True)
        }
    }


def cohort(
    qc: Sequence[Qc], copynumber: Sequence[CopyNumber], findings: Sequence[IdentityFinding] = ()
) -> dict:
    """Return the contents of all sections.

    Parameters
    ----------
    qc, copynumber : sequence of Qc, of CopyNumber
        Of the run's patients.
    findings : sequence of IdentityFinding

    Returns
    -------
    dict of str to dict
        By the name of the section.
    """
    samples = [sample for patient in qc for sample in patient.samples]
    found = {"general": general(qc, copynumber)}
    gate = gate_section(qc, copynumber)
    if gate:
        found["gate"] = gate
    if findings:
        rows = {
            finding.text: {
                "kind": finding.kind.replace("_", " "),
                "samples": ", ".join(f"{sample} ({patient})" for patient, sample in
                                     finding.samples),
            }
            for finding in findings
        }  # fmt: skip
        found["identity"] = section(
            "identity", "Samples in the wrong place", "By their genotypes.", "table", rows,
            col1_header="Finding",
        )  # fmt: skip
    found["depth_classes"] = depth_classes(samples)
    curves = {s.sample: [[x, 100 * y] for x, y in s.depth_curve]
              for s in samples if s.depth_curve}  # fmt: skip
    if curves:
        found["depth_curve"] = section(
            "depth_curve", "Cumulative depth", "Target bases that reach a depth.", "linegraph",
            curves, xlab="fragments", ylab="% of target bases", ymin=0, ymax=100,
        )  # fmt: skip
    found["targets"] = section(
        "targets", "Depth of targets", "Mean depth of each target.", "box",
        {s.sample: [target.mean_depth for target in s.targets] for s in samples},
        xlab="fragments",
    )  # fmt: skip
    grouped = {s.sample: sizes(s) for s in samples if s.molecules}
    if grouped:
        found["family_sizes"] = section(
            "family_sizes", "Families of reads by UMI", "Molecules by their fragments, both "
            "strands together; 64: 64 or more.", "linegraph", grouped,
            xlab="fragments of a molecule", ylab="% of molecules", ymin=0,
        )  # fmt: skip
    spectra = [s for s in samples if s.error_spectrum]
    if spectra:
        if oriented := [s for s in spectra if not s.error_spectrum.not_applicable]:
            found["artifacts"] = artifacts(oriented)
        found["contexts"] = contexts(spectra)
    return found


def sizes(sample: SampleQc) -> list[list[float]]:
    """Return the family sizes of a sample, each with the percentage of its molecules."""
    total = max(sample.molecules.molecules, 1)
    return [[size, round(100 * n / total, 3)] for size, n in sample.molecules.family_sizes]


def artifacts(samples: Sequence[SampleQc]) -> dict:
    """Return the heatmap of the Q-scores of the twelve changes."""
    made = section(
        "artifacts", "Damage of one strand", "Q-score of each change on the strand that read 1 "
        "shows, from its excess over the opposite orientation (as in Picard's "
        "CollectSequencingArtifactMetrics, pre-adapter), cut at 60. G>T is oxoG, C>T deamination.",
        "heatmap",
        [[min(row.q or 60, 60) for row in s.error_spectrum.artifacts] for s in samples],
        min=20, max=60, square=False, reverse_colors=True, display_values=True,
        xlab="Change", ylab="Sample", tt_decimals=1,
    )  # fmt: skip
    return made | {
        "xcats": [row.change for row in samples[0].error_spectrum.artifacts],
        "ycats": [s.sample for s in samples],
    }


def contexts(samples: Sequence[SampleQc]) -> dict:
    """Return lines of the rate of wrong bases by change and context, both strands together."""
    data = {}
    for sample in samples:
        table, line = sample.error_spectrum.contexts, {}
        for change in ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G"):
            alt = "ACGT".index(change[2])
            for before in "ACGT":
                for after in "ACGT":
                    context = before + change[0] + after
                    other = context[::-1].translate(str.maketrans("ACGT", "TGCA"))
                    counts = [table[context].F1R2, table[context].F2R1]
                    counts += [table[other].F1R2[::-1], table[other].F2R1[::-1]]
                    total = sum(map(sum, counts))
                    if total:
                        wrong = sum(row[alt] for row in counts)
                        line[f"{before}[{change}]{after}"] = round(1e6 * wrong / total, 2)
        data[sample.sample] = line
    return section(
        "contexts", "Wrong bases by context", "Per million bases, at positions without a variant; "
        "each change together with its complement.", "linegraph", data, categories=True,
        xlab="Change in its trinucleotide", ylab="per million bases", ymin=0,
    )  # fmt: skip
