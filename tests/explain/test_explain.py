"""Why a variant was called, its state and its rank: from the files of a results folder."""

import importlib.util
import json
import shutil
from pathlib import Path

import msgspec
import pysam
import pytest
from scipy.stats import betabinom

from resistpanel.cli import main
from resistpanel.core.errors import InputError
from resistpanel.report.explain_command import explained, panel_genes
from resistpanel.report.explain_facts import decisions, read_results
from resistpanel.report.explain_query import parse, short_protein
from resistpanel.report.explain_text import (
    equation,
    lines_of,
    one_in,
    percent,
    probability,
    ratio,
)
from resistpanel.report.variant_names import comparable_coding, comparable_protein, words_of

_spec = importlib.util.spec_from_file_location(
    "report_patients", Path(__file__).parents[1] / "report" / "patients.py"
)
patients = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(patients)

INFO = {"SOMATIC_PHRED": 120.0, "ODDS_GERMLINE": 30.5, "ODDS_ARTIFACT": 24.0, "ODDS_NULL": 60.0}
#: The filters of `patients.FILTERS` as the caller writes them, and what they decided on.
FILTERS = "low_evidence:somatic_phred<10,strand:strand_p<1e-05,germline:germline_odds<0"
METRICS = {"low_evidence": 120.0, "strand": 0.25, "germline": None}
FORMATS = ["AD", "ADF", "ADR", "DP", "AF", "AFCI", "LOD", "UB", "DET"]
RATE = 0.0006


def write_vcf(path: Path, compare: dict) -> None:
    """Write the annotated VCF that belongs to a comparison."""
    header = pysam.VariantHeader()
    header.add_line("##resistpanel_mode=paired")
    header.add_line("##resistpanel_prior_somatic=1e-05")
    header.add_line("##resistpanel_model_tumor_in_normal=0.02")
    header.add_line(f"##resistpanel_filters={FILTERS}")
    header.add_line('##INFO=<ID=FILTER_METRICS,Number=3,Type=Float,Description="x">')
    for sample in compare["samples"]:
        name = sample["sample"]
        header.add_sample(name)
        header.add_line(f"##resistpanel_error_rate_{name}=0.03,0.007,0.002,{RATE},0.0002")
        header.add_line(f"##resistpanel_model_contamination_{name}=0")
    for name, text in patients.FILTERS.items():
        if name != "PASS":
            header.add_line(f'##FILTER=<ID={name},Description="{text}">')
    for name in INFO:
        header.add_line(f'##INFO=<ID={name},Number=1,Type=Float,Description="x">')
    header.add_line('##INFO=<ID=HGVSC,Number=1,Type=String,Description="x">')
    for name in FORMATS:
        kind = "Integer" if name in ("AD", "ADF", "ADR", "DP") else "Float"
        header.add_line(f'##FORMAT=<ID={name},Number=.,Type={kind},Description="x">')
    for chrom in dict.fromkeys(v["chrom"] for v in compare["variants"]):
        header.add_line(f"##contig=<ID={chrom},length=300000000>")
    with pysam.VariantFile(str(path), "wz", header=header) as out:
        for v in compare["variants"]:
            record = out.new_record(
                contig=v["chrom"], start=v["pos"] - 1, alleles=(v["ref"], v["alt"])
            )
            for name in v["filters"]:
                record.filter.add(name)
            for name, value in INFO.items():
                record.info[name] = value
            strand = 1e-9 if "strand" in v["filters"] else METRICS["strand"]
            record.info["FILTER_METRICS"] = tuple((METRICS | {"strand": strand}).values())
            out.write(record)
    pysam.tabix_index(str(path), preset="vcf", force=True)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """The paper's patient as a results folder."""
    folder = tmp_path_factory.mktemp("results")
    parts = patients.paper()
    parts["copynumber"] = patients.copynumber(parts["sheet"])
    for name, part in parts.items():
        (folder / name).mkdir()
        (folder / name / "MEL-PLX.json").write_text(json.dumps(part))
    (folder / "annotate").mkdir()
    # Sorted by contig, as tabix wants it.
    write_vcf(folder / "annotate" / "MEL-PLX.vcf.gz", parts["compare"])
    return folder


