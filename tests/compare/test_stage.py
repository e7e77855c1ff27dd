"""The stage: annotated VCF and sheet in, JSON out."""

import dataclasses
import json
import math

import pysam
import pytest

from resistpanel.annotate.vcf import FIELDS
from resistpanel.call import vcf_writer as caller_vcf
from resistpanel.cli import main
from resistpanel.compare.copynumber import locus, read_copynumber
from resistpanel.compare.read_calls import learned_errors, stated_overdispersion
from resistpanel.core.schemas import from_builtins
from resistpanel.core.vcf import FORMATS
from resistpanel.records.copynumber import GeneCopies
from resistpanel.records.sheet import Sheet

HEADER = """\
##fileformat=VCFv4.3
##source=resistpanel 0.1.0
##resistpanel_error_rate_skin=0.03,0.008,0.002,0.0006,0.0003,0.0001
##resistpanel_error_rate_pre=0.03,0.008,0.002,0.0006,0.0003,0.0001
##contig=<ID=chr1,length=249250621>
##contig=<ID=chr5,length=180915260>
##contig=<ID=chr15,length=102531392>
##contig=<ID=chrX,length=155270560>
##FILTER=<ID=PASS,Description="Somatic in at least one tumour">
##FILTER=<ID=absent,Description="Asked for, and not detected in any tumour">
##FILTER=<ID=germline,Description="Germline">
##FILTER=<ID=strand,Description="Strand">
##INFO=<ID=TYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=MODEL,Number=1,Type=String,Description="Likeliest explanation">
##INFO=<ID=SOMATIC_PHRED,Number=1,Type=Float,Description="Phred">
##INFO=<ID=ODDS_GERMLINE,Number=1,Type=Float,Description="Odds">
##INFO=<ID=ODDS_ARTIFACT,Number=1,Type=Float,Description="Odds">
##INFO=<ID=SITE,Number=.,Type=String,Description="Forced sites">
##INFO=<ID=BCSQ,Number=.,Type=String,Description="csq">
##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">
##INFO=<ID=TRANSCRIPT,Number=1,Type=String,Description="Transcript">
##INFO=<ID=CONSEQUENCE,Number=1,Type=String,Description="Terms">
##INFO=<ID=HGVSC,Number=1,Type=String,Description="c.">
##INFO=<ID=HGVSP,Number=1,Type=String,Description="p.">
##INFO=<ID=PROTEIN,Number=.,Type=String,Description="Short">
##INFO=<ID=REFSEQ,Number=1,Type=String,Description="RefSeq">
##INFO=<ID=USUAL_NAME,Number=1,Type=String,Description="Name">
##INFO=<ID=NOT_ANNOTATED,Number=1,Type=String,Description="Why">
##INFO=<ID=REVERTS,Number=.,Type=String,Description="Reverts">
##INFO=<ID=RESIDUES,Number=.,Type=Integer,Description="Codons">
##INFO=<ID=SPLICE,Number=0,Type=Flag,Description="Splice">
##INFO=<ID=HAPLOTYPE,Number=.,Type=String,Description="Haplotype">
##INFO=<ID=HGVSP_ALONE,Number=1,Type=String,Description="Alone">
##INFO=<ID=HGVSP_UNPHASED,Number=.,Type=String,Description="Unphased">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="Length">
##INFO=<ID=MATEID,Number=1,Type=String,Description="Mate">
##INFO=<ID=SVNAME,Number=1,Type=String,Description="Name">
##INFO=<ID=EXONS,Number=1,Type=String,Description="Exons">
##INFO=<ID=FUSION,Number=1,Type=String,Description="Fusion">
##INFO=<ID=FRAME,Number=1,Type=String,Description="Frame">
##INFO=<ID=KINASE,Number=1,Type=String,Description="Kinase">
##INFO=<ID=REFSEQ,Number=1,Type=String,Description="RefSeq">
##INFO=<ID=USUAL_NAME,Number=1,Type=String,Description="Usual name">
##INFO=<ID=NOT_ANNOTATED,Number=1,Type=String,Description="Reason">
##INFO=<ID=REVERTS,Number=.,Type=String,Description="Reverts">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Fragments">
##FORMAT=<ID=ADF,Number=R,Type=Integer,Description="Forward">
##FORMAT=<ID=ADR,Number=R,Type=Integer,Description="Reverse">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Fragments">
##FORMAT=<ID=AF,Number=1,Type=Float,Description="AF">
##FORMAT=<ID=AFCI,Number=2,Type=Float,Description="95 %">
##FORMAT=<ID=LOD,Number=1,Type=Float,Description="LOD">
##FORMAT=<ID=UB,Number=1,Type=Float,Description="UB">
##FORMAT=<ID=DET,Number=1,Type=Integer,Description="Detected">
"""

