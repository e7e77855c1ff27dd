"""From simulated BAMs through every stage to the verdict: Table 2, and C797S beside T790M.

One tumour carries all alterations of Table 2, over four lesions of the relapse; it is read under
each of the table's drugs, and under two that no row has to do with. `benchmarks/table2.py` gives
every row a patient of its own.
"""

import sys

import pysam
import pytest

from resistpanel.core.files import HOME, read_json

sys.path.insert(0, str(HOME))

from benchmarks import table2_patients as table2

ROWS = table2.read_table()
SEEN = [row for row in ROWS if row.visible]
UNSEEN = [row for row in ROWS if not row.visible]
RELAPSES = table2.spread(SEEN, 4)
#: Every drug costs a comparison of its own: rows of all others are slow tests.
OFTEN = ("imatinib", "gefitinib", "PLX4032")


def name(row):
    return f"{row.gene}-{row.alteration}-{row.drug}".replace(" ", "_")


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    return table2.small_panel(tmp_path_factory.mktemp("panel"), ROWS, 10)


@pytest.fixture(scope="module")
def tumour(panel, tmp_path_factory):
    """Simulate the tumour and call it; what follows depends on the drug."""
    folder = tmp_path_factory.mktemp("table2")
    drivers = ["GIST", "NSCLC", "melanoma"]
    described = table2.describe("table2", drivers, RELAPSES, panel, depth=250, seed=1)
    made = table2.simulate(folder / "simulated", described, panel)
    table2.call(made, list(RELAPSES), folder / "called")
    return made, folder / "called"


@pytest.fixture(scope="module")
def under(tumour):
    """Return resist.json under a drug; each drug and disease is judged once."""
    judged = {}

    def judge(drug, disease):
        if (drug, disease) not in judged:
            made, called = tumour
            judged[drug, disease] = table2.judge(made, list(RELAPSES), drug, disease, called)
        return judged[drug, disease]

    return judge


def by_drug(rows):
    slow = pytest.mark.slow
    return [
        pytest.param(row, id=name(row), marks=[] if row.drug in OFTEN else slow) for row in rows
    ]


@pytest.mark.parametrize("row", by_drug(SEEN))
def test_a_row_of_table_2_is_named_under_its_drug(under, row):
    value = under(row.drug, row.disease)
    (found,) = [finding for finding in value["findings"] if finding["label"] == row.label]
    assert (found["effect"], found["mechanism_class"]) == ("known", row.mechanism_class)
    assert found["state"] == "acquired"
    (lesion,) = [relapse for relapse, rows in RELAPSES.items() if row.label in labels(rows)]
    assert [point["sample"] for point in found["course"] if point["detected"]] == [lesion]
    assert any("21383288" in (evidence["pmid"] or "") for evidence in found["evidence"])
    assert value["verdict"]["kind"] == "mechanism"
    assert found["variant"] in value["verdict"]["key_variants"]
    assert row.label in value["verdict"]["sentence"]


#: Effects of what does not act against the drug.
OTHERS = ("other_driver", "not_connected", "no_effect")


def labels(rows):
    return {row.label for row in rows}


@pytest.mark.parametrize(
    "drug",
    [table2.UNRELATED[0], *(pytest.param(x, marks=pytest.mark.slow) for x in table2.UNRELATED[1:])],
)
def test_no_row_of_table_2_is_named_under_an_unrelated_drug(under, drug):
    value = under(drug, "melanoma")
    effects = {finding["label"]: finding for finding in value["findings"]}
    for label in labels(SEEN):
        assert effects[label]["effect"] in OTHERS, label
        assert effects[label]["mechanism_class"] == "none", label
        assert effects[label]["evidence"] == [], label
    assert value["verdict"]["kind"] == "none"
    assert value["verdict"]["key_variants"] == []


