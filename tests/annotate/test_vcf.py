"""The stage: caller's VCF in, annotated VCF out."""

import gzip
import hashlib
import json
from pathlib import Path

import msgspec
import pysam
import pytest
from cyvcf2 import VCF

from resistpanel.annotate.effect import effect
from resistpanel.annotate.haplotypes import joint_effect
from resistpanel.annotate.transcript import Transcript
from resistpanel.cli import main
from resistpanel.compare.read_calls import describe, stated_accessions
from resistpanel.core.contig_checksums import sha512t24u
from resistpanel.core.sequence import reverse_complement
from resistpanel.core.text import decode, encode
from resistpanel.core.vcf import CallVcf
from resistpanel.core.vrs import vrs_allele
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.write import gff3_text

CALLER = """\
##fileformat=VCFv4.3
##FILTER=<ID=PASS,Description="Somatic call in at least one tumour">
##FILTER=<ID=absent,Description="Forced site, not detected">
##resistpanel_version=0.1.0
##INFO=<ID=TYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=SITE,Number=.,Type=String,Description="Forced sites">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Fragments">
"""


def caller_vcf(path, contigs, records, samples=("N", "T")):
    """Write records (chrom, pos, ref, alt, filter, info) as the caller does, much shortened."""
    text = CALLER + "".join(f"##contig=<ID={name},length={n}>\n" for name, n in contigs.items())
    columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT"
    text += "\t".join([*columns.split(), *samples]) + "\n"
    for chrom, pos, ref, alt, fltr, info in records:
        calls = "\t".join(["0/1:50,7"] * len(samples))
        text += f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t{fltr}\t{info}\tGT:AD\t{calls}\n"
    plain = path.with_suffix("")
    plain.write_text(text)
    pysam.tabix_compress(str(plain), str(path), force=True)
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def info(record, name):
    return record.INFO.get(name)


@pytest.fixture
def patient(make_gene, write_genome, tmp_path):
    """A gene on contig chr1, bgzipped reference, and four records."""
    small = make_gene("-", seed=5, chrom="chr1")
    fasta, gff3 = write_genome(small, tmp_path, bgzip=True)
    tx, bases = small.transcript, small.bases
    last = small.gene.cds[-1]
    pos = last[1] - 12  # the third base of codon 4
    mutate = {"A": "G", "G": "A", "C": "T", "T": "C"}  # a transition
    records = [
        ("chr1", 40, bases[39], mutate[bases[39]], "PASS", "TYPE=SNV"),
        ("chr1", pos + 1, bases[pos], mutate[bases[pos]], "PASS", "TYPE=SNV;SITE=a,b"),
        ("chr1", pos + 3, bases[pos + 2 : pos + 4], bases[pos + 2], "absent", "TYPE=DEL"),
        ("chr1", last[1] + 30, bases[last[1] + 29], mutate[bases[last[1] + 29]], "PASS", "."),
    ]
    vcf = caller_vcf(tmp_path / "call.vcf.gz", {"chr1": len(bases)}, records)
    return {"tx": tx, "vcf": vcf, "gff3": gff3, "fasta": fasta, "out": tmp_path / "o/P.vcf.gz"}


def annotate(patient, **other):
    files = patient | other
    arguments = ["--vcf", files["vcf"], "--genes", files["gff3"], "--reference", files["fasta"]]
    return main(["annotate", *map(str, arguments), "--output", str(files["out"])])


def test_records_and_samples_are_kept_and_named(patient):
    assert annotate(patient) == 0
    found = list(VCF(str(patient["out"])))
    assert [(v.POS, v.FILTER) for v in found] == [
        (v.POS, v.FILTER) for v in VCF(str(patient["vcf"]))
    ]
    assert VCF(str(patient["out"])).samples == ["N", "T"]
    assert found[1].format("AD").tolist() == [[50, 7], [50, 7]]
    assert info(found[1], "SITE") == "a,b"
    downstream, snv, deletion, upstream = found
    assert info(downstream, "CONSEQUENCE") == "downstream_gene_variant"
    assert info(downstream, "HGVSC").startswith("c.*")
    assert info(downstream, "BCSQ") is None
    assert info(upstream, "HGVSC").startswith("c.-30")
    assert (info(snv, "GENE"), info(snv, "TRANSCRIPT")) == ("GENE1", "TX1")
    assert info(snv, "PROTEIN")[1] == "4" and info(snv, "RESIDUES") == 4
    assert info(snv, "BCSQ").split("|")[5].split(">")[0] in (
        info(snv, "PROTEIN")[1] + info(snv, "PROTEIN")[0],
    )
    assert decode(info(snv, "HGVSP")).startswith("p.")
    assert "frameshift_variant" in info(deletion, "CONSEQUENCE")
    assert "frameshift" in info(deletion, "BCSQ")