C121S = (
    "TYPE=SNV;MODEL=somatic;SOMATIC_PHRED=88.2;GENE=MAP2K1;TRANSCRIPT=ENST00000307102;"
    "CONSEQUENCE=missense_variant;HGVSC=c.362G>C;HGVSP=p.Cys121Ser;PROTEIN=C121S;RESIDUES=121;"
    "SITE=MAP2K1_C121S,second"
)
TERT = (
    "TYPE=MNV;MODEL=somatic;SOMATIC_PHRED=99;GENE=TERT;TRANSCRIPT=ENST00000310581;"
    "CONSEQUENCE=missense_variant;HGVSC=c.2178_2179delinsAA;HGVSP=p.Glu727Lys;"
    "PROTEIN=T726T,E727K;RESIDUES=727,726"
)
KIT = (
    "TYPE=DEL;MODEL=somatic;SOMATIC_PHRED=40;GENE=KIT;TRANSCRIPT=T;CONSEQUENCE=inframe_deletion&"
    "splice_region_variant;HGVSC=c.1669_1674del;HGVSP=p.Trp557_Lys558del;PROTEIN=W557_K558del;"
    "SPLICE"
)


def cell(evidence):
    """Write a sample's FORMAT values as the caller does."""
    e = evidence

    def text(value, digits=4):
        return "." if value is None else f"{value:.{digits}g}"

    ref, alt = e.ad
    forward = (ref // 2, alt // 2)
    det = "." if e.detected is None else str(int(e.detected))
    gt = {None: "./.", True: "0/1", False: "0/0"}[e.detected]
    return ":".join(
        [
            gt,
            f"{ref},{alt}",
            f"{forward[0]},{forward[1]}",
            f"{ref - forward[0]},{alt - forward[1]}",
            str(e.depth),
            text(e.af),
            f"{text(e.low)},{text(e.high)}",
            text(e.lod),
            text(e.ub),
            det,
        ]
    )


def lines_of(samples):
    """Return a line of therapy after the first tumour."""
    tumors = [name for name, role, *_ in samples if role != "normal"]
    return [{"number": 1, "drugs": ["vemurafenib"], "start": None, "stop": None,
             "baseline": tumors[:1], "samples": tumors[1:]}]  # fmt: skip


@pytest.fixture
def patient(tmp_path, view):
    """Write sheet and VCF; return a function that runs the stage and reads its output."""

    def run(records, samples=None, pairs=None, sex="female", copynumber=None, options=()):
        samples = samples or [
            ("skin", "normal", None, None, None),
            ("pre", "tumor", "pre", None, None),
            ("post", "tumor", "post", None, None),
        ]
        sheet = {
            "schema": "resistpanel/sheet/1",
            "patient": "P1",
            "sex": sex,
            "disease": "melanoma",
            "samples": [
                {"sample": name, "role": role, "timepoint": point, "day": None, "lesion": lesion,
                 "drugs": [], "bam": f"/bams/{name}.bam", "purity": purity}
                for name, role, point, lesion, purity in samples
            ],
            "pairs": [{"pre": "pre", "post": "post", "drugs": ["vemurafenib"]}]
            if pairs is None
            else pairs,
            "lines": lines_of(samples) if pairs is None else [],
            "drugs": [],
            "tumor_only": False,
        }  # fmt: skip
        from_builtins(sheet, Sheet, "sheet.json")
        (tmp_path / "sheet.json").write_text(json.dumps(sheet))
        names = [name for name, *_ in samples]
        text = HEADER + "\t".join(
            ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]
        )
        for chrom, pos, ref, alt, fltr, info, counts in records:
            cells = [cell(view(*one).evidence) for one in counts]
            row = [chrom, str(pos), ".", ref, alt, "50", fltr, info]
            row += ["GT:AD:ADF:ADR:DP:AF:AFCI:LOD:UB:DET", *cells]
            text += "\n" + "\t".join(row)
        plain = tmp_path / "a.vcf"
        plain.write_text(text + "\n")
        packed = tmp_path / "a.vcf.gz"
        pysam.tabix_compress(str(plain), str(packed), force=True)
        arguments = ["--vcf", packed, "--sheet", tmp_path / "sheet.json"]
        if copynumber is not None:
            (tmp_path / "cn.json").write_text(json.dumps(whole(copynumber)))
            arguments += ["--copynumber", tmp_path / "cn.json"]
        output = tmp_path / "out/P1.json"
        status = main(["compare", *map(str, arguments), "--output", str(output), *options])
        return json.loads(output.read_text()) if status == 0 else status

    return run


ACQUIRED = ("chr15", 66729154, "G", "C", "PASS", C121S, [(0, 905), (0, 905), (146, 901)])


