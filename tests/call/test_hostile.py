"""Reads that no aligner should write: left out or bounded, counted, and told; true ones stay."""

import functools
import gzip
import random
import re
from dataclasses import replace

import numpy as np
import pytest
from callkit import (
    Patient,
    Read,
    Variant,
    Written,
    left_out,
    other,
    random_sequence,
    write_bam,
    write_sites,
)  # fmt: skip

from resistpanel.call.call_constants import MOST_PLACES
from resistpanel.call.candidates import ranking as places
from resistpanel.call.io import regions
from resistpanel.call.io.reader import LONGEST_GAP, MOST_GAPS, Reader
from resistpanel.cli import main
from resistpanel.core.errors import InputError

SEQUENCE = random_sequence(1700, 71)
TARGETS = [(500, 800), (820, 1150)]
SNV = Variant(620, SEQUENCE[620], other(SEQUENCE[620]), {"post": 0.2})
DELETION = Variant(1000, SEQUENCE[1000:1006], "", {"post": 0.2})
TRUE = [v.vcf(SEQUENCE) for v in (SNV, DELETION)]
SAMPLES = {"normal": 60, "post": 120}


def patient(extra=(), **more) -> Patient:
    """Return a patient whose relapse has further reads."""
    extra = {"post": list(extra)}
    return Patient(SEQUENCE, TARGETS, [SNV, DELETION], SAMPLES, extra=extra, **more)


def read(name: str, pos: int, cigar: str, length: int = 100, **more) -> Read:
    """Return a read of the reference's bases from `pos` on, whatever its alignment says."""
    return Read(name, "chr1", pos, cigar, SEQUENCE[pos : pos + length], **more)


def told(folder, calls_args: list[str], capfd) -> tuple[str, str]:
    """Return header and standard error of the command."""
    assert main(calls_args) == 0
    with gzip.open(folder / "o.vcf.gz", "rt") as handle:
        head = "".join(row for row in handle if row.startswith("##"))
    return head, left_out(capfd.readouterr().err)


def command(written, folder, *more: str) -> list[str]:
    """Return the command line."""
    words = ["call", "--reference", written.reference, "--targets", written.targets]
    words += ["--normal", written.bams["normal"], "--tumor", written.bams["post"]]
    return [str(w) for w in (*words, "--output", folder / "o.vcf.gz", *more)]


def counted(folder, reads, previous_end=-1) -> tuple[int, int, int]:
    """Return (reads used, gapped, without qualities) over [500, 800)."""
    bam = write_bam(folder / "s.bam", {"chr1": 200_000_000}, reads)
    got = Reader(str(bam), [("chr1", 500, 800)]).next_chunk("chr1", 500, 800, -1, previous_end)
    return len(got.table), got.gapped, got.no_qualities


