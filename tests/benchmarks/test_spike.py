"""Spiking changes the chosen fragments' reads, and nothing else."""

import random
import shutil
import subprocess

import numpy as np
import pandas as pd
import pysam
import pytest
from benchmarks.calibration import plan
from benchmarks.speed import normal_first
from benchmarks.spike import Site, chance, spike, substitute, with_indel
from benchmarks.variants import Variant
from hypothesis import given
from hypothesis import strategies as st

from resistpanel.testing.spike_read import md_substituted

_random = random.Random(11)
SEQUENCE = "".join(_random.choice("ACGT") for _ in range(3000))


def segment(name, start, cigar="50M", flag=0, sequence=None, header=None):
    read = pysam.AlignedSegment(header)
    read.query_name, read.flag, read.reference_id = name, flag, 0
    read.reference_start, read.mapping_quality, read.cigarstring = start, 60, cigar
    read.query_sequence = sequence or SEQUENCE[start : start + 50]
    read.query_qualities = pysam.qualitystring_to_array("I" * len(read.query_sequence))
    return read


@pytest.fixture
def bam(tmp_path):
    """200 pairs of 50 bases, 120 apart, over position 1000 and far from 2000; 20 duplicates."""
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "c", "LN": len(SEQUENCE)}],
         "RG": [{"ID": "s", "SM": "s"}]}
    )  # fmt: skip
    reads = []
    for i in range(220):
        start = 955 + i % 40
        first = segment(f"f{i}", start, header=header)
        second = segment(f"f{i}", start + 30, header=header)
        for read, flag, other in ((first, 99, second), (second, 147, first)):
            read.flag = flag | (1024 if i >= 200 else 0)
            read.next_reference_id, read.next_reference_start = 0, other.reference_start
            read.template_length = 80 if flag == 99 else -80
            read.set_tag("NM", 0)
            read.set_tag("MD", "50")
            reads.append(read)
    reads.sort(key=lambda r: r.reference_start)
    path = tmp_path / "in.bam"
    with pysam.AlignmentFile(str(path), "wb", header=header) as sink:
        for read in reads:
            sink.write(read)
    pysam.index(str(path))
    return path


def read_all(path):
    with pysam.AlignmentFile(str(path)) as handle:
        return list(handle.fetch(until_eof=True))


def other(base):
    return "A" if base != "A" else "C"


def test_a_substitution_goes_into_both_mates_of_the_carriers_only(bam, tmp_path):
    alt = other(SEQUENCE[1000])
    site = Site(Variant("c", 1000, SEQUENCE[1000], alt), 0.3)
    far = Site(Variant("c", 2000, SEQUENCE[2000], other(SEQUENCE[2000])), 0.5)
    counts = spike(bam, tmp_path / "out.bam", [site, far], seed=4)
    assert (counts[1].fragments, counts[1].carriers) == (0, 0)
    covered = {r.query_name for r in read_all(bam) if not r.is_duplicate
               and r.reference_start <= 1000 < r.reference_end}  # fmt: skip
    carriers = {n for n in covered if chance(4, 0, n) < 0.3}
    assert counts[0].fragments == len(covered) and counts[0].carriers == len(carriers)
    assert 0.15 < len(carriers) / len(covered) < 0.45
    for before, after in zip(read_all(bam), read_all(tmp_path / "out.bam"), strict=True):
        hit = after.reference_start <= 1000 < after.reference_end
        if after.query_name in carriers and hit:
            i = 1000 - after.reference_start
            assert after.query_sequence[i] == alt
            assert after.get_tag("NM") == 1
            assert (
                after.get_reference_sequence().upper()
                == SEQUENCE[after.reference_start : after.reference_end]
            )
            assert after.query_qualities == before.query_qualities
        else:
            assert after.to_string() == before.to_string()


def test_an_mnv_changes_its_bases_and_leaves_errors_alone(bam):
    read = read_all(bam)[0]
    at = read.reference_start + 10
    bases = SEQUENCE[at : at + 3]
    variant = Variant("c", at, bases, other(bases[0]) + bases[1] + other(bases[2]))
    assert substitute(read, variant) == 2
    assert read.query_sequence[10:13] == variant.alt
    assert read.get_tag("MD") == f"10{bases[0]}1{bases[2]}37"
    assert substitute(read, variant) == 0  # already changed, so not the reference any more


bases = st.sampled_from("ACGT")