TEXT = (
    "not detected before treatment (0 of 905 fragments, AF below 0.34 % with 95 % confidence; if "
    "present, in at most 1.2 % of the tumour cells); 16.2 % (13.9 to 18.7) at relapse"
)


def shared(*tumors, number=5):
    """Return variants that every tumour has at 30 %: they show that it contains tumour."""
    info = "TYPE=SNV;MODEL=somatic;SOMATIC_PHRED=90"
    counts = [(0, 900), *((270, 900) for _ in tumors)]
    return [("chr1", 10 + i, "A", "C", "PASS", info, counts) for i in range(number)]


def test_a_variant_in_full(patient):
    found = patient([*shared("pre", "post"), ACQUIRED])
    assert found["schema"] == "resistpanel/compare/1"
    assert found["pairs"] == [{"pre": "pre", "post": "post", "drugs": ["vemurafenib"]}]
    unknown = {"value": None, "low": None, "high": None, "source": None}
    assert found["samples"][1] == {
        "sample": "pre",
        "role": "tumor",
        "timepoint": "pre",
        "day": None,
        "lesion": None,
        "purity": unknown,
        "tumor": {
            "detected": True,
            "shared_variants": 5,
            "catalogued": False,
            "median_af": 0.3,
            "contradicted_purity": None,
        },
        "overdispersion": 0.0005,
    }
    variant = found["variants"][-1]
    samples = variant.pop("samples")
    # UB by the lower quartile of the shared variants
    assert variant["lines"][0].pop("ub_ccf") == pytest.approx(0.003305 / 0.3, rel=0.01)
    assert 0.95 < variant["lines"][0].pop("ccf_below_1") < variant["lines"][0].pop("ccf_below_5")
    assert variant.pop("real") is None  # no odds in these calls
    assert variant == {
        "id": "chr15:66729154:G:C",
        "chrom": "chr15",
        "pos": 66729154,
        "ref": "G",
        "alt": "C",
        "type": "SNV",
        "filters": ["PASS"],
        "model": "somatic",
        "somatic_phred": 88.2,
        "gene": "MAP2K1",
        "transcript": "ENST00000307102",
        "consequence": "missense_variant",
        "hgvs_c": "c.362G>C",
        "hgvs_p": "p.Cys121Ser",
        "protein": "C121S",
        "protein_changes": [
            {
                "residue": 121,
                "residue_end": 121,
                "ref": "C",
                "alt": "S",
                "short": "C121S",
                "hgvs_p": "p.Cys121Ser",
                "consequence": "missense_variant",
            }
        ],
        "substitutions": [{"pos": 66729154, "ref": "G", "alt": "C", "residue": 121}],
        "splice": False,
        "sites": ["MAP2K1_C121S", "second"],
        "states": [
            {
                "pre": "pre",
                "post": "post",
                "state": "acquired",
                "probability_increase": 1.0,
                "fold_change": None,
                "fold_low": None,
                "fold_high": None,
                "text": TEXT,
            }
        ],
        "state": "acquired",
        "lines": [
            {
                "line": 1,
                "state": "acquired",
                "before": "excluded",
                "shown_by": [],
                "excluded_by": ["pre"],
                "inadequate": [],
                "why": None,
                "lesions": [
                    {
                        "lesion": "tumour",
                        "pre": "pre",
                        "post": "post",
                        "state": "acquired",
                        "text": TEXT,
                    }
                ],
                "text": TEXT,
            }
        ],
        "courses": [
            {
                "lesion": "tumour",
                "samples": ["pre", "post"],
                "steps": ["acquired"],
                "status": "present",
                "text": "appeared",
            }
        ],
        "status": "present",
        "reported": True,
        "phase": [],
    }
    assert samples["post"] == {
        "ad": [755, 146],
        "adf": [377, 73],
        "adr": [378, 73],
        "dp": 901,
        "af": 0.162,
        "af_low": 0.1391,
        "af_high": 0.1872,
        "lod": samples["post"]["lod"],
        "ub": samples["post"]["ub"],
        "detected": True,
        "ccf": None,
        "ccf_low": None,
        "ccf_high": None,
        "ub_ccf": None,
        "hopping": None,
    }
    assert samples["pre"]["detected"] is False and samples["pre"]["ub"] == 0.003305


