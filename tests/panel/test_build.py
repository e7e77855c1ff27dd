"""`panel build`: transcripts chosen, GTF and GFF3 agree, real exons come out as the facts say."""

import csv
import gzip

import pytest

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.intervals import Target, read_targets
from resistpanel.panel.aliases import NAMES, plain, todays
from resistpanel.panel.build import build_panel
from resistpanel.panel.genes import Gene, load_genes

REAL = HOME.parent / "shared" / "real" / "hg38_windows" / "exons.tsv"

#: gene, transcript, tags, CDS without stop codon, stop codon; 1-based inclusive, strand -.
MODELS = [
    ("AAA", "ENST1.3", ["CCDS"], [(101, 160), (201, 229)], (98, 100)),
    ("AAA", "ENST2.1", ["MANE_Select"], [(101, 130), (201, 230)], (98, 100)),
    ("AAA", "ENST3.1", ["cds_start_NF"], [(101, 160), (201, 260)], (98, 100)),
    ("BBB", "ENST4.7", ["basic"], [(1101, 1130)], (1098, 1100)),
    ("BBB", "ENST5.2", ["basic"], [(1101, 1133)], (1098, 1100)),
]


def gtf(models=MODELS, header="#!genome-build GRCh38.p14\n", chrom="9"):
    lines = []
    for gene, transcript, tags, cds, stop in models:
        tail = f'gene_id "G{gene}"; transcript_id "{transcript}"; gene_name "{gene}"; '
        tail += "".join(f'tag "{tag}"; ' for tag in tags)
        before = 0
        for start, end in reversed(cds):
            lines.append(
                f"{chrom}\tensembl\tCDS\t{start}\t{end}\t.\t-\t{-before % 3}\t{tail}exon_number 1;"
            )
            before += end - start + 1
        lines.append(f"{chrom}\tensembl\tstop_codon\t{stop[0]}\t{stop[1]}\t.\t-\t0\t{tail}")
    return header + "\n".join(lines) + "\n"


def gff3(models=MODELS):
    lines = ["##gff-version 3", "#description: genome (GRCh38), version 44"]
    for gene in dict.fromkeys(m[0] for m in models):
        lines.append(f"chr9\th\tgene\t1\t2000\t.\t-\t.\tID=G{gene};gene_name={gene}")
        for _, transcript, tags, cds, stop in (m for m in models if m[0] == gene):
            lines.append(
                f"chr9\th\ttranscript\t1\t2000\t.\t-\t.\tID={transcript};Parent=G{gene};"
                f"transcript_id={transcript};tag={','.join(tags)}"
            )
            before = 0
            for start, end in reversed([(stop[0], cds[0][1]), *cds[1:]]):
                lines.append(
                    f"chr9\th\tCDS\t{start}\t{end}\t.\t-\t{-before % 3}\t"
                    f"ID=CDS:{transcript};Parent={transcript}"
                )
                before += end - start + 1
    return "\n".join(lines) + "\n"


def run(tmp_path, genes, text, **options):
    (tmp_path / "list.txt").write_text(genes)
    annotation = tmp_path / "annotation.gz"
    annotation.write_bytes(gzip.compress(text.encode()))
    return build_panel(tmp_path / "list.txt", annotation, tmp_path / "panel", **options)


@pytest.mark.parametrize("text", [gtf(), gff3()], ids=["gtf", "gff3"])
def test_canonical_transcripts(tmp_path, text):
    chosen = run(tmp_path, "# my genes\nBBB\nAAA\n", text)
    assert [one.gene for one in chosen] == [
        Gene("BBB", "ENST5", "chr9", "-", [(1097, 1133)], version="2"),  # the longest
        # MANE before longer ones
        Gene("AAA", "ENST2", "chr9", "-", [(97, 130), (200, 230)], version="1"),
    ]
    assert [one.rule for one in chosen] == ["the longest coding sequence", "MANE Select"]
    out = tmp_path / "panel"
    assert load_genes(out / "hg38.gff3") == {one.gene.symbol: one.gene for one in chosen}
    assert (out / "hg38.bed").read_text() == (
        "chr9\t97\t130\tAAA|ENST2|exon2\t.\t-\n"
        "chr9\t200\t230\tAAA|ENST2|exon1\t.\t-\n"
        "chr9\t1097\t1133\tBBB|ENST5|exon1\t.\t-\n"
    )
    assert (out / "genes.tsv").read_text() == (
        "gene\ttranscript\tresidues\trefseq\trule\n"
        "BBB\tENST5.2\t11\t.\tthe longest coding sequence\nAAA\tENST2.1\t20\t.\tMANE Select\n"
    )


