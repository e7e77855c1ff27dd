"""Names and texts that shells, terminals, spreadsheets or file systems would act on."""

import os
import subprocess
import sys

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.inputs.config import settings
from resistpanel.inputs.find_bams import find_files, look
from resistpanel.inputs.plan import check_extra, check_names, make_plan
from resistpanel.inputs.same_reads import check_reads_once
from resistpanel.inputs.sheet import read_sheet
from resistpanel.report.contents import without_folders
from resistpanel.report.tsv import field


@pytest.mark.parametrize(
    "cells, words",
    [
        ({"patient": "cohort"}, "'cohort' is the name of a file of the results"),
        ({"patient": "Cohort"}, "'Cohort' is the name of a file of the results"),
        ({"patient": "P" * 101}, "a name of 101 characters; use at most 100"),
        ({"sample": "S" * 300}, "a name of 300 characters; use at most 100"),
        ({"patient": "P{x}"}, "'P{x}' is not safe in file names"),
        ({"lesion": '=HYPERLINK("http://x")'}, "would be a formula in a spreadsheet"),
        ({"disease": "@SUM(1)"}, "would be a formula in a spreadsheet"),
        ({"disease": "+1"}, "would be a formula in a spreadsheet"),
        ({"lesion": "skin\x1b[2J"}, "has control characters"),
        ({"disease": "mela\u202enoma"}, "has control characters"),
    ],
)
def test_cells(study, cells, words):
    study.row("after", **cells)
    for row in study.world.rows:
        row["patient"] = cells.get("patient", row["patient"])
    study.world.write_sheet()
    with pytest.raises(InputError) as caught:
        read_sheet(study.folder / "samples.tsv")
    assert any(words in line for line in caught.value.lines())
    assert "\x1b" not in "".join(caught.value.lines())


@pytest.mark.parametrize(
    "value, text",
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), ("+x()", "'+x()"), ("-", "-"), ("+", "+"),
     ("-2", "-2"), ("-1.5e-3", "-1.5e-3"), (-0.5, "-0.5"), ("p.=", "p.="), (None, "")],
)  # fmt: skip
def test_fields_of_tables(value, text):
    assert field(value) == text


@pytest.mark.parametrize(
    "extra, words",
    [
        ("--min-qual $(touch pwned)", "invalid int value: '$(touch'"),
        ("--output elsewhere.vcf.gz", "--output is the workflow's to give"),
        ("--tumor other.bam", "--tumor is the workflow's to give"),
        ("--no-such-option", "unrecognized arguments: --no-such-option"),
        ("--min-qual '", "No closing quotation"),
        ("; touch pwned", "unrecognized arguments: ; touch pwned"),
    ],
)
def test_arguments_of_the_caller(study, monkeypatch, extra, words):
    monkeypatch.chdir(study.folder)
    study.write(call={"extra": extra})
    with pytest.raises(InputError) as caught:
        make_plan(study.config, lambda path: {}, headers=False)
    assert words in caught.value.line()


def test_good_arguments_of_the_caller_are_quoted(study, monkeypatch):
    monkeypatch.chdir(study.folder)
    study.write(call={"extra": "--min-qual   15 --padding=5"})
    plan, _ = make_plan(study.config, lambda path: {}, headers=False)
    assert plan.extra == "--min-qual 15 --padding=5"
    check_extra(plan.settings)


def test_a_configuration_that_would_be_evaluated_is_refused(study, monkeypatch, capsys):
    """Snakemake's YTE runs Python; the key is refused before Snakemake is started."""
    monkeypatch.chdir(study.folder)
    study.write(__use_yte__=True)
    assert main(["run"]) == 2
    assert "unknown key '__use_yte__'" in capsys.readouterr().err


def test_braces_in_any_path(study, monkeypatch):
    monkeypatch.chdir(study.folder)
    table = study.folder / "{x}.tsv"
    table.write_text("x\n")
    made = settings(study.config | {"report": {"table1": "{x}.tsv"}, "pool": "cohort"})
    (error,) = check_names(made, [])
    assert "has braces" in error.line()
    table.unlink()


