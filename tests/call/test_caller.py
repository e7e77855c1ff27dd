"""The whole caller on the reads of small patients."""

import numpy as np
import pytest
from callkit import (
    LOW,
    REVERSE,
    USUAL,
    Patient,
    Read,
    Variant,
    other,
    put,
    random_sequence,
    write_bed,
    write_sites,
)

#: A homopolymer of 8 T at 1300, six CA at 1600, N from 4700 on.
SEQUENCE = random_sequence(5200, 31)
SEQUENCE = put(SEQUENCE, 1299, "G" + "T" * 8 + "C")
SEQUENCE = put(SEQUENCE, 1598, "GT" + "CA" * 6 + "GG")
SEQUENCE = put(SEQUENCE, 4700, "N" * 100)
READ_TARGETS = [(600, 2600), (2700, 4250)]
SAMPLES = {"normal": 100, "pre": 200, "post": 200}


def snv(pos, af=None, **more) -> Variant:
    """Return an SNV."""
    return Variant(pos, SEQUENCE[pos], other(SEQUENCE[pos]), af or {}, **more)


def changed(pos: int, *at: int) -> tuple[str, str]:
    """Return (ref, alt) of the bases from `pos` with those at `at` changed."""
    ref = SEQUENCE[pos : pos + at[-1] + 1]
    return ref, "".join(other(b) if i in at else b for i, b in enumerate(ref))


def gone(pos: int, n: int, af, **more) -> Variant:
    """Return a deletion."""
    return Variant(pos, SEQUENCE[pos : pos + n], "", af, **more)


BOTH, LATE = {"pre": 0.12, "post": 0.18}, {"post": 0.2}
HET = {"normal": 0.5, "pre": 0.5, "post": 0.5}

SOMATIC = {
    "SNV": snv(700, BOTH),
    "SNV of one tumour": snv(750, LATE),
    "MNV": Variant(800, *changed(800, 0, 1), LATE),
    "MNV with a base between": Variant(900, *changed(900, 0, 2), BOTH),
    "MNV of three": Variant(950, *changed(950, 0, 1, 2), BOTH),
    "two SNVs on different molecules, first": snv(1020, LATE, only=lambda f: f.insert % 2),
    "two SNVs on different molecules, second": snv(1021, LATE, only=lambda f: not f.insert % 2),
    "deletion in a homopolymer": gone(1300, 1, {"post": 0.35}),
    "insertion in a dinucleotide": Variant(1600, "", "CA", {"post": 0.35}),
    "deletion": gone(1800, 6, BOTH),
    "deletion of one": gone(1853, 1, LATE),
    "insertion": Variant(1950, "", "GATTACATT", BOTH),
    "duplication by clips": Variant(2100, "", SEQUENCE[2100:2140], BOTH, clip=True),
    "deletion by clips": gone(2300, 120, BOTH, clip=True),
    "complex": Variant(2780, SEQUENCE[2780:2786], other(SEQUENCE[2780]) + "GG", BOTH),
    "SNV beside a polymorphism": snv(3505, LATE),
    "deletion with mismatching ends": gone(3250, 7, {"pre": 0.4, "post": 0.3}, lazy=12),
    "SNV at the first base of a target": snv(2700, BOTH),
    "SNV at the last base of a target": snv(2599, BOTH),
}
GERMLINE = {
    "heterozygous": snv(2900, HET),
    "homozygous": snv(3000, {"normal": 1, "pre": 1, "post": 1}),
    "heterozygous deletion": gone(3100, 3, HET),
    "insertion with mismatching ends": Variant(3380, "", "GGATCC", HET, lazy=12),
    "beside a somatic one": snv(3500, HET),
    "lost in the tumour": snv(3700, {"normal": 0.5, "pre": 0.05}),
    "all that is left in the tumour": snv(3800, {"normal": 0.5, "pre": 0.93, "post": 0.95}),
}
#: Asked for: nothing there, nobody read it, an N of the reference, and two of the above.
ABSENT, UNREAD, UNKNOWN = snv(3600), snv(4600), 4710


def expected(variant: Variant) -> tuple[int, str, str]:
    """Return the left-aligned VCF allele."""
    pos, ref, alt = variant.vcf(SEQUENCE)
    while len(ref) != len(alt) and ref[-1] == alt[-1]:
        base = SEQUENCE[pos - 2]
        pos, ref, alt = pos - 1, base + ref[:-1], base + alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    return pos, ref, alt


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The patient's files; the targets reach over a stretch without reads and one of N."""
    folder = tmp_path_factory.mktemp("patient")
    variants = [*SOMATIC.values(), *GERMLINE.values()]
    made = Patient(SEQUENCE, READ_TARGETS, variants, SAMPLES).write(folder)
    regions = [*READ_TARGETS, (4560, 4640), (4690, 4720)]
    write_bed(made.targets, [("chr1", a, b) for a, b in regions])
    mnv, deletion = SOMATIC["MNV"], SOMATIC["deletion"]
    sites = [
        ("chr1", *_site("absent", ABSENT)),
        ("chr1", *_site("unread", UNREAD)),
        ("chr1", UNKNOWN + 1, "unknown", "N", "A"),
        ("chr1", *_site("mnv", mnv)),
        ("chr1", *_site("first;second", deletion)),
        # one base of the MNV alone: those fragments carry the MNV
        ("chr1", 801, "single", mnv.ref[0], mnv.alt[0]),
        # spelt at the right end of its repeat
        ("chr1", 1307, "slip", SEQUENCE[1306:1308], SEQUENCE[1306]),
        ("chr1", 5100, "outside", SEQUENCE[5099], other(SEQUENCE[5099])),
        ("chr1", 3650, "symbolic", SEQUENCE[3649], "<DEL>"),
        ("chr1", 3655, "same", SEQUENCE[3654], SEQUENCE[3654]),
    ]
    write_sites(folder / "sites.vcf", sites)
    return made


