"""Which steps of a run have to be done again, and why: by what each result was made from.

Snakemake is shown the answer by one input of every rule, ``.resistpanel/due/STEP/SUBJECT.json``:
newer than all outputs where the step is to be done again, older where it is not. Its own records
in ``.snakemake`` are not needed for this, nor are the times of inputs.
"""

import atexit
import contextlib
import dataclasses
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from resistpanel.core.agreement import TEMPORARY
from resistpanel.core.bam import index_of
from resistpanel.core.errors import InputError, machine_fault
from resistpanel.core.files import write_json
from resistpanel.core.fingerprint import WHOLE_SHARED, State, content, state
from resistpanel.core.lease import Lease, holder_alive
from resistpanel.core.made import (
    FOLDER,
    ROWS,
    VERSION,
    File,
    Made,
    differences,
    left_out,
    place,
    read,
    set_private,
    software,
    withdraw,
)
from resistpanel.core.vocabulary import GERMLINE_POLICIES
from resistpanel.inputs.config import PRIVATE, Settings
from resistpanel.inputs.owner import check_owner, lock_of, write_owner
from resistpanel.inputs.plan import Plan
from resistpanel.inputs.sheet import cells
from resistpanel.qc.assay_folder import ABOUT

#: Time of a due file of which nothing is to be done, in ns: older than any output.
NEVER = 10**9
#: What a due file is newer than outputs by, in ns: file systems keep times to 2 s at the coarsest.
GRAIN = 2 * 10**9
#: Of a step that has to follow another.
AGAIN = " is done again"
#: Suffixes of the indexes that a resource or a reference may have.
INDEXES = (".fai", ".gzi", ".tbi", ".csi")


@dataclasses.dataclass
class Step:
    """A step of a run: a rule with its wildcards.

    Attributes
    ----------
    step, subject : str
    inputs : dict of str to Path
        By role.
    outputs : list of str
        Relative to the output folder.
    settings : dict
    pages : list of str
        See `resistpanel.core.made.Made`.
    """

    step: str
    subject: str
    inputs: dict[str, Path]
    outputs: list[str]
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    pages: list[str] = dataclasses.field(default_factory=list)


def _indexed(role: str, path: Path | None) -> dict[str, Path]:
    """Return a file and the indexes that it has."""
    if path is None:
        return {}
    found = {role: path}
    for suffix in INDEXES:
        if Path(f"{path}{suffix}").is_file():
            found[f"{role}{suffix}"] = Path(f"{path}{suffix}")
    return found


def _tables(role: str, folder: Path, names: Iterable[str] | None = None) -> dict[str, Path]:
    paths = sorted(folder.glob("*.tsv")) if names is None else [folder / name for name in names]
    return {f"{role} {path.name}": path for path in paths}


def _catalogue(made: Settings) -> dict[str, Path]:
    """Return the tables of the catalogue and the user's own."""
    own = {f"catalogue table {n}": path.absolute() for n, path in enumerate(made.catalog_tables, 1)}
    if made.drugs:
        own["drugs"] = made.drugs.absolute()
    return _tables("catalogue", made.catalog) | own


