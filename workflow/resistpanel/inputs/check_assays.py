"""What the reads of each sample are, before a run, and whether they are of the built assay."""

from collections.abc import Iterable, Iterator, Mapping
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
from resistpanel.qc.assay import LIBRARY, UnfitReads, describe, look, notes
from resistpanel.qc.assay_folder import reference_bases
from resistpanel.qc.assay_given import AUTO
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
    _check_kind(made, found, rows, findings)
    unsure = {}
    for sample, assay in found.items():
        for note in notes(assay):
            unsure.setdefault(note, []).append(sample)
    for note, samples in unsure.items():
        names = ", ".join(samples[:4]) + (f" and {len(samples) - 4} more" * (len(samples) > 4))
        findings.notes.append(f"sample{'s' * (len(samples) > 1)} {names}: {note}")
    return found


def check_stated(made: Settings, rows: Iterable[Row]) -> Iterator[InputError]:
    """Yield the cells of the sheet that state otherwise than the assay."""
    built = made.built
    if built is None:
        return
    for row in rows:
        stated = dict(row.assay)
        if row.padding is not None:
            stated["padding"] = row.padding
        for key, value in stated.items():
            known = built.settings.padding if key == "padding" else dict(made.assay).get(key)
            if value not in (None, AUTO, known):
                yield InputError(
                    f"is set by assay {built.title}", row.place(key),
                    "leave the cell empty, or build another assay",
                )  # fmt: skip


def check_reference(made: Settings, targets: list[Target]) -> Iterator[InputError]:
    """Yield what is wrong with the reference: other bases than the assay was built with."""
    built = made.built
    if built and reference_bases(made.reference, targets) != built.reference:
        yield InputError(
            f"has other bases at the targets than assay {built.title} was built with",
            str(made.reference), "give that reference",
        )  # fmt: skip


def _check_kind(
    made: Settings, found: Mapping[str, Assay], rows: Iterable[Row], findings: Findings
) -> None:
    """Add an error for each sample whose reads are not of the built assay."""
    built = made.built
    if built is None:
        return
    for row in rows:
        kind = found.get(row.sample)
        if kind is None:
            continue
        if kind.library_sure and kind.library != built.kind.library:
            findings.error(
                f"its reads are of {LIBRARY[kind.library]}, those of assay {built.title} of "
                f"{LIBRARY[built.kind.library]}",
                row.place("bam"),
                "give the assay of this library",
            )
        elif kind.molecular != built.kind.molecular:
            one, other = ("molecules", "fragments")[:: 1 if kind.molecular else -1]
            findings.error(
                f"its reads are {one}, those of assay {built.title} {other}",
                row.place("bam"),
                "give the assay of this library",
            )
