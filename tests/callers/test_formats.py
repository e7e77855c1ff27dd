"""What each caller's own output is read as: counts, AF, and what it takes for somatic."""

import pysam
import pytest

from resistpanel.core.errors import InputError
from resistpanel.extras.caller_records import Evidence, merged
from resistpanel.extras.caller_vcf import header_text, read_calls
from resistpanel.extras.formats import FREEBAYES, format_of, freebayes_filters

from .conftest import DATA

SKIN, TUMORS = "skin", ["before", "after"]


@pytest.fixture
def read(reference, fetch):
    def call(name, tumor=None, normal=SKIN, tumors=TUMORS):
        found = read_calls(DATA / name, reference, fetch, normal, tumors, tumor)
        return {record.variant: record for record in found}

    return call


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("freebayes.vcf", "freebayes"),
        ("mutect2.vcf", "mutect2"),
        ("vardict.paired.vcf", "vardict"),
        ("strelka.snvs.vcf", "strelka2"),
        ("strelka.indels.vcf", "strelka2"),
    ],
)
def test_the_format_is_known_by_the_header(name, form):
    assert format_of(header_text(DATA / name)) == form


def test_strelka2_counts_tier_1(read, variant):
    snvs = read("strelka.snvs.vcf", "after")
    one = snvs[variant(202, "A", "G")]
    assert one.called and one.filters == ()
    # 30 of 70 + 30, not the 34 of tier 2; columns NORMAL and TUMOR are the patient's.
    assert one.samples["after"] == Evidence(30, 100, 0.3, True, ())
    assert one.samples["skin"] == Evidence(0, 80, 0.0)
    assert set(one.samples) == {"after", "skin"}
    weak = snvs[variant(224, "A", "C")]
    assert not weak.called and weak.filters == ("LowEVS",)
    assert weak.samples["after"].af == pytest.approx(4 / 90)
    indels = read("strelka.indels.vcf", "after")
    (deletion,) = indels.values()
    assert deletion.variant == variant(212, "AC", "")  # left-aligned
    assert deletion.samples["after"] == Evidence(20, 80, 0.25, True, ())  # TIR / (TIR + TAR)


def test_vardict_wants_a_somatic_status(read, variant):
    found = read("vardict.paired.vcf", "tumor", "normal", ["tumor"])
    complex_one = found[variant(202, "ATC", "GTT")]
    assert complex_one.called
    assert complex_one.samples["tumor"] == Evidence(30, 100, pytest.approx(0.3), True, ())
    deletion = found[variant(212, "AC", "")]
    assert deletion.called and deletion.samples["normal"].alt == 1
    assert found[variant(221, "T", "A")].filters == ("status_Germline",)
    assert found[variant(224, "A", "C")].filters == ("p8", "Bias")


def test_mutect2_decides_by_record_and_by_allele(read, variant):
    found = read("mutect2.vcf")
    snv = found[variant(202, "A", "G")]
    assert snv.called
    assert snv.samples["after"] == Evidence(30, 100, pytest.approx(0.303))
    assert snv.samples["before"].alt == 0
    # The record passes, the second allele does not.
    assert found[variant(212, "AC", "")].called
    insertion = found[variant(212, "", "AC")]
    assert not insertion.called
    assert insertion.filters == ("strand_bias", "weak_evidence")
    assert insertion.samples["after"].alt == 3
    assert found[variant(224, "A", "C")].filters == ("weak_evidence",)


def test_freebayes_gets_the_simple_somatic_filter(read, variant):
    found = read("freebayes.vcf")
    mnv = found[variant(202, "ATC", "GTT")]
    assert mnv.called
    assert mnv.samples["after"] == Evidence(30, 100, 0.3, True)
    assert mnv.samples["before"].called is False
    assert found[variant(221, "T", "A")].filters == ("in_normal",)
    # Of two alleles each has its own counts.
    assert found[variant(224, "A", "C")].filters == ("one_strand",)
    assert found[variant(224, "A", "G")].filters == ("weak",)
    assert found[variant(224, "A", "G")].samples["after"].alt == 3