def test_alleles_have_vrs_identifiers(patient, tmp_path):
    """Of REF and ALT, as vrs-python names the fields; compare makes Alleles of them."""
    with pysam.FastaFile(str(patient["fasta"])) as fasta:
        bases = fasta.fetch("chr1")
    accession = f"SQ.{sha512t24u(hashlib.sha512(bases.encode()).digest())}"
    assert annotate(patient) == 0
    calls = CallVcf(patient["out"], formats=())
    assert calls.parameters["refget"] == f"chr1:{accession}"
    found = []
    for call in calls:
        found.append((call.ref, call.alt, *call.words("VRS_Allele_IDs"), call.words("VRS_States")))
        place = accession, call.pos - 1, call.ref
        rest = lambda _, a, b: bases[a:b], "chr1", len(bases)
        both = [vrs_allele(*place, one, *rest) for one in (call.ref, call.alt)]
        assert call.words("VRS_Allele_IDs") == [one.id for one in both]
        assert call.info["VRS_Starts"] == tuple(one.start for one in both)
        assert call.info["VRS_Ends"] == tuple(one.end for one in both)
        vrs = describe(call, stated_accessions(calls.parameters)).get("vrs")
        if call.filters == ("absent",):
            assert vrs is None
        else:
            assert msgspec.to_builtins(vrs) == both[1].made()
    # Three substitutions, whose state is literal, and a deletion.
    assert [(len(ref), states) for ref, _, _, _, states in found] == [
        (len(ref), [alt] if len(ref) == 1 else []) for ref, alt, *_ in found
    ]
    assert [len(ref) for ref, *_ in found] == [1, 1, 2, 1]
    # By the accessions of the panel step, and without those of other contigs.
    stated = tmp_path / "sequences.json"
    stated.write_text(json.dumps({"chr1": {"length": len(bases), "refget": "SQ." + 32 * "x"}}))
    arguments = ["--vcf", patient["vcf"], "--genes", patient["gff3"], "--sequences", stated]
    arguments += ["--reference", patient["fasta"], "--output", patient["out"]]
    assert main(["annotate", *map(str, arguments)]) == 0
    again = [call.words("VRS_Allele_IDs")[1] for call in CallVcf(patient["out"], formats=())]
    assert len(again) == 4 and not set(again) & {identifier for _, _, _, identifier, _ in found}
    stated.write_text("{}")
    assert main(["annotate", *map(str, arguments)]) == 0
    calls = CallVcf(patient["out"], formats=())
    assert "refget" not in calls.parameters
    assert not any(call.words("VRS_Allele_IDs") for call in calls)


def test_junctions_have_no_vrs_identifier(patient, tmp_path):
    with pysam.FastaFile(str(patient["fasta"])) as fasta:
        bases = fasta.fetch("chr1")
    records = [("chr1", 40, bases[39], "<DEL>", "PASS", "TYPE=DEL")]
    vcf = caller_vcf(tmp_path / "sv.vcf.gz", {"chr1": len(bases)}, records)
    assert annotate(patient, vcf=vcf) == 0
    (call,) = CallVcf(patient["out"], formats=()).junctions()
    assert not call.words("VRS_Allele_IDs") and "vrs" not in describe(call)


def test_index_answers_and_the_header_is_clean(patient, capfd):
    assert annotate(patient) == 0
    with pysam.VariantFile(str(patient["out"])) as vcf:
        assert len(list(vcf.fetch("chr1", 0, 100))) == 1
        assert {"BCSQ", "GENE", "SPLICE"} <= set(vcf.header.info)
        assert "resistpanel_version" in str(vcf.header)
    assert list(patient["out"].parent.iterdir()) == sorted(
        [patient["out"], patient["out"].with_name("P.vcf.gz.tbi")]
    )
    assert capfd.readouterr() == ("", "")


