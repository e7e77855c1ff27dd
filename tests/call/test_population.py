"""What other people's samples say: germline resource, panel of normals, foreign DNA."""

import numpy as np
import pysam
import pytest
from callkit import Patient, Variant, other, random_sequence, write_reference
from scipy import stats

from resistpanel.call.call_constants import GENOTYPE_ERROR
from resistpanel.call.model import contamination
from resistpanel.call.model.population import RECURS, UNSTATED, Resource, log_germline_prior
from resistpanel.cli import main
from resistpanel.core.allele import Allele
from resistpanel.core.errors import InputError
from resistpanel.core.reference import Reference
from resistpanel.core.stats import log_beta_binomial

SEQUENCE = "GATTACAGGCTTTTTTAGCCATGCA"


def write_vcf(path, rows, fields='##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n') -> str:
    """Write an indexed VCF over SEQUENCE."""
    text = f"##fileformat=VCFv4.3\n##contig=<ID=c,length={len(SEQUENCE)}>\n{fields}"
    text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(text + "".join(f"c\t{p}\t.\t{r}\t{a}\t.\t.\t{i}\n" for p, r, a, i in rows))
    return pysam.tabix_index(str(path), preset="vcf", force=True)


class TestResource:
    @pytest.fixture
    def reference(self, tmp_path):
        return Reference(write_reference(tmp_path / "ref.fa", {"c": SEQUENCE, "d": "ACGT"}))

    @pytest.fixture
    def resource(self, tmp_path):
        rows = [
            (4, "T", "A", "AF=0.2"),
            (5, "A", "C,G", "AF=0.01,0.3"),
            (7, "A", "C", "."),
            (10, "CT", "C", "AF=0.07"),
        ]
        return Resource(write_vcf(tmp_path / "r.vcf", rows), "AF")

    @pytest.mark.parametrize(
        ("allele", "expected"),
        [
            (Allele("c", 3, "T", "A"), 0.2),
            (Allele("c", 3, "T", "C"), None),
            (Allele("c", 4, "A", "C"), 0.01),
            (Allele("c", 4, "A", "G"), 0.3),
            (Allele("c", 6, "A", "C"), UNSTATED),
            (Allele("c", 10, "T", ""), 0.07),
            (Allele("c", 10, "TT", ""), None),
            (Allele("d", 1, "C", "T"), None),
        ],
    )
    def test_lookup(self, resource, reference, allele, expected):
        found = resource.lookup(allele, reference)
        assert found == (None if expected is None else pytest.approx(expected))

    @pytest.mark.parametrize(
        "rows",
        [
            [(4, "T", "A", "AF=0.3"), (10, "CT", "C", "AF=0.3")],
            [(4, "T", "C,A", "AF=0.001,0.3"), (10, "CT", "CTT,C", "AF=0.001,0.3")],
            # padded to the longest allele of the record
            [(4, "TA", "T,AA", "AF=0.001,0.3"), (10, "CTT", "C,CT", "AF=0.001,0.3")],
            # not left-aligned
            [(4, "T", "A", "AF=0.3"), (13, "TT", "T", "AF=0.3")],
            [(4, "t", "a", "AF=0.3"), (10, "ct", "c", "AF=0.3")],
        ],
    )
    @pytest.mark.parametrize("contig", ["c", "chrc"])
    def test_however_it_is_written(self, tmp_path, reference, rows, contig):
        path = tmp_path / "r.vcf"
        text = f"##fileformat=VCFv4.3\n##contig=<ID={contig},length={len(SEQUENCE)}>\n"
        text += '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
        text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        path.write_text(
            text + "".join(f"{contig}\t{p}\t.\t{r}\t{a}\t.\t.\t{i}\n" for p, r, a, i in rows)
        )
        resource = Resource(pysam.tabix_index(str(path), preset="vcf", force=True), "AF")
        assert resource.lookup(Allele("c", 3, "T", "A"), reference) == pytest.approx(0.3)
        assert resource.lookup(Allele("c", 10, "T", ""), reference) == pytest.approx(0.3)
        assert resource.lookup(Allele("c", 3, "T", "G"), reference) is None

    def test_a_panel_of_normals_of_sites_alone(self, tmp_path, reference):
        """It lists what recurs; one with genotypes counts the samples."""
        resource = Resource(write_vcf(tmp_path / "p.vcf", [(4, "T", "A", ".")], ""), "NORMALS")
        assert resource.lookup(Allele("c", 3, "T", "A"), reference) == RECURS > 1
        assert resource.lookup(Allele("c", 3, "T", "C"), reference) is None
        text = f"##fileformat=VCFv4.3\n##contig=<ID=c,length={len(SEQUENCE)}>\n"
        text += '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
        text += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\td\n"
        path = tmp_path / "g.vcf"
        path.write_text(text + "c\t4\t.\tT\tA,C\t.\t.\t.\tGT\t0/1\t1/2\t0/0\n")
        resource = Resource(pysam.tabix_index(str(path), preset="vcf", force=True), "NORMALS")
        assert resource.lookup(Allele("c", 3, "T", "A"), reference) == 2
        assert resource.lookup(Allele("c", 3, "T", "C"), reference) == 1

    def test_faults(self, tmp_path, capfd):
        with pytest.raises(InputError, match=r"no\.vcf\.gz: cannot be read as VCF"):
            Resource(str(tmp_path / "no.vcf.gz"), "AF")
        path = write_vcf(tmp_path / "r.vcf", [])
        with pytest.raises(InputError, match=r"r\.vcf\.gz: declares no INFO/POPMAX"):
            Resource(path, "POPMAX")
        (tmp_path / "r.vcf.gz.tbi").unlink()
        with pytest.raises(InputError, match=r"r\.vcf\.gz: has no index"):
            Resource(path, "AF")
        capfd.readouterr()

    def test_prior(self):
        """Hardy and Weinberg: at a frequency of 0.1, 19 % of people carry the allele."""
        assert np.exp(log_germline_prior(0.1)) == pytest.approx(0.19)
        assert np.exp(log_germline_prior(1.0)) == pytest.approx(1, abs=1e-6)
        assert log_germline_prior(0.0) > -20
        assert np.exp(log_germline_prior(None)) < 1e-3


