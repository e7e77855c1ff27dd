"""Results of other tests: the table, and the states of variants with them."""

import dataclasses

import msgspec
import pytest

from resistpanel.compare.comparison import Comparison
from resistpanel.compare.copynumber import CopyNumber
from resistpanel.compare.inherited import withhold
from resistpanel.compare.other_tests import read_other_tests, results_of
from resistpanel.compare.states import Rules
from resistpanel.core.errors import InputError
from resistpanel.records.compare import Compare, ProteinChange

HEADER = (
    "patient\tassay\tsample\ttimepoint\tday\tgene\talteration\tresult\tvalue\tunit\tlimit\t"
    "purity\tfile\tsource\n"
)
CHANGE = ProteinChange(121, 121, "C", "S", "C121S", "p.Cys121Ser", "missense")


def results(tmp_path, *rows, build=None):
    """Return the results of a table: cells by column, the others empty."""
    names = HEADER.strip().split("\t")
    usual = {"patient": "P", "assay": "NGS", "timepoint": "pre", "source": "H1"}
    lines = ["\t".join((usual | row).get(name, "") for name in names) for row in rows]
    path = tmp_path / "tests.tsv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return results_of(read_other_tests(path).get("P", []), build)


def add(made, counts):
    """Add MAP2K1 C121S with its protein change."""
    made.add("MAP2K1", counts)
    one = made.records[-1]
    fields = one.fields | {"protein": "C121S", "protein_changes": (CHANGE,)}
    made.records[-1] = dataclasses.replace(one, fields=fields)


def compared(made, tests):
    found = Comparison(made.sheet, made, CopyNumber(), Rules(), tests).result()
    assert msgspec.convert(msgspec.to_builtins(found), Compare) == found
    return found


def variant(found, gene="MAP2K1"):
    return next(v for v in found.variants if v.gene == gene)


@pytest.fixture
def both(study):
    """A biopsy before, and one after: the allele is in the second alone."""
    made = study("A 0 . .", "B 100 . vemurafenib").tumour(A=0.4, B=0.4)
    add(made, {"A": (0, 900), "B": (270, 900)})
    return made


@pytest.fixture
def after(study):
    """One biopsy alone, after treatment."""
    made = study("B 100 . vemurafenib").tumour(B=0.4)
    add(made, {"B": (270, 900)})
    return made


LISTED = {"gene": "MAP2K1", "alteration": "p.Cys121Ser", "result": "detected", "value": "12",
          "unit": "%"}  # fmt: skip


def test_a_variant_that_an_earlier_report_lists_was_not_acquired(both, tmp_path):
    assert variant(compared(both, ())).state == "acquired"
    found = compared(both, results(tmp_path, LISTED))
    one = variant(found)
    (line,) = one.lines
    assert (one.state, line.before, line.state) == ("emergent", "present", "emergent")
    assert one.states[0].state == "emergent"
    text = "NGS before treatment (H1): MAP2K1 p.Cys121Ser detected, 12 %"
    assert text in one.states[0].text and text in line.text
    assert line.tests[0].says == "present"
    assert found.other_tests[0].variants == (one.id,)


def test_without_an_earlier_sample_the_report_is_the_baseline(after, tmp_path):
    assert variant(compared(after, ())).state is None
    one = variant(compared(after, results(tmp_path, LISTED)))
    assert (one.state, one.lines[0].before) == ("undetermined", "present")
    # Not listed, covered to 2 % in a sample of 50 % tumour cells: at most 8 % of them.
    clean = {"gene": "MAP2K1;NRAS", "result": "negative", "limit": "2", "unit": "%",
             "purity": "0.5"}  # fmt: skip
    one = variant(compared(after, results(tmp_path, clean)))
    (line,) = one.lines
    assert (one.state, line.before, line.ub_ccf) == ("acquired", "excluded", 0.08)
    assert line.lesions[0].post == "B"
    assert "limit 2.0 %, at most 8.0 % of the tumour cells" in line.text


@pytest.mark.parametrize(
    ("row", "says", "words"),
    [
        ({"gene": "NRAS"}, "not covered", "does not state that it covered MAP2K1 C121S"),
        ({"alteration": "codons 50-100"}, "not covered", "does not state that it covered"),
        ({"alteration": "codons 119-124"}, "excluded", "did not detect MAP2K1 C121S"),
        ({"alteration": "C121S"}, "excluded", "did not detect MAP2K1 C121S"),
        ({"alteration": "K57N"}, "not covered", "does not state that it covered"),
        ({"limit": "", "unit": ""}, "open", "states no limit"),
        ({"purity": ""}, "open", "the tumour content of its sample is not stated"),
        ({"limit": "10"}, "open", "at most 40.0 % of the tumour cells"),
    ],
)
def test_what_a_test_does_not_exclude_stays_open(after, tmp_path, row, says, words):
    clean = {"gene": "MAP2K1", "result": "negative", "limit": "2", "unit": "%", "purity": "0.5"}
    one = variant(compared(after, results(tmp_path, clean | row)))
    (line,) = one.lines
    assert [test.says for test in line.tests] == [says]
    assert words in line.tests[0].text
    assert one.state == ("acquired" if says == "excluded" else None)