def _site(name: str, variant: Variant) -> tuple[int, str, str, str]:
    pos, ref, alt = variant.vcf(SEQUENCE)
    return pos, name, ref, alt


@pytest.fixture(scope="module")
def calls(written):
    return written.call(sites=str(written.reference.parent / "sites.vcf"))


class TestCalls:
    @pytest.mark.parametrize("name", SOMATIC)
    def test_somatic(self, calls, name):
        variant = SOMATIC[name]
        record = calls.find(*expected(variant))
        assert record is not None
        assert record.filters == []
        assert record.info["MODEL"] == "somatic"
        for sample, got in calls.samples(record).items():
            true = variant.af.get(sample, 0) * (0.5 if variant.only else 1)
            assert got["DET"] == int(true > 0)
            sd = (true * (1 - true) / got["DP"]) ** 0.5
            assert got["AF"] == pytest.approx(true, abs=4 * sd + 0.01)

    def test_nothing_else_passes(self, calls):
        assert sorted(calls.passing()) == sorted(expected(v) for v in SOMATIC.values())

    @pytest.mark.parametrize("name", GERMLINE)
    def test_germline_is_not_somatic(self, calls, name):
        record = calls.find(*expected(GERMLINE[name]))
        assert record is not None
        assert record.filters == ["germline"]
        assert record.info["MODEL"] == "germline"
        assert record.info["SOMATIC_PHRED"] < 1

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("SNV", "SNV"),
            ("MNV", "MNV"),
            ("MNV with a base between", "MNV"),
            ("deletion", "DEL"),
            ("insertion", "INS"),
            ("insertion in a dinucleotide", "INS"),
            ("duplication by clips", "DUP"),
            ("complex", "COMPLEX"),
        ],
    )
    def test_type(self, calls, name, kind):
        assert calls.find(*expected(SOMATIC[name])).info["TYPE"] == kind

    def test_records_are_sorted_and_unique(self, calls):
        keys = [(r.pos, r.ref, r.alt) for r in calls.records]
        assert keys == sorted(set(keys))

    def test_samples_stand_as_given(self, calls):
        assert [s.name for s in calls.caller.samples] == ["normal", "pre", "post"]

    def test_numbers_agree(self, calls):
        for record in calls.records:
            for got in record.samples:
                ref, alt = got["AD"]
                assert ref + alt == got["DP"]
                assert [a + b for a, b in zip(got["ADF"], got["ADR"], strict=True)] == got["AD"]
                assert min(*got["AD"], *got["ADF"], *got["ADR"]) >= 0
                if not got["DP"]:
                    assert got["AF"] is got["LOD"] is got["UB"] is None
                    continue
                assert got["AF"] == alt / got["DP"]
                assert got["AFCI"][0] <= got["AF"] <= got["AFCI"][1]
                assert got["UB"] >= got["AF"]
                assert np.isnan(got["LOD"]) or 0 < got["LOD"] <= 1
                assert got["GT"] == {None: "./.", 0: "0/0", 1: "0/1"}[got["DET"]]


