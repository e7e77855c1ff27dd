"""Faults of BAMs, reference and panel: one line each, exit status 2, before anything is written."""

import json
import os
import subprocess
import sys

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core import bam
from resistpanel.core.builds import LENGTHS
from resistpanel.core.contig_checksums import naming_reference
from resistpanel.core.errors import InputError
from resistpanel.core.files import BGZF_EOF, HOME, read_json
from resistpanel.core.intervals import read_targets
from resistpanel.inputs import bam_checks
from resistpanel.inputs import checks as check
from resistpanel.inputs.sheet import Row
from resistpanel.panel.build import read_gene_list
from resistpanel.panel.genes import load_genes

from .conftest import LENGTH, write_bam


def relative(world, lines):
    return [line.replace(f"{world.folder}/", "") for line in lines]


def only(world, capsys, *more):
    """Return the one error of a spoilt input."""
    status, errors, _ = world.check(capsys, *more)
    assert status == 2
    assert len(errors) == 1, errors
    return relative(world, errors)[0]


AFTER = "after.bam (samples.tsv:4, sample 'after')"


def test_nothing_wrong(world, capsys):
    world.write_sheet()
    assert main(world.arguments()) == 0
    out = capsys.readouterr()
    assert out.out == "1 patients, 3 samples: nothing wrong found\n"
    assert relative(world, out.err.splitlines()) == [
        "resistpanel: note: genome.fa: contig lengths match no known build; hg19 is assumed"
    ]


def test_writes_the_patient(world, capsys):
    output = world.folder / "out" / "P1.json"
    status, errors, _ = world.check(capsys, "--patient", "P1", "--output", str(output))
    assert (status, errors) == (0, [])
    written = read_json(output)
    assert [sample["sample"] for sample in written["samples"]] == ["skin", "before", "after"]
    assert written["pairs"] == [{"pre": "before", "post": "after", "drugs": ["vemurafenib"]}]
    assert written["samples"][2]["bam"] == str(world.folder / "after.bam")


def test_writes_nothing_when_something_is_wrong(world, capsys):
    output = world.folder / "out" / "P1.json"
    world.rows[2]["drugs"] = "vemurafenib+trametinib"
    assert world.check(capsys, "--patient", "P1", "--output", str(output))[0] == 2
    assert not output.parent.exists()


def test_unknown_patient(world, capsys):
    line = only(world, capsys, "--patient", "P9", "--output", "x.json")
    assert line == "samples.tsv: no patient 'P9'"


def test_unknown_drug(world, capsys):
    """A warning, not a refusal: the rest of the report does not depend on the drug."""
    world.rows[2]["drugs"] = "vemurafanib"
    status, errors, notes = world.check(capsys)
    assert (status, errors) == (0, [])
    text = (
        "samples.tsv:4 (column 'drugs'): unknown drug 'vemurafanib': resistance to it is not "
        "assessed; did you mean 'vemurafenib'"
    )
    assert [note for note in notes if text in note]
    output = world.folder / "P1.json"
    assert world.check(capsys, "--patient", "P1", "--output", str(output))[0] == 0
    (drug,) = json.loads(output.read_text())["drugs"]
    assert drug == {"given": "vemurafanib", "drug": "vemurafanib", "classes": [], "targets": []}


def test_a_combination_in_one_name(world, capsys):
    world.rows[2]["drugs"] = "vemurafenib+trametinib"
    assert only(world, capsys) == (
        "samples.tsv:4 (column 'drugs'): unknown drug 'vemurafenib+trametinib'; separate the drugs "
        "of a combination with ';'"
    )