def test_one_sample_under_two_names_and_reads_twice(study, boundkit, tmp_path):
    def bam(name, reads):
        path = tmp_path / f"{name}.bam"
        header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "chrT", "LN": 20_000}]}
        with pysam.AlignmentFile(str(path), "wb", header=header) as out:
            for number, base in reads:
                read = pysam.AlignedSegment(out.header)
                read.query_name, read.query_sequence = f"r{number}", base * 10
                read.query_qualities = (
                    None if base == "N" else pysam.qualitystring_to_array("I" * 10)
                )
                read.reference_id, read.reference_start = 0, 1000
                read.cigarstring, read.mapping_quality = "10M", 60
                out.write(read)
        pysam.samtools.index(str(path))
        return path

    rows = read_sheet(study.folder / "samples.tsv")[:2]
    from dataclasses import replace

    one = bam("one", [(n, "A") for n in range(100)])

    def found(*paths):
        given = [replace(row, bam=path) for row, path in zip(rows, paths, strict=False)]
        reference = study.folder / "genome.fa"
        return [
            error if isinstance(error, str) else error.line()
            for error in check_reads_once(given, reference)
        ]

    assert found(one, bam("other", [(n, "C") for n in range(100)])) == []
    assert found(bam("bare", [(n, "N") for n in range(100)])) == []
    (line,) = found(one, bam("copy", [(n, "A") for n in range(100)]))
    assert "100 of 100 reads examined are those of sample 'skin'" in line
    (line,) = found(one, bam("half", [(n, "A") for n in range(50)]))
    assert "50 of 50 reads" in line
    (line,) = found(one, bam("twice", [(n // 2, "G") for n in range(100)]))
    assert "50 of 100 reads examined are in it twice; merge each BAM once" in line
    (line,) = found(one, bam("some", [(n if n < 80 else n - 20, "G") for n in range(100)]))
    assert line.endswith("20 of 100 reads examined are in it twice, as samtools view writes them "
                         "of several regions; counted once")  # fmt: skip


def test_init_and_a_cram_whose_reference_is_gone(study, tmp_path):
    cram = tmp_path / "x.cram"
    with (
        pysam.AlignmentFile(str(study.folder / "after.bam")) as source,
        pysam.AlignmentFile(
            str(cram), "wc", header=source.header,
            reference_filename=str(study.folder / "genome.fa"),
        ) as out,
    ):  # fmt: skip
        for read in source:
            out.write(read)
    assert look(cram).samples == ("after",)


def test_init_and_a_line_end_in_a_name(tmp_path):
    (tmp_path / "a\nP9\tx.bam").write_bytes(b"x")
    with pytest.raises(InputError, match="a tab or a line end in its name") as caught:
        find_files([tmp_path])
    assert "\n" not in caught.value.line()


def test_reports_name_no_folders():
    report = {
        "sheet": {"samples": [{"sample": "T", "bam": "/data/jane/secret/T.bam"}]},
        "provenance": {
            "command": "resistpanel report --vcf '/data/jane doe/x.vcf.gz' --build hg19",
            "inputs": [{"role": "calls", "path": "/data/jane/secret/x.vcf.gz"}],
        },
    }
    shared = without_folders(report)
    assert "jane" not in str(shared)
    assert shared["sheet"]["samples"][0]["bam"] == "T.bam"
    assert shared["provenance"]["command"] == "resistpanel report --vcf x.vcf.gz --build hg19"
    assert "jane" in str(report)


CODE = "import sys; from resistpanel.cli import main; sys.exit(main(sys.argv[1:]))"


def run(*arguments, **options):
    return subprocess.run([sys.executable, "-c", CODE, *arguments], check=False, **options)


def test_closed_streams(tmp_path):
    """Nothing is written into a file that got the number of a closed stream."""
    done = run(
        "catalog", "check", preexec_fn=lambda: [os.close(n) for n in (0, 1, 2)], close_fds=False
    )
    assert done.returncode == 0


def test_a_terminal_that_is_not_utf_8(capfd):
    code = "from resistpanel.cli import open_streams; open_streams(); print('\\u2265 250')"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
    assert capfd.readouterr().out == "\\u2265 250\n"
