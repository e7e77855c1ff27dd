"""Everything that can be checked before a run, all problems at once."""

import gzip
import hashlib
import importlib.util
import os
import random
from pathlib import Path

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core.contig_checksums import checksum
from resistpanel.core.errors import InputError
from resistpanel.inputs import environment as machine
from resistpanel.inputs.config import settings
from resistpanel.inputs.merge import merged, updated

_spec = importlib.util.spec_from_file_location(
    "sheet_conftest", Path(__file__).parents[1] / "sheet" / "conftest.py"
)
_sheet = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_sheet)
world, write_bam = _sheet.world, _sheet.write_bam


@pytest.fixture
def place(world, monkeypatch):
    """Return the world with a configuration, as the working directory."""
    # BAMs with reads on the targets.
    world.write_sheet()
    catalog = world.folder / "catalog"
    (world.folder / "config.yaml").write_text(
        "samples: samples.tsv\nreference: genome.fa\ntargets: targets.bed\ngenes: genes.gff3\n"
    )
    monkeypatch.chdir(world.folder)
    assert not catalog.exists()
    return world


def check(capsys, *arguments) -> tuple[int, list[str], list[str], str]:
    """Run the check: exit status, errors, notes, standard output."""
    status = main(["check", *arguments])
    streams = capsys.readouterr()
    lines = streams.err.splitlines()
    errors = [line.removeprefix("resistpanel: error: ") for line in lines if ": error: " in line]
    notes = [line.removeprefix("resistpanel: note: ") for line in lines if ": note: " in line]
    return status, errors, notes, streams.out


def test_nothing_wrong_says_what_the_run_will_do(place, capsys):
    status, errors, notes, out = check(capsys)
    assert (status, errors) == (0, [])
    assert "1 patient, 1 normal and 2 tumour samples" in out
    assert "after (post, day 120); after against before after PLX4032" in out
    assert "2 targets, 600 bases, coding sequence of 1 genes" in out
    assert "next: resistpanel run" in out
    # The panel of this test has none of the catalogue's genes.
    text = "catalogue rows on resistance to vemurafenib are outside the panel"
    assert any(text in note for note in notes)


def test_a_sample_given_twice_has_one_line(place, capsys):
    place.rows.append(dict(place.rows[-1]))
    place.write_sheet()
    status, errors, _, _ = check(capsys)
    assert (status, len(errors)) == (2, 1), errors
    assert "duplicate sample 'after', first at line 4" in errors[0]


def test_a_bam_without_an_index_is_said_not_to_be_examined(place, capsys):
    (place.folder / "after.bam.bai").unlink()
    status, errors, _, out = check(capsys)
    assert (status, errors) == (0, [])
    assert "    after: reads not examined: no index yet\n" in out


def test_a_disease_that_no_source_knows_is_noted(place, capsys):
    place.columns = [*place.columns, "disease"] if "disease" not in place.columns else place.columns
    for name, noted in (("melanomma", True), ("metastatic melanoma", False), ("CRC", False)):
        for row in place.rows:
            row["disease"] = name
        place.write_sheet()
        status, errors, notes, out = check(capsys)
        assert (status, errors) == (0, [])
        assert ("disease 'melanomma' is not known" in out.splitlines()[-1]) is noted
        said = [note for note in notes if "unknown disease" in note]
        assert bool(said) is noted
        if noted:
            assert said == [
                "samples.tsv:2 (column 'disease'): unknown disease 'melanomma': all "
                "evidence is taken as from another disease, which lowers its level; did you mean "
                "'melanoma'?"
            ]


def test_drugs_of_the_earliest_sample_alone_are_noted(place, capsys):
    before, after = place.rows[1:3]
    before["drugs"], after["drugs"] = after["drugs"], ""
    place.write_sheet()
    status, errors, notes, _ = check(capsys)
    assert (status, errors) == (0, [])
    (said,) = (note for note in notes if "resistance is not assessed" in note)
    assert said == (
        "samples.tsv:3 (column 'drugs'): these drugs were given before the first sample, 'before': "
        "resistance is not assessed; name the drugs in the row of the sample taken after them"
    )
    after["drugs"] = before["drugs"]
    place.write_sheet()
    assert not any("resistance is not assessed" in note for note in check(capsys)[2])


def last_line(capsys) -> str:
    assert main(["check"]) == 0
    return capsys.readouterr().out.splitlines()[-1]


