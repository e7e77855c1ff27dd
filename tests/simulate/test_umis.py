"""Simulated reads with UMIs: families, strands, errors, fragments of cell-free DNA."""

import collections

import numpy as np
import pytest

from resistpanel.core.errors import InputError
from resistpanel.inputs.simulated_patient import load_patient
from resistpanel.testing.families import Umi, draw_codes, draw_families, family_errors
from resistpanel.testing.setup import make_libraries

UMI = {
    "type": "duplex",
    "length": 3,
    "families": (1, 1, 1, 1, 1, 1),
    "both_strands": 0.6,
    "damage": 0.0,
    "deamination": 0.0,
    "oxidation": 0.0,
    "polymerase": 0.0,
    "jackpots": 0.0,
    "jackpot_size": 30.0,
    "errors": 0.0,
}


@pytest.fixture(scope="module")
def plasma(run_patient):
    """A normal without UMIs, a plasma with duplex UMIs; no errors but deamination."""
    umi = UMI | {"families": [1, 1, 1], "deamination": 0.001}
    return run_patient(
        error_free=True,
        genes=("MAP2K1",),
        depth=60,
        reads={"pcr_errors": 0, "off_target": 0},
        germline={"snv_per_kb": 0, "indel_per_kb": 0},
        samples=[
            {"sample": "normal", "role": "normal"},
            {"sample": "plasma", "role": "plasma", "day": 1,
             "reads": {"length": 150, "fragments": "cfdna", "umi": umi}},
        ],
        somatic=[
            {"chrom": "chr15", "pos": 66729154, "ref": "G", "alt": "C", "af": {"plasma": 0.3}},
            {"chrom": "chr15", "pos": 66729100, "duplicate": 6, "af": {"plasma": 0.5}},
        ],
    )  # fmt: skip


def families(found):
    """Return reads by (molecule, strand)."""
    made = collections.defaultdict(list)
    for read in found.reads:
        molecule, strand = read.get_tag("zm").split("/")
        made[molecule, strand].append(read)
    return made


def test_families_of_both_strands(plasma, bam):
    found = bam(plasma, "plasma")
    made = families(found)
    assert {len(reads) for reads in made.values()} == {2, 4, 6}
    molecules = collections.Counter(molecule for molecule, _ in made)
    assert np.mean([n == 2 for n in molecules.values()]) == pytest.approx(0.6, abs=0.1)
    for (molecule, strand), reads in made.items():
        (code,) = {read.get_tag("RX") for read in reads}
        assert len(code) == 7
        assert code[3] == "-"
        assert not any(read.is_duplicate for read in reads)
        assert len({(r.is_reverse, r.pos, r.tlen) for r in reads if r.is_read1}) == 1
        assert {r.is_reverse for r in reads if r.is_read1} == {strand == "B"}
        other = made.get((molecule, "B" if strand == "A" else "A"))
        if other:
            one, _, two = code.partition("-")
            assert other[0].get_tag("RX") == f"{two}-{one}"
    assert not any(r.has_tag("RX") or r.has_tag("zm") for r in bam(plasma, "normal").reads)


def test_short_fragments_end_in_adapter(plasma, bam):
    found = bam(plasma, "plasma")
    short = [r for r in found.reads if r.is_proper_pair and abs(r.template_length) < 144]
    assert short
    for read in short:
        kept = sum(n for op, n in read.cigartuples if op in (0, 1))
        assert kept <= abs(read.template_length) + 6
        clip = read.cigartuples[0 if read.is_reverse else -1]
        assert clip[0] == 4
        if len(read.cigartuples) == 2:
            forward = read.get_forward_sequence()[-clip[1] :]
            assert forward.startswith("AGATCGGAAGAGC"[: clip[1]])
    sizes = [abs(r.template_length) for r in found.reads if r.is_read1]
    assert np.median(sizes) == pytest.approx(166, abs=4)
    assert all(
        sum(n for op, n in r.cigartuples if op in (0, 1, 4)) == 150
        for r in found.reads
        if not r.is_unmapped
    )


