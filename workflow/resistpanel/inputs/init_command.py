"""Arguments of ``resistpanel init``."""

import argparse
import collections
import shlex
import sys
from pathlib import Path

from resistpanel.catalog.drugs import Drugs, load_drugs
from resistpanel.core.bam import BUILD_NAMES
from resistpanel.core.errors import InputError, InputErrors, nearest
from resistpanel.core.files import write_text
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.inputs.find_bams import Found, find_files, look, missing_place
from resistpanel.inputs.propose import NOTHING_SHARED, SITE_OR_PATIENT, Proposal, propose
from resistpanel.inputs.write_study import config_text, relative, sheet_text

EPILOG = """examples:
  resistpanel init                                  # BAMs of this folder and those below it
  resistpanel init study --bams /data/run7 --reference /data/hg19.fa --targets panel.bed
  resistpanel init study --bams skin.bam before.bam relapse.bam --drug PLX4032

Writes FOLDER/config.yaml and FOLDER/samples.tsv. Sample names and build are read from the BAM
headers. Patient, role, time point, day (7 times the week) and lesion are guessed from the names of
the samples and files: correct them, then run `resistpanel check`.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path(),
        metavar="FOLDER",
        help="output folder (default: current folder); created if it does not exist",
    )
    parser.add_argument(
        "--bams",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="BAMs or CRAMs, or folders to search (default: FOLDER)",
    )
    parser.add_argument("--reference", type=Path, help="FASTA that the BAMs were aligned to")
    parser.add_argument("--targets", type=Path, help="BED of your panel")
    parser.add_argument("--genes", type=Path, help="GFF3 of your panel's genes")
    parser.add_argument(
        "--drug",
        action="append",
        default=[],
        help="drug given before the later samples; may be repeated",
    )
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.set_defaults(run=run)


def _read_all(places: list[Path]) -> list[Found]:
    paths = find_files(places)
    if not paths:
        raise InputError(
            "no BAM or CRAM found",
            ", ".join(map(str, places)),
            "name them: resistpanel init FOLDER --bams PATH ...; FASTQ files are named in the "
            "columns fastq1 and fastq2 of samples.tsv (docs/align.md)",
        )
    found, errors = [], []
    for path in paths:
        try:
            found.append(look(path))
        except InputError as error:
            errors.append(error)
    for error in errors:
        print(f"resistpanel: note: left out: {error.line()}", file=sys.stderr)
    if not found:
        raise InputErrors(errors)
    return found


def _drug_of(drugs: Drugs):
    def drug_of(word: str) -> str | None:
        # Short words (a sample "ABL") are no names of drugs.
        known = drugs.get(word) if len(word) >= 5 else None
        return known.name if known else None

    return drug_of


def _common(values: list, what: str) -> object:
    """Return the commonest value, and say so if there are several."""
    counts = collections.Counter(value for value in values if value is not None)
    if len(counts) > 1:
        names = ", ".join(f"{value} ({n} BAMs)" for value, n in counts.most_common())
        print(f"resistpanel: note: the BAMs differ in {what}: {names}", file=sys.stderr)
    return counts.most_common(1)[0][0] if counts else None


def is_before(proposal: Proposal, proposals: list[Proposal]) -> bool:
    """Return whether a tumour is, or may be, the one before treatment."""
    same = [p for p in proposals if p.patient == proposal.patient and p.role in TUMOR_ROLES]
    days = [p.day for p in same if p.day is not None]
    if proposal.timepoint is None and proposal.day is not None and len(days) == len(same) > 1:
        return proposal.day == min(days)
    return proposal.timepoint == "pre" or (proposal.timepoint is None and len(same) > 1)


def _existing(*paths: Path) -> list[InputError]:
    """Return the files that would be overwritten."""
    cure = "give another folder, or --force"
    return [InputError("already exists", str(path), cure) for path in paths if path.exists()]


def _missing(args: argparse.Namespace) -> list[InputError]:
    """Return the paths of the arguments that do not exist."""
    errors = []
    for name in ("reference", "targets", "genes"):
        path = getattr(args, name)
        if path and not path.is_file():
            beside = [one.name for one in path.parent.glob("*") if one.is_file()]
            near = f"{path.name}.gz" if f"{path.name}.gz" in beside else nearest(path.name, beside)
            cure = f"did you mean {path.with_name(near)}?" if near else ""
            errors.append(InputError("no such file", f"--{name} {path}", cure))
    return errors + [missing_place(path) for path in args.bams or () if not path.exists()]


def run(args: argparse.Namespace) -> int:
    """Write the configuration and the sheet."""
    folder = args.folder.absolute()
    config, sheet = folder / "config.yaml", folder / "samples.tsv"
    errors = [] if args.force else _existing(config, sheet)
    errors += _missing(args)
    if errors:
        raise InputErrors(errors)
    drugs = load_drugs()
    given = [drugs.named(name, "--drug").name for name in args.drug]
    for name in args.drug:
        if drugs.get(name) is None:
            print(f"resistpanel: note: --drug: {drugs.doubt(name)}", file=sys.stderr)
    found = _read_all(args.bams or [folder])
    by_sample: dict[str, Found] = {}
    for one in found:
        if one.sample in by_sample:
            print(
                f"resistpanel: note: left out: {one.path}: of sample '{one.sample}', as is "
                f"{by_sample[one.sample].path}",
                file=sys.stderr,
            )
        else:
            by_sample[one.sample] = one
    files = [found.path.name.split(".")[0] for found in by_sample.values()]
    proposals = propose(list(by_sample), _drug_of(drugs), files)
    for proposal in proposals:
        if given and proposal.role in TUMOR_ROLES and not is_before(proposal, proposals):
            proposal.drug = ";".join(given)
    rows = list(zip(by_sample.values(), proposals, strict=True))
    build = _common([one.build for one in found], "build")
    reference = args.reference or _common([one.reference for one in found], "reference")
    write_text(
        config,
        config_text(
            sheet.name,
            relative(reference, folder),
            build if build in ("hg19", "hg38") else None,
            relative(args.targets, folder),
            relative(args.genes, folder),
        ),
    )
    write_text(sheet, sheet_text(rows, folder))
    _report(args, folder, rows, build, reference)
    return 0


def _report(
    args: argparse.Namespace,
    folder: Path,
    rows: list[tuple[Found, Proposal]],
    build: str | None,
    reference: Path | None,
) -> None:
    """Say what was written, what to fill in, and what comes next."""
    chr_names = {found.prefix for found, _ in rows} - {None}
    style = {True: "contigs named chr1", False: "contigs named 1"}.get(
        next(iter(chr_names)) if len(chr_names) == 1 else None, "contigs named in several ways"
    )
    print(f"{len(rows)} samples, {BUILD_NAMES.get(build or '', 'build not known')}, {style}")
    width = max(len(p.sample) for _, p in rows)
    for _, p in sorted(rows, key=lambda row: (row[1].patient, row[1].role != "normal")):
        words = (p.timepoint, p.day is not None and f"day {p.day}", p.lesion)
        when = "".join(f" {word}" for word in words if word)
        print(f"  {p.patient}  {p.sample:{width}}  {p.role}{when}  (by {p.why})")
    print(f"\nwritten: {folder / 'config.yaml'}\n         {folder / 'samples.tsv'}\n\nTo fill in:")
    for line in to_fill_in(rows, build, reference, args.targets):
        print(f"  {line}")
    where = "" if folder == Path.cwd() else f" {shlex.quote(str(args.folder))}"
    print(f"\nThen:\n  resistpanel check{where}\n  resistpanel run{where}")


def _sampled(samples: list[str]) -> str:
    return f"{', '.join(samples)} {'was' if len(samples) == 1 else 'were'}"


def _doubtful(proposals: list[Proposal]) -> list[str]:
    """Return what is to be confirmed about the patients."""
    alike = [p for p in proposals if p.doubt == NOTHING_SHARED]
    sites = dict.fromkeys(p.patient for p in proposals if p.doubt == SITE_OR_PATIENT)
    lines = []
    if alike:
        lines.append(
            f"samples.tsv, patient: {len(alike)} samples were taken as one patient "
            f"({alike[0].patient}), since nothing in their names tells patients apart: "
            f"{', '.join(p.sample for p in alike)}"
        )
    if len(sites) == 1:
        lines.append(f"samples.tsv, patient: {min(sites)} was taken as a patient, not as a lesion")
    elif sites:
        names = ", ".join(sites)
        lines.append(f"samples.tsv, patient: {names} were taken as patients, not as lesions")
    return lines


def to_fill_in(
    rows: list[tuple[Found, Proposal]],
    build: str | None,
    reference: Path | None,
    targets: Path | None,
) -> list[str]:
    """Return what the user has to fill in or look at, one line each."""
    lines = []
    if not reference:
        lines.append("config.yaml, reference: FASTA that the BAMs were aligned to")
    if build not in ("hg19", "hg38"):
        lines.append(
            "config.yaml, build: the contig lengths of the BAMs match no supported build "
            f"({build or 'unknown'})"
        )
    if not targets:
        lines.append("config.yaml, targets: BED of your panel, if it is not panels/cancer138")
    lines.append("samples.tsv, patient and role: check the guesses")
    lines += _doubtful([p for _, p in rows])
    tumors = [p for _, p in rows if p.role in TUMOR_ROLES]
    patients: dict[str, list[Proposal]] = {}
    for proposal in tumors:
        patients.setdefault(proposal.patient, []).append(proposal)
    several = [name for name, members in patients.items() if len(members) > 1]
    if any(p.timepoint is None and p.day is None for name in several for p in patients[name]):
        lines.append(
            "samples.tsv, timepoint: pre or post for every tumour, or any label with a number in "
            "column day"
        )
    missing = [p.sample for p in tumors if p.timepoint != "pre" and not p.drug]
    if missing:
        lines.append(
            f"samples.tsv, drugs: drugs given before {_sampled(missing)} taken; none in the row of "
            "a patient's first sample"
        )
    normals = {p.patient for _, p in rows if p.role == "normal"}
    without = sorted(set(patients) - normals)
    if without:
        lines.append(
            f"samples.tsv: {', '.join(without)} without a normal; germline variants cannot be "
            "distinguished"
        )
    unnamed = [str(found.path) for found, _ in rows if not found.samples]
    if unnamed:
        lines.append(f"{', '.join(unnamed)}: no SM tag; run `resistpanel check` for the fix")
    return lines
