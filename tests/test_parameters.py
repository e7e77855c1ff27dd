"""Thresholds and model constants: each in a table, with unit, meaning and origin."""

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest

from resistpanel.core.files import HOME
from resistpanel.core.parameters import (
    ORIGINS,
    SOURCES,
    Parameter,
    Source,
    Table,
    main,
    page,
    setting,
    value_text,
)

PACKAGE = HOME / "workflow" / "resistpanel"
#: Rooms whose numbers are no thresholds.
ROOMS = {
    "run": "seconds and lines of the progress display",
}
#: Modules that draw: their numbers are pixels, and how much of a drawing fits.
DRAWINGS = {
    *(
        f"report/{name}.py"
        for name in (
            *("clones", "copies", "followup", "lesions", "pathway", "quality", "render", "slope"),
            "timeline",
        )
    ),
    "testing/validation_page.py",
}
#: Numbers of structure: codes, flags and units of formats, of no effect on a result.
STRUCTURE = {
    "align/minimap.py": {
        "SUPPLEMENTARY, REVERSE, SECOND, FIRST, PAIRED": "SAM flags",
        "PROPER, UNMAPPED, MATE_UNMAPPED, MATE_REVERSE": "SAM flags",
    },
    "annotate/edits.py": {"_STEP": "bases read at a time"},
    "annotate/naming.py": {"NONCODING_EXONS": "of a transcript of RefSeq"},
    "call/errors/error_model.py": {
        "GOOD": "index of the quality group of Phred 30",
        "SUSPECTS_TOGETHER": "memory: changes no result",
        "CONTEXTS": "contexts of three bases",
    },
    "call/errors/site_counts.py": {"SEGMENT": "bytes allocated at a time"},
    "call/events/breakpoints.py": {"WINDOW_BASES": "bases held at a time"},
    "call/header.py": {"LARGE": "bytes of a file that is not hashed whole"},
    "call/io/regions.py": {"CHUNK_BASES": "bases read at a time"},
    "call/io/shards.py": {
        "SUSPECT_PARTS": "of the file format",
        "MOST_UNPACKED": "limits of files",
    },
    "call/model/overdispersion.py": {
        "FARTHEST": "logit beyond which a frequency is 0 or 1",
        "POSTERIOR_NODES": "nodes of an integral",
    },
    "call/model/posterior.py": {"LOG_TINY": "log of 0", "STEP": "candidates computed at a time"},
    "call/planning.py": {
        "READ, SIMPLEX, DUPLEX": "indices of NOMINAL_RATES",
        "NORMAL, PLASMA": "indices of the samples",
        "BASES": "wrong ones of four",
    },
    "compare/trees.py": {"ROOT": "mark of a clone that has no parent"},
    "copynumber/identity.py": {"SHARED_WITH_Y": "coordinates of the genome builds"},
    "core/header_limits.py": {
        "MOST_HEADER, MOST_CONTIGS": "limits of files",
        "DEFINITION": "of the CRAM format",
    },
    "core/files.py": {"MOST_TEXT": "limits of files", "BLOCK": "bytes read at a time"},
    "core/heap.py": {
        "M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX": "of glibc's malloc.h",
        "OWN_PAGES": "sizes of glibc's heap",
        "GROWTH": "sizes of glibc's heap",
    },
    "core/contig_checksums.py": {
        "PIECE": "bases read at a time",
        "KEPT": "of GA4GH's digest",
    },
    "core/vrs.py": {"STEP": "bases read at a time"},
    "core/bam_index.py": {
        "BAI_METADATA_BIN": "of the BAI format",
        "MOST_UNPACKED": "limits of files",
        "LOOKED_UP": "places of a file that are looked at",
    },
    "core/fasta_index.py": {
        "CONTIGS, BLOCKS": "places of a file that are looked at",
        "WINDOW": "bytes read at a time",
        "EOF_LENGTH": "of the BGZF format",
    },
    "core/fingerprint.py": {
        "WHOLE": "bytes up to which a file is hashed whole",
        "WHOLE_SHARED": "the same of a file that patients share",
        "BLOCKS, BLOCK": "places of a file that are hashed",
        "HEAD": "bytes of a file's start that are hashed",
        "DIGEST": "bytes of a digest",
    },
    "core/intervals.py": {"MOST_LINES": "limits of files"},
    "core/junction.py": {"LEFT, RIGHT": "sides of a breakend"},
    "core/lease.py": {"BEAT, DEAD": "seconds of a lease"},
    "core/sequence.py": {
        "STANDARD, MITOCHONDRIAL": "NCBI translation tables",
        "_BLOCK": "bases translated at a time",
    },
    "core/stats.py": {
        "SUMMED, STEPS": "terms of a sum, steps of a bisection",
        "LEAST_RHO": "precision of a sum",
    },
    "core/vcf_index.py": {
        "LOOKED_UP": "places of a file that are looked at",
        "WHOLE": "limits of files",
        "TBI_SHIFT, TBI_DEPTH": "of the tabix format",
    },
    "extras/caller_tools.py": {"BROKEN_PIPE": "exit statuses"},
    "call/model/known.py": {"TOGETHER": "memory: changes no result"},
    "inputs/binding.py": {
        "NEVER": "a time later than all",
        "GRAIN": "nanoseconds: the coarsest times of files",
    },
    "inputs/check_command.py": {"MOST_GAPS": "notes named in the last line"},
    "inputs/checks.py": {"READERS": "headers read side by side"},
    "inputs/config.py": {"MOST_VALUES": "limits of files"},
    "inputs/find_bams.py": {"DEPTH": "folders searched"},
    "inputs/propose.py": {"UNITS": "days of a unit"},
    "inputs/resources.py": {"MEGABYTE": "bytes"},
    "inputs/sheet.py": {"LONGEST": "characters of a file name"},
    "qc/assay.py": {"_UNUSABLE": "SAM flags"},
    "qc/primers.py": {"COLUMNS": "of the BED6 format"},
    "qc/reads.py": {"TOGETHER": "targets counted at a time"},
    "qc/spectrum.py": {"_UNKNOWN": "code of a context that is not known"},
    "report/explain_query.py": {"NEAREST": "changes named", "CLOSE": "similarity of names"},
    "report/igv.py": {"HEIGHT": "pixels of a track"},
    "report/read_evidence.py": {"EXCLUDED": "SAM flags", "MATCH": "CIGAR operations"},
    "report/store_rows.py": {"DIGITS": "of an identity"},
    "report/study.py": {"CALLS": "codes of cBioPortal"},
    "testing/bam_records.py": {
        "MATCH, INSERTION, DELETION, SOFT_CLIP": "CIGAR operations",
        "SUPPLEMENTARY": "SAM flag",
        "PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED": "SAM flags",
        "REVERSE, MATE_REVERSE, FIRST, SECOND, DUPLICATE": "SAM flags",
        "NAME_DIGITS": "digits of a read's name",
        "CHUNK": "records in memory at a time: changes no result",
    },
    "testing/bgzf.py": {"BLOCK": "of the BGZF format"},
    "testing/cigars.py": {"NO_BASE": "code of a missing base"},
    "testing/families.py": {"SPECIFIC": "code of an error of one base alone"},
    "testing/fasta.py": {"LINE": "of the FASTA, so that lines fill BGZF blocks"},
    "testing/mixtures.py": {"PATIENT, STRANGER": "codes of persons"},
    "testing/simulate.py": {"NUMBERS": "range of read numbers of a region"},
    "testing/spike_read.py": {
        "UNFIT": "SAM flags",
        "MATCH, INSERTION, DELETION, SOFT_CLIP": "CIGAR operations",
    },
}