class TestGaps:
    """Introns, rearrangements, and alignments that are none."""

    def test_introns_leave_the_calls_alone(self, tmp_path, capfd):
        """Half of all reads with an intron of 100 Mb: the same alleles, and a word about it."""
        long = [read(f"n{n}", 530 + n % 500, "30M100000000N70M") for n in range(400)]
        # one that begins off the targets, and one that would be left out in any case
        long += [read("off", 100, "30M20000N70M"), read("dup", 540, "30M20000N70M", flag=1024)]
        calls = patient(long).write(tmp_path).call()
        assert calls.passing() == TRUE
        assert calls.caller.found.gapped.tolist() == [0, 401]
        head, said = told(tmp_path, command(_written(tmp_path), tmp_path), capfd)
        assert "##resistpanel_left_out_post=gaps:401,no_qualities:0,adapters:0\n" in head
        assert "##resistpanel_left_out_normal=gaps:0,no_qualities:0,adapters:0\n" in head
        assert said == (
            f"resistpanel: warning: {tmp_path / 'post.bam'}: 401 reads were left out: their "
            f"alignments have gaps of more than {LONGEST_GAP:,} bases, or a gap to ten bases\n"
        )

    @pytest.mark.parametrize("op", "ND")
    @pytest.mark.parametrize(("gap", "used"), [(LONGEST_GAP, 1), (LONGEST_GAP + 1, 0)])
    def test_longest(self, tmp_path, op, gap, used):
        got = counted(tmp_path, [read("r", 550, f"40M{gap}{op}60M")])
        assert got == (used, 1 - used, 0)

    def test_a_long_read_is_no_long_gap(self, tmp_path):
        """Its span is that of its bases."""
        sequence = random_sequence(1000, 3) * 12
        assert counted(tmp_path, [Read("r", "chr1", 100, "12000M", sequence)]) == (1, 0, 0)

    @pytest.mark.parametrize(("n", "used"), [(MOST_GAPS, 1), (MOST_GAPS + 1, 0)])
    @pytest.mark.parametrize("gap", ["1I", "1D"])
    def test_most_gaps(self, tmp_path, n, used, gap):
        rest = 100 - n * (4 if gap == "1D" else 5)
        got = counted(tmp_path, [read("r", 550, f"4M{gap}" * n + f"{rest}M")])
        assert got == (used, 1 - used, 0)

    def test_mismatches_spelt_out_are_no_gaps(self, tmp_path):
        assert counted(tmp_path, [read("r", 550, "4=1X" * 20)]) == (1, 0, 0)

    def test_counted_in_the_first_chunk(self, tmp_path):
        """A read that an earlier chunk saw is not counted again."""
        reads = [read("r", 450, "60M20000N40M"), read("q", 450, "100M", quality="*")]
        assert counted(tmp_path, reads, previous_end=450) == (0, 1, 1)
        assert counted(tmp_path, reads, previous_end=451) == (0, 0, 0)

    def test_counted_once_over_chunks(self, tmp_path, monkeypatch):
        monkeypatch.setattr(regions, "chunks", functools.partial(regions.chunks, bases=40))
        reads = [read("r", 560, "60M20000N40M"), read("q", 560, "100M", quality="*")]
        calls = patient(reads).write(tmp_path).call()
        assert len(calls.caller.chunks) > 10
        assert calls.caller.found.gapped.tolist() == [0, 1]
        assert calls.caller.found.no_qualities.tolist() == [0, 1]


def _written(folder):
    bams = {name: folder / f"{name}.bam" for name in SAMPLES}
    return Written(folder / "ref.fa", folder / "targets.bed", bams)


class TestQualities:
    """Reads of which nobody knows what their bases are worth."""

    def test_some_are_left_out_and_told(self, tmp_path, capfd):
        """An allele that such reads alone carry is no allele."""
        at = 700
        base = other(SEQUENCE[at])
        bare = []
        for n in range(60):
            r = read(f"b{n}", at - 90 + n, "100M", quality="*")
            bare.append(replace(r, sequence=put(r.sequence, at - r.pos, base)))
        written = patient(bare).write(tmp_path)
        assert written.call().passing() == TRUE
        head, said = told(tmp_path, command(written, tmp_path), capfd)
        assert "##resistpanel_left_out_post=gaps:0,no_qualities:60,adapters:0\n" in head
        assert said == (
            f"resistpanel: warning: {tmp_path / 'post.bam'}: 60 reads were left out: they have no "
            "base qualities\n"
        )

    def test_none_at_all_is_refused(self, tmp_path, capfd):
        made = patient().write(tmp_path)
        bare = [replace(r, quality="*") for r in patient().reads("post")]
        write_bam(made.bams["post"], {"chr1": len(SEQUENCE)}, bare)
        assert main(command(made, tmp_path)) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert re.fullmatch(
            rf"resistpanel: error: {tmp_path}/post.bam: none of its \d+ usable reads has base "
            "qualities; align again from FASTQ with qualities: without them errors cannot be "
            "distinguished from variants",
            line,
        )
        assert not (tmp_path / "o.vcf.gz").exists()

    def test_without_reads_is_no_fault(self, tmp_path):
        made = patient().write(tmp_path)
        write_bam(made.bams["post"], {"chr1": len(SEQUENCE)}, [])
        assert made.call().passing() == []


def put(sequence: str, at: int, base: str) -> str:
    """Return `sequence` with one base replaced."""
    return sequence[:at] + base + sequence[at + 1 :]


