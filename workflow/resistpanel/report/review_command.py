"""`resistpanel review`: accept, reject and comment findings, sign off, amend."""

import argparse
import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from resistpanel.core.errors import InputError

EPILOG = """examples, in the folder of a run:
  resistpanel review P1                                  # findings and their decisions
  resistpanel review P1 accept "MAP2K1 C121S" --by "A. Reader"
  resistpanel review P1 reject 3 --comment "artifact of the amplicon" --by "A. Reader"
  resistpanel review P1 import P1.decisions.json --by "A. Reader"    # from the page
  resistpanel review P1 sign --by "A. Reader"
  resistpanel run                                        # makes the page again, with the review

A decision is kept over reruns by the identity of the allele or event. It is open again where the
counts in a sample that shows the finding, its state or its interpretation have changed.
"""
ACTIONS = ("list", "accept", "reject", "comment", "import", "sign")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("patient", metavar="PATIENT")
    parser.add_argument("action", nargs="?", default="list", choices=ACTIONS)
    parser.add_argument(
        "finding", nargs="?", metavar="FINDING",
        help="id, rank or name of a finding; the file of decisions for import",
    )  # fmt: skip
    parser.add_argument("--comment", default="", help="text of the decision")
    parser.add_argument("--by", help="who decides (default: the user's name)")
    parser.add_argument(
        "--results", type=Path, help="folder of the results (default: outdir of config.yaml)"
    )
    parser.add_argument("--config", type=Path, help="configuration that names the results")
    parser.set_defaults(run=run)


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def review_path(folder: Path, patient: str) -> Path:
    """Return where the review of a patient is, beside the stages' results."""
    return folder / "review" / f"{patient}.json"


def run(args: argparse.Namespace) -> int:
    """List, decide, or sign."""
    from resistpanel.core.agreement import check_report
    from resistpanel.core.lease import lease
    from resistpanel.report.explain_command import results_folder
    from resistpanel.report.read import load

    folder = results_folder(args)
    path = folder / "report" / f"{args.patient}.json"
    check_report(path)
    report, place = load(path), review_path(folder, args.patient)
    if args.action == "list":
        print("\n".join(lines(report, read_review(place, args.patient))))
        return 0
    by = args.by or getpass.getuser()
    place.parent.mkdir(parents=True, exist_ok=True)
    # Two readers at once would lose a decision.
    with lease(place.with_suffix(".lock"), f"review of {args.patient}"):
        made = changed(args, report, read_review(place, args.patient), by)
        write(place, made)
    print("\n".join(lines(report, made)))
    print("resistpanel: note: run the workflow again to show this on the page", file=sys.stderr)
    return 0


def read_review(path: Path, patient: str):
    """Return a patient's review, an empty one where there is none."""
    from resistpanel.core.schemas import read_record
    from resistpanel.records.review import Review
    from resistpanel.report.review import empty

    if not path.is_file():
        return empty(patient)
    found = read_record(path, Review)
    if found.patient != patient:
        raise InputError(f"is of patient '{found.patient}', not '{patient}'", str(path))
    return found


def changed(args: argparse.Namespace, report: dict, review, by: str):
    """Return the review with what the arguments ask for."""
    from resistpanel.core.schemas import read_record
    from resistpanel.records.review import Decisions
    from resistpanel.report.review import chosen, decide, sign

    if args.action == "sign":
        return sign(review, report, by, now())
    if not args.finding:
        raise InputError(f"{args.action} what?", "FINDING", "see `resistpanel review --help`")
    if args.action == "import":
        given = read_record(args.finding, Decisions)
        if given.patient != args.patient:
            raise InputError(f"is of patient '{given.patient}', not '{args.patient}'", args.finding)
        rows = [(one.item, one.decision, one.comment) for one in given.decisions]
        return decide(review, report, rows, by, now())
    if args.action == "comment" and not args.comment:
        raise InputError("a comment has no text", "--comment", 'give it: --comment "..."')
    item = chosen(report, args.finding)["variant"]
    return decide(review, report, [(item, args.action, args.comment)], by, now())


def write(path: Path, review) -> None:
    """Write a review, readable and whole."""
    from resistpanel.core.schemas import write_record

    write_record(path, review)
    os.chmod(path, 0o644)  # noqa: PTH101


def lines(report: dict, review) -> list[str]:
    """Return the findings with their decisions, in words."""
    from resistpanel.report.review import amendments, status

    found = [f"{report['patient']}: {report['resist']['verdict']['sentence']}"]
    for row in status(report, review):
        who = f" ({row['by']}, {row['at']})" if row["by"] else ""
        need = " [decision needed]" if row["needed"] and row["decision"] == "open" else ""
        found.append(f"{row['rank']}. {row['label']}: {row['decision']}{who}{need}  {row['item']}")
        found += [f"   reopened: {text}" for text in row["reopened"]]
        found += [f"   {text}" for text in row["comments"]]
    if review.signed:
        last = review.signed[-1]
        found.append(f"signed by {last.by}, {last.at}")
        found += [f"   amended: {text}" for text in amendments(report, review)]
    return found
