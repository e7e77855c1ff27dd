"""All checks of a configuration together, and the summary of a run that may begin."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resistpanel.core.bam import index_of
from resistpanel.core.builds import read_lengths
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.made import FOLDER, OUTDATED
from resistpanel.inputs.binding import AGAIN, Binding
from resistpanel.inputs.built_assay import notes as assay_notes
from resistpanel.inputs.check_assays import check_assays, check_reference, check_stated
from resistpanel.inputs.check_data import (
    Panel,
    check_caller,
    check_contig_order,
    check_drug_rows,
    check_genes,
    check_reads,
    check_sequence,
)
from resistpanel.inputs.checks import check_inputs, resolver
from resistpanel.inputs.config import Settings, settings
from resistpanel.inputs.courses import note_courses
from resistpanel.inputs.environment import check_lock, check_room, check_software
from resistpanel.inputs.lines import lines
from resistpanel.inputs.owner import check_owner
from resistpanel.inputs.patient import drugs_between, ordered, pairs
from resistpanel.inputs.plan import check_names, make_plan
from resistpanel.inputs.reads_shown import check_reads_shown, note_reads_shown
from resistpanel.inputs.reference import Findings
from resistpanel.inputs.sheet import Row, patients, read_rows
from resistpanel.inputs.simulated_patient import load_patient
from resistpanel.inputs.tests_given import check_tests, read_tests
from resistpanel.inputs.treatments import Treatment, read_treatments
from resistpanel.qc.assay import text
from resistpanel.records.qc import Assay


@dataclasses.dataclass
class Checked:
    """What a check found; `panel` is None for simulated input and where the check did not get far.

    Attributes
    ----------
    findings : Findings
    settings : Settings or None
    rows : list of Row
    treatments : dict of str to list of Treatment
        By patient, where there is a table of them.
    panel : Panel or None
    checksums : int
        Contigs whose sequence was held against the BAMs' M5 tags.
    assays : dict of str to Assay
        By sample, of those with an indexed BAM.
    """

    findings: Findings
    settings: Settings | None = None
    rows: list[Row] = dataclasses.field(default_factory=list)
    treatments: dict[str, list[Treatment]] = dataclasses.field(default_factory=dict)
    panel: Panel | None = None
    checksums: int = 0
    assays: dict[str, Assay] = dataclasses.field(default_factory=dict)


def _errors_of(error: InputError) -> list[InputError]:
    return error.errors if isinstance(error, InputErrors) else [error]


def check_everything(config: Mapping[str, Any], where: str) -> Checked:
    """Check configuration, machine, sheet, reference, panel, BAMs and catalogue; raise nothing.

    Parameters
    ----------
    config : mapping
        As `resistpanel.inputs.config.read` returns it.
    where : str
        The file, for messages.
    """
    done = Checked(Findings())
    found = done.findings
    check_software(found)
    check_lock(found)
    try:
        done.settings = made = settings(config, where)
    except InputError as error:
        found.errors += _errors_of(error)
        # What is wrong with the sheet is worth knowing before the configuration is mended.
        if isinstance(config, Mapping) and isinstance(config.get("samples"), str):
            _read_rows(Path(config["samples"]), found)
        return done
    if made.simulate:
        _check_simulation(done, config, where)
        return done
    before = len(found.errors)
    done.rows = _read_rows(made.samples, found, made.outdir / "align")
    whole = drugs_read = len(found.errors) == before
    before = len(found.errors)
    if done.rows and whole:
        try:
            done.treatments = read_treatments(made.treatments, done.rows)
        except InputError as error:
            drugs_read = False
            found.errors += _errors_of(error)
    tests = {}
    if done.rows and whole:
        try:
            tests = read_tests(made.other_tests, done.rows)
        except InputError as error:
            found.errors += _errors_of(error)
    found.errors += check_names(made, done.rows)
    found.errors += check_stated(made, done.rows)
    found.errors += check_reads_shown(made, done.rows)
    found.notes += assay_notes(made.built)
    found.notes += note_reads_shown(made, done.rows)
    try:
        check_owner(made)
    except InputError as error:
        found.errors.append(error)
    inputs = check_inputs(made, done.rows, deep=True, treatments=done.treatments, complete=whole)
    check_tests(tests, made, done.rows, inputs)
    found.errors += inputs.errors
    found.notes += inputs.notes
    if drugs_read:
        found.notes += note_courses(done.rows, done.treatments)
    check_room(made, done.rows, found)
    check_caller(made, _contigs(made), found)
    _check_screens(config, made, found)
    if len(found.errors) > before or inputs.errors:
        return done
    _check_panel(done)
    return done


def _contigs(made: Settings) -> set[str]:
    try:
        return set(read_lengths(made.reference))
    except InputError:
        return set()


def _read_rows(path: Path, found: Findings, aligned: Path = Path("align")) -> list[Row]:
    """Return the sound rows of the sheet; what is wrong with others does not hide their faults."""
    rows, errors = read_rows(path, aligned)
    found.errors += errors
    return rows


def _check_simulation(done: Checked, config: Mapping[str, Any], where: str) -> None:
    try:
        plan, notes = make_plan(config, lambda path: load_patient(path)[0], where=where)
    except InputError as error:
        done.findings.errors += _errors_of(error)
        return
    done.settings = plan.settings
    done.rows = [row for rows in plan.patients.values() for row in rows]
    done.findings.notes += notes
    check_room(plan.settings, done.rows, done.findings)


def _check_panel(done: Checked) -> None:
    """Checks that need reference, panel and BAMs to be sound."""
    made, rows, found = done.settings, done.rows, done.findings
    try:
        panel = Panel(made)
    except InputError as error:
        found.errors += _errors_of(error)
        return
    done.panel = panel
    contigs = {target.chrom for target in panel.targets}
    given = [row for row in rows if row.given]
    done.checksums = check_sequence(given, made.reference, contigs, found)
    check_reads(given, panel.targets, made.reference, found)
    check_contig_order(given, contigs, found)
    found.errors += check_reference(made, panel.targets)
    done.assays = check_assays(given, panel.targets, made, found)
    check_genes(panel, made, found)
    check_drug_rows(rows, done.treatments, made, panel, found)


def _check_screens(config: Mapping[str, Any], made: Settings, found: Findings) -> None:
    for name, screen in (config.get("screens") or {}).items():
        for key in ("bam", "control", "reference"):
            if key in screen and not Path(screen[key]).is_file():
                found.error(f"no such file: {screen[key]}", made.place(f"screens.{name}.{key}"))


def _drugs(rows: list[Row], treatments: Sequence[Treatment], made: Settings) -> list:
    resolve = resolver(made.catalog, made.drugs)
    named = {resolve(one.drug, one) for one in treatments} or {
        resolve(name, row) for row in rows if row.tumor for name in row.drugs
    }
    return sorted(named, key=lambda drug: drug.name)


def _course(rows: list[Row], treatments: Sequence[Treatment]) -> str:
    """Return a patient's samples in one line, with the drugs between them."""
    rows = ordered(rows)
    tumors = [row for row in rows if row.tumor]
    parts = [f"{row.sample} (normal)" for row in rows if row.role == "normal"]
    for row in tumors:
        when = [row.timepoint, f"day {row.day:g}" if row.day is not None else None, row.lesion]
        words = ", ".join(word for word in when if word)
        parts.append(f"{row.sample}{f' ({words})' if words else ''}")
    therapy = lines(tumors, treatments, str)
    compared = [
        f"{later.sample} against {earlier.sample}"
        + (
            f" after {', '.join(drugs)}"
            if (drugs := drugs_between(earlier, later, tumors, treatments))
            else ""
        )
        for earlier, later in pairs(tumors, therapy)
    ]
    compared = compared or ["one time point: nothing to compare"]
    return f"{', '.join(parts)}; {'; '.join(compared)}"


