"""`resistpanel assay`: build an assay, verify it, validate it."""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

from resistpanel.core.errors import InputError

EPILOG = """examples:
  resistpanel assay build --name lung --version 1.0 --reference hg19.fa --targets panel.bed \\
      --normal n1.bam --normal n2.bam --normal n3.bam --output assays/lung-1.0
  resistpanel assay build --name lung --version 1.0 --config config.yaml --output assays/lung-1.0
  resistpanel assay check assays/lung-1.0
  resistpanel assay report assays/lung-1.0 --reference hg19.fa --data reads --output dossier

In config.yaml: `assay: {folder: assays/lung-1.0, version: "1.0"}`. See docs/assay.md.
"""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _register_build(actions.add_parser("build", help="build an assay from normals"))
    check = actions.add_parser("check", help="compare an assay with its checksums")
    check.add_argument("folder", type=Path, metavar="FOLDER")
    check.set_defaults(run=run_check)
    _register_report(actions.add_parser("report", help="validate an assay on its own data"))


def _register_build(build: argparse.ArgumentParser) -> None:
    from resistpanel.qc.assay_given import add_assay

    build.add_argument("--name", required=True, help="of the assay: letters, digits, . _ -")
    build.add_argument("--version", required=True, help="letters, digits, . _ -")
    build.add_argument(
        "--config", type=Path,
        help="configuration of a study: reference, targets, normals, assay, thresholds",
    )  # fmt: skip
    build.add_argument("--reference", type=Path, help="FASTA that the normals were aligned to")
    build.add_argument("--targets", type=Path, help="BED of the panel")
    build.add_argument(
        "--normal", type=Path, action="append", default=[], metavar="BAM",
        help="BAM or CRAM of a normal, one a person; repeat for each",
    )  # fmt: skip
    build.add_argument("--primers", type=Path, help="BED of an amplicon panel's primers")
    build.add_argument(
        "--padding", type=int, help="bases added around targets (default: 20, of amplicons 0)"
    )
    build.add_argument(
        "--pack", type=Path, nargs="+", default=[], metavar="DIR",
        help="reference material: folders with a pack.yaml (docs/validate.md)",
    )  # fmt: skip
    add_assay(build)
    build.add_argument("--threads", type=int, default=1, help="normals read in parallel (1)")
    build.add_argument("--output", type=Path, required=True, help="folder to write")
    build.set_defaults(run=run_build)


def _register_report(report: argparse.ArgumentParser) -> None:
    from resistpanel.testing.testing_constants import DOSSIER_NORMALS, REPLICATES

    report.add_argument("folder", type=Path, metavar="FOLDER", help="of the assay")
    report.add_argument("--reference", type=Path, required=True, help="FASTA")
    report.add_argument(
        "--normal", type=Path, action="append", default=[], metavar="BAM",
        help="normals to use, best ones that the assay was not built from (default: the assay's)",
    )  # fmt: skip
    report.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of the reads of the reference material"
    )
    report.add_argument("--sites", type=int, default=160, help="variants a normal, at most (160)")
    report.add_argument("--passes", type=int, default=3, help="passes of the recall (3)")
    report.add_argument(
        "--replicates", type=int, default=REPLICATES, help=f"of each variant ({REPLICATES})"
    )
    report.add_argument(
        "--spiked", type=int, default=DOSSIER_NORMALS,
        help=f"normals that variants are spiked into ({DOSSIER_NORMALS}); false calls are of all",
    )  # fmt: skip
    report.add_argument("--seed", type=int, default=1, help="random seed (1)")
    report.add_argument("--threads", type=int, default=2, help="threads of the caller (2)")
    report.add_argument(
        "--output", type=Path, default=Path("dossier"), help="folder to write (dossier)"
    )
    report.add_argument("--work", type=Path, help="keep VCFs and truth in this folder")
    report.set_defaults(run=run_report)


