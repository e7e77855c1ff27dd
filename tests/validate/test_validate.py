"""Variants put into real reads: what the reads become, what is counted, what is written."""

import itertools
import json
import random
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.cli import main
from resistpanel.core.allele import Allele, left_align
from resistpanel.core.haplotypes import fetcher
from resistpanel.core.intervals import Target
from resistpanel.core.schemas import from_builtins
from resistpanel.core.stats import wilson_interval
from resistpanel.records.validation import Validate
from resistpanel.testing.draw_variants import GAP, draw, kind_of
from resistpanel.testing.score import Call, match, proportion
from resistpanel.testing.spike_bams import Spike, reads_of, spike, split
from resistpanel.testing.spike_read import Indel, chance, merged_operations, substitute
from resistpanel.testing.validation_page import page, percent

LENGTH = 6000
READ = 100


@pytest.fixture(scope="module")
def genome(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("genome")
    path = folder / "genome.fa"
    text = "".join(random.Random(5).choices("ACGT", k=LENGTH))
    path.write_text(f">chrT\n{text}\n")
    pysam.samtools.faidx(str(path))
    return path


def make_read(header, name, sequence, start, reverse, mate, length, first) -> pysam.AlignedSegment:
    read = pysam.AlignedSegment(header)
    read.query_name, read.query_sequence = name, sequence
    read.query_qualities = pysam.qualitystring_to_array("I" * len(sequence))
    read.reference_id, read.reference_start = 0, start
    read.cigarstring, read.mapping_quality = f"{len(sequence)}M", 60
    read.is_paired = read.is_proper_pair = True
    read.is_read1, read.is_read2 = first, not first
    read.is_reverse, read.mate_is_reverse = reverse, not reverse
    read.next_reference_id, read.next_reference_start = 0, mate
    read.template_length = -length if reverse else length
    read.set_tag("NM", 0)
    read.set_tag("MD", str(len(sequence)))
    read.set_tag("MC", f"{READ}M")
    return read


@pytest.fixture(scope="module")
def normal(genome, tmp_path_factory) -> Path:
    """A normal of 250 fragments' depth, errors at 1 in 1,000."""
    path = tmp_path_factory.mktemp("normal") / "normal.bam"
    rng = np.random.default_rng(3)
    with pysam.FastaFile(str(genome)) as fasta:
        text = fasta.fetch("chrT")
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": "chrT", "LN": LENGTH}],
            "RG": [{"ID": "g", "SM": "skin"}],
        }
    )
    reads = []
    for number in range(250 * LENGTH // 200):
        start = int(rng.integers(0, LENGTH - 260))
        size = int(rng.integers(170, 250))
        for first in (True, False):
            at = start if first else start + size - READ
            bases = list(text[at : at + READ])
            for i in np.flatnonzero(rng.random(READ) < 0.001):
                bases[i] = "ACGT"[("ACGT".index(bases[i]) + 1 + int(rng.integers(3))) % 4]
            mate = start + size - READ if first else start
            read = make_read(header, f"f{number}", "".join(bases), at, not first, mate, size, first)
            read.set_tag("RG", "g")
            reads.append(read)
    reads.sort(key=lambda read: read.reference_start)
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for read in reads:
            out.write(read)
    pysam.index(str(path))
    return path


HEADER = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "chrT", "LN": LENGTH}]})


def spelled(read: pysam.AlignedSegment, reference: str) -> tuple[int, bool]:
    """Return NM as the CIGAR and the reference give it, and whether CIGAR and bases agree."""
    at, q, distance = read.reference_start, 0, 0
    for operation, size in read.cigartuples:
        if operation == 0:
            pairs = zip(read.query_sequence[q : q + size], reference[at : at + size], strict=True)
            distance += sum(a != b for a, b in pairs)
            at, q = at + size, q + size
        elif operation == 1:
            q, distance = q + size, distance + size
        elif operation == 2:
            at, distance = at + size, distance + size
        else:
            q += size
    return distance, q == len(read.query_sequence)


