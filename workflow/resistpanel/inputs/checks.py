"""Everything that can be checked before a job runs, all problems at once."""

import contextlib
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from resistpanel.align.aligners import choose
from resistpanel.align.fastq import check_lane
from resistpanel.catalog.classes import load_diseases
from resistpanel.catalog.drugs import Drug, load_drugs
from resistpanel.core import bam
from resistpanel.core.bam_index import check_index
from resistpanel.core.errors import InputError
from resistpanel.inputs import bam_checks, reference
from resistpanel.inputs.config import Settings
from resistpanel.inputs.other_callers import caller_vcfs, callers_of
from resistpanel.inputs.reference import Findings, Gap
from resistpanel.inputs.same_reads import check_reads_once
from resistpanel.inputs.sheet import Row, looked_in, patients
from resistpanel.inputs.treatments import Treatment, note_treatments, resolve_treatments

#: Headers are read side by side: on a network file system the time goes into waiting.
READERS = 8


def resolver(catalog: Path, user: Path | None = None):
    """Return the function that gives the drug of a name in a row.

    It raises InputError for several drugs in one name. A drug that is in no table has neither
    class nor target (see `note_unknown`).
    """
    known = load_drugs(catalog, user)

    def resolve(name: str, row: Row) -> Drug:
        return known.named(name, row.place("drugs"))

    return resolve


def note_unknown(
    rows: Iterable[Row], treatments: Iterable[Treatment], catalog: Path, user: Path | None
) -> list[str]:
    """Return a note for each place of a drug that is in no table, with the nearest names.

    Several drugs in one name are an error, see `check_drugs`, and no note.
    """
    known = load_drugs(catalog, user)
    places = [(row.place("drugs"), name) for row in rows if row.tumor for name in row.drugs]
    places += [(one.place("drug"), one.drug) for one in treatments]
    notes = []
    for place, name in places:
        with contextlib.suppress(InputError):
            known.named(name)
            if known.get(name) is None:
                short = f"resistance to {name} is not assessed"
                notes.append(Gap(f"{place}: {known.doubt(name)}", short))
    return notes


def check_drugs(rows: Iterable[Row], catalog: Path, user: Path | None = None) -> list[InputError]:
    """Return an error for each cell that does not separate drugs by ``;``, or a faulty table."""
    try:
        resolve = resolver(catalog, user)
    except InputError as error:
        return [error]
    errors = []
    for row in rows:
        for name in row.drugs:
            try:
                resolve(name, row)
            except InputError as error:
                errors.append(error)
    return errors


def check_treatments(
    treatments: Mapping[str, Sequence[Treatment]],
    rows: list[Row],
    settings: Settings,
    findings: Findings,
) -> None:
    """Add malformed drugs of the treatments, and what they and the sheet say differently."""
    members = patients(rows)
    treatments = {name: given for name, given in treatments.items() if name in members}
    try:
        resolve = resolver(settings.catalog, settings.drugs)
    except InputError:
        return  # `check_drugs` says so
    unknown = list(resolve_treatments(itertools.chain(*treatments.values()), resolve))
    findings.errors += unknown
    if not unknown and not check_drugs(rows, settings.catalog, settings.drugs):
        findings.notes += note_treatments(treatments, members, resolve)


def note_drugs(rows: Iterable[Row]) -> list[str]:
    """Return notes on drugs that stand where they mean nothing."""
    return [
        f"{row.place('drugs')}: drugs of a normal are ignored; they belong to the tumor taken "
        "after them"
        for row in rows
        if row.role == "normal" and row.drugs
    ]


def note_diseases(rows: Iterable[Row], catalog: Path) -> list[str]:
    """Return a note for each disease that the catalogue does not know, at its first place."""
    first = {row.disease: row for row in reversed(list(rows)) if row.disease}
    known = load_diseases(catalog)
    return [
        Gap(f"{row.place('disease')}: {known.doubt(name)}", f"disease '{name}' is not known")
        for name, row in reversed(first.items())
        if not known.knows(name)
    ]


def note_tumor_only(rows: list[Row]) -> list[str]:
    """Return notes on patients without a matched normal."""
    return [
        f"patient '{name}' has no normal: germline and somatic variants cannot be distinguished "
        "with certainty"
        for name, members in patients(rows).items()
        if not any(row.role == "normal" for row in members)
    ]


