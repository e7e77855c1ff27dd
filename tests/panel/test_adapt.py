"""Contig names follow the reference; another build is refused and named."""

from dataclasses import replace

import pytest

from resistpanel.cli import main
from resistpanel.core.builds import LENGTHS
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.intervals import Target, read_targets
from resistpanel.panel.adapt import adapt_panel, name_targets
from resistpanel.panel.genes import Gene, load_genes

PANEL = HOME / "panels" / "cancer138"


def reference(tmp_path, lengths, name="ref.fa"):
    path = tmp_path / name
    path.write_text("")  # the index alone is read
    (tmp_path / f"{name}.fai").write_text(
        "".join(f"{contig}\t{length}\t0\t60\t61\n" for contig, length in lengths.items())
    )
    return path


def adapt(tmp_path, lengths, bed=PANEL / "hg19.bed", gff3=PANEL / "hg19.gff3"):
    out = tmp_path / "out.bed", tmp_path / "out.gff3"
    return adapt_panel(reference(tmp_path, lengths), bed, gff3, *out), *out


def bare(build):
    return {name.removeprefix("chr"): n for name, n in LENGTHS[build].items()} | {"MT": 16569}


@pytest.mark.parametrize("build", ["hg19", "hg38"])
def test_contigs_without_chr(tmp_path, build):
    done, bed, gff3 = adapt(tmp_path, bare(build), PANEL / f"{build}.bed", PANEL / f"{build}.gff3")
    assert done.remarks == []
    before, after = read_targets(PANEL / f"{build}.bed"), read_targets(bed)
    assert [t.chrom for t in after] == [t.chrom.removeprefix("chr") for t in before]
    assert [(t.start, t.end, t.name) for t in after] == [(t.start, t.end, t.name) for t in before]
    genes = load_genes(gff3)
    assert genes["BRAF"].chrom == "7"
    assert genes["BRAF"].cds == load_genes(PANEL / f"{build}.gff3")["BRAF"].cds
    assert f"##sequence-region 7 1 {LENGTHS[build]['chr7']}" in gff3.read_text()


def test_same_names_leave_the_files_as_they_are(tmp_path):
    _, bed, gff3 = adapt(tmp_path, LENGTHS["hg19"])
    assert bed.read_bytes() == (PANEL / "hg19.bed").read_bytes()
    assert gff3.read_bytes() == (PANEL / "hg19.gff3").read_bytes()


@pytest.mark.parametrize("other", ["hg38", "hg18"])
def test_another_build_is_named(tmp_path, other):
    with pytest.raises(InputError, match=f"made for hg19, but the reference .* is {other}"):
        adapt(tmp_path, LENGTHS[other])
    assert not (tmp_path / "out.bed").exists()
    assert not (tmp_path / "out.gff3").exists()


def test_bed_of_another_build_than_the_gff3(tmp_path):
    with pytest.raises(InputError, match=r"of 2160 targets are not at.*same build"):
        adapt(tmp_path, LENGTHS["hg19"], bed=PANEL / "hg38.bed")
    assert not (tmp_path / "out.bed").exists()


def test_target_on_an_absent_contig(tmp_path):
    lengths = {k: v for k, v in LENGTHS["hg19"].items() if k != "chrX"}
    with pytest.raises(InputError, match=r"contig chrX is absent from the reference .*\(hg19\)"):
        adapt(tmp_path, lengths)


def test_gene_on_an_absent_contig_without_target_is_left_out(tmp_path):
    some = tmp_path / "some.bed"
    lines = (PANEL / "hg19.bed").read_text().splitlines(keepends=True)
    some.write_text("".join(line for line in lines if not line.startswith("chrX")))
    lengths = {k: v for k, v in LENGTHS["hg19"].items() if k != "chrX"}
    done, _, gff3 = adapt(tmp_path, lengths, bed=some)
    assert len(done.remarks) == 1
    assert "genes on chrX left out" in done.remarks[0]
    assert "AR" not in load_genes(gff3)
    assert len(load_genes(gff3)) == 138 - 3  # AR, ARAF, KDM6A


def test_beyond_the_end_of_a_contig_of_no_known_build(tmp_path):
    lengths = dict.fromkeys(LENGTHS["hg19"], 1_000_000_000) | {"chr7": 140_000_000}
    with pytest.raises(InputError, match=r"is beyond the end of chr7 \(140000000 bases\)"):
        adapt(tmp_path, lengths)


