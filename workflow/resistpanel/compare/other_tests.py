"""The table of other tests of the patients: IHC, FISH, ddPCR, RNA, and earlier reports.

A row is one result. Rows of one assay, sample, day and source are one test. A row may name a VCF
or MAF, the calls of which are results of the test.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from resistpanel.compare.listed_calls import listed_calls
from resistpanel.core.errors import InputError, InputErrors, did_you_mean
from resistpanel.core.tables import read_tsv, split
from resistpanel.core.text import rounded
from resistpanel.records.compare import OtherTest

#: Columns that every table has, and those that it may have.
REQUIRED = ("patient", "assay", "gene", "result", "source")
OPTIONAL = (
    "sample", "timepoint", "day", "lesion", "alteration", "value", "unit", "limit", "purity",
    "file",
)  # fmt: skip
#: What an assay measures, by its name in lower case without blanks and dashes.
ASSAYS = {
    **dict.fromkeys(
        ("ngs", "panel", "wes", "wgs", "exome", "genome", "ddpcr", "dpcr", "pcr", "qpcr", "sanger",
         "pyrosequencing", "beaming", "massarray", "snapshot", "cobas", "idylla"),
        "sequence",
    ),
    **dict.fromkeys(("fish", "cish", "sish", "ish", "mlpa", "snparray", "arraycgh", "acgh"),
                    "copies"),
    **dict.fromkeys(("ihc", "immunohistochemistry", "westernblot"), "protein"),
    **dict.fromkeys(("rna", "rnaseq", "rtpcr", "nanostring"), "rna"),
}  # fmt: skip
#: Results as laboratories write them: the result, and the alteration that the word implies.
RESULTS = {
    **dict.fromkeys(("positive", "pos", "detected", "mutated", "mutant", "present", "yes", "+"),
                    ("positive", None)),
    **dict.fromkeys(("negative", "neg", "not detected", "wild type", "wildtype", "wt", "absent",
                     "no", "-"), ("negative", None)),
    **dict.fromkeys(("lost", "loss", "deficient"), ("positive", "loss")),
    **dict.fromkeys(("retained", "intact", "proficient"), ("negative", "loss")),
    **dict.fromkeys(("amplified",), ("positive", "amplification")),
    **dict.fromkeys(("not amplified",), ("negative", "amplification")),
    **dict.fromkeys(("rearranged",), ("positive", "fusion")),
    **dict.fromkeys(("not rearranged",), ("negative", "fusion")),
    **dict.fromkeys(("overexpressed",), ("positive", "overexpression")),
    **dict.fromkeys(("equivocal", "failed", "not assessable", "insufficient"),
                    ("not assessable", None)),
}  # fmt: skip
#: Units of allele frequencies: of hundred, and of one.
PERCENT = ("%", "percent", "% vaf", "%vaf")
FRACTION = ("fraction", "vaf", "af")
TIMEPOINTS = ("pre", "post")
#: Results in words.
SAID = {"positive": "detected", "negative": "not detected", "not assessable": "not assessable"}
#: Cells without a value.
EMPTY = {"", ".", "na", "n/a", "none", "null"}
CODONS = re.compile(r"codons? (?P<first>\d+)(?: ?[-–] ?(?P<last>\d+))?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    patient : str
    test : OtherTest
        Without number and text, see `results_of`.
    file : Path or None
        VCF or MAF with further results.
    where : str
        ``file:line``.
    """

    patient: str
    test: OtherTest
    file: Path | None
    where: str


