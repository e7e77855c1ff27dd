"""The sample sheet: a TSV with one row per sample."""

import dataclasses
import functools
import math
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from resistpanel.core.errors import InputError, InputErrors, did_you_mean, nearest
from resistpanel.core.files import SCHEMAS, check_readable
from resistpanel.core.tables import parse_table, rows_of
from resistpanel.core.vocabulary import GERMLINE_POLICIES, TUMOR_ROLES
from resistpanel.inputs.inputs_constants import MOST_PADDING
from resistpanel.inputs.object_storage import is_address, malformed
from resistpanel.qc.assay_given import choice

#: Cells that mean "not given".
EMPTY = {"", ".", "-", "na", "n/a", "none", "null"}
#: Characters of a name of patient or sample: file names of 255 hold it with what is added.
LONGEST = 100
#: Names that the results have beside those of patients.
RESERVED = {"cohort", "cbioportal", "outdated"}
#: Columns of free text, which go into tables that spreadsheets open.
TEXT = ("timepoint", "lesion", "drugs", "disease")
#: Required columns whose cells must not be empty.
FILLED = ("patient", "sample", "role", "bam")
#: Columns by the names that other sheets have for them.
CALLED = {
    "patient": ("case", "donor", "individual", "patientid", "subject", "subjectid"),
    "sample": ("id", "name", "sampleid", "samplename", "sm"),
    "role": ("class", "kind", "sampletype", "status", "tissuetype", "tumornormal", "type"),
    "timepoint": ("phase", "time", "visit", "when"),
    "day": ("date", "days"),
    "lesion": ("anatomicsite", "location", "organ", "region", "site", "tissue"),
    "drugs": ("medication", "regimen", "therapies", "therapy", "treatment", "treatments"),
    "bam": ("alignment", "bamfile", "bampath", "cram", "file", "filename", "filepath", "path"),
    "fastq1": ("fq1", "r1", "read1"),
    "fastq2": ("fq2", "r2", "read2"),
    "disease": ("cancer", "cancertype", "diagnosis", "tumortype", "tumourtype"),
    "sex": ("gender",),
    "purity": ("cellularity", "tumorcontent", "tumourcontent"),
}
#: Columns of the assay, if it is to be set.
ASSAY = ("library", "reads", "umi", "primers")
#: Cells that mean something in a column, though they mean nothing elsewhere.
MEANT = {("umi", "none")}
#: Columns of reads that are not aligned yet; of several lanes, separated by `;`.
FASTQ = ("fastq1", "fastq2")
#: Columns whose cells are paths.
PATHS = ("bam", *FASTQ, "primers")


@functools.cache
def schema() -> dict:
    """Return the schema of a row."""
    return yaml.safe_load((SCHEMAS / "samples.schema.yaml").read_text(encoding="utf-8"))


@dataclasses.dataclass(frozen=True)
class Row:
    """One sample, as the sheet gives it.

    Attributes
    ----------
    patient, sample : str
    role : str
        ``normal``, ``tumor`` or ``plasma``.
    timepoint, lesion, sex, disease : str or None
    day : float or None
    drugs : tuple of str
        As typed: what the patient had between the previous time point and this one.
    bam : Path
        Absolute; of a sample given as FASTQ, where its BAM will be.
    purity : float or None
        0 to 1.
    ng : float or None
        DNA that went into the library, in nanograms.
    where : str
        File and line, for messages.
    fastq1, fastq2 : tuple of Path
        Reads that are to be aligned, a file per lane; `fastq2` empty for single reads.
    assay : tuple of (key, value)
        What the sheet says of the sample's assay, see `resistpanel.qc.assay_given`.
    url : str or None
        Address of the BAM in object storage; `bam` is then where the workflow keeps its copy.
    padding : int or None
        Bases added on either side of the targets for the patient's calls.
    germline : str or None
        What becomes of the patient's inherited variants; None: as the configuration says.
    """

    patient: str
    sample: str
    role: str
    bam: Path
    timepoint: str | None = None
    day: float | None = None
    lesion: str | None = None
    drugs: tuple[str, ...] = ()
    sex: str | None = None
    purity: float | None = None
    disease: str | None = None
    where: str = ""
    fastq1: tuple[Path, ...] = ()
    fastq2: tuple[Path, ...] = ()
    assay: tuple[tuple[str, str], ...] = ()
    padding: int | None = None
    germline: str | None = None
    ng: float | None = None
    url: str | None = None

    @property
    def given(self) -> bool:
        """Whether the BAM is a file of the user's: neither made of FASTQ nor fetched."""
        return not self.fastq1 and self.url is None

    @property
    def tumor(self) -> bool:
        """Whether the sample is of a tumour or of plasma."""
        return self.role in TUMOR_ROLES

    def place(self, column: str) -> str:
        """Return how messages name a cell."""
        return f"{self.where} (column '{column}')"