def test_phased_bases_of_two_codons(patient):
    record = ("chr5", 1278863, "CC", "TT", "PASS", TERT, [(0, 900), (508, 892), (521, 899)])
    (variant,) = patient([record])["variants"]
    assert variant["state"] == "stable"
    assert variant["protein"] == "T726T,E727K"
    assert [change["hgvs_p"] for change in variant["protein_changes"]] == [
        "p.Thr726=",
        "p.Glu727Lys",
    ]
    assert [change["consequence"] for change in variant["protein_changes"]] == [
        "synonymous_variant",
        "missense_variant",
    ]
    assert variant["substitutions"] == [
        {"pos": 1278863, "ref": "C", "alt": "T", "residue": 727},
        {"pos": 1278864, "ref": "C", "alt": "T", "residue": 726},
    ]


def test_bases_that_stay_are_no_substitutions(patient):
    info = "TYPE=MNV;MODEL=somatic;SOMATIC_PHRED=9;RESIDUES=4,."
    record = ("chr1", 1000, "GAC", "TAT", "PASS", info, [(0, 900), (0, 900), (90, 900)])
    (variant,) = patient([record])["variants"]
    assert variant["substitutions"] == [
        {"pos": 1000, "ref": "G", "alt": "T", "residue": 4},
        {"pos": 1002, "ref": "C", "alt": "T", "residue": None},
    ]
    assert variant["protein"] is None and variant["gene"] is None


def test_a_deletion(patient):
    record = ("chr1", 1000, "GAC", "G", "PASS", KIT, [(0, 900), (0, 900), (90, 900)])
    (variant,) = patient([record])["variants"]
    (change,) = variant["protein_changes"]
    assert (change["residue"], change["residue_end"], change["ref"], change["alt"]) == (
        557,
        558,
        "W",
        "del",
    )
    assert change["hgvs_p"] == variant["hgvs_p"] == "p.Trp557_Lys558del"
    assert variant["splice"] is True and variant["substitutions"] == []


def test_a_catalogue_site_that_is_absent(patient):
    info = "TYPE=SNV;MODEL=absent;SOMATIC_PHRED=0;SITE=NRAS_Q61K"
    record = ("chr1", 115256530, "G", "T", "absent", info, [(0, 905), (0, 880), (1, 912)])
    (variant,) = patient([record])["variants"]
    assert (variant["state"], variant["reported"]) == ("absent", False)
    assert variant["filters"] == ["absent"] and variant["sites"] == ["NRAS_Q61K"]


def test_near_misses_and_missing_values(patient):
    info = "TYPE=SNV;MODEL=artifact;SOMATIC_PHRED=-0"
    record = ("chr1", 5, "G", "T", "strand;germline", info, [(0, 0), (0, 5), (40, 900)])
    (variant,) = patient([record])["variants"]
    assert variant["filters"] == ["strand", "germline"] and not variant["reported"]
    assert variant["somatic_phred"] == 0.0
    skin, pre = variant["samples"]["skin"], variant["samples"]["pre"]
    assert [skin[key] for key in ("dp", "af", "af_low", "lod", "ub", "detected")] == [
        0, None, None, None, None, None,
    ]  # fmt: skip
    assert pre["detected"] is None and pre["dp"] == 5
    assert variant["state"] == "undetermined"


def whole(copynumber):
    """Return copynumber.json with what a test does not give."""
    # What is optional is absent.
    none = dict.fromkeys(set(GeneCopies.__struct_fields__) - {"no_gene"})
    samples = {
        name: {"baseline": 2, "target_noise": None, "gene_noise": None, "segments": []}
        | sample
        | {"genes": [none | gene for gene in sample["genes"]]}
        for name, sample in copynumber["samples"].items()
    }
    return {
        "schema": "resistpanel/copynumber/1", "patient": "P1", "reference": None,
        "samples": samples, "pairs": [], "contamination": {}, "tumor_in_normal": {},
        "identity": {
            "agreement": [], "mismatched": [], "sex": {"sheet": None, "samples": {}},
            "genotypes": {"sites": [], "samples": {}},
        },
        "gate": {"passed": True, "failures": []},
    }  # fmt: skip


GAINED = {
    "start": 0, "end": 1, "targets": 1, "sites": 0,
    "gene": "MAP2K1", "chrom": "chr15", "copies": 4.0, "call": "gain", "log2_low": 0.4,
    "log2_high": 0.6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("chrom", "gene", "copies", "error"),
    [
        # Noise of a gene that is as the genome at large must not move cancer cell fractions.
        ("chr15", GAINED | {"copies": 2.3, "call": "neutral"}, 3.0, 0.0),
        ("chr15", GAINED, 4.0, 0.2 / 2 / 1.96 * math.log(2)),
        ("chrX", GAINED | {"chrom": "chrX", "copies": 1.2, "call": "neutral"}, None, 0.0),
        ("chr15", GAINED | {"copies": None, "call": None}, None, 0.0),
    ],
)
def test_copies_of_a_gene(tmp_path, chrom, gene, copies, error):
    purity = {"value": 0.5, "low": 0.4, "high": 0.6, "source": "s", "method": "joint"}
    path = tmp_path / "cn.json"
    path.write_text(
        json.dumps(whole({"samples": {"pre": {"purity": purity, "baseline": 3, "genes": [gene]}}}))
    )
    found = read_copynumber(path)
    place = locus(found.purity["pre"], chrom, "MAP2K1", "pre", "male", found)
    assert place.copies == copies
    assert place.amount_sd == pytest.approx(error, rel=1e-3)
    other = locus(found.purity["pre"], chrom, "KIT", "pre", "male", found)
    assert (other.copies, other.amount_sd) == (None, 0.0)
    assert place.log_sd == pytest.approx(
        math.hypot(dataclasses.replace(place, amount_sd=0.0).log_sd, place.amount_sd)
    )


