"""Callers are compared by haplotype: who called what, however they write it."""

import json

import msgspec
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.core.allele import Allele, apply
from resistpanel.core.errors import InputError
from resistpanel.core.haplotypes import same_haplotype
from resistpanel.core.schemas import from_builtins
from resistpanel.extras.caller_records import Evidence, Record
from resistpanel.extras.comparison import Calls, Given, table, tsv, union_sites
from resistpanel.extras.concordance import match
from resistpanel.extras.resistpanel_vcf import Own
from resistpanel.records.callers import Callers

from .conftest import DATA, SEQUENCE


def own(variant, *filters, model="somatic"):
    return Own(variant, str(variant), filters or ("PASS",), model)


def record(variant, *filters, af=0.3):
    return Record(variant, not filters, filters, {"after": Evidence(30, 100, af)})


def test_what_one_joins_and_another_splits_is_one_event(variant, fetch):
    mnv, a, b = variant(202, "ATC", "GTT"), variant(202, "A", "G"), variant(204, "C", "T")
    # Ours gives the parts as absent, since they were asked for: the fragments have both.
    mine = [own(mnv), own(a, "absent", model="absent"), own(b, "absent", model="absent")]
    (event,) = match(
        mine, {"joins": [record(mnv)], "splits": [record(a, af=0.31), record(b, af=0.29)]}, fetch
    )
    assert event.variant == mnv and event.own is mine[0]
    assert event.others["joins"].exact and event.others["joins"].called
    split = event.others["splits"]
    assert not split.exact and split.called
    assert split.evidence("after").af == 0.29


def test_half_of_an_mnv_is_another_variant(variant, fetch):
    mnv, a = variant(202, "ATC", "GTT"), variant(202, "A", "G")
    mine = [own(mnv), own(a, "absent", model="absent")]
    found = match(mine, {"half": [record(a)]}, fetch)
    assert [(e.variant, set(e.others)) for e in found] == [(a, {"half"}), (mnv, set())]
    assert found[0].own is mine[1]


def test_ours_in_parts_and_anothers_as_a_whole(variant, fetch):
    mnv, a, b = variant(202, "ATC", "GTT"), variant(202, "A", "G"), variant(204, "C", "T")
    found = match([own(a), own(b)], {"joins": [record(mnv)]}, fetch)
    assert [e.variant for e in found] == [a, b]
    assert all(e.others["joins"].called and not e.others["joins"].exact for e in found)


def test_an_indel_written_elsewhere_in_its_repeat(variant, fetch):
    (event,) = match([own(variant(212, "AC", ""))], {"x": [record(variant(216, "AC", ""))]}, fetch)
    assert event.others["x"].exact


def test_a_complex_one_as_indel_and_snv(variant, fetch):
    whole = variant(221, "TGCATC", "TTTC")
    parts = [record(variant(222, "G", "T")), record(variant(223, "CA", ""))]
    (event,) = match([own(whole)], {"x": parts}, fetch)
    assert event.others["x"].called and len(event.others["x"].records) == 2


def test_joined_with_an_inherited_snp(variant, fetch):
    somatic, inherited = variant(202, "A", "G"), variant(204, "C", "G")
    mine = [own(somatic), own(inherited, "germline", model="germline")]
    (event,) = match(mine, {"x": [record(variant(202, "ATC", "GTG"))]}, fetch)
    assert event.variant == somatic and event.others["x"].called


def test_an_inherited_variant_that_another_calls_somatic(variant, fetch):
    inherited = variant(204, "C", "G")
    mine = [own(inherited, "germline", model="germline")]
    (event,) = match(mine, {"x": [record(inherited)], "y": [record(inherited, "germline")]}, fetch)
    assert event.own is mine[0] and not event.own.called
    assert not event.others["y"].called and event.others["y"].filters == ["germline"]


def test_others_agree_without_us_the_longer_first(variant, fetch):
    mnv, a, b = variant(202, "ATC", "GTT"), variant(202, "A", "G"), variant(204, "C", "T")
    (event,) = match([], {"splits": [record(a), record(b)], "joins": [record(mnv)]}, fetch)
    assert event.variant == mnv and set(event.others) == {"splits", "joins"}


def test_what_nobody_called_is_left_out(variant, fetch):
    mine = [own(variant(202, "A", "G"), "weak")]
    assert match(mine, {"x": [record(variant(202, "A", "G"), "low")]}, fetch) == []


