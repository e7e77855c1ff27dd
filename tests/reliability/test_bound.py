"""What has to be done again after an edit: these steps and no others, whatever Snakemake knows."""

import contextlib
import os
import re
import shutil
import subprocess
import types
from collections import Counter
from pathlib import Path

import pysam
import pytest

from resistpanel.cli import main
from resistpanel.core import made as made_module
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, write_json
from resistpanel.core.fingerprint import state
from resistpanel.core.made import place, read, recorded
from resistpanel.inputs.binding import Due
from resistpanel.inputs.config import settings
from resistpanel.inputs.merge import merged
from resistpanel.inputs.owner import write_owner
from resistpanel.inputs.plan import make_plan
from resistpanel.run.planned import due


def append(name, text="# more\n"):
    def edit(study, kit):
        with (study.folder / name).open("a") as out:
            out.write(text)

    return edit


def at_the_same_time(name):
    """Another content of the same size under the old modification time."""

    def edit(study, kit):
        def change(path):
            data = bytearray(path.read_bytes())
            data[-3] = data[-3] ^ 1
            path.write_bytes(data)

        kit.keep_time(study.folder / name, change)

    return edit


def other_reads(name, older=False):
    """Another BAM under the name; `older`: with an older time, as rsync -a and cp -p bring it."""

    def edit(study, kit):
        path = study.folder / name
        sample = path.stem
        kit.write_bam(path, groups=((f"{sample}.1", sample),), reads=5)
        if older:
            for one in (path, Path(f"{path}.bai")):
                os.utime(one, (1e9, 1e9))

    return edit


def index_again(study, kit):
    """The same index, made again: nothing that a result depends on has changed."""
    pysam.samtools.index(str(study.folder / "after.bam"))


def other_index(study, kit):
    path = study.folder / "after.bam.bai"
    path.write_bytes(path.read_bytes() + b"\0" * 8)


def csi(study, kit):
    (study.folder / "after.bam.bai").unlink()
    pysam.samtools.index("-c", str(study.folder / "after.bam"))


def touch(name):
    def edit(study, kit):
        os.utime(study.folder / name)

    return edit


def copy_over(name):
    """The same content in another inode, with another time."""

    def edit(study, kit):
        path = study.folder / name
        shutil.copy(path, f"{path}.new")
        Path(f"{path}.new").replace(path)

    return edit


def cell(sample, **cells):
    return lambda study, kit: study.row(sample, **cells)


def key(**changes):
    return lambda study, kit: study.write(**changes)


def call_key(**changes):
    return lambda study, kit: study.write(call=study.config["call"] | changes)


def resource(name):
    return lambda study, kit: kit.write_vcf(study.folder / name, 1300)


def touched_index(name):
    def edit(study, kit):
        path = study.folder / name
        path.write_bytes(path.read_bytes() + b"\0")

    return edit


def version(study, kit):
    new = made_module.software() | {"resistpanel": "99.0.0"}
    kit.monkeypatch.setattr("resistpanel.inputs.binding.software", lambda: new)


def library(study, kit):
    new = made_module.software() | {"numpy": "0.0.1"}
    kit.monkeypatch.setattr("resistpanel.inputs.binding.software", lambda: new)


def moved(study, kit):
    """The whole study, results and all, under another name."""
    new = study.folder.parent / "moved"
    study.folder.rename(new)
    study.folder = study.world.folder = new


def outdir_moved(study, kit):
    (study.folder / "results").rename(study.folder / "out")
    study.write(outdir="out")


def outdir_copied(study, kit):
    shutil.copytree(study.folder / "results", study.folder / "out")
    study.write(outdir="out")


def respelt(study, kit):
    study.write(
        outdir=str(study.folder / "results"),
        reference=str(study.folder / "genome.fa"),
        samples=str(study.folder / "samples.tsv"),
    )


def linked(study, kit):
    for suffix in ("", ".fai"):
        (study.folder / f"link.fa{suffix}").symlink_to(study.folder / f"genome.fa{suffix}")
    study.write(reference="link.fa")