class TestForced:
    def test_absent(self, calls):
        record = calls.find(*expected(ABSENT))
        assert record.filters == ["absent"]
        assert record.info["MODEL"] == "absent"
        assert record.info["SITE"] == ["absent"]
        assert record.info["FORCED"]
        for got in record.samples:
            assert got["DET"] == 0
            assert got["AD"][1] <= 1
            # the rule of three, or one error
            assert got["UB"] < 5.5 / got["DP"]
            assert got["UB"] < 0.08

    def test_a_few_fragments_that_are_no_call_are_no_detection(self, tmp_path):
        """Two of 300: more than errors would give, less than a call needs."""
        counted = iter(range(10_000))
        few = snv(1800, {"t": 1.0}, only=lambda f: f.left(1800) and next(counted) in (30, 90))
        made = Patient(SEQUENCE, [(1500, 2100)], [few], {"normal": 150, "t": 300})
        sites = write_sites(tmp_path / "s.vcf", [("chr1", *_site("few", few))])
        calls = made.write(tmp_path / "p").call(sites=str(sites))
        record = calls.find(*expected(few))
        assert record.samples[1]["AD"][1] >= 2
        assert record.filters == ["absent"]
        assert [got["DET"] for got in record.samples] == [0, 0]

    def test_not_read(self, calls):
        record = calls.find(*expected(UNREAD))
        assert record.filters == ["absent"]
        for got in record.samples:
            assert (got["DP"], got["DET"], got["GT"], got["AF"]) == (0, None, "./.", None)

    def test_n_of_the_reference(self, calls):
        record = calls.find(UNKNOWN + 1, "N", "A")
        assert record.filters == ["absent"]
        assert all(got["DET"] is None for got in record.samples)

    def test_present(self, calls):
        record = calls.find(*expected(SOMATIC["deletion"]))
        assert record.filters == []
        assert record.info["SITE"] == ["first", "second"]
        assert record.info["FORCED"]
        assert calls.find(*expected(SOMATIC["MNV"])).info["SITE"] == ["mnv"]

    def test_site_is_left_aligned(self, calls):
        record = calls.find(*expected(SOMATIC["deletion in a homopolymer"]))
        assert record.info["SITE"] == ["slip"]

    def test_not_forced(self, calls):
        record = calls.find(*expected(SOMATIC["SNV"]))
        assert record.info["SITE"] == []
        assert not record.info["FORCED"]

    def test_one_base_of_an_mnv(self, calls):
        """V600K is not V600E: fragments of the MNV do not carry the SNV."""
        mnv = SOMATIC["MNV"]
        record = calls.find(801, mnv.ref[0], mnv.alt[0])
        assert record.info["SITE"] == ["single"]
        assert record.filters == ["absent"]
        assert all(got["AD"][1] <= 1 for got in record.samples)

    def test_what_cannot_be_genotyped_is_left_out(self, calls):
        found = {site for r in calls.records for site in r.info["SITE"]}
        assert found == {"absent", "unread", "unknown", "mnv", "first", "second", "single", "slip"}

    def test_order_and_naming_of_calls_do_not_depend_on_sites(self, calls, written):
        assert written.call().passing() == calls.passing()


def test_every_sample_is_genotyped_at_every_call(calls):
    for record in calls.records:
        assert len(record.samples) == 3


def test_tumor_only(tmp_path):
    """Without a normal, frequency alone tells what may be inherited."""
    low = [snv(1700, {"t": 0.07}), gone(1850, 3, {"t": 0.07})]
    inherited = [snv(1780, {"t": 0.5}), snv(1950, {"t": 1}), gone(2000, 4, {"t": 0.5})]
    made = Patient(SEQUENCE, [(1600, 2100)], low + inherited, {"t": 500}).write(tmp_path)
    calls = made.call()
    assert calls.caller.normal is None
    assert calls.passing() == [expected(v) for v in low]
    for variant in inherited:
        assert calls.filters(*expected(variant)) == ["germline"]
    assert all(r.info["ODDS_ARTIFACT"] is None for r in calls.records)