def test_a_forgotten_sample_before_treatment_is_noted(place, capsys):
    before = place.rows.pop(1)
    place.write_sheet()
    _, _, notes, _ = check(capsys)
    (said,) = (note for note in notes if "before" in note)
    assert said == (
        "samples.tsv:3: no sample of patient 'P1' was taken before PLX4032: whether an alteration "
        "was there before cannot be determined; add the row of that sample if there is one"
    )
    assert "no sample of P1 before treatment" in last_line(capsys)
    # With the sample before; it may have drugs of its own if it is called pre.
    place.rows.insert(1, before | {"drugs": "dacarbazine"})
    place.write_sheet()
    assert not any("was taken before" in note for note in check(capsys)[2])
    before["timepoint"] = place.rows[1]["timepoint"] = "progression"
    place.write_sheet()
    assert any("was taken before dacarbazine" in note for note in check(capsys)[2])
    assert "before treatment" not in last_line(capsys)


def test_treatments_without_a_sample_around_them_are_noted(place, capsys):
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "treatments: drugs.tsv\n")
    table = place.folder / "drugs.tsv"
    for start, said in ((-9, "was taken before"), (500, "was taken after a drug"), (3, None)):
        table.write_text(f"patient\tdrug\tstart\tstop\nP1\tvemurafenib\t{start}\t\n")
        notes = check(capsys)[2]
        around = [note for note in notes if "of patient 'P1' was taken" in note]
        assert len(around) == bool(said) and all(said in note for note in around)
    # A table that cannot be read says nothing of drugs that are missing.
    table.write_text("patient\tdrug\n")
    for row in place.rows:
        row["drugs"] = ""
    place.write_sheet()
    status, _, notes, _ = check(capsys)
    assert status == 2 and not any("no drug" in note for note in notes)


def test_the_last_line_names_what_a_run_would_leave_open(place, capsys):
    place.rows[2]["drugs"] = "vemurafenib;vemurafanib"
    place.write_sheet()
    line = last_line(capsys)
    assert line.startswith("no errors, but see the ")
    assert "resistance to vemurafanib is not assessed" in line
    assert "no catalogued resistance to vemurafenib is on the panel" in line
    assert line.endswith("; next: resistpanel run")
    place.rows[1]["drugs"], place.rows[2]["drugs"] = "vemurafenib", ""
    place.write_sheet()
    assert "resistance of P1 is not assessed" in last_line(capsys)
    place.targets.write_text("chrT\t1000\t1300\nchrT\t2000\t2300\nchrT\t2400\t2500\n")
    line = last_line(capsys)
    assert "few targets have reads in skin; " in line and " and 1 more; next: " in line


def test_an_error_hides_no_note_on_another_drug(place, capsys):
    other = [row | {"patient": "P2", "sample": f"{row['sample']}2"} for row in place.rows]
    for row in other:
        row["bam"] = f"{row['sample']}.bam"
        write_bam(place.folder / row["bam"], groups=(("g", row["sample"]),))
    place.rows[2]["drugs"] = "erlotinb"
    other[2]["drugs"] = "Tarceva, Tagrisso"
    other[1]["disease"] = "melanomma"
    place.columns = [*place.columns, "disease"]
    place.rows += other
    place.write_sheet()
    status, errors, notes, _ = check(capsys)
    assert (status, [e.split(";")[0] for e in errors]) == (
        2, ["samples.tsv:7 (column 'drugs'): unknown drug 'Tarceva, Tagrisso'"],
    )  # fmt: skip
    assert [note.split(":")[1] for note in notes if "unknown" in note] == [
        "4 (column 'drugs')", "6 (column 'disease')",
    ]  # fmt: skip
    # Nor does a row that cannot be read.
    place.rows[4]["role"] = "tumr"
    place.write_sheet()
    assert any("unknown drug 'erlotinb'" in note for note in check(capsys)[2])
    # Nor a drug of the sheet one of the treatments, and the reverse.
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "treatments: drugs.tsv\n")
    (place.folder / "drugs.tsv").write_text(
        "patient\tdrug\tstart\tstop\nP1\terlotinib/osimertinib\t1\t\nP1\tosimertnib\t1\t\n"
    )
    place.rows[4]["role"] = "tumor"
    place.write_sheet()
    _, errors, notes, _ = check(capsys)
    assert sum("unknown drug" in error for error in errors) == 2
    assert any("unknown drug 'osimertnib'" in note for note in notes)