def test_purity_and_copies(patient):
    samples = [
        ("skin", "normal", None, None, None),
        ("pre", "tumor", "pre", None, 0.8),
        ("post", "tumor", "post", None, None),
    ]
    purity = {"value": 0.4, "low": 0.36, "high": 0.44, "source": "copy number"}
    estimate = purity | {"method": "joint"}
    copynumber = {
        "samples": {
            "pre": {"purity": estimate | {"value": 0.5}, "genes": []},
            "post": {"purity": estimate, "genes": [GAINED]},
        },
    }
    record = ("chr15", 66729154, "G", "C", "PASS", C121S, [(0, 900), (360, 900), (129, 900)])
    found = patient([record], samples=samples, copynumber=copynumber)
    assert found["samples"][0]["purity"]["value"] is None
    # what the sheet says comes before what the copy number says
    assert found["samples"][1]["purity"] == {
        "value": 0.8,
        "low": pytest.approx(0.7),
        "high": pytest.approx(0.9),
        "source": "sample sheet, taken as ±0.1",
    }
    assert found["samples"][2]["purity"] == purity
    (variant,) = found["variants"]
    pre, post = variant["samples"]["pre"], variant["samples"]["post"]
    assert pre["ccf"] == pytest.approx(1.0)  # 0.4 * 2 / 0.8
    # 0.1433 * (0.4 * 4 + 2 * 0.6) / 0.4 = 1.0
    assert post["ccf"] == pytest.approx(1.0, abs=0.01) and post["ccf_low"] < 0.95
    assert variant["samples"]["skin"]["ccf"] is None
    assert variant["state"] == "stable"
    assert variant["states"][0]["text"].endswith("(compared after correction for purity)")


def test_a_deletion_is_not_on_the_copies_that_it_leaves(patient):
    """Of a gene lost from both copies every breakend shows the deletion: all cells have it."""
    purity = {"value": 0.95, "low": 0.9, "high": 1.0, "source": "copy number", "method": "joint"}
    lost = GAINED | {"copies": 0.0, "call": "deletion", "log2_low": -5.0, "log2_high": -3.0}
    copynumber = {
        "samples": {
            "pre": {"purity": purity, "genes": []},
            "post": {"purity": purity, "genes": [lost]},
        }
    }
    info = "TYPE=DEL;MODEL=somatic;SOMATIC_PHRED=60;SVTYPE=DEL;END=66737000;SVLEN=-7845;GENE=MAP2K1"
    record = ("chr15", 66729155, "G", "<DEL>", "PASS", info, [(0, 900), (0, 900), (850, 900)])
    (variant,) = patient([record], copynumber=copynumber)["variants"]
    assert variant["samples"]["post"]["ccf"] > 0.95


def test_a_purity_read_off_the_driver_gives_fractions_alone(patient):
    purity = {"value": 0.4, "low": 0.0, "high": None, "source": "AF of the driver",
              "method": "driver"}  # fmt: skip
    copynumber = {
        "samples": {
            "pre": {"purity": purity, "genes": []},
            "post": {"purity": purity | {"value": 0.8, "low": 0.7, "high": 0.9}, "genes": []},
        }
    }
    record = ("chr15", 66729154, "G", "C", "PASS", C121S, [(0, 900), (90, 900), (90, 900)])
    found = patient([record], copynumber=copynumber)
    assert found["samples"][1]["purity"] == {
        "value": 0.4,
        "low": 0.01,
        "high": None,
        "source": "AF of the driver",
    }
    (variant,) = found["variants"]
    assert variant["samples"]["pre"]["ccf"] == pytest.approx(0.5)
    assert variant["state"] == "stable"
    assert "correction" not in variant["states"][0]["text"]


def test_purity_not_estimable(patient):
    none = {"value": None, "low": None, "high": None, "source": "no signal", "method": "none"}
    copynumber = {"samples": {name: {"purity": none, "genes": []} for name in ("pre", "post")}}
    found = patient([ACQUIRED], copynumber=copynumber)
    assert found["samples"][1]["purity"] == {
        "value": None,
        "low": None,
        "high": None,
        "source": "no signal",
    }
    assert found["variants"][0]["samples"]["post"]["ccf"] is None