@pytest.mark.parametrize("row", by_drug(UNSEEN))
def test_a_row_that_dna_does_not_show_is_listed_as_open(under, row):
    def open_under(drug, disease):
        listed = under(drug, disease)["coverage"]["not_in_dna"]
        return (row.gene, row.alteration) in [(r["gene"], r["alteration"]) for r in listed]

    assert open_under(row.drug, row.disease)
    assert not open_under(table2.UNRELATED[0], "melanoma")


EGFR = {"chrom": "chr7", "gene": "EGFR"}
T790M = {**EGFR, "pos": 55249071, "ref": "C", "alt": "T"}
C797S = {**EGFR, "pos": 55249092, "ref": "G", "alt": "C"}


def egfr_patient(panel, phase):
    """Describe a lung cancer with T790M before osimertinib, and C797S in addition after it.

    Without a phase the two alleles are put on the two haplotypes, or by chance on one: the seed
    is one of the former, which the test counts in the reads.
    """
    described = table2.describe("egfr", ["NSCLC"], {"relapse": []}, panel, depth=250, seed=5)
    together = {"phase": "allele"} if phase == "cis" else {}
    described["somatic"] += [
        {**T790M, **together, "af": {table2.BEFORE: 0.3, "relapse": 0.3}},
        {**C797S, **together, "af": {"relapse": 0.12}},
    ]
    return described


def fragments(bam):
    """Count fragments by whether they carry T790M and C797S, of those that read both."""
    shown = {}
    with pysam.AlignmentFile(str(bam)) as reads:
        for read in reads.fetch("chr7", T790M["pos"] - 1, C797S["pos"]):
            if read.is_duplicate or read.mapping_quality < 30:
                continue
            bases = {pos: at for at, pos in read.get_aligned_pairs(matches_only=True)}
            for change in (T790M, C797S):
                at = bases.get(change["pos"] - 1)
                if at is not None:
                    base = read.query_sequence[at]
                    shown.setdefault(read.query_name, {})[change["pos"]] = base == change["alt"]
    whole = [alleles for alleles in shown.values() if len(alleles) == 2]
    carriers = [alleles[T790M["pos"]] for alleles in whole if alleles[C797S["pos"]]]
    return sum(carriers), len(carriers) - sum(carriers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "option"),
    [
        ("cis", "brigatinib with an anti-EGFR antibody"),
        ("trans", "first- and third-generation EGFR inhibitor together"),
    ],
)
def test_c797s_in_cis_and_in_trans_with_t790m(tmp_path, phase, option):
    rows = [row for row in SEEN if row.gene == "EGFR"]
    panel = table2.small_panel(tmp_path / "panel", rows, 8)
    made = table2.simulate(tmp_path / "simulated", egfr_patient(panel, phase), panel)
    cis, trans = fragments(made.folder / "relapse.bam")
    assert (cis if phase == "cis" else trans) > 15
    assert (trans if phase == "cis" else cis) <= 1
    out = tmp_path / "called"
    table2.call(made, ["relapse"], out)
    value = table2.judge(made, ["relapse"], "osimertinib", "NSCLC", out)
    variants = read_json(out / "osimertinib-NSCLC" / "compare.json")["variants"]
    by_protein = {v["protein"]: v for v in variants if v["reported"]}
    other = by_protein["T790M"]["id"]
    (entry,) = [e for e in by_protein["C797S"]["phase"] if e["other"] == other]
    # The caller counts all samples; the relapse alone has C797S.
    assert entry["cis"] == pytest.approx(cis, abs=2 + 0.1 * cis)
    assert entry["trans"] == pytest.approx(trans, abs=2 + 0.1 * trans)
    (found,) = [f for f in value["findings"] if f["label"] == "EGFR p.C797S"]
    assert (found["rank"], found["effect"], found["state"]) == (1, "known", "acquired")
    assert any(text.startswith(f"in {phase} with EGFR p.T790M: ") for text in found["for"])
    assert [o["option"] for o in value["options"]] == [option]
