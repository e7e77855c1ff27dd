"""The whole workflow from a sheet, on cell lines whose somatic variants are known.

The folders of the BAMs are read-only: whatever the workflow makes, it makes elsewhere.
"""

import re
from pathlib import Path

import pytest

from resistpanel.core.files import HOME, read_json

from .conftest import snakemake

REAL = HOME.parent / "shared" / "real"
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(not REAL.is_dir(), reason=f"no real BAMs: {REAL} is absent"),
]

COLUMNS = ["patient", "sample", "role", "timepoint", "day", "lesion", "drugs", "bam", "disease"]
PADDING = 10
#: Windows of chromosomes: contig, start of the window (1-based), build of the panel, gene.
WINDOWS = (
    ("chr17_hg19:7460000-7700000", "hg19", "TP53"),
    ("chr17:43000000-44000000", "hg38", "BRCA1"),
)
R175H = f"{WINDOWS[0][0]}:{7_578_406 - 7_460_000 + 1}:C:T"


def run(folder: Path, patient: str, rows: list[dict], config: str) -> dict:
    """Run the workflow on a sheet in `folder` and return the patient's report."""
    lines = ["\t".join(row.get(name, "") for name in COLUMNS) for row in rows]
    (folder / "samples.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n")
    (folder / "config.yaml").write_text(f"samples: samples.tsv\n{config}")
    before = files_beside(rows)
    done = snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stderr
    assert files_beside(rows) == before
    report = folder / "results/report"
    assert (report / f"{patient}.html").stat().st_size > 10_000
    return read_json(report / f"{patient}.json")


def files_beside(rows: list[dict]) -> set[tuple[Path, int]]:
    """Return the files beside the BAMs with their times."""
    folders = {Path(row["bam"]).parent for row in rows}
    return {(path, path.stat().st_mtime_ns) for folder in folders for path in folder.iterdir()}


def reported(report: dict) -> dict[str, dict]:
    """Return the reported variants by id."""
    return {v["id"]: v for v in report["compare"]["variants"] if v["reported"]}


def tsv(folder: Path, patient: str) -> list[dict]:
    """Return the rows of the report's table."""
    head, *lines = (folder / f"results/report/{patient}.tsv").read_text().splitlines()
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]


# COLO829: melanoma cell line and its normal, 66 kb in 116 windows of GRCh37.


@pytest.fixture(scope="session")
def colo829_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("colo829")


@pytest.fixture(scope="session")
def colo829(colo829_folder) -> dict:
    data = REAL / "colo829"
    rows = [
        {"sample": "COLO829v003R-525", "role": "normal", "bam": f"{data}/COLO829R.bam"},
        {"sample": "COLO829v003T-525", "role": "tumor", "timepoint": "post", "day": "100",
         "drugs": "vemurafenib", "bam": f"{data}/COLO829T.bam"},
    ]  # fmt: skip
    return run(
        colo829_folder,
        "COLO829",
        [row | {"patient": "COLO829", "disease": "melanoma"} for row in rows],
        f"reference: {data}/GRCh37.windows.fa.gz\nbuild: hg19\ntargets: {data}/windows.bed\n"
        f"genes: {HOME}/panels/cancer138/hg19.gff3\n",
    )


BRAF, TERT = "7:140453136:A:T", ("5:1295228:G:A", "5:1295229:G:A")
SF3B1, TP63, CDKN2A = "2:198266779:G:A", "3:189604330:G:T", "9:21971153:CCG:C"
#: Junctions: 12 kb of PTEN, and chromosomes 10 and 18.
PTEN, TRANSLOCATION = "10:89700299:A:<DEL>", "10:7634373:A:[18:9868617[A"


@pytest.mark.xdist_group("colo829")
def test_colo829s_somatic_variants_and_nothing_else(colo829):
    """No inherited site, no homopolymer, no artifact of the instrument."""
    found = reported(colo829)
    rest = {BRAF, SF3B1, TP63, CDKN2A, PTEN, TRANSLOCATION}
    one, two = {"5:1295228:GG:AA", *rest}, {*TERT, *rest}
    assert set(found) in (one, two)
    if set(found) == two:  # as two variants, then phased
        (phase,) = (p for p in found[TERT[0]]["phase"] if p["other"] == TERT[1])
        assert phase["cis"] > 40 > phase["trans"]