def test_many_faults_are_told_together(place, capsys):
    (place.folder / "genome.fa").unlink()
    (place.folder / "after.bam").unlink()
    place.rows[1]["drugs"] = "dabrafenib + trametinib"
    place.write_sheet()
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "call: {extra: --no-such-option}\n")
    status, errors, _, out = check(capsys)
    assert (status, out) == (2, "")
    assert [error.split(": ")[0] for error in errors] == [
        "genome.fa",
        "samples.tsv:3 (column 'drugs')",
        f"{place.folder}/after.bam (samples.tsv:4, sample 'after')",
        "config.yaml (key 'call.extra')",
    ]


def test_a_broken_row_does_not_hide_other_faults(place, capsys):
    """The rows that can be read are checked to the end; nothing is said to be missing for it."""
    (place.folder / "after.bam").unlink()
    sheet = (place.folder / "samples.tsv").read_text().splitlines()
    sheet[1] = sheet[1].replace("skin", "skin\tskin", 1)  # a cell too many: the normal's row
    sheet.append("P2\tother\ttumour\tpost\tsoon\t\t\tother.bam")
    (place.folder / "samples.tsv").write_text("\n".join(sheet) + "\n")
    status, errors, notes, out = check(capsys)
    assert (status, out) == (2, "")
    starts = [error.removeprefix(f"{place.folder}/").split(": ")[0] for error in errors]
    assert starts == [
        "samples.tsv:2",
        "samples.tsv:5 (column 'day')",
        "after.bam (samples.tsv:4, sample 'after')",
    ]
    assert not any("no normal" in note for note in notes)


@pytest.mark.parametrize(("name", "right"), [("GRCh37", True), ("hs37d5", True), ("b36", False)])
def test_builds_by_their_other_names(place, capsys, name, right):
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(f"{text}build: {name}\n")
    config = merged(Path("config.yaml"))
    if right:
        assert settings(config).build == "hg19"
    else:
        with pytest.raises(InputError, match=r"'b36' is not one of hg19, hg38"):
            settings(config)


def test_a_faulty_configuration_does_not_hide_the_sheet(place, capsys):
    (place.folder / "config.yaml").write_text("samples: samples.tsv\nbiuld: hg19\n")
    (place.folder / "samples.tsv").write_text("patient\tsample\n")
    _, errors, _, _ = check(capsys)
    assert errors[0] == "config.yaml: unknown key 'biuld'; did you mean 'build'?"
    assert any("missing column 'bam'" in error for error in errors)


