"""Whole simulated patients, read back record by record in plain Python."""

import collections
import csv
import hashlib

import numpy as np
import pysam
import pytest
from scipy.stats import binom, binomtest

from resistpanel.cli import main
from resistpanel.core.builds import LENGTHS
from resistpanel.core.intervals import read_targets


@pytest.fixture(scope="module")
def clean(run_patient):
    """A patient without sequencing errors and PCR errors: every difference is a variant."""
    return run_patient(error_free=True, reads={"pcr_errors": 0})


@pytest.fixture(scope="module")
def noisy(run_patient):
    """A patient with sequencing and PCR errors."""
    return run_patient()


def distinct(reads):
    """Return the reads of each fragment that is no duplicate, by name."""
    pairs = collections.defaultdict(list)
    for read in reads:
        if not read.is_duplicate:
            pairs[read.query_name].append(read)
    return pairs


def is_substitution(row):
    return row["type"] in {"SNV", "MNV"}


def observed(bam, row, pairs):
    """Return (without, with): distinct fragments that show a substitution's place."""
    start, size = row["pos"] - 1, len(row["ref"])
    counts = [0, 0]
    for reads in pairs.values():
        shown = set()
        for read in reads:
            if read.reference_name == row["chrom"]:
                bases = [bam.base_at(read, start + i) for i in range(size)]
                if None not in bases:
                    shown.add("".join(bases))
        if shown:
            assert len(shown) == 1, "mates of a fragment disagree"
            counts[shown == {row["alt"]}] += 1
    return tuple(counts)


def test_outputs(clean):
    names = {path.name for path in clean.iterdir()}
    assert names == {
        *("genome.fa.gz", "genome.fa.gz.fai", "genome.fa.gz.gzi", "targets.bed", "samples.tsv"),
        *("normal.bam", "normal.bam.bai", "tumor.bam", "tumor.bam.bai"),
        *("truth.vcf.gz", "truth.vcf.gz.tbi"),
    }
    with (clean / "samples.tsv").open() as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert [row["role"] for row in rows] == ["normal", "tumor"]
    assert rows[1]["drugs"] == "PLX4032"
    assert rows[1]["day"] == "9"
    assert rows[1]["bam"] == "tumor.bam"
    assert rows[0]["purity"] == rows[0]["timepoint"] == ""
    with pysam.FastaFile(str(clean / "genome.fa.gz")) as fasta:
        assert dict(zip(fasta.references, fasta.lengths, strict=True)) == LENGTHS["hg19"]
        for target in read_targets(clean / "targets.bed"):
            assert "N" not in fasta.fetch(target.chrom, target.start - 100, target.end + 100)
        assert fasta.fetch("chr7", 100_000_000, 100_000_050) in {"N" * 50}


def test_every_record_is_sound(noisy, bam):
    """CIGAR, NM, mate fields, flags, template length, order; against the reference."""
    for sample in ("normal", "tumor"):
        found = bam(noisy, sample)
        assert found.header.to_dict()["RG"][0] == {
            "ID": sample,
            "SM": sample,
            "LB": sample,
            "PL": "ILLUMINA",
        }
        contigs = [entry["SN"] for entry in found.header.to_dict()["SQ"]]
        keys = [(contigs.index(r.reference_name), r.reference_start) for r in found.reads]
        assert keys == sorted(keys)
        pairs = collections.defaultdict(list)
        for read in found.reads:
            pairs[read.query_name].append(read)
            assert read.query_length == len(read.query_qualities) == 50
            assert read.get_tag("RG") == sample
            if read.is_unmapped:
                assert read.cigartuples is None
                continue
            assert sum(n for op, n in read.cigartuples if op in (0, 1, 4)) == 50
            edits = sum(
                1 if kind == "X" else len(bases) + len(gone)
                for kind, _, bases, gone in found.differences(read)
            )
            assert read.get_tag("NM") == edits
        for one, other in pairs.values():
            assert {one.is_read1, other.is_read1} == {True, False}
            assert one.is_duplicate == other.is_duplicate
            for read, mate in ((one, other), (other, one)):
                assert read.is_paired
                assert read.next_reference_start == mate.reference_start
                assert read.next_reference_name == mate.reference_name
                assert read.mate_is_reverse == mate.is_reverse
                assert read.mate_is_unmapped == mate.is_unmapped
            if one.is_proper_pair:
                low = min(one.reference_start, other.reference_start)
                high = max(one.reference_end, other.reference_end)
                assert one.template_length == -other.template_length
                assert abs(one.template_length) == high - low
                assert {one.is_reverse, other.is_reverse} == {True, False}