def explain(results, capsys, *words) -> tuple[int, str, str]:
    status = main(["explain", "MEL-PLX", *words, "--results", str(results)])
    streams = capsys.readouterr()
    return status, streams.out, streams.err


SPELLINGS = """
    MAP2K1 C121S|MAP2K1 p.C121S|MAP2K1 p.Cys121Ser|MAP2K1 p.(Cys121Ser)|c121s|map2k1:p.Cys121Ser
    MAP2K1-C121S|MAP2K1_C121S|MAP2K1/C121S|MAP2K1 Cys121Ser|map2k1 cys121ser|MEK1 C121S|C121S
    MAP2K1 c.362G>C|MAP2K1:c.362G>C|c.362G>C|362g>c|MAP2K1 c. 362G>C|MAP2K1 c.362G→C
    ENST00000307102:c.362G>C|ENST00000307102.5:p.Cys121Ser|NM_002755.3:c.362G>C
    NM_002755.3(MAP2K1):c.362G>C (p.Cys121Ser)|NM_002755.3(MAP2K1):c.362G>C
    chr15:66729154:G:C|15:66,729,154|15:66729154|15-66729154-G-C|15_66729154_G/C|chr15:66729154 G>C
    chr15:66729154G>C|chr15:g.66729154G>C|NC_000015.9:g.66729154G>C|15 66729154 . G C
    chr15–66729154–G–C|MAP2K1 p.C121S chr15:66729154:G:C (reported)|MAP2K1 p.C121S c.362G>C
""".replace("\n", "|").split("|")
SPELLINGS = [text.strip() for text in SPELLINGS if text.strip()]


def test_ways_to_name_a_variant(results):
    assert len(set(SPELLINGS)) >= 30
    read = read_results(results, "MEL-PLX")
    for text in SPELLINGS:
        facts = explained(read, text, set())
        assert facts["variant"]["id"] == "chr15:66729154:G:C", text


@pytest.mark.parametrize(
    ("text", "gene", "call"),
    [
        ("BRAF amplification", "BRAF", "amplification"),
        ("BRAF amp", "BRAF", "amplification"),
        ("BRAF-amp", "BRAF", "amplification"),
        ("BRAF_amplification", "BRAF", "amplification"),
        ("BRAF gain (6.1 copies)", "BRAF", "amplification"),
        ("BRAF copy number", "BRAF", None),
        ("BRAF CNV", "BRAF", None),
        ("CDKN2A homdel", "CDKN2A", "deletion"),
        ("copynumber:CDKN2A:deletion", "CDKN2A", "deletion"),
    ],
)
def test_ways_to_name_a_copy_number(text, gene, call):
    query = parse(text, {"BRAF", "CDKN2A"})
    assert (query.gene, query.copies, query.call) == (gene, True, call)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("E746_A750del", "p.Glu746_Ala750del"),
        ("E746-A750del", "p.Glu746_Ala750del"),
        ("R57fs", "p.Arg57LeufsTer12"),
        ("R57Lfs*12", "p.Arg57LeufsTer12"),
        ("Q61X", "p.Gln61Ter"),
        ("T726T", "p.Thr726="),
    ],
)
def test_spellings_of_protein_changes(one, other):
    assert comparable_protein(one) == comparable_protein(other)


def test_the_id_of_a_row_is_one_word():
    for word in ("MAP2K1-C121S-PLX4720", "MAP2K1-C121-PLX4720", "BRAF-V600-anti-EGFR"):
        assert words_of(word, {"MAP2K1": "MAP2K1", "BRAF": "BRAF"}) == [word]
        assert parse(word, {"MAP2K1", "BRAF"}).site == word


def test_spellings_of_coding_changes():
    assert comparable_coding("2235_2249delGGAATTAAGAGAAGC") == comparable_coding("c.2235_2249del")
    assert comparable_coding("c.-124c>t") == "-124C>T"
    assert comparable_coding("c.362G>C") != comparable_coding("c.362G>A")


def test_a_gene_off_the_panel_is_said_to_be(results):
    read = read_results(results, "MEL-PLX")
    for text in ("TMPRSS2", "TMPRSS2 amplification", "TMPRSS2 E100K"):
        with pytest.raises(InputError, match="gene 'TMPRSS2' is off the panel: not sequenced"):
            explained(read, text, {"MAP2K1", "BRAF", "PTPRD"})


