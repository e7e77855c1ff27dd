"""Arguments of ``resistpanel validate``."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from resistpanel.core.errors import InputError

EPILOG = """examples:
  resistpanel validate --reference hg19.fa --targets panel.bed --normal skin.bam --output validation
  resistpanel validate --patient P1                # in the folder of a study
  resistpanel validate --directory study --variants hotspots.vcf --passes 9
  resistpanel validate --pack packs/material --data reads   # reference material with known alleles
  resistpanel validate --pack packs/material --dilute 0.02 0.01 0.005 --draws 20

The fragments of the normal are divided into a normal and a tumour without somatic variants.
Variants are spiked into reads of the tumour at known allele frequencies, and the pair is called.
Each part has a fraction of the depth, so the limits are those of that depth, not of your samples.
Results are reproducible for a given seed. docs/validate.md says what is tested and what is not.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument(
        "--config",
        type=Path,
        help="configuration that names reference and panel (default: config.yaml of the folder)",
    )
    parser.add_argument(
        "--directory",
        type=Path,
        metavar="FOLDER",
        help="working directory (default: current folder)",
    )
    parser.add_argument("--patient", help="patient of the sheet whose normal is used")
    parser.add_argument("--normal", type=Path, help="BAM or CRAM of a normal, indexed")
    parser.add_argument("--reference", type=Path, help="FASTA that it was aligned to")
    parser.add_argument("--targets", type=Path, help="BED of the panel")
    parser.add_argument(
        "--variants", type=Path, help="VCF of the variants to spike in (default: drawn at random)"
    )
    parser.add_argument(
        "--sites",
        type=int,
        default=160,
        help="number of variants to draw, limited by the size of the targets (160)",
    )
    parser.add_argument(
        "--passes",
        type=int,
        default=3,
        help="number of passes; each spikes in every variant again and calls (3)",
    )
    parser.add_argument(
        "--tumor-share",
        type=float,
        default=0.5,
        help="fraction of the normal's fragments that become the tumour (0.5)",
    )
    parser.add_argument("--seed", type=int, default=1, help="random seed (1)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the caller (2)")
    parser.add_argument(
        "--output", type=Path, default=Path("validation"), help="folder to write (validation)"
    )
    parser.add_argument("--work", type=Path, help="keep BAMs and VCFs in this folder")
    packs = parser.add_argument_group("sets of real reads with their truth (docs/validate.md)")
    packs.add_argument(
        "--pack", type=Path, nargs="+", metavar="DIR", help="folders with a pack.yaml"
    )
    packs.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of the packs' reads (default: the pack)"
    )
    packs.add_argument(
        "--dilute",
        type=float,
        nargs="+",
        metavar="AF",
        help="also call with variant-supporting fragments removed at random down to these "
        "allele frequencies",
    )
    packs.add_argument("--draws", type=int, default=10, help="draws of each --dilute (10)")
    parser.set_defaults(run=run)


def _inputs(args: argparse.Namespace) -> tuple[Path, Path, Path]:
    """Return normal, reference and targets, of the arguments or the configuration."""
    normal, reference, targets = args.normal, args.reference, args.targets
    if args.config is None and None in (normal, reference, targets):
        args.config = Path("config.yaml") if Path("config.yaml").is_file() else None
    if args.config:
        from resistpanel.inputs.merge import merged
        from resistpanel.inputs.plan import make_plan
        from resistpanel.inputs.simulated_patient import load_patient

        if not args.config.is_file():
            raise InputError("no such configuration", str(args.config))
        plan, _ = make_plan(
            merged(args.config), lambda p: load_patient(p)[0], headers=False, where=str(args.config)
        )
        reference = reference or plan.settings.reference
        targets = targets or plan.settings.targets
        if normal is None:
            if args.patient and args.patient not in plan.patients:
                known = ", ".join(plan.patients)
                raise InputError(f"no patient '{args.patient}'", str(args.config), known)
            chosen = [args.patient] if args.patient else list(plan.patients)
            normals = [bam for name in chosen for bam in plan.bams(name, "normal")]
            if len(normals) != 1:
                raise InputError(
                    f"{len(normals)} normals to choose from", str(args.config),
                    "name the patient with --patient, or the BAM with --normal",
                )  # fmt: skip
            normal = Path(normals[0])
    given = {"--normal": normal, "--reference": reference, "--targets": targets}
    for name, path in given.items():
        if path is None:
            raise InputError("not given", name, "give it, or a --config that names it")
        if not Path(path).is_file():
            raise InputError("no such file", f"{name} {path}")
    return Path(normal), Path(reference), Path(targets)