@given(st.text(alphabet="ACGT", min_size=30, max_size=30), st.data())
def test_md_follows_any_set_of_substitutions(reference, data):
    """Against pysam, which rebuilds the reference from the read and its MD."""
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "c", "LN": 100}]})
    # 10M 2I 5M 3D 12M: with an insertion and a deletion in the way
    query = reference[:10] + "GG" + reference[10:15] + reference[18:30]
    read = segment("r", 0, "10M2I5M3D12M", 0, query, header)
    md = f"15^{reference[15:18]}12"
    changes = {}
    for q, r in read.get_aligned_pairs(matches_only=True):
        if data.draw(st.booleans()):
            changes[r] = reference[r]
            query = query[:q] + other(reference[r]) + query[q + 1 :]
    read.query_sequence = query
    read.set_tag("MD", md_substituted(md, changes))
    assert read.get_reference_sequence().upper() == reference


def test_an_indel_keeps_the_five_prime_end_and_the_length(bam, tmp_path):
    fasta = tmp_path / "r.fa"
    fasta.write_text(f">c\n{SEQUENCE}\n")
    pysam.faidx(str(fasta))
    read = read_all(bam)[0]
    s, e = read.reference_start, read.reference_end
    at = s + 20
    with pysam.FastaFile(str(fasta)) as handle:
        deletion, insertion = (
            Variant("c", at, SEQUENCE[at : at + 4], ""),
            Variant("c", at, "", "GGG"),
        )
        read.flag = 0
        assert with_indel(read, deletion, handle) == SEQUENCE[s:at] + SEQUENCE[at + 4 : e + 4]
        assert with_indel(read, insertion, handle) == SEQUENCE[s:at] + "GGG" + SEQUENCE[at : e - 3]
        read.flag = 16
        assert with_indel(read, deletion, handle) == SEQUENCE[s - 4 : at] + SEQUENCE[at + 4 : e]
        assert with_indel(read, insertion, handle) == SEQUENCE[s + 3 : at] + "GGG" + SEQUENCE[at:e]
        # The deletion takes this read's 5' end with it: no such fragment would have been drawn.
        assert with_indel(read, Variant("c", e - 3, SEQUENCE[e - 3 : e + 9], ""), handle) is None


@pytest.mark.skipif(not shutil.which("bwa"), reason="needs bwa")
def test_spiked_indels_are_aligned_again(bam, tmp_path):
    fasta = tmp_path / "r.fa"
    fasta.write_text(f">c\n{SEQUENCE}\n")
    pysam.faidx(str(fasta))
    subprocess.run(["bwa", "index", str(fasta)], check=True, capture_output=True)
    site = Site(Variant("c", 1000, SEQUENCE[1000:1005], ""), 0.5)
    counts = spike(bam, tmp_path / "out.bam", [site], seed=4, reference=fasta)
    after = read_all(tmp_path / "out.bam")
    assert len(after) == 440
    deleted = {r.query_name for r in after if "5D" in (r.cigarstring or "")}
    carriers = {r.query_name for r in after if chance(4, 0, r.query_name) < 0.5}
    assert len(deleted) > 0.5 * counts[0].carriers > 10
    assert deleted <= carriers
    with pysam.AlignmentFile(str(tmp_path / "out.bam")) as handle:
        assert handle.header["RG"][0]["SM"] == "s"


def test_an_indel_without_reference_is_refused(bam, tmp_path):
    with pytest.raises(ValueError, match="reference"):
        spike(bam, tmp_path / "o.bam", [Site(Variant("c", 1000, "", "A"), 0.5)], seed=1)


def test_a_calibration_pass_holds_a_site_once():
    stated = pd.DataFrame(
        [{"site": i, "sample": s, "lod": 0.01} for i in range(200) for s in ("pre", "post")]
    )
    passes = plan(np.random.default_rng(1), stated, per_pass=60)
    assert all(not p.site.duplicated().any() and len(p) <= 60 for p in passes)
    every = pd.concat(passes)
    at = every[every.multiple == 1.0]
    assert len(at) == 400 and not at.duplicated(["site", "sample"]).any()
    assert (every[every.multiple == 0.5].af == 0.005).all()


def test_the_normal_is_found_by_sheet_name_or_place(tmp_path):
    bams = [tmp_path / f"{n}.bam" for n in ("a", "b", "c")]
    assert normal_first(bams, tmp_path / "samples.tsv") == bams
    named = [tmp_path / "post.bam", tmp_path / "normal.bam"]
    assert normal_first(named, tmp_path / "samples.tsv") == named[::-1]
    (tmp_path / "samples.tsv").write_text("sample\trole\tbam\nx\ttumor\ta.bam\ny\tnormal\tc.bam\n")
    assert normal_first(bams, tmp_path / "samples.tsv")[0] == bams[2]
