"""An assay: what it holds, that it is what was built, and what a run takes from it."""

import argparse
import json
import shutil
import zlib

import msgspec
import pysam
import pytest
import yaml

from resistpanel.call.vcf_writer import write_pon
from resistpanel.cli import main
from resistpanel.core.allele import Allele
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.intervals import read_targets
from resistpanel.core.made import VERSION, Made, differences
from resistpanel.core.vcf import CallVcf
from resistpanel.inputs.binding import Steps
from resistpanel.inputs.check_assays import check_reference
from resistpanel.inputs.config import settings
from resistpanel.inputs.plan import make_plan
from resistpanel.qc.assay_folder import read_assay, write_assay
from resistpanel.records.validation import RecallAtAf
from resistpanel.testing.assay_command import _wanted, register
from resistpanel.testing.assay_normals import panel_without
from resistpanel.testing.dossier import detected_from, median_cv, pair_agreement
from resistpanel.testing.spike_bams import Spike, identity, spike


def edited(folder, **parts):
    """Change ``assay.yaml`` by hand."""
    path = folder / "assay.yaml"
    value = yaml.safe_load(path.read_text()) | parts
    path.write_text(yaml.safe_dump(value))


@pytest.fixture
def copied(assay, tmp_path):
    return shutil.copytree(assay, tmp_path / "copy")


def test_the_folder_holds_what_the_commands_make(assay, laboratory, tmp_path):
    made = read_assay(assay)
    assert made.title == "lung 1.0" and made.kind.library == "capture"
    assert set(made.files) == {
        "targets.bed", "normals.vcf.gz", "normals.vcf.gz.tbi", "normals.qc.json",
    }  # fmt: skip
    # The panel of normals is that of `call --build-pon`.
    pon = tmp_path / "pon.vcf.gz"
    words = ["call", "--build-pon", "--padding", "auto", "--reference", str(laboratory.reference)]
    words += ["--targets", str(laboratory.targets), *laboratory.normals(3), "--output", str(pon)]
    assert main(words) == 0
    with (
        pysam.VariantFile(str(pon)) as one,
        pysam.VariantFile(str(assay / "normals.vcf.gz")) as two,
    ):
        assert [str(r) for r in one] == [str(r) for r in two]
    # Every threshold stays with it, those that nobody set too.
    assert made.settings.qc["tumor_mean_depth"] == 250 and len(made.settings.qc) > 5
    quality = json.loads((assay / "normals.qc.json").read_text())
    assert [s["sample"] for s in quality["samples"]] == ["n0", "n1", "n2"]
    assert {n.sample: n.mean_depth for n in made.normals} == {
        s["sample"]: s["mean_depth"] for s in quality["samples"]
    }


def test_error_rates_are_those_of_the_reads(assay, laboratory):
    """Mismatches of good single bases, counted by pysam away from variants."""
    made = read_assay(assay)
    errors = total = 0
    with pysam.FastaFile(str(laboratory.reference)) as fasta:
        for name in ("n0", "n1", "n2"):
            with pysam.AlignmentFile(str(laboratory.bam(name))) as bam:
                for line in laboratory.targets.read_text().splitlines()[:8]:
                    chrom, start, end = line.split("\t")[:3]
                    bases = fasta.fetch(chrom, int(start), int(end)).upper()
                    counts = bam.count_coverage(chrom, int(start), int(end), quality_threshold=30)
                    for i, base in enumerate(bases):
                        seen = [int(c[i]) for c in counts]
                        right, depth = seen["ACGT".index(base)], sum(seen)
                        if depth and depth - right < 0.03 * depth:
                            errors, total = errors + depth - right, total + depth
    # Bases of overlapping mates that agree are another group, with fewer errors.
    assert total > 1e6
    assert made.priors.quality[5] < errors / total < 2.5 * made.priors.quality[4]
    rho = made.priors.overdispersion
    assert rho.low <= rho.median <= rho.high < 0.01 and rho.heterozygous_sites >= 3


