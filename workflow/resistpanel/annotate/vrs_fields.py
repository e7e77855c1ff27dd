"""INFO fields of GA4GH VRS, named as the VCF annotator of vrs-python (ga4gh.vrs) names them."""

from collections.abc import Mapping

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


def add_accessions(header: pysam.VariantHeader, accessions: Mapping[str, str]) -> None:
    """Add the refget accessions of the contigs with alleles to a header."""
    if accessions:
        stated = ",".join(f"{name}:{accession}" for name, accession in accessions.items())
        header.add_line(f"##{HEADER}={stated}")


def fields_of(allele: Allele, accessions: Sequences, reference: Reference) -> dict[str, tuple]:
    """Return the INFO fields of a record's REF and ALT."""
    contig, start, ref, alt = allele
    found = [
        vrs_allele(
            accessions[contig], start, ref, one, reference.letters, contig,
            reference.contigs[contig],
        )
        for one in (ref, alt)
    ]  # fmt: skip
    return {
        "VRS_Allele_IDs": tuple(one.id for one in found),
        "VRS_Starts": tuple(one.start for one in found),
        "VRS_Ends": tuple(one.end for one in found),
        "VRS_States": tuple(one.literal or "." for one in found),
        "VRS_Lengths": tuple(one.length for one in found),
        "VRS_RepeatSubunitLengths": tuple(one.unit for one in found),
    }
