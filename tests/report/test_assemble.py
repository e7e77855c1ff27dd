"""report.json: what goes in, what is refused, and that the same input gives the same bytes."""

import hashlib
import json

import pysam
import pytest

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.schemas import from_builtins
from resistpanel.records.report import Report
from resistpanel.report.contents import assemble
from resistpanel.report.provenance import bam_header, checksum, created, vcf_header
from resistpanel.report.read import load


def test_the_report_agrees_with_its_record(paper):
    from_builtins(paper, Report, "report.json")


def test_everything_handed_in_is_kept(paper, patients):
    for name, part in patients.paper().items():
        assert paper[name] == part


def test_inputs_are_named_with_their_checksums(patients, tmp_path):
    paths = patients.write(patients.paper(), tmp_path)
    (tmp_path / "ref.fa").write_text(">chr1\nACGTACGT\n")
    pysam.faidx(str(tmp_path / "ref.fa"))
    report = assemble(
        paths,
        published=tmp_path / "table1.tsv",
        vcf=tmp_path / "annotate.vcf",
        reference=tmp_path / "ref.fa",
    )
    by_role = {row["role"]: row for row in report["provenance"]["inputs"]}
    for role, name in [("compare", "compare.json"), ("published table", "table1.tsv"),
                       ("calls (VCF)", "annotate.vcf"),
                       ("index of the reference", "ref.fa.fai")]:  # fmt: skip
        data = (tmp_path / name).read_bytes()
        assert by_role[role]["sha256"] == hashlib.sha256(data).hexdigest()
        assert by_role[role]["bytes"] == len(data)
    assert by_role["reads of skin"]["note"] == "not there when the report was made"


def test_bam_headers_are_summed(tmp_path):
    path = tmp_path / "a.bam"
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": 100}]}
    with pysam.AlignmentFile(path, "wb", header=header):
        pass
    row = bam_header(str(path), "s")
    with pysam.AlignmentFile(path) as bam:
        assert row["sha256"] == hashlib.sha256(str(bam.header).encode()).hexdigest()
    assert row["bytes"] == path.stat().st_size
    path.write_bytes(b"not a BAM at all")
    assert bam_header(str(path), "s")["sha256"] is None


def test_the_vcf_tells_filters_parameters_and_build(paper, patients):
    assert paper["build"] == "hg19"
    assert paper["filters"] == patients.FILTERS
    assert paper["provenance"]["parameters"]["resistpanel_min_phred"] == "13"


def test_a_compressed_vcf_is_read(tmp_path):
    import gzip

    path = tmp_path / "a.vcf.gz"
    line = '##FILTER=<ID=q,Number=1,Description="a \\"quoted\\" word">\n#CHROM\n'
    path.write_bytes(gzip.compress(line.encode()))
    assert vcf_header(path)[1] == {"q": 'a "quoted" word'}


@pytest.mark.parametrize("content", [b"", b"chr1\t1\n", b"\x1f\x8bbroken"])
def test_what_is_no_vcf_is_refused(tmp_path, content):
    path = tmp_path / "a.vcf"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.vcf: "):
        vcf_header(path)


def test_the_build_must_agree_with_the_vcf(patients, tmp_path):
    paths = patients.write(patients.paper(), tmp_path)
    with pytest.raises(InputError, match="lengths of hg19, the build given is hg38"):
        assemble(paths, vcf=tmp_path / "annotate.vcf", build="hg38", bams=False)
    with pytest.raises(InputError, match="its positions are hg19, the build is hg38"):
        assemble(paths, build="hg38", published=tmp_path / "table1.tsv", bams=False)
    assert assemble(paths, bams=False)["build"] is None


def test_the_same_input_gives_the_same_report(patients, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    paths = patients.write(patients.paper(), tmp_path)
    one, two = (json.dumps(assemble(paths, bams=False)) for _ in range(2))
    assert one == two
    assert created() == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("value", ["", "yesterday", "99999999999999999"])
def test_a_faulty_epoch_is_refused(monkeypatch, value):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH"):
        created()


def rename_sample(parts):
    parts["qc"]["samples"][0]["sample"] = "other"


def other_patient(parts):
    parts["resist"]["patient"] = "X"


def unknown_key(parts):
    parts["resist"]["verdict"]["key_variants"] = ["chr1:1:A:C"]


def unknown_in_pathway(parts):
    parts["resist"]["pathway"]["nodes"][0]["altered"] = ["chr2:2:A:C"]


def unknown_driver(parts):
    parts["resist"]["driver"]["variant"] = "chr3:3:A:C"


def sample_missing_in_variant(parts):
    del parts["compare"]["variants"][0]["samples"]["skin"]


def twice(parts):
    parts["compare"]["variants"].append(parts["compare"]["variants"][0])


def strange_pair(parts):
    parts["compare"]["variants"][0]["states"][0]["post"] = "elsewhere"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename_sample, r"qc\.json: names other samples than the sheet: 'other', 'skin'"),
        (other_patient, r"resist\.json: is of patient 'X', the sheet of 'MEL-PLX'"),
        (unknown_key, r"resist\.json: variant 'chr1:1:A:C' is not in .*compare\.json"),
        (unknown_in_pathway, "variant 'chr2:2:A:C' is not in"),
        (unknown_driver, "variant 'chr3:3:A:C' is not in"),
        (sample_missing_in_variant, "does not give every sample"),
        (twice, "is given twice"),
        (strange_pair, "compares a sample that is not in the sheet"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(parts, make, change, message):
    change(parts)
    with pytest.raises(InputError, match=message):
        make(parts)


def test_all_disagreements_are_named_at_once(parts, make):
    rename_sample(parts)
    unknown_key(parts)
    with pytest.raises(InputErrors) as caught:
        make(parts)
    assert len(caught.value.lines()) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"x\.json: not JSON, or cut short"),
        ('{"schema": NaN}', r"x\.json: not JSON, .*byte 11"),
        ("[]", r"x\.json: not a file of `resistpanel sheet`"),
        ('{"schema": "resistpanel/qc/1"}', r"x\.json: not a file of `resistpanel sheet`"),
        ('{"schema": "resistpanel/sheet/1"}', r"x\.json \(\$\): .* missing required field"),
    ],
)
def test_faulty_json_is_refused_with_its_place(tmp_path, content, message):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        load(path, "sheet")


def test_a_fraction_beyond_one_is_refused_with_its_place(parts, make):
    parts["compare"]["variants"][3]["samples"]["skin"]["af"] = 37.0
    with pytest.raises(InputError, match=r"compare\.json \(\$\.variants\[3\]\.samples\.skin\.af\)"):
        make(parts)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"no\.json: cannot be read"):
        load(tmp_path / "no.json")
    with pytest.raises(InputError, match="cannot be read"):
        checksum(tmp_path / "no.fai", "index")
