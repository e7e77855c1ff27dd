"""Inherited variants are withheld from every output, as the patient's consent asks."""

import json
from pathlib import Path

import msgspec
import pysam
import pytest

from resistpanel.annotate.residues import parse_short
from resistpanel.catalog.drivers import load_drivers
from resistpanel.compare.inherited import read_genes, withhold
from resistpanel.compare.read_calls import _change
from resistpanel.core.errors import InputError
from resistpanel.core.made import FOLDER, set_private, stage_folder
from resistpanel.core.schemas import from_builtins
from resistpanel.inputs.config import settings
from resistpanel.inputs.plan import with_private
from resistpanel.inputs.sheet import read_rows
from resistpanel.records.compare import Compare, Junction, Origin
from resistpanel.report.cohort import cohort, summary
from resistpanel.report.final_vcf import write_vcf
from resistpanel.report.maf import maf, rows
from resistpanel.report.masking import reads_without
from resistpanel.report.render import cohort_page, page
from resistpanel.report.tsv import tsv

GERMLINE, SOMATIC, DELETION = "chr4:55141055:A:G", "chr15:66729154:G:C", "chr17:41276044:ACT:A"


@pytest.fixture(scope="module")
def compared(patients) -> Compare:
    """The paper's patient with an inherited BRCA1 deletion, and a codon read with it."""
    parts = patients.paper()["compare"]
    first = next(v for v in parts["variants"] if v["id"] == GERMLINE)
    lost = first | {
        "id": DELETION, "chrom": "chr17", "pos": 41276044, "ref": "ACT", "alt": "A", "type": "DEL",
        "gene": "BRCA1", "consequence": "frameshift_variant", "hgvs_c": "c.68_69del",
        "hgvs_p": "p.Glu23ValfsTer17", "protein": None, "protein_changes": [],
        "substitutions": [],
    }  # fmt: skip
    key = next(v for v in parts["variants"] if v["id"] == SOMATIC)
    key["phase"] = [{"other": GERMLINE, "cis": 3, "trans": 4}]
    key["haplotype"] = {"others": [GERMLINE], "alone": "p.Cys121Ser"}
    key["protein"], key["hgvs_p"] = "C121T", "p.Cys121Thr"
    parts["variants"].append(lost)
    return from_builtins(parts, Compare, "compare")


def test_masked_comparison_has_no_inherited_variant(compared):
    found = withhold(compared, "mask")
    ids = {v.id for v in found.variants}
    assert {GERMLINE, DELETION} & ids == set() and SOMATIC in ids
    key = next(v for v in found.variants if v.id == SOMATIC)
    assert (key.protein, key.hgvs_p) == ("C121S", "p.Cys121Ser")
    assert not key.phase and not key.haplotype
    assert GERMLINE not in msgspec.json.encode(found).decode()
    assert withhold(compared, "report") is compared


def test_pathogenic_keeps_loss_of_function_in_named_genes(compared):
    found = withhold(compared, "pathogenic", {"BRCA1"})
    assert found.germline.listed == (DELETION,)
    assert GERMLINE not in {v.id for v in found.variants}
    assert not withhold(compared, "pathogenic", {"BRCA2"}).germline.listed


def test_an_allele_of_half_the_normal_is_withheld_whatever_its_model(compared):
    from_normal = [
        msgspec.structs.replace(v, model="somatic") if v.id == GERMLINE else v
        for v in compared.variants
    ]
    found = withhold(msgspec.structs.replace(compared, variants=tuple(from_normal)), "mask")
    assert GERMLINE not in {v.id for v in found.variants}