class _Cells:
    """The cells of a row; each reader adds what is wrong to the errors."""

    def __init__(self, cells: Mapping[str, str], where: str, errors: list[InputError]):
        self.where, self.errors = where, errors
        self.values = {
            name: None if cell.casefold() in EMPTY else cell for name, cell in cells.items()
        }

    def get(self, column: str) -> str | None:
        return self.values.get(column)

    def wrong(self, column: str, what: str, cure: str) -> None:
        self.errors.append(InputError(what, f"{self.where} (column '{column}')", cure))

    def needed(self, column: str) -> str:
        if self.get(column) is None:
            self.wrong(column, "the cell is empty", f"give every row a {column}")
        return self.get(column) or ""

    def number(self, column: str, most: float | None = None) -> float | None:
        """Return a number of 0 or more (a day may be below); None where there is none."""
        text = self.get(column)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        low = float("-inf") if column == "day" else 0.0
        high = float("inf") if most is None else most
        if low <= value <= high and abs(value) != float("inf"):
            return int(value) if value == int(value) else value
        span = f" from 0 to {most:g}" if most is not None else ""
        self.wrong(column, f"'{text}' is not a number{span}", "correct the cell, or leave it empty")
        return None


def read_other_tests(path: str | Path | None) -> dict[str, list[Row]]:
    """Read and check the table of other tests.

    Parameters
    ----------
    path : path or None
        Tab-separated, columns `REQUIRED`, and any of `OPTIONAL`; None: there is no table.

    Returns
    -------
    dict of str to list of Row
        By patient, in the order of the table.

    Raises
    ------
    InputError
        One line for each problem: file missing, column missing or unknown, bad cell.
    """
    if path is None:
        return {}
    path = Path(path)
    found: dict[str, list[Row]] = {}
    errors: list[InputError] = []
    rows = read_tsv(path, REQUIRED, others=True)
    for column in rows[0][1] if rows else ():
        if column not in (*REQUIRED, *OPTIONAL):
            cure = did_you_mean(column, (*REQUIRED, *OPTIONAL)) or f"known: {', '.join(OPTIONAL)}"
            errors.append(InputError(f"unknown column '{column}'", str(path), cure))
    for where, cells in rows:
        before = len(errors)
        row = _row(_Cells(cells, where, errors), path.parent)
        if len(errors) == before:
            found.setdefault(row.patient, []).append(row)
    if errors:
        raise InputErrors(errors)
    return found


def _row(cells: _Cells, folder: Path) -> Row:
    """Return a row; errors are added to the cells'."""
    name = cells.get("file")
    file = (folder / name) if name else None
    if file and not file.is_file():
        cells.wrong("file", f"no such file: {file}", "correct the path, or leave the cell empty")
    assay = cells.needed("assay")
    kind = ASSAYS.get(re.sub(r"[\s_-]", "", assay.casefold()))
    if assay and kind is None:
        known = "NGS, WES, ddPCR, PCR, Sanger, FISH, MLPA, IHC, RNA-seq, RT-PCR"
        cells.wrong("assay", f"unknown assay '{assay}'", f"give one of {known}")
    result, implied = _result(cells, file)
    # "lost" of the alteration "expression" is a loss.
    alteration = implied or cells.get("alteration")
    if kind == "protein" and alteration is None:
        alteration = "expression"
    point = cells.get("timepoint")
    if point is not None and point not in TIMEPOINTS:
        cells.wrong("timepoint", f"'{point}' is not pre or post", "give pre or post, or a day")
    genes = split(cells.get("gene") or "")
    if not genes and not file:
        cells.needed("gene")
    value, limit = cells.number("value"), cells.number("limit")
    af, limit_af = _frequencies(cells, kind, value, limit)
    test = OtherTest(
        number=1, assay=assay or "?", kind=kind or "sequence",
        sample=cells.get("sample"), timepoint=point, day=cells.number("day"),
        lesion=cells.get("lesion"), genes=genes, alteration=alteration, allele=None,
        result=result, value=value, unit=cells.get("unit"), limit=limit, af=af, limit_af=limit_af,
        purity=cells.number("purity", 1.0) or None, source=cells.needed("source") or "?",
        variants=(), text="?",
    )  # fmt: skip
    test = msgspec.structs.replace(test, text=in_words(test))
    return Row(cells.needed("patient"), test, file, cells.where)