@pytest.mark.parametrize(
    "name", ["normals.vcf.gz", "normals.vcf.gz.tbi", "normals.qc.json", "targets.bed"]
)
def test_a_changed_file_is_refused(copied, name, capsys):
    with (copied / name).open("ab") as handle:
        handle.write(b"\n")
    assert main(["assay", "check", str(copied)]) == 2
    line = capsys.readouterr().err.strip()
    assert line.count("\n") == 0 and f"copy/{name}: is not the file of assay lung 1.0" in line
    (copied / name).unlink()
    assert main(["assay", "check", str(copied)]) == 2
    assert "is missing from assay lung 1.0" in capsys.readouterr().err


def test_an_edited_assay_is_refused(copied, capsys):
    made = read_assay(copied)
    edited(copied, version="1.1")
    with pytest.raises(InputError, match=r"was changed after assay lung 1.1 was built"):
        read_assay(copied)
    # Its writer gives another digest.
    other = write_assay(copied, msgspec.structs.replace(made, version="1.1"))
    assert read_assay(copied).version == "1.1" and other.digest != made.digest
    edited(copied, schema="x")
    assert main(["assay", "check", str(copied)]) == 2
    assert "not of `resistpanel assay build`" in capsys.readouterr().err


def config_of(laboratory, folder, tmp_path, **parts):
    rows = ["patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam"]
    for sample, role, when in (("n0", "normal", ""), ("n1", "tumor", "pre")):
        rows.append(f"P1\t{sample}\t{role}\t{when}\t\t\t\t{laboratory.bam(sample)}")
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    block = {"folder": str(folder), **parts.pop("assay", {})}
    return {
        "samples": str(tmp_path / "samples.tsv"), "reference": str(laboratory.reference),
        "outdir": str(tmp_path / "results"), "assay": block, **parts,
    }  # fmt: skip


def plan_of(config):
    return make_plan(config, load=lambda path: {}, headers=False)[0]


def test_a_run_takes_its_settings_from_the_assay(laboratory, assay, tmp_path):
    made = settings(config_of(laboratory, assay, tmp_path, assay={"version": "1.0"}))
    assert made.targets == assay / "targets.bed" and made.pon == assay / "normals.vcf.gz"
    assert made.pool == tuple((assay / "normals.qc.json", f"n{k}") for k in range(3))
    assert made.qc == read_assay(assay).settings.qc and made.built.title == "lung 1.0"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"assay": {"version": "1.1"}}, "assay lung in .* has version 1.0, not 1.1"),
        ({"pool": "cohort"}, r"key 'pool'.: is set by assay lung 1.0"),
        ({"call": {"extra": "--min-mapq 30"}}, "no further arguments"),
        (
            {"qc": {"tumor_mean_depth": 100}},
            "qc.tumor_mean_depth'\\): is set by assay lung 1.0: 250",
        ),
        ({"assay": {"padding": 10}}, "assay.padding'\\): is set by assay lung 1.0"),
        ({"assay": {"library": "amplicon"}}, "assay.library'\\): is set by assay lung 1.0: auto"),
        ({"build": "hg38"}, "assay lung 1.0 is of hg19, the run of hg38"),
        ({"targets": "panels/cancer138/hg19.bed"}, "has other targets than assay lung 1.0"),
    ],
)
def test_a_configuration_that_states_otherwise_is_refused(
    laboratory, assay, tmp_path, parts, message
):
    with pytest.raises(InputError, match=message):
        settings(config_of(laboratory, assay, tmp_path, **parts))


def test_thresholds_that_agree_and_the_panel_itself_are_no_contradiction(
    laboratory, assay, tmp_path
):
    config = config_of(
        laboratory, assay, tmp_path, qc={"tumor_mean_depth": 250},
        targets=str(laboratory.targets), assay={"library": "auto"},
    )  # fmt: skip
    assert settings(config).built.title == "lung 1.0"


def test_cells_of_the_sheet_that_state_otherwise_are_refused(laboratory, assay, tmp_path):
    config = config_of(laboratory, assay, tmp_path)
    path = tmp_path / "samples.tsv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{head}\tpadding", *(f"{row}\t5" for row in rows)]) + "\n")
    with pytest.raises(InputErrors, match=r"column 'padding'.*is set by assay lung 1.0"):
        plan_of(config)