def test_the_same_input_gives_the_same_bytes(patient):
    assert annotate(patient) == 0
    first = patient["out"].read_bytes()
    assert annotate(patient) == 0
    assert patient["out"].read_bytes() == first


@pytest.mark.parametrize("text", ["p.Thr726=", "p.[Lys2Ile;Cys3Phe]", "p.*110Qext*17", "c.5A>C"])
def test_info_values_hold_no_reserved_character(text):
    assert not set(encode(text)) & set(";=, :\t")
    assert decode(encode(text)) == text


def refused(capsys, patient, *parts, **other):
    assert annotate(patient, **other) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for part in parts:
        assert part in said
    assert not patient["out"].exists()


def test_wrong_reference(capsys, patient, tmp_path):
    other = tmp_path / "other.fa"
    other.write_text(">chr1\n" + "N" * 600 + "\n")
    pysam.faidx(str(other))
    refused(
        capsys,
        patient,
        "call.vcf.gz (chr1:40): REF",
        "where the reference has N; give the reference that the VCF was made with",
        fasta=other,
    )


def test_contig_names_differ(capsys, patient, tmp_path):
    other = tmp_path / "nochr.gff3"
    other.write_text(patient["gff3"].read_text().replace("chr1\t", "1\t"))
    refused(capsys, patient, "contigs (chr1, ...) differ from those of", "panel adapt", gff3=other)


def test_reference_packed_with_gzip(capsys, patient, tmp_path):
    other = tmp_path / "plain.fa.gz"
    with gzip.open(other, "wt") as out:
        out.write(">chr1\nACGT\n")
    refused(capsys, patient, "plain.fa.gz: cannot be read", "bgzip, not gzip", fasta=other)


def test_missing_and_broken_files(capsys, patient, tmp_path):
    refused(capsys, patient, "none.vcf.gz: no such file", vcf=tmp_path / "none.vcf.gz")
    refused(capsys, patient, "none.fa: no such file", fasta=tmp_path / "none.fa")
    refused(capsys, patient, "none.gff3: no such file", gff3=tmp_path / "none.gff3")
    broken = tmp_path / "broken.vcf.gz"
    broken.write_bytes(b"not a vcf at all")
    refused(capsys, patient, "broken.vcf.gz: cannot be read as VCF", vcf=broken)


def test_more_than_one_alternative_allele(capsys, patient, tmp_path):
    base = patient["tx"].fetch("chr1", 39, 40)
    alts = ",".join("ACGT".replace(base, "")[:2])
    vcf = caller_vcf(tmp_path / "m.vcf.gz", {"chr1": 600}, [("chr1", 40, base, alts, "PASS", ".")])
    refused(capsys, patient, "m.vcf.gz (chr1:40): needs one alternative allele", vcf=vcf)


def test_annotating_twice(capsys, patient, tmp_path):
    assert annotate(patient) == 0
    again = patient | {"out": tmp_path / "again.vcf.gz", "vcf": patient["out"]}
    refused(capsys, again, "P.vcf.gz: has INFO/BCSQ already")


def test_whole_chromosomes_of_unknown_bases(tmp_path):
    """A chromosome at full length costs no more than the slices that are asked for."""
    size = 60_000_000
    coding = "ATGAAATGTACGGAGTAC"
    at = 59_000_000
    fasta = tmp_path / "big.fa"
    line = "N" * 100_000
    with fasta.open("w") as out:
        out.write(">chr9\n")
        for start in range(0, size, len(line)):
            row = line
            if start == at:
                row = coding + line[len(coding) :]
            out.write(row + "\n")
    packed = tmp_path / "big.fa.gz"
    pysam.tabix_compress(str(fasta), str(packed))
    fasta.unlink()
    pysam.faidx(str(packed))
    gff3 = tmp_path / "g.gff3"
    gene = Gene("G", "T", "chr9", "+", [(at, at + 18), (at + 500_000, at + 500_009)])
    gff3.write_text(gff3_text([gene], "test"))
    records = [("chr9", at + 8, "G", "C", "PASS", "TYPE=SNV")]
    vcf = caller_vcf(tmp_path / "c.vcf.gz", {"chr9": size}, records)
    out = tmp_path / "a.vcf.gz"
    files = {"vcf": vcf, "gff3": gff3, "fasta": packed, "out": out}
    assert annotate(files) == 0
    (found,) = VCF(str(out))
    assert (info(found, "HGVSC"), info(found, "HGVSP")) == ("c.8G>C", "p.Cys3Ser")
    assert "missense" in info(found, "BCSQ")


