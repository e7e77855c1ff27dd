"""What a result was made from: written by its job, compared when a run is planned.

``{outdir}/.resistpanel/due/STEP/SUBJECT.json`` says what a step is to be made from. The plan writes
it, and it is an input of the step's rule. ``made/STEP/SUBJECT.json`` says what the step has been
made from. The step writes it when it has ended well, and removes it before it begins.
"""

import contextlib
import dataclasses
import functools
import importlib.util
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from resistpanel import __version__
from resistpanel.core.bam import index_of, make_index
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, write_json, write_text
from resistpanel.core.fingerprint import State, content, of_value, state

#: The folder of identities in the output folder.
FOLDER = ".resistpanel"
#: Where pages are moved whose patient is being made again.
OUTDATED = "report/outdated"
#: What is written across such a page.
CHANGED = "what this page was made from has changed since, or is being made again"
LEFT = "this patient is not in the sheet any more"
#: Setting of the steps that a built assay concerns: its name and version.
VERSION = "assay version"
#: Under what name the record of the sheet's step has the rows; their cells that name files.
ROWS, PATHS = "the sheet's rows", ("bam", "url", "fastq1", "fastq2")
#: How the difference begins of rows whose files are at other paths, see `differences`.
MOVED = "the paths of the sheet's files changed"
#: Folder of the results store.
STORE = "store"
#: Libraries whose version changes numbers or bytes.
LIBRARIES = ("pysam", "numpy", "scipy", "pandas", "cyvcf2", "mappy", "jinja2")
#: Of the package and of the workflow, what a result depends on.
CODE = (".py", ".pyx", ".pxd", ".j2", ".js", ".css", ".json", ".smk", ".yaml")
#: Environment variable by which a run hands `software` on to its jobs.
KNOWN_SOFTWARE = "RESISTPANEL_SOFTWARE"


@functools.cache
def software() -> dict[str, str]:
    """Return the versions of the package, of its code, and of the libraries that compute.

    The digest of the code differs between two commits of one version. A process that a run has
    started takes the answer from its environment, as long as no file behind it was replaced.
    """
    now = _sources()
    with contextlib.suppress(KeyError, ValueError, TypeError):
        known = json.loads(os.environ[KNOWN_SOFTWARE])
        if known["sources"] == now:
            return known["software"]
    # Slow to import, and most commands never ask.
    from importlib import metadata

    code = {}
    for folder in _code_folders():
        for path in folder.rglob("*"):
            if path.suffix in CODE and "home" not in path.relative_to(folder).parts[:1]:
                code[f"{folder.name}/{path.relative_to(folder)}"] = content(path)
    found = {"resistpanel": __version__, "code": of_value(code)[:12]}
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    os.environ[KNOWN_SOFTWARE] = json.dumps({"sources": now, "software": found})
    return found


def _code_folders() -> list[Path]:
    return [Path(__file__).parents[1], HOME / "workflow/rules", HOME / "workflow/schemas"]


