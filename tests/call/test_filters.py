"""Every filter: a patient whose reads trip it, and a true variant beside it that passes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pysam
import pytest
from callkit import Patient, Read, Variant, other, put, random_sequence, write_sites

from resistpanel.call.filters import (
    FILTERS,
    Filter,
    _two_sided,
    clusters,
    damage_ratio,
    failed,
    measure,
)
from resistpanel.call.model import contamination
from resistpanel.core.allele import Allele

SEQUENCE = random_sequence(1700, 21)
TARGETS = [(500, 1150)]
#: The variant that trips a filter, and the true one.
BAD, TRUE = 700, 960
#: Homopolymers of 12, the last of them at the place of the first.
TRACTS = [520, 560, 600, 640, 780, 830, 880, 1040, 1090, BAD]
SLIPPERY = SEQUENCE
for _tract in TRACTS:
    SLIPPERY = put(SLIPPERY, _tract - 1, "C" + "A" * 12 + "G")


def snv(pos, af, **more) -> Variant:
    """Return an SNV."""
    return Variant(pos, SEQUENCE[pos], other(SEQUENCE[pos]), af, **more)


def some(number: int, pos: int, step: int = 9) -> Callable:
    """Return a predicate that so many fragments over a position fulfil; for one sample."""
    seen = {"over": 0, "taken": 0}

    def carries(fragment) -> bool:
        if not (fragment.left(pos) or fragment.right(pos)):
            return False
        seen["over"] += 1
        if seen["over"] % step or seen["taken"] >= number:
            return False
        seen["taken"] += 1
        return True

    return carries


def slips(fractions: dict[str, float], pos: int) -> Variant:
    """Return the loss of one A of a homopolymer."""
    return Variant(pos, "A", "", fractions)


def unplaced(pos: int, depth: int) -> list[Read]:
    """Return reads over a position that the aligner could not place."""
    return [
        Read(f"lost{n}", "chr1", at := pos - 90 + n % 80, "100M", SEQUENCE[at : at + 100], mapq=0)
        for n in range(depth)
    ]


@dataclass
class Case:
    """What a patient of two tumours and a normal has at BAD."""

    bad: list[Variant]
    more: dict = field(default_factory=dict)
    sequence: str = SEQUENCE
    # the VCF allele, where it is not that of the variants
    allele: tuple[int, str, str] | None = None
    # whether it only has a record if it is asked for
    forced: bool = False


ONLY_T2 = {"t2": 0.15}
CASES = {
    "weak": Case([snv(BAD, {"t2": 1.0}, only=some(5, BAD))], {"error": 2e-3}),
    "germline": Case([snv(BAD, {"normal": 0.5, "t1": 0.5, "t2": 0.5})]),
    "artifact": Case([snv(BAD, {"normal": 0.06, "t1": 0.05, "t2": 0.09})], forced=True),
    "few_fragments": Case(
        [snv(BAD, {sample: 1.0}, only=some(2, BAD, 20)) for sample in ("t1", "t2")],
        {"error": 0.0},
    ),
    "strand": Case([snv(BAD, {"t2": 0.3}, only=lambda f: f.left(BAD) and not f.right(BAD))]),
    "orientation": Case([snv(BAD, {"t2": 0.3}, only=lambda f: f.first_forward)]),
    "position": Case([snv(BAD, {"t2": 1.0}, only=lambda f: f.near_end(BAD, 5))]),
    "mapping": Case([snv(BAD, ONLY_T2, mapq=30)]),
    "mismatches": Case([snv(BAD, ONLY_T2, scars=8)]),
    "ambiguous_mapping": Case(
        [snv(BAD, ONLY_T2)], {"extra": {s: unplaced(BAD, 500) for s in ("t1", "t2")}}
    ),
    "slippage": Case(
        [
            slips({"normal": 0.06, "t1": 0.06, "t2": 0.28 if pos == BAD else 0.06}, pos)
            for pos in reversed(TRACTS)
        ],
        sequence=SLIPPERY,
        allele=(BAD, "CA", "C"),
    ),
    "cluster": Case([snv(BAD + 12 * n, ONLY_T2, block=1) for n in range(4)]),
}


def patient(case: Case, **more) -> Patient:
    """Return the patient of a case: the bad variants and the true one."""
    variants = [*case.bad, snv(TRUE, ONLY_T2)]
    samples = {"normal": 150, "t1": 300, "t2": 300}
    return Patient(
        **({"sequence": case.sequence, "targets": TARGETS, "variants": variants,
            "samples": samples} | case.more | more)
    )  # fmt: skip


#: Filters that need more than reads; their tests stand below.
RESOURCES = ("contamination", "germline_resource", "panel_of_normals")


@pytest.mark.parametrize("name", CASES)
def test_filter(name, tmp_path):
    case = CASES[name]
    written = patient(case).write(tmp_path)
    alleles = [case.allele] if case.allele else [v.vcf(SEQUENCE) for v in case.bad]
    sites = write_sites(tmp_path / "sites.vcf", [("chr1", p, "s", r, a) for p, r, a in alleles])
    calls = written.call(sites=str(sites) if case.forced else None)
    for allele in alleles:
        assert name in (calls.filters(*allele) or ["no record"])
    assert calls.passing() == [snv(TRUE, {}).vcf(case.sequence)]


@pytest.mark.parametrize(
    ("ref", "alt", "first_forward"),
    # guanine oxidised before the adapters: G>T of F1R2, C>A of F2R1; cytosine deaminated by
    # formalin: C>T and G>A
    [("G", "T", True), ("C", "A", False), ("C", "T", True), ("G", "A", False)],
    ids=["oxoG", "oxoG of the other strand", "FFPE", "FFPE of the other strand"],
)
def test_damage(tmp_path, ref, alt, first_forward):
    """The same change twice: of one template strand, and beside it of both."""
    at, beside = (SEQUENCE.index(ref, start) for start in (BAD, TRUE))
    damage = Variant(at, ref, alt, {"t2": 0.3}, only=lambda f: f.first_forward == first_forward)
    true = Variant(beside, ref, alt, {"t2": 0.15})
    calls = patient(Case([damage]), variants=[damage, true]).write(tmp_path).call()
    assert "orientation" in calls.filters(*damage.vcf(SEQUENCE))
    assert calls.passing() == [true.vcf(SEQUENCE)]


def copied(*places: int, af: float = 0.22, block: int = 1) -> list[Variant]:
    """Return alleles on the same molecules."""
    return [snv(pos, {"t1": af, "t2": af}, block=block) for pos in places]


@pytest.mark.parametrize("normal", [True, False])
def test_a_copy_that_the_reference_lacks(tmp_path, normal):
    """Three alleles 70 bases apart on one molecule; one of their frequency further off."""
    far = snv(1100, {"t1": 0.22, "t2": 0.22})
    true = [snv(TRUE, {"t1": 0.08, "t2": 0.2}), *copied(560, 585, af=0.12, block=2)]
    # Three of one clone at 6 %: no copy gives so few.
    true += copied(*range(850, 950, 40), af=0.06, block=3)
    variants = [*true, *copied(BAD, BAD + 70, BAD + 140), far]
    samples = {"t1": 600, "t2": 600} | ({"normal": 300} if normal else {})
    calls = patient(Case([]), variants=variants, samples=samples).write(tmp_path).call()
    # Two of a molecule may be one event; with a normal, which lacks them, all are somatic.
    expected = {v.vcf(SEQUENCE) for v in (variants if normal else true)}
    assert set(calls.passing()) == expected
    if not normal:
        assert calls.filters(*far.vcf(SEQUENCE)) == ["linked"]


def test_damage_ratio():
    limits = np.array([0.01, 0.0])
    assert damage_ratio(np.array([0.01, 0.0]), limits) == 1
    assert damage_ratio(np.array([0.009, 0.0]), limits) < 1
    assert damage_ratio(np.array([0.02, 0.0]), limits) > 1
    # A sample without damage has it.
    assert damage_ratio(np.array([0.005, 0.001]), limits) == np.inf


def test_contamination(tmp_path, monkeypatch):
    """A fifteenth of one tumour is another person, who lacks some of the patient's alleles."""
    # The sites of this small reference would be one locus.
    monkeypatch.setattr(contamination, "loci", functools.partial(contamination.loci, apart=0))
    foreign = 0.066
    inherited = [snv(520 + 25 * n, {"normal": 1, "t1": 1, "t2": 1}) for n in range(24)]
    inherited = [v for v in inherited if abs(v.pos - BAD) > 3 and abs(v.pos - TRUE) > 3]
    for n, v in enumerate(inherited):
        v.af["t2"] = 1 - foreign * (0, 0.5, 1)[n % 3]
    bad = snv(BAD, {"t2": foreign})
    written = patient(Case([bad]), variants=[bad, snv(TRUE, {"t2": 0.3}), *inherited])
    pos, ref, alt = bad.vcf(SEQUENCE)
    sites = write_sites(tmp_path / "sites.vcf", [("chr1", pos, "s", ref, alt)])
    calls = written.write(tmp_path).call(sites=str(sites))
    assert calls.caller.admixture.contamination[2] == pytest.approx(foreign, abs=0.02)
    assert calls.caller.admixture.contamination[1] == 0
    assert "contamination" in calls.filters(pos, ref, alt)
    assert calls.passing() == [snv(TRUE, {}).vcf(SEQUENCE)]


