"""The screen recovers planted resistant substitutions and calls nothing else."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pysam
import pytest

from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.table import load_catalog, read_rows
from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.sequence import GENETIC_CODE
from resistpanel.extras.clone_sizes import stated
from resistpanel.extras.count_codons import Coding, CodonCounts, count_codons, read_coding
from resistpanel.extras.linkage import count_pairs, label_linked
from resistpanel.extras.null_library import Rates, all_changes, fit, kind
from resistpanel.extras.recurrence import evaluate

#: Clones, of 1,000, that carry each of 20 planted substitutions; 4 (0.4 %) is the threshold.
#: At the depth of 2,000 that the test affords, a share must be well above it to be told.
SIZES = [150, 90, 60, 50, 45, 42, 40, 38, 36, 34, 32, 30, 28, 27, 26, 25, 2, 2, 1, 1]


@pytest.mark.slow
def test_twenty_planted_among_a_thousand_clones(tmp_path, tools, fasta, capsys):
    rng = np.random.default_rng(11)
    coding = tools.random_coding(rng)
    survivors = tools.resistant_library(rng, coding, SIZES)
    unselected = tools.Library(coding, [tools.chance_changes(rng, coding, 1) for _ in range(5000)])
    drug = tools.write_reads(tmp_path / "drug.bam", survivors, 20_000, rng)
    control = tools.write_reads(tmp_path / "control.bam", unselected, 10_000, rng)
    table, rows, plot = (tmp_path / name for name in ("out.tsv", "rows.tsv", "plot.svg"))
    assert (
        main(
            ["screen", "--bam", str(drug), "--control", str(control), "--reference",
             str(fasta(tools.flank + coding + tools.flank)), "--cds",
             f"{len(tools.flank) + 1}-{len(tools.flank) + len(coding)}",
             "--gene", "MAP2K1", "--drug", "PLX4720", "--clones", "1000",
             "--output", str(table), "--rows", str(rows), "--plot", str(plot),
             "--source", "simulated screen", "--disease", "melanoma"]
        ) == 0
    )  # fmt: skip
    above = {short for short, size in survivors.planted.items() if size > 4}
    assert len(above) == 16
    found = {row.alteration for row in read_rows(rows, load_drugs())}
    assert found == above
    assert "16 recurrent" in capsys.readouterr().err
    for row in read_rows(rows, load_drugs()):
        assert (row.evidence_level, row.mechanism_class) == ("screen", "downstream_mutation")
        assert row.source == "simulated screen"
    catalog = load_catalog(user=[rows])
    assert len(catalog) == len(load_catalog()) + 16
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    rows_of = {cells[0]: dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]}
    for short in above:
        share, row = survivors.share(short), rows_of[short]
        sd = (share * (1 - share) / int(row["depth"])) ** 0.5
        assert float(row["frequency"]) == pytest.approx(share, abs=4 * sd + 0.004)  # read errors
    svg = plot.read_text()
    assert all(f">{short}<" in svg or short in svg for short in above)


def single_changes(coding):
    """Return every codon change by one base, as (0-based codon index, codon)."""
    return [
        (
            place // 3,
            coding[place - place % 3 : place] + base + coding[place + 1 : place - place % 3 + 3],
        )
        for place in range(len(coding))
        for base in "ACGT"
        if base != coding[place]
    ]


def deep_counts(rng, coding, clones, of):
    """Return counts at a depth of 100,000 of a pool in which `clones` carry each change."""
    deep = 100_000
    changed = Counter({key: int(rng.poisson(deep * number / of)) for key, number in clones.items()})
    return CodonCounts(np.full(len(coding) // 3, deep), +changed, deep)


def screen(rng, tools, sizes, depth, error=5e-5, with_control=True, clone_shares=None):
    """Return the result of a simulated screen at the level of counts, and its library."""
    coding = tools.random_coding(rng)
    survivors = tools.resistant_library(rng, coding, sizes)
    drug = tools.counts(rng, survivors, depth, error, clone_shares)
    control = None
    if with_control:
        control = tools.saturating(rng, coding, depth, error)
    return evaluate(drug, control, Coding("c", 0, len(coding), coding), 1000, 0.004), survivors


@pytest.mark.slow
@pytest.mark.parametrize("with_control", [True, False])
def test_planted_substitutions_and_none_false(with_control, tools):
    """Two screens at 50,000x, of 1,000 clones with one chance change each.

    Seven clones cannot carry a change by chance, five may: that happens in one screen of thirty.
    benchmarks/screen.py counts more screens.
    """
    seven = recovered = 0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        sizes = [int(size) for size in rng.choice([1, 2, 3, 7, 8, 10, 15, 30, 80], 20)]
        found, survivors = screen(rng, tools, sizes, 50_000, with_control=with_control)
        named = {row.short for row in found.rows if row.recurrent}
        assert named <= set(survivors.planted)
        assert all(survivors.share(short) >= 0.005 for short in named)
        above = {short for short in survivors.planted if survivors.share(short) >= 0.007}
        seven += len(above)
        recovered += len(above & named)
        assert found.clones == stated(1000)
        assert found.silent == []
    assert seven > 15
    assert recovered == seven


@pytest.mark.slow
def test_what_chance_may_bring_is_called_so(tools):
    """A chance change of five of 1,000 clones is above the threshold: who asks for more is told."""
    rng = np.random.default_rng(1)
    coding = tools.random_coding(rng)
    pool = [tools.chance_changes(rng, coding, 1.0) for _ in range(995)]
    index = next(i for i in range(1, 393) if coding[3 * i : 3 * i + 3] == "TGC")
    pool += [{index: "TCC"} for _ in range(5)]
    library = tools.Library(coding, pool)
    drug = tools.counts(rng, library, 100_000, 5e-5)
    found = evaluate(drug, None, Coding("c", 0, len(coding), coding), 1000, 0.004, 0.01)
    (row,) = [row for row in found.rows if row.short == f"C{index + 1}S"]
    assert row.low > 0.004
    assert row.label == "chance"
    assert 0.01 < row.expected_false < 1


@pytest.mark.slow
def test_passengers_of_a_large_clone_with_a_synonymous_change(tools):
    """A clone of 6 % of the cells: what it carries is told from what many clones carry."""
    rng = np.random.default_rng(4)
    coding = tools.random_coding(rng)
    survivors = tools.resistant_library(rng, coding, [30, 20])
    silent = next(
        (i, codon)
        for i in range(50, 393)
        for codon, residue in GENETIC_CODE.items()
        if residue == GENETIC_CODE[coding[3 * i : 3 * i + 3]]
        and kind(coding[3 * i : 3 * i + 3], codon) == "C>T"
    )
    passenger = next(i for i in range(100, 393) if coding[3 * i : 3 * i + 3] == "GGC")
    survivors.clones[0] |= {silent[0]: silent[1], passenger: "GAC"}
    shares = np.full(1000, 0.94 / 999)
    shares[0] = 0.06
    drug = tools.counts(rng, survivors, 50_000, 5e-5, shares)
    found = evaluate(drug, None, Coding("c", 0, len(coding), coding), 1000, 0.004)
    labels = {row.short: (row.label, row.partner) for row in found.rows}
    (witness,) = found.silent
    assert witness.residue == silent[0] + 1
    assert labels[f"G{passenger + 1}D"] == ("clone", witness.short)
    # The second is carried by other clones alone, at another share.
    assert labels[list(survivors.planted)[1]] == ("recurrent", "")


@pytest.mark.slow
def test_unequal_clones_count_as_fewer(tools):
    rng = np.random.default_rng(5)
    shares = rng.lognormal(0, 1, 1000)
    found, survivors = screen(rng, tools, [60, 40, 30], 50_000, clone_shares=shares / shares.sum())
    # Log-normal sizes: 1,000 clones scatter as 1,000 / e of equal size.
    assert 250 < found.clones.effective < 550
    assert {row.short for row in found.rows if row.recurrent} <= set(survivors.planted)


@pytest.mark.slow
def test_the_depth_of_a_clone_does_not_make_it_many_clones(tools):
    """A passenger of one clone among ten is read a thousand times, and is still one clone."""
    rng = np.random.default_rng(2)
    coding = tools.random_coding(rng)
    index = next(i for i in range(1, 393) if coding[3 * i : 3 * i + 3] == "TGC")
    control = tools.saturating(rng, coding, 10_000, 5e-5)
    for clones, label in ((10, "chance"), (1000, "recurrent")):
        pool = [tools.chance_changes(rng, coding, 1.0) for _ in range(clones)]
        for clone in pool[: clones // 10]:
            clone[index] = "TCC"
        drug = tools.counts(rng, tools.Library(coding, pool), 10_000, 5e-5)
        found = evaluate(drug, control, Coding("c", 0, len(coding), coding), clones, 0.004)
        (row,) = [row for row in found.rows if row.short == f"C{index + 1}S"]
        assert row.label == label
        assert row.frequency == pytest.approx(0.1, abs=0.02)


def test_codons_of_one_residue_are_one_substitution(tools):
    rng = np.random.default_rng(3)
    coding = tools.random_coding(rng)
    index = next(i for i in range(1, 393) if coding[3 * i : 3 * i + 3] == "TGC")
    pool = [tools.chance_changes(rng, coding, 1.0) for _ in range(950)]
    pool += [{index: codon} for codon in ["TCC"] * 20 + ["AGC"] * 10 + ["TGT"] * 20]
    drug = tools.counts(rng, tools.Library(coding, pool), 20_000, 0.0)
    found = evaluate(drug, None, Coding("c", 0, len(coding), coding), 1000, 0.004)
    (row,) = [row for row in found.rows if row.short == f"C{index + 1}S"]
    assert row.codons == ("AGC", "TCC")
    assert row.recurrent
    assert row.frequency == pytest.approx(0.03, abs=0.005)
    assert row.low < row.frequency < row.high
    # The synonymous one stands out like a large clone's.
    assert [silent.short for silent in found.silent] == [f"C{index + 1}C"]


@pytest.mark.slow
def test_a_hot_spot_of_the_library_is_known_from_the_control(tools):
    """A change that 1 % of all molecules carry is no resistance; without a control it looks so."""
    rng = np.random.default_rng(6)
    coding = tools.random_coding(rng)
    index = next(i for i in range(1, 393) if coding[3 * i : 3 * i + 3] == "TGC")

    pool = [tools.chance_changes(rng, coding, 1.0) for _ in range(1000)]
    for clone in pool:
        if rng.random() < 0.01:
            clone[index] = "TCC"
    drug = tools.counts(rng, tools.Library(coding, pool), 30_000, 5e-5)
    control = tools.saturating(rng, coding, 30_000, 5e-5)
    control.changed[index, "TCC"] = 310
    for reference, label in ((control, "chance"), (None, "recurrent")):
        found = evaluate(drug, reference, Coding("c", 0, len(coding), coding), 1000, 0.004)
        (row,) = [row for row in found.rows if row.short == f"C{index + 1}S"]
        assert row.label == label


@pytest.mark.slow
def test_a_passenger_on_the_same_reads_is_linked(tmp_path, tools):
    """Two changes near each other: one in 40 clones, the other only in 12 of these."""
    rng = np.random.default_rng(7)
    coding = tools.random_coding(rng)
    pool = [tools.chance_changes(rng, coding, 1.0) for _ in range(1000)]
    resistant, passenger = [
        i for i in range(100, 150) if GENETIC_CODE[coding[3 * i : 3 * i + 3]] != "G"
    ][:10:9]
    for number, clone in enumerate(pool[:40]):
        clone[resistant] = "GGC"
        if number < 12:
            clone[passenger] = "GGC"
    library = tools.Library(coding, pool)
    bam = tools.write_reads(tmp_path / "x.bam", library, 15_000, rng)
    span = Coding("cdna", len(tools.flank), len(tools.flank) + len(coding), coding)
    counts = count_codons(bam, span)
    rows = [row for row in evaluate(counts, None, span, 1000, 0.004).rows if row.recurrent]
    names = [f"{GENETIC_CODE[coding[3 * i : 3 * i + 3]]}{i + 1}G" for i in (resistant, passenger)]
    assert [row.short for row in rows] == names
    pairs = count_pairs(bam, span, rows)
    carrying, both = pairs[names[1], names[0]]
    assert carrying >= 5
    assert both == carrying
    labelled = {row.short: (row.label, row.partner) for row in label_linked(rows, pairs)}
    assert labelled == {names[0]: ("recurrent", ""), names[1]: ("linked", names[0])}


def test_two_that_only_occur_together_are_both_linked(tools):
    rng = np.random.default_rng(8)
    found, _ = screen(rng, tools, [30, 20], 20_000)
    one, other = [row for row in found.rows if row.recurrent]
    pairs = {(one.short, other.short): (20, 20), (other.short, one.short): (20, 19)}
    assert [row.label for row in label_linked([one, other], pairs)] == ["linked", "linked"]
    few = {(one.short, other.short): (4, 4), (other.short, one.short): (50, 4)}
    assert [row.label for row in label_linked([one, other], few)] == ["recurrent"] * 2


def test_the_kind_of_a_codon_change():
    assert kind("TGC", "TCC") == "G>C"
    assert kind("TGC", "AGC") == "T>A"
    assert kind("TGC", "TTA") == "2"
    assert kind("TGC", "AAA") == "3"


def test_carriers_and_errors_are_told_apart(tools):
    rng = np.random.default_rng(1)
    coding = tools.random_coding(rng)
    survivors = tools.resistant_library(rng, coding, [])
    drug = tools.counts(rng, survivors, 100_000, 2e-4)
    span = Coding("c", 0, len(coding), coding)
    changes = all_changes(span)
    rates, clones = fit(drug, None, span, changes, 1000)
    assert clones == stated(1000)
    single = np.array([len(change.kind) == 3 for change in changes])
    # One change per clone over 393 codons of three bases with three others each.
    assert rates.carried[single].mean() == pytest.approx(1 / (393 * 9), rel=0.15)
    assert rates.error[single].mean() == pytest.approx(2e-4, rel=0.2)
    assert rates.background[single].mean() == pytest.approx(2e-4 + 1 / (393 * 9), rel=0.1)


def test_the_tail_is_that_of_simulated_libraries(tools):
    """P(at least so many reads) against its own simulation: clones of one and of many sizes."""
    rng = np.random.default_rng(9)
    for shape, carriers, error, depth, count, spread in (
        (1e9, 0.3, 1e-4, 5000, 12, 0.0),
        (2.0, 1.5, 0.0, 5000, 20, 0.0),
        (1e9, 2.0, 1e-3, 800, 4, 0.0),
        (1e9, 0.3, 1e-4, 5000, 12, 1.0),
    ):
        clones = replace(stated(1000), spread=spread)
        rates = Rates(*(np.array([x]) for x in (carriers / 1000, shape, error)))
        number = rng.poisson(rng.gamma(shape, carriers / shape, 100_000))
        size = rng.lognormal(-(spread**2) / 2, spread, (100_000, 12)) / 1000
        share = (size * (np.arange(12) < number[:, None])).sum(axis=1)
        reads = rng.binomial(depth, np.minimum(1, share + error))
        (p,) = rates.tail(np.array([count]), np.array([depth]), clones)
        assert p == pytest.approx((reads >= count).mean(), rel=0.1)


def write_bam(path, reads, length=30):
    """Write reads given as (name, flag, start, cigar, sequence, qualities)."""
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "cdna", "LN": length}]}
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for name, flag, start, cigar, sequence, quality in reads:
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.flag, read.mapping_quality = name, flag, 60
            read.reference_id, read.reference_start, read.cigarstring = 0, start, cigar
            read.query_sequence = sequence
            read.query_qualities = pysam.qualitystring_to_array(quality)
            bam.write(read)
    return path


CDNA = "AAAATGTGCCCCGATTTTAAA"  # coding: bases 4 to 18, M C P D F


@pytest.fixture
def coding(fasta):
    return read_coding(fasta(CDNA), None, (4, 18))


def test_equals_signs_are_the_reference(tmp_path, coding):
    spelled = [
        ("wild", 0, 0, "18M", "AAAATGTGCCCCGATTTT", "I" * 18),
        ("mutant", 0, 3, "9M", "ATGTCCCCC", "I" * 9),
    ]
    signs = [
        ("wild", 0, 0, "18M", "=" * 18, "I" * 18),
        ("mutant", 0, 3, "9M", "====C====", "I" * 9),
    ]
    one, other = (
        count_codons(write_bam(tmp_path / f"{n}.bam", reads), coding)
        for n, reads in enumerate((spelled, signs))
    )
    assert np.array_equal(one.depth, other.depth)
    assert one.changed == other.changed == Counter({(1, "TCC"): 1})


def test_counting_single_reads(tmp_path, coding):
    bam = write_bam(
        tmp_path / "x.bam",
        [
            ("wild", 0, 0, "18M", "AAAATGTGCCCCGATTTT", "I" * 18),
            ("mutant", 0, 3, "9M", "ATGTCCCCC", "I" * 9),
            ("partial", 0, 4, "5M", "TGTCC", "I" * 5),
            ("poor", 0, 3, "9M", "ATGTCCCCC", "III#IIIII"),
            ("duplicate strand", 16, 3, "9M", "ATGTCCCCC", "I" * 9),
            ("secondary", 256, 3, "9M", "ATGTCCCCC", "I" * 9),
            ("unsure", 0, 3, "9M", "ATGTCCCNC", "I" * 9),
        ],
    )
    counts = count_codons(bam, coding)
    # "poor" reads the codon's first base badly; "partial" has no whole first codon.
    assert counts.depth.tolist() == [5, 5, 4, 1, 1]
    assert counts.changed == Counter({(1, "TCC"): 4})
    assert counts.fragments == 6


def test_mates_count_once_and_must_agree(tmp_path, coding):
    bam = write_bam(
        tmp_path / "x.bam",
        [
            ("agree", 99, 3, "9M", "ATGTCCCCC", "I" * 9),
            ("differ", 99, 3, "9M", "ATGTCCCCC", "I" * 9),
            ("lonely", 99, 3, "9M", "ATGTCCCCC", "I" * 9),
            ("agree", 147, 6, "9M", "TCCCCCGAT", "I" * 9),
            ("differ", 147, 6, "9M", "TGCCCCGAT", "I" * 9),
        ],
    )
    counts = count_codons(bam, coding)
    assert counts.depth.tolist() == [3, 2, 3, 2, 0]
    assert counts.changed == Counter({(1, "TCC"): 2})
    assert counts.fragments == 3


def test_indels_and_clips(tmp_path, coding):
    bam = write_bam(
        tmp_path / "x.bam",
        [
            ("clip", 0, 3, "3S9M", "GGGATGTGCCCC", "I" * 12),
            ("deletion", 0, 3, "3M3D6M", "ATGCCCGAT", "I" * 9),
            ("insertion", 0, 3, "6M3I6M", "ATGTGCAAACCCGAT", "I" * 15),
        ],
    )
    counts = count_codons(bam, coding)
    # The deletion takes away codon 2; the insertion spoils the codons on both its sides.
    assert counts.depth.tolist() == [3, 1, 2, 2, 0]
    assert not counts.changed


@pytest.mark.parametrize(
    ("contig", "span", "message"),
    [
        ("other", None, "no sequence 'other'; it holds cdna"),
        (None, (1, 5), "1-5 is no coding sequence of 'cdna'"),
        (None, (4, 300), "4-300 is no coding sequence"),
    ],
)
def test_a_wrong_cdna_is_named(fasta, contig, span, message):
    with pytest.raises(InputError, match=message):
        read_coding(fasta(CDNA), contig, span)


def test_a_coding_sequence_out_of_frame_is_refused(fasta):
    # The stop codon at the end is no fault.
    assert read_coding(fasta("ATGACCTGCCCCTAA"), None, None).codons == 5
    with pytest.raises(InputError, match=r"6-14 of 'cdna' is out of frame: codon 1 is a stop"):
        read_coding(fasta("CCCCCTAACCCCCCC"), None, (6, 14))
    with pytest.raises(InputError, match=r"the frame without one is 7-12 or 8-13"):
        read_coding(fasta("CCCCCTAACCCCCCC"), None, (6, 14))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--gene", "MAP2K"], "--gene: unknown gene 'MAP2K'; did you mean 'MAP2K"),
        (["--gene", "XYZZY9"], "--gene: unknown gene 'XYZZY9'; give the HGNC symbol"),
        (["--drug", "PLX4O20"], "--drug: unknown drug 'PLX4O20'; did you mean"),
        (["--cds", "all"], "--cds: 'all' cannot be read; write it as 1-1182"),
        (["--rows", "r.tsv"], "catalogue rows need a source"),
        (["--plot", "p.bmp"], "no such plot format"),
        (["--threshold", "2"], "threshold must be between 0 and 1"),
        (["--bam", "none.bam"], "none.bam: cannot be read"),
        (["--reference", "none.fa"], "none.fa: cannot be read"),
    ],
)
def test_bad_input_is_one_line(tmp_path, fasta, capsys, more, message):
    bam = write_bam(tmp_path / "x.bam", [])
    arguments = ["screen", "--bam", str(bam), "--reference", str(fasta(CDNA)), "--cds", "4-18"]
    arguments += ["--gene", "MAP2K1", "--drug", "PLX4720", "--output", str(tmp_path / "o.tsv")]
    assert main([*arguments, *more]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("resistpanel: error:") == 1
    assert not (tmp_path / "o.tsv").exists()


def test_an_empty_library_is_named(tmp_path, fasta, capsys):
    bam = write_bam(tmp_path / "x.bam", [])
    assert main(["screen", "--bam", str(bam), "--reference", str(fasta(CDNA)), "--cds", "4-18",
                 "--gene", "MAP2K1", "--drug", "PLX4720",
                 "--output", str(tmp_path / "o.tsv")]) == 2  # fmt: skip
    assert "no read covers 'cdna'" in capsys.readouterr().err