class TestCrowds:
    """More insertions than any sample has."""

    @pytest.fixture
    def crowded(self, tmp_path, monkeypatch):
        """Every third read with insertions all over, few enough to be no torn alignment."""
        monkeypatch.setattr(places, "MOST_PLACES", 15)
        rng = random.Random(5)
        broken = []
        for n in range(200):
            pos = 430 + 3 * n
            steps = [rng.randint(9, 24) for _ in range(4)]
            cigar = "".join(f"{m}M{rng.randint(1, 2)}I" for m in steps)
            used = sum(map(int, re.findall(r"\d+", cigar)))
            broken.append(read(f"x{n}", pos, f"{cigar}{100 - used}M"))
        return patient(broken).write(tmp_path)

    def test_the_best_supported_are_kept(self, crowded, tmp_path, capfd):
        """The true deletion stands out, whatever is left out; a site asked for is looked at."""
        site = Variant(900, SEQUENCE[900:903], "")
        sites = write_sites(tmp_path / "s.vcf", [("chr1", *_id(site))])
        calls = crowded.call(sites=str(sites))
        assert calls.caller.found.crowded > 10
        assert set(TRUE) <= set(calls.passing())
        assert [r.info["FORCED"] for r in calls.records if r.info["SITE"]] == [True]
        head, said = told(tmp_path, command(crowded, tmp_path), capfd)
        left_out = int(re.search(r"##resistpanel_left_out_indels=(\d+)\n", head)[1])
        assert left_out == calls.caller.found.crowded
        assert f"{left_out} places of gaps or clips" in said

    def test_nothing_is_left_out_of_an_ordinary_sample(self, tmp_path):
        assert patient().write(tmp_path).call().caller.found.crowded == 0


def _id(variant: Variant):
    pos, ref, alt = variant.vcf(SEQUENCE)
    return pos, "asked", ref, alt


class TestBestSupported:
    class Reads:
        """Reads of one length, `depth` round each of `where`."""

        def __init__(self, *where, length=100):
            first = [np.full(depth, at - length // 2) for at, depth in where]
            pos = np.sort(np.concatenate(first))
            self.table = np.zeros(len(pos), [("pos", int), ("end", int)])
            self.table["pos"], self.table["end"] = pos, pos + length

    def test_few_are_all_kept(self):
        support = {(n, 1): 3 for n in range(MOST_PLACES)}
        assert places.best_supported(support, []) == (list(support), 0)

    def test_a_true_one_among_the_noise_of_great_depth(self):
        """At 20,000x noise makes three to eight carriers anywhere; 12 in 20,000 stay."""
        rng = random.Random(2)
        support = {(n, -1): rng.randint(3, 8) for n in range(2000)}
        support[1000, -4] = 12
        kept, left = places.best_supported(support, [self.Reads((1000, 20_000), length=4000)])
        assert (1000, -4) in kept
        assert len(kept) + left == len(support)
        assert kept == [p for p in support if p in set(kept)]

    def test_errors_of_great_depth_are_no_places(self):
        """At 50,000x every position has gaps by error; what stands out from these is looked at."""
        rng = np.random.default_rng(3)
        chunk = regions.chunks([("chr1", 1000, 3000)])[0]
        depth = np.full(2000, 50_000)
        support = {
            (1000 + n, length): int(k)
            for length, mean in ((-1, 8), (1, 5), (-3, 0.2))
            for n, k in enumerate(rng.poisson(mean, 2000))
            if k >= 3
        }
        assert len(support) > 10 * MOST_PLACES
        true = {(1500, -1): 40, (1700, 1): 30, (2990, -15): 9, (3004, -1): 60}
        kept = places.beyond_noise(support | true, chunk, depth)
        assert true.items() <= kept.items()
        assert len(kept) < 0.005 * len(support) + len(true)
        # A shallow target of the chunk: fewer are enough.
        depth[1000:] = 500
        deep = {place: k for place, k in support.items() if place[0] < 2000}
        kept = places.beyond_noise(deep | {(2500, -1): 5, (1500, -1): 40}, chunk, depth)
        assert {(2500, -1), (1500, -1)} <= set(kept)
        # With room for all, all are looked at.
        few = dict(list(support.items())[:MOST_PLACES])
        assert places.beyond_noise(few, chunk, depth) == few

    def test_a_shallow_target_beside_a_deep_one(self):
        """Five of 60 are more than eight of 20,000."""
        support = {5000 + n % 10 + n: 8 for n in range(0, 40_000, 100)} | {1000: 5}
        deep = [(p, 2000) for p in support if p != 1000]
        kept, left = places.best_supported(support, [self.Reads((1000, 60), *deep)])
        assert 1000 in kept
        assert left == len(support) - MOST_PLACES


def test_error_is_raised_by_the_caller(tmp_path):
    """Also of the library, not of the command alone."""
    made = patient().write(tmp_path)
    bare = [replace(r, quality="*") for r in patient().reads("normal")]
    write_bam(made.bams["normal"], {"chr1": len(SEQUENCE)}, bare)
    with pytest.raises(InputError, match="base qualities"):
        made.call()
