"""Several lesions and several time points: where an alteration is, and what converges."""

from collections.abc import Sequence

from resistpanel.catalog.pathway import Pathway
from resistpanel.core.text import join
from resistpanel.records.resist import Convergence, ConvergingVariant, CoursePoint
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.finding import Finding


def course(alteration: Alteration, patient: Patient) -> tuple[CoursePoint, ...]:
    """Return the alteration in every tumour in the order of the sheet (day, lesion, name)."""
    points = []
    for sample in patient.tumours:
        values = alteration.at(sample.name)
        points.append(
            CoursePoint(
                sample=sample.name,
                timepoint=sample.timepoint,
                day=sample.day,
                lesion=sample.lesion,
                detected=values.detected,
                af=values.af,
                af_low=values.af_low,
                af_high=values.af_high,
                ub=values.ub,
            )
        )
    return tuple(points)


def distribution(alteration: Alteration) -> str | None:
    """Return ``truncal``, ``shared`` or ``private`` over the lesions; None: absent, not known."""
    return None if alteration.kind == "absent" else alteration.kind


def convergence(
    patient: Patient, pathway: Pathway, findings: Sequence[Finding]
) -> Convergence | None:
    """Return where several resistance alterations of a patient meet, or None.

    Parameters
    ----------
    patient : Patient
    pathway : Pathway
    findings : sequence of Finding
        Those that may explain the relapse.

    Returns
    -------
    Convergence or None
        `gene` if all are of one gene; else `node`, outputs aside.
    """
    if len(findings) < 2:
        return None
    genes = list(dict.fromkeys(finding.alteration.gene for finding in findings))
    variants = [_where(finding.alteration, patient) for finding in findings]
    node = None if len(genes) == 1 else _meeting(genes, pathway)
    if len(genes) > 1 and node is None:
        return None
    apart = not set.intersection(*(set(variant.samples) for variant in variants))
    names = join(f"{v.label} ({join(v.lesions or v.samples)})" for v in variants)
    where = "in different samples" if apart else "in the same sample"
    meet = f"different mutations of {genes[0]}" if node is None else f"all act through {node}"
    return Convergence(
        text=f"{names} converge {where}: {meet}",
        gene=genes[0] if len(genes) == 1 else None,
        node=node,
        variants=tuple(variants),
    )


def _where(alteration: Alteration, patient: Patient) -> ConvergingVariant:
    after = set(patient.after())
    samples = [s for s in patient.tumours if s.name in after and alteration.detected(s.name)]
    return ConvergingVariant(
        variant=alteration.id,
        label=alteration.label,
        samples=tuple(sample.name for sample in samples),
        lesions=tuple(dict.fromkeys(s.lesion for s in samples if s.lesion)),
    )


def _meeting(genes: Sequence[str], pathway: Pathway) -> str | None:
    """Return the label of the node that all genes lead to by the shortest ways, or None."""
    nodes = [pathway.node_of(gene) for gene in genes]
    if not all(nodes):
        return None
    reached = [pathway.paths(node.id) for node in nodes]
    common = [
        name
        for name in pathway.nodes
        if all(name in paths for paths in reached) and pathway.nodes[name].role != "output"
    ]
    if not common:
        return None
    nearest = min(common, key=lambda name: sum(len(paths[name][0]) for paths in reached))
    return pathway.nodes[nearest].label
