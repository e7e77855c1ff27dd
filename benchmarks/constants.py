"""How much the results depend on the constants of judgement: each halved and doubled.

    python -m benchmarks.constants --seed 71 72 --minutes 20        # goes on where it stopped
    python -m benchmarks.constants --seed 71 72 --only GATE MIN_FRAGMENTS
    python -m benchmarks.constants --seed 71 72 --publish           # write docs/validation

Of the caller's and of copy number's tables (`resistpanel.core.parameters`), the rows that are one
number and whose origin is a judgement. An integer is halved to at least 1; a fraction whose double
would reach 1 gets half of its distance to 1 instead. Each value is put into the table before
anything imports it, in a process of its own.

Caller: one patient a seed of `benchmarks.bed`: the first contaminated by another person, the next
with formalin-fixed tumours, 36 targets at 600x with a normal and two tumours. True positives,
misses and false calls are summed. Copy number: tumours drawn at the level of depths and counts
(`benchmarks.copynumber_genomes`), diploid and FFPE, a genome of each a seed: genes called changed,
wrong ones of them, and one-copy genes called a loss.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.genome import ROOT, WORK

PAGE = ROOT / "docs" / "validation" / "constants.md"
FOLDER = WORK / "constants"
STAGES = ("call", "copynumber")
ASSAYS = ("contaminated", "ffpe")
CELLS = ("diploid", "FFPE")
FACTORS = {"half": 0.5, "double": 2.0}
#: Name of the row with all constants as they are.
AS_IS = "as they are"


def changed(value: float, factor: float) -> float:
    """Return a constant halved or doubled, see the module."""
    if isinstance(value, int):
        return max(1, round(value * factor)) if value > 0 else round(value * factor)
    if 0 < value < 1 <= value * factor:
        return 1 - (1 - value) / 2
    return value * factor


def patch(stage: str, name: str, factor: float) -> None:
    """Change a constant before its table is made."""
    from resistpanel.core.parameters import Table

    add = Table.add

    def with_change(self, row, value, **rest):
        if (self.stage, row) == (stage, name):
            value = changed(value, factor)
        return add(self, row, value, **rest)

    Table.add = with_change


def judged() -> list[tuple[str, str, float, str]]:
    """Return (stage, name, value, meaning) of the constants that are varied."""
    from resistpanel.core.parameters import SOURCES

    return [
        (source.stage, row.name, row.value, row.meaning)
        for source in SOURCES
        if source.stage in STAGES and source.attribute == "TABLE"
        for row in source.rows()
        if row.origin == "judgement"
        and isinstance(row.value, int | float)
        and not isinstance(row.value, bool)
        and changed(row.value, 2.0) != row.value
    ]


def worker(stage: str, name: str, factor: float, folders: list[str], seeds: list[int]) -> int:
    """Run the stage with a constant changed; print what copy number found."""
    if name != AS_IS:
        patch(stage, name, factor)
    if stage == "call":
        from resistpanel.cli import main as cli

        for folder in map(Path, folders):
            words = ["call", "--reference", str(folder / "reference.fa")]
            words += ["--targets", str(folder / "targets.bed")]
            words += ["--normal", str(folder / "normal.bam")]
            for sample in ("pre", "post"):
                words += ["--tumor", str(folder / f"{sample}.bam")]
            if cli([*words, "--output", str(folder / "constants.vcf.gz")]):
                return 1
        return 0
    from benchmarks import copynumber_disturbances as disturbed
    from benchmarks.copynumber_genomes import CELLS as KNOWN
    from benchmarks.copynumber_genomes import one

    rows = [
        one(cell, disturbed.generator(cell[0], seed, 0))
        for seed in seeds
        for cell in KNOWN
        if cell[0] in CELLS
    ]
    keys = ("called", "wrong", "one copy", "one copy, loss")
    print(json.dumps({key: int(sum(row[key] for row in rows)) for key in keys}))
    return 0


class Bed:
    """The patients, and how their calls are counted."""

    def __init__(self, seeds: list[int]):
        from benchmarks.bed import assay, genome, score

        self.ref, self.score = genome.reference(), score
        self.folders = [
            assay.simulate(assay.ASSAYS[name], seed)
            for name, seed in zip(ASSAYS, seeds, strict=False)
        ]

    def count(self) -> dict[str, int]:
        """Return true variants that were found and missed, and false calls."""
        found = missed = false = 0
        for folder in self.folders:
            path = folder / "constants.vcf.gz"
            calls = self.score.read_calls(path, self.ref)
            one = self.score.score(self.ref, self.score.read_truth(folder), calls)
            hits = int(one.variants["found"].sum())
            found, missed = found + hits, missed + len(one.variants) - hits
            false += len(one.false)
            path.unlink()
        return {"found": found, "missed": missed, "false": false}


def run_one(stage: str, name: str, change: str, bed: Bed | None, seeds: list[int]) -> dict:
    """Return the counts with one constant changed; `failed` where the stage does not run so."""
    words = [sys.executable, "-m", "benchmarks.constants", "--worker", stage, name]
    words += [str(FACTORS.get(change, 1.0)), "--seed", *map(str, seeds)]
    words += ["--folders", *map(str, bed.folders)] if bed else []
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    from benchmarks.publish import revision

    row = {"stage": stage, "name": name, "change": change, "seeds": seeds}
    row["revision"] = revision()
    if done.returncode:
        return row | {"failed": (done.stderr.strip().splitlines() or ["failed"])[-1][:200]}
    return row | (bed.count() if bed else json.loads(done.stdout.splitlines()[-1]))


def f1(row: dict) -> float:
    """Return the F1 of the caller's counts."""
    return 2 * row["found"] / max(1, 2 * row["found"] + row["missed"] + row["false"])


