"""`resistpanel call`: the file it writes, and one line for every fault of its input."""

import gzip
import shutil

import cyvcf2
import pysam
import pysam.bcftools
import pytest
from callkit import Patient, Variant, other, random_sequence, write_bam, write_bed, write_sites

from resistpanel.call.filters import FILTERS
from resistpanel.call.vcf_writer import FORMAT, INFO, Record, line, number
from resistpanel.cli import main

SEQUENCE = random_sequence(1800, 51)
VARIANTS = [
    Variant(700, SEQUENCE[700], other(SEQUENCE[700]), {"pre": 0.2, "post": 0.2}),
    Variant(800, SEQUENCE[800:804], "", {"post": 0.2}),
    Variant(900, SEQUENCE[900], other(SEQUENCE[900]), {"normal": 0.5, "pre": 0.5, "post": 0.5}),
    Variant(960, "", SEQUENCE[960:975], {"post": 0.3}),
]


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patient")
    samples = {"normal": 80, "pre": 120, "post": 120}
    made = Patient(SEQUENCE, [(500, 1200)], VARIANTS, samples).write(folder)
    sites = [
        ("chr1", 1101, "A1", SEQUENCE[1100], other(SEQUENCE[1100])),
        ("chr1", 701, "B1;B2", SEQUENCE[700], other(SEQUENCE[700])),
    ]
    write_sites(folder / "sites.vcf", sites)
    return made


def arguments(patient, output, **more) -> list[str]:
    """Return the command line; an option that is None is left out."""
    options = {
        "reference": patient.reference,
        "targets": patient.targets,
        "normal": patient.bams["normal"],
        "sites": patient.reference.parent / "sites.vcf",
        "output": output,
    } | more
    words = ["call"]
    for name, value in options.items():
        words += [] if value is None else [f"--{name}", str(value)]
    if "tumor" not in more:
        words += ["--tumor", str(patient.bams["pre"]), "--tumor", str(patient.bams["post"])]
    return words