def _sources() -> str:
    """Return the digest of the states of the files behind `software`; none is read."""
    states = []
    for folder in map(str, _code_folders()):
        for place, folders, names in os.walk(folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names:
                if name.endswith(CODE):
                    found = os.stat(f"{place}/{name}")  # noqa: PTH116
                    states.append((place, name, found.st_size, found.st_mtime_ns, found.st_ino))
    for name in LIBRARIES:
        # An installed package has files of its own, never those of the version before.
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            found = os.stat(spec.origin)  # noqa: PTH116
            states.append((spec.origin, name, found.st_size, found.st_mtime_ns, found.st_ino))
    return of_value(sorted(states))


def version_of(versions: dict[str, str]) -> str:
    """Return a version of the package in words."""
    return f"resistpanel {versions.get('resistpanel', '?')} ({versions.get('code', '?')})"


@dataclasses.dataclass(frozen=True)
class File:
    """A file that a step reads.

    Attributes
    ----------
    path : str
        Absolute; of a file that another step wrote, relative to the output folder.
    state : State or None
        None: there is no such file.
    content : str or None
        Its digest; None: not known.
    whole : int
        Bytes up to which it is hashed whole; 0: the usual number.
    """

    path: str
    state: State | None = None
    content: str | None = None
    whole: int = 0

    def value(self) -> dict[str, Any]:
        """Return what is written; `dataclasses.asdict` takes ten times as long."""
        return vars(self) | {"state": vars(self.state) if self.state else None}

    def read(self, outdir: Path) -> "File":
        """Return the file as it is now; it is hashed unless nothing speaks of a change."""
        now = state(outdir / self.path, head=bool(self.state and self.state.head))
        known = self.content if now and now.same(self.state) else None
        options = (self.whole,) if self.whole else ()
        return dataclasses.replace(
            self, state=now, content=known or content(outdir / self.path, *options)
        )


def _file(value: dict[str, Any]) -> File:
    known = value.get("state")
    return File(**{**value, "state": State(**known) if known else None})


@dataclasses.dataclass
class Made:
    """What a step is, or is to be, made from.

    Attributes
    ----------
    step, subject : str
        The rule; the patient, sample or screen, or ``all``.
    software : dict
        See `software`.
    settings : dict
        Of the configuration and the sheet, what concerns the step.
    inputs : dict of str to File
        By role: ``reads of T1``, ``reference``, ``sheet/P1.json``.
    outputs : dict of str to File
        By path, relative to the output folder.
    pages : list of str
        Patients whose pages are out of date once the step begins.
    """

    step: str
    subject: str
    software: dict[str, str]
    settings: dict[str, Any]
    inputs: dict[str, File]
    outputs: dict[str, File]
    pages: list[str] = dataclasses.field(default_factory=list)

    def value(self) -> dict[str, Any]:
        """Return what is written."""
        files = {
            name: {role: file.value() for role, file in getattr(self, name).items()}
            for name in ("inputs", "outputs")
        }
        return vars(self) | files


def place(outdir: Path, kind: str, step: str, subject: str) -> Path:
    """Return the path of an identity; `kind` is ``due`` or ``made``."""
    return outdir / FOLDER / kind / step / f"{subject}.json"


def read(path: Path) -> Made | None:
    """Read an identity; None if there is none, or none that is whole."""
    try:
        value = json.loads(path.read_bytes())
        for name in ("inputs", "outputs"):
            value[name] = {role: _file(one) for role, one in value[name].items()}
        value.pop("nonce", None)
        return Made(**value)
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None


def missing_or_empty(path: Path) -> str | None:
    """Return what is wrong with an output that a finished step has written, or None."""
    try:
        found = path.stat()
    except OSError:
        return "is not there"
    return "is empty" if path.is_file() and not found.st_size else None


def private_of(outdir: Path) -> Path | None:
    """Return the folder of the working files that a run keeps out of its output folder."""
    try:
        name = (outdir / FOLDER / "private").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return Path(os.path.normpath(outdir / name)) if name else None


def stage_folder(outdir: Path, name: str) -> Path:
    """Return where a run has a stage's files, see `private_of`."""
    private = private_of(outdir)
    hidden = private / name if private else None
    return hidden if hidden and hidden.is_dir() else outdir / name


def set_private(outdir: Path, private: Path | None, stages: Iterable[str]) -> None:
    """Note the folder of the working files, and move there what earlier runs left in the results.

    Parameters
    ----------
    outdir : Path
    private : Path or None
        None: the working files are in `outdir`.
    stages : iterable of str
        Names of folders of `outdir` that are not to stay there.
    """
    note = outdir / FOLDER / "private"
    if private is None:
        note.unlink(missing_ok=True)
        return
    private.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A store keeps earlier results. One that was begun since has withheld variants of none.
    before = () if note.is_file() else (STORE,)
    for name in (*stages, OUTDATED, *before):
        old, new = outdir / name, private / name
        if not old.is_dir():
            continue
        if new.exists():
            shutil.rmtree(old)
        else:
            new.parent.mkdir(exist_ok=True)
            shutil.move(old, new)
    write_text(note, os.path.relpath(private, outdir))


def left_out(outdir: Path, patients: Iterable[str]) -> list[str]:
    """Return the patients of whom there are pages although the study no longer has them.

    Parameters
    ----------
    outdir : Path
    patients : iterable of str
        Those of the study.
    """
    recorded_ones = {
        path.stem for path in place(outdir, "made", "sheet", "x").parent.glob("*.json")
    }
    left = sorted(recorded_ones.difference(patients))
    return [name for name in left if (outdir / "report" / f"{name}.html").exists()]


def withdraw(outdir: Path, patients: list[str], left: Collection[str] = ()) -> None:
    """Move the pages of patients, and of the cohort, to where no result is looked for.

    They are made again by the last steps; if a step fails, no old verdict is where the result was.

    Parameters
    ----------
    outdir : Path
    patients : list of str
        Those of `left` are among them.
    left : collection of str
        Patients who are not in the sheet any more. Their pages are not made again.
    """
    for patient in left:
        for step in ("report", "slices", "igv"):
            place(outdir, "made", step, patient).unlink(missing_ok=True)
    folder = outdir / "report"
    suffixes = ("html", "json", "tsv", "maf", "vcf.gz", "vcf.gz.tbi")
    names = [f"{patient}.{suffix}" for patient in patients for suffix in suffixes]
    names += [f"pass/{patient}.vcf.gz{end}" for patient in patients for end in ("", ".tbi")]
    names += [f"slices/{patient}" for patient in patients]
    names += [f"igv/{patient}.html" for patient in patients]
    names += ["cohort.html", "cohort.tsv", "cbioportal"]
    for name in names:
        old, new = folder / name, (private_of(outdir) or outdir) / OUTDATED / name
        if not old.exists():
            continue
        with contextlib.suppress(FileNotFoundError):  # another patient's step was faster
            new.parent.mkdir(exist_ok=True, parents=True)
            if new.is_dir():
                shutil.rmtree(new)
            old.replace(new)
        if name.endswith(".html"):
            _mark(new, LEFT if new.stem in left and new.stem != "cohort" else CHANGED)


def _mark(page: Path, why: str) -> None:
    """Write across a page that it is out of date, and why."""
    banner = (
        '<p role="alert" style="background:#a00;color:#fff;padding:1em;font:bold 1.2em sans-serif">'
        f"Out of date: {why}. Do not use it.</p>"
    )
    with contextlib.suppress(OSError):
        text = page.read_text(encoding="utf-8")
        start = text.find(">", text.find("<body")) + 1
        page.write_text(text[:start] + banner + text[start:], encoding="utf-8")


def _make_indexes(wanted: Made, outdir: Path) -> None:
    """Make the indexes of alignment files that have none; the sheet's step checks them before."""
    for role, file in wanted.inputs.items():
        kind, _, sample = role.partition(" of ")
        reads = wanted.inputs.get(f"reads of {sample}") if kind == "index" else None
        if reads and wanted.step != "sheet" and not (outdir / file.path).is_file():
            path = outdir / reads.path
            if path.is_file() and index_of(path) is None:
                make_index(path)


@contextlib.contextmanager
def recorded(due: Path | None) -> Iterator[None]:
    """Record what a step is made from, round the step; nothing if `due` is None.

    Raises
    ------
    InputError
        `due` is no identity, or an input was changed while the step ran: no record is written.
    """
    if due is None:
        yield
        return
    wanted = read(due)
    if wanted is None:
        raise InputError("not whole", str(due), "start the run again")
    outdir = next(folder for folder in due.absolute().parents if folder.name == FOLDER).parent
    record = place(outdir, "made", wanted.step, wanted.subject)
    record.unlink(missing_ok=True)
    if wanted.pages:
        withdraw(outdir, wanted.pages)
    _make_indexes(wanted, outdir)
    before = {role: file.read(outdir) for role, file in wanted.inputs.items()}
    yield
    for role, file in before.items():
        now = state(outdir / file.path, head=bool(file.state and file.state.head))
        if file.state is None and now is not None:
            # An index that the step made.
            before[role] = dataclasses.replace(file, state=None).read(outdir)
        elif file.state is not None and not file.state.same(now):
            raise InputError(
                f"was changed while {wanted.step} of {wanted.subject} read it",
                file.path,
                "start the run again",
            )
    outputs = {}
    for name in wanted.outputs:
        problem = missing_or_empty(outdir / name)
        if problem:
            raise InputError(f"{problem} after {wanted.step}", str(outdir / name), "run it again")
        outputs[name] = File(name, state(outdir / name), content(outdir / name))
    done = dataclasses.replace(wanted, software=software(), inputs=before, outputs=outputs)
    write_json(record, done.value())


def same_size(path: Path, recorded_one: File) -> bool:
    """Return whether an output has the size that was recorded; True of a folder."""
    if recorded_one.state is None or path.is_dir():
        return True
    return path.stat().st_size == recorded_one.state.size


def without_paths(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of a sheet without the cells that name files."""
    return [{key: cell for key, cell in row.items() if key not in PATHS} for row in rows]


def _moved(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    """Return in words that only the paths of a sheet's files differ; empty if more does."""
    if without_paths(old) != without_paths(new):
        return ""
    pairs = [(then[key], now[key]) for then, now in zip(old, new, strict=True)
             for key in PATHS if then.get(key) != now.get(key)
             and then.get(key) and now.get(key)]  # fmt: skip
    return f"{MOVED} (was {pairs[0][0]}, is {pairs[0][1]})" if pairs else ""


def differences(due: Made, made: Made | None, outdir: Path) -> list[str]:
    """Return in words what a result was made from that is otherwise now; empty if nothing is.

    Parameters
    ----------
    due : Made
        With the present state of every input, and its content where that is known.
    made : Made or None
        What the step recorded.
    outdir : Path
    """
    if made is None:
        there = any(os.path.exists(f"{outdir}/{name}") for name in due.outputs)  # noqa: PTH110
        return ["made by a version that recorded no inputs, or not finished"] if there else ["new"]
    found = []
    if made.software != due.software:
        found.append(_versions(made.software, due.software))
    for key in sorted({*made.settings, *due.settings}):
        old, new = made.settings.get(key), due.settings.get(key)
        if of_value(old) != of_value(new):
            words = f"was {old or 'none'}, is {new or 'none'}" if key == VERSION else "changed"
            moved = _moved(old, new) if key == ROWS and old and new else ""
            found.append(moved or f"{key} {words}")
    for role in sorted({*made.inputs, *due.inputs}):
        old, new = made.inputs.get(role), due.inputs.get(role)
        if old is None or new is None:
            found.append(f"{role} is {'new' if old is None else 'gone'}")
        elif new.state is None and old.state is not None:
            found.append(f"{role} is not there")
        elif not (new.state and new.state.same(old.state)) and new.content != old.content:
            found.append(f"{role} changed")
    for name in due.outputs:
        problem = missing_or_empty(outdir / name)
        recorded_one = made.outputs.get(name)
        if problem:
            found.append(f"{name} {problem}")
        elif recorded_one is None:
            found.append(f"{name} is new")
        elif not same_size(outdir / name, recorded_one):
            found.append(f"{name} was changed after it was made")
    return found


def _versions(old: dict[str, str], new: dict[str, str]) -> str:
    if (old.get("resistpanel"), old.get("code")) != (new["resistpanel"], new["code"]):
        return f"made by {version_of(old)}, this is {version_of(new)}"
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    words = ", ".join(f"{name} {old.get(name)}" for name in changed)
    return f"made with {words}, now {', '.join(str(new.get(name)) for name in changed)}"