def numeric(node: ast.expr) -> bool:
    """Return whether an expression is a number, or a collection of numbers."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case ast.UnaryOp(operand=operand):
            return numeric(operand)
        case ast.BinOp(left=left, right=right):
            return numeric(left) and numeric(right)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return bool(parts) and all(map(numeric, parts))
        case ast.Dict(values=parts):
            return bool(parts) and all(map(numeric, parts))
    return False


def assigned(source: str) -> list[str]:
    """Return the upper-case names to which a module assigns numbers, as written."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target = node.target
        else:
            continue
        name = ast.unparse(target).strip("()")
        if name.replace("_", "").replace(", ", "").isupper() and numeric(node.value):
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("A = 1", ["A"]),
        ("_LEAST_2 = -0.5", ["_LEAST_2"]),
        ("A: float = 1 << 4", ["A"]),
        ("A, B = 0.1, (0.2, 3)", ["A, B"]),
        ('A = {"x": 1, "y": 2.0}', ["A"]),
        ("A = True", []),
        ('A = "1"', []),
        ("a = 1", []),
        ("def f():\n    A = 1", []),
    ],
)
def test_assigned_numbers_are_found(source, names):
    assert assigned(source) == names


def test_thresholds_are_in_tables():
    there = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if name.parts[0] in ROOMS or str(name) in DRAWINGS or name.stem.endswith("_constants"):
            continue
        if found := assigned(path.read_text()):
            there[str(name)] = found
    assert there == {name: list(reasons) for name, reasons in STRUCTURE.items()}