def test_two_samples_in_any_order(written):
    """Tumours stand as given; the calls are the same."""
    normal, pre, post = (str(written.bams[s]) for s in SAMPLES)
    one = written.call(normal=normal, tumors=[pre, post])
    two = written.call(normal=normal, tumors=[post, pre])
    assert one.passing() == two.passing()
    assert [s.name for s in two.caller.samples] == ["normal", "post", "pre"]
    for a, b in zip(one.records, two.records, strict=True):
        assert a.samples[1]["AD"] == b.samples[2]["AD"]


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A target longer than a chunk, with a deletion over the cut."""
    sequence = random_sequence(5400, 32)
    cut = 4500
    variants = [
        Variant(cut - 2, sequence[cut - 2 : cut + 4], "", {"t": 0.3}),
        Variant(cut - 60, sequence[cut - 60], other(sequence[cut - 60]), {"t": 0.3}),
        Variant(cut + 60, sequence[cut + 60], other(sequence[cut + 60]), {"t": 0.3}),
    ]
    made = Patient(sequence, [(500, 5000)], variants, {"normal": 60, "t": 120})
    return made.write(tmp_path_factory.mktemp("long")), sequence, cut


class TestChunks:
    """Events over the cut of a target longer than a chunk."""

    def test_once(self, long):
        written, _, cut = long
        calls = written.call()
        assert [c.end for c in calls.caller.chunks] == [cut, 5000]
        assert len(calls.passing()) == len(set(calls.passing())) == 3

    def test_forced_over_the_cut_and_the_edges(self, long, tmp_path):
        written, sequence, cut = long
        sites = []
        for at, name in ((cut - 3, "cut"), (496, "start"), (4996, "end")):
            ref = sequence[at : at + 8]
            sites.append(("chr1", at + 1, name, ref, ref[0]))
        calls = written.call(sites=str(write_sites(tmp_path / "s.vcf", sites)))
        asked = [r for r in calls.records if r.info["FORCED"]]
        assert {r.info["SITE"][0] for r in asked} == {"cut", "start", "end"}
        for record in asked:
            assert all(got["DP"] > 15 for got in record.samples)


class TestUnbiasedFrequency:
    """AF does not depend on what the variant is, nor on its length."""

    @pytest.mark.parametrize(
        ("size", "clip"), [(1, False), (12, False), (40, True), (90, True), (180, True)]
    )
    def test_deletion(self, tmp_path, size, clip):
        sequence = random_sequence(2400, 40 + size)
        variant = Variant(1100, sequence[1100 : 1100 + size], "", {"t": 0.3}, clip=clip)
        made = Patient(sequence, [(700, 1600)], [variant], {"normal": 60, "t": 600})
        calls = made.write(tmp_path).call()
        (record,) = [r for r in calls.records if not r.filters]
        assert record.samples[1]["AF"] == pytest.approx(0.3, abs=0.045)

    @pytest.mark.parametrize("length", [36, pytest.param(100, marks=pytest.mark.slow)])
    @pytest.mark.parametrize(("size", "clip"), [(1, False), (12, True), (30, True), (60, True)])
    def test_duplication(self, tmp_path, size, clip, length):
        sequence = random_sequence(2400, 60 + size)
        word = sequence[1100 : 1100 + size]
        self.check_inserted(tmp_path, sequence, word, clip, length)

    @pytest.mark.parametrize(
        ("size", "clip", "length"),
        [
            (1, False, 36),
            (30, True, 100),
            *(
                pytest.param(*case, marks=pytest.mark.slow)
                for case in ((1, False, 100), (8, True, 100), (60, True, 100))
            ),
        ],
    )
    def test_insertion(self, tmp_path, size, clip, length):
        sequence = random_sequence(2400, 80 + size)
        self.check_inserted(tmp_path, sequence, random_sequence(size, 7), clip, length)

    def check_inserted(self, folder, sequence, word, clip, length):
        """A fragment may begin inside what is inserted: its molecules are longer than others."""
        variant = Variant(1100, "", word, {"t": 0.3}, clip=clip)
        made = Patient(
            sequence,
            [(700, 1600)],
            [variant],
            {"normal": 60, "t": 1200},
            length=length,
            inside=True,
        )
        calls = made.write(folder).call()
        (record,) = [r for r in calls.records if not r.filters]
        assert record.samples[1]["AF"] == pytest.approx(0.3, abs=0.03)

    @pytest.mark.parametrize("length", [36, 100])
    def test_mnv(self, tmp_path, length):
        """Near a read's end an MNV is clipped off, where the reference is aligned."""
        sequence = random_sequence(2400, 91)
        ref = sequence[1100:1103]
        alt = "".join(map(other, ref))
        variant = Variant(1100, ref, alt, {"t": 0.3}, clip=9)
        made = Patient(sequence, [(700, 1600)], [variant], {"normal": 60, "t": 1200}, length=length)
        calls = made.write(tmp_path).call()
        (record,) = [r for r in calls.records if not r.filters]
        assert (record.ref, record.alt) == (ref, alt)
        assert record.samples[1]["AF"] == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("off", [-58, 58])
def test_a_polymorphism_further_off_than_short_reads_reach(tmp_path, off):
    """Haplotypes of a locus reach as far as its reads, of which these are shorter than usual."""
    lost = gone(1800, 1, {"t": 0.2})
    inherited = snv(1800 + off, {"t": 1.0, "normal": 1.0})
    made = Patient(
        SEQUENCE, [(1700, 1900)], [lost, inherited], {"normal": 150, "t": 300}, length=36
    )
    calls = made.write(tmp_path).call()
    assert len(calls.passing()) == 1
    (record,) = [r for r in calls.records if not r.filters]
    assert record.info["TYPE"] == "DEL"


@pytest.mark.parametrize("poor", [0, 1, 3])
def test_an_mnv_is_told_whole(tmp_path, poor):
    """Two of five fragments show all of it: what the others show alone is no event of its own."""
    ref, alt = changed(1800, 0, 1, 2)
    reads = []
    for n in range(5):
        start = 1720 + 7 * n
        quality = [chr(USUAL + 33)] * 100
        if n < poor:
            quality[1802 - start] = chr(LOW - 5 + 33)
        bases = put(SEQUENCE, 1800, alt)[start : start + 100]
        reads.append(
            Read(f"m{n}", "chr1", start, "100M", bases, REVERSE * (n % 2), 60, "".join(quality))
        )
    made = Patient(
        SEQUENCE, [(1500, 2100)], [], {"normal": 150, "t": 200}, extra={"t": reads}, error=0
    )
    calls = made.write(tmp_path).call()
    assert calls.passing() == [(1801, ref, alt)]
    (record,) = [r for r in calls.records if not r.filters]
    assert record.samples[1]["AD"][1] == 5 if poor > 2 else 5 - poor


