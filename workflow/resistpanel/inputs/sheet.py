"""The sample sheet: a TSV with one row per sample."""

import dataclasses
import functools
import math
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import yaml

from resistpanel.core.errors import InputError, InputErrors, did_you_mean, nearest
from resistpanel.core.files import SCHEMAS, check_readable
from resistpanel.core.tables import parse_table, rows_of

#: Cells that mean "not given".
EMPTY = {"", ".", "-", "na", "n/a", "none", "null"}
#: Characters of a name of patient or sample: file names of 255 hold it with what is added.
LONGEST = 100
#: Names that the results have beside those of patients.
RESERVED = {"cohort", "cbioportal", "outdated"}
#: Columns of free text, which go into tables that spreadsheets open.
TEXT = ("timepoint", "lesion", "drugs", "disease")
#: Columns of reads that are not aligned yet; of several lanes, separated by `;`.
FASTQ = ("fastq1", "fastq2")


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
        ``normal`` or ``tumor``.
    timepoint, lesion, sex, disease : str or None
    day : float or None
    drugs : tuple of str
        As typed: what the patient had between the previous time point and this one.
    bam : Path
        Absolute; of a sample given as FASTQ, where its BAM will be.
    purity : float or None
        0 to 1.
    where : str
        File and line, for messages.
    fastq1, fastq2 : tuple of Path
        Reads that are to be aligned, a file per lane; `fastq2` empty for single reads.
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
    path = Path(path)
    text = _text(path)
    errors = list(_header_problems(text, path))
    if errors:
        raise InputErrors(errors)
    rows = []
    for where, fields in rows_of(parse_table(text, str(path), errors), str(path)):
        cells = {
            column: None if cell.casefold() in EMPTY else cell for column, cell in fields.items()
        }
        row, found = _row(cells, where, path.parent, Path(aligned))
        errors.extend(found)
        rows.append(row)
    if not rows and not errors:
        errors.append(InputError("no sample below the header", str(path), "add a row per BAM"))
    errors.extend(check_rows(rows, str(path)))
    if errors:
        raise InputErrors(errors)
    return rows


