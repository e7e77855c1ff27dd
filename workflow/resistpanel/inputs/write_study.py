"""The texts that ``resistpanel init`` writes: a configuration and a sample sheet."""

from pathlib import Path

from resistpanel.inputs.find_bams import Found
from resistpanel.inputs.propose import Proposal

COLUMNS = ("patient", "sample", "role", "timepoint", "day", "lesion", "drugs", "bam")

CONFIG = """\
# Settings of a resistpanel run. Every other key: docs/config.md.
# Paths are relative to this folder, where `resistpanel check` and `resistpanel run` are started.

samples: {samples}

# FASTA that the BAMs were aligned to (plain or bgzipped; an index is created if missing).
{reference}

# hg19 or hg38{build_note}
build: {build}

# BED of your panel. Default: the 138 genes of panels/cancer138.
{targets}

# GFF3 with the coding transcripts of the panel's genes. Default: those of panels/cancer138.
{genes}

# Output folder; the report pages are in {{outdir}}/report/.
outdir: results

# assay:
#   primers: primers.bed        # amplicons: BED of the primers, six columns with strands

# call:
#   pon: normals.vcf.gz         # panel of normals, created by `resistpanel call --build-pon`
#   germline: gnomad.vcf.gz     # population frequencies (VCF with INFO/AF, indexed)
#   extra: ""                   # further arguments of `resistpanel call`

# qc:                           # thresholds of the gate, see docs/qc.md; null switches one off
#   tumor_mean_depth: 200
"""

SHEET = """\
# One row per BAM, cells separated by one tab each. All columns: docs/sheet.md.
#   role       normal (at most one per patient), tumor or plasma
#   timepoint  pre, post, or any other label, which then needs day
#   day        a number, from any origin; orders the time points
#   lesion     site of the sample
#   drugs      drugs given between the previous time point and this one, separated by ';',
#              e.g. PLX4032
# Patient, role, timepoint, day, lesion and drugs were guessed from the names; correct them:"""


def _key(name: str, value: Path | str | None, example: str) -> str:
    return f"{name}: {_quoted(str(value))}" if value else f"# {name}: {example}"


def _quoted(text: str) -> str:
    """Return a YAML scalar that is read back as `text`."""
    plain = all(char.isalnum() or char in "/._-+" for char in text) and text[:1] not in "-"
    return text if plain else "'" + text.replace("'", "''") + "'"


def relative(path: Path | None, folder: Path) -> Path | None:
    """Return `path` relative to `folder` if it is within it, else absolute."""
    if path is None:
        return None
    path = path.absolute()
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def config_text(
    samples: str,
    reference: Path | None,
    build: str | None,
    targets: Path | None,
    genes: Path | None,
) -> str:
    """Return the commented configuration; what is not known is left to be filled in."""
    unknown = "; could not be determined from the BAM headers: set it"
    return CONFIG.format(
        samples=_quoted(samples),
        reference=f"reference: {_quoted(str(reference))}"
        if reference
        else "reference: null     # FILL IN, e.g. /data/genome.fa",
        build=build or "hg19",
        build_note="" if build else unknown,
        targets=_key("targets", targets, "panel.bed"),
        genes=_key("genes", genes, "panel.gff3"),
    )


def sheet_text(rows: list[tuple[Found, Proposal]], folder: Path) -> str:
    """Return the sample sheet: normals first, then tumours before, after, and others.

    Parameters
    ----------
    rows : list of (Found, Proposal)
    folder : Path
        Absolute; BAMs within it are named relative to it.
    """
    order = {"pre": 0, None: 1, "post": 2}
    ordered = sorted(
        rows,
        key=lambda row: (
            *(row[1].patient, row[1].role != "normal", order[row[1].timepoint]),
            row[1].day or 0,
        ),
    )
    guessed = [f"#   {p.sample}: {p.role}, by {p.why}" for _, p in ordered]
    lines = [SHEET, *guessed, "\t".join(COLUMNS)]
    for found, proposal in ordered:
        cells = [
            proposal.patient,
            proposal.sample,
            proposal.role,
            proposal.timepoint or "",
            "" if proposal.day is None else str(proposal.day),
            proposal.lesion or "",
            proposal.drug or "",
            str(relative(found.path, folder)),
        ]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"