# --- the panel and real sequence -----------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"  # public data beside the checkout


@pytest.mark.skipif(
    not (SHARED / "facts/refcds138_hg19.json.gz").exists(), reason="../shared/facts is absent"
)
def test_the_paper_table_1():
    """Wagle et al. 2011, Table 1, where the gene's coding sequence is at hand."""
    with gzip.open(SHARED / "facts/refcds138_hg19.json.gz", "rt") as lines:
        sequences = json.load(lines)["genes"]
    genes = load_genes(ROOT / "panels/cancer138/hg19.gff3")

    def transcript(symbol):
        gene, coding = genes[symbol], sequences[symbol]["seq_cds"]
        bases = coding if gene.strand == "+" else reverse_complement(coding)
        places = [p for start, end in gene.cds for p in range(start, end)]
        known = dict(zip(places, bases, strict=True))
        return Transcript(
            gene, lambda chrom, s, e: "".join(known.get(p, "N") for p in range(max(s, 0), e))
        )

    expected = [
        ("BRAF", 140453136, "A", "T", "c.1799T>A", "p.Val600Glu", "V600E"),
        ("BRCA1", 41243891, "C", "T", "c.3657G>A", "p.Glu1219=", "E1219E"),
        ("BRCA1", 41246156, "G", "A", "c.1392C>T", "p.Thr464=", "T464T"),
        ("ERBB4", 212248617, "C", "T", "c.3650G>A", "p.Gly1217Glu", "G1217E"),
        ("FGFR4", 176522392, "C", "T", "c.1581C>T", "p.Ile527=", "I527I"),
        ("FLT1", 29005435, "C", "T", "c.826G>A", "p.Ala276Thr", "A276T"),
        ("MAP2K1", 66729154, "G", "C", "c.362G>C", "p.Cys121Ser", "C121S"),
        ("PDGFRB", 149497324, "G", "A", "c.2994C>T", "p.Leu998=", "L998L"),
        ("TERT", 1278863, "CC", "TT", "c.2178_2179delinsAA", "p.Glu727Lys", "T726T,E727K"),
        ("TERT", 1278863, "C", "T", "c.2179G>A", "p.Glu727Lys", "E727K"),
        ("TERT", 1278864, "C", "T", "c.2178G>A", "p.Thr726=", "T726T"),
    ]
    for symbol, pos, ref, alt, hgvs_c, hgvs_p, shorts in expected:
        found = effect(transcript(symbol), pos - 1, ref, alt)
        assert (found.hgvs_c, found.hgvs_p, ",".join(found.shorts)) == (hgvs_c, hgvs_p, shorts)


WINDOWS = SHARED / "real/hg38_windows/windows.fa.gz"


@pytest.fixture(scope="module")
def windows():
    """Real hg38 sequence: fetch(chrom, start, end) where a window covers it, else N."""
    if not WINDOWS.exists():
        pytest.skip("../shared/real/hg38_windows is absent")
    fasta = pysam.FastaFile(str(WINDOWS))
    spans = []
    for name in fasta.references:
        chrom, _, span = name.partition(":")
        first, last = map(int, span.split("-"))
        spans.append((chrom, first - 1, last, name))

    def fetch(chrom, start, end):
        for name, low, high, contig in spans:
            if name == chrom and low <= start and end <= high:
                return fasta.fetch(contig, start - low, end - low).upper()
        return "N" * (end - start)

    yield fetch
    fasta.close()