@pytest.mark.xdist_group("colo829")
def test_colo829s_counts_are_those_of_the_reads(colo829):
    """Counted from the reads: mates once. BRAF: 154 of 226 reads, 152 of 224 fragments."""
    found = reported(colo829)
    normal, tumor = "COLO829v003R-525", "COLO829v003T-525"
    raw = {BRAF: (154, 226), SF3B1: (76, 115), TP63: (50, 118), CDKN2A: (93, 97)}
    for variant, (alt, depth) in raw.items():
        sample = found[variant]["samples"][tumor]
        assert sample["detected"]
        assert sample["ad"][1] == pytest.approx(alt, rel=0.1)
        # A fragment that shows neither allele whole may be left out.
        assert sum(sample["ad"]) == pytest.approx(depth, rel=0.1)
        if variant != CDKN2A:  # CIGARs lack the deletion where a read ends beside it
            assert sample["af_low"] < alt / depth < sample["af_high"]
        assert found[variant]["samples"][normal]["ad"][1] == 0
        assert found[variant]["samples"][normal]["detected"] is False
    assert found[CDKN2A]["samples"][tumor]["af"] >= 93 / 97
    braf = found[BRAF]["samples"][tumor]
    assert 146 <= braf["ad"][1] <= 154
    assert 216 <= sum(braf["ad"]) <= 226


@pytest.mark.xdist_group("colo829")
def test_colo829s_changes_are_named(colo829, colo829_folder):
    found = reported(colo829)
    assert (found[BRAF]["gene"], found[BRAF]["protein"]) == ("BRAF", "V600E")
    assert found[CDKN2A]["gene"] == "CDKN2A"
    assert found[CDKN2A]["consequence"] == "frameshift_variant"
    assert "TERT" in {v["gene"] for v in found.values()}
    assert colo829["resist"]["driver"]["variant"] == BRAF
    assert colo829["resist"]["driver"]["state"] == "retained"
    # Genes outside the panel are listed by coordinate, in the table and on the page.
    page = (colo829_folder / "results/report/COLO829.html").read_text()
    rows = {row["variant"] for row in tsv(colo829_folder, "COLO829") if row["reported"] == "true"}
    assert rows == set(found)
    for variant in (SF3B1, TP63):
        assert found[variant]["gene"] is None
        assert ":".join(variant.split(":")[:2]) in page


@pytest.mark.xdist_group("colo829")
def test_colo829s_pten_is_deleted(colo829, colo829_folder):
    """Of 12 kb of PTEN no copy is left; its ends lie in two windows, and halve their depth."""
    found = read_json(colo829_folder / "results/copynumber/COLO829.json")
    (tumor,) = found["samples"].values()
    genes = {gene["gene"]: gene for gene in tumor["genes"]}
    assert {name for name, gene in genes.items() if gene["call"] == "deletion"} == {"PTEN"}
    part = genes["PTEN"]["partial"]
    assert (part["first"], part["last"], part["probability"]) == (1, 2, None)
    assert part["start"] < 89_700_299 < 89_712_341 < part["end"]
    # A frameshift on every copy; its window shows no loss of copies.
    assert genes["CDKN2A"]["call"] == "neutral"
    findings = {f["variant"]: f for f in colo829["resist"]["findings"]}
    assert "copynumber:PTEN:deletion" in findings
    page = (colo829_folder / "results/report/COLO829.html").read_text()
    assert "PTEN deletion" in page
    assert "no copy of part of targets 1 to 2 of 2" in page


@pytest.mark.xdist_group("colo829")
def test_colo829s_report_says_what_it_lacks(colo829):
    """No sample before treatment: nothing is acquired, and the verdict says so."""
    assert colo829["compare"]["pairs"] == []
    assert {v["state"] for v in colo829["compare"]["variants"]} == {None}
    verdict = colo829["resist"]["verdict"]
    # Loss of PTEN is catalogued, for the class of the drug; whether it is new is not known.
    assert (verdict["kind"], verdict["confidence"]) == ("mechanism", "low")
    # Depth shows the same event.
    assert verdict["key_variants"] == [PTEN]
    assert "no sample before treatment" in verdict["sentence"]
    assert any("before treatment could not be determined" in why for why in verdict["reasons"])
    # A WGS of 108x and 30x is too shallow for a panel's gate.
    assert not colo829["qc"]["passed"]