def test_an_inherited_base_beside_an_mnv_is_not_part_of_it(tmp_path):
    """All fragments of the MNV show it, being of one copy, and so do others."""
    mnv = Variant(1800, *changed(1800, 0, 1), {"t": 0.1}, block=1)
    inherited = snv(1803, {"t": 0.5, "normal": 0.5}, block=1)
    made = Patient(SEQUENCE, [(1500, 2100)], [mnv, inherited], {"normal": 150, "t": 400})
    calls = made.write(tmp_path).call()
    assert calls.passing() == [(1801, SEQUENCE[1800:1802], mnv.alt)]


def test_phased_beside_a_commoner_one(tmp_path):
    """A subclone's SNV beside an MNV takes nothing away from it."""
    mnv = Variant(1800, *changed(1800, 0, 1), {"t": 0.5}, block=1)
    more = snv(1803, {"t": 0.06}, block=1)
    made = Patient(SEQUENCE, [(1500, 2100)], [mnv, more], {"normal": 150, "t": 400})
    calls = made.write(tmp_path).call()
    assert calls.passing() == [expected(mnv), expected(more)]
    af = [r.samples[1]["AF"] for r in calls.records if not r.filters]
    assert af == pytest.approx([0.5, 0.06], abs=0.06)


def test_deletion_and_insertion_of_one_length(tmp_path):
    """The molecule is as long as the reference, and is one allele."""
    lost = Variant(1800, SEQUENCE[1800:1804], "", {"t": 0.04}, block=1)
    more = Variant(1812, "", "GATT", {"t": 0.04}, block=1)
    made = Patient(SEQUENCE, [(1500, 2100)], [lost, more], {"normal": 150, "t": 600})
    calls = made.write(tmp_path).call()
    whole = SEQUENCE[1800:1812], SEQUENCE[1804:1812] + "GATT"
    assert calls.passing() == [(1801, *whole)]
    record = calls.find(*calls.passing()[0])
    assert record.info["TYPE"] == "COMPLEX"
    assert record.samples[1]["AF"] == pytest.approx(0.04, abs=0.015)


def molecule(pos, ref, alt):
    """Return the sequence with a call."""
    return SEQUENCE[: pos - 1] + alt + SEQUENCE[pos - 1 + len(ref) :]


def test_deletion_and_insertion_of_one_length_side_by_side(tmp_path):
    """Two bases are between them, of which none is displaced by as many as are compared."""
    more = Variant(1800, "", "ACGAA", {"t": 0.05}, block=1)
    lost = Variant(1802, SEQUENCE[1802:1807], "", {"t": 0.05}, block=1)
    made = Patient(SEQUENCE, [(1500, 2100)], [more, lost], {"normal": 150, "t": 600})
    calls = made.write(tmp_path).call()
    (call,) = calls.passing()
    assert molecule(*call) == SEQUENCE[:1800] + "ACGAA" + SEQUENCE[1800:1802] + SEQUENCE[1807:]


def test_deletion_in_cis_with_an_inherited_insertion(tmp_path):
    """Of a locus in which other deletions are between the two."""
    inherited = Variant(1821, "", "CGTT", {"t": 0.5, "normal": 0.5}, block=1)
    lost = Variant(1800, SEQUENCE[1800:1804], "", {"t": 0.024}, block=1)
    other = Variant(1806, SEQUENCE[1806:1819], "", {"t": 0.06}, block=2)
    made = Patient(SEQUENCE, [(1500, 2100)], [inherited, lost, other], {"normal": 150, "t": 500})
    calls = made.write(tmp_path).call()
    assert {expected(lost), expected(other)} <= set(calls.passing())
    assert in_cis(calls, inherited)[expected(lost)]
    (of,) = (r for r in calls.records if molecule(r.pos, r.ref, r.alt) == variant(inherited))
    assert of.samples[0]["AF"] == pytest.approx(0.5, abs=0.1)


def variant(made):
    """Return the sequence with a variant."""
    return SEQUENCE[: made.pos] + made.alt + SEQUENCE[made.pos + len(made.ref) :]


def in_cis(calls, inherited):
    """Return, by call, whether more fragments have it in cis with an inherited allele than not."""
    found = {}
    for record in calls.records:
        for entry in record.info["PHASE"]:
            pos, ref, alt, cis, trans = entry.split("_")
            if molecule(int(pos), ref, alt) == variant(inherited):
                found[record.pos, record.ref, record.alt] = int(cis) > int(trans)
    return found