def test_deamination_is_on_one_strand_in_all_its_copies(plasma, bam):
    found = bam(plasma, "plasma")
    seen = collections.Counter()
    for (_, strand), reads in families(found).items():
        shown = collections.defaultdict(set)
        for read in reads:
            if len([op for op, _ in read.cigartuples if op != 4]) == 1:
                for kind, at, base, reference in found.differences(read):
                    if kind == "X" and at != 66729153:
                        shown[at, reference, base].add(read.query_name)
        for (at, reference, base), names in shown.items():
            if 66729080 < at < 66729130:
                continue  # beside the duplication
            covering = {
                r.query_name
                for r in reads
                if found.base_at(r, at) is not None and len(r.cigartuples) < 3
            }
            assert names == covering
            seen[strand, reference, base] += 1
    assert set(seen) == {("A", "C", "T"), ("B", "G", "A")}
    assert min(seen.values()) > 5


def test_truth_counts_molecules(plasma, bam, truth):
    (row,) = [r for r in truth(plasma) if r["type"] == "SNV"]
    found = bam(plasma, "plasma")
    shown = collections.defaultdict(set)
    for (molecule, _), reads in families(found).items():
        for read in reads:
            base = found.base_at(read, row["pos"] - 1)
            if base:
                shown[molecule].add(base)
    with_, all_ = sum("C" in bases for bases in shown.values()), len(shown)
    assert row["ad"]["plasma"] == (all_ - with_, with_)
    assert with_ > 5


def test_errors_before_and_during_amplification():
    rng = np.random.default_rng(3)
    umi = Umi(**UMI | {"damage": 1e-3, "families": (0, 0, 0, 0, 0, 0, 0, 1)})
    families_ = draw_families(500, umi, rng)
    insert = np.full(len(families_.molecule), 160)
    pair, offset, change = family_errors(families_, insert, umi, rng)
    found = collections.Counter(zip(families_.family[pair], offset, change, strict=True))
    assert set(found.values()) == {8}
    strands = len(families_.size)
    assert len(found) == pytest.approx(strands * 160 * 1e-3, rel=0.3)
    # An error of the first cycle is in half of the copies: fewer copies, and many single ones.
    umi = Umi(**UMI | {"polymerase": 1e-4, "families": (0, 0, 0, 0, 0, 0, 0, 1)})
    pair, offset, change = family_errors(families_, insert, umi, rng)
    assert len(pair) == pytest.approx(len(insert) * 160 * 1e-4 * 20 / 2, rel=0.15)
    sizes = collections.Counter(zip(families_.family[pair], offset, change, strict=True)).values()
    assert np.mean(np.array(list(sizes)) == 1) > 0.5
    assert 2 < max(sizes) < 8


def test_jackpots_and_codes():
    rng = np.random.default_rng(4)
    umi = Umi(**UMI | {"type": "single", "length": 8, "jackpots": 0.02, "errors": 0.01})
    families_ = draw_families(4000, umi, rng)
    assert len(families_.size) == 4000
    large = families_.size[families_.size > 6]
    assert len(large) == pytest.approx(80, abs=30)
    assert large.mean() == pytest.approx(30, abs=3)
    codes = draw_codes(families_, umi, rng)
    assert codes.shape == (len(families_.molecule), 8)
    differ = (codes != codes[families_.first[families_.family]])[families_.copy]
    assert differ.mean() == pytest.approx(2 * 0.01, rel=0.25)


def test_keys_that_cannot_be_used(write_patient, patient, tmp_path):
    described = patient()
    described["samples"][1]["reads"] = {"uniformity": 1}
    document = load_patient(write_patient(tmp_path, described))
    with pytest.raises(InputError, match="uniformity is not a key of a sample's reads"):
        make_libraries(*document)
    described["samples"][1]["reads"] = {"umi": {"type": "duplex", "families": [0, 0]}}
    document = load_patient(write_patient(tmp_path / "b", described))
    assert document[0]["samples"][1]["reads"]["umi"]["damage"] == 1e-5
    assert set(document[0]["samples"][1]["reads"]) == {"umi"}
    with pytest.raises(InputError, match=r"patient.yaml:\d+.*families of no size"):
        make_libraries(*document)
