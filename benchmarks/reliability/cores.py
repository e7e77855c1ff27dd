"""The same input gives the same bytes, whatever the number of cores, and of jobs per patient.

    python -m benchmarks.reliability.cores --patients 2 --cores 1 2 4
    python -m benchmarks.reliability.cores --patients 2 --cores 2 --scatter 1 2 3 7

Runs the workflow once for each number and compares all files.
"""

import argparse
import itertools
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.reliability import data, same
from benchmarks.reliability.resume import ENVIRONMENT, command, prepare
from resistpanel.core.files import HOME

WORK = HOME / "benchmarks" / "work" / "cores"


def main() -> int:
    """Run and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=2)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--scatter", type=int, nargs="+", default=[1])
    parser.add_argument("--work", type=Path, default=WORK, help="folder for the runs")
    args = parser.parse_args()
    cohort = args.work.absolute() / "cohort"
    data.make(cohort, args.patients)
    first: Path | None = None
    failed = 0
    for cores, scatter in itertools.product(args.cores, args.scatter):
        folder = cohort.parent / f"cores{cores}-scatter{scatter}"
        prepare(folder, cohort, call={"scatter": scatter})
        start = time.monotonic()
        # The last --cores counts.
        done = subprocess.run(
            [*command(folder), "--cores", str(cores)],
            capture_output=True, text=True, check=False, env=ENVIRONMENT,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        results = folder / "results"
        first = first or results
        differ = same.differences(first, results)
        failed += bool(differ)
        print(
            f"--cores {cores}, scatter {scatter}: {time.monotonic() - start:.0f} s, "
            f"{len(same.digests(results))} files, differing: {', '.join(differ) or 'none'}",
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
