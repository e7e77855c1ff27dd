"""From compare.json to resist.json."""

from dataclasses import replace
from pathlib import Path

from resistpanel.catalog.citations import Citation, unverified
from resistpanel.core.errors import InputError
from resistpanel.records import resist as records
from resistpanel.records.base import UNSET
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.qc import Qc
from resistpanel.records.sheet import Sheet
from resistpanel.resist.alteration import Patient
from resistpanel.resist.answer import Answer, assess
from resistpanel.resist.assessable import not_assessed
from resistpanel.resist.chance import CodingPanel
from resistpanel.resist.confidence import Judge
from resistpanel.resist.context import Context
from resistpanel.resist.course import course, distribution
from resistpanel.resist.evidence_grade import grade
from resistpanel.resist.finding import Finding
from resistpanel.resist.function import with_function
from resistpanel.resist.knowledge import nras
from resistpanel.resist.lines import in_lesion, lesions, under
from resistpanel.resist.match import Match
from resistpanel.resist.negatives import alleles_examined
from resistpanel.resist.origin import with_unproven
from resistpanel.resist.read_patient import read_patient
from resistpanel.resist.reversions import gene_reversions
from resistpanel.resist.sample_quality import failures
from resistpanel.resist.tests_after import uses
from resistpanel.resist.therapy_options import expected_to_fail, options, persisting


def resist(
    compare: Compare,
    sheet: Sheet,
    context: Context,
    copynumber: CopyNumber | None = None,
    knowledge: str | Path | None = None,
    panel: CodingPanel | None = None,
    qc: Qc | None = None,
) -> records.Resist:
    """Return resist.json of a patient.

    Parameters
    ----------
    compare : Compare
    sheet : Sheet
    context : Context
        The catalogue.
    copynumber : CopyNumber, optional
    knowledge : path, optional
        Folder of the knowledge tables; by default the shipped one.
    panel : CodingPanel, optional
        Without it the number of chance matches is not given.
    qc : Qc, optional
        Without it only the gate of copynumber limits the confidence.

    Raises
    ------
    InputError
        If the files are of different patients.
    """
    if compare.patient != sheet.patient:
        raise InputError(
            f"compare is of patient '{compare.patient}', sheet of '{sheet.patient}'",
            "resist",
            "give the files of one patient",
        )
    if qc is not None and qc.patient != sheet.patient:
        raise InputError(
            f"qc is of patient '{qc.patient}', sheet of '{sheet.patient}'",
            "resist",
            "give the files of one patient",
        )
    patient = read_patient(compare, sheet, copynumber, context.catalog.drugs, context.numbering)
    patient = replace(patient, failures=failures(qc, copynumber))
    patient = with_function(with_unproven(patient, context), context)
    genes = _genes(copynumber)
    views = [under(patient, therapy) for therapy in reversed(patient.therapies)] or [patient]
    answers = [assess(view, context, panel, genes) for view in views]
    answer, view = answers[0], views[0]
    known = [finding for finding in answer.keys if finding.effect == "known"]
    topic = nras(patient, context, knowledge)
    # Of a tumour that is not the patient's nothing follows for the treatment.
    valid = known if answer.verdict.swapped is UNSET else []
    still = persisting(view, context, valid, answer.findings) if valid else []
    failing = expected_to_fail(view, context, valid, answer.findings, still)
    return records.Resist(
        schema="resistpanel/resist/1",
        patient=patient.name,
        drugs=patient.sheet_drugs,
        verdict=answer.verdict,
        driver=answer.driver,
        findings=tuple(
            _finding(f, rank, patient, context.citations, answer.judge)
            for rank, f in enumerate(answer.findings, 1)
        ),
        convergence=answer.converging,
        expected_to_fail=failing,
        options=options(view, context, valid, answer.findings, failing),
        negative_sites=answer.negative,
        coverage=answer.covered,
        not_assessed=not_assessed(view.drugs, context),
        near_misses=answer.missed,
        excluded=answer.germline,
        pathway=_pathway(view, context, answer.findings),
        knowledge=records.Knowledge(topics=(topic,) if topic else ()),
        reversions=gene_reversions(patient, context) or UNSET,
        other_tests=uses(view, answer.rows, [f.alteration for f in answer.findings]),
        lines=tuple(
            _line(one, of, context, panel, genes)
            for one, of in zip(views, answers, strict=True)
            if one.therapy
        ),
    )


