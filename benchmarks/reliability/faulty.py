"""Faults by which a result was not bound to what it was made from, tried on any version.

    python -m benchmarks.reliability.faulty                        # this checkout
    python -m benchmarks.reliability.faulty --checkout ../earlier  # another one, with its .venv
    python -m benchmarks.reliability.faulty --only stale_csi

Each scenario is driven by the command line alone, so that it runs on versions whose modules have
other names. A row is printed for each; the exit status is 1 if any fault is there. The power cut
has a program of its own, `powercut`.
"""

import argparse
import shutil
import sys
import traceback
from pathlib import Path

from benchmarks.reliability import data, fault_inputs, fault_results  # noqa: F401 (they register)
from benchmarks.reliability.program import Program, copy
from benchmarks.reliability.scenario import SCENARIOS, Ground, Scenario, Tried
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "faults"


def ground(work: Path, program: Program) -> Ground:
    """Return folders for a scenario; the patient and a finished run of it are made once."""
    cohort, whole, place = WORK / "cohort", work / "whole", work / "at"
    data.make(cohort, 2)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    here = Ground(place, cohort, whole)
    if not (whole / "results/report/P01.html").is_file():
        study = here.study()
        done = program.run(study, "run")
        if done.status:
            raise SystemExit(f"{program.checkout}: {done.said}")
        copy(study, whole)
        shutil.rmtree(study)
    return here


def attempt(one: Scenario, program: Program, work: Path) -> Tried:
    """Try a scenario in fresh folders."""
    return one.run(program, ground(work, program))


def main() -> int:
    """Try, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, default=HOME, help="default: this one")
    parser.add_argument("--only", nargs="+", default=[], help="names of scenarios")
    args = parser.parse_args()
    program = Program(args.checkout)
    work = WORK / program.checkout.name
    bad = 0
    print("fault | scenario | command | outcome | held")
    for one in sorted(SCENARIOS, key=lambda one: one.fault):
        if args.only and one.name not in args.only:
            continue
        try:
            tried = attempt(one, program, work)
        except Exception:
            traceback.print_exc()
            bad += 1
            continue
        bad += tried.bad
        print(
            f"{one.fault} | {one.name}: {one.what} | {tried.command} | {tried.outcome()} | "
            f"{'no' if tried.bad else 'yes'}",
            flush=True,
        )
    print(f"{bad} faults", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