EVENTS = {
    "MET exon 14 deletion": {"gene": "MET", "junction": {"name": "MET exon 14 deletion"}},
    "EML4-ALK": {"gene": "ALK", "junction": {"fusion": "EML4::ALK", "kinase": "kept"}},
    "kinase domain": {"gene": "EGFR", "junction": {"kinase": "duplicated"}},
    "FLT3-ITD": {"gene": "FLT3", "usual_name": "FLT3-ITD, 102 bases"},
    "EGFR exon 19": {"gene": "EGFR", "protein": "E746_A750del"},
    "BRCA1 exon": {"gene": "BRCA1", "junction": {"name": "BRCA1 exon 5 deletion"}},
    "BRCA1 frameshift": {"gene": "BRCA1", "protein": "E23fs"},
    "KIT polymorphism": {"gene": "KIT", "protein": "M541L"},
}


@pytest.mark.parametrize("name", EVENTS)
def test_without_a_normal_drivers_are_kept(compared, name):
    """Whatever can be inherited is withheld, what tumours alone acquire is not."""
    told = dict(EVENTS[name])
    junction = {
        "name": None, "chrom": "chr1", "pos": 10, "length": None, "inserted": 0, "homology": 0,
        "precise": True, "exons": None, "fusion": None, "frame": None, "kinase": None,
    }  # fmt: skip
    if "junction" in told:
        told["junction"] = from_builtins(junction | told["junction"], Junction, "junction")
    if short := told.get("protein"):
        told["protein_changes"] = (_change(parse_short(short)),)
    somatic = next(v for v in compared.variants if v.id == SOMATIC)
    origin = Origin(value="not determined", somatic=0.5)
    plain = {"sites": (), "origin": origin, "protein_changes": (), "reported": True}
    one = msgspec.structs.replace(somatic, **(plain | told))
    tumor_only = tuple(s for s in compared.samples if s.role != "normal")
    whole = msgspec.structs.replace(compared, variants=(one,), samples=tumor_only)
    kept = withhold(whole, "mask", (), load_drivers()).variants
    assert bool(kept) == (name.split()[0] not in ("BRCA1", "KIT"))


def test_no_export_names_an_inherited_variant(compared, patients, make, file_texts, tmp_path):
    parts = patients.paper()
    parts["compare"] = msgspec.to_builtins(withhold(compared, "mask"))
    report = make(parts, table1=False)
    whole = parts | {"compare": msgspec.to_builtins(compared)}
    source = _annotated(whole["compare"], tmp_path / "annotate.vcf.gz")
    out = tmp_path / "results"
    out.mkdir()
    write_vcf(report, source, out / "P.vcf.gz")
    (out / "P.html").write_text(page(report))
    (out / "P.json").write_text(json.dumps(report))
    (out / "P.tsv").write_text(tsv(report))
    (out / "P.maf").write_text(maf(rows(report)))
    value = cohort([summary(report, out / "P.json")])
    (out / "cohort.html").write_text(cohort_page(value, out))
    words = ["55141055", "55141054", "41276044", "P567P", "Pro567", "Glu23", "68_69del"]
    leaks = [
        (path.name, word)
        for path in out.iterdir() if path.suffix != ".tbi"
        for text in file_texts(path)
        for word in words if word in text
    ]  # fmt: skip
    assert leaks == []
    assert "Inherited variants are withheld" in (out / "P.html").read_text()
    assert "of 1 patient are withheld" in (out / "cohort.html").read_text()
    assert "##resistpanel_germline=mask" in file_texts(out / "P.vcf.gz")[0]
    assert "66729154" in file_texts(out / "P.vcf.gz")[0]