def test_a_drug_of_the_users_table(world, capsys):
    table = world.folder / "mine.tsv"
    table.write_text(
        "name\taliases\tclasses\ttargets\tgeneration\tnote\tsource\n"
        "newafenib\tNEW-1\tRAF inhibitor\tBRAF\t\t\tour trial\n"
    )
    world.rows[2]["drugs"] = "new 1"
    output = world.folder / "P1.json"
    more = ("--drugs", str(table))
    status, errors, notes = world.check(capsys, "--patient", "P1", "--output", str(output), *more)
    assert (status, errors) == (0, []) and not any("unknown drug" in note for note in notes)
    (drug,) = json.loads(output.read_text())["drugs"]
    assert (drug["drug"], drug["targets"]) == ("newafenib", ["BRAF"])
    other = world.folder / "other.tsv"
    other.write_text(table.read_text().replace("our trial", ""))
    assert only(world, capsys, "--check", "--drugs", str(other)).startswith("other.tsv:2")


def test_drugs_of_a_normal_and_a_missing_normal_are_noted(world, capsys):
    world.rows[0]["drugs"] = "vemurafenib"
    status, _, notes = world.check(capsys)
    assert status == 0
    assert any("samples.tsv:2 (column 'drugs'): drugs of a normal are ignored" in n for n in notes)
    del world.rows[0]
    status, _, notes = world.check(capsys)
    assert status == 0
    assert any(note.startswith("patient 'P1' has no normal: ") for note in notes)


def test_bam_missing(world, capsys):
    (world.folder / "after.bam").unlink()
    assert only(world, capsys) == f"{AFTER}: no such BAM; correct the path"


def test_bam_of_no_bytes(world, capsys):
    (world.folder / "after.bam").write_bytes(b"")
    assert only(world, capsys) == f"{AFTER}: the BAM is an empty file; copy or recreate it"


@pytest.mark.parametrize("content", [b"hello world", b"\x1f\x8b\x08\x00junk", b"BAM not packed"])
def test_not_a_bam(world, capsys, content):
    (world.folder / "after.bam").write_bytes(content)
    assert only(world, capsys) == (
        f"{AFTER}: the file is not a BAM; give the aligned reads (BAM or CRAM)"
    )


def test_a_vcf_is_not_a_bam(world, capsys):
    with pysam.BGZFile(str(world.folder / "after.bam"), "w") as out:
        out.write(b"##fileformat=VCFv4.3\n")
    assert only(world, capsys) == (
        f"{AFTER}: the file is not a BAM; give the aligned reads (BAM or CRAM)"
    )


def test_sam_text(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "after"),), mode="w", index=False)
    assert only(world, capsys) == (
        f"{AFTER}: the file is SAM text, not BAM; run `samtools sort -o out.bam` on it"
    )


def test_truncated(world, capsys):
    path = world.folder / "after.bam"
    path.write_bytes(path.read_bytes()[: -len(BGZF_EOF)])
    assert only(world, capsys) == (
        f"{AFTER}: the BAM is truncated (its end-of-file block is missing); copy or recreate it"
    )


def test_damaged(world, capsys):
    path = world.folder / "after.bam"
    good = path.read_bytes()
    path.write_bytes(good[:40] + b"\0" * 60 + good[100:])
    line = only(world, capsys)
    assert line.startswith(f"{AFTER}: the BAM is damaged: ")
    assert line.endswith("; copy or recreate it")


def test_unsorted(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "after"),), order="queryname", index=False)
    assert only(world, capsys) == (
        f"{AFTER}: the BAM is not sorted by coordinate (SO:queryname); run `samtools sort`"
    )


def test_no_reads(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "after"),), reads=0)
    assert only(world, capsys) == f"{AFTER}: the BAM of sample 'after' has no reads; remove the row"


def test_no_read_groups(world, capsys):
    write_bam(world.folder / "after.bam", groups=())
    assert only(world, capsys) == (
        f"{AFTER}: the BAM has no read groups; run `samtools addreplacerg -r ID:after -r SM:after`"
    )


def test_read_group_without_sample(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("lane1", None),))
    assert only(world, capsys) == (
        f"{AFTER}: read group 'lane1' has no SM tag; run `samtools addreplacerg -r ID:after "
        "-r SM:after -m overwrite_all`"
    )