def test_every_difference_from_the_reference_is_a_true_variant(clean, bam, truth):
    """Without errors: substitutions and gaps are the truth's, but for the ends of indels."""
    rows = truth(clean)
    bases, indels, near = set(), set(), collections.defaultdict(list)
    for row in rows:
        if is_substitution(row):
            for i, base in enumerate(row["alt"]):
                bases.add((row["chrom"], row["pos"] - 1 + i, base))
            continue
        size = abs(len(row["ref"]) - len(row["alt"]))
        near[row["chrom"]].append((row["pos"] - 40, row["pos"] + 40 + size))
        kind = "I" if len(row["alt"]) > len(row["ref"]) else "D"
        indels.add((row["chrom"], row["pos"], kind, (row["alt"] + row["ref"])[1:][:size]))
    assert len(indels) >= 2
    gaps = collections.Counter()
    for sample in ("normal", "tumor"):
        found = bam(clean, sample)
        for read in found.reads:
            if read.is_unmapped:
                continue
            chrom = read.reference_name
            for kind, at, shown, gone in found.differences(read):
                if kind == "X" and (chrom, at, shown) not in bases:
                    assert any(low <= at <= high for low, high in near[chrom]), (chrom, at)
                elif kind in "ID":
                    key = (chrom, at, kind, (shown or gone))
                    alleles = {(c, p, k) for c, p, k, _ in indels}
                    assert key[:3] in alleles
                    gaps[key] += 1
            clipped = [n for op, n in read.cigartuples if op == 4]
            if clipped:
                assert any(
                    low <= read.reference_start <= high or low <= read.reference_end <= high
                    for low, high in near[chrom]
                )
    assert len(gaps) == len(indels)
    assert min(gaps.values()) > 5


def test_allele_counts_are_the_truth_and_its_frequencies(clean, bam, truth):
    """AD of the truth is what plain counting finds; AF lies within binomial error."""
    rows = truth(clean)
    assert {row["origin"] for row in rows} == {"somatic", "germline"}
    for sample in ("normal", "tumor"):
        found = bam(clean, sample)
        pairs = distinct(found.reads)
        for row in rows:
            without, carrying = row["ad"][sample]
            if is_substitution(row):
                assert observed(found, row, pairs) == (without, carrying), row
            total = without + carrying
            assert total > 60
            assert binomtest(carrying, total, row["af"][sample]).pvalue > 1e-5, row
            if row["af"][sample] == 0:
                assert carrying == 0


def test_given_frequencies(clean, truth):
    found = {(r["chrom"], r["pos"]): r for r in truth(clean) if r["origin"] == "somatic"}
    assert found["chr15", 66729154]["af"] == {"normal": 0, "tumor": pytest.approx(0.3)}
    assert found["chr7", 140453136]["type"] == "MNV"
    assert found["chr7", 140453136]["af"]["tumor"] == pytest.approx(0.45)
    assert found["chr5", 1278863]["phase"] == found["chr5", 1278864]["phase"] == "CC"


def test_phased_variants_share_their_fragments(clean, bam):
    found = bam(clean, "tumor")
    seen = collections.Counter()
    for read in found.reads:
        if read.reference_name == "chr5":
            pair = found.base_at(read, 1278862), found.base_at(read, 1278863)
            if None not in pair:
                seen[pair] += 1
    assert set(seen) == {("C", "C"), ("T", "T")}
    assert min(seen.values()) > 20


