"""What the workflow must know before it runs: the patients and the paths of the input."""

import argparse
import dataclasses
import importlib.util
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from resistpanel.compare.other_tests import Row as TestRow
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import HOME
from resistpanel.core.vocabulary import GERMLINE_POLICIES
from resistpanel.inputs.assays import assay_options, padding, primers
from resistpanel.inputs.built_assay import notes as assay_notes
from resistpanel.inputs.check_assays import check_reference, check_stated
from resistpanel.inputs.checks import check_drugs, check_inputs
from resistpanel.inputs.config import COHORT, Settings, settings
from resistpanel.inputs.machine import check_writable
from resistpanel.inputs.object_storage import check_addresses
from resistpanel.inputs.other_callers import caller_vcfs, callers_of
from resistpanel.inputs.patient import ordered
from resistpanel.inputs.reads_shown import check_reads_shown, note_reads_shown
from resistpanel.inputs.resources import shards
from resistpanel.inputs.sheet import Row, check_rows, patients, read_sheet
from resistpanel.inputs.tests_given import check_tests, read_tests
from resistpanel.inputs.treatments import Treatment, read_treatments
from resistpanel.panel.adapt import Contigs, adapt_bed


@dataclasses.dataclass(frozen=True)
class Plan:
    """Patients, samples and input paths of a run.

    Attributes
    ----------
    settings : Settings
        `samples`, `reference` and `targets` are given, also where `simulate` is to make them.
    patients : dict of str to list of Row
        Rows of each patient: the normal first, then the tumours in the order of treatment.
    sources : list of Path
        Files that a simulation is made from, the patient's own first.
    treatments : dict of str to list of Treatment
        By patient, where there is a table of them.
    other_tests : dict of str to list of Row
        Results of other tests by patient, where there is a table of them.
    """

    settings: Settings
    patients: dict[str, list[Row]]
    sources: list[Path] = dataclasses.field(default_factory=list)
    treatments: dict[str, list[Treatment]] = dataclasses.field(default_factory=dict)
    other_tests: dict[str, list[TestRow]] = dataclasses.field(default_factory=dict)

    @property
    def stored(self) -> bool:
        """Whether results are written to a store: where DuckDB is installed."""
        return importlib.util.find_spec("duckdb") is not None

    @property
    def samples(self) -> list[str]:
        """Names of all samples."""
        return [row.sample for rows in self.patients.values() for row in rows]

    def test_files(self, patient: str) -> list[Path]:
        """Return the VCFs and MAFs of other tests of a patient."""
        return [row.file for row in self.other_tests.get(patient, ()) if row.file]

    def bams(self, patient: str, role: str | None = None) -> list[str]:
        """Return the BAMs of a patient, or those of a role."""
        rows = [row for row in self.patients[patient] if role in (None, row.role)]
        return [str(self.bam(row)) for row in rows]

    def tumor_bams(self, patient: str) -> list[str]:
        """Return the BAMs of a patient's tumour and plasma samples, in the order of treatment."""
        return [str(self.bam(row)) for row in self.patients[patient] if row.tumor]

    def bam(self, row: Row) -> Path:
        """Return a sample's BAM; one that the workflow makes by the name that its rule gives it."""
        return row.bam if row.given else self.settings.stage("align") / f"{row.sample}.bam"

    @property
    def aligned(self) -> dict[str, Row]:
        """Rows of the samples that are given as FASTQ, by sample."""
        rows = (row for members in self.patients.values() for row in members)
        return {row.sample: row for row in rows if row.fastq1}

    @property
    def fetched(self) -> dict[str, Row]:
        """Rows of the samples whose BAM is in object storage, by sample."""
        rows = (row for members in self.patients.values() for row in members)
        return {row.sample: row for row in rows if row.url}

    def assay(self, patient: str) -> list[tuple[str, str]]:
        """Return the arguments that say what a patient's reads are, see `flags`."""
        return assay_options(self.settings, self.patients[patient])

    def padding(self, patient: str) -> int | str:
        """Return the padding of a patient's targets."""
        return padding(self.settings, self.patients[patient])

    def germline(self, patient: str) -> str:
        """Return what becomes of a patient's inherited variants: the sheet's, or the default."""
        given = (row.germline for row in self.patients[patient] if row.germline)
        return next(given, self.settings.germline_policy)

    def withheld(self, patient: str) -> list[tuple[str, Any]]:
        """Return the arguments that withhold a patient's inherited variants, see `flags`."""
        policy = self.germline(patient)
        if policy == GERMLINE_POLICIES[0]:
            return []
        return [
            ("--germline", policy),
            ("--germline-genes", self.settings.germline_genes),
            ("--catalog", self.settings.catalog),
        ]

    def shows_reads(self, patient: str) -> bool:
        """Return whether reads of a patient may be written beside the page."""
        return self.germline(patient) == GERMLINE_POLICIES[0]

    def sliced(self) -> list[str]:
        """Return the patients whose reads around the findings are written as BAMs."""
        return [name for name in self.patients if self.settings.slices and self.shows_reads(name)]

    def published(self) -> list[str]:
        """Return the results that are copied to object storage, relative to the output folder."""
        if not self.settings.publish:
            return []
        suffixes = ("html", "json", "tsv", "maf", "vcf.gz", "vcf.gz.tbi")
        names = [f"report/{name}.{suffix}" for name in self.patients for suffix in suffixes]
        return [*names, "report/cohort.html", "report/cohort.tsv"]

    def in_igv(self) -> list[str]:
        """Return the patients who get an IGV page."""
        return [name for name in self.patients if self.settings.igv and self.shows_reads(name)]

    def primers(self, patient: str) -> list[str]:
        """Return the BEDs of primers that a patient's calls read."""
        return primers(self.settings, self.patients[patient])

    def fastq(self, sample: str) -> list[tuple[str, Path]]:
        """Return the arguments that name a sample's FASTQ, see `flags`."""
        row = self.aligned[sample]
        return [
            *(("--fastq1", path) for path in row.fastq1),
            *(("--fastq2", path) for path in row.fastq2),
        ]

    def shards(self, patient: str) -> int:
        """Return how many jobs read a patient's targets side by side.

        It follows from what the user gave, not from what the workflow makes of it: the number must
        be the same before and after.
        """
        if self.settings.scatter != "auto":
            return int(self.settings.scatter)
        if self.settings.simulate:
            return 1
        rows = self.patients[patient]
        given = ((*row.fastq1, *row.fastq2) or (row.bam,) for row in rows if not row.url)
        return shards(path for paths in given for path in paths)

    @property
    def extra(self) -> str:
        """Further arguments of the caller, quoted for the shell."""
        return shlex.join(shlex.split(self.settings.call_extra))

    @property
    def compared(self) -> bool:
        """Whether other callers are run as well."""
        return bool(self.settings.callers or self.settings.callers_vcf)

    def callers(self, patient: str) -> list[str]:
        """Return the other callers to run on a patient."""
        return callers_of(self.settings, self.patients[patient])

    def caller_vcfs(self, patient: str) -> list[tuple[str, Path]]:
        """Return (name, VCF) of callers that the user ran."""
        return caller_vcfs(self.settings, patient, self.patients[patient])

    def pool(self, patient: str) -> list[tuple[Path, str]]:
        """Return (qc JSON, sample) of the further normals that a patient is compared with."""
        if self.settings.pool != COHORT:
            return list(self.settings.pool)
        return [
            (self.settings.outdir / "qc" / f"{name}.json", row.sample)
            for name, rows in self.patients.items()
            for row in rows
            if name != patient and row.role == "normal"
        ]