@given(
    pos=st.integers(1000, 2000),
    offset=st.integers(-READ, 20),
    reverse=st.booleans(),
    deleted=st.integers(0, 25),
    inserted=st.text("ACGT", max_size=25),
    lead=st.integers(0, 12),
)
def test_a_read_with_an_indel_is_the_haplotypes(
    genome, pos, offset, reverse, deleted, inserted, lead
):
    with pysam.FastaFile(str(genome)) as fasta:
        reference = fasta.fetch("chrT")
        variant = Allele("chrT", pos, reference[pos : pos + deleted], inserted)
        if (deleted == 0) == (not inserted):
            return  # no indel, or a complex event
        variant = left_align(variant, reference)
        indel = Indel(variant, fasta)
    haplotype = reference[: variant.pos] + variant.alt + reference[variant.end :]
    start = pos + offset
    read = make_read(
        HEADER, "r", reference[start : start + READ], start, reverse, start, 0, not reverse
    )
    if lead:
        sequence, qualities = "T" * lead + read.query_sequence[lead:], read.query_qualities
        read.query_sequence, read.query_qualities = sequence, qualities
        read.cigartuples = [(4, lead), (0, READ - lead)]
        read.reference_start = start + lead
    first, last = read.reference_start, read.reference_end
    at = indel.start_of(read)
    if at is None:
        end = last - 1 if reverse else first
        assert variant.pos <= end < variant.end  # the fragment's end lies in deleted sequence
        return
    touched = indel.touches(at, last - first)
    indel.put(read, at, 1)
    assert read.query_length == READ
    assert read.query_sequence[:lead] == "T" * lead
    body, begin = read.query_sequence[lead:], indel.low + at
    if not touched:
        assert body == reference[first:last]
    # Errors are drawn at quality 40 for new bases: at most a few differ.
    wanted = haplotype[begin : begin + READ - lead]
    assert sum(a != b for a, b in zip(body, wanted, strict=True)) <= 2
    if reverse:
        shift = len(variant.alt) - len(variant.ref) if last - 1 >= variant.end else 0
        assert begin + READ - lead == last + shift
    if read.is_unmapped:
        return
    distance, whole = spelled(read, reference)
    assert whole
    assert read.get_tag("NM") == distance


def test_a_long_anchor_is_aligned_through_and_a_short_one_clipped(genome):
    with pysam.FastaFile(str(genome)) as fasta:
        reference = fasta.fetch("chrT")
        variant = left_align(Allele("chrT", 1500, "", "GATTACAGATTA"), reference)
        indel = Indel(variant, fasta)
    kinds = {}
    for start in (1450, 1495, 1405):
        read = make_read(HEADER, "r", reference[start : start + READ], start, False, start, 0, True)
        indel.put(read, indel.start_of(read), 1)
        kinds[start] = [operation for operation, _ in read.cigartuples]
    assert kinds[1450] == [0, 1, 0]
    assert kinds[1495] == [4, 0]
    assert kinds[1405] == [0, 4]


@given(pos=st.integers(1010, 1060), size=st.integers(1, 3), wrong=st.integers(0, READ - 1))
def test_a_substitution_keeps_errors_and_tags(genome, pos, size, wrong):
    with pysam.FastaFile(str(genome)) as fasta:
        reference = fasta.fetch("chrT")
    ref = reference[pos : pos + size]
    alt = "".join("ACGT"[("ACGT".index(base) + 1) % 4] for base in ref)
    bases = list(reference[1000 : 1000 + READ])
    bases[wrong] = "ACGT"[("ACGT".index(bases[wrong]) + 2) % 4]
    read = make_read(HEADER, "r", "".join(bases), 1000, False, 1000, 0, True)
    read.set_tag("NM", 1)
    read.set_tag("MD", f"{wrong}{reference[1000 + wrong]}{READ - wrong - 1}")
    changed = substitute(read, Allele("chrT", pos, ref, alt))
    hit = pos <= 1000 + wrong < pos + size
    assert changed == size - hit
    assert read.query_sequence[wrong] == bases[wrong]
    assert read.get_tag("NM") == spelled(read, reference)[0]
    # pysam rebuilds the reference from MD: it must be the reference.
    assert read.get_reference_sequence().upper() == reference[1000 : 1000 + READ]


def test_operations_are_joined():
    assert merged_operations([(4, 3), (4, 2), (0, 5), (0, 1), (1, 0), (4, 0)]) == [(4, 5), (0, 6)]


def test_chance_is_uniform_and_repeatable():
    drawn = [chance(1, "split", f"r{i}") for i in range(2000)]
    assert drawn == [chance(1, "split", f"r{i}") for i in range(2000)]
    assert 0.47 < np.mean(np.array(drawn) < 0.5) < 0.53


def test_reads_of_neighbouring_targets_come_once(normal):
    targets = [Target("chrT", 600, 700), Target("chrT", 1100, 1200), Target("chrT", 4000, 4100)]
    with pysam.AlignmentFile(str(normal)) as reads:
        seen = [(r.query_name, r.is_read1) for r in reads_of(reads, targets)]
    assert len(seen) == len(set(seen))
    assert len(seen) > 500


