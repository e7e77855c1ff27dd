"""Arguments of ``resistpanel demo``."""

import argparse
import sys
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME, write_text

#: Demo patients: their file, the published table beside it, what they show.
PATIENTS = {
    "melanoma": (
        "resources/demo/patient.yaml",
        "resources/demo/table1.tsv",
        "the patient of Wagle et al. 2011: a MAP2K1 mutation under vemurafenib",
    ),
    "amplification": (
        "resources/demo/amplification.yaml",
        None,
        "an acquired amplification of BRAF instead of a mutation",
    ),
    "plasma": (
        "resources/demo/plasma.yaml",
        None,
        "EGFR L858R under osimertinib, followed in plasma with UMIs: EGFR C797S at relapse",
    ),
}

EPILOG = """examples:
  resistpanel demo                            # in resistpanel-demo/
  resistpanel demo /tmp/try --cores 2
  resistpanel demo --patient amplification
  resistpanel demo --patient plasma

The reads are simulated, so that the true variants are known; the BAMs take about 310 MB.
"""

CONFIG = """\
# The demo of resistpanel: {text}.
outdir: {outdir}
simulate:
  patient: {patient}
  table1: {table1}
{more}"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("resistpanel-demo"),
        metavar="FOLDER",
        help="working directory (default: resistpanel-demo); created if it does not exist",
    )
    parser.add_argument(
        "--patient",
        choices=sorted(PATIENTS),
        default="melanoma",
        help="; ".join(f"{name}: {text}" for name, (_, _, text) in PATIENTS.items())
        + " (default: melanoma)",
    )
    parser.add_argument("--cores", help="number of cores (default: all available to this process)")
    parser.add_argument("--verbose", action="store_true", help="print Snakemake's output")
    parser.set_defaults(run=run)


def config_text(name: str) -> str:
    """Return the configuration of a demo patient."""
    patient, table1, text = PATIENTS[name]
    outdir = "results" if name == "melanoma" else f"results/{name}"
    # Libraries with UMIs have unique dual indices.
    more = "assay:\n  index_hopping: 0\n" if name == "plasma" else ""
    return CONFIG.format(
        text=text, outdir=outdir, patient=patient, table1=table1 or "null", more=more
    )


def run(args: argparse.Namespace) -> int:
    """Write a configuration, run the workflow, say what to open."""
    from resistpanel.run import command

    patient = HOME / PATIENTS[args.patient][0]
    if not patient.is_file():
        raise InputError(
            "the demo's files are not installed", str(patient), "set RESISTPANEL_HOME to a checkout"
        )
    folder = args.folder
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", str(folder), "give another folder")
    config = folder / f"{args.patient}.yaml"
    if (folder / "config.yaml").exists():
        raise InputError(
            "the folder already contains a run (config.yaml)", str(folder), "give another folder"
        )
    try:
        if not config.is_file() or config.read_text(encoding="utf-8") != config_text(args.patient):
            write_text(config, config_text(args.patient))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", str(config)) from None
    print(f"{PATIENTS[args.patient][2]}; everything is written to {folder}/", file=sys.stderr)
    given = argparse.Namespace(
        config=Path(config.name),
        folder=folder,
        directory=None,
        cores=args.cores,
        profile=None,
        dry_run=False,
        verbose=args.verbose,
        snakemake=[],
    )
    status = command.run(given)
    if status == 0:
        print(f"\nopen the page above in a browser; {HOME / 'docs/report.md'} says how to read it")
    return status