def summary(done: Checked) -> list[str]:
    """Return what the run will do, for a check without errors."""
    made, rows = done.settings, done.rows
    by_patient = patients(rows)
    normals = sum(row.role == "normal" for row in rows)
    count = f"{len(by_patient)} patient{'s' * (len(by_patient) != 1)}"
    shown = [f"{count}, {normals} normal and {len(rows) - normals} tumour samples"]
    for name, members in by_patient.items():
        given = done.treatments.get(name, ())
        shown.append(f"  {name}: {_course(members, given)}")
        for row in ordered(members):
            if row.sample in done.assays:
                shown.append(f"    {row.sample}: {text(done.assays[row.sample])}")
            elif done.panel and row.given and index_of(row.bam) is None:
                shown.append(f"    {row.sample}: reads not examined: no index yet")
        if done.panel and (drugs := _drugs(members, given, made)):
            seen, total, _ = done.panel.coverage(drugs)
            names = ", ".join(drug.name for drug in drugs)
            found = f"{seen} of {total} catalogue rows on resistance to {names} are on the panel"
            shown.append(f"    {found if total else f'no catalogue row on resistance to {names}'}")
    if made.simulate:
        shown.append(f"simulated from {made.simulate.patient}: the files are checked once made")
    else:
        shown.append(f"reference: {made.reference} ({made.build})")
    if made.built:
        built = made.built
        shown.append(f"assay: {built.title}, {made.assay_folder} (sha256 {built.digest})")
    if done.panel:
        panel = done.panel
        shown.append(
            f"panel: {made.targets}, {len(panel.targets)} targets, {panel.bases:,} bases, coding "
            f"sequence of {len(panel.hit_genes)} genes"
        )
    if done.checksums:
        shown.append(f"{done.checksums} contigs' checksums (M5) compared")
    aligned = sum(bool(row.fastq1) for row in rows)
    if aligned:
        shown.append(f"{aligned} samples given as FASTQ are aligned first")
    fetched = sum(row.url is not None for row in rows)
    if fetched:
        shown.append(f"BAMs in object storage, fetched first and checked then: {fetched}")
    given = [row for row in rows if row.given and not made.simulate]
    unindexed = sum(index_of(row.bam) is None for row in given)
    if unindexed:
        shown.append(f"{unindexed} without an index (BAM or CRAM): one is written next to each")
    shown.append(
        f"the run writes {made.outdir}/report/PATIENT.html, .json, .tsv, .maf and .vcf.gz, and "
        "cohort.html"
    )
    return shown


