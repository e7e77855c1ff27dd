"""Broken input of every kind: nothing may end in a traceback, a hang or a wrong result.

    python -m benchmarks.reliability.fuzz --seed 1
    python -m benchmarks.reliability.fuzz --seed 2 --times 5 --group "BAM bytes"

Each case runs the command line in a process of its own with a limit on time and memory. It must
end with status 2 and one line for each problem, or with the result of the unbroken input; where
reads or values as given mean something else, without traceback, crash or hang. --times multiplies
the cases that are drawn at random. The exit status is 1 if any case ends otherwise.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.reliability import broken_bam, broken_text, broken_tools, data
from benchmarks.reliability.cases import SECONDS, Outcome, judge
from resistpanel.cli import command_module
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "fuzz"


def preload() -> None:
    """Import what the commands import, once, so that each child begins with it."""
    import importlib

    for name in ("sheet", "qc", "call", "panel", "catalog", "annotate", "compare", "resist"):
        importlib.import_module(command_module(name))
    for name in ("call.caller", "annotate.vcf", "compare.comparison", "resist.build", "qc.figures"):
        importlib.import_module(f"resistpanel.{name}")


def fuzz(args: argparse.Namespace) -> list[Outcome]:
    """Run the cases that are asked for; print what does not end as it must."""
    cohort = args.work / "cohort"
    data.make(cohort, 1)
    preload()
    patient = broken_bam.Patient(cohort)
    outcomes, names = [], set()
    with tempfile.TemporaryDirectory(dir=args.work) as place:
        whole = Path(place) / "whole"
        whole.mkdir()
        baseline = broken_bam.baseline(patient, whole)
        if {data.V600E, data.C121S} - baseline.keys():
            raise SystemExit(f"the unbroken patient's calls are {baseline}")
        text = broken_text.Text(patient, whole)
        everything = [
            *broken_text.cases(text, args.seed, args.times),
            *broken_bam.cases(patient, args.seed, args.times),
            *broken_tools.cases(text, args.seed, args.times),
        ]
        for number, case in enumerate(everything):
            if args.group and case.group not in args.group:
                continue
            if args.only not in case.name or number % args.every != args.offset:
                continue
            if (case.group, case.name) in names:
                continue
            names.add((case.group, case.name))
            case.baseline = baseline if case.baseline is None else case.baseline
            folder = Path(place) / str(number)
            folder.mkdir()
            outcome = judge(case, folder, args.seconds)
            outcomes.append(outcome)
            if not outcome.good or args.verbose:
                last = [line for line in outcome.said.splitlines() if line.strip()][-1:]
                print(
                    f"{'' if outcome.good else 'WRONG: '}{case.group}: {case.name}: "
                    f"{outcome.verdict} ({outcome.seconds:.1f} s) {' '.join(last)[:300]}",
                    flush=True,
                )
                if not outcome.good and "Traceback" in outcome.said:
                    files = [li for li in outcome.said.splitlines() if li.startswith("  File")]
                    print("    " + " <- ".join(line.strip()[5:] for line in files[:-4:-1]))
            shutil.rmtree(folder)
    return outcomes


def main() -> int:
    """Run, and print a table by group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--group", action="append")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="every how many cases one is run")
    parser.add_argument("--offset", type=int, default=0, help="the first of them, below --every")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for a command")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for the data")
    args = parser.parse_args()
    args.work = args.work.absolute()
    args.work.mkdir(parents=True, exist_ok=True)
    outcomes = fuzz(args)
    table: dict[str, Counter] = {}
    for outcome in outcomes:
        verdict = outcome.verdict if outcome.good else "wrong"
        table.setdefault(outcome.case.group, Counter())[verdict] += 1
    print(
        "| input | cases | refused in one line each | same result, or as the values mean | wrong |"
    )
    print("|---|---|---|---|---|")
    for group, count in table.items():
        print(f"| {group} | {count.total()} | {count['refused']} | {count['accepted']} | "
              f"{count['wrong']} |")  # fmt: skip
    total = sum(table.values(), Counter())
    print(
        f"| all | {total.total()} | {total['refused']} | {total['accepted']} | {total['wrong']} |"
    )
    slowest = max(outcomes, key=lambda outcome: outcome.seconds, default=None)
    if slowest:
        print(f"slowest: {slowest.case.name}, {slowest.seconds:.1f} s")
    return 1 if total["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
