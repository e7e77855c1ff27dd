"""The second simulator on an invented genome of 10 kb: the same seed gives the same bytes,
molecules carry what the truth says, and each kind of error appears where it is asked for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.bed import assay, errors, library, molecules, tumour
from benchmarks.bed.adapters import Cut
from benchmarks.bed.assay import ASSAYS, Truth
from benchmarks.bed.errors import Chemistry
from benchmarks.bed.genome import Panel, Reference, decode
from benchmarks.bed.molecules import Amplicons, Capture
from benchmarks.bed.tumour import Mixture

QUIET = Chemistry(pcr=0, stutter=0, end_repair=0, consensus="duplex")
PURITY = {"normal": 0.0, "pre": 0.6, "post": 0.8}


@pytest.fixture(scope="module")
def reference():
    codes = np.random.default_rng(1).integers(0, 4, 10_000).astype(np.uint8)
    return Reference({"c": codes}, Path("none.fa"))


@pytest.fixture(scope="module")
def panel():
    return Panel([("c", 3000, 3300, "A"), ("c", 6000, 6400, "B"), ("c", 9000, 9200, "C")])


def a_patient(reference, panel, seed=3, **changes):
    mixture = Mixture(PURITY, somatic_per_base=1 / 60, paralogues=False, **changes)
    return tumour.patient(reference, panel, mixture, np.random.default_rng(seed))


def captured(p, seed=4, rho=0.0, **changes):
    rng = np.random.default_rng(seed)
    sampler = molecules.CaptureSampler(p, Capture(depth=250, off_target=0.0, **changes), rng)
    return sampler, sampler.samples(rho, rng), rng


def fastq(p, folder, chemistry=QUIET, seed=4, **changes):
    sampler, drawn, rng = captured(p, seed, **changes)
    m = drawn["post"]
    rates = errors.site_rates(sampler.buffer, sampler.on_target, chemistry, True, seed, rng)
    found = errors.edits(m, sampler.buffer, rates, chemistry, False, rng)
    writer = library.Writer(folder / "post", sampler.buffer, chemistry, library.Labels())
    sequencer = errors.Sequencer.of(chemistry, rng)
    writer.write(m, library.expand(m, found, rng), sequencer, None, rng)
    return sampler, m, [path.read_bytes() for path in writer.paths]


def test_the_same_seed_gives_the_same_bytes(reference, panel, tmp_path):
    first, second = (fastq(a_patient(reference, panel), tmp_path)[2] for _ in range(2))
    assert first == second
    assert first != fastq(a_patient(reference, panel), tmp_path, seed=5)[2]


def test_reads_without_errors_are_their_molecules(reference, panel, tmp_path):
    sampler, m, (one, _) = fastq(a_patient(reference, panel), tmp_path, chimeras=0.0, hopping=0.0)
    row = 7
    sequence = decode(sampler.buffer.codes[m.start[row] : m.start[row] + m.length[row]])
    other = sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))
    lines = one.decode().splitlines()
    reads = {int(lines[i].split(":")[-1]): lines[i + 1] for i in range(0, len(lines), 4)}
    expected = sequence if m.top[row] else other
    size = min(101, int(m.length[row]))
    assert reads[row][:size] == expected[:size]


def test_a_read_longer_than_its_molecule_runs_into_the_adapter(reference, panel, tmp_path):
    _, m, (one, _) = fastq(a_patient(reference, panel), tmp_path, length=60.0, spread=10.0)
    adapter = Chemistry().adapter
    reads = one.decode().splitlines()[1::4]
    assert np.mean([adapter[:20] in read for read in reads]) > 0.9
    assert m.length.mean() < 80


def test_reads_cut_at_their_molecules_are_the_same_otherwise(reference, panel, tmp_path):
    made = {}
    for chemistry in (QUIET, Cut(pcr=0, stutter=0, end_repair=0, consensus="duplex")):
        _, m, texts = fastq(
            a_patient(reference, panel), tmp_path, chemistry, length=90.0, spread=20.0
        )
        made[type(chemistry)] = [text.decode().splitlines() for text in texts]
    for whole, cut in zip(made[Chemistry], made[Cut], strict=True):
        assert len(whole) == len(cut) and whole[::4] == cut[::4]
        rows = [int(name.split(":")[-1]) for name in cut[::4]]
        for lines, short in ((whole[1::4], cut[1::4]), (whole[3::4], cut[3::4])):
            assert all(a.startswith(b) for a, b in zip(lines, short, strict=True))
            sizes = np.array([len(b) for b in short])
            assert (sizes == np.minimum(101, m.length[rows])).all()
            assert (sizes < 101).any()


def test_variants_of_a_lineage_and_copy_share_a_template(reference, panel):
    p = a_patient(reference, panel)
    for t in p.templates:
        clones = {p.somatic[i].clone for i in t.somatic}
        assert len(clones - {0}) <= 1  # children of the founder are sisters
        assert {p.somatic[i].haplotype for i in t.somatic} <= {t.haplotype}


def test_a_template_spells_its_variants(reference, panel):
    p = a_patient(reference, panel)
    checked = 0
    for t in p.templates:
        contig = p.segments[t.segment][0]
        plain = decode(reference.contigs[contig])
        for i in t.somatic:
            v = p.somatic[i]
            left = int(np.searchsorted(t.where, v.start))
            if v.kind == "SNV":
                assert decode(t.codes[left : left + 1]) == v.alt
                assert plain[v.start] == v.ref
                checked += 1
    assert checked > 3


def test_realised_fractions_agree_with_the_cells(reference, panel):
    p = a_patient(reference, panel)
    sampler, drawn, _ = captured(p)
    counts = Truth(p, sampler.templates, sampler.buffer).count(drawn["post"], 101, None)
    for i, (carry, total) in enumerate(counts):
        f = tumour.expected_af(p, i, "post")
        if total > 200:
            assert abs(carry / total - f) < 5 * np.sqrt(max(f * (1 - f), 1e-3) / total)


def test_no_somatic_variant_is_in_a_clean_normal(reference, panel):
    p = a_patient(reference, panel)
    assert all(tumour.expected_af(p, i, "normal") == 0 for i in range(len(p.somatic)))
    leaky = a_patient(reference, panel, tumour_in_normal=0.1)
    founder = [i for i, v in enumerate(leaky.somatic) if v.clone == 0]
    assert all(tumour.expected_af(leaky, i, "normal") > 0 for i in founder)


def test_overdispersion_adds_to_the_binomial(reference, panel):
    p = a_patient(reference, panel, copy_number=False)
    weights, rng = p.weights["post"], np.random.default_rng(2)
    hap = np.array([t.haplotype for t in p.templates])
    segment = np.array([t.segment for t in p.templates])
    inside = segment == 0
    drawn = []
    for _ in range(800):
        w = molecules.overdispersed(p, weights, 3e-3, rng)
        drawn.append(w[inside & (hap == 0)].sum() / w[inside].sum())
    mean = weights[inside & (hap == 0)].sum() / weights[inside].sum()
    assert np.mean(drawn) == pytest.approx(mean, abs=5e-3)
    assert np.var(drawn) == pytest.approx(3e-3 * mean * (1 - mean), rel=0.25)


def test_damage_is_of_one_strand(reference, panel):
    p = a_patient(reference, panel)
    sampler, drawn, rng = captured(p)
    chemistry = replace(QUIET, ffpe=5e-3)
    rates = errors.site_rates(sampler.buffer, sampler.on_target, chemistry, True, 4, rng)
    m = drawn["post"]
    found = errors.edits(m, sampler.buffer, rates, chemistry, False, rng)
    old = sampler.buffer.codes[m.start[found.row] + found.at]
    changes = set(zip(m.top[found.row].tolist(), old.tolist(), found.base.tolist(), strict=True))
    assert changes == {(True, 1, 3), (False, 2, 0)}  # C>T of F1R2, G>A of F2R1
    clean = errors.site_rates(sampler.buffer, sampler.on_target, chemistry, False, 4, rng)
    assert not clean.damage  # the normal is not fixed in formalin


def test_an_allele_under_a_primer_drops_out(reference, panel):
    p = a_patient(reference, panel)
    design = Amplicons(genomes=500, reads=300)
    rng = np.random.default_rng(6)
    tiles = molecules.tiles(p.panel, design, rng)
    templates, weights = molecules.amplify(p, tiles, replace(design, uneven=0.0), rng)
    dropped = 0
    for t, w in zip(templates, weights["post"], strict=True):
        tile = tiles[t.amplicon]
        primer = reference.contigs["c"][tile.start : tile.insert[0]]
        assert decode(t.codes[: tile.left]) == decode(primer)  # the primer's bases, not the DNA's
        dropped += 0 < w < 0.05
    assert dropped
    assert {t.pool for t in tiles} == {1, 2}


def test_every_assay_says_what_it_is():
    assert {"capture", "amplicon", "duplex", "umi", "small-panel", "tumour-only", "ffpe",
            "oxidation", "short-inserts", "replicates"} <= set(ASSAYS)  # fmt: skip
    assert all(a.what and (not a.of or a.of in ASSAYS) for a in ASSAYS.values())


def test_targets_are_cut_to_their_middle(monkeypatch):
    whole = Panel([("c", 100, 400, "A"), ("c", 1000, 1100, "B")])
    monkeypatch.setattr(assay, "panel", lambda: whole)
    cut = assay.panel_of(replace(ASSAYS["duplex"], targets=0, piece=120), np.random.default_rng(1))
    assert cut.targets == [("c", 190, 310, "A"), ("c", 1000, 1100, "B")]


def test_low_clones_give_two_percent(reference, panel):
    p = a_patient(reference, panel, clones=tumour.LOW_CLONES, copy_number=False)
    late = [tumour.expected_af(p, i, "post") for i, v in enumerate(p.somatic) if v.clone > 0]
    assert len(late) > 5 and all(0.01 < f < 0.04 for f in late)


def test_long_events_have_their_size(reference, panel):
    mixture = tumour.LongEvents(PURITY, somatic_per_base=1 / 100, paralogues=False)
    p = tumour.patient(reference, panel, mixture, np.random.default_rng(3))
    sizes = [max(len(v.ref), len(v.alt)) for v in p.somatic]
    assert sizes and all(50 <= size <= 150 for size in sizes)
    assert {v.kind for v in p.somatic} == {"DEL", "DUP"}