def simulated_rows(patient: Mapping[str, Any], where: Path) -> list[Row]:
    """Return the rows of the sheet that ``resistpanel simulate`` will write.

    Parameters
    ----------
    patient : mapping
        The patient's file as `resistpanel.inputs.simulated_patient.load_patient` returns it.
    where : Path
        The file, for messages.

    Returns
    -------
    list of Row
        BAMs named relative to the folder of the simulation.
    """
    return [
        Row(
            patient=patient["patient"],
            sample=sample["sample"],
            role=sample["role"],
            bam=Path(f"{sample['sample']}.bam"),
            timepoint=sample.get("timepoint") or None,
            day=sample.get("day"),
            lesion=sample.get("lesion") or None,
            drugs=tuple(sample.get("drugs", ())),
            where=f"{where} (sample '{sample['sample']}')",
        )
        for sample in patient["samples"]
    ]


def simulation_sources(patient: Mapping[str, Any], path: Path) -> list[Path]:
    """Return the files that a simulated patient depends on, as far as they exist.

    Named relative to the patient's file, else to the project's root.
    """
    panel = Path(patient["panel"])
    build = patient.get("build", "hg19")
    names = [panel / f"{build}.bed", panel / f"{build}.gff3"]
    if codons := patient.get("genome", {}).get("codons"):
        names.append(Path(codons))
    places = [[folder / name for folder in (path.parent, HOME)] for name in names]
    found = (next((place for place in both if place.is_file()), None) for both in places)
    return [path, *(place for place in found if place)]