@pytest.mark.parametrize(
    ("name", "setting", "field_line", "info", "harmless"),
    [
        (
            "germline_resource",
            "germline",
            '##INFO=<ID=AF,Number=A,Type=Float,Description="x">',
            "AF=0.05",
            "AF=0.00001",
        ),
        (
            "panel_of_normals",
            "pon",
            '##INFO=<ID=NORMALS,Number=1,Type=Integer,Description="x">',
            "NORMALS=4",
            "NORMALS=1",
        ),
    ],
)
def test_resources(tmp_path, name, setting, field_line, info, harmless):
    """The same allele frequency in the tumour; only what other people show differs."""
    bad, true = snv(BAD, {"t2": 0.2}), snv(TRUE, {"t2": 0.2})
    written = patient(Case([bad]), variants=[bad, true]).write(tmp_path)
    rows = [(*bad.vcf(SEQUENCE), info), (*true.vcf(SEQUENCE), harmless)]
    calls = written.call(**{setting: write_resource(tmp_path / "r.vcf", field_line, rows)})
    assert name in calls.filters(*bad.vcf(SEQUENCE))
    assert calls.passing() == [true.vcf(SEQUENCE)]
    plain = written.call()
    assert plain.passing() == [v.vcf(SEQUENCE) for v in (bad, true)]


