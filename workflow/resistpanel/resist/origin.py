"""Origin of alleles without a normal: a driver or catalogued allele is never left out for it."""

from dataclasses import replace

from resistpanel.call.call_constants import INHERITED_AF
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.match import find_matches
from resistpanel.resist.resist_constants import UNPROVEN_AF, UNPROVEN_FRAGMENTS


def with_unproven(patient: Patient, context: Context) -> Patient:
    """Return the patient with the drivers and catalogued alleles that may be inherited.

    Without a normal an allele near a half of the fragments is taken for inherited. The caller
    reports those that have a site of their own all the same; those that the catalogue knows by a
    range of residues or by their effect, such as in-frame deletions of an exon, are recognised
    here.
    """
    if not patient.tumor_only:
        return patient
    return replace(
        patient,
        alterations=tuple(
            replace(a, germline=False, reported=True) if _unproven(a, patient, context) else a
            for a in patient.alterations
        ),
    )


def _there(alteration: Alteration, name: str) -> bool:
    """Return whether a sample shows an allele beyond doubt: it is not weak for being few errors."""
    at = alteration.at(name)
    return bool(
        at.detected
        and at.ad is not None
        and at.ad[1] >= UNPROVEN_FRAGMENTS
        and at.af >= UNPROVEN_AF
    )


def _unproven(alteration: Alteration, patient: Patient, context: Context) -> bool:
    """Return whether an allele left out for its origin alone may be the tumour's."""
    if alteration.reported or not set(alteration.filters) <= {"germline", "weak"}:
        return False
    if not any(_there(alteration, sample.name) for sample in patient.tumours):
        return False
    if (alteration.population_af or 0) > INHERITED_AF:
        return False
    if any(
        driver.gene == alteration.gene and driver.matches_change(change)
        for driver in context.drivers
        for change in alteration.changes
        if alteration.truncating or not change.truncating
    ):
        return True
    matches = find_matches(
        alteration,
        context.catalog,
        context.activating,
        patient.drugs,
        context.diseases,
        patient.disease,
    )
    # Of a row of the gene as a whole any inherited substitution would do.
    return any(m.level != "gene" or alteration.truncating for m in matches)