class Steps:
    """All steps of a plan, with what each reads and writes.

    Parameters
    ----------
    plan : Plan
    screens : mapping
        The configuration's `screens`.
    """

    def __init__(self, plan: Plan, screens: Mapping[str, Any] | None = None):
        self.plan, self.screens = plan, dict(screens or {})
        made = self.settings = plan.settings
        self.outdir = made.outdir.absolute()
        self.reference = _indexed("reference", made.reference)
        if made.simulate:  # which makes the indexes, too
            suffixes = ("", ".fai", ".gzi")
            self.reference = {f"reference{s}": Path(f"{made.reference}{s}") for s in suffixes}
        self.panel = {name: self.out(f"panel/{name}") for name in ("targets.bed", "genes.gff3")}
        self.drugs = {"drugs": plan.settings.drugs} if plan.settings.drugs else {}
        self.sites = "callers/{}.sites.vcf" if plan.compared else "catalog/sites.vcf"

    def out(self, name: str) -> Path:
        """Return the path of an output."""
        stage, _, rest = name.partition("/")
        return Path(os.path.abspath(self.settings.stage(stage) / rest))  # noqa: PTH100

    def __iter__(self) -> Iterator[Step]:
        """Yield every step, those that others need first."""
        for one in self._steps():
            if self.settings.private:
                one.outputs = [os.path.relpath(self.out(name), self.outdir)
                               if not name.startswith("..") else name
                               for name in one.outputs]  # fmt: skip
            yield one

    def _steps(self) -> Iterator[Step]:
        yield from self._shared()
        for patient in self.plan.patients:
            yield from self._first(patient)
            yield from self._calls(patient)
            yield self._qc(patient)
        for patient in self.plan.patients:
            yield from self._patient(patient)
        yield from self._cohort()
        yield from self._screens()

    def _shared(self) -> Iterator[Step]:
        made, everyone = self.settings, list(self.plan.patients)
        if made.simulate:
            rows = [row for rows in self.plan.patients.values() for row in rows]
            outputs = [made.samples, made.targets, *self.reference.values()]
            outputs += [path for row in rows for path in (row.bam, Path(f"{row.bam}.bai"))]
            yield Step(
                "simulate", "all",
                {f"source {number}": path for number, path in enumerate(self.plan.sources)},
                [os.path.relpath(path.absolute(), self.outdir) for path in outputs],
                {"simulate": [made.simulate.seed, made.simulate.depth]}, everyone,
            )  # fmt: skip
        yield Step(
            "panel", "all", {**self.reference, "targets": made.targets, "genes": made.genes},
            ["panel/targets.bed", "panel/genes.gff3", "panel/sequences.json"], {"vrs": made.vrs},
            everyone,
        )  # fmt: skip
        yield Step(
            "catalog", "all",
            {**self.panel, **self.reference, **_catalogue(made)},
            ["catalog/sites.vcf"], {}, everyone,
        )  # fmt: skip
        if self.plan.aligned:
            yield Step("align_index", "all", self.reference, ["align/index"],
                       {"align.aligner": made.align["aligner"]}, everyone)  # fmt: skip
        if self.plan.compared:
            yield Step("callers_reference", "all", self.reference, ["callers/reference"], {},
                       everyone)  # fmt: skip

    def reads(self, patient: str) -> dict[str, Path]:
        """Return a patient's BAMs with their indexes."""
        found = {}
        for row in self.plan.patients[patient]:
            bam = self.plan.bam(row).absolute()
            found[f"reads of {row.sample}"] = bam
            found[f"index of {row.sample}"] = index_of(bam) or Path(
                f"{bam}.crai" if bam.suffix == ".cram" else f"{bam}.bai"
            )
        return found

    def _said(self, patient: str) -> list[str]:
        """Return what is said of the assays; of primers that there are some: they are inputs."""
        values = (value for _, value in self.plan.assay(patient))
        return [re.sub("(primers)=.*", r"\1", value) for value in values]

    def _policy(self, patient: str) -> dict[str, str]:
        """Return the policy on a patient's inherited variants, if any are withheld."""
        policy = self.plan.germline(patient)
        return {} if policy == GERMLINE_POLICIES[0] else {"germline": policy}

    def _first(self, patient: str) -> Iterator[Step]:
        """Yield what is done before patients are compared with each other's normals."""
        made, plan = self.settings, self.plan
        for row in plan.patients[patient]:
            if row.fastq1:
                lanes = [*enumerate(row.fastq1, 1), *enumerate(row.fastq2, len(row.fastq1) + 1)]
                yield Step(
                    "align", row.sample,
                    {f"FASTQ {number}": path for number, path in lanes}
                    | self.reference | {"aligner's index": self.out("align/index")},
                    [f"align/{row.sample}.bam", f"align/{row.sample}.bam.bai"],
                    {f"align.{key}": value for key, value in made.align.items()},
                    [patient],
                )  # fmt: skip
            if row.url:
                yield Step(
                    "fetch", row.sample, {},
                    [f"align/{row.sample}.bam", f"align/{row.sample}.bam.bai"],
                    {"address": row.url}, [patient],
                )  # fmt: skip
        reads = self.reads(patient)
        # Simulated, the sheet is a result of its own; the rows are those of the patient's file.
        rows = {"simulated rows" if made.simulate else ROWS: cells(plan.patients[patient])}
        samples = {"samples": made.samples} if made.simulate else {}
        samples |= self.drugs
        if given := plan.treatments.get(patient):
            rows["treatments"] = cells(given)
        yield Step(
            "sheet", patient,
            {**reads, **self.reference, **samples, "targets": made.targets, "genes": made.genes,
             "catalogue drugs.tsv": made.catalog / "drugs.tsv"},
            [f"sheet/{patient}.json"], {**rows, "build": made.build}, [patient],
        )  # fmt: skip

    def _qc(self, patient: str) -> Step:
        counts = {}
        if self.plan.shards(patient) == 1:
            counts = {"counts": self.out(f"call/{patient}.counts.json")}
        return Step(
            "qc", patient,
            {**self.reads(patient), "sheet": self.out(f"sheet/{patient}.json"), **self.reference,
             "targets.bed": self.panel["targets.bed"], **counts},
            [f"qc/{patient}.json"], {"qc": self.settings.qc, "assay": self._said(patient)},
            [patient],
        )  # fmt: skip

    def _patient(self, patient: str) -> Iterator[Step]:
        made, plan, out = self.settings, self.plan, self.out
        calls = {
            "calls": out(f"annotate/{patient}.vcf.gz"),
            "calls.tbi": out(f"annotate/{patient}.vcf.gz.tbi"),
        }
        sheet = {"sheet": out(f"sheet/{patient}.json")}
        copies = {"copy number": out(f"copynumber/{patient}.json")}
        yield Step(
            "annotate", patient,
            {"call": out(f"call/{patient}.vcf.gz"), "call.tbi": out(f"call/{patient}.vcf.gz.tbi"),
             **self.reference, "genes.gff3": self.panel["genes.gff3"],
             "sequences": self.out("panel/sequences.json")},
            [f"annotate/{patient}.vcf.gz", f"annotate/{patient}.vcf.gz.tbi"], {}, [patient],
        )  # fmt: skip
        pool = self.plan.pool(patient)
        yield Step(
            "copynumber", patient,
            {**sheet, **calls, "quality": out(f"qc/{patient}.json"), **self.reference,
             "genes.gff3": self.panel["genes.gff3"],
             **_tables("catalogue", made.catalog, ["drivers.tsv"]),
             **{f"pool {name}": path.absolute() for path, name in pool}},
            [f"copynumber/{patient}.json"], {"copynumber": made.copynumber}, [patient],
        )  # fmt: skip
        genes = {}
        if made.private:
            genes = {"germline genes": made.germline_genes,
                     **_tables("catalogue", made.catalog, ["drivers.tsv"])}  # fmt: skip
        tests = self.plan.other_tests.get(patient, ())
        files = {f"other test {number}": row.file.absolute()
                 for number, row in enumerate(tests, 1) if row.file}  # fmt: skip
        said = {"other_tests": cells(tests)} if tests else {}
        yield Step("compare", patient, {**calls, **sheet, **copies, **genes, **files},
                   [f"compare/{patient}.json"],
                   {"assay.index_hopping": self.settings.index_hopping, **self._policy(patient),
                    **said},
                   [patient])  # fmt: skip
        states = {"states": out(f"compare/{patient}.json")}
        yield Step(
            "resist", patient,
            {**states, **sheet, **copies, "quality": out(f"qc/{patient}.json"), **self.panel,
             **self.reference, **_catalogue(made),
             **_tables("knowledge", made.knowledge)},
            [f"resist/{patient}.json"], {}, [patient],
        )  # fmt: skip
        sites = {"microsatellites": made.msi_sites} if made.msi_sites else {}
        yield Step(
            "biomarkers", patient,
            {**states, **sheet, "quality": out(f"qc/{patient}.json"), **self.panel,
             **self.reference, **self.reads(patient), **sites},
            [f"biomarkers/{patient}.json"], {}, [patient],
        )  # fmt: skip
        more = {"biomarkers": out(f"biomarkers/{patient}.json")}
        review = out(f"review/{patient}.json")
        more |= {"review": review} if review.is_file() else {}
        more |= {"table1": made.table1} if made.table1 else {}
        if self.plan.compared:
            more["callers"] = out(f"callers/{patient}.json")
        yield Step(
            "report", patient,
            {**sheet, "quality": out(f"qc/{patient}.json"), **states,
             "verdict": out(f"resist/{patient}.json"), **copies, "calls": calls["calls"],
             **self.reference, "genes": self.panel["genes.gff3"], **self.reads(patient), **more},
            [*(f"report/{patient}.{suffix}"
               for suffix in ("html", "json", "tsv", "maf", "vcf.gz", "vcf.gz.tbi")),
             f"report/pass/{patient}.vcf.gz", f"report/pass/{patient}.vcf.gz.tbi"],
            {"build": made.build, "report": made.report_paths,
             **({"report.igv": True} if patient in plan.in_igv() else {})},
        )  # fmt: skip
        around = {
            **sheet, "quality": out(f"qc/{patient}.json"), **states,
            "verdict": out(f"resist/{patient}.json"), "calls": calls["calls"], **self.reference,
            **self.reads(patient),
        }  # fmt: skip
        if patient in plan.sliced():
            yield Step("slices", patient, around, [f"report/slices/{patient}"])
        if patient in plan.in_igv():
            script = {"igv.js": made.igv_js.absolute()} if made.igv_js else {}
            yield Step(
                "igv", patient, {**around, "genes": self.panel["genes.gff3"], **script},
                [f"report/igv/{patient}.html"],
            )  # fmt: skip

    def _calls(self, patient: str) -> Iterator[Step]:
        made, plan, out = self.settings, self.plan, self.out
        reads, targets = self.reads(patient), {"targets.bed": self.panel["targets.bed"]}
        beds = enumerate(plan.primers(patient), 1)
        primers = {f"primers {number}": Path(path) for number, path in beds}
        options = {
            "call.extra": made.call_extra,
            "assay": [f"padding={plan.padding(patient)}", *self._said(patient)],
        }
        folder = {"assay.yaml": made.assay_folder / ABOUT} if made.built else {}
        version = {VERSION: f"{made.built.title} ({made.built.digest[:12]})"} if made.built else {}
        sheet = {"sheet": out(f"sheet/{patient}.json")}
        others: dict[str, Path] = {}
        if plan.compared:
            for name in plan.callers(patient):
                others[f"caller {name}"] = out(f"callers/{name}/{patient}")
                yield Step(
                    "callers_run", f"{name}/{patient}",
                    {**reads, **sheet, "genome": out("callers/reference"), **targets,
                     **_indexed("germline", made.germline)},
                    [f"callers/{name}/{patient}"],
                    {f"callers_extra.{name}": made.callers_extra.get(name)}, [patient],
                )  # fmt: skip
            for name, path in plan.caller_vcfs(patient):
                others |= _indexed(f"VCF of {name}", path)
            yield Step(
                "callers_sites", patient,
                {**others, **sheet, "sites": out("catalog/sites.vcf"), **self.reference},
                [f"callers/{patient}.sites.vcf"], {}, [patient],
            )  # fmt: skip
        sites = {"sites": out(self.sites.format(patient))}
        shards = plan.shards(patient)
        for number in range(1, shards + 1 if shards > 1 else 1):
            name = f"{patient}.{number}-of-{shards}"
            inputs = {**reads, **self.reference, **targets, **sites, **primers}
            yield Step("call_shard", name, inputs, [f"call/{name}.npz"], options, [patient])
        yield Step(
            "call", patient,
            {**reads, **self.reference, **targets, **sites, **primers,
             **_indexed("germline", made.germline), **_indexed("panel of normals", made.pon),
             **folder},
            [f"call/{patient}.{name}" for name in ("vcf.gz", "vcf.gz.tbi", "counts.json")],
            options | version, [patient],
        )  # fmt: skip
        if plan.compared:
            yield Step(
                "callers", patient,
                {**others, **sheet, "call": out(f"call/{patient}.vcf.gz"), **self.reference},
                [f"callers/{patient}.json", f"callers/{patient}.tsv"], {}, [patient],
            )  # fmt: skip

    def _cohort(self) -> Iterator[Step]:
        patients, out = list(self.plan.patients), self.out
        copies = {f"copy number of {name}": out(f"copynumber/{name}.json") for name in patients}
        yield Step("identity", "all", copies, ["identity/cohort.json"],
                   {"identity": self.settings.identity})  # fmt: skip
        yield Step(
            "cohort", "all",
            {f"report of {name}": out(f"report/{name}.json") for name in patients}
            | {"identity": out("identity/cohort.json"), **self.panel},
            ["report/cohort.html", "report/cohort.tsv", "report/cbioportal"],
            {"a page of MultiQC": out("multiqc/multiqc.html").is_file()},
        )  # fmt: skip
        if self.plan.stored:
            # A store of the laboratory is no output: other runs add to it.
            yield Step(
                "store", "all",
                {f"report of {name}": out(f"report/{name}.json") for name in patients},
                ["store/results.duckdb"],
                {"store": str(self.settings.store) if self.settings.store else None},
            )  # fmt: skip
        for name in self.plan.published():
            # What is in the bucket is no output here.
            yield Step("publish", name.partition("/")[2], {"result": out(name)}, [])
        yield Step(
            "multiqc", "all",
            {f"quality of {name}": out(f"qc/{name}.json") for name in patients}
            | copies | {"identity": out("identity/cohort.json")}
            | {f"scan {number}": path for number, path in enumerate(self.settings.multiqc, 1)},
            ["multiqc/multiqc.html"],
        )  # fmt: skip

    def _screens(self) -> Iterator[Step]:
        for name, screen in self.screens.items():
            inputs = {}
            for key in ("bam", "control", "reference"):
                if screen.get(key):
                    inputs |= _indexed(key, Path(screen[key]))
            yield Step(
                "screen", name, {**inputs, **_tables("catalogue", self.settings.catalog)},
                [f"screen/{name}.{suffix}" for suffix in ("tsv", "catalog.tsv", "svg")],
                {f"screens.{name}": screen},
            )  # fmt: skip