@pytest.fixture(scope="module")
def output(patient, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "deep" / "somatic.vcf.gz"
    assert main(arguments(patient, path)) == 0
    return path


class TestFile:
    def test_bcftools_reads_it_without_a_word(self, output, capfd):
        text = pysam.bcftools.view(str(output))
        assert capfd.readouterr().err == ""
        body = [row for row in text.splitlines() if not row.startswith("##")]
        with gzip.open(output, "rt") as handle:
            written = [row.rstrip("\n") for row in handle if not row.startswith("##")]
        # bcftools writes back what it read, number for number
        assert body == written

    def test_bcftools_finds_its_header_whole(self, output, capfd):
        """Types and numbers fit: a conversion to BCF and back changes nothing."""
        bcf = output.with_name("x.bcf")
        pysam.bcftools.view("-Ob", "-o", str(bcf), str(output), catch_stdout=False)
        assert pysam.bcftools.view("-H", str(bcf)) == pysam.bcftools.view("-H", str(output))
        assert capfd.readouterr().err == ""

    def test_norm_finds_nothing_to_do(self, output, patient):
        """Alleles stand left-aligned, and REF is the reference."""
        reference = str(patient.reference)
        normal = pysam.bcftools.norm("-c", "e", "-f", reference, str(output))
        records = [row for row in normal.splitlines() if not row.startswith("#")]
        assert records == pysam.bcftools.view("-H", str(output)).splitlines()

    def test_cyvcf2_reads_it_without_a_word(self, output, capfd):
        vcf = cyvcf2.VCF(str(output))
        assert vcf.samples == ["normal", "pre", "post"]
        records = list(vcf)
        assert capfd.readouterr().err == ""
        first = records[0]
        assert [first.POS, first.REF, *first.ALT] == [701, SEQUENCE[700], other(SEQUENCE[700])]
        assert first.FILTER is None
        assert first.INFO["TYPE"] == "SNV"
        assert isinstance(first.INFO["SOMATIC_PHRED"], float)
        assert first.INFO["SITE"] == "B1,B2"
        assert first.format("AD").shape == (3, 2)
        assert first.format("AFCI").shape == (3, 2)
        assert first.format("DET").ravel().tolist() == [0, 1, 1]
        assert first.gt_types.tolist() == [0, 1, 1]
        assert first.format("DP").ravel().tolist() == first.format("AD").sum(1).tolist()

    def test_header(self, output):
        with pysam.VariantFile(str(output)) as handle:
            head = handle.header
            text = str(head)
            assert head.version == "VCFv4.3"
            assert {r for r in head.filters if r != "PASS"} == {f.name for f in FILTERS} | {
                "absent"
            }
            assert set(head.info) == {name for name, *_ in INFO}
            assert set(head.formats) == {name for name, *_ in FORMAT}
            for table, rows in ((head.info, INFO), (head.formats, FORMAT)):
                for name, count, kind, description in rows:
                    assert str(table[name].number) == count
                    assert table[name].type == kind
                    assert table[name].description == description
            assert list(head.contigs) == ["chr1"]
            assert head.contigs["chr1"].length == len(SEQUENCE)
        for key in ("##source=resistpanel ", "##reference=ref.fa", "##resistpanel_mode=paired"):
            assert key in text
        assert "##resistpanel_normal=normal\n" in text
        assert "##resistpanel_error_rate_post=" in text
        assert f"##resistpanel_target_bases={1200 - 500}\n" in text

    def test_index(self, output):
        assert output.with_name(output.name + ".tbi").exists()
        with pysam.VariantFile(str(output)) as handle:
            assert [r.pos for r in handle.fetch("chr1", 700, 701)] == [701]

    def test_filters(self, output):
        """PASS, or names that the header declares; `absent` only where it was asked for."""
        with pysam.VariantFile(str(output)) as handle:
            found = {r.pos: (list(r.filter), r.info.get("FORCED", False)) for r in handle}
        assert found[701] == (["PASS"], True)
        assert found[901] == (["germline"], False)
        assert found[1101] == (["absent"], True)

    def test_nothing_is_left_over(self, output):
        names = {p.name for p in output.parent.iterdir()} - {"x.bcf"}
        assert names == {"somatic.vcf.gz", "somatic.vcf.gz.tbi"}


class TestDeterminism:
    @pytest.mark.parametrize("threads", ["1", "2", "8"])
    def test_same_bytes(self, patient, output, tmp_path, threads):
        again = tmp_path / "again.vcf.gz"
        assert main(arguments(patient, again, threads=threads)) == 0
        assert again.read_bytes() == output.read_bytes()
        index = again.with_name("again.vcf.gz.tbi")
        assert index.read_bytes() == output.with_name("somatic.vcf.gz.tbi").read_bytes()

    def test_cram_gives_the_same_calls(self, patient, output, tmp_path):
        crams = {}
        for name, bam in patient.bams.items():
            crams[name] = tmp_path / f"{name}.cram"
            reference = str(patient.reference)
            pysam.samtools.view(
                "-C", "-T", reference, "-o", str(crams[name]), str(bam), catch_stdout=False
            )
            pysam.samtools.index(str(crams[name]))
        path = tmp_path / "cram.vcf.gz"
        words = arguments(patient, path, normal=crams["normal"], tumor=crams["pre"])
        assert main([*words, "--tumor", str(crams["post"])]) == 0
        assert path.read_bytes() == output.read_bytes()


class TestNumbers:
    def test_number(self):
        assert number(0.123456) == "0.1235"
        assert number(None) == "."
        assert number(float("nan")) == "."
        assert number(float("inf")) == "."
        assert number(0) == "0"
        assert number(1e-7) == "1e-07"

    def test_line(self):
        cell = {"GT": "./.", "AD": [0, 0], "DP": 0, "AF": None, "AFCI": [None, None], "DET": None}
        info = {
            "TYPE": "SNV",
            "SOMATIC_PHRED": 3.0,
            "SITE": [],
            "FORCED": False,
            "ODDS_ARTIFACT": None,
        }
        made = line(Record("c", 7, "A", "C", ["weak", "strand"], info, [cell]))
        assert made == (
            "c\t7\t.\tA\tC\t3\tweak;strand\tTYPE=SNV;SOMATIC_PHRED=3\tGT:AD:ADF:ADR:DP:AF:AFCI:LOD:LODN:"
            "UB:DET:PRESENCE:ERR:CRIT\t./.:0,0:.:.:0:.:.,.:.:.:.:.:.:.:.\n"
        )


def fails(capfd, words, message):
    """Assert that a command ends with exit status 2 and exactly one line."""
    capfd.readouterr()
    assert main([str(w) for w in words]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err == f"resistpanel: error: {message}\n"


class TestFaults:
    """Each is one line that names file, place and cure; nothing is written."""

    @pytest.fixture
    def out(self, tmp_path):
        path = tmp_path / "out" / "somatic.vcf.gz"
        yield path
        assert not path.parent.exists() or not list(path.parent.iterdir())

    def copy(self, patient, tmp_path, sample="pre", groups=None, contigs=None, **more):
        """Return an empty BAM of the patient under another header."""
        contigs = contigs or {"chr1": len(SEQUENCE)}
        return write_bam(tmp_path / f"{sample}.bam", contigs, [], groups=groups, **more)

    def test_output_suffix(self, patient, tmp_path, capfd):
        path = tmp_path / "calls.vcf"
        words = arguments(patient, path)
        fails(capfd, words, f"--output {path}: the output must end in .vcf.gz")

    @pytest.mark.parametrize(
        ("option", "value", "least"),
        [("padding", -1, 0), ("threads", 0, 1), ("min-mapq", -5, 0), ("min-qual", -1, 0)],
    )
    def test_numbers(self, patient, out, capfd, option, value, least):
        words = arguments(patient, out, **{option: value})
        fails(capfd, words, f"--{option} {value}: must be {least} or more")

    def test_no_tumor(self, patient, out, capfd):
        message = "--tumor: none given; give one or more"
        fails(capfd, arguments(patient, out, tumor=None), message)

    def test_two_normals(self, patient, out, capfd):
        words = [*arguments(patient, out), "--normal", patient.bams["pre"]]
        fails(capfd, words, "--normal: 2 given; a patient has one")

    def test_bam_missing(self, patient, out, tmp_path, capfd):
        path = tmp_path / "no.bam"
        message = f"{path}: cannot be read as BAM or CRAM; check the file"
        fails(capfd, arguments(patient, out, tumor=path), message)

    def test_not_a_bam(self, patient, out, tmp_path, capfd):
        path = tmp_path / "text.bam"
        path.write_text("not a BAM\n")
        message = f"{path}: cannot be read as BAM or CRAM; check the file"
        fails(capfd, arguments(patient, out, tumor=path), message)

    def test_truncated(self, patient, out, tmp_path, capfd):
        path = tmp_path / "cut.bam"
        data = patient.bams["pre"].read_bytes()
        path.write_bytes(data[: len(data) * 2 // 3])
        shutil.copy(f"{patient.bams['pre']}.bai", f"{path}.bai")
        fails(
            capfd,
            arguments(patient, out, tumor=path),
            f"{path}: truncated (its end-of-file block is missing); copy or recreate it",
        )

    def test_not_indexed(self, patient, out, tmp_path, capfd):
        path = self.copy(patient, tmp_path, index=False)
        message = f"{path}: has no index; run samtools index"
        fails(capfd, arguments(patient, out, tumor=path), message)

    @pytest.mark.parametrize(
        ("groups", "told"),
        [
            ("", "none"),
            ("@RG\tID:1\n", "none"),
            ("@RG\tID:1\tSM:a\n@RG\tID:2\tSM:b\n", "a, b"),
        ],
    )
    def test_no_single_sample(self, patient, out, tmp_path, capfd, groups, told):
        path = self.copy(patient, tmp_path, groups=groups)
        fails(
            capfd,
            arguments(patient, out, tumor=path),
            f"{path}: read groups must name one sample (SM), found {told}; "
            "run samtools addreplacerg",
        )

    def test_several_read_groups_of_one_sample(self, patient, tmp_path):
        groups = "@RG\tID:1\tSM:pre\n@RG\tID:2\tSM:pre\n"
        path = self.copy(patient, tmp_path, groups=groups)
        assert main(arguments(patient, tmp_path / "x.vcf.gz", tumor=path)) == 0

    def test_one_name_twice(self, patient, out, tmp_path, capfd):
        path = self.copy(patient, tmp_path, sample="normal")
        fails(
            capfd,
            arguments(patient, out, tumor=path),
            f"sample 'normal' is named by {patient.bams['normal']} and {path}; give each once",
        )

    def test_naming_of_contigs(self, patient, out, tmp_path, capfd):
        path = self.copy(patient, tmp_path, contigs={"1": len(SEQUENCE)})
        fails(
            capfd,
            arguments(patient, out, tumor=path),
            f"{path}: its header has no contig 'chr1'; reads, targets and reference must use one "
            "naming (chr1 or 1)",
        )

    def test_another_build(self, patient, out, tmp_path, capfd):
        path = self.copy(patient, tmp_path, contigs={"chr1": 999})
        fails(
            capfd,
            arguments(patient, out, tumor=path),
            f"{path}: contig chr1 has 999 bases here and {len(SEQUENCE)} in {patient.reference}; "
            "give the reference that the reads were aligned to",
        )

    def test_another_order_of_contigs(self, tmp_path, out, capfd):
        contigs = {"chr1": len(SEQUENCE), "chr2": len(SEQUENCE)}
        fasta = tmp_path / "two.fa"
        fasta.write_text("".join(f">{c}\n{SEQUENCE}\n" for c in contigs))
        pysam.samtools.faidx(str(fasta))
        bed = write_bed(tmp_path / "two.bed", [("chr1", 5, 50), ("chr2", 5, 50)])
        one = write_bam(tmp_path / "one.bam", contigs, [])
        two = write_bam(tmp_path / "two.bam", dict(reversed(contigs.items())), [])
        words = ["call", "--reference", fasta, "--targets", bed, "--normal", one, "--tumor", two]
        fails(
            capfd,
            [*words, "--output", out],
            f"{two}: the order of contigs differs from that in {one}; "
            "sort the BAMs by one reference",
        )

    def test_reference_missing(self, patient, out, tmp_path, capfd):
        path = tmp_path / "no.fa"
        message = f"{path}: no such file; give the reference FASTA"
        fails(capfd, arguments(patient, out, reference=path), message)

    @pytest.mark.parametrize(
        ("text", "place", "message"),
        [
            (None, "", "no such file; give the panel's BED"),
            ("", "", "the file contains no targets; give the panel's BED"),
            (
                "chr1\t5\n",
                ":1",
                "fewer than 3 columns; BED columns are tab-separated",
            ),
            ("chr1\t5\t9\nchr1\t9\t9\n", ":2", "start 9 is not below end 9; BED is 0-based"),
            (
                "1\t5\t9\n",
                "",
                "contig '1' is not in REF; use targets of the same build and naming (chr1 or 1)",
            ),
            (
                "chr1\t1800\t1900\n",
                "",
                "chr1:1801-1900 is beyond the end of the contig; use targets of the same build",
            ),
        ],
    )
    def test_targets(self, patient, out, tmp_path, capfd, text, place, message):
        path = tmp_path / "t.bed"
        if text is not None:
            path.write_text(text)
        message = message.replace("REF", str(patient.reference))
        fails(capfd, arguments(patient, out, targets=path), f"{path}{place}: {message}")

    def test_sites_of_another_reference(self, patient, out, tmp_path, capfd):
        base = SEQUENCE[700]
        path = write_sites(tmp_path / "s.vcf", [("chr1", 701, "x", other(base), base)])
        fails(
            capfd,
            arguments(patient, out, sites=path),
            f"{path}: chr1:701 REF is {other(base)}, the reference has {base}; "
            "make the sites for this reference",
        )

    def test_sites_of_another_naming(self, patient, out, tmp_path, capfd):
        path = write_sites(tmp_path / "s.vcf", [("1", 701, "x", "A", "C")])
        fails(
            capfd,
            arguments(patient, out, sites=path),
            f"{path}: none of its contigs ('1' and so on) is in {patient.reference}; "
            "use sites of the same build and naming (chr1 or 1)",
        )

    def test_some_sites_on_other_contigs_are_no_fault(self, patient, tmp_path):
        rows = [("chrX", 5, "x", "A", "C"), ("chr1", 701, "y", SEQUENCE[700], other(SEQUENCE[700]))]
        path = write_sites(tmp_path / "s.vcf", rows)
        assert main(arguments(patient, tmp_path / "x.vcf.gz", sites=path)) == 0

    def test_sites_missing(self, patient, out, tmp_path, capfd):
        path = tmp_path / "no.vcf"
        message = f"[Errno 2] Could not open variant file: No such file or directory: '{path}'"
        fails(
            capfd,
            arguments(patient, out, sites=path),
            f"{path}: cannot be read as VCF; {message}",
        )

    def test_an_earlier_result_is_kept(self, patient, tmp_path, capfd):
        """A call that fails leaves the file of the call before as it was."""
        path = tmp_path / "somatic.vcf.gz"
        path.write_bytes(b"earlier")
        broken = tmp_path / "no.bam"
        assert main(arguments(patient, path, tumor=broken)) == 2
        assert path.read_bytes() == b"earlier"
        capfd.readouterr()


@pytest.mark.parametrize(
    ("option", "taken"),
    [("output", "reference"), ("output", "tumor"), ("counts", "tumor"), ("counts", "output")],
)
def test_no_output_replaces_another_file(patient, tmp_path, capsys, option, taken):
    """A BAM, or the calls, must not be lost to figures."""
    output = tmp_path / "somatic.vcf.gz"
    given = {"reference": patient.reference, "tumor": patient.bams["pre"], "output": output}
    link = tmp_path / "link.vcf.gz"
    link.symlink_to(given[taken])
    before = patient.bams["pre"].read_bytes()
    words = [*arguments(patient, output), f"--{option}", str(link)]
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    what = "that of --output" if taken == "output" else "a file that is read"
    assert line == f"resistpanel: error: --{option} {link}: is {what}; name another file"
    assert not output.exists() and patient.bams["pre"].read_bytes() == before


def test_counts_do_not_go_with_a_panel_of_normals(patient, tmp_path, capsys):
    words = arguments(patient, tmp_path / "pon.vcf.gz", sites=None, tumor=None)
    words += ["--normal", str(patient.bams["pre"]), "--build-pon", "--counts", "counts.json"]
    assert main(words) == 2
    assert "--counts: does not go with --build-pon" in capsys.readouterr().err