def test_panel_of_normals(tmp_path):
    """What recurs in normals is no call any more; what one of them has still is."""
    sequence = random_sequence(1500, 71)
    recurrent = Variant(700, sequence[700], other(sequence[700]))
    recurrent.af = {"n1": 0.05, "n2": 0.06, "n3": 0.05, "t": 0.08}
    single = Variant(800, sequence[800], other(sequence[800]), {"n1": 0.1, "t": 0.1})
    true = Variant(900, sequence[900], other(sequence[900]), {"t": 0.1})
    variants = [recurrent, single, true]
    people = Patient(sequence, [(600, 1000)], variants, {"n1": 200, "n2": 200, "n3": 200})
    normals = people.write(tmp_path / "normals")
    pon = tmp_path / "pon.vcf.gz"
    words = ["call", "--build-pon", "--reference", str(normals.reference)]
    words += ["--targets", str(normals.targets), "--output", str(pon)]
    for bam in normals.bams.values():
        words += ["--normal", str(bam)]
    assert main(words) == 0
    with pysam.VariantFile(str(pon)) as handle:
        found = {(r.pos, r.ref, r.alts[0]): r.info["NORMALS"] for r in handle}
    assert found == {recurrent.vcf(sequence): 3}

    patient = Patient(sequence, [(600, 1000)], variants, {"normal": 60, "t": 300}, seed=2)
    written = patient.write(tmp_path / "patient")
    plain = written.call()
    assert plain.passing() == [v.vcf(sequence) for v in variants]
    calls = written.call(pon=str(pon))
    assert calls.passing() == [v.vcf(sequence) for v in (single, true)]
    record = calls.find(*recurrent.vcf(sequence))
    assert record.filters == ["panel_of_normals"]
    assert record.info["NORMALS"] == 3