@pytest.mark.parametrize("name", ["ENST1", "ENST1.3"])
def test_a_transcript_in_the_list_overrides(tmp_path, name):
    (one,) = run(tmp_path, f"gene\ttranscript\nAAA\t{name}\n", gtf())
    assert (one.gene.transcript, one.rule, one.notes) == ("ENST1", "as listed", ())


def test_incomplete_coding_sequence_is_the_last_choice(tmp_path):
    (one,) = run(tmp_path, "AAA\n", gtf([MODELS[0], MODELS[2]]))
    assert one.gene.transcript == "ENST1"


def test_a_transcript_that_decays_comes_after_a_shorter_coding_one(tmp_path):
    """The longer of two without a tag is of GENCODE's type nonsense_mediated_decay."""
    models = [m for m in MODELS if m[0] == "BBB"]
    for text, key in ((gtf(models), 'transcript_id "ENST5.2";'), (gff3(models), "ID=ENST5.2;")):
        kind = ' transcript_type "nonsense_mediated_decay";'
        if "=" in key:
            kind = "transcript_type=nonsense_mediated_decay;"
        (one,) = run(tmp_path, "BBB\n", text.replace(key, key + kind))
        assert one.gene.transcript == "ENST4"


def test_lines_in_any_order_give_the_same_panel(tmp_path):
    """Sorted for tabix, a CDS may come before its transcript, a transcript before its gene."""
    text = gff3()
    head, body = text.splitlines()[:2], text.splitlines()[2:]
    expected = run(tmp_path, "BBB\nAAA\n", text)
    by_place = sorted(body, key=lambda x: (int(x.split("\t")[3]), x.split("\t")[2]))
    for lines in (by_place, body[::-1]):
        assert run(tmp_path, "BBB\nAAA\n", "\n".join(head + lines) + "\n") == expected


def test_a_truncated_annotation_is_one_line(tmp_path):
    (tmp_path / "list.txt").write_text("AAA\n")
    packed = gzip.compress(gtf().encode())
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match="not a whole gzip file"):
        build_panel(tmp_path / "list.txt", tmp_path / "a.gz", tmp_path / "panel")


@pytest.mark.parametrize(
    ("listed", "annotated", "symbol", "notes"),
    [
        ("HER2", "ERBB2", "ERBB2", ("HER2 is ERBB2",)),
        ("her2", "ERBB2", "ERBB2", ("her2 is ERBB2",)),
        ("erbb2", "ERBB2", "ERBB2", ("erbb2 is ERBB2",)),
        ("MLL2", "KMT2D", "KMT2D", ("MLL2 is KMT2D",)),
        ("KMT2D", "MLL2", "KMT2D", ("MLL2 in the annotation",)),
        ("PD-L1", "CD274", "CD274", ("PD-L1 is CD274",)),
        ("c-Met", "MET", "MET", ("c-Met is MET",)),
        ("FAM123B", "WTX", "AMER1", ("FAM123B is AMER1", "WTX in the annotation")),
        ("C11orf30", "EMSY", "EMSY", ("C11orf30 is EMSY",)),
        ("C1orf112", "C1ORF112", "C1ORF112", ("C1orf112 is C1ORF112",)),
    ],
)
def test_names_of_hgnc_are_resolved(tmp_path, listed, annotated, symbol, notes):
    models = [(annotated, *MODELS[0][1:]), ("HERC2", *MODELS[3][1:])]
    (one,) = run(tmp_path, f"{listed}\n", gtf_with_genes(models))
    assert (one.gene.symbol, one.notes) == (symbol, notes)


def gtf_with_genes(models):
    """Return a GTF that has gene lines too."""
    lines = [f'9\te\tgene\t1\t2000\t.\t-\t.\tgene_id "G"; gene_name "{m[0]}";' for m in models]
    return gtf(models).rstrip("\n") + "\n" + "\n".join(lines) + "\n"


def test_one_gene_by_two_names(tmp_path):
    models = [("ERBB2", *MODELS[0][1:])]
    with pytest.raises(InputError, match=r"list.txt:2: gene ERBB2 is listed twice \(as HER2"):
        run(tmp_path, "HER2\nERBB2\n", gtf_with_genes(models))


def test_no_alias_is_ambiguous():
    names = [plain(name) for symbol, others in NAMES.items() for name in (symbol, *others)]
    assert len(names) == len(set(names))
    assert all(todays(name) == symbol for symbol, names in NAMES.items() for name in names)