def _check(args: argparse.Namespace) -> None:
    least = {"sites": 10, "passes": 1, "threads": 1, "seed": 0}
    for name, value in least.items():
        if getattr(args, name) < value:
            raise InputError(f"must be {value} or more", f"--{name} {getattr(args, name)}")
    if not 0.1 <= args.tumor_share <= 0.9:
        raise InputError("must be 0.1 to 0.9", f"--tumor-share {args.tumor_share}")
    if args.variants and not args.variants.is_file():
        raise InputError("no such file", f"--variants {args.variants}")


def run(args: argparse.Namespace) -> int:
    """Validate; write the figures and the page."""
    if args.pack:
        from resistpanel.testing.pack_run import run_packs

        return run_packs(args)
    if args.data or args.dilute:
        raise InputError("needs --pack", "--data" if args.data else "--dilute")
    return _spike(args)


def _umi(normal: Path, reference: Path, targets: list) -> str:
    """Return where the reads have the UMI by which the caller groups them, else none."""
    from resistpanel.qc.assay import describe, look

    found = describe(look(normal, reference, targets))
    return found.umi if found.families != "none" else "none"


def _spike(args: argparse.Namespace) -> int:
    from resistpanel.call.caller import Caller, Settings
    from resistpanel.core.bam import index_of, quiet
    from resistpanel.core.files import write_text
    from resistpanel.core.schemas import write_record
    from resistpanel.panel.adapt import Contigs, adapt_bed
    from resistpanel.testing.validate import Plan, Validation
    from resistpanel.testing.validation_page import page, table, tsv

    start = Path.cwd()
    if args.directory:
        if not args.directory.is_dir():
            raise InputError("no such folder", f"--directory {args.directory}")
        os.chdir(args.directory)
    _check(args)
    normal, reference, targets = _inputs(args)
    if index_of(normal) is None:
        raise InputError("the BAM has no index", str(normal), f"run `samtools index {normal}`")
    rows, _ = adapt_bed(targets, Contigs(reference))
    with tempfile.TemporaryDirectory(prefix="resistpanel-validate-") as scratch, quiet():
        work = args.work or Path(scratch)
        bed = work / "targets.bed"
        work.mkdir(parents=True, exist_ok=True)
        write_text(bed, "".join(f"{target.line()}\n" for target in rows))

        def call(normal: Path, tumor: Path, vcf: Path, sites: Path | None) -> None:
            Caller(
                Settings(
                    reference=str(reference),
                    targets=str(bed),
                    tumors=[str(tumor)],
                    normal=str(normal),
                    sites=str(sites) if sites else None,
                    threads=args.threads,
                )
            ).run(str(vcf))

        plan = Plan(
            normal,
            reference,
            rows,
            work,
            args.variants,
            args.sites,
            args.passes,
            args.seed,
            args.threads,
            args.tumor_share,
            umi=_umi(normal, reference, rows),
        )
        result = Validation(plan, call, lambda line: print(line, file=sys.stderr)).result()
    replace = msgspec.structs.replace
    result = replace(result, parameters=replace(result.parameters, targets=str(targets)))
    write_record(args.output / "validate.json", result)
    write_text(args.output / "validate.tsv", tsv(result))
    write_text(args.output / "validate.html", page(result))
    for line in table(result):
        print(line)
    shown = args.output
    if Path.cwd() != start and not args.output.is_absolute():
        shown = args.directory / args.output  # as seen from where the command was typed
    print(f"{shown}/validate.html, .json, .tsv")
    return 0