def with_private(made: Settings, rows: Iterable[Row]) -> Settings:
    """Return settings with a folder beside `outdir` for working files that are not handed out.

    Where inherited variants of any patient are withheld, files that hold them are kept out of the
    results: `resistpanel.inputs.config.PRIVATE`.
    """
    keep = GERMLINE_POLICIES[0]
    if all((row.germline or made.germline_policy) == keep for row in rows):
        return made
    return dataclasses.replace(made, private=made.outdir.with_name(f"{made.outdir.name}.private"))


def _simulated_plan(made: Settings, load: Callable[[Path], Mapping[str, Any]]) -> Plan:
    path = made.simulate.patient
    patient = load(path)
    rows = simulated_rows(patient, path)
    errors = [*check_rows(rows, str(path)), *check_drugs(rows, made.catalog, made.drugs)]
    if patient.get("build", made.build) != made.build:
        errors.append(
            InputError(
                f"the simulated patient is of build {patient['build']} ({path}), not {made.build}",
                made.place("build"),
                f"set 'build: {patient['build']}'",
            )
        )
    errors += check_reads_shown(made, rows)
    if errors:
        raise InputErrors(errors)
    made = with_private(made, rows)
    folder = made.stage("simulate") / rows[0].patient
    rows = [dataclasses.replace(row, bam=folder / row.bam) for row in rows]
    made = dataclasses.replace(
        made,
        samples=folder / "samples.tsv",
        reference=folder / "genome.fa.gz",
        targets=folder / "targets.bed",
    )
    return Plan(
        made, _ordered(rows), simulation_sources(patient, path),
        other_tests=read_tests(made.other_tests, rows),
    )  # fmt: skip


def make_plan(
    config: Mapping[str, Any],
    load: Callable[[Path], Mapping[str, Any]],
    headers: bool = True,
    where: str = "config.yaml",
) -> tuple[Plan, list[str]]:
    """Check a configuration and the sheet it names.

    Parameters
    ----------
    config : mapping
        The configuration.
    load : callable
        Reads a simulated patient's file; passed in, since no stage imports the simulation.
    headers : bool
        Whether to check reference, panel and every BAM too (not for simulated input, which does
        not exist yet).
    where : str
        Name of the configuration, for messages.

    Returns
    -------
    Plan
    list of str
        Notes for the user.

    Raises
    ------
    InputError
        One line for each problem.
    """
    made = settings(config, where)
    unwritable = list(check_writable(made.outdir)) if headers else []
    if made.simulate:
        if unwritable:
            raise InputErrors(unwritable)
        return _simulated_plan(made, load), []
    check_extra(made)
    rows = read_sheet(made.samples, made.outdir / "align")
    treatments = read_treatments(made.treatments, rows)
    tests = read_tests(made.other_tests, rows)
    made = with_private(made, rows)
    strange = [
        *check_names(made, rows), *check_stated(made, rows), *check_reads_shown(made, rows),
        *check_addresses(rows, made.publish, made.place("publish")),
    ]  # fmt: skip
    if strange:
        raise InputErrors(strange)
    notes = []
    if headers:
        findings = check_inputs(made, rows, treatments=treatments)
        check_tests(tests, made, rows, findings)
        if findings.errors or unwritable:
            raise InputErrors([*unwritable, *findings.errors])
        if made.built:
            targets, _ = adapt_bed(made.targets, Contigs(made.reference))
            if other := list(check_reference(made, targets)):
                raise InputErrors(other)
        notes = [
            *findings.notes, *assay_notes(made.built), *note_reads_shown(made, rows),
        ]  # fmt: skip
    return Plan(made, _ordered(rows), treatments=treatments, other_tests=tests), notes


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message)