def _annotated(compare: dict, path: Path) -> Path:
    header = pysam.VariantHeader()
    contigs = sorted({v["chrom"] for v in compare["variants"]})
    for chrom in contigs:
        header.contigs.add(chrom, 249_000_000)
    for name, number in (("PHASE", "."), ("HAPLOTYPE", "."), ("HGVSP", "1")):
        header.info.add(name, number, "String", "test")
    for s in compare["samples"]:
        header.add_sample(s["sample"])
    for name in {f for v in compare["variants"] for f in v["filters"]} - {"PASS"}:
        header.filters.add(name, None, None, "test")
    variants = sorted(compare["variants"], key=lambda v: (contigs.index(v["chrom"]), v["pos"]))
    with pysam.VariantFile(str(path), "wz", header=header) as target:
        for v in variants:
            alleles = (v["ref"], v["alt"])
            record = target.new_record(contig=v["chrom"], start=v["pos"] - 1, alleles=alleles)
            if v["id"] == SOMATIC:
                record.info["PHASE"] = ("55141055_A_G_3_4",)
                record.info["HAPLOTYPE"] = ("55141055_A_G",)
                record.info["HGVSP"] = "p.Cys121Thr"
            target.write(record)
    return path


def test_neighbouring_bases_of_reads_are_not_shown():
    line = {"kind": "alt", "chars": " .A.C..g*.", "marks": " q   s  i "}
    window = {"start": 100, "bases": "A" * 10, "samples": {"T": {"lines": [line]}}}
    variant = {"id": "v", "pos": 105, "ref": "T"}
    found = reads_without({"variants": {"v": window}}, {"policy": "mask"}, [variant])
    shown = found["variants"]["v"]["samples"]["T"]["lines"][0]
    assert shown["chars"] == " ...C....." and shown["marks"] == " q        "


def test_genes_are_read_and_bad_ones_refused(tmp_path):
    assert {"BRCA1", "BRCA2", "MLH1"} <= read_genes()
    assert not {"RET", "MUTYH"} & read_genes()
    bad = tmp_path / "genes.tsv"
    bad.write_text("gene\tcondition\tsource\nBRCA1\tx\t\n")
    with pytest.raises(InputError, match=r"genes.tsv:2.*'source' is empty"):
        read_genes(bad)


def test_consent_of_the_sheet_overrides_and_moves_working_files_out(tmp_path):
    columns = [
        "patient",
        "sample",
        "role",
        "timepoint",
        "day",
        "lesion",
        "drugs",
        "bam",
        "germline",
    ]
    sheet = tmp_path / "samples.tsv"

    def write(policy: str) -> None:
        row = ["P", "T", "tumor", "post", "1", "", "", "t.bam", policy]
        sheet.write_text("\t".join(columns) + "\n" + "\t".join(row) + "\n")

    made = settings({"simulate": "resources/demo/patient.yaml", "outdir": str(tmp_path / "out")})
    write("")
    assert with_private(made, read_rows(sheet)[0]).stage("call") == tmp_path / "out/call"
    write("mask")
    hidden = with_private(made, read_rows(sheet)[0])
    assert hidden.stage("call") == tmp_path / "out.private/call"
    assert hidden.stage("report") == tmp_path / "out/report"
    write("maks")
    _, errors = read_rows(sheet)
    assert "did you mean 'mask'?" in errors[0].line()


def test_earlier_files_are_moved_out_of_the_results(tmp_path):
    outdir, private = tmp_path / "out", tmp_path / "out.private"
    for name in ("call", "report/outdated", "report", "store"):
        (outdir / name).mkdir(parents=True, exist_ok=True)
        (outdir / name / "P.txt").write_text(name)
    (outdir / FOLDER).mkdir()
    set_private(outdir, private, ["call", "annotate"])
    left = {str(p.relative_to(outdir)) for p in outdir.rglob("P.txt")}
    assert left == {"report/P.txt"} and stage_folder(outdir, "call") == private / "call"
    assert private.stat().st_mode & 0o077 == 0
    # A store begun since stays; working files of an older version are removed.
    for name in ("call", "store"):
        (outdir / name).mkdir()
        (outdir / name / "P.txt").write_text("new")
    set_private(outdir, private, ["call"])
    assert (private / "call/P.txt").read_text() == "call" and (outdir / "store/P.txt").is_file()
    assert not (outdir / "call").exists()
    set_private(outdir, None, ["call"])
    assert stage_folder(outdir, "call") == outdir / "call"