def test_a_called_allele_goes_before_a_filtered_one(variant, fetch):
    """The caller filtered the MNV, and called its parts: it called the variant."""
    mnv, a, b = variant(202, "ATC", "GTT"), variant(202, "A", "G"), variant(204, "C", "T")
    (event,) = match([own(mnv)], {"x": [record(mnv, "low"), record(a), record(b)]}, fetch)
    assert event.others["x"].called and not event.others["x"].exact


@given(
    st.lists(
        st.tuples(st.integers(195, 230), st.sampled_from("ACGT")),
        min_size=1,
        max_size=3,
        unique_by=lambda row: row[0],
    )
)
def test_any_split_of_substitutions_is_found(fetch, chosen):
    parts = [Allele("c", p, SEQUENCE[p], b) for p, b in sorted(chosen) if SEQUENCE[p] != b]
    if not parts:
        return
    low, high = parts[0].pos, parts[-1].end
    whole = Allele("c", low, SEQUENCE[low:high], apply(SEQUENCE[low:high], parts, low))
    assert same_haplotype([whole], parts, fetch)
    if high - low <= 20:
        (event,) = match([own(whole)], {"x": [record(p) for p in parts]}, fetch)
        assert event.others["x"].called


@pytest.fixture
def made(reference):
    path = DATA / "own.vcf"
    given = [
        Given("freebayes", DATA / "freebayes.vcf"),
        Given("mutect2", DATA / "mutect2.vcf"),
        Given("strelka2", DATA / "strelka.snvs.vcf", "after"),
        Given("strelka2", DATA / "strelka.indels.vcf", "after"),
    ]
    return table("P", path, [], given, reference, "skin", ["before", "after"])


def test_table(made):
    made = json.loads(msgspec.json.encode(made))
    from_builtins(made, Callers, "p1.json")
    mnv, deletion = made["variants"]
    assert mnv["id"] == "c:203:ATC:GTT"
    assert mnv["called_by"] == ["resistpanel", "freebayes", "mutect2", "strelka2"]
    assert mnv["others"]["mutect2"]["alleles"] == ["c:203:A:G", "c:205:C:T"]
    assert mnv["others"]["strelka2"]["samples"]["before"] is None
    assert deletion["id"] == "c:212:TAC:T"
    # Our genotype is there though we did not call it.
    assert deletion["resistpanel"]["filters"] == ["absent"]
    assert deletion["resistpanel"]["samples"]["after"]["detected"] is None
    assert deletion["called_by"] == ["mutect2", "strelka2"]
    assert deletion["others"]["freebayes"] is None
    assert made["summary"]["resistpanel"] == {"called": 1, "alone": 0, "shared": 1}
    assert made["summary"]["strelka2"] == {"called": 2, "alone": 0, "shared": 2}
    assert [c["format"] for c in made["callers"]] == ["freebayes", "mutect2", "strelka2"]


def test_tsv_has_a_row_per_variant(made):
    rows = [line.split("\t") for line in tsv(made).splitlines()]
    assert len(rows) == 3 and len({len(row) for row in rows}) == 1
    first = dict(zip(*rows[:2], strict=True))
    assert first["called_by"] == "resistpanel,freebayes,mutect2,strelka2"
    assert first["mutect2_filter"] == "PASS" and first["mutect2_af_after"] == "0.299"
    second = dict(zip(rows[0], rows[2], strict=True))
    assert second["resistpanel_filter"] == "absent" and second["freebayes_filter"] == "."


def test_own_name_is_taken(reference):
    path = DATA / "own.vcf"
    with pytest.raises(InputError, match="cannot be named"):
        table("P", path, [], [Given("resistpanel", path)], reference, "skin", ["after", "before"])


def test_sites_are_the_catalogues_and_the_others(tmp_path, variant, fetch):
    catalog = tmp_path / "sites.vcf"
    catalog.write_text(
        "##fileformat=VCFv4.3\n##contig=<ID=c,length=600>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\t"
        "INFO\nc\t210\tRP1\tT\tG\t.\t.\t.\n"
    )
    calls = Calls(
        "x",
        "vcf",
        "",
        [],
        [
            record(variant(212, "AC", "")),
            record(variant(202, "A", "G")),
            record(variant(221, "T", "A"), "low"),
            record(variant(300, SEQUENCE[300], SEQUENCE[300] + "ACGT" * 101)),
        ],
    )
    path = tmp_path / "out.vcf"
    path.write_text(union_sites(catalog, [calls, calls], fetch))
    with pysam.VariantFile(str(path)) as handle:
        rows = [(r.pos, r.id, r.ref, r.alts) for r in handle]
    # Called ones alone, once each, without an id; too long ones left out; sorted.
    assert rows == [(203, None, "A", ("G",)), (210, "RP1", "T", ("G",)), (212, None, "TAC", ("T",))]