def test_sample_that_disagrees(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "before"),))
    assert only(world, capsys) == (
        f"{AFTER}: the BAM is of sample 'before' (SM tag), the sheet says 'after'; correct the "
        "sheet if the BAM is right; else this is another sample's BAM"
    )


def test_several_samples(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "after"), ("h", "other")))
    assert only(world, capsys) == (
        f"{AFTER}: the BAM contains several samples (SM after, other); split it with `samtools "
        "split`, one BAM per sample"
    )


def test_several_read_groups_of_one_sample_are_fine(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "after"), ("h", "after")))
    assert world.check(capsys)[0] == 0


def test_missing_index_is_made_when_the_run_begins(world, capsys):
    index = world.folder / "after.bam.bai"
    index.unlink()
    status, errors, notes = world.check(capsys)
    assert (status, errors) == (0, [])
    assert "after.bam: no index; it is created next to the BAM when the run starts" in relative(
        world, notes
    )
    assert not index.exists()
    output = world.folder / "P1.json"
    assert world.check(capsys, "--patient", "P1", "--output", str(output))[0] == 0
    assert index.exists()


def test_missing_index_that_cannot_be_made(world, capsys, monkeypatch):
    (world.folder / "after.bam.bai").unlink()
    monkeypatch.setattr(bam_checks.os, "access", lambda path, mode: False)
    path = world.folder / "after.bam"
    assert (
        only(world, capsys)
        == relative(
            world,
            [
                f"{AFTER}: the BAM has no index, and its folder is not writable; run "
                f"`samtools index {path}` as its owner, or link it into a folder of yours"
            ],
        )[0]
    )


def test_unsorted_without_saying_so(world, capsys):
    """A header without sort order is believed until the index cannot be made."""
    path = world.folder / "after.bam"
    (world.folder / "after.bam.bai").unlink()
    with pysam.AlignmentFile(str(world.folder / "before.bam")) as template:
        reads = list(template)
        header = template.header.to_dict()
    del header["HD"]["SO"]
    header["RG"] = [{"ID": "g", "SM": "after"}]
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for read in reversed(reads):
            out.write(read)
    output = world.folder / "P1.json"
    line = only(world, capsys, "--patient", "P1", "--output", str(output))
    assert line.startswith("after.bam: cannot be indexed: ")
    assert not output.exists()


def test_index_older_than_the_bam_is_noted(world, capsys):
    os.utime(world.folder / "after.bam.bai", (1, 1))
    status, _, notes = world.check(capsys)
    assert status == 0
    assert any("after.bam.bai is older than its BAM" in note for note in notes)


def test_csi_index_will_do(world, capsys):
    (world.folder / "after.bam.bai").unlink()
    pysam.samtools.index("-c", str(world.folder / "after.bam"))
    status, _, notes = world.check(capsys)
    assert (status, len(notes)) == (0, 1)


def test_cram(world, capsys):
    path = world.folder / "after.cram"
    world.rows[2]["bam"] = "after.cram"
    with (
        pysam.AlignmentFile(str(world.folder / "after.bam")) as source,
        pysam.AlignmentFile(
            str(path), "wc", template=source, reference_filename=str(world.reference)
        ) as out,
    ):
        for read in source:
            out.write(read)
    pysam.samtools.index(str(path))
    assert world.check(capsys)[:2] == (0, [])
    path.write_bytes(path.read_bytes()[:-38])
    assert "truncated" in only(world, capsys)