@pytest.mark.parametrize(
    ("symbol", "first", "last", "alt", "hgvs_c", "hgvs_p"),
    [
        # names that these well-known variants carry in ClinVar and COSMIC; the edit is given
        # by the coding bases first..last (an insertion: between them) and the new bases
        ("EGFR", 2573, 2573, "G", "c.2573T>G", "p.Leu858Arg"),
        ("EGFR", 2369, 2369, "T", "c.2369C>T", "p.Thr790Met"),
        ("EGFR", 2389, 2389, "A", "c.2389T>A", "p.Cys797Ser"),
        ("EGFR", 2235, 2249, "", "c.2235_2249del", "p.Glu746_Ala750del"),
        ("EGFR", 2236, 2250, "", "c.2236_2250del", "p.Glu746_Ala750del"),
        ("EGFR", 2240, 2257, "", "c.2240_2257del", "p.Leu747_Pro753delinsSer"),
        ("EGFR", 2310, 2311, "+GGT", "c.2310_2311insGGT", "p.Asp770_Asn771insGly"),
        ("EGFR", 2307, 2308, "+GCCAGCGTG", "c.2300_2308dup", "p.Ala767_Val769dup"),
        ("KIT", 2447, 2447, "T", "c.2447A>T", "p.Asp816Val"),
        ("KIT", 2009, 2009, "T", "c.2009C>T", "p.Thr670Ile"),
        ("KIT", 1669, 1674, "", "c.1669_1674del", "p.Trp557_Lys558del"),
        ("BRCA1", 66, 67, "", "c.68_69del", "p.Glu23ValfsTer17"),
        ("BRCA1", 5265, 5266, "+C", "c.5266dup", "p.Gln1756ProfsTer74"),
        ("BRCA1", 5251, 5251, "T", "c.5251C>T", "p.Arg1751Ter"),
        ("BRCA2", 5946, 5946, "", "c.5946del", "p.Ser1982ArgfsTer22"),
        ("VHL", 499, 499, "T", "c.499C>T", "p.Arg167Trp"),
    ],
)
def test_known_names_on_real_sequence(windows, symbol, first, last, alt, hgvs_c, hgvs_p):
    gene = load_genes(ROOT / "panels/cancer138/hg38.gff3")[symbol]
    low, high = sorted((gene.position(first), gene.position(last)))
    if alt.startswith("+"):
        low, high, alt = low + 1, high, alt[1:]
    else:
        high += 1
    new = alt if gene.strand == "+" else reverse_complement(alt)
    ref = windows(gene.chrom, low - 1, high)
    found = effect(Transcript(gene, windows), low - 1, ref, ref[0] + new)
    assert (found.hgvs_c, found.hgvs_p) == (hgvs_c, hgvs_p)


def test_tert_promoter_hotspots(windows):
    """Counted from the ATG, as the literature does: c.-124C>T and c.-146C>T."""
    gene = load_genes(ROOT / "panels/cancer138/hg38.gff3")["TERT"]
    for pos, name in ((1295113, "c.-124C>T"), (1295135, "c.-146C>T")):
        assert windows("chr5", pos - 1, pos) == "G"
        found = effect(Transcript(gene, windows), pos - 1, "G", "A")
        assert (found.hgvs_c, found.terms) == (name, ("upstream_gene_variant",))


def test_a_subclones_second_substitution_of_a_codon(make_gene, write_genome, tmp_path):
    """ABL1 T315I under a second substitution of its codon: T315M."""
    small = make_gene(codons="GAC" * 14 + "ACT" + "GAC" * 25, seed=9, chrom="chr9")
    fasta, gff3 = write_genome(small, tmp_path)
    exonic = [pos for start, end in small.gene.cds for pos in range(start, end)]
    codon = 3 * 15
    one, two, three = range(first := exonic[codon] + 1, first + 3)
    assert small.bases[one - 1 : three] == "ACT"
    vcf = caller_vcf(
        tmp_path / "P.vcf.gz",
        {"chr9": len(small.bases)},
        [
            ("chr9", two, "C", "T", "PASS", f"PHASE={three}_T_G_30_50"),
            ("chr9", three, "T", "G", "PASS", f"PHASE={two}_C_T_30_1"),
        ],
    )
    phase = '##INFO=<ID=PHASE,Number=.,Type=String,Description="Phase">\n'
    plain = vcf.with_suffix("")
    plain.write_text(plain.read_text().replace("##FORMAT=<ID=GT", phase + "##FORMAT=<ID=GT", 1))
    pysam.tabix_compress(str(plain), str(vcf), force=True)
    output = tmp_path / "annotated.vcf.gz"
    assert not annotate({"vcf": vcf, "gff3": gff3, "fasta": fasta, "out": output})
    first, second = VCF(str(output))
    assert decode(first.INFO["HGVSP"]) == "p.Thr16Ile"
    assert first.INFO.get("HAPLOTYPE") is None
    assert decode(second.INFO["HGVSP"]) == "p.Thr16Met"
    assert (second.INFO["PROTEIN"], second.INFO["CONSEQUENCE"]) == ("T16M", "missense_variant")
    assert second.INFO["HGVSC"] == "c.47_48delinsTG"
    assert second.INFO["HAPLOTYPE"] == f"{two}_C_T"
    assert decode(second.INFO["HGVSP_ALONE"]) == "p.Thr16="