def read_sheet(path: str | Path, aligned: str | Path = "align") -> list[Row]:
    """Read and check a sample sheet.

    Parameters
    ----------
    path : path
        Tab-separated, one header line; lines that start with ``#`` and empty lines are skipped.
    aligned : path
        Folder in which the BAMs of samples given as FASTQ are, or will be.

    Raises
    ------
    InputError
        One line for each problem: file missing or empty, column missing, unknown or misspelt,
        bad cell, duplicate sample or BAM, patient with two normals or without tumour, time
        points that cannot be ordered.
    """
    rows, errors = read_rows(path, aligned)
    if errors:
        raise InputErrors(errors)
    return rows


def read_rows(path: Path, aligned: Path = Path("align")) -> tuple[list[Row], list[InputError]]:
    """Return the sound rows of a sheet, and everything that is wrong with it.

    As `read_sheet`, for checks that go on with the samples that can be read.
    """
    path = Path(path)
    try:
        text = _text(path)
    except InputError as error:
        return [], [error]
    errors = list(_header_problems(text, path))
    if errors:
        return [], errors
    rows, sound = [], []
    table = list(rows_of(parse_table(text, str(path), errors), str(path)))
    ragged = bool(errors)
    if exchanged := _exchanged([fields for _, fields in table], path):
        return [], [*errors, exchanged]
    for where, fields in table:
        cells = {
            column: None
            if cell.casefold() in EMPTY and (column, cell.casefold()) not in MEANT
            else cell
            for column, cell in fields.items()
        }
        row, found = _row(cells, where, path.parent, Path(aligned))
        errors.extend(found)
        rows.append(row)
        sound += [] if found else [row]
    if not rows and not errors:
        errors.append(InputError("no sample below the header", str(path), "add a row per BAM"))
    errors.extend(check_rows(rows, str(path), complete=not ragged))
    return sound, errors


def looked_in(path: Path) -> str:
    """Return in which folder a relative path was looked for, nothing for an absolute one."""
    return "" if path.is_absolute() else f" in {Path.cwd()}"


def _text(path: Path) -> str:
    """Return the sheet's text."""
    check_readable(path)
    plain = "save the sheet as tab-separated text (UTF-8)"
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "\0" in text:
            raise InputError("not plain text", str(path), plain)
        return text
    except FileNotFoundError:
        raise InputError(
            f"no such sample sheet{looked_in(path)}",
            str(path),
            "correct 'samples' in the configuration, or write the sheet (docs/sheet.md); paths are "
            "relative to the folder of the study, see `resistpanel check FOLDER`",
        ) from None
    except UnicodeDecodeError:
        raise InputError("not plain text", str(path), plain) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from None