def test_germline_alleles_are_not_corrected(patient):
    samples = [
        ("skin", "normal", None, None, None),
        ("pre", "tumor", "pre", None, 0.9),
        ("post", "tumor", "post", None, 0.3),
    ]
    info = "TYPE=SNV;MODEL=germline;SOMATIC_PHRED=0"
    record = ("chr1", 5, "G", "T", "germline", info, [(450, 900), (450, 900), (450, 900)])
    found = patient([record], samples=samples)
    (variant,) = found["variants"]
    assert variant["state"] == "stable" and variant["samples"]["pre"]["ccf"] is None
    assert found["lesions"]["variants"] == {}


def test_x_of_a_man(patient):
    samples = [("skin", "normal", None, None, None), ("pre", "tumor", "pre", None, 0.8),
               ("post", "tumor", "post", None, 0.8)]  # fmt: skip
    record = ("chrX", 5, "G", "T", "PASS", "TYPE=SNV;MODEL=somatic;SOMATIC_PHRED=50",
              [(0, 900), (360, 900), (360, 900)])  # fmt: skip
    for sex, fraction in (("male", 0.5), ("female", 1.0)):
        (variant,) = patient([record], samples=samples, sex=sex)["variants"]
        assert variant["samples"]["pre"]["ccf"] == pytest.approx(fraction)


def test_lesions_and_several_pairs(patient):
    samples = [
        ("skin", "normal", None, None, None),
        ("pre", "tumor", "pre", "arm", None),
        ("lung", "tumor", "post", "lung", None),
        ("brain", "tumor", "post", "brain", None),
    ]
    pairs = [{"pre": "pre", "post": post, "drugs": []} for post in ("lung", "brain")]
    record = ("chr15", 66729154, "G", "C", "PASS", C121S,
              [(0, 905), (0, 905), (0, 900), (146, 901)])  # fmt: skip
    several = shared("pre", "lung", "brain")
    found = patient([*several, record], samples=samples, pairs=pairs)
    variant = found["variants"][-1]
    assert [state["state"] for state in variant["states"]] == ["absent", "acquired"]
    assert variant["state"] is None  # pairs without lines of therapy
    assert variant["states"][1]["text"].endswith("16.2 % (13.9 to 18.7) at relapse (brain)")
    assert found["lesions"]["samples"] == {"arm": ["pre"], "lung": ["lung"], "brain": ["brain"]}
    assert found["lesions"]["variants"][variant["id"]] == {
        "kind": "private",
        "detected": ["brain"],
        "not_detected": ["arm", "lung"],
        "unknown": [],
    }


def test_a_tumour_without_an_earlier_one(patient):
    samples = [("skin", "normal", None, None, None), ("T", "tumor", None, None, None)]
    record = ("chr15", 66729154, "G", "C", "PASS", C121S, [(0, 905), (146, 901)])
    found = patient([record], samples=samples, pairs=[])
    (variant,) = found["variants"]
    assert (variant["states"], variant["state"]) == ([], None)


def test_no_variant_at_all(patient):
    assert patient([])["variants"] == []


def test_the_same_input_gives_the_same_bytes(patient, tmp_path):
    patient([ACQUIRED])
    first = (tmp_path / "out/P1.json").read_bytes()
    patient([ACQUIRED])
    assert (tmp_path / "out/P1.json").read_bytes() == first


def test_options_change_the_rules(patient):
    record = ("chr15", 66729154, "G", "C", "PASS", C121S, [(0, 900), (200, 1000), (290, 1000)])
    several = shared("pre", "post")
    assert patient([*several, record])["variants"][-1]["state"] == "stable"
    options = ("--least-fold", "1", "--overdispersion", "0")
    found = patient([*several, record], options=options)["variants"][-1]
    # The loss of a copy could explain it, unless the depth of the gene shows none.
    assert found["state"] == "undetermined"
    assert "the copy number of the gene is not known" in found["states"][0]["text"]
    purity = {"value": None, "low": None, "high": None, "source": "none", "method": "none"}
    neutral = {"gene": "MAP2K1", "chrom": "chr15", "call": "neutral", "copies": None,
               "log2_low": -0.06, "log2_high": 0.08, "start": 0, "end": 9,
               "targets": 1, "sites": 0}  # fmt: skip
    copynumber = {"samples": {n: {"purity": purity, "genes": [neutral]} for n in ("pre", "post")}}
    found = patient([*several, record], copynumber=copynumber, options=options)["variants"][-1]
    assert found["state"] == "rising"