@pytest.mark.parametrize(
    ("normals", "tumor", "message"),
    [(1, 0, "needs two or more --normal and no --tumor"), (2, 1, "needs two or more --normal")],
)
def test_panel_of_normals_refuses(tmp_path, capfd, normals, tumor, message):
    words = ["call", "--build-pon", "--reference", "r", "--targets", "t", "--output", "x.vcf.gz"]
    words += ["--normal", "n.bam"] * normals + ["--tumor", "t.bam"] * tumor
    assert main(words) == 2
    assert capfd.readouterr().err.startswith(f"resistpanel: error: --build-pon: {message}")


class TestContamination:
    """Sites where the patient is homozygous: foreign alleles at c, c/2 or not at all."""

    @staticmethod
    def counts(fraction, sites=60, depth=800, seed=1):
        rng = np.random.default_rng(seed)
        copies = rng.choice([0, 1, 2], sites, p=[0.3, 0.4, 0.3])
        n = rng.poisson(depth, sites)
        return rng.binomial(n, fraction * copies / 2 + GENOTYPE_ERROR), n

    @pytest.mark.parametrize("fraction", [0.005, 0.02, 0.1])
    @pytest.mark.parametrize("seed", range(3))
    def test_found(self, fraction, seed):
        found = contamination.contamination(*self.counts(fraction, seed=seed))
        assert found.found
        assert found.low <= found.value <= found.high
        assert found.value == pytest.approx(fraction, rel=0.35)
        assert found.low <= fraction * 1.1
        assert found.high >= fraction * 0.9

    @pytest.mark.parametrize("seed", range(5))
    def test_none(self, seed):
        assert not contamination.contamination(*self.counts(0.0, seed=seed)).found

    def test_too_few_sites(self):
        found = contamination.contamination(*self.counts(0.1, sites=3))
        assert (found.value, found.found, found.sites) == (None, None, 3)


class TestTumorInNormal:
    @staticmethod
    def counts(fraction, variants=20, seed=1):
        rng = np.random.default_rng(seed)
        f = rng.uniform(0.1, 0.6, variants)
        n, m = rng.poisson(600, variants), rng.poisson(900, variants)
        k = rng.binomial(n, fraction * f + GENOTYPE_ERROR)
        return k, n, rng.binomial(m, f), m

    @pytest.mark.parametrize("fraction", [0.02, 0.05, 0.2])
    def test_found(self, fraction):
        found = contamination.tumor_in_normal(*self.counts(fraction))
        assert found.found
        assert found.low <= fraction <= found.high
        assert found.value == pytest.approx(fraction, rel=0.3)

    @pytest.mark.parametrize("seed", range(4))
    def test_none(self, seed):
        assert not contamination.tumor_in_normal(*self.counts(0.0, seed=seed)).found

    def test_germline_is_left_out(self):
        """Variants that the normal shows as the tumour does tell nothing of a leak."""
        k, n, x, m = self.counts(0.0)
        half = np.full(5, 300)
        many = np.full(5, 600)
        joined = [np.append(a, b) for a, b in zip((k, n, x, m), (half, many) * 2, strict=True)]
        assert not contamination.tumor_in_normal(*joined).found

    def test_likelihood_is_beta_binomial(self):
        """Without overdispersion a binomial, with it a beta-binomial, up to constants."""
        k, n = np.array([3, 7]), np.array([100, 200])
        for rho, law in (
            (0.0, lambda k, n: stats.binom.logpmf(k, n, 0.04)),
            (0.01, lambda k, n: stats.betabinom.logpmf(k, n, 0.04 * 99, 0.96 * 99)),
        ):
            one = log_beta_binomial(np.array([0.04]), k, n, rho)
            assert one - law(k, n) == pytest.approx(
                log_beta_binomial(np.array([0.09]), k, n, 0.0) - stats.binom.logpmf(k, n, 0.09)
            )
