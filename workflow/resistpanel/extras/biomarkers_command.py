"""`resistpanel biomarkers`: mutational burden, hypermutation, microsatellites."""

import argparse
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import read_targets
from resistpanel.core.schemas import read_record, write_record
from resistpanel.records.biomarkers import Biomarkers, SampleBiomarkers
from resistpanel.records.compare import Compare
from resistpanel.records.qc import Qc
from resistpanel.records.sheet import Sheet

EPILOG = """example:
  resistpanel biomarkers --sheet results/sheet/P1.json --qc results/qc/P1.json \\
      --compare results/compare/P1.json --targets panel.bed --genes panel.gff3 \\
      --reference hg19.fa --output results/biomarkers/P1.json
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = EPILOG
    for name in ("sheet", "qc", "compare"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{name}/{{patient}}.json")
    parser.add_argument("--targets", type=Path, required=True, help="BED of the panel")
    parser.add_argument("--genes", type=Path, required=True, help="GFF3 of the panel")
    parser.add_argument("--reference", type=Path, required=True, help="FASTA with .fai")
    parser.add_argument(
        "--sites", type=Path, metavar="TSV",
        help="microsatellites, as MSIsensor lists them (default: those of the targets)",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, help="JSON to write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, count, write."""
    sheet = read_record(args.sheet, Sheet)
    qc, compare = read_record(args.qc, Qc), read_record(args.compare, Compare)
    if len({sheet.patient, qc.patient, compare.patient}) > 1:
        raise InputError(
            f"the files are of patients {sheet.patient}, {qc.patient} and {compare.patient}",
            "biomarkers", "give the files of one patient",
        )  # fmt: skip
    write_record(args.output, biomarkers(sheet, qc, compare, args))
    return 0


def biomarkers(sheet: Sheet, qc: Qc, compare: Compare, args: argparse.Namespace) -> Biomarkers:
    """Return the biomarkers of a patient's tumour and plasma samples."""
    from resistpanel.extras.burden import Coding, burden, coding_bases, counted, hypermutation_of
    from resistpanel.panel.genes import load_genes
    from resistpanel.qc.microsatellites import count, find_sites, per_tumor, read_sites

    coding = Coding(load_genes(args.genes))
    figures = {one.sample: one for one in qc.samples}
    normal = next((s for s in sheet.samples if s.role == "normal"), None)
    of_normal = figures[normal.sample] if normal else None
    targets = read_targets(args.targets)
    sites = read_sites(args.sites) if args.sites else find_sites(args.reference, targets)
    drugs = [drug.drug for drug in sheet.drugs]
    reference = str(args.reference)
    lengths = {
        s.sample: count(s.bam, reference, sites) for s in sheet.samples if normal
    }  # fmt: skip
    tumors = {s.sample: lengths.get(s.sample, []) for s in sheet.samples if s.tumor}
    unstable = dict(per_tumor(sites, lengths[normal.sample] if normal else None, tumors))
    found = {}
    with open_fasta(args.reference) as fasta:
        for name in tumors:
            mutations = sum(counted(v, name, coding, normal is None) for v in compare.variants)
            bases = coding_bases(coding, figures[name], of_normal)
            found[name] = SampleBiomarkers(
                burden=burden(mutations, bases, normal is None),
                hypermutation=hypermutation_of(compare, name, fasta, drugs),
                microsatellites=unstable[name],
            )
    return Biomarkers(schema="resistpanel/biomarkers/1", patient=sheet.patient, samples=found)