class Known:
    """Contents of files by their state, kept from one plan to the next."""

    def __init__(self, outdir: Path):
        self.path = outdir / FOLDER / "known.json"
        self.changed = False
        self.files: dict[str, tuple[State, str | None]] = {}
        # Damaged, it is made again: every content is hashed.
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            for name, one in json.loads(self.path.read_bytes()).items():
                self.files[name] = (State(**one["state"]), one["content"])

    def content(self, path: Path, now: State, whole: int | None) -> str | None:
        """Return a file's content, hashed if it is not known in this state."""
        old = self.files.get(str(path))
        if old and old[0].same(now):
            return old[1]
        found = content(path, *([whole] if whole else []))
        self.files[str(path)] = (now, found)
        self.changed = True
        return found

    def save(self) -> None:
        """Write what has been learned."""
        if self.changed:
            value = {name: {"state": vars(s), "content": c} for name, (s, c) in self.files.items()}
            write_json(self.path, value)


@dataclasses.dataclass
class Verdict:
    """Whether a step has to be done, and why; `reasons` is empty if its result is good."""

    due: Made
    reasons: list[str]


class Binding:
    """What every step of a plan is to be made from, against what it was made from."""

    def __init__(self, plan: Plan, screens: Mapping[str, Any] | None = None):
        self.steps = list(Steps(plan, screens))
        self.outdir = plan.settings.outdir.absolute()
        self.prefix = f"{self.outdir}{os.sep}"
        self.known = Known(self.outdir)
        self.states: dict[Path, State | None] = {}
        self.folders: set[Path] = set()
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.makers = {
            Path(os.path.normpath(self.outdir / name)): (one.step, one.subject)
            for one in self.steps
            for name in one.outputs
        }
        self.read = {path.absolute() for one in self.steps for path in one.inputs.values()}
        self.records: dict[tuple[str, str], Made | None] = {}
        self.left = left_out(self.outdir, plan.patients)
        for one in self.steps:
            self._judge(one)

    def _state(self, path: Path, head: bool) -> State | None:
        if path not in self.states:
            self.states[path] = state(path, head)
        return self.states[path]

    def _judge(self, one: Step) -> None:
        key = (one.step, one.subject)
        record = self.records[key] = read(place(self.outdir, "made", *key))
        inputs, again = {}, []
        for role, path in one.inputs.items():
            path = path.absolute()
            maker = self.makers.get(path)
            inside = maker is not None
            inputs[role] = self._file(role, path, inside, record)
            if inside and self.verdicts[maker].reasons:
                again.append(f"{maker[0]}{AGAIN}")
            elif inside:
                again += self._edited(path, maker, inputs[role])
        due = Made(
            one.step, one.subject, software(), one.settings, inputs,
            {name: File(name) for name in one.outputs}, one.pages,
        )  # fmt: skip
        reasons = differences(due, record, self.outdir)
        if record and not reasons:
            reasons = [f"{name} was changed after it was made" for name in self._replaced(record)]
        self.verdicts[key] = Verdict(due, reasons or list(dict.fromkeys(again)))

    def _file(self, role: str, path: Path, inside: bool, record: Made | None) -> File:
        """Return an input as it is now, hashed only where its state is not the recorded one."""
        now = self._state(path, head=not inside)
        shared = not inside and not role.startswith(("reads of", "index of", "FASTQ"))
        whole = WHOLE_SHARED if shared else 0
        old = record.inputs.get(role) if record else None
        if now is None:
            found = None
        elif old and now.same(old.state):
            found = old.content
        elif old or shared:
            found = self.known.content(path, now, whole or None)
        else:
            found = None  # the step that reads it hashes it
        return File(self._name(path) if inside else str(path), now, found, whole)

    def _name(self, path: Path) -> str:
        """Return a result's path as seen from the output folder."""
        text = str(path)
        inside = text.startswith(self.prefix)
        return text[len(self.prefix) :] if inside else os.path.relpath(path, self.outdir)

    def _replaced(self, record: Made) -> Iterator[str]:
        """Yield the outputs that are not those a step wrote: a page of a backup, say.

        One that another step reads is compared there.
        """
        for name, wrote in record.outputs.items():
            path = self.outdir / name
            now = None if path in self.read else self._state(path, head=False)
            if now and wrote.state and not now.same(wrote.state):
                found = self.known.content(path, now, wrote.whole or None)
                if wrote.content and found != wrote.content:
                    yield name

    def _edited(self, path: Path, maker: tuple[str, str], now: File) -> list[str]:
        """Return why a step's maker has to run: its output is not the one it recorded."""
        record = self.records.get(maker)
        if record is None or now.content is None:
            return []
        name = self._name(path)
        wrote = record.outputs.get(name)
        if wrote is None or wrote.content in (None, now.content):
            return []
        if wrote.content.split(":")[0] != now.content.split(":")[0]:
            return []
        self.verdicts[maker].reasons.append(f"{name} was changed after it was made")
        return [f"{maker[0]}{AGAIN}"]

    def stale(self) -> dict[tuple[str, str], list[str]]:
        """Return why each step has to be done that has to be.

        Not those whose result is removed once it was used: they are done where that is needed.
        """
        return {
            key: one.reasons for key, one in self.verdicts.items()
            if one.reasons and not (key[0] in TEMPORARY and self._absent(one.due))
        }  # fmt: skip

    def _absent(self, due: Made) -> bool:
        return not any((self.outdir / name).exists() for name in due.outputs)

    def bound(self, patient: str) -> bool:
        """Return whether a patient's report agrees with all that it was made from."""
        verdict = self.verdicts.get(("report", patient))
        return verdict is not None and not verdict.reasons

    def withdraw(self) -> None:
        """Move the pages of patients of which a step is to be done, before the first one begins.

        Also those of patients who are not in the sheet any more.
        A run that is killed while a step starts, or before, leaves no old verdict.
        """
        pages = {page for key in self.stale() for page in self.verdicts[key].due.pages}
        if pages or self.left:
            withdraw(self.outdir, sorted(pages.union(self.left)), self.left)

    def write(self, touch: bool = True) -> None:
        """Write what is due, so that Snakemake does again what has to be done again.

        Parameters
        ----------
        touch : bool
            False: another run is at work; write only what is missing.
        """
        self.known.save()
        for (step, subject), verdict in self.verdicts.items():
            path = place(self.outdir, "due", step, subject)
            try:
                found = path.stat()
            except OSError:
                found = None
            if found and not touch:
                continue
            self._write(path, verdict, found)

    def _write(self, path: Path, verdict: Verdict, found: os.stat_result | None) -> None:
        if path.parent not in self.folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.folders.add(path.parent)
        body = json.dumps(verdict.due.value())[:-1]
        # Also of a step that is not due: Snakemake may run it for reasons of its own, and it must
        # record what it is given now.
        if found and verdict.reasons in ([], ["new"]) and path.read_text().startswith(body):
            if not verdict.reasons and found.st_mtime_ns != NEVER:
                os.utime(path, ns=(NEVER, NEVER))
            return  # new, of a result that is not there: nothing to be older than
        # Not renamed over the old one, for which file systems wait for the disk: a step that finds
        # it cut short asks for another run.
        if found:
            path.unlink(missing_ok=True)
        path.write_text(f'{body}, "nonce": {time.time_ns()}}}', encoding="utf-8")
        when = NEVER
        if verdict.reasons:
            # Newer than the outputs there are, and no more: the step may run on a machine whose
            # clock is behind, and new outputs that are older Snakemake takes for a fault.
            there = [self.outdir / name for name in verdict.due.outputs]
            times = {path: path.lstat().st_mtime_ns for path in there if path.exists()}
            when = min(time.time_ns(), max(times.values(), default=NEVER) + GRAIN)
            for output, modified in times.items():
                if modified >= when:
                    os.utime(output, ns=(when - 1, when - 1), follow_symlinks=False)
        os.utime(path, ns=(when, when))


