"""Origin of alleles without a normal: a driver or catalogued allele is never left out for it."""

from dataclasses import replace

from resistpanel.call.call_constants import INHERITED_AF
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.match import find_matches


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


def _unproven(alteration: Alteration, patient: Patient, context: Context) -> bool:
    """Return whether an allele called inherited is one that may be the tumour's."""
    if not alteration.germline or set(alteration.filters) != {"germline"}:
        return False
    if (alteration.population_af or 0) > INHERITED_AF:
        return False
    if any(
        driver.gene == alteration.gene and driver.matches_change(change)
        for driver in context.drivers
        for change in alteration.changes
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
