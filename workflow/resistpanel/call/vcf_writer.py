"""Writes the calls as VCF 4.3."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import pysam

from resistpanel import __version__
from resistpanel.call.call_constants import KNOWN_ALPHA
from resistpanel.call.filters import FILTERS
from resistpanel.core.files import replacing

INFO = (
    (
        "TYPE",
        "1",
        "String",
        "SNV, MNV, INS, DEL, DUP (tandem) or COMPLEX, of junctions also INV or BND",
    ),
    (
        "MODEL",
        "1",
        "String",
        "Most probable model: somatic, germline, artifact, contamination or absent",
    ),
    ("SOMATIC_PHRED", "1", "Float", "Phred-scaled probability that the allele is not somatic"),
    ("ODDS_GERMLINE", "1", "Float", "Log10 odds of somatic against germline"),
    ("ODDS_ARTIFACT", "1", "Float", "Log10 odds of somatic against a recurrent artifact"),
    ("ODDS_NULL", "1", "Float", "Log10 odds of somatic against sequencing error"),
    (
        "PHASE",
        ".",
        "String",
        "Other called alleles, and germline ones of the codon or that this one restores the frame "
        "of, covered by fragments of this one, "
        "as POS_REF_ALT_cis_trans: "
        "fragments with both alleles, and with this one but not the other",
    ),
    ("POPAF", "1", "Float", "Allele frequency in the germline resource"),
    ("NORMALS", "1", "Integer", "Samples of the panel of normals with the allele"),
    ("SITE", ".", "String", "Identifiers of the forced site"),
    ("FORCED", "0", "Flag", "The allele is a forced site"),
    (
        "ORIGIN_UNPROVEN",
        "0",
        "Flag",
        "Forced site that is present in a tumour-only patient: somatic origin is not proven",
    ),
    (
        "AMPLICON_DROPOUT",
        ".",
        "String",
        "Samples in which overlapping amplicons differ in the allele's frequency beyond chance, as "
        "SAMPLE|start-end:alternate/all fragments|... of each amplicon: a variant at a primer may "
        "keep one copy from being amplified",
    ),
    ("SVTYPE", "1", "String", "Type of a junction: DEL, DUP (tandem), INV or BND"),
    ("END", "1", "Integer", "End of the event on the contig"),
    ("SVLEN", "1", "Integer", "Bases gained or lost (negative), those of an inversion"),
    ("MATEID", "1", "String", "Record of the other breakend"),
    ("IMPRECISE", "0", "Flag", "No read crosses the junction: pairs of reads alone show it"),
    ("CIPOS", "2", "Integer", "Interval of POS, from homology at the junction"),
    ("HOMLEN", "1", "Integer", "Bases of homology at the junction"),
    ("HOMSEQ", "1", "String", "Sequence of the homology"),
    ("SVINSLEN", "1", "Integer", "Bases inserted between the breakends"),
    ("SVINSSEQ", "1", "String", "Inserted bases, on the forward strand of POS"),
    (
        "FILTER_METRICS",
        str(len(FILTERS)),
        "Float",
        "Metric of each filter, in the order of the header line resistpanel_filters",
    ),
)
FORMAT = (
    ("GT", "1", "String", "0/1 where detected, 0/0 where not, ./. where not assessable"),
    (
        "AD",
        "R",
        "Integer",
        "Informative fragments without and with the allele; at an indel those without it are "
        "corrected for sampling bias (informative start positions)",
    ),
    ("ADF", "R", "Integer", "AD of forward reads"),
    ("ADR", "R", "Integer", "AD of reverse reads"),
    ("DP", "1", "Integer", "Informative fragments, the sum of AD"),
    ("AF", "1", "Float", "Allele frequency"),
    (
        "AFCI",
        "2",
        "Float",
        "95 % interval of the allele frequency (Wilson, at the depth that overdispersion leaves)",
    ),
    (
        "LOD",
        "1",
        "Float",
        "Lowest allele frequency that would have been called here with 95 % probability",
    ),
    (
        "LODN",
        "1",
        "Float",
        "At an inherited allele, where there is no LOD: that of another, new allele",
    ),
    (
        "UB",
        "1",
        "Float",
        "One-sided 95 % upper bound of the allele frequency, overdispersion included",
    ),
    ("DET", "1", "Integer", "1 detected, 0 not detected, . not assessable"),
    (
        "PRESENCE",
        "1",
        "Float",
        "Log10 Bayes factor of presence in the sample against absence, given the other samples",
    ),
    (
        "ERR",
        "2",
        "Float",
        "Called alleles: expected fragments with the allele in this sample if it does not have it, "
        "given the other samples, and their standard deviation",
    ),
    (
        "CRIT",
        "1",
        "Integer",
        "Called alleles: fewest fragments with the allele that a sample without it shows with a "
        f"probability of at most {KNOWN_ALPHA:g}",
    ),
)


#: Keys of the FORMAT column, and the column.
KEYS = [name for name, *_ in FORMAT]
KEYS_TEXT = ":".join(KEYS)


@dataclass
class Record:
    """One allele as it goes into the VCF.

    Attributes
    ----------
    contig, pos, ref, alt
        POS is 1-based.
    id : str
        Of a breakend, for its mate.
    filters : list of str
        Empty for PASS.
    info : dict
    samples : list of dict
        Per sample the FORMAT fields; None = missing.
    """

    contig: str
    pos: int
    ref: str
    alt: str
    filters: list[str]
    info: dict
    samples: list[dict]
    id: str = "."


def number(value: float | None, digits: int = 4) -> str:
    """Return a number with `digits` significant digits, `.` if there is none."""
    if value is None or not math.isfinite(value):
        return "."
    return f"{value:.{digits}g}"


def _field(value) -> str:
    # The usual kinds first, by identity.
    kind = type(value)
    if value is None:
        return "."
    if kind is str:
        return value
    if kind is int:
        return str(value)
    if kind is list or kind is tuple:
        return ",".join(map(_field, value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    return number(float(value))


def header(
    contigs: dict[str, int], samples: list[str], meta: dict[str, str], reference: str
) -> str:
    """Return the header, with the filters' descriptions and the learned parameters."""
    lines = ["##fileformat=VCFv4.3", f"##source=resistpanel {__version__}"]
    lines.append(f"##reference={reference}")
    lines += [f"##resistpanel_{key}={value}" for key, value in meta.items()]
    lines += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    lines.append('##FILTER=<ID=PASS,Description="Somatic in at least one tumour">')
    lines.append('##FILTER=<ID=absent,Description="Forced site, not detected in any tumour">')
    for f in FILTERS:
        text = f.description.format(threshold=f.threshold)
        lines.append(f'##FILTER=<ID={f.name},Description="{text}">')
    for name, count, kind, text in INFO:
        lines.append(f'##INFO=<ID={name},Number={count},Type={kind},Description="{text}">')
    for name, count, kind, text in FORMAT:
        lines.append(f'##FORMAT=<ID={name},Number={count},Type={kind},Description="{text}">')
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines.append("\t".join(columns + samples))
    return "\n".join(lines) + "\n"


