"""Arguments of ``resistpanel plan``."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from resistpanel.call.call_constants import (
    CONVERSION,
    PLAN_INSERT,
    PLAN_NORMAL,
    PLAN_ON_TARGET,
)
from resistpanel.call.planning import Planned, limits_of, molecules_for, molecules_of
from resistpanel.core.core_constants import GENOMES_PER_NG
from resistpanel.core.errors import InputError
from resistpanel.core.intervals import merge_targets, read_targets
from resistpanel.core.text import percent_up

EPILOG = """\
examples:
  resistpanel plan --ng 20 --family 3                # lowest AF called and excluded
  resistpanel plan --molecules 8000 --targets panel.bed
  resistpanel plan --af 0.001 --family 4             # molecules and ng required
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--molecules", type=float, help="molecules that show a site")
    given.add_argument("--ng", type=float, help="cell-free DNA in the library, in nanograms")
    given.add_argument("--af", type=float, help="allele frequency to be reached, 0 to 1")
    parser.add_argument(
        "--conversion", type=float, default=CONVERSION,
        help="fraction of the genome equivalents that are sequenced (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--family", type=float, default=3.0,
        help="mean read pairs of a molecule, both strands together (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--umi", choices=("duplex", "single", "none"), default="duplex",
        help="how reads are grouped into molecules (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--normal", type=float, default=PLAN_NORMAL,
        help="fragments of the matched normal at a site (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--overdispersion", type=float, metavar="RHO",
        help="overdispersion of allele counts in earlier samples of the assay, as in the header "
        "of `call` (default: prior of the assay)",
    )  # fmt: skip
    parser.add_argument(
        "--targets", type=Path, metavar="BED", help="panel, for the number of reads required"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def _check(args: argparse.Namespace) -> None:
    for name, low, high in (
        ("molecules", 20, 1e7), ("ng", 1e-3, 1e5), ("af", 1e-6, 1), ("conversion", 1e-3, 1),
        ("family", 1, 1000), ("normal", 20, 1e6), ("overdispersion", 0, 0.2),
    ):  # fmt: skip
        value = getattr(args, name)
        if value is not None and not low <= value <= high:
            raise InputError(
                f"{value:g} is not from {low:g} to {high:,.10g}", f"--{name}", "give another value"
            )


def plan(args: argparse.Namespace) -> dict:
    """Return the plan as it is printed."""
    assay = Planned(args.family, args.umi, args.normal, rho=args.overdispersion)
    tiers = dict(zip(("duplex", "simplex", "single"), assay.tiers(), strict=True))
    found: dict = {"assay": asdict(assay), "tiers": tiers if args.umi != "none" else None}
    if args.af is not None:
        needed = molecules_for(args.af, assay)
        found["af"] = args.af
        found["molecules"] = needed
        found["ng"] = {
            name: None if n is None else n / (GENOMES_PER_NG * args.conversion)
            for name, n in needed.items()
        }
        most = needed["called"]
    else:
        most = args.molecules or molecules_of(args.ng, args.conversion)
        found["molecules"] = most
        found["limits"] = asdict(limits_of(most, assay))
    if args.targets and most is not None:
        found["read_pairs"] = read_pairs(args.targets, most, args.family)
    return found


def read_pairs(targets: Path, molecules: float, family: float) -> float:
    """Return the read pairs that sequence a panel's molecules."""
    merged = merge_targets(read_targets(targets))
    fragments = sum((t.length + PLAN_INSERT) / PLAN_INSERT for t in merged) * molecules
    return fragments * family / PLAN_ON_TARGET


def text(found: dict, conversion: float) -> str:
    """Return the plan in words."""
    lines = []
    if found["tiers"]:
        parts = ", ".join(f"{name} {value:.0%}" for name, value in found["tiers"].items())
        lines.append(f"molecules by tier: {parts}")
    words = {
        "called": "called anywhere on the panel",
        "known": "detected as a known allele",
        "excluded": "excluded where no molecule shows it",
    }
    if "limits" in found:
        unit = "molecules" if found["tiers"] else "fragments"
        lines.append(f"{unit} at a site: {found['molecules']:,.0f}")
        for name, what in words.items():
            value = found["limits"][name]
            lines.append(f"lowest AF {what}: {'none' if value is None else percent_up(value)}")
    else:
        lines.append(f"AF {found['af']:.4%}, conversion {conversion:.0%}")
        for name, what in words.items():
            n, ng = found["molecules"][name], found["ng"][name]
            need = "more than can be planned" if n is None else f"{n:,.0f} molecules, {ng:,.1f} ng"
            lines.append(f"{what}: {need}")
    if "read_pairs" in found:
        lines.append(f"read pairs: {found['read_pairs']:,.0f}")
    return "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    _check(args)
    found = plan(args)
    print(json.dumps(found, indent=2) if args.json else text(found, args.conversion))
    return 0