def test_a_listed_somatic_variant_shows_the_tumour_content(after, tmp_path):
    driver = {"gene": "S1", "alteration": "x", "result": "positive", "value": "20", "unit": "%"}
    clean = {"gene": "MAP2K1", "result": "negative", "limit": "2", "unit": "%"}
    one = after.records[1]
    after.records[1] = dataclasses.replace(one, fields=one.fields | {"protein": "X"})
    (line,) = variant(compared(after, results(tmp_path, driver, clean))).lines
    assert (line.before, line.ub_ccf) == ("excluded", 0.1)
    # Of another test it says nothing.
    (line,) = variant(compared(after, results(tmp_path, driver | {"source": "H2"}, clean))).lines
    assert line.before is None


def test_a_test_after_the_first_dose_is_no_baseline(both, tmp_path):
    for row in ({"timepoint": "post"}, {"timepoint": "", "day": "50"}, {"timepoint": ""}):
        assert variant(compared(both, results(tmp_path, LISTED | row))).state == "acquired"
    for row in ({"timepoint": "", "day": "-30"}, {"timepoint": "", "sample": "A"}):
        assert variant(compared(both, results(tmp_path, LISTED | row))).state == "emergent"


VCF = """##fileformat=VCFv4.2
##contig=<ID=1,length={length}>
##FILTER=<ID=low,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT\tN
1\t7\t.\tA\tC\t.\tPASS\t.\tGT:AD\t0/1:90,10\t0/0:100,0
1\t6\t.\tA\tC\t.\tlow\t.\tGT:AD\t0/1:90,10\t0/0:100,0
"""


def test_a_vcf_and_a_maf_are_time_points(both, tmp_path):
    assert variant(compared(both, ())).id == "chr1:7:A:C"
    (tmp_path / "old.vcf").write_text(VCF.format(length=249250621))
    (tmp_path / "old.maf").write_text(
        "#version 2.4\nHugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tReference_Allele\t"
        "Tumor_Seq_Allele2\tt_alt_count\tt_ref_count\tTumor_Sample_Barcode\n"
        "MAP2K1\tGRCh37\tchr1\t7\tA\tC\t10\t90\tT\n"
    )
    for name in ("old.vcf", "old.maf"):
        row = {"file": name, "sample": "T", "gene": "MAP2K1;BRAF", "limit": "2", "unit": "%"}
        found = compared(both, results(tmp_path, row, build="hg19"))
        one = variant(found)
        assert (one.state, one.lines[0].before) == ("emergent", "present"), name
        listed = [t for t in found.other_tests if t.result == "positive"]
        assert [(t.af, t.variants) for t in listed] == [(0.1, (one.id,))]
        with pytest.raises(InputError, match="is of hg19, the reference is hg38"):
            results(tmp_path, row, build="hg38")
    with pytest.raises(InputError, match="several samples"):
        results(tmp_path, {"file": "old.vcf"}, build="hg19")


def test_alleles_of_files_that_may_be_inherited_are_withheld(both, tmp_path):
    (tmp_path / "old.vcf").write_text(
        VCF.format(length=249250621) + "1\t99\t.\tG\tT\t.\tPASS\t.\tGT:AD\t0/1:50,50\t0/1:9,9\n"
    )
    row = {"file": "old.vcf", "sample": "T"}
    found = compared(both, results(tmp_path, row))
    assert [one.allele for one in found.other_tests] == ["1:7:A:C", "1:99:G:T"]
    assert [one.allele for one in withhold(found, "mask").other_tests] == ["1:7:A:C"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"assay": "IHZ"}, "(column 'assay'): unknown assay 'IHZ'; give one of NGS"),
        ({"result": "perhaps"}, "(column 'result'): unknown result 'perhaps'"),
        ({"result": ""}, "(column 'result'): the cell is empty"),
        ({"gene": ""}, "(column 'gene'): the cell is empty"),
        ({"source": ""}, "(column 'source'): the cell is empty"),
        ({"value": "12 %"}, "(column 'value'): '12 %' is not a number"),
        ({"unit": ""}, "(column 'unit'): value and limit have no unit; give % or fraction"),
        ({"value": "120"}, "(column 'value'): 120 % is no allele frequency"),
        ({"purity": "40"}, "(column 'purity'): '40' is not a number from 0 to 1"),
        ({"timepoint": "before"}, "(column 'timepoint'): 'before' is not pre or post"),
        ({"file": "x.vcf", "result": ""}, "(column 'file'): no such file"),
    ],
)
def test_faults_of_the_table(tmp_path, row, message):
    with pytest.raises(InputError) as caught:
        results(tmp_path, LISTED | row)
    (line,) = caught.value.lines()
    assert "tests.tsv:2 " in line and message in line


def test_an_unknown_column(tmp_path):
    path = tmp_path / "tests.tsv"
    path.write_text(HEADER.replace("unit", "units") + "P" + "\t." * 13 + "\n")
    with pytest.raises(InputError, match="did you mean 'unit'"):
        read_other_tests(path)