def test_cram_of_another_reference(world, capsys):
    """A CRAM whose reads are decoded with another sequence is not a damaged file."""
    path = world.folder / "after.cram"
    world.rows[2]["bam"] = "after.cram"
    pysam.view(
        *("-C", "-T", str(world.reference), "-o", str(path), str(world.folder / "after.bam")),
        catch_stdout=False,
    )
    pysam.samtools.index(str(path))
    name, sequence = world.reference.read_text().split("\n", 1)
    changed = f"{name}\n{sequence.translate(str.maketrans('ACGT', 'CATG'))}"
    other = world.folder / "other.fa"
    other.write_text(changed)
    pysam.faidx(str(other))
    with pytest.raises(InputError, match=r"another reference than .*other\.fa: contig chr"):
        bam.read_header(path, other)
    with (
        pytest.raises(InputError, match="made with another reference"),
        naming_reference(other),
    ):
        raise InputError("is truncated or corrupt", str(path))
    with pytest.raises(InputError, match="is truncated"), naming_reference(world.reference):
        raise InputError("is truncated or corrupt", str(path))
    world.reference.write_text(changed)
    line = only(world, capsys)
    assert "the CRAM was made with another reference than genome.fa: contig chr" in line
    assert line.endswith("give the reference that the CRAM was made with")


@pytest.mark.parametrize("name", ["panel.bed", "genes.txt", "genes.gff3"])
def test_a_byte_order_mark_is_no_letter(tmp_path, name):
    """Tables that a spreadsheet saved as "UTF-8 with BOM" read as those without."""
    gff3 = (HOME / "panels/cancer138/hg19.gff3").read_text().splitlines(keepends=True)
    text, read = {
        "panel.bed": ("chr1\t10\t20\n", read_targets),
        "genes.txt": ("BRAF\nGPX4\n", read_gene_list),
        "genes.gff3": ("".join(line for line in gff3 if "GPX4" in line or "BRAF" in line
                               or "ENST00000288602" in line), load_genes),
    }[name]  # fmt: skip
    plain, marked = tmp_path / name, tmp_path / f"marked.{name}"
    plain.write_text(text)
    marked.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read(marked) == read(plain) and read(plain)


@pytest.mark.parametrize(
    ("first", "cure"),
    [("chrom\tstart\tend", "delete the line"), ("@HD\tVN:1.6", "IntervalListToBed")],
)
def test_a_bed_that_is_none(tmp_path, first, cure):
    (tmp_path / "p.bed").write_text(f"{first}\nchr1\t10\t20\n")
    with pytest.raises(InputError, match=cure):
        read_targets(tmp_path / "p.bed")


def test_chr_prefix(world, capsys):
    lengths = {"chr1": 5000, "chr2": 6000}
    row = Row("P1", "after", "tumor", world.folder / "after.bam", where="samples.tsv:4")
    header = bam.Header({"1": 5000, "2": 6000}, [], None, True)
    (error,) = bam_checks.check_contigs(row, header, "genome.fa", lengths, {"chr1", "chr2"})
    assert relative(world, [error.line()])[0] == (
        f"{AFTER}: chr-prefix mismatch: the BAM's contigs are named '1', the reference's 'chr1' "
        "(genome.fa); give a reference with the BAM's names, or rename with `samtools reheader`"
    )


def test_another_build_is_named(world):
    """By chromosome lengths, whatever the names; the prefix is not the trouble then."""
    row = Row("P1", "after", "tumor", world.folder / "after.bam", where="samples.tsv:4")
    bare = {name.removeprefix("chr"): n for name, n in LENGTHS["hg38"].items()}
    for contigs in (LENGTHS["hg38"], bare):
        header = bam.Header(contigs, [], None, True)
        (error,) = bam_checks.check_contigs(row, header, "hg19.fa", LENGTHS["hg19"], {"chr7"})
        assert relative(world, [error.line()])[0] == (
            f"{AFTER}: aligned to hg38 (GRCh38), reference is hg19 (GRCh37) (hg19.fa); give the "
            "hg38 reference and panel, or align the reads again"
        )


def test_reference_shorter_than_the_header_says(world, capsys):
    write_bam(world.folder / "after.bam", (("chrT", LENGTH + 1),), groups=(("g", "after"),))
    assert only(world, capsys) == (
        f"{AFTER}: contig chrT has 20001 bases in the BAM (an unknown build) and 20000 in the "
        "reference (an unknown build, genome.fa); give the reference that the reads were aligned "
        "to"
    )