def _text(path: Path) -> str:
    """Return the sheet's text."""
    check_readable(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(
            "no such sample sheet", str(path), "write one, see docs/sheet.md for its columns"
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            "not plain text", str(path), "save the sheet as tab-separated text (UTF-8)"
        ) from None
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
    missing = [name for name in required if name not in header]
    if "fastq1" in header and "bam" in missing:
        missing.remove("bam")  # a sheet of FASTQ alone
    unknown = [name for name in header if name not in known]
    misspelt = {name: nearest(name, missing) for name in unknown}
    for name in unknown:
        near = misspelt[name] or nearest(name, known)
        cure = f"did you mean '{near}'?" if near else f"known columns: {' '.join(known)}"
        yield InputError(f"unknown column '{name}'", where, cure)
    for name in missing:
        # A misspelt column is reported once, as unknown with the right name beside it.
        if name not in misspelt.values():
            yield InputError(
                f"missing column '{name}'", where, "add it; its cells may be empty where optional"
            )
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield InputError(f"column '{name}' is given twice", where, "remove one")


def _strange(value: str, column: str) -> str | None:
    """Return why a cell's text must not go into tables and terminals, or None."""
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in value):
        return f"{value!r} has control characters"
    if column in TEXT and value[0] in "=+-@":
        return f"'{value}' would be a formula in a spreadsheet"
    return None


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _row(
    cells: dict[str, str | None], where: str, folder: Path, aligned: Path
) -> tuple[Row, list[InputError]]:
    """Return a row and what is wrong with its cells."""
    errors = []

    def problem(column: str, what: str, cure: str = "") -> None:
        errors.append(InputError(what, f"{where} (column '{column}')", cure))

    rules = schema()["properties"]
    for column in ("patient", "sample"):
        value = cells[column]
        if value is None:
            problem(column, "the cell is empty", f"give every row a {column}")
        elif len(value) > LONGEST:
            problem(column, f"a name of {len(value)} characters", f"use at most {LONGEST}")
        elif column == "patient" and value.casefold() in RESERVED:
            problem(column, f"'{value}' is the name of a file of the results", "use another")
        elif not re.fullmatch(rules[column]["pattern"], value):
            problem(
                column,
                f"'{value}' is not safe in file names",
                "use letters, digits, '.', '_' and '-', beginning with a letter or digit"
                + (
                    "; the read groups' SM must be renamed too (samtools reheader)"
                    if column == "sample"
                    else ""
                ),
            )
    for column, value in cells.items():
        if value and (strange := _strange(value, column)):
            problem(column, strange, "write it as plain text")
    role = (cells["role"] or "").casefold()
    if role == "tumour":
        role = "tumor"
    if role not in rules["role"]["enum"]:
        cure = did_you_mean(role, rules["role"]["enum"]) or "use normal or tumor"
        problem("role", f"unknown role '{cells['role'] or ''}'", cure)
    sex = cells.get("sex")
    if sex is not None:
        sex = {"f": "female", "xx": "female", "m": "male", "xy": "male"}.get(
            sex.casefold(), sex.casefold()
        )
        if sex not in ("female", "male"):
            problem("sex", f"unknown sex '{cells['sex']}'", "use female or male, or leave it empty")
    day = _number(cells["day"])
    if cells["day"] is not None and day is None:
        problem("day", f"'{cells['day']}' is not a number", "give the day as a number, e.g. 90")
    purity = _number(cells.get("purity"))
    if cells.get("purity") is not None and (purity is None or not 0 < purity <= 1):
        problem(
            "purity",
            f"'{cells['purity']}' is not a fraction",
            "give it above 0 and up to 1, e.g. 0.6",
        )
    fastq1, fastq2 = (
        tuple((folder / part.strip()).absolute() for part in (cells.get(name) or "").split(";")
              if part.strip())
        for name in FASTQ
    )  # fmt: skip
    if cells.get("bam") is None and not fastq1:
        problem(
            "fastq1" if fastq2 else "bam", "the cell is empty", "give the path of the BAM, or FASTQ"
        )
    elif cells.get("bam") is not None and (fastq1 or fastq2):
        problem("fastq1", "the row has a BAM, too", "give the BAM or the FASTQ, not both")
    elif fastq2 and len(fastq1) != len(fastq2):
        problem(
            "fastq2",
            f"{len(fastq2)} files where fastq1 has {len(fastq1)}",
            "give one per lane in each, in the same order, separated by ';'",
        )
    timepoint = cells["timepoint"]
    if timepoint is not None and timepoint.casefold() in ("pre", "post"):
        timepoint = timepoint.casefold()
    drugs = tuple(part.strip() for part in (cells["drugs"] or "").split(";") if part.strip())
    row = Row(
        patient=cells["patient"] or "",
        sample=cells["sample"] or "",
        role=role,
        bam=(
            aligned / f"{cells['sample']}.bam" if fastq1 else folder / (cells.get("bam") or "")
        ).absolute(),
        fastq1=fastq1,
        fastq2=fastq2,
        timepoint=timepoint,
        day=day,
        lesion=cells["lesion"],
        drugs=drugs,
        sex=sex,
        purity=purity,
        disease=cells.get("disease"),
        where=where,
    )
    return row, errors


def patients(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each patient, patients in the order of the sheet."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.patient, []).append(row)
    return found


def check_rows(rows: list[Row], where: str) -> Iterator[InputError]:
    """Yield what is wrong between rows; `where` names the sheet."""
    samples: dict[str, Row] = {}
    bams: dict[Path, Row] = {}
    for row in rows:
        first = samples.setdefault(row.sample, row)
        if first is not row and row.sample:
            yield InputError(
                f"duplicate sample '{row.sample}', first at line {first.where.rsplit(':')[-1]}",
                row.place("sample"),
                "every sample needs a name of its own",
            )
        first = bams.setdefault(row.bam, row)
        if first is not row and row.bam.name and first.sample != row.sample:
            yield InputError(
                f"the BAM of sample '{row.sample}' is that of sample '{first.sample}' too",
                row.place("bam"),
                "every sample needs a BAM of its own",
            )
    yield from _check_fastq(rows)
    for patient, members in patients(rows).items():
        if patient:
            yield from _check_patient(patient, members, where)


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


def _check_patient(patient: str, rows: list[Row], where: str) -> Iterator[InputError]:
    normals = [row for row in rows if row.role == "normal"]
    tumors = [row for row in rows if row.role == "tumor"]
    if len(normals) > 1:
        yield InputError(
            f"patient '{patient}' has {len(normals)} normals "
            f"({', '.join(row.sample for row in normals)})",
            normals[1].place("role"),
            "keep one, or merge their BAMs under one SM",
        )
    if not tumors and all(row.role == "normal" for row in rows):
        yield InputError(
            f"patient '{patient}' has no tumor", where, "add a row with role tumor, or remove it"
        )
    for column in ("sex", "disease"):
        given = {getattr(row, column) for row in rows} - {None}
        if len(given) > 1:
            yield InputError(
                f"patient '{patient}' has more than one {column}: {', '.join(sorted(given))}",
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
        row = undated[0]
        yield InputError(
            f"the time points of patient '{patient}' cannot be ordered",
            row.place("day"),
            "give every tumor a day, or the timepoint pre or post",
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