class Due:
    """The rules' inputs that say what each step is to be made from.

    The first that Snakemake asks for, when it is known what Snakemake is to do, compares all
    results with their inputs. A run takes the output folder's lock before; a dry run does not.

    Parameters
    ----------
    plan : Plan
    workflow : snakemake.workflow.Workflow
    screens : mapping
        The configuration's `screens`.
    """

    def __init__(self, plan: Plan, workflow: Any, screens: Mapping[str, Any] | None = None):
        self.plan, self.workflow, self.screens = plan, workflow, screens
        # The jobs' own processes on a cluster read the Snakefile again, and compare nothing.
        self.done = not workflow.is_main_process

    def __call__(self, step: str, subject: str = "all") -> Callable[[Any], str]:
        """Return the input function of a rule; `subject` may have wildcards."""

        def due(wildcards: Any) -> str:
            if not self.done:
                self.done = True
                self._compare()
            name = subject.format(**dict(wildcards.items()))
            return str(place(self.plan.settings.outdir, "due", step, name))

        return due

    def _compare(self) -> None:
        made, workflow = self.plan.settings, self.workflow
        runs = workflow.executor_plugin is not None and not workflow.dryrun
        try:
            check_owner(made)
            if runs:
                held = Lease(lock_of(made.outdir), f"outdir {made.outdir}")
                atexit.register(held.release)
                write_owner(made, list(map(str, workflow.configfiles)))
                set_private(made.outdir, made.private, PRIVATE)
            free = runs or holder_alive(lock_of(made.outdir)) is None
            binding = Binding(self.plan, self.screens)
            if runs and not workflow.touch:
                binding.withdraw()
            binding.write(touch=free)
        except OSError as error:
            print(f"resistpanel: error: {machine_fault(error) or error}", file=sys.stderr)
            sys.stderr.flush()
            os._exit(2)
        except InputError as error:
            # An exception here would be shown with a traceback of Snakemake's own.
            for line in error.lines():
                print(f"resistpanel: error: {line}", file=sys.stderr)
            sys.stderr.flush()
            os._exit(2)