def check_extra(made: Settings) -> None:
    """Raise InputError for arguments in ``call.extra`` that the caller does not have.

    Those that the workflow itself gives are refused too: another output, say, would leave the
    workflow's own unmade.
    """
    from resistpanel.call.command import register

    parser = _Parser(add_help=False, allow_abbrev=False)
    register(parser)
    needed = ["--reference", "r", "--targets", "t", "--output", "o"]
    own = ("reference", "targets", "output", "normal", "tumor", "sites", "pon", "germline",
           "build_pon", "shard", "evidence", "gather", "threads", "assay_folder")  # fmt: skip
    try:
        usual = parser.parse_args(needed)
        given = parser.parse_args([*needed, *shlex.split(made.call_extra)])
        for name in own:
            if getattr(given, name) != getattr(usual, name):
                raise InputError(f"--{name.replace('_', '-')} is the workflow's to give")
    except (InputError, ValueError) as error:
        raise InputError(
            f"no arguments of `resistpanel call`: {error}",
            made.place("call.extra"),
            "see `resistpanel call --help`",
        ) from None


def check_names(made: Settings, rows: list[Row]) -> Iterator[InputError]:
    """Yield the paths that Snakemake cannot hold: ``{x}`` is a wildcard to it.

    Blanks, quotes and whatever else a shell would act on are no hindrance.
    """
    keys = ("samples", "reference", "targets", "genes", "catalog", "knowledge", "outdir")
    named = [(getattr(made, key), made.place(key)) for key in keys]
    named += [(made.pon, made.place("call.pon")), (made.germline, made.place("call.germline"))]
    named += [(made.treatments, made.place("treatments"))]
    named += [(made.other_tests, made.place("other_tests"))]
    named += [(made.store, made.place("store"))]
    named += [(made.igv_js, made.place("report.igv_js"))]
    named += [(made.assay_folder, made.place("assay.folder"))]
    named += [(made.table1, made.place("report.table1")), (Path.cwd(), "working folder")]
    pool = () if made.pool == COHORT else made.pool
    named += [(path, made.place("pool")) for path, _ in pool]
    named += [(path, made.place("multiqc.scan")) for path in made.multiqc]
    named += [
        (path, made.place(f"callers_vcf.{name}"))
        for patient, members in patients(rows).items()
        for name, path in caller_vcfs(made, patient, members)
    ]
    named += [(Path(p), made.place("assay.primers")) for p in primers(made, rows)]
    for row in rows:
        named.append((row.url or row.bam, row.place("bam")))
        named += [(path, row.place("fastq1")) for path in row.fastq1]
        named += [(path, row.place("fastq2")) for path in row.fastq2]
    for path, place in named:
        if path is not None and set(str(path)) & set("{}\n\r"):
            yield InputError(
                f"{str(path)!r} has braces or a line end in its name",
                place,
                "rename it, or a folder above it, or link it under another name",
            )


def _ordered(rows: list[Row]) -> dict[str, list[Row]]:
    return {name: ordered(members) for name, members in patients(rows).items()}


def plan_or_exit(*args: Any, **kwargs: Any) -> Plan:
    """Return a plan, or print one line for each problem and exit with status 2.

    For the Snakefile: an exception there would be shown with a traceback of its own.
    """
    try:
        plan, notes = make_plan(*args, **kwargs)
    except InputError as error:
        for line in error.lines():
            print(f"resistpanel: error: {line}", file=sys.stderr)
        sys.exit(2)
    for note in notes:
        print(f"resistpanel: note: {note}", file=sys.stderr)
    return plan


def put_on_path() -> None:
    """Make the shell of every job find this installation's ``resistpanel``.

    ``.venv/bin/snakemake`` works so without activating the environment.
    """
    folder = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "").split(os.pathsep)
    if path[0] != folder:
        os.environ["PATH"] = os.pathsep.join([folder, *path])
    # Nor may a job import a module of the working folder in the place of a library's.
    os.environ["PYTHONSAFEPATH"] = "1"
    if "PYTHONPATH" in os.environ:
        os.environ["PYTHONPATH"] = os.pathsep.join(absolute_paths(os.environ["PYTHONPATH"]))


def absolute_paths(path: str) -> list[str]:
    """Return the absolute folders of a PYTHONPATH: an empty part means the working folder."""
    return [part for part in path.split(os.pathsep) if Path(part).is_absolute()]


def flags(pairs: Iterable[tuple[str, Any]]) -> str:
    """Return command-line arguments, quoted for the shell; those whose value is None are left out.

    A tuple stands for several values of one argument.

    Examples
    --------
    >>> flags([("--tumor", "a b.bam"), ("--pon", None)])
    "--tumor 'a b.bam'"
    """
    return " ".join(
        shlex.join([name, *map(str, value if isinstance(value, tuple) else [value])])
        for name, value in pairs
        if value is not None
    )