def test_every_table_is_on_the_page():
    tables = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in PACKAGE.rglob("*_constants.py")
    }
    assert tables == {s.module for s in SOURCES if s.attribute == "TABLE"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: f"{s.module}.{s.attribute}")
def test_every_row_is_complete(source):
    rows = source.rows()
    assert rows
    for row in rows:
        assert row.unit.strip() and row.meaning.strip(), row
        assert row.origin.split(":")[0] in ORIGINS, row
    assert len({row.name for row in rows}) == len(rows)


@pytest.mark.parametrize("source", [s for s in SOURCES if s.attribute == "TABLE"])
def test_names_in_a_table_are_those_of_the_module(source):
    module = importlib.import_module(source.module)
    assert {row.name for row in source.rows()} == {
        name for name in vars(module) if name.isupper() and name != "TABLE"
    }
    for row in source.rows():
        assert getattr(module, row.name) is row.value


def test_the_page_is_up_to_date():
    text = (HOME / "docs" / "parameters.md").read_text()
    assert text == page(), "run: python -m resistpanel.core.parameters --write docs/parameters.md"


def test_main_writes_the_page(tmp_path: Path, capsys):
    main(["--write", str(tmp_path / "p.md")])
    main([])
    assert capsys.readouterr().out == (tmp_path / "p.md").read_text() == page()


@pytest.mark.parametrize("field", ["unit", "meaning"])
def test_a_row_without_unit_or_meaning_is_refused(field):
    words = {"unit": "bases", "meaning": "Reach", "origin": "judgement"}
    with pytest.raises(ValueError, match=f"A has no {field}"):
        Table("x").add("A", 1, **words | {field: " "})


@pytest.mark.parametrize("origin", ["", "guess", "paper", "paper: ", "measured:", "judgement:"])
def test_an_origin_names_its_reference(origin):
    with pytest.raises(ValueError, match="origin of parameter A"):
        Parameter("A", 1, "bases", "Reach", origin)


def test_a_name_is_in_a_table_once():
    table = Table("x")
    words = {"unit": "bases", "meaning": "Reach", "origin": "judgement"}
    assert table.add("A", 5, **words) == 5
    with pytest.raises(ValueError, match="A is twice in the table of x"):
        table.add("A", 6, **words)


@dataclasses.dataclass
class Example:
    """Limits.

    Attributes
    ----------
    path : str
    least, most : float
        Bounds of
        the depth.
    last : int
        The last one.
    """

    path: str
    least: float = setting(1.5, unit="fragments", origin="judgement")
    most: float = setting(2, unit="m", origin="paper: P 2000")
    last: int = setting(3, unit="1", origin="judgement")


def test_a_dataclass_is_a_table(monkeypatch):
    monkeypatch.setattr(Source, "load", lambda self: Example)
    source = Source("x", "", "m", "a")
    depth = "Bounds of the depth"
    assert source.rows() == [
        Parameter("least", 1.5, "fragments", depth, "judgement"),
        Parameter("most", 2, "m", depth, "paper: P 2000"),
        Parameter("last", 3, "1", "The last one", "judgement"),
    ]
    assert Example("p").least == 1.5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345, "12,345"),
        (1e-5, "1e-05"),
        (0.5, "0.5"),
        ((1, 0.25), "1, 0.25"),
        ({"a": 1, "b": 2.0}, "a: 1; b: 2"),
        ("x > 1", "x > 1"),
    ],
)
def test_values_as_text(value, text):
    assert value_text(value) == text
