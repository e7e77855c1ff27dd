"""What is found and concluded for a patient under one line of therapy."""

from dataclasses import dataclass

from resistpanel.catalog.table import Row
from resistpanel.records import resist as records
from resistpanel.resist.alteration import Patient
from resistpanel.resist.assessable import not_assessed
from resistpanel.resist.chance import CodingPanel
from resistpanel.resist.confidence import Judge
from resistpanel.resist.context import Context
from resistpanel.resist.course import convergence
from resistpanel.resist.driver import track
from resistpanel.resist.finding import Finding, find
from resistpanel.resist.negatives import coverage, excluded, near_misses, negative_sites, rows_for
from resistpanel.resist.verdict import keys_of, verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """Findings, driver and verdict under one line of therapy, or in one lesion of it."""

    findings: list[Finding]
    keys: list[Finding]
    judge: Judge
    rows: list[Row]
    driver: records.Driver
    negative: tuple[records.NegativeSite, ...]
    covered: records.Coverage
    converging: records.Convergence | None
    germline: tuple[records.ExcludedVariant, ...]
    missed: tuple[records.NearMiss, ...]
    verdict: records.Verdict


def assess(
    patient: Patient,
    context: Context,
    panel: CodingPanel | None,
    genes: tuple[str, ...],
) -> Answer:
    """Return the answer for a patient, as seen under one line of therapy.

    Parameters
    ----------
    patient : Patient
        See `resistpanel.resist.lines.under`.
    context : Context
    panel : CodingPanel or None
    genes : tuple of str
        Genes whose copy number was examined.
    """
    findings = find(patient, context)
    driver = track(patient, context, findings)
    keys = keys_of(findings)
    rows = rows_for(patient, context)
    negative = negative_sites(patient, rows)
    examined = [gene for gene in genes if patient.examined_copies(gene)]
    covered = coverage(patient, rows, negative, None if panel is None else panel.genes, examined)
    came = [f for f in keys if (f.gained or f.open) and not f.damaged]
    converging = convergence(patient, context.pathway, came)
    germline, missed = excluded(patient, context), near_misses(patient, context)
    judge = Judge(patient, context, findings, panel, genes)
    of_drugs = [row for row, _ in rows.values()]
    return Answer(
        findings=findings,
        keys=keys,
        judge=judge,
        rows=of_drugs,
        driver=driver,
        negative=negative,
        covered=covered,
        converging=converging,
        germline=germline,
        missed=missed,
        verdict=verdict(
            patient, findings, driver, covered, of_drugs, converging, germline, missed,
            not_assessed(patient.drugs, context), judge.confidence(keys[0]) if keys else None,
        ),
    )  # fmt: skip
