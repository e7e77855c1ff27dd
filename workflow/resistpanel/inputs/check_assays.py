"""What the reads of each sample are, before a run."""

from pathlib import Path

from resistpanel.call.io.primers import read_primers
from resistpanel.core.bam import index_of, quiet
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import Target
from resistpanel.core.reference import Reference
from resistpanel.inputs.assays import given
from resistpanel.inputs.assays import primers as beds
from resistpanel.inputs.config import Settings
from resistpanel.inputs.reference import Findings
from resistpanel.inputs.sheet import Row
from resistpanel.qc.assay import UnfitReads, describe, look, notes
from resistpanel.records.qc import Assay


@quiet()
def check_assays(
    rows: list[Row], targets: list[Target], made: Settings, findings: Findings
) -> dict[str, Assay]:
    """Return the assay of each sample whose BAM has an index; note what is unclear or left unused.

    Parameters
    ----------
    rows : list of Row
        Samples with a BAM.
    targets : list of Target
        As the reference names them.
    made : Settings
    findings : Findings
        Errors and notes are added to it.
    """
    for path in beds(made, rows):
        try:
            read_primers(path, Reference(str(made.reference)))
        except InputError as error:
            findings.errors.append(error)
    found: dict[str, Assay] = {}
    for row in rows:
        if index_of(row.bam) is None:
            continue
        said = given(made, row)
        try:
            seen = look(Path(row.bam), made.reference, targets, said)
        except UnfitReads as error:
            findings.errors.append(error)
            continue
        except InputError:
            continue  # `check_reads` says so
        if seen.primary:
            found[row.sample] = describe(seen, said)
    unsure = {}
    for sample, assay in found.items():
        for note in notes(assay):
            unsure.setdefault(note, []).append(sample)
    for note, samples in unsure.items():
        names = ", ".join(samples[:4]) + (f" and {len(samples) - 4} more" * (len(samples) > 4))
        findings.notes.append(f"sample{'s' * (len(samples) > 1)} {names}: {note}")
    return found
