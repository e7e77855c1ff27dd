"""Arguments of ``resistpanel explain``."""

import argparse
import json
import os
import re
from collections.abc import Collection
from pathlib import Path

from resistpanel.core.errors import InputError, InputErrors

EPILOG = """examples, in the folder of a run:
  resistpanel explain P1 MAP2K1 C121S            # also p.Cys121Ser, c.362G>C, or C121S alone
  resistpanel explain P1 NM_002755.3:c.362G>C    # with a transcript
  resistpanel explain P1 chr15:66729154:G:C      # or 15-66729154-G-C, or a position alone
  resistpanel explain P1 BRAF amplification
  resistpanel explain P1 NRAS Q61K               # limits of a variant that was not called
  resistpanel explain P1 C121S --json | jq .samples

Prints the fragments, AF with interval, expected errors, the caller's odds, the result of each
filter, limits, state and its test, cancer cell fraction with purity and copies, catalogue rows,
mechanism, and the reasons for the rank.
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    parser.add_argument("patient", metavar="PATIENT")
    parser.add_argument("variant", metavar="VARIANT", nargs="+")
    parser.add_argument(
        "--results", type=Path, help="folder of the results (default: outdir of config.yaml)"
    )
    parser.add_argument("--config", type=Path, help="configuration that names the results")
    parser.add_argument(
        "--directory",
        type=Path,
        metavar="FOLDER",
        help="working directory (default: current folder)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def results_folder(args: argparse.Namespace) -> Path:
    """Return the folder of the results, as the arguments or the configuration say."""
    if args.results:
        return args.results
    from resistpanel.inputs.merge import merged

    config = args.config or Path("config.yaml")
    if config.is_file():
        value = merged(config)
        outdir = value.get("outdir") if isinstance(value, dict) else None
        return Path(outdir or "results")
    if args.config:
        raise InputError("no such configuration", str(args.config))
    return Path("results")


def panel_genes(folder: Path) -> tuple[set[str], set[str]]:
    """Return the symbols of the genes on the panel, as the workflow left it in the results.

    Returns
    -------
    set of str
        Genes with a target.
    set of str
        Genes of the annotation without one.
    """
    from resistpanel.core.intervals import read_targets
    from resistpanel.panel.genes import load_genes

    try:
        known = set(load_genes(folder / "panel" / "genes.gff3"))
        names = [target.name for target in read_targets(folder / "panel" / "targets.bed")]
    except (InputError, OSError):
        return set(), set()
    covered = {gene for name in names for gene in (name, *re.split(r"[^A-Za-z0-9-]", name),
                                                   *re.split(r"[^A-Za-z0-9]", name))}  # fmt: skip
    return known & covered, known - covered


def explained(
    results, text: str, panel: Collection[str], off: Collection[str] = frozenset()
) -> dict:
    """Return the facts on what a text names.

    Parameters
    ----------
    results : resistpanel.report.explain_facts.Results
    text : str
        The variant as typed.
    panel : collection of str
        Symbols of the panel's genes; empty if they are not known.
    off : collection of str
        Symbols of other genes, which have no target.

    Raises
    ------
    InputError
        If nothing fits, or several variants.
    """
    from resistpanel.catalog.numbering import load_numbering
    from resistpanel.report.explain_facts import of_copies, of_variant
    from resistpanel.report.explain_query import choose, off_panel, parse
    from resistpanel.report.transcripts import other_names, transcripts_of

    variants, where = results.compare.variants, f"patient {results.patient}"
    genes = {variant.gene for variant in variants if variant.gene} | set(panel)
    if results.copynumber:
        for sample in results.copynumber.samples.values():
            genes |= {row.gene for row in sample.genes}
    off = set(off) - genes
    aliases = other_names(genes | off)
    query = parse(
        text,
        genes | off | set(aliases),
        {v.chrom for v in variants},
        transcripts_of(variants, genes | off),
    )
    query.gene = aliases.get(query.gene, query.gene)
    if query.gene in off:
        raise off_panel(query.gene, where, panel, spelling=False)
    if query.gene and query.protein:
        query.renumbered = load_numbering().read_text(query.gene, query.protein)
    if query.copies:
        if not query.gene and query.site and panel:
            raise off_panel(query.site, where, panel)
        if not query.gene:
            raise InputError(
                f"which gene does '{text}' mean?", "VARIANT", "e.g. BRAF amplification"
            )
        return of_copies(results, query.gene, text)
    try:
        chosen, others = choose(query, variants, where, panel)
    except InputErrors:
        raise
    except InputError:
        # A gene of which no variant was called or asked for still has copies.
        alone = query.gene and not (query.protein or query.coding or query.site or query.locus)
        if not alone or not results.copynumber:
            raise
        return of_copies(results, query.gene, text)
    return of_variant(results, chosen, others, text)


def run(args: argparse.Namespace) -> int:
    """Print why."""
    from resistpanel.core.agreement import check_patient
    from resistpanel.inputs.owner import check_rows_of
    from resistpanel.report.explain_facts import read_results
    from resistpanel.report.explain_text import lines_of

    if args.directory:
        if not args.directory.is_dir():
            raise InputError("no such folder", f"--directory {args.directory}")
        os.chdir(args.directory)
    folder = results_folder(args)
    check_rows_of(Path(folder), args.patient)
    check_patient(Path(folder), args.patient)
    results = read_results(folder, args.patient)
    text = " ".join(args.variant)
    facts = explained(results, text, *panel_genes(Path(folder)))
    if args.json:
        print(json.dumps(facts, indent=1, sort_keys=True, allow_nan=False))
    else:
        print("\n".join(lines_of(facts)))
    return 0
