"""What the caller is given: settings, samples, sites, and whether they fit together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pysam

from resistpanel.call.call_constants import MIN_BASE_QUALITY
from resistpanel.call.model import posterior as model
from resistpanel.core.allele import Allele, left_align_to, trim
from resistpanel.core.bam import open_bam
from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.core.errors import InputError
from resistpanel.core.files import check_whole
from resistpanel.core.reference import Reference
from resistpanel.records.assay import BuiltAssay


@dataclass
class Settings:
    """What the user chooses.

    Attributes
    ----------
    reference, targets : path
    normal : path or None
        None: tumour-only.
    tumors : list of path
    sites : path or None
        VCF of alleles to genotype even if the reads do not propose them.
    germline : path or None
        VCF of population allele frequencies (INFO/AF).
    pon : path or None
        Panel of normals, as `build_pon` writes it.
    padding : int or None
        Bases added on either side of every target; None: `PADDING`, or 0 if a sample is of
        amplicons, which are flanked by primers.
    threads : int
    min_mapq, min_qual : int
    primers : path or None
        BED of an amplicon panel's primers, with strands.
    library : str or None
        ``capture`` or ``amplicon``; None: detected from the reads.
    consensus : str or None
        A key of `resistpanel.core.consensus.CONSENSUS`; None: detected from the reads.
    umi : str or None
        Whether and how reads are grouped into molecules, a value of `qc.assay_given.CHOICES`;
        None: detected from the reads.
    assay : sequence of (sample or None, key, value)
        What the user says of a sample's assay, or of that of all; see `qc.assay_given.Given`.
    built : BuiltAssay or None
        The assay that the samples are of, whose rates are assumed before the reads are counted.
    """

    reference: str
    targets: str
    tumors: list[str]
    normal: str | None = None
    sites: str | None = None
    germline: str | None = None
    pon: str | None = None
    padding: int | None = 0
    threads: int = 1
    min_mapq: int = MIN_MAPPING_QUALITY
    min_qual: int = MIN_BASE_QUALITY
    primers: str | None = None
    library: str | None = None
    consensus: str | None = None
    umi: str | None = None
    assay: Sequence[tuple[str | None, str, str]] = ()
    built: BuiltAssay | None = None
    priors: model.Priors = field(default_factory=model.Priors)


@dataclass
class Sample:
    """A BAM and the name that its read groups carry."""

    path: str
    name: str
    contigs: dict[str, int]


def open_sample(path: str, reference: str) -> Sample:
    """Read a BAM's or CRAM's header.

    Raises
    ------
    InputError
        If it cannot be read, has no index, or its read groups name no single sample.
    """
    try:
        with open_bam(path, reference) as handle:
            head = handle.header.to_dict()
            contigs = dict(zip(handle.references, handle.lengths, strict=True))
            indexed = handle.has_index()
    except (OSError, ValueError) as error:
        raise InputError("cannot be read as BAM or CRAM", path, "check the file") from error
    if not indexed:
        raise InputError("has no index", path, "run samtools index")
    names = {group["SM"] for group in head.get("RG", []) if group.get("SM")}
    if len(names) != 1:
        told = ", ".join(sorted(names)) or "none"
        raise InputError(
            f"read groups must name one sample (SM), found {told}",
            path,
            "run samtools addreplacerg",
        )
    return Sample(path, names.pop(), contigs)


def check_contigs(samples: list[Sample], reference: Reference, targets: list, path: str) -> None:
    """Raise InputError where targets, reads and reference do not agree on the contigs."""
    for contig, start, end in targets:
        if contig not in reference.contigs:
            raise InputError(
                f"contig {contig!r} is not in {reference.path}",
                path,
                "use targets of the same build and naming (chr1 or 1)",
            )
        if start >= reference.contigs[contig]:
            raise InputError(
                f"{contig}:{start + 1}-{end} is beyond the end of the contig",
                path,
                "use targets of the same build",
            )
    wanted = list(dict.fromkeys(contig for contig, _, _ in targets))
    for sample in samples:
        for contig in wanted:
            length = sample.contigs.get(contig)
            if length is None:
                raise InputError(
                    f"its header has no contig {contig!r}",
                    sample.path,
                    "reads, targets and reference must use one naming (chr1 or 1)",
                )
            if length != reference.contigs[contig]:
                raise InputError(
                    f"contig {contig} has {length} bases here and "
                    f"{reference.contigs[contig]} in {reference.path}",
                    sample.path,
                    "give the reference that the reads were aligned to",
                )
        order = [c for c in sample.contigs if c in set(wanted)]
        if order != [c for c in samples[0].contigs if c in set(wanted)]:
            raise InputError(
                f"the order of contigs differs from that in {samples[0].path}",
                sample.path,
                "sort the BAMs by one reference",
            )


def read_sites(path: str, reference: Reference) -> dict[Allele, list[str]]:
    """Read the alleles to be genotyped, left-aligned, with their identifiers."""
    found: dict[Allele, list[str]] = {}
    strange, known = "", False
    check_whole(path)
    try:
        with pysam.VariantFile(path) as handle:
            for record in handle:
                if record.chrom not in reference.contigs:
                    strange = strange or record.chrom
                    continue
                known = True
                expected = reference.codes(record.chrom, record.start, record.start + record.rlen)
                given = record.ref or ""
                stands = "".join("ACGTN"[c] for c in expected)
                if "N" not in stands and stands != given.upper():
                    raise InputError(
                        f"{record.chrom}:{record.pos} REF is {given}, the reference has {stands}",
                        path,
                        "make the sites for this reference",
                    )
                for alt in record.alts or ():
                    if set(alt.upper()) - set("ACGT"):
                        continue
                    allele = trim(Allele(record.chrom, record.start, given.upper(), alt.upper()))
                    if not allele.ref and not allele.alt:
                        continue
                    allele = left_align_to(allele, reference)
                    found.setdefault(allele, []).extend((record.id or "").split(";"))
    except (OSError, ValueError) as error:
        raise InputError("cannot be read as VCF", path, str(error)) from error
    if strange and not known:
        raise InputError(
            f"none of its contigs ({strange!r} and so on) is in {reference.path}",
            path,
            "use sites of the same build and naming (chr1 or 1)",
        )
    return {a: sorted({i for i in ids if i and i != "."}) for a, ids in found.items()}