def test_every_filter_has_a_case():
    names = [f.name for f in FILTERS]
    assert len(names) == len(set(names))
    # of amplicons alone (test_assays, test_primer_ends), and without a normal
    assert set(CASES) | set(RESOURCES) | {
        "fragment_ends",
        "damage",
        "few_molecules",
        "primer_end",
        "linked",
    } == set(names)


def write_resource(path, field_line: str, rows) -> str:
    """Write an indexed VCF of alleles with one INFO field."""
    text = f"##fileformat=VCFv4.3\n##contig=<ID=chr1>\n{field_line}\n"
    text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    text += "".join(f"chr1\t{pos}\t.\t{r}\t{a}\t.\t.\t{info}\n" for pos, r, a, info in rows)
    path.write_text(text)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return f"{path}.gz"


def everything(folder) -> dict:
    """Return settings that name a germline resource and a panel of normals."""
    germline = '##INFO=<ID=AF,Number=A,Type=Float,Description="x">'
    normals = '##INFO=<ID=NORMALS,Number=1,Type=Integer,Description="x">'
    bad = snv(BAD, {}).vcf(SEQUENCE)
    return {
        "germline": write_resource(folder / "germline.vcf", germline, [(*bad, "AF=0.0001")]),
        "pon": write_resource(folder / "pon.vcf", normals, [(*bad, "NORMALS=1")]),
    }


@pytest.mark.parametrize("f", FILTERS, ids=lambda f: f.name)
def test_thresholds(f: Filter):
    """At the threshold a filter does not apply, beyond it it does; without the metric it cannot."""
    step = -1e-9 if f.below else 1e-9
    scale = max(abs(f.threshold), 1e-3)
    assert failed({f.metric: f.threshold}, (f,)) == []
    assert failed({f.metric: f.threshold + scale * step}, (f,)) == [f.name]
    assert failed({f.metric: f.threshold - scale * step}, (f,)) == []
    assert failed({}, (f,)) == []
    assert "{threshold" not in f.description.format(threshold=f.threshold)


