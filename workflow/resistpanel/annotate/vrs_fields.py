"""INFO fields of GA4GH VRS, named as the VCF annotator of vrs-python (ga4gh.vrs) names them."""

from collections.abc import Iterable

import pysam

from resistpanel.annotate.csq import Allele
from resistpanel.core.reference import Reference
from resistpanel.core.sequences import Sequences
from resistpanel.core.vrs import VERSION, vrs_allele

#: INFO fields: id, number, type, description. The first value is of REF, the second of ALT.
FIELDS = (
    ("VRS_Allele_IDs", "R", "String",
     "The computed identifiers for the GA4GH VRS Alleles corresponding to the GT indexes of the "
     f"REF and ALT alleles [VRS version={VERSION}]"),
    ("VRS_Starts", "R", "Integer",
     "Interresidue coordinates used as the location starts for the GA4GH VRS Alleles"),
    ("VRS_Ends", "R", "Integer",
     "Interresidue coordinates used as the location ends for the GA4GH VRS Alleles"),
    ("VRS_States", "R", "String",
     "The literal sequence states used for the GA4GH VRS Alleles; missing of a "
     "ReferenceLengthExpression"),
    ("VRS_Lengths", "R", "Integer",
     "The length values from ReferenceLengthExpression states for the GA4GH VRS Alleles"),
    ("VRS_RepeatSubunitLengths", "R", "Integer",
     "The repeatSubunitLength values from ReferenceLengthExpression states for the GA4GH VRS "
     "Alleles"),
)  # fmt: skip
#: Header line of the contigs' refget accessions: ``chr1:SQ...,chr2:SQ...``.
HEADER = "resistpanel_refget"


def add_accessions(
    header: pysam.VariantHeader, accessions: Sequences, alleles: Iterable[Allele | None]
) -> None:
    """Add the refget accessions of the contigs with alleles to a header."""
    contigs = dict.fromkeys(allele[0] for allele in alleles if allele)
    stated = [f"{name}:{accessions.get(name)}" for name in contigs if accessions.get(name)]
    if stated:
        header.add_line(f"##{HEADER}={','.join(stated)}")


def fields_of(allele: Allele, accessions: Sequences, reference: Reference) -> dict[str, tuple]:
    """Return the INFO fields of a record's REF and ALT; none where the accession is not known."""
    contig, start, ref, alt = allele
    accession = accessions.get(contig)
    if accession is None:
        return {}
    length = reference.contigs[contig]
    found = [
        vrs_allele(accession, start, ref, one, reference.letters, contig, length)
        for one in (ref, alt)
    ]
    return {
        "VRS_Allele_IDs": tuple(one.id for one in found),
        "VRS_Starts": tuple(one.start for one in found),
        "VRS_Ends": tuple(one.end for one in found),
        "VRS_States": tuple(one.literal or "." for one in found),
        "VRS_Lengths": tuple(one.length for one in found),
        "VRS_RepeatSubunitLengths": tuple(one.unit for one in found),
    }