@pytest.mark.parametrize(
    "options", [("--overdispersion", "1"), ("--least-fold", "0.5"), ("--least-fold", "x")]
)
def test_options_out_of_range(patient, options, capsys):
    with pytest.raises(SystemExit) as caught:
        patient([ACQUIRED], options=options)
    assert caught.value.code == 2
    assert options[0] in capsys.readouterr().err


# --- the contract with caller and annotation ------------------------------------------------


def test_every_field_that_is_read_is_written():
    assert set(FORMATS) <= {name for name, *_ in caller_vcf.FORMAT}
    assert {"TYPE", "MODEL", "SOMATIC_PHRED", "SITE"} <= {name for name, *_ in caller_vcf.INFO}
    for name, number, kind, _ in FIELDS:
        assert f"##INFO=<ID={name},Number={number},Type={kind}," in HEADER
    for name, number, kind, _ in caller_vcf.FORMAT:
        if name in ("PRESENCE", "LODN", "ERR", "CRIT"):
            continue  # calls of an earlier version have none
        assert f"##FORMAT=<ID={name},Number={number},Type={kind}," in HEADER


@pytest.mark.parametrize(
    ("stated", "state"), [("0.2", "acquired"), ("1.3", "emergent"), (".", "acquired")]
)
def test_the_evidence_of_presence_is_the_callers(patient, tmp_path, stated, state):
    """Two of 905 fragments, good ones or bad ones: the caller knows. Without it counts decide."""
    found = patient([*shared("pre", "post"), (*ACQUIRED[:6], [(0, 905), (2, 905), (146, 901)])])
    assert found["variants"][-1]["state"] == "acquired"
    path = tmp_path / "a.vcf"
    lines = path.read_text().splitlines()
    lines[-1] = lines[-1].replace(":UB:DET", ":UB:DET:PRESENCE")
    *head, normal, pre, post = lines[-1].split("\t")
    lines[-1] = "\t".join([*head, f"{normal}:-1.3", f"{pre}:{stated}", f"{post}:99"])
    declared = '##FORMAT=<ID=PRESENCE,Number=1,Type=Float,Description="x">'
    path.write_text("\n".join([lines[0], declared, *lines[1:]]) + "\n")
    pysam.tabix_compress(str(path), str(tmp_path / "a.vcf.gz"), force=True)
    arguments = ["--vcf", "a.vcf.gz", "--sheet", "sheet.json", "--output", "out/P2.json"]
    made = [str(tmp_path / word) if "." in word else word for word in arguments]
    assert main(["compare", *made, "--most-hopping", "0"]) == 0
    variant = json.loads((tmp_path / "out/P2.json").read_text())["variants"][-1]
    assert variant["state"] == state
    assert ("presence is 20 times as likely" in variant["states"][0]["text"]) == (stated == "1.3")


def test_error_rates_of_the_header():
    found = learned_errors(HEADER + "##resistpanel_error_rate_short=0.0009\n")
    assert found == {
        "skin": pytest.approx(0.0002),
        "pre": pytest.approx(0.0002),
        "short": pytest.approx(0.0003),
    }
    assert learned_errors("##resistpanel_version=1\n") == {}


# --- bad input -----------------------------------------------------------------------------


def refused(capsys, *parts):
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for part in parts:
        assert part in said


def test_sample_names_that_disagree(patient, capsys, tmp_path):
    patient([ACQUIRED])
    sheet = json.loads((tmp_path / "sheet.json").read_text())
    sheet["samples"][2]["sample"] = "relapse"
    (tmp_path / "sheet.json").write_text(json.dumps(sheet))
    arguments = ["--vcf", tmp_path / "a.vcf.gz", "--sheet", tmp_path / "sheet.json"]
    assert main(["compare", *map(str, arguments), "--output", str(tmp_path / "x.json")]) == 2
    refused(capsys, "a.vcf.gz: has no sample relapse (it has skin, pre, post)", "read groups")
    assert not (tmp_path / "x.json").exists()


