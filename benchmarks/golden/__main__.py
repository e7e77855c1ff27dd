"""Record the results of known runs, and compare them with those of the code as it is.

    python -m benchmarks.golden record
    python -m benchmarks.golden check
    python -m benchmarks.golden check --only real explain --ignore LOD contamination

The parts are: demo (both demo patients, the whole workflow), real (the sets of ../shared/real),
accuracy (a simulated patient against its truth; needs bwa and ART), explain (what
`resistpanel explain` prints about the demo patients). Exit status of `check`: 0 without a
difference, 1 with any.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.golden import differences as compare
from benchmarks.golden import headline, runs

STORE = runs.ROOT / ".golden"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.golden",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["record", "check"])
    parser.add_argument("--store", type=Path, default=STORE, help="of the record (%(default)s)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PART", type=_part,
        help=f"of {', '.join(runs.PARTS)}, or one case such as demo/wagle2011",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", nargs="+", default=[], metavar="NAME",
        help="fields that may differ, by name, e.g. LOD contamination 'lod_*'; commas do as well",
    )  # fmt: skip
    parser.add_argument(
        "--rename", nargs="+", default=[], metavar="OLD=NEW", type=_renaming,
        help="fields of the record (JSON keys, INFO, FORMAT, columns) that have new names",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, default=4, help="changes shown of a field (4)")
    parser.add_argument("--cores", type=int, default=2, help="of the workflow (2)")
    parser.add_argument(
        "--simulate", action="store_true",
        help="simulate the demo patients' reads anew; else the reads of the record are used",
    )  # fmt: skip
    parser.add_argument(
        "--replace", action="store_true", help="record cases again that the store has"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs in a new folder")
    args = parser.parse_args(argv)
    args.ignore = [name for text in args.ignore for name in text.split(",") if name]
    return args


def _renaming(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise argparse.ArgumentTypeError(f"{text!r} is not OLD=NEW")
    return old, new


def _part(text: str) -> str:
    if not any(text in (case.part, case.name) for case in runs.CASES):
        known = ", ".join([*runs.PARTS, *(case.name for case in runs.CASES)])
        raise argparse.ArgumentTypeError(f"{text!r} is none of {known}")
    return text


def revision() -> str:
    """Return the commit of the checkout, `+` behind it if files were changed."""
    try:
        git = ["git", "-C", str(runs.ROOT)]
        head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True,
                              text=True, check=True).stdout.strip()  # fmt: skip
        changed = subprocess.run([*git, "status", "--porcelain", "workflow", "resources"],
                                 capture_output=True, text=True, check=True).stdout  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}{'+' if changed.strip() else ''}"


def run_cases(cases: list[runs.Case], session: runs.Session) -> dict[str, str]:
    """Run the cases; return why, by name, of those that failed or lack their data."""
    why = {}
    for case in cases:
        began = time.monotonic()
        try:
            case.make(session, session.out / case.name)
            word = "done"
        except runs.Skipped as error:
            word = f"skipped: {error}"
            why[case.name] = word
        except (runs.Failed, SystemExit) as error:
            word = f"FAILED: {error}"
            why[case.name] = word
        print(f"{case.name} {word} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    return why


def record(cases: list[runs.Case], session: runs.Session, store: Path) -> int:
    """Put the results of the cases into the store, in the place of those of before."""
    why = run_cases(cases, session)
    notes = store / "record.json"
    known = json.loads(notes.read_text()) if notes.exists() else {}
    made = [case.name for case in cases if case.name not in why]
    for name in made:
        shutil.rmtree(store / name, ignore_errors=True)
        shutil.copytree(session.out / name, store / name)
        known[name] = {"revision": revision(), "made": time.strftime("%Y-%m-%d %H:%M")}
    store.mkdir(parents=True, exist_ok=True)
    notes.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(f"recorded {len(made)} of {len(cases)} cases in {store}")
    return 1 if any(word.startswith("FAILED") for word in why.values()) else 0


def check(cases: list[runs.Case], session: runs.Session, args: argparse.Namespace) -> int:
    """Print how the results of the cases differ from the store's."""
    why = run_cases(cases, session)
    differing, summary = 0, []
    for case in cases:
        old, new = args.store / case.name, session.out / case.name
        if case.name in why or not old.is_dir():
            text = why.get(case.name, "not in the record")
            summary.append(f"{case.name}: {text.splitlines()[0]}")
            differing += not text.startswith("skipped")
            continue
        found = compare.compare_folders(old, new, dict(args.rename))
        kept = [one for one in found if not compare.ignored(one, args.ignore)]
        for line in compare.printed(kept, args.limit):
            print(line if line.startswith(" ") else f"\n{case.name}/{line}")
        differing += len(kept)
        count = f"{len(kept)} differences" if kept else "no difference"
        if len(found) > len(kept):
            count += f" ({len(found) - len(kept)} ignored)"
        summary.append(f"{case.name}: {count}")
        summary += [f"  {line}" for line in headline.compared(old, new)]
    print("\nsummary")
    print("\n".join(f"  {line}" for line in summary))
    return 1 if differing else 0


def main(argv: list[str] | None = None) -> int:
    """Record or check."""
    args = arguments(argv)
    cases = [c for c in runs.CASES if not args.only or {c.part, c.name} & set(args.only)]
    args.store = args.store.resolve()
    if args.what == "check" and not (args.store / "record.json").is_file():
        print(f"{args.store}: no record; `python -m benchmarks.golden record` makes it")
        return 2
    if args.what == "record" and not args.replace:
        known = [case.name for case in cases if (args.store / case.name).is_dir()]
        if known:
            print(f"{args.store} has {', '.join(known)}; --replace records them again")
            return 2
    work = args.keep.resolve() if args.keep else Path(tempfile.mkdtemp(prefix="golden."))
    if args.keep:
        work.mkdir(parents=True)
    try:
        session = runs.Session(
            work / "runs", work / "canonical", args.store / "data", args.cores, args.simulate
        )
        if args.what == "record":
            if args.simulate:
                shutil.rmtree(args.store / "data" / "demo", ignore_errors=True)
            return record(cases, session, args.store)
        return check(cases, session, args)
    finally:
        if not args.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