def again(config: Mapping[str, Any], where: str) -> list[str]:
    """Return what of the results that are there would be made again, and why.

    Parameters
    ----------
    config : mapping
        Of a check without errors.
    where : str
    """
    plan, _ = make_plan(config, lambda path: load_patient(path)[0], headers=False, where=where)
    outdir = plan.settings.outdir
    if not (outdir / FOLDER).is_dir():
        return []
    binding = Binding(plan, config.get("screens"))
    stale = binding.stale()
    stale = {key: reasons for key, reasons in stale.items() if key[0] != "multiqc"}
    if not stale:
        return [f"results in {outdir} are up to date"]
    causes: dict[str, list[str]] = {}
    for (step, subject), reasons in stale.items():
        if not reasons[0].endswith(AGAIN):
            name = step if subject == "all" else f"{step} of {subject}"
            causes.setdefault(", ".join(reasons), []).append(name)
    rest = len(stale) - sum(map(len, causes.values()))
    shown = [
        f"  {', '.join(names[:4])}{f' and {len(names) - 4} more' * (len(names) > 4)}: {reason}"
        for reason, names in causes.items()
    ]
    more = f" ({rest} because of another)" if rest else ""
    count = f"{len(stale)} step{'s' * (len(stale) != 1)}"
    gone = [
        f"{name}: not in the sheet any more; the next run moves its pages to {outdir / OUTDATED}"
        for name in binding.left
    ]
    return [f"{count} of results in {outdir} would be done again{more}:", *shown, *gone]