@pytest.mark.parametrize(
    ("alt", "normal", "strands", "qual", "expected"),
    [
        (FREEBAYES["alt"], 0, 1, 1, ()),
        (FREEBAYES["alt"] - 1, 0, 1, 1, ("weak",)),
        (40, 9, 1, 1, ()),
        (40, 10, 1, 1, ("in_normal",)),
        (40, 0, 0, 1, ("one_strand",)),
        (2, 30, 0, -1, ("weak", "in_normal", "one_strand", "low_qual")),
    ],
)
def test_each_part_of_the_somatic_filter(alt, normal, strands, qual, expected):
    evidence = {
        "skin": Evidence(normal, 200, normal / 200),
        "after": Evidence(alt, 200, alt / 200),
    }
    assert freebayes_filters(evidence, "skin", strands, qual) == expected


def test_any_vcf(tmp_path, reference, fetch, variant):
    path = tmp_path / "lofreq.vcf"
    path.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=c,length=600>\n"
        '##INFO=<ID=SOMATIC,Number=0,Type=Flag,Description="s">\n'
        '##FILTER=<ID=low,Description="l">\n'
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tafter\tstranger\n"
        "c\t203\t.\tA\tG\t.\t.\tSOMATIC\tAD\t70,30\t1,2\n"
        "c\t205\t.\tC\tT\t.\tPASS\t.\tAD\t70,30\t1,2\n"
        "c\t222\t.\tT\tA,<DEL>\t.\tlow\tSOMATIC\tAD\t.\t1,2,3\n"
    )
    found = {r.variant: r for r in read_calls(path, reference, fetch, SKIN, TUMORS)}
    assert len(found) == 3  # the symbolic allele is left out
    one = found[variant(202, "A", "G")]
    assert one.called and one.samples == {"after": Evidence(30, 100, 0.3)}
    assert found[variant(204, "C", "T")].filters == ("not_somatic",)
    low = found[variant(221, "T", "A")]
    assert low.filters == ("low",) and low.samples["after"] == Evidence(None, None, None)


def test_a_vcf_of_strangers_is_refused(reference, fetch):
    with pytest.raises(InputError, match=r"columns .* are none of the patient's tumours"):
        read_calls(DATA / "mutect2.vcf", reference, fetch, "x", ["y", "z"])


def test_a_vcf_of_another_build_is_refused(tmp_path, reference, fetch):
    path = tmp_path / "other.vcf"
    path.write_text((DATA / "freebayes.vcf").read_text().replace("\tATC\t", "\tCCC\t"))
    with pytest.raises(InputError, match="does not fit"):
        read_calls(path, reference, fetch, SKIN, TUMORS)


@pytest.mark.parametrize("content", [None, "", "no VCF\n"])
def test_what_is_no_vcf_is_refused(tmp_path, reference, fetch, content):
    path = tmp_path / "x.vcf"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"no such VCF|cannot be read as VCF"):
        read_calls(path, reference, fetch, SKIN, TUMORS)


def test_a_truncated_vcf_is_refused(tmp_path, reference, fetch):
    path = tmp_path / "cut.vcf.gz"
    pysam.tabix_compress(str(DATA / "mutect2.vcf"), str(path))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError):
        read_calls(path, reference, fetch, SKIN, TUMORS)


def test_calls_of_one_tumour_each_become_one_record(read, variant):
    both = [
        *read("strelka.snvs.vcf", "before").values(),
        *read("strelka.snvs.vcf", "after").values(),
    ]
    both[0].called, both[0].filters = False, ("LowEVS",)
    both[0].samples["before"].called = False
    records = {record.variant: record for record in merged(both)}
    assert len(records) == 3
    one = records[both[0].variant]
    assert one.called and one.filters == ()
    assert (one.samples["before"].called, one.samples["after"].called) == (False, True)