@pytest.mark.parametrize("apart", [10, 14, 18, 24, 33])
@pytest.mark.parametrize("gained", ["GTCAC", ""], ids=["insertion", "deletion"])
def test_near_an_inherited_deletion(tmp_path, apart, gained):
    """All fragments with the rare allele have the inherited one, and a longer deletion joins both.

    Of the gaps of their reads, one may be at the end of what is looked at around the other.
    """
    inherited = Variant(1800, SEQUENCE[1800:1805], "", {"t": 0.5, "normal": 0.5}, block=1)
    at = 1805 + apart
    lost = "" if gained else SEQUENCE[at : at + 4]
    rare = Variant(at, lost, gained, {"t": 0.06}, block=1)
    long = Variant(1790, SEQUENCE[1790:1845], "", {"t": 0.08}, block=2)
    made = Patient(SEQUENCE, [(1500, 2100)], [inherited, rare, long], {"normal": 150, "t": 500})
    calls = made.write(tmp_path).call()
    both = variant(inherited)
    shift = len(inherited.ref)
    both = both[: at - shift] + gained + both[at - shift + len(lost) :]
    written = {molecule(*call): call for call in calls.passing()}
    assert both in written or variant(rare) in written
    if both not in written:
        assert in_cis(calls, inherited)[written[variant(rare)]]
    call = written.get(both) or written[variant(rare)]
    (record,) = (r for r in calls.records if (r.pos, r.ref, r.alt) == call)
    assert record.samples[1]["AF"] == pytest.approx(0.06, abs=0.03)


def test_a_gap_of_no_haplotype_supports_none(tmp_path):
    """A read that lost a base beside a longer deletion fits it better than the reference."""
    sequence = put(SEQUENCE, 1827, SEQUENCE[1801:1813])
    lost = Variant(1800, sequence[1800:1827], "", {"t": 0.05})
    bases = sequence[1708:1795] + sequence[1796:1809]
    read = Read("slipped", "chr1", 1708, "87M1D13M", bases)
    samples = {"normal": 150, "t": 500}
    made = Patient(sequence, [(1500, 2100)], [lost], samples, extra={"normal": [read]})
    calls = made.write(tmp_path).call()
    (record,) = (r for r in calls.records if not r.filters)
    assert len(record.ref) - len(record.alt) == 27
    assert record.samples[0]["AD"][1] == 0


def test_phase(tmp_path):
    """Which called alleles lie on one molecule: counted over fragments that cover both."""
    first, second = snv(1800, {"t": 0.3}, block=1), snv(1830, {"t": 0.3}, block=1)
    apart = snv(1860, {"t": 0.3}, only=lambda f: f.insert % 2)
    # never on a molecule of the first two
    for variant in (first, second):
        variant.only = lambda f: not f.insert % 2
    far = snv(2200, {"t": 0.3})
    made = Patient(SEQUENCE, [(1500, 2400)], [first, second, apart, far], {"normal": 100, "t": 300})
    calls = made.write(tmp_path).call()
    told = {}
    for record in calls.records:
        for entry in record.info["PHASE"]:
            pos, ref, alt, cis, trans = entry.split("_")
            told[record.pos, int(pos)] = (ref, alt, int(cis), int(trans))
    pairs = {(1801, 1831), (1801, 1861), (1831, 1861)}
    assert set(told) == pairs | {(b, a) for a, b in pairs}
    ref, alt, cis, trans = told[1801, 1831]
    assert (ref, alt) == (second.ref, second.alt)
    assert cis > 15
    assert trans <= 1
    _, _, cis, trans = told[1801, 1861]
    assert cis == 0
    assert trans > 10


def test_phase_with_a_germline_variant_of_the_codon(tmp_path):
    """That of the codon is compared, one further away is not: it is read alone all the same."""
    inherited = snv(1801, {"normal": 0.5, "t": 0.5}, block=1)
    new, apart = snv(1800, {"t": 0.2}, block=1), snv(1840, {"normal": 0.5, "t": 0.5}, block=1)
    made = Patient(SEQUENCE, [(1500, 2400)], [inherited, new, apart], {"normal": 100, "t": 300})
    calls = made.write(tmp_path).call()
    entries = {record.pos: record.info["PHASE"] for record in calls.records}
    (entry,) = entries[1801]
    pos, _, _, cis, trans = entry.split("_")
    assert int(pos) == 1802 and int(cis) > 30 and int(trans) <= 2
    assert not entries[1802] and not entries[1841]


def test_bad_bases_say_nothing_of_an_mnv(tmp_path):
    """Fragments that show one of its bases well and the other badly count neither way."""
    ref, alt = changed(1800, 0, 1)
    reads = []
    for n in range(80):
        start = 1750 + n % 40
        bases = list(SEQUENCE[start : start + 60])
        quality = ["F"] * 60
        at = 1800 - start
        bases[at : at + 2] = alt
        if n % 4 == 0:  # the second base unsure
            quality[at + 1] = "%"
            bases[at + 1] = alt[1] if n % 8 else ref[1]
        flag = 16 * (n % 2)
        reads.append(
            Read(f"r{n}", "chr1", start, "60M", "".join(bases), flag, 60, "".join(quality))
        )
    made = Patient(SEQUENCE, [], [], {"normal": 0, "t": 0}, extra={"t": reads}).write(tmp_path)
    write_bed(made.targets, [("chr1", 1700, 1900)])
    calls = made.call(normal=None)
    found = [r for r in calls.records if r.samples[0]["AD"][1] > 2]
    assert [(r.pos, r.ref, r.alt) for r in found] == [(1801, ref, alt)]
    assert found[0].samples[0]["AD"] == [0, 60]


