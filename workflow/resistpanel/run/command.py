"""Arguments of ``resistpanel run``."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from resistpanel.inputs.check_command import add_place, enter

EPILOG = """examples:
  resistpanel run                                  # config.yaml of this folder, all cores
  resistpanel run study                            # config.yaml of study/
  resistpanel run --config mine.yaml --cores 8
  resistpanel run --dry-run                        # steps that would run
  resistpanel run --profile slurm                  # a cluster: workflow/profiles/slurm
  resistpanel run --dry-run --verbose              # the same by Snakemake, job by job
  resistpanel run -- --forcerun report             # arguments after -- are passed to Snakemake

The same command resumes an interrupted run; steps that are up to date are not rerun. The failure of
one patient does not stop the others. Snakemake's log is in .snakemake/log/.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    add_place(parser)
    parser.add_argument("--cores", help="number of cores (default: all available to this process)")
    parser.add_argument(
        "--profile", help="Snakemake profile: slurm, or a folder with a config.yaml of your own"
    )
    parser.add_argument(
        "-n",
        "--dry-run",
        action="store_true",
        help="list the steps that would run, with reasons, without running them",
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="print Snakemake's output instead of the progress line",
    )
    # What follows after -- is split off before the arguments are parsed (`resistpanel.cli`).
    parser.usage = "resistpanel run [FOLDER] [arguments] [-- ARGUMENTS FOR SNAKEMAKE]"
    parser.set_defaults(run=run, snakemake=[])


def elsewhere(profile: str | None, extra: list[str]) -> str | None:
    """Return the profile or option by which jobs may run on other machines, or None."""
    options = ("--profile", "--workflow-profile", "--executor", "-e")
    given = next((word for word in extra if word.split("=")[0] in options), None)
    return profile or given or os.environ.get("SNAKEMAKE_PROFILE")


def run(args: argparse.Namespace) -> int:
    """Run the workflow; print the verdicts."""
    from resistpanel.core.errors import InputErrors
    from resistpanel.core.lock import held
    from resistpanel.core.made import OUTDATED, left_out, private_of, software
    from resistpanel.inputs.binding import Binding
    from resistpanel.inputs.machine import check_folders
    from resistpanel.inputs.merge import merged
    from resistpanel.inputs.owner import check_owner, lock_of
    from resistpanel.inputs.plan import make_plan
    from resistpanel.inputs.simulated_patient import load_patient
    from resistpanel.run.outcome import failed, shown, verdicts
    from resistpanel.run.planned import due, lines
    from resistpanel.run.progress import Display, Progress, duration
    from resistpanel.run.snakemake import command, prints_itself, run_followed, run_plain

    start = Path.cwd()
    config = enter(args)
    # Configuration and sheet: at once, before Snakemake takes its seconds to start. It checks
    # BAMs and reference itself before the first job.
    alone = args.dry_run and not (args.snakemake or args.verbose or args.profile)
    plan, _ = make_plan(
        merged(config), lambda path: load_patient(path)[0], headers=alone, where=str(config)
    )
    if unwritable := list(check_folders(plan.settings.outdir)):
        raise InputErrors(unwritable)
    check_owner(plan.settings)
    if alone:
        print(*lines(due(plan, merged(config).get("screens"))), sep="\n")
        for name in left_out(plan.settings.outdir, plan.patients):
            print(f"{name}: not in the sheet any more; its pages would be moved to {OUTDATED}")
        return 0
    extra = list(args.snakemake) + (["--dry-run"] if args.dry_run else [])
    plain = args.verbose or prints_itself(extra)
    words = command(config, args.cores, args.profile, extra, plain)
    progress = Progress()
    left = left_out(plan.settings.outdir, plan.patients)
    if prints_itself(extra):
        return run_plain(words)
    outdir = plan.settings.outdir
    software()  # once, for all processes that are started here
    with held(elsewhere(args.profile, extra), lock_of(outdir)) as killed:
        if killed:
            print("a run was killed here: what it left unfinished is made again", file=sys.stderr)
        status = run_plain(words) if plain else run_followed(words, progress, Display())
    for name in left:
        if not (outdir / "report" / f"{name}.html").exists():
            place = shown((private_of(outdir) or outdir) / OUTDATED, start)
            note = f"{name} is not in the sheet any more: its pages were moved to {place}"
            print(f"resistpanel: note: {note}", file=sys.stderr)
    if status in (0, 1):
        width = min(100, shutil.get_terminal_size((100, 24)).columns)
        now = Binding(plan, merged(config).get("screens"))
        good = {patient: now.bound(patient) for patient in plan.patients}
        for line in verdicts(outdir, good, start, width):
            print(line)
        if not extra and not all(good.values()):
            status = 1  # regardless of Snakemake's status: a verdict is missing
        cohort = outdir / "report" / "cohort.html"
        if cohort.is_file() and not now.verdicts["cohort", "all"].reasons:
            print(f"all patients: {shown(cohort, start)}")
    # Jobs that an interruption ended did not fail.
    for line in failed(progress.failures, start) if status in (0, 1, 2) else ():
        print(line, file=sys.stderr)
    if status == 0:
        spent = duration(progress.clock() - progress.begun)
        what = (
            f"{progress.done} step{'s' * (progress.done != 1)} in {spent}"
            if plain or progress.total
            else "up to date"
        )
        print(f"done: {what if not plain else spent}; outputs in {shown(outdir, start)}")
    elif status not in (1, 2):
        print("interrupted: the same command resumes the run", file=sys.stderr)
    elif status == 1:
        print(
            "not finished: fix the errors above; the same command then runs the remaining steps",
            file=sys.stderr,
        )
    return status