TARGETS = [Target("chrT", 600, LENGTH - 600)]


def test_split_deals_out_whole_fragments(normal, genome, tmp_path):
    paths = (tmp_path / "n.bam", tmp_path / "t.bam")
    counts = split(normal, paths, ("a", "b"), TARGETS, 0.25, 7, genome)
    names = []
    for path, sample in zip(paths, ("a", "b"), strict=True):
        with pysam.AlignmentFile(str(path)) as reads:
            assert {group["SM"] for group in reads.header.to_dict()["RG"]} == {sample}
            names.append({read.query_name for read in reads})
    assert not names[0] & names[1]
    assert counts[1] / sum(counts) == pytest.approx(0.25, abs=0.02)


def test_spike_reaches_the_frequency_and_is_repeatable(normal, genome, tmp_path):
    with pysam.FastaFile(str(genome)) as fasta:
        text = fasta.fetch("chrT")
    wanted = [
        Spike(Allele("chrT", 1500, text[1500], "A" if text[1500] != "A" else "C"), 0.2),
        Spike(left_align(Allele("chrT", 2500, text[2500:2509], ""), text), 0.2),
        Spike(left_align(Allele("chrT", 3500, "", text[3500:3520]), text), 0.2),
    ]
    bodies = []
    for name in ("one", "two"):
        out = tmp_path / f"{name}.bam"
        counts = spike(normal, out, wanted, 11, genome)
        with pysam.AlignmentFile(str(out)) as reads:
            listed = list(reads)
        bodies.append([read.to_string() for read in listed])
        starts = [read.reference_start for read in listed if not read.is_unmapped]
        assert starts == sorted(starts)
    assert bodies[0] == bodies[1]
    for count in counts:
        assert count.carriers / count.fragments == pytest.approx(0.2, abs=0.06)
    at = {(r.query_name, r.is_read1): r for r in listed}
    for (name, first), read in at.items():
        mate = at[name, not first]
        assert (read.next_reference_start, read.template_length) == (
            mate.reference_start,
            -mate.template_length,
        )
        if not (read.is_unmapped or mate.is_unmapped):
            assert read.get_tag("MC") == mate.cigarstring


def test_variants_are_drawn_apart_and_on_the_targets(genome):
    with pysam.FastaFile(str(genome)) as fasta:
        fetch = fetcher(fasta)
        sites = draw(np.random.default_rng(1), TARGETS, 20, fetch)
        again = draw(np.random.default_rng(1), TARGETS, 20, fetch)
        assert [kind_of(s.variant, fetch) for s in sites if s.kind == "DUP"] == ["DUP"] * 3
    assert sites == again
    assert {site.kind for site in sites} == {"SNV", "MNV", "INS", "DEL", "DUP"}
    places = sorted((s.variant.pos, s.variant.end) for s in sites)
    assert all(b[0] - a[1] >= GAP for a, b in itertools.pairwise(places))
    assert places[0][0] > 600 and places[-1][1] < LENGTH - 600


def call_of(variant, **more):
    values = {
        "filters": ("PASS",), "model": "somatic", "detected": True, "af": 0.1, "lod": 0.02,
        "ub": 0.1, "alt": 10, "depth": 100, "normal_depth": 100, "normal_af": 0.0,
    }  # fmt: skip
    return Call(variant, **(values | more))


def test_a_pair_of_snvs_spells_an_mnv_and_the_rest_is_false(genome):
    with pysam.FastaFile(str(genome)) as fasta:
        fetch = fetcher(fasta)
        text = fetch("chrT", 1000, 1002)[0]
        other = "".join("ACGT"[("ACGT".index(base) + 1) % 4] for base in text)
        mnv = Allele("chrT", 1000, text, other)
        singles = [call_of(Allele("chrT", 1000 + i, text[i], other[i])) for i in range(2)]
        stray = call_of(Allele("chrT", 2000, fetch("chrT", 2000, 2001)[0], "N"))
        weak = call_of(Allele("chrT", 3000, "A", "T"), detected=False)
        done = match([mnv, weak.variant], [*singles, stray, weak], [], fetch)
    assert done.found == [singles, []]
    assert done.false == [stray]
    assert done.rest[weak.variant] is weak


def test_wilson():
    # Brown, Cai and DasGupta 2001: 0 of 10 gives (0, 0.278).
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert proportion([True, False])["recall"] == 0.5
    assert percent(0.0123) == "1.2 %"