def test_contig_absent_from_the_bam(world, capsys):
    write_bam(world.folder / "after.bam", (("chrU", LENGTH),), groups=(("g", "after"),))
    assert only(world, capsys) == (
        f"{AFTER}: contig chrT of the targets is not in the BAM's header; give the reference that "
        "the reads were aligned to, not genome.fa"
    )


def test_contigs_without_targets_may_differ(world, capsys):
    write_bam(
        world.folder / "after.bam", (("chrT", LENGTH), ("decoy", 9)), groups=(("g", "after"),)
    )
    assert world.check(capsys)[0] == 0


def test_reference_missing(world, capsys):
    world.reference.unlink()
    assert only(world, capsys) == "genome.fa: no such reference; correct key 'reference'"


def test_reference_index_is_made(world, capsys):
    fai = world.folder / "genome.fa.fai"
    before = fai.read_text()
    fai.unlink()
    status, _, notes = world.check(capsys)
    assert status == 0
    assert "genome.fa: indexed (genome.fa.fai made)" in relative(world, notes)
    assert fai.read_text() == before


def test_reference_index_cannot_be_made(world, capsys, monkeypatch):
    (world.folder / "genome.fa.fai").unlink()

    def refuse(*_):
        raise pysam.SamtoolsError("no")

    monkeypatch.setattr(pysam.samtools, "faidx", refuse)
    assert only(world, capsys) == (
        "genome.fa: the reference has no .fai index, and it cannot be made here; run `samtools "
        "faidx genome.fa` as its owner, or link it into a folder of yours"
    )


def test_reference_index_older_is_noted(world, capsys):
    os.utime(world.folder / "genome.fa.fai", (1, 1))
    _, _, notes = world.check(capsys)
    assert any("genome.fa.fai is older than the reference" in note for note in notes)


@pytest.mark.parametrize("packed", [False, True])
def test_reference_truncated(world, capsys, packed):
    path = world.reference
    if packed:
        pysam.tabix_compress(str(path), f"{path}.gz")
        path.with_name("genome.fa.gz").replace(path)
        pysam.samtools.faidx(str(path))
    assert world.check(capsys)[0] == 0
    times = path.stat()
    path.write_bytes(path.read_bytes()[:-3000])
    os.utime(path, (times.st_atime, times.st_mtime))
    assert only(world, capsys) == (
        "genome.fa: the reference is shorter than its index states (chrT is truncated); "
        "copy it again, or run `samtools faidx genome.fa` if it is whole"
    )


def test_reference_gzipped(world, capsys):
    import gzip

    world.reference.write_bytes(gzip.compress(world.reference.read_bytes()))
    assert only(world, capsys) == (
        "genome.fa: the reference is compressed with gzip, which cannot be read by position; "
        "decompress it, or compress it with bgzip"
    )


def test_reference_not_fasta(world, capsys):
    world.reference.write_text("chrT\n")
    assert only(world, capsys) == "genome.fa: the reference is not FASTA; give the genome's FASTA"


