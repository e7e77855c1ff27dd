"""Call simulated patients and compare the calls with the truth.

    python -m benchmarks.accuracy --seeds 21 22 23
    python -m benchmarks.accuracy --suite --seeds 21 22 --publish

Tables and the lists of missed and false calls are written to benchmarks/work/results/NAME, with
``--publish`` the tables and plots also to docs/validation.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pysam

from benchmarks import calls as callers
from benchmarks import genome, summary, trio
from benchmarks.evaluate import fetcher
from benchmarks.fragments import Library
from benchmarks.rows import Rows, compare

DOCS = genome.ROOT / "docs" / "validation"
#: Named settings, as changes of the default ones. `library` changes the library.
SUITE: dict[str, dict] = {
    "default": {"library": {"depth": 900}},
    "250x": {"library": {"depth": 250}},
    "500x": {"library": {"depth": 500}},
    "3000x": {"library": {"depth": 3000}},
    "36bp": {"library": {"depth": 900, "read_length": 36}},
    "150bp": {"library": {"depth": 900, "read_length": 150}},
    "ffpe": {"library": {"depth": 900}, "damage": "ffpe"},
    "oxog": {"library": {"depth": 900}, "damage": "oxog"},
    "unmarked duplicates": {"library": {"depth": 900}, "mark_duplicates": False},
    "uneven depth": {"library": {"depth": 900, "uneven": 0.4}},
    "tumour in normal 3 %": {"library": {"depth": 900}, "tumour_in_normal": 0.03},
    "contamination 2 %": {"library": {"depth": 900}, "contamination": 0.02},
}


def run_caller(data: trio.Trio, caller: str, reuse: bool, extra=()) -> tuple[Rows, dict]:
    """Run a caller on a dataset and compare its calls with the truth.

    freebayes' calls are kept, since neither it nor the data change; resistpanel's are made anew
    unless `reuse` is set.
    """
    folder = data.folder / caller
    vcf = folder / ("somatic.vcf.gz" if caller == "resistpanel" else "joint.vcf")
    usage_path = folder / "usage.json"
    if caller == "resistpanel":
        command = callers.resistpanel_command(
            data.reference, data.targets, data.normal, data.tumours, vcf, extra
        )
    else:
        command = callers.freebayes_command(data.reference, data.targets, data.bams, vcf)
    if not usage_path.exists() or (caller == "resistpanel" and not reuse):
        usage = callers.call(command, vcf)
        usage_path.write_text(json.dumps({**asdict(usage), "stderr": ""}))
    usage = json.loads(usage_path.read_text())
    with pysam.FastaFile(str(data.reference)) as fasta:
        fetch = fetcher(fasta)
        if caller == "resistpanel":
            records = callers.resistpanel_calls(vcf, data.reference, fetch)
        else:
            records = callers.freebayes_calls(vcf, data.reference, fetch, "normal")
    rows = compare(
        data.truth,
        data.germline,
        data.reference,
        data.targets,
        records,
        data.settings.samples,
    )
    for frame in (rows.variants, rows.samples, rows.false):
        frame.insert(0, "seed", data.settings.seed)
    return rows, usage


def report(name: str, caller: str, rows: Rows, usages: list[dict], folder: Path) -> str:
    """Write a run's tables and lists; return them as Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [f"## {name}: {caller}\n"]
    cpu = ", ".join(f"{u['cpu']:.1f} s" for u in usages)
    parts.append(f"CPU of the caller per patient: {cpu}.\n")
    for title, frame in summary.tables(rows).items():
        slug = title.lower().split(",")[0].replace(" ", "_").replace("/", "_")
        frame.to_csv(folder / f"{slug}.tsv", sep="\t", index=False)
        parts += [f"### {title}\n", summary.markdown(frame)]
    rows.variants.to_csv(folder / "rows_variants.tsv", sep="\t", index=False)
    rows.samples.to_csv(folder / "rows_samples.tsv", sep="\t", index=False)
    rows.false.to_csv(folder / "rows_false.tsv", sep="\t", index=False)
    summary.missed(rows).to_csv(folder / "missed.tsv", sep="\t", index=False)
    text = "\n".join(parts)
    (folder / "report.md").write_text(text)
    return text


def shown(frame: pd.DataFrame) -> str:
    """Return a frame as text, long alleles cut short."""
    frame = frame.copy()
    for column in ("ref", "alt"):
        frame[column] = [
            a if len(a) <= 12 else f"{a[:6]}..({len(a)})" for a in frame[column].astype(str)
        ]
    return frame.to_string(index=False, max_colwidth=60)


def suite_settings(name: str, seed: int) -> trio.Settings:
    """Return the settings of a named run."""
    changes = dict(SUITE[name])
    library = Library(**changes.pop("library", {}))
    return replace(trio.Settings(seed=seed), library=library, **changes)


def part_of_suite(text: str) -> tuple[str, list[int]]:
    """Read NAME or NAME:SEED,SEED."""
    name, _, seeds = text.partition(":")
    if name not in SUITE:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SUITE)}")
    return name, [int(seed) for seed in seeds.split(",") if seed]


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    trio.add_arguments(parser)
    parser.add_argument("--seeds", type=int, nargs="+", help="datasets to pool (--seed)")
    every_name = ", ".join(SUITE).replace("%", "%%")
    parser.add_argument("--suite", action="store_true", help=f"all of: {every_name}")
    parser.add_argument(
        "--only",
        nargs="+",
        type=part_of_suite,
        metavar="NAME[:SEEDS]",
        help="these of the suite, each on --seeds or on its own, as in ffpe:12,54",
    )
    parser.add_argument(
        "--callers", nargs="+", default=["resistpanel"], choices=["resistpanel", "freebayes"]
    )
    parser.add_argument("--reuse", action="store_true", help="do not run the caller again")
    parser.add_argument("--extra", default="", help="further options of resistpanel call")
    parser.add_argument("--name", default="", help="of the results; else from the settings")
    parser.add_argument("--full", action="store_true", help="print every table")
    parser.add_argument("--publish", action="store_true", help="write to docs/validation too")
    args = parser.parse_args(argv)
    seeds = args.seeds or [args.seed]
    if args.suite or args.only:
        plan = {
            name: [suite_settings(name, s) for s in own or seeds]
            for name, own in args.only or [(name, []) for name in SUITE]
        }
    else:
        plan = {args.name or "custom": [trio.settings_of(args, s) for s in seeds]}
    seeds_of = {name: [settings.seed for settings in every] for name, every in plan.items()}
    published: dict[tuple[str, str], Rows] = {}
    usage_of: dict[tuple[str, str], list[dict]] = {}
    for name, every in plan.items():
        for caller in args.callers:
            runs, usages = [], []
            for settings in every:
                data = trio.make(settings, args.work)
                rows, usage = run_caller(data, caller, args.reuse, args.extra.split())
                runs.append(rows)
                usages.append(usage)
            rows = summary.pool(runs)
            folder = args.work / "results" / name.replace(" ", "_") / caller
            text = report(name, caller, rows, usages, folder)
            print(text if args.full else f"## {name}: {caller}\n")
            if not args.full:
                for title in ("Main figures", "Targets"):
                    print(summary.markdown(summary.tables(rows)[title]))
            for title, frame in (("Missed", summary.missed(rows)), ("False", rows.false)):
                print(f"### {title} ({len(frame)}; {folder})\n")
                print(shown(frame.head(40)) if len(frame) else "none")
                print()
            published[name, caller] = rows
            usage_of[name, caller] = usages
    if args.publish:
        from benchmarks.publish import publish_accuracy

        publish_accuracy(published, usage_of, seeds_of, DOCS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