def test_overlapping_mates_agree_but_for_their_own_errors(clean, noisy, bam):
    """Alleles and PCR errors are the fragment's; sequencing errors the read's."""
    for folder, limit in ((clean, 0), (noisy, 0.01)):
        found = bam(folder, "tumor")
        differ = total = 0
        for reads in distinct(found.reads).values():
            if any(r.is_unmapped for r in reads) or any(
                op != 0 for r in reads for op, _ in r.cigartuples
            ):
                continue
            one, other = sorted(reads, key=lambda r: r.reference_start)
            # An indel of the last bases of a read is aligned without a gap.
            low, high = other.reference_start + 5, one.reference_end - 5
            if low < high:
                mine = one.query_sequence[low - one.reference_start :]
                theirs = other.query_sequence[5 : 5 + high - low]
                size = min(len(mine), len(theirs))
                total += size
                differ += sum(a != b for a, b in zip(mine[:size], theirs[:size], strict=True))
        assert total > 5000
        assert differ <= limit * total
        assert (differ > 0) == (limit > 0)


def test_pcr_errors_are_seen_by_both_mates(run_patient, bam, truth):
    folder = run_patient(
        error_free=True,
        genes=("NRAS",),
        reads={"pcr_errors": 0.01, "duplicates": 0.3},
        germline={"snv_per_kb": 0, "indel_per_kb": 0},
        somatic=[],
    )
    found = bam(folder, "normal")
    agree = mismatches = bases = 0
    for reads in distinct(found.reads).values():
        one, other = sorted(reads, key=lambda r: r.reference_start)
        bases += 100
        for read in (one, other):
            mismatches += len(found.differences(read))
        for _, at, base, _ in found.differences(one):
            shown = found.base_at(other, at)
            if shown is not None:
                assert shown == base
                agree += 1
    assert agree > 20
    assert mismatches / bases == pytest.approx(0.01, rel=0.15)
    # A duplicate carries the errors of the fragment that it copies.
    by_place = collections.defaultdict(list)
    for read in found.reads:
        key = (read.reference_start, read.next_reference_start, read.is_reverse, read.is_read1)
        by_place[key].append(read)
    copies = 0
    for reads in by_place.values():
        originals = {r.query_sequence for r in reads if not r.is_duplicate}
        for read in reads:
            if read.is_duplicate:
                assert read.query_sequence in originals
                copies += 1
    assert copies > 100


def test_rates(noisy, bam):
    found = bam(noisy, "normal")
    targets = read_targets(noisy / "targets.bed")
    firsts = [read for read in found.reads if read.is_read1]
    total = len(firsts)
    duplicates = sum(read.is_duplicate for read in firsts)
    assert duplicates / total == pytest.approx(0.1, abs=5 * np.sqrt(0.09 / total))
    poor = sum(read.mapping_quality < 60 for read in firsts)
    assert poor / total == pytest.approx(0.02 * 20.5 / 21, abs=0.01)
    spans = [
        (r.reference_name, min(r.reference_start, r.next_reference_start), abs(r.template_length))
        for r in firsts
        if r.is_proper_pair
    ]
    stray = sum(
        not any(t.chrom == c and start < t.end and start + size > t.start for t in targets)
        for c, start, size in spans
    )
    assert stray / len(spans) == pytest.approx(0.05, abs=0.015)
    # A normal of mean 110 and standard deviation 20; longer fragments reach a target more often.
    sizes = np.array([size for _, _, size in spans])
    assert sizes.mean() == pytest.approx(111.5, abs=1)
    assert sizes.std() == pytest.approx(20, abs=1)
    # Reads are 50 bases long; a few at an end of a fragment may be clipped.
    assert sizes.min() >= 40
    assert min(r.query_length for r in firsts) >= 50
    errors = [
        len(found.differences(r)) for r in found.reads if r.mapping_quality == 60 and r.cigartuples
    ]
    assert 0 < np.mean(errors) < 1


