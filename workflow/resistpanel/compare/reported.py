"""What the origins of alleles decide where there is no normal: which are reported, and as what."""

import dataclasses
import math

from resistpanel.compare.compare_constants import LEAST_REAL
from resistpanel.compare.read_calls import Record
from resistpanel.core.vocabulary import PROVISIONAL
from resistpanel.records import compare as records
from resistpanel.records import copynumber

PASS = ("PASS",)


def origin_of_junction(record: Record) -> copynumber.AlleleOrigin | None:
    """Return the origin of a junction of a patient without a normal, None of another allele.

    A junction changes the copies of its own segment, so that they do not tell its origin
    (`resistpanel.copynumber.origin`). Somatic is what the caller passes; of any other it is not
    determined, with the probability that the caller's odds give it.
    """
    fields = record.fields
    if "junction" not in fields:
        return None
    phred, real = fields["somatic_phred"], fields["real"]
    if phred is None or not real:
        return None
    somatic = min(-math.expm1(-phred / 10 * math.log(10)) / real, 1.0)
    value = "somatic" if fields["reported"] else "not determined"
    return copynumber.AlleleOrigin(id=fields["id"], value=value, somatic=float(f"{somatic:.4g}"))


def with_origin(record: Record, origin: copynumber.AlleleOrigin | None) -> Record:
    """Return a record with its origin, reported as that decides.

    Call's filters are provisional without a normal: it does not know the copies. A germline allele
    is not reported, unless the catalogue asks for it; one that is somatic, or of which the origin
    is not determined, is, if it exists and no filter but those of the origin applies.
    """
    if origin is None:
        return record
    fields = record.fields | {"origin": records.Origin(value=origin.value, somatic=origin.somatic)}
    if origin.value == "germline":
        if not (fields["sites"] and fields["reported"]):
            filters = ("germline",) if fields["reported"] else fields["filters"]
            fields |= {"model": "germline", "reported": False, "filters": filters}
    elif not fields["reported"]:
        real = fields["real"]
        if set(fields["filters"]) <= PROVISIONAL and real is not None and real >= LEAST_REAL:
            fields |= {"model": "somatic", "reported": True, "filters": PASS}
    return dataclasses.replace(record, fields=fields)