def codon_of(small, residue):
    """Return the 1-based positions of a codon's bases, in coding order."""
    return [pos + 1 for pos in small.gene.codon(residue)]


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("model", ["somatic", "germline"])
def test_no_fragment_shows_the_phase_of_two_alleles_of_a_codon(
    make_gene, write_genome, tmp_path, strand, seed, model
):
    """A codon that an intron divides: both readings are named."""
    small = make_gene(strand, seed=seed, exons=(31, 31, 31), intron=900, chrom="chr9")
    fasta, gff3 = write_genome(small, tmp_path)
    codon = codon_of(small, 11)
    one, two = sorted((codon[0], codon[2]))
    others = {"A": "G", "C": "T", "G": "A", "T": "C"}
    first, second = ((small.bases[at - 1], others[small.bases[at - 1]]) for at in (one, two))
    records = [
        ("chr9", one, *first, "PASS", f"MODEL={model}"),
        ("chr9", two, *second, "PASS", "MODEL=somatic"),
    ]
    joint = joint_effect(small.transcript, [(one - 1, *first), (two - 1, *second)]).hgvs_p
    found = annotated(tmp_path, small, fasta, gff3, records)
    assert [decode(r.INFO["HGVSP_UNPHASED"].split("_", 3)[3]) for r in found[1:]] == [joint]
    assert found[1].INFO["HGVSP_UNPHASED"].startswith(f"{one}_{first[0]}_{first[1]}_")
    # An inherited allele is on molecules without the new one, as the normal shows.
    assert (found[0].INFO.get("HGVSP_UNPHASED") is None) == (model == "germline")


def test_alleles_of_a_codon_with_known_phase_have_no_caution(make_gene, write_genome, tmp_path):
    """Two inherited ones of one exon, what is filtered, and alleles of other codons neither."""
    small = make_gene(seed=3, exons=(31, 31, 31), intron=900, chrom="chr9")
    fasta, gff3 = write_genome(small, tmp_path)
    others = {"A": "G", "C": "T", "G": "A", "T": "C"}

    def record(pos, filters="PASS", more="MODEL=somatic"):
        base = small.bases[pos - 1]
        return ("chr9", pos, base, others[base], filters, more)

    one, _, three = codon_of(small, 11)
    apart = [record(one), record(three + 3)]
    filtered = [record(one), record(three, "weak")]
    low, high, _ = codon_of(small, 5)
    inherited = [
        record(low, "germline", "MODEL=germline"),
        record(high, "germline", "MODEL=germline"),
    ]
    for records in (apart, filtered, inherited):
        found = annotated(tmp_path, small, fasta, gff3, records)
        assert all(r.INFO.get("HGVSP_UNPHASED") is None for r in found)
    # Of the same exon, but too few fragments for PHASE: open.
    found = annotated(tmp_path, small, fasta, gff3, [record(low), record(high)])
    assert all(r.INFO.get("HGVSP_UNPHASED") for r in found)


def annotated(folder, small, fasta, gff3, records):
    """Annotate records of the caller that have MODEL in their INFO."""
    vcf = caller_vcf(folder / "P.vcf.gz", {small.chrom: len(small.bases)}, records)
    declared = "".join(
        f'##{kind}=<ID={name},{number}Description="{name}">\n'
        for kind, name, number in (
            ("INFO", "MODEL", "Number=1,Type=String,"),
            ("INFO", "PHASE", "Number=.,Type=String,"),
            ("FILTER", "germline", ""),
            ("FILTER", "weak", ""),
        )
    )
    plain = vcf.with_suffix("")
    plain.write_text(plain.read_text().replace("##FORMAT=<ID=GT", declared + "##FORMAT=<ID=GT", 1))
    pysam.tabix_compress(str(plain), str(vcf), force=True)
    output = folder / "annotated.vcf.gz"
    assert not annotate({"vcf": vcf, "gff3": gff3, "fasta": fasta, "out": output})
    return list(VCF(str(output)))
