"""`resistpanel copynumber`."""

import argparse
import sys
from pathlib import Path

from resistpanel.copynumber.gate import GATE
from resistpanel.core.schemas import read_record, write_record
from resistpanel.qc.gate import add_gate, gate_with, rows_text, thresholds
from resistpanel.records.qc import Qc
from resistpanel.records.sheet import Sheet

EPILOG = """\
example:
  resistpanel copynumber --sheet results/sheet/P1.json --qc results/qc/P1.json \\
      --vcf results/annotate/P1.vcf.gz --reference hg19.fa --output results/copynumber/P1.json

"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG + rows_text(GATE)
    parser.add_argument("--sheet", type=Path, required=True, help="JSON of `resistpanel sheet`")
    parser.add_argument("--qc", type=Path, required=True, help="JSON of `resistpanel qc`: depths")
    parser.add_argument("--vcf", type=Path, required=True, help="VCF of `resistpanel annotate`")
    parser.add_argument("--reference", type=Path, required=True, help="FASTA with .fai, for GC")
    parser.add_argument(
        "--genes",
        type=Path,
        help="GFF3 of the panel: names of targets that are no genes are marked",
    )
    parser.add_argument(
        "--catalog", type=Path, help="folder with drivers.tsv (default: that of the package)"
    )
    parser.add_argument(
        "--pool",
        nargs=2,
        action="append",
        default=[],
        metavar=("QC.JSON", "SAMPLE"),
        help="further normal of the same panel: its qc JSON and sample name; may be repeated",
    )
    add_gate(parser)
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the stage; say on standard error what the gate holds against a sample."""
    from resistpanel.catalog.classes import load_diseases
    from resistpanel.catalog.drivers import load_drivers
    from resistpanel.copynumber.allele_counts import read_contamination, read_sites
    from resistpanel.copynumber.analyse import Patient, analyse, of_disease
    from resistpanel.copynumber.bins import coverage, pool_coverages, read_bins
    from resistpanel.copynumber.origin import read_known
    from resistpanel.panel.genes import load_genes

    gate = gate_with(thresholds(args.gate), GATE, "copynumber")
    sheet, qc = read_record(args.sheet, Sheet), read_record(args.qc, Qc)
    bins = read_bins(qc, args.reference)
    pool = [(read_record(path, Qc), path, sample) for path, sample in args.pool]
    measured = {s.sample: coverage(s, bins, str(args.qc)) for s in qc.samples}
    normal = next((s.sample for s in sheet.samples if s.role == "normal"), None)
    samples = [s.sample for s in sheet.samples]
    contamination, tumor_in_normal = read_contamination(args.vcf, samples, normal)
    patient = Patient(
        sheet=sheet,
        bins=bins,
        coverage=measured,
        sites=read_sites(args.vcf, samples),
        pool=pool_coverages(pool, bins, sheet.sex, measured[normal] if normal else None),
        drivers=of_disease(load_drivers(args.catalog), load_diseases(args.catalog), sheet.disease),
        contamination=contamination,
        tumor_in_normal=tumor_in_normal,
        known=read_known(args.vcf) if normal is None else None,
        symbols=frozenset(load_genes(args.genes)) if args.genes else None,
    )
    value = analyse(patient, gate)
    write_record(args.output, value)
    for failure in value.gate.failures:
        print(f"resistpanel: warning: {failure.text}", file=sys.stderr)
    return 0
