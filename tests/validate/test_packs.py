"""Packs: sets of real reads with their truth, and how they are scored."""

import hashlib
import importlib.util
import itertools
import json
import subprocess
from pathlib import Path

import numpy as np
import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core.allele import Allele
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.haplotypes import fetcher
from resistpanel.testing.dilute import shows, supporting, thinned, word
from resistpanel.testing.junction_ends import AFTER, BEFORE, ends_of_alt, same_ends
from resistpanel.testing.pack import find, read_pack, read_truth
from resistpanel.testing.pack_score import Calls, as_expected, figures, recall_by_af, score
from resistpanel.testing.rebuild_reference import _of_md, rebuild
from resistpanel.testing.score import Call

PACKS = HOME / "resources" / "packs"
REAL = HOME.parent / "shared" / "real"
#: Pack, and the folder of the shared data that has its reads.
AT_HAND = {
    "seracare_duplex": "seracare",
    "na12878_itself": "na12878_tiny",
    "colo829": "colo829",
    "hcc1395": "hcc1395",
    "hcc1954_junctions": "hcc1954_sv",
}
#: All but the smallest: `tests/call/test_real.py` calls the same reads in every run.
SLOW = ("seracare_duplex", "colo829", "hcc1395", "hcc1954_junctions")
TEXT = "".join(np.random.default_rng(8).choice(list("ACGT"), 400))
SNV = Allele("c", 200, TEXT[200], "A" if TEXT[200] != "A" else "C")
ABOUT = """\
pack: 1
name: mine
title: reference material
question: Is it found?
build: hg19
assay: capture
origin: {repository: me/mine, commit: abc, licence: own, truth: digital PCR}
files: {t.bam: {sha256: SHA}}
samples: {tumor: t.bam}
targets: t.bed
truth: truth.tsv
complete: true
expected: {found: 2, refuted_called: 0, other_calls: 0}
"""
TRUTH = f"""\
chrom\tpos\tref\talt\tstate\tname\taf\tmate_pos
c\t201\t{SNV.ref}\t{SNV.alt}\tpresent\tknown\t0.2\t
c\t101\t{TEXT[100]}\t<DEL>\tpresent\tlong\t\t300
c\t251\t{TEXT[250]}\t{"G" if TEXT[250] != "G" else "T"}\tabsent\tnot there\t\t
c\t261\t{TEXT[260]}\t{"G" if TEXT[260] != "G" else "T"}\tignored\tunclear\t\t
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "t.bam").write_bytes(b"reads")
    (tmp_path / "pack.yaml").write_text(
        ABOUT.replace("SHA", "19fdb16bff2698f4f3a4d5c3bbab2c1cb4e6d6f2b5f1e4b6a7a3b6d3a5d6b8e1")
    )
    (tmp_path / "truth.tsv").write_text(TRUTH)
    (tmp_path / "t.bed").write_text("c\t50\t350\n")
    return tmp_path


@pytest.fixture(scope="module")
def reads(tmp_path_factory) -> Path:
    """40 fragments over `TEXT`, 10 with the SNV; MD tags; no read group."""
    path = tmp_path_factory.mktemp("reads") / "t.bam"
    header = {"SQ": [{"SN": "c", "LN": 400}]}
    changed = TEXT[: SNV.pos] + SNV.alt + TEXT[SNV.pos + 1 :]
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for n in range(40):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id = f"f{n}", 0, 0
            read.reference_start, read.mapping_quality = 120 + n, 60
            read.query_sequence = (changed if n % 4 == 0 else TEXT)[120 + n : 220 + n]
            read.query_qualities = pysam.qualitystring_to_array("I" * 100)
            read.cigarstring = "100M"
            before = SNV.pos - 120 - n
            md = f"{before}{SNV.ref}{99 - before}" if n % 4 == 0 else "100"
            read.set_tag("MD", md)
            out.write(read)
    pysam.index(str(path))
    return path


def test_a_pack_is_read(folder):
    pack = read_pack(folder)
    assert [one.state for one in pack.known] == ["present", "present", "absent", "ignored"]
    assert pack.known[0].allele == SNV
    assert pack.known[1].ends == (("c", 101, BEFORE), ("c", 300, AFTER))
    with pytest.raises(InputError, match="SHA-256 is not that of the pack"):
        find(pack, "t.bam", None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pack: 1", "pack: 2", "Invalid enum value 2"),
        ("complete: true\n", "", "missing required field `complete`"),
        ("tumor: t.bam", "tumor: u.bam", "u.bam is not listed under files"),
    ],
)
def test_faulty_descriptions(folder, old, new, message):
    path = folder / "pack.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=message):
        read_pack(folder)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c\t0\tA\tC\tpresent", "positions are 1-based"),
        ("c\t7\tA\tC\tthere", "give one of present, inherited"),
        ("c\t7\tA\t<DEL>\tpresent", "is no allele"),
        ("c\tx\tA\tC\tpresent", "pos is not a whole number"),
    ],
)
def test_faulty_truth(tmp_path, row, message):
    (tmp_path / "t.tsv").write_text(f"chrom\tpos\tref\talt\tstate\n{row}\n")
    with pytest.raises(InputError, match=message):
        read_truth(tmp_path / "t.tsv")


def test_every_pack_of_the_project_is_whole():
    folders = sorted(path.parent for path in PACKS.glob("*/pack.yaml"))
    assert set(AT_HAND) <= {folder.name for folder in folders}
    for folder in folders:
        pack = read_pack(folder)
        assert pack.about.name == folder.name
        assert pack.targets().is_file()
        names = [one.name for one in pack.known]
        assert len(names) == len(set(names)), folder
        kinds = {path.suffix for path in folder.iterdir()}
        assert kinds <= {".yaml", ".tsv", ".bed"}  # no reads, no sequence


def test_ends_are_the_same_in_either_order_and_need_their_sides():
    one = ends_of_alt("8", 100, "]11:900]T", "8", None)
    assert one == (("8", 100, AFTER), ("11", 900, BEFORE))
    other = ends_of_alt("11", 905, "T[8:103[", "11", None)
    assert same_ends(one, other, 10)
    assert not same_ends(one, other, 4)
    assert not same_ends(one, ends_of_alt("11", 905, "T]8:103]", "11", None), 10)
    assert same_ends(one, ends_of_alt("11", 900, "<BND>", "8", 100), 0)
    assert ends_of_alt("11", 905, "<DEL>", "11", None) is None


def called(variant: Allele, **more) -> Call:
    values = {
        "filters": ("PASS",), "model": "somatic", "detected": True, "af": 0.1, "lod": 0.05,
        "ub": 0.2, "alt": 10, "depth": 100, "normal_depth": 0, "normal_af": 0.0,
    }  # fmt: skip
    return Call(variant, **(values | more))


def test_counts(folder, tmp_path):
    """One found at half its AF, one junction missed, a refuted one and two others called."""
    pack = read_pack(folder)
    unclear = pack.known[3].allele
    stray = Allele("c", 280, TEXT[280], "A" if TEXT[280] != "A" else "C")
    weak = Allele("c", 290, TEXT[290], "A" if TEXT[290] != "A" else "C")
    small = [called(one) for one in (SNV, pack.known[2].allele, unclear, stray)]
    calls = Calls([*small, called(weak, detected=False)], [], "tumor")
    fasta = tmp_path / "c.fa"
    fasta.write_text(f">c\n{TEXT}\n")
    with pysam.FastaFile(str(fasta)) as handle:
        scored = score(pack.known, calls, {SNV: called(SNV)}, fetcher(handle))
    found = figures(pack, scored)
    assert (found.found, found.present) == (1, 2)
    assert (found.junctions_found, found.junctions) == (0, 1)
    assert (found.refuted_called, found.refuted, found.other_calls) == (1, 1, 1)
    assert (found.above_limit_found, found.above_limit, found.af_ratio) == (1, 1, 0.5)
    assert found.other_per_megabase == pytest.approx(1 / 300e-6)
    # Poisson, 1 seen: 5.57 is the upper limit of the two-sided 95 % interval.
    assert found.other_per_megabase_high == pytest.approx(5.572 / 300e-6, rel=1e-3)
    assert [(r.af_from, r.found, r.of) for r in recall_by_af(scored.rows)] == [(0.1, 1, 1)]
    assert not as_expected(pack, found)


def test_reference_from_md_and_from_the_majority(reads, tmp_path):
    for name, majority in (("md", False), ("most", True)):
        out = tmp_path / f"{name}.fa.gz"
        rebuild([reads], {"c"}, out, majority)
        with pysam.FastaFile(str(out)) as fasta:
            assert fasta.fetch("c", 120, 259) == TEXT[120:259]
            assert set(fasta.fetch("c", 0, 120) + fasta.fetch("c", 259, 400)) == {"N"}


def test_no_md_is_an_error(reads, tmp_path):
    bare = tmp_path / "bare.bam"
    with (
        pysam.AlignmentFile(str(reads)) as source,
        pysam.AlignmentFile(str(bare), "wb", template=source) as out,
    ):
        for read in source:
            read.set_tag("MD", None)
            out.write(read)
    with pytest.raises(InputError, match="none with an MD tag; give the genome"):
        rebuild([bare], {"c"}, tmp_path / "r.fa.gz")


@pytest.mark.parametrize(
    ("cigar", "md", "expected"),
    [
        ("10M", "10", "CAAAAAAAAA"),
        ("2S8M", "0G7", "GAAAAAAA"),
        ("4M2I4M", "3T4", "CAATAAAA"),
        ("4M3D6M", "4^GTC6", "CAAAGTCAAAAAA"),
        ("5=1X4=", "5g4", "CAAAAGAAAA"),
        # those of another CIGAR: clipped afterwards, or a gap closed
        ("5S5M", "10", ""),
        ("10M", "4^GTC6", ""),
        ("4M3D6M", "10", ""),
        ("10M", "200T9A3C70", ""),
    ],
)
def test_md_that_does_not_fit_the_cigar(cigar, md, expected):
    """Programs that clip overlaps leave MD as it was; pysam then writes beyond its buffer."""
    read = pysam.AlignedSegment()
    read.query_sequence, read.cigarstring = "CAAAAAAAAA", cigar
    read.set_tag("MD", md)
    assert _of_md(read).tobytes().decode() == expected


def test_dilution_removes_supporting_fragments_alone(reads, tmp_path):
    fasta = tmp_path / "c.fa"
    fasta.write_text(f">c\n{TEXT}\n")
    support = supporting(reads, fasta, [SNV])
    assert support[SNV].depth == 40
    assert support[SNV].names == tuple(sorted(f"f{n}" for n in range(0, 40, 4)))
    out = tmp_path / "thin.bam"
    reached = thinned(reads, out, support, 0.1, np.random.default_rng(1))
    assert reached[SNV] == 3 / 33  # 0.1 of 30 / 0.9 is 3.3
    with pysam.AlignmentFile(str(out)) as left:
        names = {read.query_name for read in left}
    assert len(names) == 33
    assert {f"f{n}" for n in range(40) if n % 4} <= names


def test_a_word_of_an_indel_is_not_in_the_reference(tmp_path):
    text = "ACGT" * 20 + "GATTACA" + "ACGT" * 20
    (tmp_path / "w.fa").write_text(f">c\n{text}\n")
    lost = Allele("c", 40, "ACGT", "")
    with pysam.FastaFile(str(tmp_path / "w.fa")) as fasta:
        assert word(fasta, lost) is None  # the repeat looks the same a unit shorter
        inserted = Allele("c", 83, "", "CC")
        found = word(fasta, inserted)
    assert found == text[80:83] + "CC" + text[83:86]
    read = pysam.AlignedSegment()
    read.query_sequence = text[60:83] + "CC" + text[83:100]
    assert shows(read, inserted, found)
    read.query_sequence = text[60:100]
    assert not shows(read, inserted, found)


def test_files_are_got_from_a_clone_and_checked(tmp_path, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("get_packs", PACKS / "get_packs.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    clone = tmp_path / "clones" / "me" / "mine"
    clone.mkdir(parents=True)
    (clone / "a.bam").write_bytes(b"reads\n")
    git = ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "a.bam"], ["commit", "-qm", "reads"]):
        subprocess.run([*git, *words], check=True)
    right = hashlib.sha256(b"reads\n").hexdigest()
    monkeypatch.setattr(script, "HERE", tmp_path / "packs")
    for name, sha in (("good", right), ("changed", "0" * 64)):
        pack = tmp_path / "packs" / name
        pack.mkdir(parents=True)
        (pack / "pack.yaml").write_text(
            f"name: {name}\norigin: {{repository: me/mine, commit: HEAD}}\n"
            f"files: {{t.bam: {{path: a.bam, sha256: '{sha}'}}}}\n"
        )
    data = tmp_path / "data"
    arguments = ["--data", str(data), "--clones", str(tmp_path / "clones")]
    assert script.main(arguments) == 1
    assert (data / "good" / "t.bam").read_bytes() == b"reads\n"
    assert not (data / "changed").exists()
    assert "t.bam has another SHA-256" in capsys.readouterr().err
    assert script.main([*arguments, "none"]) == 2
    assert script.url_of("a/b", "1f", "x y.bam") == (
        "https://raw.githubusercontent.com/a/b/1f/x%20y.bam"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "x"], "--data: needs --pack"),
        (["--pack", "nowhere"], "nowhere/pack.yaml: no such file"),
        (["--pack", "nowhere", "--targets", "t.bed"], "--targets: does not go with --pack"),
        (["--pack", "nowhere", "--dilute", "1.5"], "--dilute 1.5: must be above 0"),
    ],
)
def test_bad_input(tmp_path, capsys, arguments, message):
    assert main(["validate", *arguments, "--output", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in AT_HAND]
)
@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real BAMs of {REAL}")
def test_packs_at_hand_are_as_expected(name, tmp_path, capsys):
    """Reads where they are; references rebuilt from them."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).symlink_to(REAL / AT_HAND[name])
    status = main(
        ["validate", "--pack", str(PACKS / name), "--data", str(tmp_path / "data"), "--output",
         str(tmp_path / "out")]
    )  # fmt: skip
    assert status == 0, capsys.readouterr().out
    result = json.loads((tmp_path / "out" / name / "pack.json").read_text())
    assert result["as_expected"]
    assert result["figures"]["found"] == result["figures"]["present"]
    if name == "seracare_duplex":
        assert 0.9 < result["figures"]["af_ratio"] < 1.1
        assert result["figures"]["above_limit"] == 19
        assert [row["found"] for row in result["recall"]] == [14, 5]
    for one, two in itertools.pairwise(result["recall"]):
        assert one["af_below"] <= two["af_from"]