def test_genes_of_the_annotation_without_a_target_are_off_the_panel(results, tmp_path, capsys):
    """The annotation of a run has all of its genes, the BED only those that are sequenced."""
    shutil.copytree(results, tmp_path / "r")
    panel = tmp_path / "r" / "panel"
    panel.mkdir()
    row = "chr{0}\t.\t{2}\t101\t400\t.\t+\t{3}\tID={4}{0};Parent={5}{0};Name={1}\n"
    parts = [("gene", ".", "g", ""), ("mRNA", ".", "t", "g"), ("CDS", "0", "c", "t")]
    genes = ("BRAF", "BRCA1", "BRCA2")
    lines = [row.format(i, gene, *part) for i, gene in enumerate(genes, 1) for part in parts]
    (panel / "genes.gff3").write_text("##gff-version 3\n" + "".join(lines))
    (panel / "targets.bed").write_text("chr1\t100\t400\tBRAF_exon15\nchr2\t1\t90\tSNP1\n")
    covered, off = panel_genes(tmp_path / "r")
    assert (covered, off) == ({"BRAF"}, {"BRCA1", "BRCA2"})
    for words in (["BRCA2"], ["BRCA2", "E100K"], ["BRCA2", "amplification"]):
        assert main(["explain", "MEL-PLX", *words, "--results", str(tmp_path / "r")]) == 2
        assert "gene 'BRCA2' is off the panel: not sequenced, neither found nor excluded; the " \
            "panel has 1 gene\n" in capsys.readouterr().err  # fmt: skip


def test_the_nearest_residues_are_named(results):
    read = read_results(results, "MEL-PLX")
    model = next(v for v in read.compare.variants if v.gene == "BRAF" and v.protein == "V600E")
    change = model.protein_changes[0]

    def at(residue):
        moved = msgspec.structs.replace(change, residue=residue, residue_end=residue)
        return msgspec.structs.replace(
            model, id=f"chr7:{residue}:A:C", protein=f"V{residue}E", hgvs_p=f"p.Val{residue}Glu",
            protein_changes=(moved,), reported=False,
        )  # fmt: skip

    many = [at(residue) for residue in (441, 451, 464, 465, 790, 797, 858)]
    read.compare = msgspec.structs.replace(read.compare, variants=tuple(many))
    with pytest.raises(InputError, match=r"of BRAF nearest are BRAF p.V790E .*BRAF p.V797E "):
        explained(read, "BRAF T791M", set())


def test_an_absent_allele_is_not_somatic(results, tmp_path):
    facts = explained(read_results(results, "MEL-PLX"), "NRAS Q61K", set())
    facts["call"]["somatic_phred"] = 9.757e-05
    assert "  probability that it is not somatic: >0.999 (phred 0.0;" in "\n".join(lines_of(facts))


def test_copies_in_words(results):
    read = read_results(results, "MEL-PLX")
    sample = next(iter(read.copynumber.samples.values()))
    facts = explained(read, f"{sample.genes[0].gene} copies", set())
    row = next(iter(facts["samples"].values()))["gene"]
    row |= {"probability": 0.0, "loh": False, "sites": 1, "balance": 0.5, "balance_low": 0.44,
            "balance_high": 0.5}  # fmt: skip
    text = "\n".join(lines_of(facts))
    assert "(P(changed) < 0.0001); log2" in text
    assert "at 1 heterozygous site; loss of heterozygosity: no" in text


def test_copies_that_were_not_examined(results, tmp_path):
    """Tumours without a normal have purities, and no copies of genes."""
    read = read_results(results, "MEL-PLX")
    bare = {n: msgspec.structs.replace(s, genes=()) for n, s in read.copynumber.samples.items()}
    read.copynumber = msgspec.structs.replace(read.copynumber, samples=bare)
    with pytest.raises(
        InputError, match="copy number of BRAF was not examined: there is no normal"
    ):
        explained(read, "BRAF amplification", {"BRAF"})