def run_build(args: argparse.Namespace) -> int:
    """Build an assay."""
    from resistpanel.core.bam import index_of, quiet
    from resistpanel.testing.assay_build import build

    wanted = _wanted(args)
    for bam in wanted.normals:
        if index_of(bam) is None:
            raise InputError("the BAM has no index", str(bam), f"run `samtools index {bam}`")
    with quiet():
        made = build(wanted, _tell)
    print(
        f"assay {made.title}: {len(made.normals)} normals, {made.recurrent} recurrent alleles, "
        f"overdispersion {made.priors.overdispersion.median:.3g}"
    )
    print(f"{args.output} sha256 {made.digest}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _wanted(args: argparse.Namespace):
    """Return what the assay is to be built from, of the arguments and the configuration."""
    from resistpanel.testing.assay_build import Wanted
    from resistpanel.testing.pack import read_pack

    for key in ("name", "version"):
        if not NAME.fullmatch(getattr(args, key)):
            raise InputError("letters, digits, . _ - are allowed", f"--{key} {getattr(args, key)}")
    given = {"normals": tuple(args.normal), "reference": args.reference, "targets": args.targets}
    of_study = _of_study(args.config) if args.config else {}
    said = dict(of_study.pop("given", ()))
    for sample, key, value in args.assay:
        if sample is not None:
            raise InputError("an assay is of all samples", f"--assay {sample}:{key}={value}")
        said[key] = value
    primers = args.primers or said.pop("primers", None)
    parts = of_study | {key: value for key, value in given.items() if value}
    for key, option in (("reference", "--reference"), ("targets", "--targets")):
        if parts.get(key) is None:
            raise InputError("not given", option, "give it, or a --config that names it")
    if not parts.get("normals"):
        raise InputError("none given", "--normal", "give three or more, or a --config")
    for path in (parts["reference"], parts["targets"], *parts["normals"], primers):
        if path is not None and not Path(path).is_file():
            raise InputError("no such file", str(path), "correct the path")
    if args.padding is not None:
        parts["padding"] = args.padding
    if (parts.get("padding") or 0) < 0:
        raise InputError("must be 0 or more", f"--padding {args.padding}")
    return Wanted(
        name=args.name,
        version=args.version,
        output=args.output,
        given=tuple(sorted((k, v) for k, v in said.items() if v != "auto")),
        primers=Path(primers) if primers else None,
        packs=tuple(read_pack(folder) for folder in args.pack),
        threads=args.threads,
        **parts,
    )


def _of_study(config: Path) -> dict:
    """Return what a study's configuration and sheet say."""
    from resistpanel.inputs.merge import merged
    from resistpanel.inputs.plan import make_plan
    from resistpanel.inputs.simulated_patient import load_patient

    if not config.is_file():
        raise InputError("no such configuration", str(config))
    plan, _ = make_plan(
        merged(config), lambda p: load_patient(p)[0], headers=False, where=str(config)
    )
    made = plan.settings
    if made.assay_folder:
        raise InputError("names an assay already", made.place("assay.folder"), "remove it")
    return {
        "reference": made.reference,
        "targets": made.targets,
        "normals": tuple(Path(b) for name in plan.patients for b in plan.bams(name, "normal")),
        "given": made.assay,
        "padding": made.padding,
        "index_hopping": made.index_hopping,
        "qc": made.qc,
        "copynumber": made.copynumber,
    }


def run_check(args: argparse.Namespace) -> int:
    """Say that an assay is whole."""
    from resistpanel.qc.assay_folder import read_assay

    made = read_assay(args.folder)
    print(f"assay {made.title}: {len(made.files)} files as built, sha256 {made.digest}")
    return 0


def run_report(args: argparse.Namespace) -> int:
    """Measure an assay; write page, figures and rows."""
    from resistpanel.core.bam import quiet
    from resistpanel.core.files import write_text
    from resistpanel.core.schemas import write_record
    from resistpanel.testing.dossier import Asked, dossier
    from resistpanel.testing.dossier_page import page, table, tsv

    asked = _asked(args)
    with tempfile.TemporaryDirectory(prefix="resistpanel-assay-") as scratch, quiet():
        work = args.work or Path(scratch)
        result = dossier(Asked(work=work, **asked), _tell)
    write_record(args.output / "dossier.json", result)
    write_text(args.output / "dossier.tsv", tsv(result))
    write_text(args.output / "dossier.html", page(result))
    print("\n".join(table(result)))
    print(f"{args.output}{os.sep}dossier.html, .json, .tsv")
    return 0 if all(one.as_expected for one in result.material) else 1


def _asked(args: argparse.Namespace) -> dict:
    """Return what the dossier is to be made of, checked."""
    from resistpanel.core.intervals import read_targets
    from resistpanel.qc.assay_folder import TARGETS, read_assay, reference_bases
    from resistpanel.testing.assay_normals import normals_of
    from resistpanel.testing.pack import find, read_pack

    least = {"sites": 10, "passes": 1, "replicates": 2, "spiked": 1, "threads": 1, "seed": 0}
    for name, value in least.items():
        if getattr(args, name) < value:
            raise InputError(f"must be {value} or more", f"--{name} {getattr(args, name)}")
    made = read_assay(args.folder)
    if not args.reference.is_file():
        raise InputError("no such file", f"--reference {args.reference}")
    if reference_bases(args.reference, read_targets(args.folder / TARGETS)) != made.reference:
        raise InputError(
            f"has other bases at the targets than assay {made.title} was built with",
            str(args.reference), "give that reference",
        )  # fmt: skip
    packs = tuple(read_pack(args.folder / one.folder) for one in made.material)
    if args.data and not args.data.is_dir():
        raise InputError("no such folder", f"--data {args.data}")
    for pack in packs:
        for role in ("tumor", "normal"):
            if name := getattr(pack.about.samples, role):
                find(pack, name, args.data)
    return {
        "folder": args.folder,
        "made": made,
        "reference": args.reference,
        "normals": normals_of(made, args.normal),
        "packs": packs,
        "data": args.data,
        "sites": args.sites,
        "passes": args.passes,
        "replicates": args.replicates,
        "spiked": args.spiked,
        "seed": args.seed,
        "threads": args.threads,
    }