def test_another_version_makes_the_calls_anew(laboratory, assay, copied, tmp_path):
    """The step's identity has the version; the reason names both."""

    def call_of(folder):
        plan = plan_of(config_of(laboratory, folder, tmp_path))
        return next(one for one in Steps(plan) if one.step == "call")

    first = call_of(assay)
    assert first.settings[VERSION].startswith("lung 1.0 (")
    assert first.inputs["assay.yaml"] == assay / "assay.yaml"
    write_assay(copied, msgspec.structs.replace(read_assay(copied), version="1.1"))
    second = call_of(copied)
    versions = {"resistpanel": "1", "code": "1"}
    old, new = (Made("call", "P1", versions, one.settings, {}, {}) for one in (first, second))
    assert differences(new, old, tmp_path) == [
        f"assay version was {first.settings[VERSION]}, is {second.settings[VERSION]}"
    ]
    none = Made("call", "P1", versions, {k: v for k, v in first.settings.items() if k != VERSION},
                {}, {})  # fmt: skip
    assert differences(new, none, tmp_path)[0].startswith("assay version was none, is lung 1.1")


def test_other_reference_bases_are_refused(laboratory, copied, tmp_path, capsys):
    made = msgspec.structs.replace(read_assay(copied), reference="0" * 64)
    write_assay(copied, made)
    words = ["assay", "report", str(copied), "--reference", str(laboratory.reference)]
    assert main(words) == 2
    assert "has other bases at the targets than assay lung 1.0" in capsys.readouterr().err
    plan = plan_of(config_of(laboratory, copied, tmp_path))
    rows = read_targets(plan.settings.targets)
    assert [str(e) for e in check_reference(plan.settings, rows)] == [
        f"{laboratory.reference}: has other bases at the targets than assay lung 1.0 was built "
        "with; give that reference"
    ]


def test_calls_name_the_assay_and_assume_its_rates(laboratory, assay, tmp_path, capsys):
    """The prior of the overdispersion shows where a sample has too few sites of its own."""
    words = ["call", "--reference", str(laboratory.reference), "--targets"]
    words += [str(laboratory.targets), "--normal", str(laboratory.bam("n0"))]
    words += ["--tumor", str(laboratory.bam("n1")), "--threads", "1", "--output"]
    with_assay, without = tmp_path / "with.vcf.gz", tmp_path / "without.vcf.gz"
    assert main([*words, str(with_assay), "--assay-folder", str(assay)]) == 0
    assert main([*words, str(without), "--padding", "auto"]) == 0
    made = read_assay(assay)
    told, plain = CallVcf(with_assay).parameters, CallVcf(without).parameters
    assert told["built_assay"] == f"name:lung,version:1.0,sha256:{made.digest}"
    assert "built_assay" not in plain and told["padding"] == plain["padding"] == "20"
    assert "sha256_panel_of_normals" in told
    assert told["overdispersion_n0"] != plain["overdispersion_n0"]
    capsys.readouterr()
    assert main([*words, str(without), "--assay-folder", str(assay), "--padding", "3"]) == 2
    assert "assay lung 1.0 has auto" in capsys.readouterr().err
    for option in (["--library", "amplicon"], ["--assay", "library=amplicon"]):
        assert main([*words, str(without), "--assay-folder", str(assay), *option]) == 2
        assert f"{' '.join(option)}: assay lung 1.0 is of capture" in capsys.readouterr().err