@pytest.mark.parametrize("between", ["ACC", "ACCC", "ACGTCCC"])
def test_slips_of_a_homopolymer_beside_a_deletion_of_one_base(tmp_path, between):
    """A read with the deletion fits the slip better than the reference, but is not counted."""
    word = f"GTGCAGAT{between}AAAAAGTGG"
    sequence = put(SEQUENCE, 1800, word)
    first, run = 1807, 1808 + len(between)
    deleted = Variant(first, "T", "", {"t": 0.06}, block=1)
    slip = Variant(run, "A", "", {"normal": 0.004, "t": 0.004})
    made = Patient(sequence, [(1700, 1900)], [deleted, slip], {"normal": 1000, "t": 2000})
    site = "chr1", run, "slip", sequence[run - 1 : run + 1], sequence[run - 1]
    sites = write_sites(tmp_path / "s.vcf", [site])
    calls = made.write(tmp_path / "p").call(sites=str(sites))
    assert calls.passing() == [(first, "AT", "A")]
    record = calls.find(run, site[3], site[4])
    assert record.samples[1]["AD"][1] < 0.01 * record.samples[1]["DP"]


def test_an_event_that_resembles_an_mnv_does_not_take_its_fragments(tmp_path):
    """One base of ACAT>CATA is not in reads of CAT>ATA, three of the reference are not."""
    sequence = put(SEQUENCE, 1800, "GCTCACACATGTTC")
    mnv = Variant(1807, "CAT", "ATA", {"t": 0.3})
    made = Patient(sequence, [(1700, 1900)], [mnv], {"normal": 500, "t": 800})
    sites = write_sites(tmp_path / "s.vcf", [("chr1", 1807, "other", "ACAT", "CATA")])
    calls = made.write(tmp_path / "p").call(sites=str(sites))
    assert calls.passing() == [(1808, "CAT", "ATA")]
    assert calls.find(1808, "CAT", "ATA").samples[1]["AF"] == pytest.approx(0.3, abs=0.05)
    assert calls.find(1807, "ACAT", "CATA").samples[1]["AD"][1] <= 2


def test_somatic_beside_inherited_on_one_haplotype(tmp_path):
    """The inherited allele stays germline, and the new one is called alone."""
    inherited = snv(1800, {"normal": 0.5, "t": 0.5}, block=1)
    new = snv(1801, {"t": 0.15}, block=1)
    made = Patient(SEQUENCE, [(1500, 2100)], [inherited, new], {"normal": 150, "t": 300})
    calls = made.write(tmp_path).call()
    assert calls.filters(*expected(inherited)) == ["germline"]
    assert calls.passing() == [expected(new)]


def test_single_end_reads(tmp_path):
    variants = [snv(1800, {"t": 0.15}), gone(1900, 3, {"t": 0.15})]
    made = Patient(
        SEQUENCE, [(1500, 2100)], variants, {"normal": 150, "t": 300}, paired=False, length=75
    )
    calls = made.write(tmp_path).call()
    assert calls.passing() == [expected(v) for v in variants]


def test_short_overlapping_pairs(tmp_path):
    """2 x 36 bases, mates overlapping: fragments count once."""
    variants = [snv(1800, {"t": 0.15}), gone(1900, 2, {"t": 0.2})]
    made = Patient(
        SEQUENCE, [(1500, 2100)], variants, {"normal": 150, "t": 300}, length=36, insert=55
    )
    calls = made.write(tmp_path).call()
    assert calls.passing() == [expected(v) for v in variants]
    record = calls.find(*expected(variants[0]))
    fragments = made.samples["t"] * 55 / 72
    assert record.samples[1]["DP"] == pytest.approx(fragments, rel=0.25)


def test_no_reads_at_all(tmp_path):
    made = Patient(SEQUENCE, [], [], {"normal": 0, "t": 0}).write(tmp_path)
    write_bed(made.targets, [("chr1", 100, 900)])
    sites = write_sites(
        tmp_path / "s.vcf", [("chr1", 201, "x", SEQUENCE[200], other(SEQUENCE[200]))]
    )
    calls = made.call(sites=str(sites))
    (record,) = calls.records
    assert [got["DET"] for got in record.samples] == [None, None]


@pytest.mark.parametrize("forced", [False, True])
def test_mates_that_disagree_within_an_mnv(tmp_path, forced):
    """The unchanged base between tells nothing there; the fragments still carry the MNV."""
    mnv = Variant(1800, *changed(1800, 0, 2), {"t": 1.0})
    made = Patient(SEQUENCE, [(1780, 1820)], [mnv], {"t": 60}, insert=110, error=0)
    reads = made.reads("t")
    at = [(r, 1801 - r.pos) for r in reads if r.flag & REVERSE and r.pos <= 1801 < r.pos + 100]
    for read, k in at[::3]:
        read.sequence = put(read.sequence, k, other(SEQUENCE[1801]))
    made = Patient(SEQUENCE, [(1780, 1820)], [], {"t": 0}, extra={"t": reads}).write(tmp_path)
    site = ("chr1", 1801, "x", mnv.ref, mnv.alt)
    sites = str(write_sites(tmp_path / "s.vcf", [site])) if forced else None
    record = made.call(sites=sites).find(*expected(mnv))
    without, carrying = record.samples[0]["AD"]
    assert carrying >= len(at) and without == 0
    assert record.samples[0]["AF"] == 1