def test_every_metric_is_measured(tmp_path, monkeypatch):
    """A filter whose metric nobody gives would never apply."""
    from resistpanel.call import filters

    given = set()
    real = filters.failed
    monkeypatch.setattr(
        filters, "failed", lambda metrics, *more: given.update(metrics) or real(metrics, *more)
    )
    patient(CASES["orientation"]).write(tmp_path / "one").call(**everything(tmp_path))
    patient(CASES["slippage"]).write(tmp_path / "two").call()
    absent = {f.metric for f in FILTERS} - given
    # with contamination, in amplicons, and without a normal alone
    assert absent <= {
        "contamination_odds",
        "at_fixed_ends",
        "linked",
        "damage_ratio",
        "commoner",
        "effective_fragments",
    }


class TestTwoSided:
    def test_balanced(self):
        assert _two_sided(50, 100, 0.5) == 1
        assert _two_sided(0, 0, 0.5) == 1
        assert _two_sided(5, 5, 1.0) == 1

    def test_one_side_missing(self):
        assert _two_sided(0, 20, 0.5) == pytest.approx(2 * 0.5**20)
        assert _two_sided(20, 20, 0.5) == pytest.approx(2 * 0.5**20)

    def test_slight_imbalance_of_thousands_is_none(self):
        """40 % of 10,000 is significant, and no artifact."""
        assert _two_sided(4000, 10_000, 0.5) == 1


def test_measure_without_fragments(tmp_path):
    """An allele that no tumour shows trips nothing but the number of fragments."""
    written = Patient(SEQUENCE, TARGETS, [snv(BAD, {"normal": 0.5})], {"normal": 60, "t1": 60})
    calls = written.write(tmp_path).call()
    candidate = next(c for c in calls.caller.candidates if c.allele.pos == BAD)
    metrics = measure(candidate, calls.caller.tumors, 100.0)
    assert metrics["fragments"] == 0
    mine = {f.metric for f in FILTERS if f.name in failed(metrics)}
    assert mine == {"fragments"}


def test_the_direction_of_duplex_reads_is_chance(tmp_path):
    """They are of both strands of the molecule."""
    calls = patient(CASES["strand"]).write(tmp_path).call()
    candidate = next(c for c in calls.caller.candidates if c.allele.pos == BAD)
    raw, duplex = (
        measure(candidate, calls.caller.tumors, 100.0, duplex=of) for of in (False, True)
    )
    assert raw["strand_p"] < 1e-5
    assert duplex == raw | {"strand_p": 1.0}


def test_agreeing_mates_are_no_strand_bias(tmp_path):
    """Overlapping mates tell it from both strands, whichever read is better."""
    case = Case([snv(BAD, ONLY_T2)])
    calls = patient(case, insert=110).write(tmp_path).call()
    assert calls.filters(*snv(BAD, {}).vcf(SEQUENCE)) == []


def test_order_of_filters_is_that_of_the_table(tmp_path):
    calls = patient(CASES["position"]).write(tmp_path).call()
    order = {f.name: n for n, f in enumerate(FILTERS)}
    for record in calls.records:
        assert all(order[a] < order[b] for a, b in pairwise(record.filters))
    assert np.isfinite([r.info["SOMATIC_PHRED"] for r in calls.records]).all()


class TestClusters:
    """Which alleles count as others of the same fragments."""

    @staticmethod
    def new(pos: int, fragments) -> SimpleNamespace:
        rows = {"frag": np.fromiter(fragments, dtype=np.int64)}
        return SimpleNamespace(
            allele=Allele("chr1", pos, "A", "G"),
            support=[SimpleNamespace(alt=len(rows["frag"]), rows=rows)],
        )

    def test_alleles_of_one_copy_count_each_other(self):
        copy = [self.new(100 + 10 * n, range(5 * n, 200)) for n in range(4)]
        assert clusters(copy, [0]).tolist() == [3, 3, 3, 3]

    def test_a_clonal_allele_has_no_cluster_of_its_subclones_and_errors(self):
        """Each on a few of 4,000 fragments; for these the clonal allele is another one."""
        rare = [self.new(100 + 10 * n, range(100 * n, 100 * n + 60)) for n in range(3)]
        found = clusters([*rare, self.new(135, range(4000))], [0])
        assert found.tolist() == [1, 1, 1, 0]
