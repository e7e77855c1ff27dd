"""The screen recovers planted resistant substitutions and calls nothing else."""

from collections import Counter

import numpy as np
import pysam
import pytest

from resistpanel.catalog.drugs import load_drugs
from resistpanel.catalog.sites import CODE
from resistpanel.catalog.table import load_catalog, read_rows
from resistpanel.cli import main
from resistpanel.errors import InputError
from resistpanel.screen.count import Coding, CodonCounts, count_codons, read_coding
from resistpanel.screen.model import evaluate, kind, typical_frequency

#: Clones, of 1,000, that carry each of 20 planted substitutions; 4 (0.4 %) is the threshold.
#: At the depth of 2,000 that the test affords, a share must be well above it to be told.
SIZES = [150, 90, 60, 50, 45, 42, 40, 38, 36, 34, 32, 30, 28, 27, 26, 25, 2, 2, 1, 1]


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
    frequencies = {cells[0]: float(cells[5]) for cells in lines[1:]}
    for short in above:
        assert frequencies[short] == pytest.approx(survivors.share(short), abs=0.012)
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


@pytest.mark.parametrize("with_control", [True, False])
def test_at_great_depth_the_threshold_decides(with_control, tools):
    """Ten screens at 100,000x: every planted substitution above 0.45 %, none at or below 0.4 %.

    A chance substitution may happen in five clones of 1,000; of those found, not one in
    twenty may be such.
    """
    planted = false = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        coding = tools.random_coding(rng)
        sizes = [int(size) for size in rng.choice([1, 2, 3, 6, 7, 8, 10, 15, 30, 80], 20)]
        survivors = tools.resistant_library(rng, coding, sizes)
        clones = Counter()
        for clone in survivors.clones:
            clones.update(clone.items())
        drug = deep_counts(rng, coding, clones, 1000)
        control = None
        if with_control:
            # A saturating library: 50,000 clones with one change each, over all changes.
            changes = single_changes(coding)
            numbers = map(int, rng.poisson(50_000 / len(changes), len(changes)))
            control = deep_counts(rng, coding, dict(zip(changes, numbers, strict=True)), 50_000)
        rows = evaluate(drug, control, Coding("c", 0, len(coding), coding), 1000, 0.004)
        found = {row.short for row in rows if row.recurrent}
        # A planted substitution may gain clones by chance, so truth is counted, not assumed.
        above = {short for short in survivors.planted if survivors.share(short) > 0.0045}
        assert above <= found
        assert all(survivors.share(short) > 0.004 for short in found)
        planted += len(found & set(survivors.planted))
        false += len(found - set(survivors.planted))
    assert planted > 100
    assert false <= 0.05 * planted


def test_the_depth_of_a_clone_does_not_make_it_many_clones():
    """A passenger of one clone among ten is read a thousand times, and is still one clone."""
    coding = Coding("c", 0, 9, "ATGTGCCCC")
    drug = CodonCounts(np.array([10_000] * 3), Counter({(1, "TCC"): 1000}), 10_000)
    control = CodonCounts(np.array([1000] * 3), Counter({(1, "TCC"): 40}), 1000)
    (few,) = evaluate(drug, control, coding, 10, 0.004)
    (many,) = evaluate(drug, control, coding, 1000, 0.004)
    assert few.short == many.short == "C2S"
    assert not few.recurrent
    assert many.recurrent


def test_codons_of_one_residue_are_one_substitution():
    coding = Coding("c", 0, 9, "ATGTGCCCC")
    drug = CodonCounts(
        np.array([1000] * 3), Counter({(1, "TCC"): 30, (1, "AGC"): 20, (1, "TGT"): 500}), 1000
    )
    (row,) = evaluate(drug, None, coding, 1000, 0.004)
    assert (row.short, row.codons, row.count) == ("C2S", ("AGC", "TCC"), 50)
    assert row.recurrent
    assert row.frequency == 0.05
    assert row.low < 0.05 < row.high


def test_what_the_control_has_too_is_not_recurrent():
    coding = Coding("c", 0, 9, "ATGTGCCCC")
    counts = CodonCounts(np.array([5000] * 3), Counter({(1, "TCC"): 100}), 5000)
    (row,) = evaluate(counts, counts, coding, 1000, 0.004)
    assert row.frequency > 0.004
    assert not row.recurrent


def test_the_kind_of_a_codon_change():
    assert kind("TGC", "TCC") == "G>C"
    assert kind("TGC", "AGC") == "T>A"
    assert kind("TGC", "TTA") == "2"
    assert kind("TGC", "AAA") == "3"


def test_the_usual_frequency_is_of_its_kind_and_robust():
    rng = np.random.default_rng(1)
    sense = [codon for codon, residue in CODE.items() if residue != "*"]
    sequence = "".join(rng.choice(sense, 300))
    coding = Coding("c", 0, 900, sequence)
    changed = Counter()
    for index in range(300):
        codon = coding.codon(index)
        for phase, base in enumerate(codon):
            if base == "G":
                changed[index, codon[:phase] + "A" + codon[phase + 1 :]] = 20
    first = next(index for index in range(300) if "G" in coding.codon(index))
    changed[first, coding.codon(first).replace("G", "A", 1)] = 9000
    usual = typical_frequency(CodonCounts(np.full(300, 10_000), changed, 10_000), coding)
    assert usual["G>A"] == pytest.approx(0.002, rel=0.05)
    assert usual["A>G"] == pytest.approx(1e-5)


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


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--drug", "PLX4O20"], "--drug: unknown drug 'PLX4O20'; did you mean"),
        (["--cds", "all"], "--cds: 'all' cannot be read; write it as 1-1182"),
        (["--rows", "r.tsv"], "catalogue rows need a source"),
        (["--plot", "p.bmp"], "no such plot format"),
        (["--threshold", "2"], "threshold must lie between 0 and 1"),
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