def test_an_error_in_one_mate_leaves_no_part_of_an_mnv(tmp_path):
    """Mates that disagree about one base of it do not carry the other base alone."""
    mnv = Variant(1800, *changed(1800, 0, 1), {"t": 0.4})
    made = Patient(SEQUENCE, [(1700, 1900)], [mnv], {"t": 800}, insert=110, error=0)
    reads = made.reads("t")
    carrying = [
        (r, 1800 - r.pos)
        for r in reads
        if r.flag & REVERSE and r.pos <= 1800 <= r.pos + 88  # of both mates
        and r.sequence[1800 - r.pos : 1802 - r.pos] == mnv.alt
    ]  # fmt: skip
    for read, k in carrying[::8]:
        read.sequence = put(read.sequence, k, SEQUENCE[1800])
    made = Patient(SEQUENCE, [(1700, 1900)], [], {"t": 0}, extra={"t": reads}).write(tmp_path)
    found = made.call().caller.candidates
    assert [c.allele.alt for c in found if c.allele.pos in (1800, 1801)] == [mnv.alt]


def test_a_change_where_the_aligner_moves_a_deletion(tmp_path):
    """Without GT, TTGGTCA is TTGCA; with the G changed it is aligned as TT--ACA, T>A.

    It is the G in front of the deletion that is changed, not the T in it.
    """
    text = put(SEQUENCE, 1790, "GCATTGGTCAACATTC")
    at, reads = 1796, []  # of the deletion of GT
    for n in range(2400):
        start = 1710 + n % 80
        left, name, flag = at - start, f"r{n}", REVERSE if n % 2 else 0
        lost = text[start:at] + text[at + 2 : start + 102]
        if n % 2 < 1:
            read = Read(name, "chr1", start, "100M", text[start : start + 100], flag)
        elif n % 99:
            read = Read(name, "chr1", start, f"{left}M2D{100 - left}M", lost, flag)
        else:
            cigar = f"{left - 1}M2D{101 - left}M"
            read = Read(name, "chr1", start, cigar, put(lost, left - 1, "A"), flag)
        reads.append(read)
    made = Patient(text, [(1700, 1900)], [], {"t": 0}, extra={"t": reads}).write(tmp_path)
    calls = made.call()
    found = {
        (c.allele.pos, c.allele.ref, c.allele.alt): c.support[0].alt
        for c in calls.caller.candidates
    }
    # They have the deletion as well.
    assert found == {(1796, "GT", ""): 1200, (1795, "G", "A"): 12}


@pytest.mark.parametrize("back", [2, 5])
def test_a_change_in_one_copy_of_an_inherited_duplication(tmp_path, back):
    """The inserted copy is placed first: the base is one of it, and of the reference."""
    text = put(SEQUENCE, 1785, "CCGTAGCAACCTAGTGGCA")
    copied = Variant(1797, "", text[1788:1797], {"normal": 0.5, "t": 0.5}, block=1)
    at = 1797 - back
    snv = Variant(at, text[at], other(text[at]), {"t": 0.1}, block=1)
    samples = {"normal": 300, "t": 800}
    made = Patient(text, [(1700, 1900)], [snv, copied], samples, insert=200).write(tmp_path)
    record = made.call().find(at + 1, text[at], snv.alt)
    assert record.filters == []
    assert record.samples[1]["AF"] == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("length", [70, 100])
def test_ends_of_reads_laid_on_a_common_deletion(tmp_path, length):
    """They are most of what is read of the lost bases: no polymorphism beside it."""
    lost = Variant(1800, SEQUENCE[1800:1806], "", {"t": 0.9}, lazy=5)
    samples = {"normal": 500, "t": 1000}
    made = Patient(SEQUENCE, [(1700, 1900)], [lost], samples, length, insert=200).write(tmp_path)
    calls = made.call()
    (record,) = calls.records
    assert record.filters == []
    assert len(record.ref) == 7


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("tract", "expected"), [(8, True), (4, False)])
def test_a_homopolymer_that_is_read_on(tmp_path, tract, expected, before):
    """Reads of one strand go on with its base; behind a short one it is taken for a variant."""
    behind = "CCTGTCAGA" if before else "AGACTGTCC"
    word = "G" + "T" * tract + behind if before else behind + "T" * tract + "G"
    text = put(SEQUENCE, 1800, word)
    at = 1801 + tract if before else 1800
    made = Patient(text, [(1700, 1900)], [Variant(at, behind, "T" * 9, {"t": 0.08})], {"t": 300})
    calls = made.write(tmp_path).call()
    assert ("slippage" in calls.filters(at + 1, behind, "T" * 9)) == expected