def test_every_number_is_there(results, capsys):
    status, out, _ = explain(results, capsys, "C121S", "--json")
    facts = json.loads(out)
    assert status == 0
    compare = json.loads((results / "compare/MEL-PLX.json").read_text())
    v = next(v for v in compare["variants"] if v["protein"] == "C121S")
    normal = next(s["sample"] for s in compare["samples"] if s["role"] == "normal")
    for name, sample in facts["samples"].items():
        for key in ("ad", "dp", "af", "af_low", "af_high", "lod", "ub", "detected"):
            assert sample[key] == v["samples"][name][key]
        assert sample["error_rate"] == pytest.approx(RATE / 3)
        alt = sample["ad"][1]
        if name != normal and alt:
            depth = v["samples"][normal]["dp"]
            p = betabinom.sf(alt - 1, sample["dp"], 1, 3 / RATE + depth)
            assert sample["p_error"] == pytest.approx(p)
    assert facts["call"]["odds_null"] == pytest.approx(60.0)
    assert facts["call"]["prior_somatic"] == 1e-05
    assert {f["filter"]: f["failed"] for f in facts["filters"]} == {
        "low_evidence": False,
        "strand": False,
        "germline": False,
    }
    assert {f["filter"]: f["verdict"] for f in facts["filters"]} == {
        "low_evidence": "passed",
        "strand": "passed",
        "germline": "not measured",
    }
    strand = next(f for f in facts["filters"] if f["filter"] == "strand")
    told = [strand[key] for key in ("metric", "value", "fails", "threshold")]
    assert told == ["strand_p", 0.25, "<", 1e-5]
    assert facts["finding"]["rank"] == 1
    assert facts["key"] is True
    assert facts["variant"]["states"] == v["states"]


def test_the_text_tells_them(results, capsys):
    _, out, _ = explain(results, capsys, "C121S")
    for words in (
        "more than 1,000,000 : 1 against sequencing error",
        "not somatic: below 1 in 1,000,000 (phred 120.0; called from 10 on)",
        "filters passed: low_evidence, strand\n",
        "    low_evidence       passed        somatic_phred 120 (fails below 10)\n",
        "    strand             passed        strand_p 0.25 (fails below 1e-05)\n",
        "    not measured: germline\n",
        "95 % upper bound",
        "would have been called with 95 % probability",
        "acquired",
        "rank 1 of 13: known; a key alteration of the verdict",
        "PMID 21383288",
        "tumour in the normal: 2.0 %",
    ):
        assert words in out, words
    titles = ["What each sample shows", "State between time points", "Why it was called, or not"]
    assert [line for line in out.splitlines() if line in titles] == titles
    assert "germline_odds none" not in out


def test_a_site_that_was_not_called_shows_its_limits(results, capsys):
    status, out, _ = explain(results, capsys, "NRAS", "Q61K")
    assert status == 0
    assert "looked for and not detected in any tumour" in out
    assert out.count("AF at most") == 3


def test_a_near_miss_names_its_filter(results, capsys):
    _, out, _ = explain(results, capsys, "PIK3CA", "E545K")
    assert "not reported: Alternative reads lie on one strand" in out
    assert "filter failed: strand" in out
    assert "    strand             failed        strand_p 1e-09 (fails below 1e-05)\n" in out
    assert "near miss: rows on the drugs given match it (PIK3CA-E545K-vemurafenib), but it" in out
    assert "no catalogue row" not in out


@pytest.mark.parametrize(
    ("filters", "values", "verdicts"),
    [
        ([], (50.0, 7.0), ["passed", "passed"]),
        (["PASS"], (50.0, None), ["passed", "not measured"]),
        (["b"], (50.0, 12.0), ["passed", "failed"]),
        (["absent"], (0.0, 12.0), ["not judged", "not judged"]),
        (["germline"], (50.0, None), ["not judged", "not measured"]),
        # a driver without a normal: it passes although it is beyond a threshold
        (["PASS"], (0.3, 7.0), ["exempt", "passed"]),
        # a VCF that does not tell
        (["b"], (), ["passed", "failed"]),
    ],
)
def test_decisions(filters, values, verdicts):
    meanings = {"PASS": "", "absent": "", "a": "first", "b": "second"}
    made = decisions(filters, meanings, "a:x<10,b:y>8", values)
    assert [d["verdict"] for d in made] == verdicts
    assert [d["metric"] for d in made] == (["x", "y"] if values else [None, None])
    assert [d["failed"] for d in made] == [v == "failed" for v in verdicts]


