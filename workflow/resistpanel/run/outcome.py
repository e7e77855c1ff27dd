"""What a run came to: a verdict per patient, and what failed."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

from resistpanel.core.files import read_json
from resistpanel.core.text import with_confidence
from resistpanel.run.progress import Failure

#: Last lines of a failed job's log that are shown.
TAIL = 6


def shown(path: Path, start: Path) -> str:
    """Return `path` as a user in the folder `start` would type it."""
    path = path.absolute()
    return str(path.relative_to(start)) if path.is_relative_to(start) else str(path)


def verdicts(
    outdir: Path, patients: Mapping[str, bool], start: Path, width: int = 100
) -> list[str]:
    """Return each patient's verdict, confidence and report, as far as they were written.

    The verdict of a report that was made from something else than the present input is not shown.

    Parameters
    ----------
    outdir : Path
    patients : mapping of str to bool
        Whether the patient's report agrees with its input.
    start : Path
        Folder in which the user is.
    width : int
        Characters in a line.
    """
    lines = []
    for patient, bound in patients.items():
        page = outdir / "report" / f"{patient}.html"
        result = outdir / "resist" / f"{patient}.json"
        if not page.is_file() or not result.is_file():
            lines.append(f"{patient}: no report")
            continue
        if not bound:
            lines.append(
                f"{patient}: no result: {shown(page, start)} was made from other input than is "
                "given now; do not use it"
            )
            continue
        verdict = read_json(result)["verdict"]
        text = f"{patient}: {with_confidence(verdict)}"
        # A number and its per cent sign stay together.
        text = text.replace(" %", "\u00a0%")
        wrapped = textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False)
        lines += [line.replace("\u00a0", " ") for line in wrapped]
        quality = _gate(outdir / "qc" / f"{patient}.json")
        quality += _identity(outdir / "copynumber" / f"{patient}.json")
        for line in quality:
            lines += textwrap.wrap(line, width, subsequent_indent="    ", break_long_words=False)
        lines.append(f"  {shown(page, start)}")
    return lines


def _gate(path: Path) -> list[str]:
    """Return which samples did not pass their gate, and by what."""
    if not path.is_file():
        return []
    lines = []
    for sample in read_json(path)["samples"]:
        failures = [
            f"{one['metric']} {one['value']:.4g}, required {one['condition']}"
            for one in sample["gate"]["failures"]
            if one["value"] is not None
        ]
        if not sample["gate"]["passed"]:
            lines.append(
                f"  quality of {sample['sample']}: {'; '.join(failures) or 'see the page'}"
            )
    return lines


def _identity(path: Path) -> list[str]:
    """Return which samples contain DNA from elsewhere, or are another person's."""
    if not path.is_file():
        return []
    lines = []
    for one in read_json(path)["gate"]["failures"]:
        why = one["text"].partition(f"must be {one['condition']}: ")[2]
        lines.append(
            f"  quality of {one['sample']}: {one['metric']} {one['value']:.4g}, required "
            f"{one['condition']}" + (f" ({why})" if why else "")
        )
    return lines


def tail(path: Path, number: int = TAIL) -> list[str]:
    """Return the last lines of a log; the package's own error lines alone where there are any."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    lines = [line for line in lines if line.strip()]
    # Once each: a job that is tried again says the same.
    told = list(dict.fromkeys(x for x in lines if x.startswith("resistpanel: error:")))
    return (told or lines)[-number:]


def failed(failures: list[Failure], start: Path) -> list[str]:
    """Return what failed, with the end of each log."""
    lines = []
    for failure in failures:
        of = f" of {failure.of}" if failure.of else ""
        named = ", ".join(shown(Path(log), start) for log in failure.logs) or "no log"
        lines.append(f"failed: {failure.rule}{of}; log: {named}")
        lines += [f"  | {line}" for log in failure.logs for line in tail(Path(log))]
    return lines