def line(record: Record) -> str:
    """Return a record as a line of VCF."""
    info = ";".join(
        key if value is True else f"{key}={_field(value)}"
        for key, value in record.info.items()
        if value is not None and value is not False and not (isinstance(value, list) and not value)
    )
    cells = [":".join([_field(sample.get(key)) for key in KEYS]) for sample in record.samples]
    quality = number(record.info.get("SOMATIC_PHRED"))
    row = [
        record.contig,
        str(record.pos),
        record.id,
        record.ref,
        record.alt,
        quality,
        ";".join(record.filters) or "PASS",
        info,
        KEYS_TEXT,
    ]
    return "\t".join(row + cells) + "\n"


def write(path: str, head: str, records: Iterable[Record]) -> None:
    """Write a bgzipped VCF and its tabix index, both or neither."""
    _write(path, head, map(line, records))


def write_pon(path: str, contigs: dict[str, int], samples: list[str], rows: list[tuple]) -> None:
    """Write a panel of normals.

    Parameters
    ----------
    rows : list of (contig, POS 1-based, REF, ALT, names of normals with the allele, greatest AF)
    """
    head = ["##fileformat=VCFv4.3", f"##source=resistpanel {__version__}"]
    head.append(f"##resistpanel_normals={','.join(samples)}")
    head += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    head.append('##INFO=<ID=NORMALS,Number=1,Type=Integer,Description="Normals with the allele">')
    head.append('##INFO=<ID=MAXAF,Number=1,Type=Float,Description="Greatest AF among them">')
    head.append('##INFO=<ID=SEEN,Number=.,Type=String,Description="Names of these normals">')
    head.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]))
    _write(
        path,
        "\n".join(head) + "\n",
        (
            f"{contig}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t"
            f"NORMALS={len(seen)};MAXAF={number(most)};SEEN={','.join(map(_quoted, seen))}\n"
            for contig, pos, ref, alt, seen, most in rows
        ),
    )


def _quoted(name: str) -> str:
    """Return a sample's name as a value of INFO, percent-encoded."""
    return quote(name, safe="")


def _write(path: str, head: str, lines: Iterable[str]) -> None:
    with replacing(path) as temporary, replacing(f"{path}.tbi") as index:
        with pysam.BGZFile(str(temporary), "wb") as handle:
            handle.write(head.encode())
            for text in lines:
                handle.write(text.encode())
        pysam.tabix_index(str(temporary), preset="vcf", force=True)
        made = temporary.with_name(temporary.name + ".tbi")
        made.replace(index)