def _line(
    patient: Patient,
    answer: Answer,
    context: Context,
    panel: CodingPanel | None,
    genes: tuple[str, ...],
) -> records.LineVerdict:
    """Return the verdict of a line of therapy, and those of its lesions where it has several."""
    return records.LineVerdict(
        line=patient.therapy.number,
        drugs=tuple(drug.name for drug in patient.therapy.drugs),
        baseline=patient.therapy.baseline,
        samples=patient.therapy.samples,
        verdict=answer.verdict,
        driver=answer.driver,
        lesions=tuple(
            records.LesionVerdict(
                lesion=lesion,
                samples=names,
                verdict=assess(in_lesion(patient, lesion), context, panel, genes).verdict,
                examined=alleles_examined(answer.negative, patient, names),
            )
            for lesion, names in lesions(patient).items()
        ),
        examined=alleles_examined(answer.negative, patient, patient.therapy.samples),
    )


def _genes(copynumber: CopyNumber | None) -> tuple[str, ...]:
    """Return the genes whose copy number was examined."""
    if copynumber is None:
        return ()
    names = (
        gene.gene
        for one in copynumber.samples.values()
        for gene in one.genes
        if gene.call is not None
    )
    return tuple(dict.fromkeys(names))


def _finding(
    finding: Finding, rank: int, patient: Patient, citations: dict[str, Citation], judge: Judge
) -> records.Finding:
    alteration, mechanism, kept = finding.alteration, finding.mechanism, finding.kept
    direction = None
    if kept:
        rows = [match.row.direction for match in kept]
        direction = "resistance" if "resistance" in rows else rows[0]
    elif finding.driver:
        direction = "sensitivity"
    counts = finding.effect in {"known", "candidate"}
    return records.Finding(
        rank=rank,
        variant=alteration.id,
        gene=alteration.gene,
        protein=alteration.protein or None,
        label=alteration.label,
        state=alteration.state,
        before=alteration.before,
        status=alteration.status,
        trajectory=alteration.trajectory,
        mechanism_class=mechanism.kind if mechanism and counts else "none",
        mechanism_text=mechanism.text if mechanism and counts else None,
        mechanisms=tuple(
            records.Mechanism(drug=m.drug.name, mechanism_class=m.kind, text=m.text)
            for m in (finding.mechanisms if counts else ())
        ),
        match_level=kept[0].level if kept else None,
        drug_match=kept[0].drug_match if kept else None,
        direction=direction,
        effect=finding.effect,
        driver=finding.driver is not None,
        distribution=distribution(alteration),
        course=course(alteration, patient),
        pro=tuple(finding.pro),
        contra=tuple(finding.contra),
        evidence=tuple(_evidence(m, citations) for m in finding.matches if m.drug),
        other_evidence=tuple(_evidence(m, citations) for m in finding.matches if not m.drug),
        grade=grade(finding),
        confidence=judge.confidence(finding) if counts else None,
        damaged=finding.damaged or UNSET,
    )


def _evidence(match: Match, citations: dict[str, Citation]) -> records.Evidence:
    row = match.row
    unchecked = unverified(row.pmid, citations)
    notes = [row.note] if row.note else []
    if unchecked:
        notes.append(f"citation not looked up in PubMed: {', '.join(unchecked)}")
    return records.Evidence(
        id=row.id,
        drugs=tuple(row.drugs or row.drug_class),
        disease="; ".join(row.disease) or None,
        evidence_level=row.evidence_level,
        effect_size=row.effect_size or None,
        source=row.source,
        pmid=";".join(row.pmid) or None,
        note="; ".join(notes) or None,
        direction=row.direction,
        mechanism_class=row.mechanism_class,
        match_level=match.level,
        drug_match=match.drug_match,
        disease_match=match.disease,
    )


def _pathway(patient: Patient, context: Context, findings: list[Finding]) -> records.Pathway:
    """Return the part of the graph that holds the drugs' targets, with what is altered."""
    targets = [
        node.id
        for drug in patient.drugs
        for target in drug.targets
        if (node := context.pathway.node_of(target))
    ]
    targets = list(dict.fromkeys(targets))
    part = context.pathway.around(targets)
    altered: dict[str, list[str]] = {}
    for finding in findings:
        node = part.node_of(finding.alteration.gene)
        if node and not finding.alteration.synonymous:
            altered.setdefault(node.id, []).append(finding.alteration.id)
    return records.Pathway(
        nodes=tuple(
            records.Node(
                id=node.id,
                label=node.label,
                role=node.role,
                genes=tuple(node.genes),
                altered=tuple(altered.get(node.id, ())),
            )
            for node in part.nodes.values()
        ),
        edges=tuple(
            records.Edge(source=source, target=target, sign=sign)
            for source, target, sign in part.edges
        ),
        drug_targets=tuple(targets),
    )