def test_codes_versions_and_refseq_are_read(tmp_path):
    """The mitochondrion has its code; selenocysteine is a line of GTF and of GFF3."""
    text = gtf([("MT-ND5", *MODELS[3][1:])], chrom="MT")
    (one,) = run(tmp_path, "MT-ND5\n", text)
    assert (one.gene.chrom, one.gene.code) == ("chrM", 2)
    for text, line in (
        (gtf(MODELS[3:4]), 'gene_name "BBB"; transcript_id "ENST4.7"; db_xref "RefSeq:NM_2.1";'),
        (gff3(MODELS[3:4]), "Parent=ENST4.7"),
    ):
        kind = "Selenocysteine" if "gene_name" in line else "stop_codon_redefined_as_selenocysteine"
        text = text.replace("transcript_id=ENST4.7;", "transcript_id=ENST4.7;Dbxref=RefSeq:NM_2.1;")
        text = text.replace('transcript_id "ENST4.7";', line.split("gene_name")[0] + line)
        added = f"{'9' if 'gene_name' in line else 'chr9'}\th\t{kind}\t1110\t1112\t.\t-\t.\t{line}"
        (one,) = run(tmp_path, "BBB\n", f"{text}{added}\n", build="b")
        assert one.gene.selenocysteines == (1109,)
        assert (one.gene.versioned, one.gene.refseq) == ("ENST4.7", "NM_2.1")
        assert load_genes(tmp_path / "panel" / "b.gff3")["BBB"] == one.gene


def test_extra_targets_and_named_build(tmp_path):
    promoter = Target("chr9", 300, 420, "AAA|ENST2|promoter", "-")
    run(tmp_path, "AAA\n", gtf(header=""), build="mine", extra=[promoter])
    assert read_targets(tmp_path / "panel" / "mine.bed")[-1] == promoter


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        ("AAA\nAAB\n", r"list.txt:2: no gene AAB in .*did you mean AAA\?"),
        ("AAA ENST9\n", "list.txt:1: AAA has no coding transcript ENST9; it has ENST2"),
        ("AAA\nAAA\n", "list.txt:2: gene AAA is listed twice"),
        ("# none\n", "contains no genes"),
    ],
)
def test_gene_list_errors(tmp_path, genes, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path, genes, gff3())
    assert not (tmp_path / "panel").exists()


def test_build_must_be_known(tmp_path):
    with pytest.raises(InputError, match="give --build"):
        run(tmp_path, "AAA\n", gtf(header=""))


def test_command(tmp_path, capsys):
    (tmp_path / "list.txt").write_text("BBB\n")
    (tmp_path / "a.gtf").write_text(gtf())
    words = ["panel", "build", "--genes", f"{tmp_path}/list.txt", "--gtf", f"{tmp_path}/a.gtf"]
    assert main([*words, "--output", f"{tmp_path}/out"]) == 0
    assert capsys.readouterr().err == (
        "BBB: ENST5.2, 11 residues, the longest coding sequence\n1 gene, 1 coding exon, 36 bases\n"
    )
    assert main([*words, "--output", f"{tmp_path}/out", "--extra", f"{tmp_path}/absent"]) == 2


@pytest.mark.skipif(not REAL.is_file(), reason="the real hg38 exons are not on this machine")
def test_real_transcripts_come_out_as_the_shipped_panel_has_them(tmp_path):
    """Ensembl's exons of ten genes, written as GTF, give the shipped hg38 coding exons."""
    contigs = {"ARID1A": 1, "MTOR": 1, "VHL": 3, "KIT": 4, "TET2": 4, "TERT": 5, "PIK3R1": 5}
    contigs |= {"EGFR": 7, "BRCA1": 17, "BRCA2": 13}
    lines = []
    with REAL.open() as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["gene"] not in contigs or not row["coding_start"].isdigit():
                continue
            start = max(int(row["exon_start"]), int(row["coding_start"]))
            end = min(int(row["exon_end"]), int(row["coding_end"]))
            if start > end:
                continue
            tag = 'tag "Ensembl_canonical";' if row["canonical"] == "1" else ""
            phase = -int(row["phase"]) % 3 if row["phase"] != "-1" else 0
            strand = "+" if row["strand"] == "1" else "-"
            lines.append(
                f"{contigs[row['gene']]}\te\tCDS\t{start}\t{end}\t.\t{strand}\t{phase}\t"
                f'gene_name "{row["gene"]}"; transcript_id "{row["transcript"]}"; {tag}'
            )
    text = "#!genome-build GRCh38\n" + "\n".join(lines) + "\n"
    chosen = run(tmp_path, "\n".join(contigs) + "\n", text)
    shipped = load_genes(HOME / "panels" / "cancer138" / "hg38.gff3")
    assert {one.gene.symbol: one.gene.cds for one in chosen} == {s: shipped[s].cds for s in contigs}