def check_bam(
    row: Row, fasta: Path, lengths: dict[str, int], needed: set[str], deep: bool = False
) -> tuple[list[InputError], list[str]]:
    """Return errors and notes on one sample's BAM.

    Parameters
    ----------
    row : Row
        The sample.
    fasta : Path
        The reference.
    lengths : dict of str to int
        Its contig lengths; if empty, contigs are not compared.
    needed : set of str
        Its contigs that hold targets.
    deep : bool
        Whether the index is looked up in more places, as the step does that reads the BAM.
    """
    try:
        header = bam.read_header(row.bam, fasta)
    except InputError as error:
        where = f"{row.bam} ({row.where}, sample '{row.sample}')"
        return [InputError(error.what, where, error.cure)], []
    errors = [*bam_checks.check_samples(row, header), *bam_checks.check_order(row, header)]
    if lengths:
        errors += bam_checks.check_contigs(row, header, fasta, lengths, needed)
    notes = []
    index = bam.index_of(row.bam)
    if index is None and not errors:
        notes.append(f"{row.bam}: no index; it is created next to the BAM when the run starts")
    elif index is not None and index.stat().st_mtime < row.bam.stat().st_mtime:
        notes.append(
            f"{index} is older than its BAM: if the BAM has changed since, "
            f"run `samtools index {row.bam}`"
        )
    if index is not None and not errors:
        try:
            check_index(row.bam, index, deep)
        except InputError as error:
            errors.append(InputError(error.what, f"{index} ({row.where})", error.cure))
    return errors, notes


def check_sample(
    row: Row,
    align: dict[str, str],
    fasta: Path,
    lengths: dict[str, int],
    needed: set[str],
    deep: bool = False,
) -> tuple[list[InputError], list[str]]:
    """Return errors and notes on one sample: of its FASTQ, and of its BAM if that is there.

    A BAM in object storage is not read before the workflow has fetched it.

    The parameters but `align`, the settings of the block of that name, are those of `check_bam`.
    """
    if row.given:
        return check_bam(row, fasta, lengths, needed, deep)
    errors = []
    for one, other in zip(row.fastq1, row.fastq2 or [None] * len(row.fastq1), strict=False):
        for error in check_lane(one, other, align["umi"], align["qualities"]):
            where = f"{error.where} ({row.where}, sample '{row.sample}')"
            errors.append(InputError(error.what, where, error.cure))
    if errors or not row.bam.exists():
        return errors, []
    return check_bam(row, fasta, lengths, needed, deep)


def check_callers(
    settings: Settings, rows: list[Row], findings: Findings, complete: bool = True
) -> None:
    """Add what is wrong with the VCFs of other callers, and which callers a patient goes without.

    Missing files alone: what is in them is read when they are compared.
    """
    for name, members in patients(rows).items():
        for key, path in caller_vcfs(settings, name, members):
            if not path.is_file():
                findings.error(
                    f"no such VCF for patient '{name}': {path}",
                    settings.place(f"callers_vcf.{key.partition(':')[0]}"),
                    "correct the path, or remove the key",
                )
        without = set(settings.callers) - set(callers_of(settings, members))
        for caller in sorted(without) if complete else ():
            findings.notes.append(f"patient '{name}' has no normal: {caller} is not run")


@bam.quiet()
def check_inputs(
    settings: Settings,
    rows: list[Row],
    deep: bool = False,
    treatments: Mapping[str, Sequence[Treatment]] | None = None,
    complete: bool = True,
) -> Findings:
    """Check reference, panel, drugs and every BAM's header.

    Parameters
    ----------
    settings : Settings
        With `samples`, `reference` and `targets` given.
    rows : list of Row
        As `resistpanel.inputs.sheet.read_sheet` returns them.
    deep : bool
        Whether to read more of each BAM: its index in more places, and its first reads.
    treatments : mapping of str to sequence of Treatment, optional
        By patient, where there is a table of them.
    complete : bool
        Whether `rows` are all of the sheet; else nothing is said to be missing.
    """
    findings = Findings()
    lengths = reference.check_reference(settings.reference, settings.build, findings)
    needed = set()
    if settings.targets.is_file():
        needed = reference.check_targets(
            settings.targets, settings.genes, settings.reference, lengths, findings
        )
    else:
        findings.error(
            f"no such file: {settings.targets}{looked_in(settings.targets)}",
            settings.place("targets"),
            "give the panel's BED",
        )
    findings.errors += check_drugs(rows, settings.catalog, settings.drugs)
    check_treatments(treatments or {}, rows, settings, findings)
    mine = [one for name in patients(rows) for one in (treatments or {}).get(name, ())]
    with contextlib.suppress(InputError):  # of the table itself, reported above
        findings.notes += note_unknown(rows, mine, settings.catalog, settings.drugs)
    findings.notes += note_diseases(rows, settings.catalog)
    findings.notes += note_drugs(rows) + (note_tumor_only(rows) if complete else [])
    check_callers(settings, rows, findings, complete)
    if any(row.fastq1 for row in rows) and settings.align.get("aligner", "auto") != "auto":
        try:
            choose(settings.align["aligner"])
        except InputError as error:
            findings.error(error.what, settings.place("align.aligner"), error.cure)
    one = functools.partial(
        check_sample,
        align=settings.align,
        fasta=settings.reference,
        lengths=lengths,
        needed=needed & set(lengths),
        deep=deep,
    )
    with ThreadPoolExecutor(READERS) as pool:
        for errors, notes in pool.map(one, rows):
            findings.errors += errors
            findings.notes += notes
    if deep and not findings.errors:
        given = [row for row in rows if row.bam.is_file()]
        for found in check_reads_once(given, settings.reference):
            kind = findings.notes if isinstance(found, str) else findings.errors
            kind.append(found)
    return findings