def output(name, data=b""):
    def edit(study, kit):
        (study.folder / "results" / name).write_bytes(data)

    return edit


def gone(name):
    return lambda study, kit: (study.folder / "results" / name).unlink()


def record_gone(step):
    return lambda study, kit: place(study.folder / "results", "made", step, "P1").unlink()


def cut_record(step):
    return lambda study, kit: place(study.folder / "results", "made", step, "P1").write_bytes(b"")


def other_inode(name):
    """Another file of the same size under the same times, put there by a rename."""

    def edit(study, kit):
        path, new = study.folder / name, study.folder / f"{name}.new"
        data = bytearray(path.read_bytes())
        data[-40] ^= 1
        new.write_bytes(data)
        os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        new.replace(path)

    return edit


def windows(study, kit):
    """The sheet as Windows saves it."""
    path = study.folder / "samples.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


def further_table(study, kit):
    shutil.copy(study.folder / "catalog/citations.tsv", study.folder / "catalog/zz.tsv")


def linked_catalogue(study, kit):
    """A link in the place of the folder, to another version of it."""
    path, new = study.folder / "catalog", study.folder / "catalog2"
    shutil.copytree(path, new)
    with (new / "resistance.tsv").open("a") as out:
        out.write("# more\n")
    shutil.rmtree(path)
    path.symlink_to(new)


def primers(study, kit):
    (study.folder / "primers.bed").write_text(
        "chrT\t1000\t1020\tp1\t0\t+\nchrT\t1200\t1220\tp2\t0\t-\n"
    )
    study.write(assay={"primers": "primers.bed"})


def table1(study, kit):
    table = HOME / "resources/demo/table1.tsv"
    shutil.copy(table, study.folder)
    study.write(report={"table1": "table1.tsv"})