def _result(cells: _Cells, file: Path | None) -> tuple[str, str | None]:
    """Return the result and the alteration that its word implies.

    A row with a file must have an empty result: beyond the calls that are listed, the test covered
    the genes of the row and found nothing.
    """
    text = cells.get("result")
    if file:
        if text is not None:
            cells.wrong("result", "a row with a file must have an empty result", "leave it empty")
        return "negative", None
    if text is None:
        cells.needed("result")
        return "not assessable", None
    found = RESULTS.get(" ".join(text.casefold().replace("_", " ").split()))
    if found is None:
        cells.wrong(
            "result", f"unknown result '{text}'",
            did_you_mean(text.casefold(), RESULTS) or "give positive, negative or not assessable",
        )  # fmt: skip
    return found or ("not assessable", None)


def _frequencies(
    cells: _Cells, kind: str | None, value: float | None, limit: float | None
) -> tuple[float | None, float | None]:
    """Return AF and limit of a test of sequences, as fractions; None where they are no AF."""
    if kind not in ("sequence", "rna") or (value is None and limit is None):
        return None, None
    unit = (cells.get("unit") or "").casefold()
    if unit not in (*PERCENT, *FRACTION):
        if kind == "sequence" and cells.get("unit") is None:
            cells.wrong("unit", "value and limit have no unit", "give % or fraction")
        return None, None
    whole = 100 if unit in PERCENT else 1
    found = [None if one is None else rounded(one / whole) for one in (value, limit)]
    for column, one in zip(("value", "limit"), found, strict=True):
        if one is not None and one > 1:
            cells.wrong(column, f"{one * 100:g} % is no allele frequency", "correct value or unit")
    return found[0], found[1]


def checked_files(rows: Iterable[Row], build: str | None) -> Iterator[InputError]:
    """Yield what is wrong with the VCFs and MAFs of a table."""
    for row in rows:
        if row.file:
            try:
                listed_calls(row.file, row.test.sample, build)
            except InputError as error:
                yield InputError(error.what, f"{error.where} ({row.where})", error.cure)


def results_of(rows: Sequence[Row], build: str | None = None) -> tuple[OtherTest, ...]:
    """Return a patient's results, numbered and in words, those of files included.

    Parameters
    ----------
    rows : sequence of Row
        Of one patient.
    build : str, optional
        Of the reference; a file of another one is refused.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    found: list[OtherTest] = []
    for row in rows:
        if row.file is None or row.test.genes:
            found.append(row.test)
        if row.file is None:
            continue
        for call in listed_calls(row.file, row.test.sample, build):
            found.append(
                msgspec.structs.replace(
                    row.test, genes=(call.gene,) if call.gene else (), result="positive",
                    alteration=call.protein, allele=call.allele, af=call.af,
                    value=None if call.af is None else float(f"{100 * call.af:.4g}"), unit="%",
                    limit=None, limit_af=None,
                )
            )  # fmt: skip
    return tuple(
        msgspec.structs.replace(one, number=n, text=in_words(one)) for n, one in enumerate(found, 1)
    )


def where_and_when(test: OtherTest) -> str:
    """Return assay, sample, day and source: ``FISH of biopsy1 on day -30 (report H23-471)``."""
    of = f" of {test.sample}" if test.sample else f" of {test.lesion}" if test.lesion else ""
    when = (
        f" on day {test.day:g}" if test.day is not None
        else {"pre": " before treatment", "post": " after treatment"}.get(test.timepoint, "")
    )  # fmt: skip
    return f"{test.assay}{of}{when} ({test.source})"


def in_words(test: OtherTest) -> str:
    """Return a result in words, with its source."""
    genes = ", ".join(test.genes)
    what = f"{genes} {test.alteration or ''}".strip() or test.allele or "?"
    if test.alteration == "expression" and test.kind == "protein":
        what = f"{genes} expression"
    limit = "" if test.limit is None else f", limit {test.limit:g} {test.unit or ''}".rstrip()
    if test.result == "negative" and test.kind in ("sequence", "rna") and not test.alteration:
        what, said = f"nothing else in {genes}", "detected"
    elif what.endswith("expression"):
        said = test.result
    else:
        said = SAID[test.result]
    value = "" if test.value is None else f", {test.value:g} {test.unit or ''}".rstrip()
    return f"{where_and_when(test)}: {what} {said}{value}{limit}"