def _header_problems(text: str, path: Path) -> Iterator[InputError]:
    lines = enumerate(text.splitlines(), 1)
    kept = ((n, line) for n, line in lines if line.strip() and not line.startswith("#"))
    number, line = next(kept, (0, ""))
    if not line:
        yield InputError("the sample sheet is empty", str(path), "see docs/sheet.md")
        return
    header, where = [name.strip() for name in line.split("\t")], f"{path}:{number}"
    known = list(schema()["properties"])
    required = schema()["required"]
    if len(header) == 1 and re.search(r"[,; ]", header[0]):
        yield InputError(
            "one column only", where, "the sheet must be separated by tabs, not commas or blanks"
        )
        return
    if not set(header) & set(known):
        if {name.casefold() for name in header} & set(known):
            columns = " ".join(name for name in header if name.casefold() in known)
            yield InputError("the names of the columns are not in lower case", where,
                             f"write them so: {columns.casefold()}")  # fmt: skip
            return
        columns = "<tab>".join(required)
        yield InputError("no line with the names of the columns", where, f"put above it: {columns}")
        return
    blank = [n for n, name in enumerate(header, 1) if not name]
    if blank:
        last = blank == list(range(len(header) - len(blank) + 1, len(header) + 1))
        which = "at the end of the line" if last else f"(column {blank[0]})"
        yield InputError(f"a tab too many {which}: a column without a name", where,
                         "remove the tab from every line, or name the column")  # fmt: skip
        header = [name for name in header if name]
    missing = [name for name in required if name not in header]
    if "fastq1" in header and "bam" in missing:
        missing.remove("bam")  # a sheet of FASTQ alone
    unknown = [name for name in header if name not in known]
    free = [name for name in known if name not in header]
    meant = {name: _meant(name, missing) or _meant(name, free) for name in unknown}
    for name in unknown:
        cure = f"known columns: {' '.join(known)}"
        if meant[name]:
            cure = f"did you mean '{meant[name]}'?"
        elif missing:
            cure = "rename it if it is one of those that are missing, else remove it"
        yield InputError(f"unknown column '{name}'", where, cure)
    for name in missing:
        # A misspelt column is reported once, as unknown with the right name beside it.
        if name not in meant.values():
            other = ", or rename the column that has it" if unknown else ""
            cure = "add it" if name in FILLED else "add it; its cells may be empty"
            yield InputError(f"missing column '{name}'", where, f"{cure}{other}")
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield InputError(f"column '{name}' is given twice", where, "remove one")


def _meant(name: str, columns: Sequence[str]) -> str | None:
    """Return the column among `columns` that a header's name stands for, or None."""
    plain = re.sub("[^a-z0-9]", "", name.casefold())
    other = (column for column in columns if plain in CALLED.get(column, ()))
    return next(other, None) or nearest(name, columns)


def _exchanged(table: Sequence[dict[str, str]], path: Path) -> InputError | None:
    """Return the error of a sheet whose roles are in another column, or None."""
    roles = {*schema()["properties"]["role"]["enum"], "tumour"}
    columns = {
        name: [fields[name].casefold() in roles for fields in table]
        for name in (table[0] if table else ())
        if name in schema()["required"]
    }
    if any(columns.get("role", [True])):
        return None
    other = next((name for name, cells in columns.items() if all(cells)), None)
    if other is None:
        return None
    return InputError(
        f"column 'role' has no role, and column '{other}' has nothing else",
        str(path),
        f"exchange the names 'role' and '{other}' in the header line",
    )


def _strange(value: str, column: str) -> str | None:
    """Return why a cell's text must not go into tables and terminals, or None."""
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in value):
        return f"{value!r} has control characters"
    if column in TEXT and value[0] in "=+-@":
        return f"'{value}' would be a formula in a spreadsheet"
    return None


def number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