# HCC1395: breast cancer line and its normal, exome reads over TP53 and BRCA1, on a reference
# whose contigs are windows of chromosomes and are named with colons.


def shifted(window: str, build: str, symbol: str) -> tuple[list[str], list[str]]:
    """Return a gene's GFF3 and BED lines in the window's own coordinates."""
    first = int(re.fullmatch(r".*:(\d+)-\d+", window)[1])
    gff3, bed, ids = [], [], {f"gene:{symbol}"}
    for line in (HOME / f"panels/cancer138/{build}.gff3").read_text().splitlines():
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        tags = dict(tag.split("=", 1) for tag in fields[8].split(";"))
        if tags["ID"] not in ids and tags.get("Parent") not in ids:
            continue
        ids.add(tags["ID"])
        start, end = (int(field) - first + 1 for field in fields[3:5])  # 1-based, end included
        gff3.append("\t".join([window, *fields[1:3], str(start), str(end), *fields[5:]]))
        if fields[2] == "exon":
            transcript, number = tags["ID"].removeprefix("exon:").rsplit(".", 1)
            name = f"{symbol}|{transcript}|exon{number}"
            bed.append(f"{window}\t{start - 1 - PADDING}\t{end + PADDING}\t{name}\t.\t{fields[6]}")
    return gff3, bed


@pytest.fixture(scope="session")
def hcc1395_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hcc1395")


@pytest.fixture(scope="session")
def hcc1395(hcc1395_folder) -> dict:
    gff3, bed = ["##gff-version 3"], []
    for window in WINDOWS:
        more_gff3, more_bed = shifted(*window)
        gff3 += more_gff3
        bed += more_bed
    assert len(bed) == 10 + 22  # coding exons
    (hcc1395_folder / "panel.gff3").write_text("\n".join(gff3) + "\n")
    (hcc1395_folder / "panel.bed").write_text("\n".join(bed) + "\n")
    data = REAL / "hcc1395"
    rows = [
        {"sample": "HCC1395_BL", "role": "normal", "bam": f"{data}/HCC1395_normal.bam"},
        {"sample": "HCC1395", "role": "tumor", "timepoint": "pre", "day": "0",
         "bam": f"{data}/HCC1395_tumor.bam"},
    ]  # fmt: skip
    return run(
        hcc1395_folder,
        "HCC1395",
        [row | {"patient": "HCC1395"} for row in rows],
        f"reference: {REAL}/hg38_windows/windows.fa.gz\nbuild: hg38\ntargets: panel.bed\n"
        "genes: panel.gff3\n",
    )


@pytest.mark.slow
@pytest.mark.xdist_group("hcc1395")
def test_hcc1395s_tp53_is_found_and_nothing_else(hcc1395):
    """104 of 104 reads in the tumour, none of 110 in the normal."""
    found = reported(hcc1395)
    assert set(found) == {R175H}
    variant = found[R175H]
    assert (variant["gene"], variant["protein"], variant["hgvs_p"]) == (
        "TP53", "R175H", "p.Arg175His",
    )  # fmt: skip
    assert variant["hgvs_c"] == "c.524G>A"
    tumor, normal = variant["samples"]["HCC1395"], variant["samples"]["HCC1395_BL"]
    assert tumor["detected"]
    assert tumor["ad"][0] == 0
    assert 50 < tumor["ad"][1] <= 104
    assert normal["ad"][1] == 0
    assert 50 < normal["ad"][0] <= 110


@pytest.mark.slow
@pytest.mark.xdist_group("hcc1395")
def test_hcc1395s_inherited_brca1_is_not_somatic(hcc1395):
    """R1751*, heterozygous in the normal and alone in the tumour, which lost the other allele."""
    (variant,) = (v for v in hcc1395["compare"]["variants"] if v["protein"] == "R1751*")
    assert not variant["reported"]
    assert variant["model"] == "germline"
    assert variant["samples"]["HCC1395"]["af"] > 0.95
    assert 0.3 < variant["samples"]["HCC1395_BL"]["af"] < 0.8