def test_overlapping_targets_are_joined(tmp_path):
    twice = tmp_path / "twice.bed"
    twice.write_text(
        "chr7\t140453074\t140453193\tBRAF|a|exon15\t.\t-\n"
        "chr7\t140453100\t140453250\tBRAF|b|exon15\t.\t-\n"
    )
    done, bed, _ = adapt(tmp_path, LENGTHS["hg19"], bed=twice)
    assert bed.read_text() == "chr7\t140453074\t140453250\tBRAF|a|exon15\t.\t-\n"
    assert done.remarks == [f"{twice}: 1 overlapping targets joined to others"]


def test_command_exits_2_with_one_line(tmp_path, capsys):
    ref = reference(tmp_path, LENGTHS["hg38"])
    words = ["panel", "adapt", "--reference", str(ref), "--bed", str(PANEL / "hg19.bed")]
    words += ["--gff3", str(PANEL / "hg19.gff3"), "--output-bed", str(tmp_path / "b")]
    assert main([*words, "--output-gff3", str(tmp_path / "g")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "made for hg19, but the reference" in err


def test_reference_without_index(tmp_path):
    (tmp_path / "ref.fa").write_text(">q\nA\n")
    with pytest.raises(InputError, match="samtools faidx"):
        adapt_panel(
            tmp_path / "ref.fa",
            PANEL / "hg19.bed",
            PANEL / "hg19.gff3",
            tmp_path / "b",
            tmp_path / "g",
        )


def test_targets_of_other_names_are_named_for_their_gene(tmp_path):
    """A laboratory's BED without gene names: copy number is told by gene nonetheless."""
    pten = load_genes(PANEL / "hg19.gff3")["PTEN"]
    (start, end), (later, _) = pten.cds[0], pten.cds[1]
    rows = [
        (start - 20, end + 20, "."),
        (end + 100, end + 200, "snp7"),
        (later - 10, later + 50, "PTEN|mine"),
        (1000, 1100, "backbone"),
    ]
    bed = tmp_path / "own.bed"
    bed.write_text("".join(f"chr10\t{a}\t{b}\t{name}\t.\t+\n" for a, b, name in rows))
    done, written, _ = adapt(tmp_path, LENGTHS["hg19"], bed=bed)
    assert [(target.name, target.gene) for target in done.targets] == [
        ("backbone", "backbone"),
        (f"PTEN|chr10:{start - 19}-{end + 20}", "PTEN"),
        ("PTEN|snp7", "PTEN"),
        ("PTEN|mine", "PTEN"),
    ]
    assert [remark for remark in done.remarks if "2 targets named" in remark]
    assert [target.name for target in read_targets(written)] == [
        target.name for target in done.targets
    ]


def test_a_target_in_two_genes_goes_to_the_one_whose_coding_bases_it_holds():
    inner = Gene("INNER", "T2", "chr1", "+", [(500, 530)])
    outer = Gene("OUTER", "T1", "chr1", "+", [(100, 200), (900, 1000)])
    genes = {gene.symbol: gene for gene in (outer, inner)}
    targets = [
        Target("chr1", 490, 540, "a"),
        Target("chr1", 150, 250, "b"),
        Target("chr1", 600, 650, "c"),
        Target("chr2", 100, 200, "d"),
    ]
    named, number = name_targets(targets, genes)
    assert [target.gene for target in named] == ["INNER", "OUTER", "OUTER", "d"]
    assert number == 3


@pytest.mark.parametrize("build", ["hg19", "hg38"])
def test_the_shipped_targets_find_their_genes_without_names(build):
    """All coding targets; the promoter of TERT lies outside every gene."""
    targets = read_targets(PANEL / f"{build}.bed")
    genes = load_genes(PANEL / f"{build}.gff3")
    bare = [replace(target, name=".") for target in targets]
    named, _ = name_targets(bare, genes)
    wrong = [
        (target.name, found.name)
        for target, found in zip(targets, named, strict=True)
        if target.gene != found.gene
    ]
    assert [name for name, _ in wrong if "promoter" not in name] == []
    assert len(wrong) <= 1