def test_depth_is_even_over_targets_and_falls_off_outside(run_patient, bam):
    folder = run_patient(
        depth=400,
        genes=("MAP2K1",),
        reads={"uniformity": 0, "low_mapq": 0},
        germline={"snv_per_kb": 0, "indel_per_kb": 0},
        somatic=[],
    )
    targets = [t for t in read_targets(folder / "targets.bed") if t.gene == "MAP2K1"]
    target = max(targets, key=lambda t: t.length)
    found = bam(folder, "normal")
    depth = collections.Counter()
    for reads in distinct(found.reads).values():
        shown = set()
        for read in reads:
            if read.reference_name == target.chrom and not read.is_unmapped:
                shown.update(range(read.reference_start, read.reference_end))
        depth.update(shown)
    inside = np.array([depth[p] for p in range(target.start, target.end)])
    assert inside.mean() == pytest.approx(400, rel=0.2)  # the sample's own noise included
    edges = np.concatenate([inside[:20], inside[-20:]]).mean()
    assert edges == pytest.approx(inside.mean(), rel=0.1)
    assert depth[target.start - 60] < 0.75 * inside.mean()
    assert depth[target.end + 105] < 0.25 * inside.mean()


def digests(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_same_seed_same_bytes(tmp_path, patient, write_patient):
    path = write_patient(tmp_path, patient())
    runs = {"one": ["--threads", "1"], "two": ["--threads", "2"], "other": ["--seed", "8"]}
    found = {}
    for name, words in runs.items():
        out = tmp_path / name
        assert main(["simulate", str(path), "--depth", "20", "--output", str(out), *words]) == 0
        found[name] = digests(out)
    assert len(found["one"]) == 11
    assert found["one"] == found["two"]
    assert found["other"]["targets.bed"] == found["one"]["targets.bed"]
    for name in ("genome.fa.gz", "normal.bam", "tumor.bam", "truth.vcf.gz"):
        assert found["other"][name] != found["one"][name]


def test_depth_changes_neither_genome_nor_variants(clean, run_patient, truth):
    thin = run_patient(depth=10)
    assert (thin / "genome.fa.gz").read_bytes() == (clean / "genome.fa.gz").read_bytes()

    def alleles(folder):
        return [(r["chrom"], r["pos"], r["ref"], r["alt"], r["gt"]) for r in truth(folder)]

    assert alleles(thin) == alleles(clean)


def depth_of(folder, sample, gene):
    """Return the mean depth of distinct fragments over a gene's targets, in plain counting."""
    total = bases = 0
    with pysam.AlignmentFile(str(folder / f"{sample}.bam")) as stream:
        for target in read_targets(folder / "targets.bed"):
            if target.gene == gene:
                counts = stream.count_coverage(target.chrom, target.start, target.end, 0)
                total += np.sum(counts)
                bases += target.length
    return total / bases


QUIET = {"uniformity": 0, "off_target": 0, "low_mapq": 0}


def test_copy_number_purity_and_clonal_fraction(run_patient, truth):
    folder = run_patient(
        depth=300,
        reads=QUIET,
        germline={"snv_per_kb": 6, "indel_per_kb": 0, "heterozygous": 1},
        samples=[
            {"sample": "normal", "role": "normal"},
            {"sample": "tumor", "role": "tumor", "purity": 0.8},
        ],
        copynumber=[
            {"gene": "NRAS", "samples": {"tumor": {"total": 6, "minor": 1}}},
            {"region": "chr15", "samples": {"tumor": {"total": 1, "minor": 0}}},
        ],
        somatic=[
            {
                "chrom": "chr15",
                "pos": 66729154,
                "ref": "G",
                "alt": "C",
                "ccf": {"tumor": 0.5},
            },
            {"chrom": "chr7", "pos": 140453136, "ref": "A", "alt": "T", "ccf": {"tumor": 1.0}},
        ],
    )
    normal = depth_of(folder, "normal", "BRAF") / depth_of(folder, "tumor", "BRAF")
    for gene, factor in (("NRAS", (0.8 * 6 + 0.4) / 2), ("MAP2K1", (0.8 + 0.4) / 2)):
        ratio = depth_of(folder, "tumor", gene) / depth_of(folder, "normal", gene) * normal
        assert ratio == pytest.approx(factor, rel=0.25)
    rows = truth(folder)
    shares = {
        round(row["af"]["tumor"], 4)
        for row in rows
        if row["gene"] == "NRAS" and row["origin"] == "germline"
    }
    major = (0.8 * 5 + 0.2) / (0.8 * 6 + 0.4)
    assert shares == {round(major, 4), round(1 - major, 4)}
    found = {row["pos"]: row for row in rows if row["origin"] == "somatic"}
    assert found[66729154]["af"]["tumor"] == pytest.approx(0.8 * 0.5 / 1.2, abs=1e-5)
    assert found[140453136]["af"]["tumor"] == pytest.approx(0.4, abs=1e-5)
    for row in rows:
        without, carrying = row["ad"]["tumor"]
        assert binomtest(carrying, without + carrying, row["af"]["tumor"]).pvalue > 1e-5


def test_contamination_tumor_in_normal_and_swap(run_patient, truth):
    mixed = run_patient(
        genes=("BRAF", "MAP2K1", "TERT", "NRAS"),
        germline={"snv_per_kb": 6, "indel_per_kb": 1},
        samples=[
            {
                "sample": "normal",
                "role": "normal",
                "tumor_in_normal": {"sample": "tumor", "fraction": 0.2},
            },
            {"sample": "tumor", "role": "tumor", "contamination": 0.1},
        ],
    )
    rows = truth(mixed)
    somatic = next(row for row in rows if row["pos"] == 66729154)
    assert somatic["af"]["normal"] == pytest.approx(0.06)
    assert somatic["af"]["tumor"] == pytest.approx(0.27)
    foreign = [row for row in rows if row["origin"] == "contamination"]
    assert foreign
    for row in foreign:
        assert row["af"]["normal"] == 0
        assert round(row["af"]["tumor"], 3) in {0.05, 0.1}
    for row in rows:
        for sample in ("normal", "tumor"):
            without, carrying = row["ad"][sample]
            assert binomtest(carrying, without + carrying, row["af"][sample]).pvalue > 1e-5
    swapped = run_patient(genes=("BRAF", "MAP2K1", "TERT"), swap=["normal", "tumor"], depth=20)
    row = next(row for row in truth(swapped) if row["pos"] == 66729154)
    assert row["af"] == {"normal": pytest.approx(0.3), "tumor": 0}


def test_one_x_chromosome_of_a_man(run_patient, truth):
    folder = run_patient(
        sex="male",
        depth=200,
        reads=QUIET,
        germline={"snv_per_kb": 10, "indel_per_kb": 0, "heterozygous": 0.5},
    )
    ratio = depth_of(folder, "normal", "AR") / depth_of(folder, "normal", "TERT")
    assert ratio == pytest.approx(0.5, rel=0.2)
    shares = {row["af"]["normal"] for row in truth(folder) if row["gene"] == "AR"}
    assert shares <= {0, 1}
    assert 1 in shares


def test_random_somatic_variants_of_all_types(run_patient, truth, bam):
    folder = run_patient(
        error_free=True,
        depth=250,
        reads={"length": 100, "insert_mean": 180, "insert_sd": 30, "pcr_errors": 0},
        germline={"snv_per_kb": 0, "indel_per_kb": 0},
        somatic=[],
        random_somatic={
            **{"snv": 15, "mnv": 6, "del": 8, "ins": 8, "dup": 6},
            **{"af": [0.05, 0.5], "samples": ["tumor"]},
        },
    )
    rows = truth(folder)
    kinds = collections.Counter(row["type"] for row in rows)
    assert kinds == {"SNV": 15, "MNV": 6, "DEL": 8, "INS": 8, "DUP": 6}
    for row in rows:
        assert 0.05 <= row["af"]["tumor"] <= 0.5
        assert row["af"]["normal"] == 0
        assert row["ad"]["normal"][1] == 0
        without, carrying = row["ad"]["tumor"]
        # Fewer fragments show the whole of a long insertion.
        if row["type"] != "DUP" and len(row["alt"]) < 10:
            assert binom.cdf(carrying, without + carrying, row["af"]["tumor"]) > 1e-5
            assert binom.sf(carrying - 1, without + carrying, row["af"]["tumor"]) > 1e-5
        assert carrying > 0
    # Each deletion and short insertion is found in CIGARs where the truth has it.
    found = bam(folder, "tumor")
    gaps = collections.Counter(
        (read.reference_name, at, kind, len(shown) + len(gone))
        for read in found.reads
        for kind, at, shown, gone in found.differences(read)
        if kind != "X"
    )
    for row in rows:
        size = abs(len(row["alt"]) - len(row["ref"]))
        if row["type"] in {"INS", "DEL"} or (row["type"] == "DUP" and size < 20):
            kind = "D" if row["type"] == "DEL" else "I"
            assert gaps[row["chrom"], row["pos"], kind, size] > 0, row
    allowed = {(r["chrom"], r["pos"]) for r in rows if not is_substitution(r)}
    assert {key[:2] for key in gaps} <= allowed


def test_random_somatic_variants_by_cancer_cell_fraction(run_patient, truth):
    folder = run_patient(
        depth=20,
        samples=[
            {"sample": "normal", "role": "normal"},
            {"sample": "tumor", "role": "tumor", "purity": 0.3},
        ],
        germline={"snv_per_kb": 0, "indel_per_kb": 0},
        somatic=[],
        random_somatic={"snv": 12, "ccf": [0.4, 1.0], "samples": ["tumor"]},
    )
    afs = [row["af"]["tumor"] for row in truth(folder)]
    assert len(afs) == 12
    # Half of the cancer cell fraction times the purity, on two copies.
    assert 0.3 * 0.4 / 2 - 1e-4 <= min(afs) < 0.3 * 0.7 / 2
    assert 0.3 * 0.7 / 2 < max(afs) <= 0.3 / 2 + 1e-4


def test_a_deleted_gene_has_no_random_somatic_variants(run_patient, truth):
    """At purity 1 it has no DNA at all; at 0.3 the DNA of normal cells."""
    samples = [{"sample": "normal", "role": "normal"}]
    samples += [{"sample": n, "role": "tumor", "purity": p} for n, p in (("a", 1.0), ("b", 0.3))]
    folder = run_patient(
        depth=20,
        samples=samples,
        germline={"snv_per_kb": 0, "indel_per_kb": 0},
        somatic=[],
        copynumber=[{"gene": "BRAF", "samples": {n: {"total": 0, "minor": 0} for n in "ab"}}],
        random_somatic={"snv": 30, "ccf": [0.9, 1.0], "samples": ["a", "b"]},
    )
    rows = truth(folder)
    deleted = [row for row in rows if row["gene"] == "BRAF"]
    assert 0 < len(deleted) < len(rows)
    assert {row["af"][n] for row in deleted for n in "ab"} == {0}
    assert min(row["af"][n] for row in rows if row not in deleted for n in "ab") > 0.1


def test_users_own_reference_and_targets(tmp_path, patient, write_patient, truth, bam):
    rng = np.random.default_rng(5)
    bases = "".join("ACGT"[i] for i in rng.integers(0, 4, 9000))
    fasta = tmp_path / "ref.fa"
    fasta.write_text(f">c1\n{bases[:5000]}\n>c2\n{bases[5000:]}\n")
    pysam.faidx(str(fasta))
    bed = tmp_path / "t.bed"
    bed.write_text("c1\t2000\t2300\tX|t|exon1\nc2\t1500\t1700\tY|t|exon1\n")
    described = patient(
        germline={"snv_per_kb": 5, "indel_per_kb": 3},
        somatic=[
            {
                "chrom": "c1",
                "pos": 2101,
                "ref": bases[2100:2103],
                "alt": bases[2100],
                "af": {"tumor": 0.4},
            }
        ],
    )
    del described["genome"]
    path = write_patient(tmp_path, described)
    words = ["simulate", str(path), "--output", str(tmp_path / "out")]
    words += ["--reference", str(fasta), "--targets", str(bed), "--depth", "120"]
    assert main(words) == 0
    assert not (tmp_path / "out" / "genome.fa.gz").exists()
    row = next(row for row in truth(tmp_path / "out") if row["origin"] == "somatic")
    assert row["type"] == "DEL"
    without, carrying = row["ad"]["tumor"]
    assert binomtest(carrying, without + carrying, 0.4).pvalue > 1e-5
    found = bam(tmp_path / "out", "tumor", fasta)
    assert {r.reference_name for r in found.reads} == {"c1", "c2"}
    assert np.mean([len(found.differences(r)) for r in found.reads if r.cigartuples]) < 1
    bed.write_text("c3\t1\t30\n")
    assert main(words) == 2