def test_reference_of_another_build(world, capsys):
    """chr21 at hg38's length, all N: the whole check, from bytes on disk."""
    length = LENGTHS["hg38"]["chr21"]
    with pysam.BGZFile(str(world.reference), "w") as out:
        out.write(b">chr21\n")
        line = b"N" * 1_000_000 + b"\n"
        for _ in range(length // 1_000_000):
            out.write(line)
        out.write(b"N" * (length % 1_000_000) + b"\n")
    pysam.samtools.faidx(str(world.reference))
    text = "chr21\t1000\t1300\tGENE|T1|exon1\n"
    world.targets.write_text(text)
    world.genes.write_text(world.genes.read_text().replace("chrT", "chr21"))
    for row in world.rows:
        write_bam(
            world.folder / row["bam"],
            (("chr21", LENGTHS["hg19"]["chr21"]),),
            groups=(("g", row["sample"]),),
        )
    status, errors, _ = world.check(capsys)
    errors = relative(world, errors)
    assert status == 2
    assert errors[0] == (
        "genome.fa: the reference is hg38 (GRCh38), the configuration says hg19 (GRCh37); set "
        "'build: hg38' with the panel's hg38 files, or give the hg19 reference"
    )
    assert len(errors) == 4
    assert all("aligned to hg19 (GRCh37), reference is hg38 (GRCh38)" in e for e in errors[1:])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "targets.bed: the file contains no targets; give the panel's BED"),
        ("chrT 1000 1300\n", "targets.bed:1: fewer than 3 columns; BED columns are tab-separated"),
        ("chrT\tx\t1300\n", "targets.bed:1: start and end must be whole numbers"),
        (
            "chrT\t1300\t1300\n",
            "targets.bed:1: start 1300 is not below end 1300; BED is 0-based",
        ),
        (
            "chrT\t1000\t1300\nchrU\t1\t2\nchrV\t1\t2\n",
            "targets.bed: 2 targets are on contigs that are not in the reference (chrU, chrV); "
            "give the panel for genome.fa",
        ),
        (
            "chrT\t1000\t1300\nchrT\t19900\t20001\n",
            "targets.bed: 1 targets are beyond the end of their contig, first chrT:19900-20001 "
            "(20000 bases); give the panel for genome.fa: this one is of another build",
        ),
        (
            "chrT\t15000\t15300\n",
            "targets.bed: no target is in or near a gene of genes.gff3; give BED and GFF3 of "
            "the same panel and build",
        ),
        (
            "chrT\t15000\t15300\tGENE|T1|exon1\n",
            "targets.bed: 1 of 1 targets are not at the gene of their name in genes.gff3, "
            "first GENE|T1|exon1; give BED and GFF3 of the same build",
        ),
    ],
)
def test_targets(world, capsys, text, expected):
    world.targets.write_text(text)
    assert only(world, capsys) == expected


def test_targets_that_overlap_are_noted(world, capsys):
    world.targets.write_text("chrT\t1000\t1300\nchrT\t1200\t1400\n")
    status, _, notes = world.check(capsys)
    assert status == 0
    assert (
        "targets.bed: 1 targets overlap the one before (first chrT:1200-1400) and are merged"
        in relative(world, notes)
    )


def test_targets_missing(world, capsys):
    world.targets.unlink()
    line = only(world, capsys)
    assert line.startswith("command line (key 'targets'): no such file: ")
    assert line.endswith("targets.bed; give the panel's BED")


def test_all_faults_at_once(world, capsys):
    write_bam(world.folder / "after.bam", groups=(("g", "x"),))
    (world.folder / "skin.bam").unlink()
    world.targets.write_text("")
    world.rows[2]["drugs"] = "vemurafenib+trametinib"
    status, errors, _ = world.check(capsys)
    assert (status, len(errors)) == (2, 4)


def test_a_thousand_headers_are_read_in_seconds(world):
    """Headers of a real genome's size, so that a dry run of many patients stays short."""
    import time

    contigs = [*LENGTHS["hg38"].items(), *((f"chrUn_{n}", 10_000) for n in range(3_000))]
    path = write_bam(world.folder / "big.bam", contigs, groups=(("g", "big"),))
    row = Row("P1", "big", "tumor", path, where="samples.tsv:2")
    start = time.process_time()
    for _ in range(20):
        errors, _ = check.check_bam(row, world.reference, {}, set())
        assert errors == []
    assert (time.process_time() - start) / 20 < 0.02


def test_the_command_prints_no_traceback(world):
    world.write_sheet()
    (world.folder / "after.bam").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "resistpanel.cli", *world.arguments()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("resistpanel: error: ")] == lines[-1:]
    assert "no such BAM" in lines[-1]
