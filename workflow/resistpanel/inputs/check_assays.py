"""What the reads of each sample are, before a run, and whether they are of the built assay."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

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
from resistpanel.qc.primers import include_primers, read_primers, refuse_primers_as_targets
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
    _check_beds(rows, targets, made, findings)
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
    findings.notes += _two_libraries(made, rows, found)
    findings.notes += _padded(made, rows, found)
    unsure = {}
    for sample, assay in found.items():
        for note in notes(assay):
            unsure.setdefault(note, []).append(sample)
    for note, samples in unsure.items():
        findings.notes.append(f"sample{'s' * (len(samples) > 1)} {_some(samples)}: {note}")
    return found


def _some(samples: list[str]) -> str:
    """Return the first names of some."""
    return ", ".join(samples[:4]) + (f" and {len(samples) - 4} more" * (len(samples) > 4))


def _check_beds(rows: list[Row], targets: list[Target], made: Settings, findings: Findings) -> None:
    """Add an error for each BED of primers that is no such, or is that of the targets."""
    for path in beds(made, rows):
        try:
            primers = read_primers(path, Reference(str(made.reference)))
        except InputError as error:
            key = made.place("assay.primers")
            of_all = dict(made.assay).get("primers") == path
            where = f"{error.where}, {key}" if of_all else error.where
            findings.error(error.what, where, error.cure)
            continue
        try:
            refuse_primers_as_targets(primers, targets)
        except InputError as error:
            findings.error(error.what, made.place("targets"), error.cure)
            continue
        if include_primers(primers, targets):
            findings.notes.append(
                f"{made.place('targets')}: the targets include the primers, whose bases are no "
                "evidence: give the inserts between the primers, or the exons, as targets"
            )


def _two_libraries(
    made: Settings, rows: Iterable[Row], found: Mapping[str, Assay]
) -> Iterator[str]:
    """Yield the patients whose samples are of both libraries."""
    by_patient: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.sample in found:
            kinds = by_patient.setdefault(row.patient, {})
            kinds.setdefault(found[row.sample].library, []).append(row.sample)
    for patient, kinds in by_patient.items():
        if len(kinds) > 1:
            each = ", ".join(f"{LIBRARY[k]} ({_some(names)})" for k, names in sorted(kinds.items()))
            yield (
                f"patient {patient} has samples of two libraries: {each}; give primers in the rows "
                "of the amplicon samples alone (column 'primers' of the sheet)"
                + (made.padding is None)
                * ", and `padding` to pad the targets, which are not"
            )


def _padded(made: Settings, rows: Iterable[Row], found: Mapping[str, Assay]) -> Iterator[str]:
    """Yield the samples of amplicons with primers whose targets are padded."""
    names: dict[int, list[str]] = {}
    for row in rows:
        padding = made.padding if row.padding is None else row.padding
        kind = found.get(row.sample)
        if padding and kind and kind.library == "amplicon" and kind.primers:
            names.setdefault(padding, []).append(row.sample)
    for padding, samples in names.items():
        yield (
            f"sample{'s' * (len(samples) > 1)} {_some(samples)}: targets are padded by {padding} "
            "bases, as set; beyond the targets of amplicons are their primers, which are no "
            "evidence"
        )


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