def test_no_configuration(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, errors, _, _ = check(capsys)
    assert status == 2
    assert errors == [
        "config.yaml: no such configuration; write one with `resistpanel init`, or --config"
    ]


def test_bam_of_another_panel(place, capsys):
    """All reads of the fixture lie at chrT:1000; a panel elsewhere has none of them."""
    place.targets.write_text("chrT\t1700\t1900\tGENE|T1|exon1\nchrT\t2000\t2300\n")
    status, errors, _, _ = check(capsys)
    assert status == 2
    assert all("no read on any of 2 targets examined" in error for error in errors)
    assert len(errors) == 3
    place.targets.write_text("chrT\t1000\t1300\nchrT\t2000\t2300\nchrT\t2400\t2500\n")
    status, errors, notes, _ = check(capsys)
    assert (status, errors) == (0, [])
    assert sum("reads on 1 of 3 targets examined" in note for note in notes) == 3


def test_reads_of_another_genome(place, capsys):
    """Contigs of the same names and lengths, but another sequence: nothing else would show it."""
    header, *lines = place.reference.read_text().split("\n")
    turned = str.maketrans("ACGT", "CGTA")
    place.reference.write_text("\n".join([header, *(text.translate(turned) for text in lines)]))
    sequence = "".join(lines)
    for number, name in enumerate(("skin", "before", "after")):
        path = place.folder / f"{name}.bam"
        with pysam.AlignmentFile(str(path)) as handle:
            header_of, reads = handle.header, list(handle)
        with pysam.AlignmentFile(str(path), "wb", header=header_of) as out:
            for k in range(20):
                read = pysam.AlignedSegment(header_of)
                read.query_name, read.flag, read.mapping_quality = f"{name}{k}", 0, 60
                read.reference_id, read.reference_start = 0, 1000 + 25 * number + k
                read.query_sequence = sequence[read.reference_start :][:200]
                read.cigartuples = [(0, 200)]
                read.set_tags(reads[0].get_tags())
                out.write(read)
        pysam.samtools.index(str(path))
    status, errors, _, _ = check(capsys)
    assert status == 2
    assert sum(" aligned bases differ from " in error for error in errors) == 3
    assert all("give the reference that the reads were aligned to" in e for e in errors)


def stated(path: Path, md5: str) -> None:
    """Write the fixture's BAM with an M5 tag."""
    with pysam.AlignmentFile(str(path)) as handle:
        header, reads = handle.header.to_dict(), list(handle)
    header["SQ"][0]["M5"] = md5
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for read in reads:
            out.write(pysam.AlignedSegment.from_dict(read.to_dict(), out.header))
    pysam.samtools.index(str(path))


def test_another_sequence_of_the_same_length_is_noted(place, capsys):
    sequence = "".join(place.reference.read_text().split("\n")[1:])
    right = hashlib.md5(sequence.encode(), usedforsecurity=False).hexdigest()
    assert checksum(place.reference, "chrT") == right
    stated(place.folder / "skin.bam", right)
    _, _, notes, out = check(capsys)
    assert "1 contigs' checksums (M5) compared" in out
    assert not any("another sequence" in note for note in notes)
    stated(place.folder / "before.bam", "0" * 32)
    status, _, notes, _ = check(capsys)
    assert status == 0
    (note,) = (note for note in notes if "another sequence" in note)
    assert note.startswith(f"{place.folder}/before.bam: contig chrT is another sequence")


def reads_of(world, sample, places, tags=(), duplicates=0, contigs=(("chrT", 20_000),), umis=False):
    """Write a BAM of single reads of 60 bases that begin at `places`; `umis` end their names."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": length} for name, length in contigs],
        "RG": [{"ID": "1", "SM": sample}],
    }
    path = world.folder / f"{sample}.bam"
    rng = random.Random(sample)
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for number, place in enumerate(sorted(places)):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.reference_start = f"{sample}{number}", place
            read.query_sequence, read.cigarstring = "".join(rng.choices("ACGT", k=60)), "60M"
            read.query_qualities = pysam.qualitystring_to_array("I" * 60)
            read.reference_id, read.mapping_quality = out.get_tid("chrT"), 60
            read.flag = 1024 if number < duplicates else 16 * (number % 2)
            for tag, value in tags:
                read.set_tag(tag, value)
            if umis:
                read.query_name += "#" + "".join(rng.choices("ACGT", k=8))
            out.write(read)
    pysam.samtools.index(str(path))


RANDOM = [1000 + (k * 37) % 300 for k in range(1200)]


def test_the_assay_of_each_sample(place, capsys):
    reads_of(place, "skin", RANDOM, duplicates=9)
    reads_of(place, "before", [990] * 600 + [1100] * 600)
    reads_of(place, "after", RANDOM, [("cD", 3), ("aD", 2), ("bD", 1), ("RX", "ACG-TTT")])
    status, errors, notes, out = check(capsys)
    assert (status, errors) == (0, [])
    lines = [line.strip() for line in out.splitlines()]
    assert "skin: hybrid capture, raw reads, duplicates flagged, no UMI, read length 60" in lines
    assert "before: amplicon, raw reads, no UMI, primers not given, read length 60" in lines
    assert (
        "after: hybrid capture, duplex consensus reads (fgbio), UMI in tag RX, read length 60"
        in lines
    )
    (unknown,) = (note for note in notes if "assay:" in note)
    assert unknown.startswith("sample before: the primers of the amplicons are not given")
    assert not any("UMI" in note or "duplicate" in note for note in notes)
    (two,) = (note for note in notes if "two libraries" in note)
    assert two.startswith("patient P1 has samples of two libraries: amplicon (before), ")


def test_an_assay_that_is_not_clear(place, capsys):
    reads_of(place, "skin", RANDOM[:20], duplicates=2)
    reads_of(place, "before", [990] * 220 + RANDOM * 2, duplicates=2)
    reads_of(place, "after", RANDOM, [("RX", "ACG-TTT")], duplicates=2)
    _, _, notes, out = check(capsys)
    (few,) = (note for note in notes if "too few reads to detect the library" in note)
    assert few.startswith("sample skin: ")
    assert "set `assay: {library: capture}` or `amplicon`" in few
    (between,) = (note for note in notes if "neither clearly" in note)
    assert between.startswith("sample before: ")
    (umi,) = (note for note in notes if "UMI" in note)
    assert umi.startswith("sample after: raw reads with few different UMIs (UMI in tag RX)")
    assert "skin: hybrid capture (not sure), raw reads" in out
    # Set, it is clear.
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "assay: {library: capture, umi: none}\n")
    _, _, notes, out = check(capsys)
    assert not any("library" in note or "UMI" in note for note in notes)
    assert "set by the user: library, umi" in out


def test_no_duplicate_flagged(place, capsys):
    for sample in ("skin", "before", "after"):
        reads_of(place, sample, RANDOM, duplicates=3 if sample == "before" else 0)
    _, _, notes, _ = check(capsys)
    (note,) = (note for note in notes if "flagged as a duplicate" in note)
    assert note.startswith("samples skin, after: no read is flagged as a duplicate")


@pytest.mark.parametrize(
    ("tags", "umis", "message"),
    [
        ([("YC", "CT"), ("YD", "f")], False, "the reads are of converted DNA"),
        ([], True, "the reads seem to have a UMI at the end of its name"),
    ],
)
def test_reads_that_are_not_called(place, capsys, tags, umis, message):
    """As `call` refuses them."""
    reads_of(place, "skin", RANDOM, duplicates=9)
    reads_of(place, "before", RANDOM, tags, duplicates=9, umis=umis)
    reads_of(place, "after", RANDOM, duplicates=9)
    status, errors, _, _ = check(capsys)
    (error,) = errors
    assert (status, message in error, "before.bam" in error) == (2, True, True)


def test_a_wrong_primer_file(place, capsys):
    (place.folder / "p.bed").write_text("chrT\t10\t30\tp\t0\t.\n")
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "assay: {primers: p.bed}\n")
    status, errors, _, _ = check(capsys)
    assert status == 2
    assert [error for error in errors if "column 6 (strand) is" in error]
    assert "(key 'assay.primers')" in errors[0]


def test_primers_that_are_not_those_of_a_sample(place, capsys):
    """One line for each; a sample of hybrid capture has none."""
    reads_of(place, "skin", RANDOM, duplicates=9)
    for sample in ("before", "after"):
        reads_of(place, sample, [1020] * 300 + [1178] * 300)
    (place.folder / "p.bed").write_text("chrT\t1020\t1040\ta\t0\t+\nchrT\t1218\t1238\tb\t0\t-\n")
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "assay: {primers: p.bed, padding: 10}\n")
    status, errors, notes, out = check(capsys)
    (error,) = errors
    assert status == 2
    assert error.startswith("p.bed: does not hold the primers of sample skin (")
    assert "leave them out for it" in error
    # In the rows of the amplicons alone.
    (place.folder / "config.yaml").write_text(text + "assay: {padding: 10}\n")
    place.columns.append("primers")
    for row in place.rows:
        row["primers"] = "" if row["sample"] == "skin" else "p.bed"
    place.write_sheet()
    status, errors, notes, out = check(capsys)
    assert (status, errors) == (0, [])
    assert (
        "after: amplicon, raw reads, no UMI, primers given (50 % of the reads begin in one)" in out
    )
    assert any("targets are padded by 10 bases, as set" in note for note in notes)


def test_targets_that_are_the_primers(place, capsys):
    (place.folder / "p.bed").write_text("chrT\t1020\t1040\ta\t0\t+\nchrT\t1218\t1238\tb\t0\t-\n")
    place.targets.write_text("chrT\t1020\t1040\nchrT\t1218\t1238\n")
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "assay: {primers: p.bed}\n")
    status, errors, _, _ = check(capsys)
    assert status == 2
    assert any("(key 'targets'): 2 of 2 targets are primers of p.bed" in e for e in errors)
    place.targets.write_text("chrT\t1020\t1238\n")
    _, _, notes, _ = check(capsys)
    assert any("the targets include the primers" in note for note in notes)


def test_a_word_that_is_no_library(place, capsys):
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "assay: {library: amplicons}\n")
    (error,) = check(capsys)[1]
    assert error.endswith("is not one of auto, capture, amplicon; did you mean 'amplicon'?")


def test_contigs_in_another_order(place, capsys):
    """Samples that are read side by side must have the contigs of the targets in one order."""
    text = place.reference.read_text() + ">chrU\n" + "ACGT" * 100 + "\n"
    place.reference.write_text(text)
    pysam.samtools.faidx(str(place.reference))
    place.targets.write_text(place.targets.read_text() + "chrU\t100\t200\n")
    for sample in ("skin", "before", "after"):
        contigs = [("chrT", 20_000), ("chrU", 400)]
        reads_of(place, sample, RANDOM, contigs=contigs[:: -1 if sample == "after" else 1])
    status, errors, _, _ = check(capsys)
    assert status == 2
    (error,) = errors
    assert error.startswith(f"{place.folder}/after.bam (samples.tsv:4, sample 'after'): ")
    assert "its contigs are in another order than in" in error
    assert "chrU where the other has chrT" in error


def test_targets_without_a_gene(place, capsys):
    place.reference.write_text(place.reference.read_text() + ">chrU\n" + "ACGT" * 100 + "\n")
    pysam.samtools.faidx(str(place.reference))
    place.targets.write_text(place.targets.read_text() + "chrU\t100\t200\nchrU\t250\t300\n")
    for sample in ("skin", "before", "after"):
        reads_of(place, sample, RANDOM, contigs=[("chrT", 20_000), ("chrU", 400)])
    _, errors, notes, _ = check(capsys)
    assert errors == []
    (note,) = (note for note in notes if "reported without a consequence" in note)
    assert "no gene of genes.gff3 is on chrU, where 2 targets are" in note


def test_room(place, capsys, monkeypatch):
    usage = type("Usage", (), {"free": 2 * 10**6})()
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: usage)
    _, errors, _, _ = check(capsys)
    assert errors == [
        f"config.yaml (key 'outdir'): 2 MB are free in {place.folder}, about 50 MB are needed for "
        "1 patient; make room, or give an outdir on another disk"
    ]


def test_folder_that_cannot_be_written(place, capsys, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: mode & os.W_OK == 0 and real(p, mode))
    _, errors, _, _ = check(capsys)
    assert any("the output folder cannot be written to" in error for error in errors)
    assert any("no permission to write here" in error for error in errors)
    assert main(["run"]) == 2  # before Snakemake starts
    run = capsys.readouterr().err.splitlines()
    assert run == [f"resistpanel: error: {error}" for error in errors]


def test_outdir_that_is_a_file(place, capsys):
    (place.folder / "results").write_text("")
    _, errors, _, _ = check(capsys)
    assert f"the output folder cannot be made: {place.folder}/results is a file" in errors[0]


def test_software(monkeypatch):
    findings = machine.Findings()
    machine.check_software(findings)
    assert findings.errors == []
    monkeypatch.setattr(machine.importlib.metadata, "version", lambda name: "0.0")
    machine.check_software(findings)
    assert any("pysam 0.0 is installed, tested was" in note for note in findings.notes)


def test_lock_of_another_run_is_noted(place, capsys):
    (place.folder / ".snakemake/locks").mkdir(parents=True)
    (place.folder / ".snakemake/locks/0.input.lock").write_text("x")
    _, _, notes, _ = check(capsys)
    assert any("is locked by another Snakemake; if it no longer runs: " in n for n in notes)


def test_resources_of_the_caller(place, capsys):
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    plain = place.folder / "pon.vcf"
    plain.write_text("##fileformat=VCFv4.2\n##contig=<ID=other>\n" + columns)
    pysam.tabix_compress(str(plain), str(place.folder / "pon.vcf.gz"))
    text = (place.folder / "config.yaml").read_text()
    (place.folder / "config.yaml").write_text(text + "call: {pon: pon.vcf.gz}\n")
    _, errors, _, _ = check(capsys)
    assert any("pon.vcf.gz has no index" in error for error in errors)
    assert any("has no contig name in common with the reference" in error for error in errors)
    with gzip.open(place.folder / "pon.vcf.gz", "wb") as out:
        out.write(plain.read_bytes())
    _, errors, _, _ = check(capsys)
    assert any("cannot be read as VCF" in error for error in errors)


def test_index_that_cannot_be_used(place, capsys):
    (place.folder / "skin.bam.bai").write_bytes(b"no index")
    status, errors, _, _ = check(capsys)
    assert status == 2
    assert any("skin.bam.bai" in error for error in errors)


def test_merging_is_snakemakes():
    from snakemake.utils import update_config

    base = {"a": 1, "call": {"pon": None, "extra": "x"}}
    more = {"call": {"pon": "p.vcf"}, "b": 2}
    theirs = {"a": 1, "call": {"pon": None, "extra": "x"}}
    update_config(theirs, more)
    assert updated(base, more) == theirs
    assert base["call"]["pon"] is None