def validate(normal, genome, folder, *more) -> int:
    bed = folder / "targets.bed"
    bed.write_text("chrT\t600\t5400\n")
    return main(
        [
            "validate",
            *("--normal", str(normal), "--reference", str(genome), "--targets", str(bed)),
            *("--output", str(folder / "out"), "--threads", "1", *more),
        ]
    )


@pytest.fixture(scope="module")
def validated(normal, genome, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("validated")
    assert validate(normal, genome, folder, "--sites", "20", "--passes", "2") == 0
    return folder


def test_what_is_put_in_high_is_found_and_nothing_else(validated):
    result = json.loads((validated / "out/validate.json").read_text())
    assert result["false_calls"]["number"] == 0
    rows = result["rows"]
    assert len(rows) == 2 * result["parameters"]["sites"]
    assert result["depth"]["whole"] == pytest.approx(
        result["depth"]["normal"] + result["depth"]["tumor"]
    )
    high = [row for row in rows if row["af"] >= 0.1 and row["class"] in ("SNV", "MNV")]
    assert high and all(row["called"] for row in high)
    low = [row for row in rows if row["af"] <= 0.005]
    assert low and not any(row["called"] for row in low)
    for row in rows:
        assert row["carriers"] <= row["fragments"]
    total = sum(
        row["of"] for row in result["recall"] + result["lod_curve"] if row["class"] == "all"
    )
    assert total == len(rows)


def test_fewer_sites_and_another_folder_are_said(normal, genome, tmp_path, capsys, monkeypatch):
    bed = tmp_path / "targets.bed"
    bed.write_text("chrT\t600\t1600\n")
    (tmp_path / "study").mkdir()
    monkeypatch.chdir(tmp_path)
    arguments = ["--normal", str(normal), "--reference", str(genome), "--targets", str(bed)]
    assert main(["validate", "--directory", "study", "--passes", "1", "--sites", "60",
                 "--threads", "1", *arguments]) == 0  # fmt: skip
    streams = capsys.readouterr()
    number = json.loads((tmp_path / "study/validation/validate.json").read_text())["parameters"]
    assert f"{number['sites']} variants to put in (60 asked for; the targets have" in streams.err
    assert streams.out.endswith("study/validation/validate.html, .json, .tsv\n")


def test_page_and_table_hold_the_figures(validated):
    html = (validated / "out/validate.html").read_text()
    result = json.loads((validated / "out/validate.json").read_text())
    assert "http" not in html.replace("http-equiv", "")
    for row in result["recall"]:
        assert f"{row['found']} of {row['of']}" in html
    lines = (validated / "out/validate.tsv").read_text().splitlines()
    assert len(lines) == len(result["rows"]) + 1
    result["parameters"]["normal"] = "<script>alert(1)</script>"
    assert "<script>" not in page(from_builtins(result, Validate, "validate.json"))


def test_own_variants(normal, genome, tmp_path, capsys):
    with pysam.FastaFile(str(genome)) as fasta:
        bases = {pos: fasta.fetch("chrT", pos - 1, pos) for pos in (1000, 2000, 3000, 100)}
    head = (
        "##fileformat=VCFv4.2\n##contig=<ID=chrT>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )
    lines = [
        f"chrT\t{pos}\t.\t{ref}\t{'A' if ref != 'A' else 'C'}\t.\t.\t."
        for pos, ref in bases.items()
    ]
    own = tmp_path / "own.vcf"
    own.write_text(head + "\n".join(sorted(lines, key=lambda x: int(x.split("\t")[1]))) + "\n")
    assert validate(normal, genome, tmp_path, "--variants", str(own), "--passes", "1") == 0
    result = json.loads((tmp_path / "out/validate.json").read_text())
    assert [row["pos"] for row in result["rows"]] == [1000, 2000, 3000]
    assert result["left_out"] == 1  # outside the targets
    wrong = next(base for base in "ACGT" if base != bases[1000])
    own.write_text(head + f"chrT\t1000\t.\t{wrong}\t{bases[1000]}\t.\t.\t.\n")
    capsys.readouterr()
    assert validate(normal, genome, tmp_path, "--variants", str(own)) == 2
    assert f"the reference has another base than {wrong} there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tumor-share", "0.99"], "--tumor-share 0.99: must be 0.1 to 0.9"),
        (["--passes", "0"], "--passes 0: must be 1 or more"),
        (["--normal", "no.bam"], "--normal no.bam: no such file"),
        (["--config", "no.yaml"], "no.yaml: no such configuration"),
    ],
)
def test_bad_input(normal, genome, tmp_path, capsys, arguments, message):
    assert validate(normal, genome, tmp_path, *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