class _Cells:
    """The cells of a row, and what is wrong with them.

    Parameters
    ----------
    cells : dict of str to str or None
    where : str
        File and line.

    Attributes
    ----------
    errors : list of InputError
    """

    def __init__(self, cells: dict[str, str | None], where: str) -> None:
        self.cells, self.where = cells, where
        self.errors: list[InputError] = []
        self.rules = schema()["properties"]

    def problem(self, column: str, what: str, cure: str = "") -> None:
        """Add an error."""
        self.errors.append(InputError(what, f"{self.where} (column '{column}')", cure))

    def check_name(self, column: str) -> None:
        """Check a patient's or sample's name, which file names are made of."""
        value = self.cells[column]
        if value is None:
            self.problem(column, "the cell is empty", f"give every row a {column}")
        elif len(value) > LONGEST:
            self.problem(column, f"a name of {len(value)} characters", f"use at most {LONGEST}")
        elif column == "patient" and value.casefold() in RESERVED:
            self.problem(column, f"'{value}' is the name of a file of the results", "use another")
        elif not re.fullmatch(self.rules[column]["pattern"], value):
            cure = "use letters, digits, '.', '_' and '-', beginning with a letter or digit"
            if column == "sample":
                cure += "; it must equal the SM tag of the BAM's read groups (docs/faq.md)"
            self.problem(column, f"'{value}' is not safe in file names", cure)

    def check_text(self) -> None:
        """Check all cells for characters that no page or table should hold."""
        for column, value in self.cells.items():
            if value and (strange := _strange(value, column)):
                self.problem(column, strange, "write it as plain text")

    def check_home(self, folder: Path) -> None:
        """Check that no path begins with ``~``, which only a shell expands."""
        for column in PATHS:
            for value in _parts(self.cells.get(column)):
                if value.startswith("~") and not (folder / value).exists():
                    full = os.path.expanduser(value)  # noqa: PTH111 (an unknown user stays)
                    what = f"'{value}': ~ is not expanded in the sheet"
                    self.problem(column, what, f"write the whole path: {full}")

    def role(self) -> str:
        """Return normal or tumor."""
        role = (self.cells["role"] or "").casefold()
        role = "tumor" if role == "tumour" else role
        if role not in self.rules["role"]["enum"]:
            cure = did_you_mean(role, self.rules["role"]["enum"]) or "use normal, tumor or plasma"
            self.problem("role", f"unknown role '{self.cells['role'] or ''}'", cure)
        return role

    def sex(self) -> str | None:
        """Return female, male or None."""
        given = self.cells.get("sex")
        if given is None:
            return None
        sex = given.casefold()
        sex = {"f": "female", "xx": "female", "m": "male", "xy": "male"}.get(sex, sex)
        if sex not in ("female", "male"):
            self.problem("sex", f"unknown sex '{given}'", "use female or male, or leave it empty")
        return sex

    def germline(self) -> str | None:
        """Return the policy on inherited variants."""
        given = self.cells.get("germline")
        if given is None:
            return None
        if given.casefold() not in GERMLINE_POLICIES:
            cure = did_you_mean(given, GERMLINE_POLICIES)
            cure = cure or f"use {', '.join(GERMLINE_POLICIES)}, or leave it empty"
            self.problem("germline", f"unknown policy '{given}'", cure)
        return given.casefold()

    def day(self) -> float | None:
        """Return the day."""
        day = number(self.cells["day"])
        if self.cells["day"] is not None and day is None:
            what = f"'{self.cells['day']}' is not a number"
            self.problem("day", what, "give the day as a number, e.g. 90")
        return day

    def purity(self) -> float | None:
        """Return the purity."""
        given = self.cells.get("purity")
        purity = number(given)
        if given is not None and (purity is None or not 0 < purity <= 1):
            what = f"'{given}' is not a fraction"
            self.problem("purity", what, "give it above 0 and up to 1, e.g. 0.6")
        return purity

    def ng(self) -> float | None:
        """Return the nanograms of DNA."""
        given = self.cells.get("ng")
        amount = number(given)
        if given is not None and (amount is None or amount <= 0):
            what = f"'{given}' is not an amount of DNA"
            self.problem("ng", what, "give nanograms above 0, e.g. 20")
        return amount

    def assay(self, folder: Path) -> tuple[tuple[str, str], ...]:
        """Return what is said of the assay; paths are taken from the sheet's folder."""
        found = []
        for column in ASSAY:
            value = self.cells.get(column)
            if value is None:
                continue
            if column == "primers":
                home = value.startswith("~")  # which `check_home` reports
                value = str((folder / value).absolute())
                if not home and not Path(value).is_file():
                    self.problem(column, f"no such file: {value}", "correct the path")
            else:
                try:
                    value = choice(column, value, f"{self.where} (column '{column}')")
                except InputError as error:
                    self.errors.append(error)
            found.append((column, value))
        return tuple(found)

    def padding(self) -> int | None:
        """Return the padding."""
        given = self.cells.get("padding")
        padding = number(given)
        if given is not None and not (isinstance(padding, int) and 0 <= padding <= MOST_PADDING):
            self.problem(
                "padding", f"'{given}' is not a number of bases", f"give 0 to {MOST_PADDING}"
            )
            return None
        return padding

    def fastq(self, folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Return the FASTQ of read 1 and of read 2; check that they or a BAM are given."""
        first, second = (
            tuple((folder / part).absolute() for part in _parts(self.cells.get(name)))
            for name in FASTQ
        )
        bam = self.cells.get("bam")
        if bam is None and not first:
            column = "fastq1" if second else "bam"
            self.problem(column, "the cell is empty", "give the path of the BAM, or FASTQ")
        elif bam is not None and (first or second):
            self.problem("fastq1", "the row has a BAM, too", "give the BAM or the FASTQ, not both")
        elif second and len(first) != len(second):
            self.problem(
                "fastq2",
                f"{len(second)} files where fastq1 has {len(first)}",
                "give one per lane in each, in the same order, separated by ';'",
            )
        return first, second


def _parts(cell: str | None) -> list[str]:
    """Return the entries of a cell that are separated by ``;``."""
    return [part.strip() for part in (cell or "").split(";") if part.strip()]


def _row(
    cells: dict[str, str | None], where: str, folder: Path, aligned: Path
) -> tuple[Row, list[InputError]]:
    """Return a row and what is wrong with its cells."""
    given = _Cells(cells, where)
    for column in ("patient", "sample"):
        given.check_name(column)
    given.check_text()
    role, sex, day, purity = given.role(), given.sex(), given.day(), given.purity()
    given.check_home(folder)
    fastq1, fastq2 = given.fastq(folder)
    url = cells.get("bam") if is_address(cells.get("bam")) else None
    if url and (found := malformed(url)):
        given.problem("bam", *found)
    made = aligned / f"{cells['sample']}.bam"
    bam = made if fastq1 or url else folder / (cells.get("bam") or "")
    timepoint = cells["timepoint"]
    if timepoint is not None and timepoint.casefold() in ("pre", "post"):
        timepoint = timepoint.casefold()
    row = Row(
        patient=cells["patient"] or "",
        sample=cells["sample"] or "",
        role=role,
        bam=bam.absolute(),
        url=url,
        fastq1=fastq1,
        fastq2=fastq2,
        timepoint=timepoint,
        day=day,
        lesion=cells["lesion"],
        drugs=tuple(_parts(cells["drugs"])),
        sex=sex,
        purity=purity,
        disease=cells.get("disease"),
        where=where,
        assay=given.assay(folder),
        padding=given.padding(),
        germline=given.germline(),
        ng=given.ng(),
    )
    return row, given.errors


def patients(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each patient, patients in the order of the sheet."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.patient, []).append(row)
    return found


def cells(rows: Sequence) -> list[dict[str, str]]:
    """Return what rows say, for comparison; where they are in their table does not matter."""
    values = map(dataclasses.asdict, rows)
    return [{key: str(cell) for key, cell in row.items() if key != "where"} for row in values]


def _check_case(rows: list[Row]) -> Iterator[InputError]:
    """Yield names that differ in case alone: one file name on some file systems."""
    for column in ("patient", "sample"):
        seen: dict[str, str] = {}
        for row in rows:
            name = getattr(row, column)
            first = seen.setdefault(name.casefold(), name)
            if first != name:
                seen[name.casefold()] = name
                yield InputError(
                    f"'{name}' and '{first}' differ in case alone",
                    row.place(column),
                    "their results would be one file on macOS; name one otherwise",
                )


def check_rows(rows: list[Row], where: str, complete: bool = True) -> Iterator[InputError]:
    """Yield what is wrong between rows; `where` names the sheet.

    Where rows are not `complete`, as one could not be read, nothing is said to be missing.
    """
    yield from _check_case(rows)
    samples: dict[str, Row] = {}
    bams: dict[Path | str, Row] = {}
    for row in rows:
        first = samples.setdefault(row.sample, row)
        if first is not row and row.sample:
            yield InputError(
                f"duplicate sample '{row.sample}', first at line {first.where.rsplit(':')[-1]}",
                row.place("sample"),
                "sample names must be unique",
            )
        first = bams.setdefault(row.url or row.bam, row)
        if first is not row and row.bam.name and first.sample != row.sample:
            yield InputError(
                f"the BAM of sample '{row.sample}' is that of sample '{first.sample}' too",
                row.place("bam"),
                "every sample needs a separate BAM",
            )
    yield from _check_fastq(rows)
    for patient, members in patients(rows).items():
        if patient:
            yield from _check_patient(patient, members, where, complete)


def _check_fastq(rows: list[Row]) -> Iterator[InputError]:
    """Yield FASTQ files that are given more than once."""
    given: dict[Path, Row] = {}
    for row in rows:
        for column in FASTQ:
            for path in getattr(row, column):
                first = given.setdefault(path, row)
                if first is not row:
                    what = f"of sample '{row.sample}' is one of sample '{first.sample}' too"
                elif (row.fastq1 + row.fastq2).count(path) > 1 and column == "fastq1":
                    what = "is given twice in the row"
                else:
                    continue
                yield InputError(
                    f"the FASTQ {path.name} {what}", row.place(column), "correct the paths"
                )


def _check_patient(
    patient: str, rows: list[Row], where: str, complete: bool
) -> Iterator[InputError]:
    normals = [row for row in rows if row.role == "normal"]
    tumors = [row for row in rows if row.tumor]
    if len(normals) > 1:
        yield InputError(
            f"patient '{patient}' has {len(normals)} normals "
            f"({', '.join(row.sample for row in normals)})",
            normals[1].place("role"),
            "keep one, or merge their BAMs under one SM",
        )
    if complete and not tumors and all(row.role == "normal" for row in rows):
        yield InputError(
            f"patient '{patient}' has no tumor", where, "add a row with role tumor, or remove it"
        )
    for column in ("sex", "disease", "padding", "germline"):
        given = {getattr(row, column) for row in rows} - {None}
        if len(given) > 1:
            yield InputError(
                f"patient '{patient}' has more than one {column}: "
                f"{', '.join(sorted(map(str, given)))}",
                rows[0].place(column),
                "give the same in every row",
            )
    yield from _check_order(patient, tumors)


def _check_order(patient: str, tumors: list[Row]) -> Iterator[InputError]:
    """Yield why a patient's time points cannot be put in order."""
    if len(tumors) < 2:
        return
    undated = [row for row in tumors if row.day is None]
    unnamed = [row for row in tumors if row.timepoint not in ("pre", "post")]
    if undated and unnamed:
        row = next((row for row in undated if row in unnamed), undated[0])
        label = row.timepoint if row in unnamed else None
        yield InputError(
            f"the time points of patient '{patient}' cannot be ordered"
            + (f" by the label '{label}'" if label else ""),
            row.place("timepoint" if label else "day"),
            "give every tumor a number in column day, or the timepoint pre or post",
        )
    before = [row for row in tumors if row.timepoint == "pre" and row.day is not None]
    after = [row for row in tumors if row.timepoint == "post" and row.day is not None]
    for row in after:
        later = [other for other in before if other.day >= row.day]
        if later:
            yield InputError(
                f"post-treatment sample '{row.sample}' (day {row.day}) is not later than "
                f"pre-treatment sample '{later[0].sample}' (day {later[0].day})",
                row.place("day"),
                "correct day or timepoint",
            )