def test_files_that_are_missing_or_wrong(patient, capsys, tmp_path):
    patient([ACQUIRED])
    good = {"--vcf": tmp_path / "a.vcf.gz", "--sheet": tmp_path / "sheet.json"}

    def run(**other):
        files = good | {f"--{key}": value for key, value in other.items()}
        arguments = [str(part) for pair in files.items() for part in pair]
        assert main(["compare", *arguments, "--output", str(tmp_path / "x.json")]) == 2
        assert not (tmp_path / "x.json").exists()

    run(vcf=tmp_path / "none.vcf.gz")
    refused(capsys, "none.vcf.gz: no such file; run `resistpanel annotate` first")
    run(sheet=tmp_path / "none.json")
    refused(capsys, "none.json: no such file; run `resistpanel sheet` first")
    run(copynumber=tmp_path / "none.json")
    refused(capsys, "none.json: no such file; leave out --copynumber")
    (tmp_path / "odd.json").write_text('{"samples": [1]}')
    run(copynumber=tmp_path / "odd.json")
    refused(capsys, "odd.json: not a file of `resistpanel copynumber`")
    columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT pre\n".replace(" ", "\t")
    lacking = tmp_path / "lacking.vcf"
    lacking.write_text(HEADER.replace("##FORMAT=<ID=DET", "##FORMAT=<ID=OTHER") + columns)
    run(vcf=lacking)
    refused(capsys, "lacking.vcf: has no FORMAT DET")
    plain = tmp_path / "plain.vcf"
    plain.write_text(HEADER.replace("##INFO=<ID=HGVSC", "##INFO=<ID=OTHER") + columns)
    run(vcf=plain)
    refused(capsys, "plain.vcf: is not annotated; run `resistpanel annotate` on it")


def test_overdispersion_is_that_of_the_calls():
    line = "##resistpanel_overdispersion_pre=rho:0.003,low:0.001,high:0.009,sites:40\n"
    assert stated_overdispersion(HEADER + line) == {"pre": 0.003}
    assert stated_overdispersion(HEADER) == {}
    wrong = "##resistpanel_overdispersion_pre=rho:1.5,low:0.001,high:0.009,sites:40\n"
    assert stated_overdispersion(wrong) == {}


def test_limits_of_damage_are_those_of_the_calls(patient, tmp_path):
    """0 is none, and is not written."""
    found = patient([ACQUIRED])
    assert not any("damage" in sample for sample in found["samples"])
    path = tmp_path / "a.vcf"
    first, *rest = path.read_text().splitlines()
    stated = [
        "##resistpanel_damage_limit_pre=C>T:0,G>T:0",
        "##resistpanel_damage_limit_post=C>T:0.05,G>T:0",
    ]
    path.write_text("\n".join([first, *stated, *rest]) + "\n")
    pysam.tabix_compress(str(path), str(tmp_path / "a.vcf.gz"), force=True)
    arguments = ["--vcf", "a.vcf.gz", "--sheet", "sheet.json", "--output", "out/P2.json"]
    made = [str(tmp_path / word) if "." in word else word for word in arguments]
    assert main(["compare", *made]) == 0
    samples = json.loads((tmp_path / "out/P2.json").read_text())["samples"]
    assert [sample.get("damage") for sample in samples] == [None, None, {"C>T": 0.05}]


def test_junctions(patient):
    """A deletion of exons, and a translocation of which one breakend counts."""
    counts = [(0, 905), (0, 905), (146, 901)]
    deleted = (
        "TYPE=DEL;MODEL=somatic;SOMATIC_PHRED=60;SVTYPE=DEL;END=66737000;SVLEN=-7845;GENE=MAP2K1;"
        "CONSEQUENCE=exon_loss_variant;SVNAME=MAP2K1%20exon%203%20deletion;EXONS=MAP2K1%3A3-3;"
        "FRAME=in_frame;KINASE=cut"
    )
    ends = "TYPE=BND;MODEL=somatic;SOMATIC_PHRED=60;SVTYPE=BND;MATEID=bnd_{}"
    rows = [
        ("chr5", 100, "G", "G]chr15:500]", "PASS", ends.format("a_2"), counts),
        ("chr15", 500, "T", "T]chr5:100]", "PASS", ends.format("a_1"), counts),
        ("chr15", 66729155, "G", "<DEL>", "PASS", deleted, counts),
    ]
    found = patient([ACQUIRED, *rows])
    variants = {v["id"]: v for v in found["variants"]}
    assert set(variants) == {
        "chr15:66729154:G:C", "chr5:100:G:G]chr15:500]", "chr15:66729155:G:<DEL>"
    }  # fmt: skip
    snv = variants["chr15:66729154:G:C"]
    assert {v["state"] for v in variants.values()} == {snv["state"]}
    assert [v["samples"]["post"]["detected"] for v in variants.values()] == [True] * 3
    told = variants["chr15:66729155:G:<DEL>"]["junction"]
    assert told["name"] == "MAP2K1 exon 3 deletion"
    assert (told["pos"], told["length"]) == (66737000, -7845)
    assert (told["exons"], told["frame"], told["kinase"]) == ("MAP2K1:3-3", "in_frame", "cut")
    mate = variants["chr5:100:G:G]chr15:500]"]["junction"]
    assert (mate["chrom"], mate["pos"], mate["name"]) == ("chr15", 500, None)
    assert "junction" not in variants["chr15:66729154:G:C"]