def shown(row: dict | None) -> str:
    """Return a cell of the table."""
    if row is None:
        return "not run"
    if "failed" in row:
        return f"does not run: {row['failed']}"
    if row["stage"] == "call":
        return f"{f1(row):.3f}, {row['false']}"
    return f"{row['called']}, {row['wrong']}; {row['one copy, loss']}/{row['one copy']}"


def number(value: float) -> str:
    """Return a constant as it is written."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def page(rows: list[dict], command: str) -> str:
    """Return the page."""
    made = ", ".join(dict.fromkeys(row["revision"] for row in rows))
    at = {(row["stage"], row["name"], row["change"]): row for row in rows}
    seeds = rows[0]["seeds"]
    lines = [
        "# Sensitivity to constants",
        "",
        f"Revision {made}. Made by `{command}`. Each constant of judgement that is a single"
        " number was halved and doubled, one at a time (integers to at least 1; a fraction whose"
        " double would reach 1 is moved half of its distance to 1). Constants with a paper, a"
        " measurement or a derivation behind them are not varied; nor are tables of numbers. Their"
        " meaning is in [parameters](../parameters.md).",
    ]
    titles = {
        "call": f"Caller. Seeds {seeds[0]} (`{ASSAYS[0]}`) and {seeds[1]} (`{ASSAYS[1]}`) of"
        " `benchmarks.bed`. Each cell: F1, false calls.",
        "copynumber": f"Copy number. {len(CELLS) * len(seeds)} tumours of"
        " `benchmarks.copynumber_genomes` (diploid and FFPE, one of each a seed). Each cell: genes"
        " called changed, wrong ones of them; one-copy genes called a loss.",
    }
    for stage in STAGES:
        base = at.get((stage, AS_IS, AS_IS))
        if base is None:
            continue
        lines += ["", f"## {titles[stage].split('.')[0]}", "", titles[stage].split(". ", 1)[1], ""]
        same, differing, left = [], [], 0
        for _, name, value, _ in (row for row in judged() if row[0] == stage):
            both = [at.get((stage, name, change)) for change in FACTORS]
            if None in both:
                left += 1
                continue
            cells = [shown(row) for row in both]
            if all(cell == shown(base) for cell in cells):
                same.append(name)
            else:
                differing.append((name, value, cells))
        lines += [
            f"With the constants as they are: **{shown(base)}**. Of {len(same) + len(differing)}"
            f" constants {len(differing)} change a figure; {left} were not run.",
            "",
            "| constant | value | half | double |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{name}` | {number(value)} | {' | '.join(cells)} |"
            for name, value, cells in differing
        ]
        if same:
            lines += ["", "No figure changes: " + ", ".join(f"`{name}`" for name in same) + "."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, nargs="+", required=True, help="two fresh seeds")
    parser.add_argument("--stage", choices=STAGES, action="append", help="default: both")
    parser.add_argument("--only", nargs="+", help="these constants alone")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so many")
    parser.add_argument("--publish", action="store_true", help="write docs/validation")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--folders", nargs="+", default=[], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        stage, name, factor = args.worker
        return worker(stage, name, float(factor), args.folders, args.seed)
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{'-'.join(map(str, args.seed))}.jsonl"
    rows = []
    if path.exists():
        with contextlib.suppress(ValueError):
            rows = [json.loads(line) for line in path.read_text().splitlines()]
    done = {(row["stage"], row["name"], row["change"]) for row in rows}
    until = time.monotonic() + 60 * args.minutes
    for stage in args.stage or STAGES:
        wanted = [(AS_IS, AS_IS)]
        wanted += [
            (name, change)
            for found, name, _, _ in judged()
            if found == stage and name in (args.only or [name])
            for change in FACTORS
        ]
        wanted = [(name, change) for name, change in wanted if (stage, name, change) not in done]
        bed = Bed(args.seed) if stage == "call" and wanted else None
        for name, change in wanted:
            if time.monotonic() > until:
                break
            rows.append(run_one(stage, name, change, bed, args.seed))
            print(rows[-1], flush=True)
            with path.open("a") as out:
                out.write(json.dumps(rows[-1]) + "\n")
    seeds = " ".join(map(str, args.seed))
    made = page(rows, f"python -m benchmarks.constants --seed {seeds}{' --publish' * args.publish}")
    print(made)
    if args.publish:
        PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