EDITS = {
    # inputs
    "reads": (other_reads("after.bam"), "READS"),
    "reads, older": (other_reads("after.bam", older=True), "READS"),
    "reads of the normal": (other_reads("skin.bam"), "READS"),
    "reads, same time and size": (at_the_same_time("after.bam"), "READS"),
    "reads, another inode": (other_inode("after.bam"), "READS"),
    "reads touched": (touch("after.bam"), "NOTHING"),
    "reads copied": (copy_over("after.bam"), "NOTHING"),
    "reference": (append("genome.fa", "A"), "ALL"),
    "reference, same time": (at_the_same_time("genome.fa"), "ALL"),
    "targets": (append("targets.bed", "chrT\t2400\t2500\n"), "ALL"),
    "targets, same time": (at_the_same_time("targets.bed"), "ALL"),
    "targets touched": (touch("targets.bed"), "NOTHING"),
    "genes": (append("genes.gff3"), "ALL"),
    "germline resource": (resource("germline.vcf.gz"), "CALL"),
    "panel of normals": (resource("pon.vcf.gz"), "CALL"),
    # indexes
    "index made again": (index_again, "NOTHING"),
    "another index": (other_index, "READS"),
    "csi for bai": (csi, "READS"),
    "index of the reference": (append("genome.fa.fai", "\n"), "ALL"),
    "index of the germline resource": (touched_index("germline.vcf.gz.tbi"), "CALL"),
    "index of the panel of normals": (touched_index("pon.vcf.gz.tbi"), "CALL"),
    # the catalogue
    "catalogue": (append("catalog/resistance.tsv"), "CATALOG"),
    "drugs of the catalogue": (append("catalog/drugs.tsv"), "CATALOG | SHEET"),
    "catalogue, same time": (at_the_same_time("catalog/options.tsv"), "CATALOG"),
    "a further table": (further_table, "CATALOG"),
    "catalogue linked to another": (linked_catalogue, "CATALOG"),
    "knowledge": (append("knowledge/nras_biology.tsv"), "RESIST"),
    # the sheet
    "drug": (cell("after", drugs="imatinib"), "SHEET"),
    "day": (cell("after", day="130"), "SHEET"),
    "time point": (cell("after", timepoint="post"), "NOTHING"),
    "purity": (cell("after", purity="0.5"), "SHEET"),
    "disease": (cell("after", disease="melanoma"), "SHEET"),
    "sheet of Windows": (windows, "NOTHING"),
    "sheet touched": (touch("samples.tsv"), "NOTHING"),
    # configuration
    "call.extra": (call_key(extra="--min-qual 15"), "CALL"),
    # one job counts for qc while it reads; of several, qc reads by itself
    "call.scatter": (call_key(scatter=3), "{'qc'} | COPIES"),
    "call.germline left out": (call_key(germline=None), "CALL"),
    "qc": (key(qc={"tumor_mean_depth": 100}), "{'qc'} | COPIES"),
    "copynumber": (key(copynumber={"contamination": 0.05}), "COPIES"),
    "assay.primers": (primers, "CALL"),
    "assay.padding": (key(assay={"padding": 5}), "CALL"),
    "assay.library": (key(assay={"library": "amplicon"}), "CALL"),
    "assay of the samples": (key(assay={"library": "auto", "reads": None}), "NOTHING"),
    "assay of a sample": (cell("after", library="amplicon"), "SHEET | CALL"),
    "padding of a patient": (cell("after", padding="5"), "SHEET | CALL"),
    "report.table1": (table1, "REPORT"),
    "build": (key(build="hg38"), "SHEET"),
    "identity": (key(identity={"same": 0.9}), "{'identity', 'cohort'}"),
    "report.paths": (key(report={"paths": "full"}), "REPORT"),
    "multiqc.scan": (key(multiqc={"scan": ["catalog"]}), "NOTHING"),
    # the version
    "version": (version, "ALL"),
    "version of a library": (library, "ALL"),
    # the folder
    "results moved": (outdir_moved, "NOTHING"),
    "results copied": (outdir_copied, "NOTHING"),
    "names respelt": (respelt, "NOTHING"),
    "reference linked": (linked, "NOTHING"),
    "study moved": (moved, "SHEET"),
    # results that are not whole
    "empty result": (output("sheet/P1.json"), "SHEET"),
    "empty VCF": (output("call/P1.vcf.gz"), "CALL"),
    "result cut short": (output("compare/P1.json", b"x"), "COMPARE"),
    "page gone": (gone("report/P1.html"), "REPORT"),
    "record gone": (record_gone("call"), "CALL"),
    "empty record": (cut_record("resist"), "RESIST"),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_right_steps_are_done_again(name, study, boundkit, monkeypatch):
    boundkit.monkeypatch = monkeypatch
    edit, wanted = EDITS[name]
    edit(study, boundkit)
    assert study.stale() == eval(wanted, vars(boundkit))


@pytest.mark.parametrize("name", ["drug", "reads", "catalogue", "knowledge", "targets, same time"])
def test_after_a_second_run_nothing_is_left_to_do(name, study, boundkit):
    EDITS[name][0](study, boundkit)
    study.finish()
    assert study.stale() == set()


@pytest.mark.parametrize("dryrun", [True, False])
def test_an_old_page_is_withdrawn_before_the_first_step(study, monkeypatch, dryrun):
    """Whenever a run is killed then, no page is where a verdict is looked for."""
    released = []
    monkeypatch.setattr("atexit.register", released.append)
    monkeypatch.chdir(study.folder)
    workflow = types.SimpleNamespace(
        is_main_process=True, executor_plugin=object(), dryrun=dryrun, touch=False, configfiles=[]
    )
    page, outdated = (Path("results/report", name) for name in ("P1.html", "outdated/P1.html"))

    def begin():
        plan, _ = make_plan(merged(Path("config.yaml")), lambda path: {}, headers=False)
        Due(plan, workflow)("sheet", "{patient}")({"patient": "P1"})
        while released:
            released.pop()()

    begin()
    assert page.is_file() and not outdated.exists()  # up to date
    study.row("after", drugs="imatinib")
    begin()
    assert (page.is_file(), outdated.is_file()) == ((True, False) if dryrun else (False, True))


def test_a_patient_who_left_the_sheet_leaves_the_results(study, monkeypatch, capsys):
    """Also one who was renamed: nothing of the old name is taken for current."""
    monkeypatch.chdir(study.folder)
    for row in study.world.rows:
        row["patient"] = "P2"
    study.world.write_sheet()
    write_owner(settings(study.config), ["config.yaml"])
    assert main(["check"]) == 0
    assert "P1: not in the sheet any more; the next run moves" in capsys.readouterr().out
    assert main(["verify", "results"]) == 2
    assert "report/P1.html: the patient is not in the sheet any more" in capsys.readouterr().err
    assert main(["explain", "P1", "GENE"]) == 2
    assert "patient P1 is not in the sheet any more" in capsys.readouterr().err
    study.binding().withdraw()
    assert not list(Path("results/report").glob("P1*"))
    page = Path("results/report/outdated/P1.html").read_text()
    assert "Out of date: this patient is not in the sheet any more." in page
    study.finish()
    assert main(["check"]) == 0
    assert "P1" not in capsys.readouterr().out
    assert main(["verify", "results"]) == 0
    streams = capsys.readouterr()
    assert "P1: not in the sheet any more: its results are not compared" in streams.err
    old = read(place(study.folder / "results", "made", "call", "P1"))
    old.software["code"] = "older"  # of a run before another version: not made again
    write_json(place(study.folder / "results", "made", "call", "P1"), old.value())
    assert main(["verify", "results"]) == 0


def test_an_edit_taken_back_leaves_nothing_to_do(study, boundkit):
    """A plan that was made in between, as by a dry run, has marked nothing as done."""
    study.row("after", drugs="imatinib")
    study.binding().write()
    assert study.stale() == boundkit.SHEET
    study.row("after", drugs="PLX4032")
    study.binding().write()
    assert study.stale() == set()


def test_another_patients_row_concerns_that_patient_alone(study, boundkit):
    for sample in ("other1", "other2"):
        boundkit.write_bam(study.folder / f"{sample}.bam", groups=((f"{sample}.1", sample),))
    study.world.rows += [
        {"patient": "P2", "sample": "other1", "role": "normal", "bam": "other1.bam"},
        {"patient": "P2", "sample": "other2", "role": "tumor", "bam": "other2.bam"},
    ]
    study.world.write_sheet()
    stale = study.binding().stale()
    assert {step for step, subject in stale if subject == "P1"} == set()
    assert ("sheet", "P2") in stale and ("cohort", "all") in stale


def due_of(study, step, subject="P1"):
    binding = study.binding()
    binding.write()
    return place(binding.outdir, "due", step, subject)


def test_what_snakemake_is_shown(study):
    """Newer than the outputs where the step is to be done, older where it is not."""
    page = study.folder / "results/report/P1.html"
    path = due_of(study, "report")
    assert path.stat().st_mtime_ns < page.stat().st_mtime_ns
    study.write(report={"paths": "full"})
    future = page.stat().st_mtime + 10**7
    os.utime(page, (future, future))  # made on a machine whose clock is ahead
    first = due_of(study, "report")
    assert first.stat().st_mtime_ns > page.stat().st_mtime_ns
    text = first.read_bytes()
    # Snakemake takes a newer input of the same checksum for unchanged.
    assert due_of(study, "report").read_bytes() != text


def test_a_step_that_fails_leaves_no_record_and_no_page(study):
    study.row("after", drugs="imatinib")
    due = due_of(study, "sheet")
    results = study.folder / "results"
    with pytest.raises(InputError, match="broken"), recorded(due):
        raise InputError("broken")
    assert read(place(results, "made", "sheet", "P1")) is None
    assert not (results / "report/P1.html").exists()
    assert not (results / "report/cohort.html").exists()
    assert "Out of date" in (results / "report/outdated/P1.html").read_text()


def test_an_input_that_changes_under_a_step_is_no_input(study):
    study.row("after", drugs="imatinib")
    due = due_of(study, "sheet")
    words = r"after\.bam.*was changed while sheet of P1 read it"
    with pytest.raises(InputError, match=words), recorded(due):
        (study.folder / "results/sheet/P1.json").write_text("x")
        with (study.folder / "after.bam").open("ab") as out:
            out.write(b"x")
    assert read(place(study.folder / "results", "made", "sheet", "P1")) is None


def test_a_step_makes_the_index_that_is_missing(study):
    """The calls do not wait for the sheet's step."""
    (study.folder / "after.bam.bai").unlink()
    due = due_of(study, "call")
    with recorded(due):
        assert (study.folder / "after.bam.bai").is_file()
        for name in ("call/P1.vcf.gz", "call/P1.vcf.gz.tbi"):
            (study.folder / "results" / name).write_text("x")
    made = read(place(study.folder / "results", "made", "call", "P1"))
    assert made.inputs["index of after"].content
    assert list(study.folder.glob(".*")) == []


def test_evidence_that_was_used_and_removed(study, boundkit):
    """Of a scattered call: nothing is due for want of it; what is due of it follows the reads."""
    study.write(call=study.config["call"] | {"scatter": 3})
    study.finish()
    due = due_of(study, "call_shard", "P1.1-of-3")
    boundkit.written_step.write(due)
    (study.folder / "results/call/P1.1-of-3.npz").unlink()
    study.finish()  # the pages, which that step has withdrawn
    assert study.stale() == set()
    old = read(due).inputs["reads of after"].state
    other_reads("after.bam")(study, boundkit)
    assert study.stale() == boundkit.READS
    study.binding().write()
    assert read(due).inputs["reads of after"].state != old


def test_an_empty_output_is_not_finished(study):
    study.row("after", drugs="imatinib")
    due = due_of(study, "sheet")
    with pytest.raises(InputError, match="is empty after sheet"), recorded(due):
        (study.folder / "results/sheet/P1.json").write_text("")


def test_a_due_file_that_is_cut_short(study, tmp_path):
    due = due_of(study, "sheet")
    due.write_bytes(b"")
    with pytest.raises(InputError, match="not whole"), recorded(due):
        pass
    assert due_of(study, "sheet").stat().st_size


@pytest.mark.parametrize("data", [b"", b"[]", b'{"x": 1}', b'{"x": {"state": {}}}', b"\xff"])
def test_known_contents_that_are_damaged(study, boundkit, data):
    """They are hashed again; nothing is taken for known that is not."""
    (study.folder / "results/.resistpanel/known.json").write_bytes(data)
    assert study.stale() == set()
    at_the_same_time("targets.bed")(study, boundkit)
    assert study.stale() == boundkit.ALL


def test_a_record_of_another_patient_vouches_for_nothing(study, boundkit):
    """Copied over, as by a tool that merges results."""
    made = place(study.folder / "results", "made", "call", "P1")
    value = made.read_text().replace("reads of after", "reads of other")
    made.write_text(value)
    assert study.stale() == boundkit.CALL


def test_a_link_that_leads_elsewhere(study, boundkit):
    """The reference is a link, as by a site's `current` folder; its target is another genome."""
    sequence = (study.folder / "genome.fa").read_text()
    (study.folder / "new.fa").write_text(sequence[:-2] + ("A" if sequence[-2] != "A" else "C"))
    shutil.copy(study.folder / "genome.fa.fai", study.folder / "new.fa.fai")
    linked(study, boundkit)
    study.finish()
    for suffix in ("", ".fai"):
        (study.folder / f"link.fa{suffix}").unlink()
        (study.folder / f"link.fa{suffix}").symlink_to(study.folder / f"new.fa{suffix}")
    assert study.stale() == boundkit.ALL


def test_a_hard_link_that_is_written_through(study, boundkit):
    """Another name of the BAM is edited, and its time set back."""
    other = study.folder / "elsewhere.bam"
    other.hardlink_to(study.folder / "after.bam")
    at_the_same_time("elsewhere.bam")(study, boundkit)
    other.unlink()
    assert study.stale() == boundkit.READS


def test_every_input_of_a_rule_is_bound(study, snakemake):
    """What Snakemake lists as inputs and outputs of each job is what the record compares."""
    shutil.rmtree(study.folder / "results")
    study.write(multiqc={"scan": ["catalog"]})
    done = snakemake(
        study.folder, "--configfile", "config.yaml", "-n", "all", "multiqc", "--nocolor"
    )
    assert done.returncode == 0, done.stderr + done.stdout[-1500:]
    step, seen = None, set()
    study_binding = study.binding()
    for line in done.stdout.splitlines():
        kind, _, rest = line.strip().partition(": ")
        if line.startswith(("rule ", "localrule ")):
            step = line.split()[1].rstrip(":")
        elif kind in ("input", "output") and step != "all" and step is not None:
            words = (word.removesuffix(" (update)") for word in rest.split(", "))
            paths = {str(study.folder / word) for word in words}
            paths = {path for path in paths if "/due/" not in path}
            verdict = next(v for (s, _), v in study_binding.verdicts.items() if s == step)
            outdir = study_binding.outdir
            files = verdict.due.inputs if kind == "input" else verdict.due.outputs
            bound = {
                str(outdir / (f.path if kind == "input" else name)) for name, f in files.items()
            }
            # Of the sheet its rows are bound, of which there is one per patient.
            paths.discard(str(study.folder / "samples.tsv"))
            assert paths <= bound, (step, kind, paths - bound)
            seen.add(step)
    # The plan alone, as `run --dry-run` shows it, counts the jobs that Snakemake does.
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    with contextlib.chdir(study.folder):
        plan, _ = make_plan(merged(Path("config.yaml")), lambda path: {}, headers=False)
        planned = Counter(step for step, _ in due(plan, {}))
    assert planned | {"multiqc": 1, "all": 1} == {
        step: int(number) for step, number in jobs.items() if step != "total"
    }
    assert seen >= {"panel", "catalog", "sheet", "qc", "call", "annotate", "copynumber",
                    "identity", "compare", "resist", "report", "cohort", "multiqc"}  # fmt: skip


def test_a_dry_run_lists_the_steps_without_snakemake(study, capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.chdir(study.folder.parent)
    before = {path: state(path) for path in study.folder.rglob("*") if path.is_file()}
    assert main(["run", str(study.folder), "--dry-run"]) == 0
    assert capsys.readouterr().out == "up to date: no step would run\n"
    study.row("after", drugs="imatinib")
    before |= {study.world.sheet: state(study.world.sheet)}
    assert main(["run", str(study.folder), "--dry-run"]) == 0
    out = capsys.readouterr().out
    steps = [line.split()[0] for line in out.splitlines()[1:-1]]
    assert steps[0] == "sheet" and {"compare", "cohort"} <= {*steps} and "call" not in steps
    assert "rows changed (P1)" in out and "follows sheet" in out
    assert "steps would run; nothing was done" in out
    now = {path: state(path) for path in study.folder.rglob("*") if path.is_file()}
    assert {path for path in now if now[path] != before.get(path)} <= {
        study.folder / "results/.resistpanel/known.json"
    }
    study.row("after", bam="missing.bam")
    assert main(["run", str(study.folder), "--dry-run"]) == 2
    assert "missing.bam" in capsys.readouterr().err


def test_every_rule_hands_its_step_what_is_due():
    """A step without it would leave the record of an earlier run in place."""
    for path in sorted((HOME / "workflow/rules").glob("*.smk")):
        text = path.read_text()
        assert text.count('"resistpanel ') == text.count("--made-from {input.due:q}"), path


def test_slices_on_request_are_a_step_of_their_own(study):
    """Asked for, they are made; nothing else is made again, and what they are of is their input."""
    study.write(report={"slices": True})
    assert study.stale() == {"slices"}
    study.finish()
    assert study.stale() == set()
    binding = study.binding()
    due = binding.verdicts["slices", "P1"].due
    assert list(due.outputs) == ["report/slices/P1"]
    assert {"states", "verdict", "reads of after", "index of after"} <= set(due.inputs)