def test_the_panel_of_normals_without_one_of_them(tmp_path):
    rows = [("chr1", 5, "A", "C", ["a", "b c"], 0.1), ("chr1", 9, "A", "AT", ["a", "d", "e,"], 0.2)]
    write_pon(str(tmp_path / "normals.vcf.gz"), {"chr1": 100}, ["a", "b c", "d", "e,"], rows)

    def left(name):
        panel_without(tmp_path, name, tmp_path / "left.vcf.gz")
        with pysam.VariantFile(str(tmp_path / "left.vcf.gz")) as vcf:
            return {r.pos: r.info["NORMALS"] for r in vcf}

    assert left("a") == {9: 2} and left("d") == {5: 2, 9: 2} and left("b c") == {9: 3}
    assert left("e,") == {5: 2, 9: 2} and left("z") == {5: 2, 9: 3}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "a b"], "letters, digits"),
        (["--padding", "-1"], "must be 0 or more"),
        (["--assay", "n0:umi=none"], "an assay is of all samples"),
        (["--normal", "absent.bam"], "no such file"),
        (["--output", "."], "exists already: a version is not built twice"),
    ],
)
def test_bad_arguments(laboratory, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert laboratory.build(tmp_path / "new", 3, "1.0", *words) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_normals_given_twice_or_too_few(laboratory, tmp_path, capsys):
    assert laboratory.build(tmp_path / "new", 2) == 2
    assert "2 given, 3 are the fewest" in capsys.readouterr().err
    again = ["--normal", str(laboratory.bam("n0"))]
    assert laboratory.build(tmp_path / "new", 3, "1.0", *again) == 2
    assert "has the content of" in capsys.readouterr().err


def row(af, found, of):
    return RecallAtAf(kind="all", af=af, found=found, of=of, recall=None, low=0, high=1)


def test_detected_from():
    assert detected_from([row(0.01, 5, 20), row(0.02, 19, 20), row(0.05, 20, 20)]) == 0.02
    assert detected_from([row(0.01, 20, 20), row(0.02, 18, 20), row(0.05, 20, 20)]) == 0.05
    assert detected_from([row(0.01, 20, 20), row(0.05, 0, 0)]) is None
    assert detected_from([]) is None


def test_agreement():
    assert pair_agreement([[True, True, False], [True, True, True]]) == pytest.approx(4 / 6)
    assert pair_agreement([]) is None
    assert median_cv([[1.0, 3.0], [2.0, 2.0], [1.0]]) == pytest.approx(2**0.5 / 2 / 2)


@pytest.fixture(scope="module")
def with_umis(laboratory, small_patient):
    """A normal with duplex UMIs; the simulator writes each read's molecule as zm."""
    reads = {"depth": 120, "length": 100, "insert_mean": 180, "duplicates": 0}
    reads["umi"] = {"type": "duplex", "length": 6, "families": [1, 2, 2, 1], "both_strands": 0.5}
    patient = small_patient(
        patient="u0", seed=7, genome={"exons_per_gene": 6}, reads=reads, somatic=[],
        samples=[{"sample": "u0", "role": "normal"}],
    )  # fmt: skip
    path = laboratory.folder / "u0.yaml"
    path.write_text(yaml.safe_dump(patient))
    words = ["simulate", str(path), "--output", str(laboratory.folder / "u0")]
    assert main([*words, "--reference", str(laboratory.reference),
                 "--targets", str(laboratory.targets)]) == 0  # fmt: skip
    return laboratory.bam("u0")


def test_reads_of_a_molecule_carry_a_variant_together(with_umis):
    """Identity by both ends and the UMI, against the true molecule of each read."""
    of_molecule, of_identity = {}, {}
    with pysam.AlignmentFile(str(with_umis)) as bam:
        for read in bam:
            if read.is_unmapped or read.mate_is_unmapped:
                continue
            true = read.get_tag("zm").split("/")[0]
            found = identity(read, "RX")
            of_molecule.setdefault(true, set()).add(found)
            of_identity.setdefault(found, set()).add(true)
    sizes = [len(found) for found in of_molecule.values()]
    # Errors in a UMI or at an end give a read another identity: few of them.
    assert len(of_molecule) > 500 and sum(n == 1 for n in sizes) > 0.9 * len(sizes)
    assert max(map(len, of_identity.values())) == 1


def carried_in_part(bam, variant):
    """Return (molecules, those of whose fragments some carry a substitution and some do not)."""
    shown = {}
    with pysam.AlignmentFile(str(bam)) as reads:
        for read in reads.fetch(variant.chrom, variant.pos, variant.end):
            places = dict(read.get_aligned_pairs(matches_only=True))
            at = next((q for q, r in places.items() if r == variant.pos), None)
            if at is not None and not read.is_duplicate:
                true = read.get_tag("zm").split("/")[0]
                shown.setdefault(true, set()).add(read.query_sequence[at] == variant.alt)
    return len(shown), sum(len(both) == 2 for both in shown.values())


def test_variants_are_put_into_molecules(with_umis, laboratory, tmp_path):
    target = read_targets(laboratory.targets)[0]
    pos = (target.start + target.end) // 2
    with pysam.FastaFile(str(laboratory.reference)) as fasta:
        ref = fasta.fetch(target.chrom, pos, pos + 1).upper()
    wanted = [Spike(Allele(target.chrom, pos, ref, "ACGT"["CGTA".index(ref)]), 0.4)]
    mixed = {}
    for umi in ("RX", "none"):
        out = tmp_path / f"{umi}.bam"
        spike(with_umis, out, wanted, 5, laboratory.reference, umi)
        mixed[umi] = carried_in_part(out, wanted[0].variant)
    # A molecule whose UMI was misread in one read is in part; fragment by fragment many are.
    assert mixed["RX"][0] > 50 and mixed["RX"][1] <= 0.03 * mixed["RX"][0]
    assert mixed["none"][1] > 0.2 * mixed["none"][0]


def test_a_study_gives_normals_settings_and_thresholds(laboratory, tmp_path, monkeypatch):
    """What `assay build --config` takes from configuration and sheet; options go before."""
    monkeypatch.chdir(tmp_path)
    rows = ["patient\tsample\trole\ttimepoint\tday\tlesion\tdrugs\tbam"]
    for k in range(3):
        (tmp_path / f"t{k}.bam").touch()
        rows.append(f"P{k}\tn{k}\tnormal\t\t\t\t\t{laboratory.bam(f'n{k}')}")
        rows.append(f"P{k}\tt{k}\ttumor\tpre\t\t\t\tt{k}.bam")
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    value = {
        "samples": "samples.tsv", "reference": str(laboratory.reference),
        "targets": str(laboratory.targets), "qc": {"tumor_mean_depth": 90},
        "assay": {"padding": 7, "reads": "raw", "index_hopping": 0},
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(value))
    parser = argparse.ArgumentParser()
    register(parser)
    words = ["build", "--name", "a", "--version", "1", "--config", "config.yaml"]
    wanted = _wanted(parser.parse_args([*words, "--output", "new", "--padding", "3"]))
    assert wanted.normals == tuple(laboratory.bam(f"n{k}") for k in range(3))
    assert (wanted.padding, wanted.index_hopping, wanted.given) == (3, 0, (("reads", "raw"),))
    assert wanted.qc == {"tumor_mean_depth": 90} and wanted.targets == laboratory.targets


def test_a_folder_within_a_file_is_refused(laboratory, capsys):
    assert laboratory.build(laboratory.reference / "lung") == 2
    assert "a part of its path is a file" in capsys.readouterr().err


def test_two_normals_of_one_person_are_refused(laboratory, tmp_path, capsys):
    """Every second fragment, under another sample name."""
    with pysam.AlignmentFile(str(laboratory.bam("n0"))) as bam:
        header = bam.header.to_dict()
        for group in header["RG"]:
            group["SM"] = "again"
        with pysam.AlignmentFile(str(tmp_path / "again.bam"), "wb", header=header) as out:
            for read in bam:
                if zlib.crc32(read.query_name.encode()) % 2:
                    out.write(read)
    pysam.index(str(tmp_path / "again.bam"))
    words = ["--normal", str(tmp_path / "again.bam")]
    assert laboratory.build(tmp_path / "new", 3, "1.0", *words) == 2
    error = capsys.readouterr().err
    assert "again.bam: is of the person of" in error and "n0.bam" in error
    assert not (tmp_path / "new").exists()
