"""Whether the results in a folder agree with their inputs and with each other, by their records."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.fingerprint import content, state
from resistpanel.core.made import FOLDER, File, Made, missing_or_empty, read, software, version_of
from resistpanel.core.moved import study_of

#: Steps whose output is removed once it was used.
TEMPORARY = ("call_shard",)
#: How the roles begin of the files that hold a sample's reads.
READS = ("reads of", "FASTQ")
#: Steps that concern every patient.
SHARED = ("simulate", "panel", "catalog", "align_index", "callers_reference")


def records(outdir: Path) -> dict[Path, Made | None]:
    """Return the records of a results folder by path; None of one that cannot be read."""
    folder = outdir / FOLDER / "made"
    return {path: read(path) for path in sorted(folder.rglob("*.json"))}


def records_of(outdir: Path, patient: str) -> list[Made]:
    """Return the records of the steps that a patient's report rests on."""
    folder = outdir / FOLDER / "made"
    paths = [folder / step / "all.json" for step in SHARED]
    paths += sorted(folder.glob(f"*/{patient}.json")) + sorted(folder.glob(f"*/*/{patient}.json"))
    left_out = ("report", "slices", "igv", "align", *TEMPORARY)
    found = [read(path) for path in paths if path.is_file()]
    return [one for one in found if one is not None and one.step not in left_out]


@dataclasses.dataclass
class Compared:
    """Which inputs of results were compared with what was recorded of them.

    Attributes
    ----------
    files : dict of str to list of str
        Roles of every input file outside the output folder, by recorded path.
    gone : set of str
        Recorded paths of those that are not there: nothing can be said of them.
    """

    files: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    gone: set[str] = dataclasses.field(default_factory=set)

    @property
    def reads(self) -> list[str]:
        """Recorded paths of the alignment files and FASTQ."""
        return [path for path, roles in self.files.items() if roles[0].startswith(READS)]

    def notes(self) -> list[str]:
        """Return a line for each input that is not there."""
        return [
            f"{path}: no longer exists ({self.files[path][0]}): not compared"
            for path in self.files if path in self.gone
        ]  # fmt: skip

    def nothing(self) -> str | None:
        """Return of what kind no input at all was compared, in words."""
        for name, paths in (("inputs", list(self.files)), ("BAM or FASTQ files", self.reads)):
            if paths and self.gone.issuperset(paths):
                return f"0 of {len(paths)} {name} compared"
        return None

    def words(self) -> str:
        """Return in words what agrees if no problem was found."""
        if not self.gone:
            return "results agree with their inputs and with each other"
        there = len(self.files) - len(self.gone)
        return (
            f"results agree with each other and with {there} of {len(self.files)} inputs; "
            f"{len(self.gone)} no longer exist"
        )


def present(file: File, path: Path, thorough: bool) -> str | None:
    """Return a file's content as it is now; hashed unless its state is the recorded one."""
    if not thorough and file.state and file.state.same(state(path, head=bool(file.state.head))):
        return file.content
    return content(path, *([file.whole] if file.whole else []))


def problems(
    outdir: Path, made: Iterable[Made], thorough: bool = False, compared: Compared | None = None
) -> Iterator[InputError]:
    """Yield where results do not agree with what they were made from.

    Parameters
    ----------
    outdir : Path
    made : iterable of Made
    thorough : bool
        Hash every file; else those whose state has changed.
    compared : Compared, optional
        The inputs outside `outdir` are added.
    """
    study, compared = study_of(outdir), compared or Compared()
    for one in made:
        what = f"{one.step} of {one.subject}" if one.subject != "all" else one.step
        for role, file in one.inputs.items():
            inside = not Path(file.path).is_absolute()
            path = outdir / file.path if inside else study.find(file.path)
            now = present(file, path, thorough)
            if not inside:
                compared.files.setdefault(file.path, []).append(f"{role} of {what}")
            if now == file.content:
                continue
            if now is None and not inside:
                compared.gone.add(file.path)
                continue
            yield InputError(
                "is not there" if now is None else "is not the file that it was made from",
                f"{what}: {role} ({file.path if inside else path})",
                "run the workflow again",
            )
        if one.step in TEMPORARY:
            continue
        for name, file in one.outputs.items():
            problem = missing_or_empty(outdir / name)
            if problem is None and thorough and content(outdir / name) != file.content:
                problem = "was changed after it was made"
            if problem:
                yield InputError(
                    f"{problem} ({what})", str(outdir / name), "run the workflow again"
                )


def mixed_versions(made: Iterable[Made]) -> Iterator[InputError]:
    """Yield the versions that results were made by, if there is more than one."""
    by_version: dict[str, list[str]] = {}
    for one in made:
        by_version.setdefault(version_of(one.software), []).append(f"{one.step} of {one.subject}")
    if len(by_version) > 1:
        words = "; ".join(f"{name}: {', '.join(of[:4])}" for name, of in sorted(by_version.items()))
        yield InputError(f"results of several versions ({words})", cure="run the workflow again")


def check_patient(outdir: Path, patient: str) -> None:
    """Refuse what is left of other input, before a patient's results are shown.

    Nothing is checked in a folder without records: of files that were made one by one.

    Raises
    ------
    InputError
        One line for each input that has changed since, or result that another was not made from.
    """
    made = records_of(outdir, patient)
    if not made:
        return
    found = [*problems(outdir, made), *mixed_versions(made)]
    found += [
        InputError(
            f"made by {version_of(one.software)}, this is {version_of(software())}",
            f"{one.step} of {one.subject}", "run the workflow again",
        )
        for one in made[:1]
        if version_of(one.software) != version_of(software())
    ]  # fmt: skip
    if found:
        raise InputErrors(found)


def check_report(path: Path) -> None:
    """Refuse a patient's report.json that is not the one its step recorded."""
    outdir = path.absolute().parent.parent
    made = read(outdir / FOLDER / "made" / "report" / f"{path.stem}.json")
    recorded = made.outputs.get(f"report/{path.name}") if made else None
    if recorded and content(path) != recorded.content:
        raise InputError("was changed after it was made", str(path), "run the workflow again")
    if not made and (outdir / FOLDER).is_dir():
        raise InputError("its step was not finished", str(path), "run the workflow again")