def test_copy_number(results, capsys):
    copies = json.loads((results / "copynumber/MEL-PLX.json").read_text())
    tumor, sample = next(iter(copies["samples"].items()))
    row = sample["genes"][0]
    status, out, _ = explain(results, capsys, row["gene"], "amplification", "--json")
    facts = json.loads(out)
    assert status == 0
    assert facts["samples"][tumor]["gene"] == row | {"partial": None}
    status, out, _ = explain(results, capsys, row["gene"], "copies")
    assert f"copies of {row['gene']}" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["BRAF", "V600K"],
            "no variant fits 'BRAF V600K': neither called nor a forced site, so no limit of it was "
            "calculated; of BRAF nearest are BRAF p.V600E",
        ),
        (["BRAF", "V600K"], "for its limit give it to `resistpanel call --sites`"),
        (["BRAF", "exon15del"], "'exon15del' is no protein or coding change; give it as E746_"),
        (["PTPRD"], "2 variants fit 'PTPRD'; name one of them:"),
        (["MAP2K11"], "no variant fits 'MAP2K11'; did you mean MAP2K1?"),
        (["rs113488022"], "the results contain no rs numbers"),
        (["amplification"], "which gene does 'amplification' mean?"),
        (["chr1:5:A:T"], "no variant fits 'chr1:5:A:T'; reported are "),
    ],
)
def test_nothing_or_more_than_one_fits(results, capsys, words, message):
    status, out, err = explain(results, capsys, *words)
    assert (status, out) == (2, "")
    assert message in err


def test_unknown_patient(results, capsys):
    assert main(["explain", "P9", "BRAF", "--results", str(results)]) == 2
    assert "no results of patient 'P9'; patients there: MEL-PLX" in capsys.readouterr().err


def test_damaged_results(results, tmp_path, capsys):
    shutil.copytree(results, tmp_path / "r")
    (tmp_path / "r/compare/MEL-PLX.json").write_text('{"schema": "resistpanel/compare/1"}')
    assert main(["explain", "MEL-PLX", "V600E", "--results", str(tmp_path / "r")]) == 2
    assert "compare/MEL-PLX.json ($): does not agree with" in capsys.readouterr().err
    assert main(["explain", "x" * 5000, "V600E", "--results", str(tmp_path / "r")]) == 2


def test_results_are_found_by_the_configuration(results, tmp_path, monkeypatch, capsys):
    (tmp_path / "config.yaml").write_text(f"samples: s.tsv\noutdir: {results}\n")
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "MEL-PLX", "V600E"]) == 0
    assert "BRAF p.V600E" in capsys.readouterr().out


def test_words_of_a_query():
    genes = {"MAP2K1", "KRAS", "MET"}
    assert short_protein("p.(Cys121Ter)") == "C121*"
    query = parse("KRAS:p.Gly12Asp", genes)
    assert (query.gene, query.protein, query.copies) == ("KRAS", "G12D", False)
    # A gene's symbol that looks like a residue is the gene.
    assert parse("MET", genes).gene == "MET"
    assert parse("MET amp", genes).call == "amplification"
    assert parse("chrX:1,000:A:-", genes).locus == ("chrX", 1000, "A", "-")
    assert parse("copynumber:MET:deletion", genes).call == "deletion"


def test_odds_and_small_probabilities_in_words():
    assert [ratio(x) for x in (-4.218, -0.5, 0.0, 2.4, 3.0, 60.0, -60.0)] == [
        "1 : 16,500", "1 : 3.16", "1 : 1", "251 : 1", "1,000 : 1", "more than 1,000,000 : 1",
        "1 : more than 1,000,000",
    ]  # fmt: skip
    assert [one_in(x) for x in (0.0, 3.0, 10.0, 37.0, 60.0, 173.0)] == [
        ">0.999", "0.501", "1 in 10", "1 in 5,010", "1 in 1,000,000", "below 1 in 1,000,000",
    ]  # fmt: skip


def test_figures():
    assert [percent(x) for x in (None, 0.179, 0.0041, 0.0004, 1.0)] == [
        *("?", "17.9 %", "0.41 %", "0.040 %", "100 %"),
    ]
    assert [probability(x) for x in (1.0, 0.5, 8e-12)] == [">0.999", "0.5", "8.0e-12"]
    assert [equation("p", x) for x in (1.0, 0.5, 0.0)] == ["p > 0.999", "p = 0.5", "p < 1e-99"]
