"""Several lesions and several time points: where an alteration is, and what converges."""

from collections.abc import Sequence

from resistpanel.catalog.pathway import Pathway
from resistpanel.core.text import join
from resistpanel.records.resist import Convergence, ConvergingVariant, CoursePoint
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.finding import Finding
from resistpanel.resist.resist_constants import CONVERGENCE


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
        `gene` if all are of one gene; else `node`, one of `CONVERGENCE`.
    """
    findings = _lineages(findings)
    if len(findings) < 2:
        return None
    genes = list(dict.fromkeys(finding.alteration.gene for finding in findings))
    variants = [_where(finding.alteration, patient) for finding in findings]
    node = None if len(genes) == 1 else _meeting([f.alteration for f in findings], pathway)
    if len(genes) > 1 and node is None:
        return None
    apart = not set.intersection(*(set(variant.samples) for variant in variants))
    names = join(f"{v.label} ({join(v.lesions or v.samples)})" for v in variants)
    where = "in different samples" if apart else "in the same sample"
    every = "both" if len(variants) == 2 else "all"
    meet = f"different mutations of {genes[0]}" if node is None else f"{every} act through {node}"
    return Convergence(
        text=f"{names} converge {where}: {meet}",
        gene=genes[0] if len(genes) == 1 else None,
        node=node,
        variants=tuple(variants),
    )


def _lineages(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings without those that arose on the molecules of another one.

    T315M on molecules with T315I is a further step of one clone, which converges with nothing.
    """
    kept: list[Finding] = []
    for finding in findings:
        if not any(_nested(finding.alteration, other.alteration) for other in kept):
            kept.append(finding)
    return kept


def _nested(one: Alteration, two: Alteration) -> bool:
    """Return whether one of two alleles is read with the other, or has all of its substitutions."""
    for a, b in ((one, two), (two, one)):
        if a.haplotype and b.id in a.haplotype.others:
            return True
        if (bases := _substituted(b)) and bases < _substituted(a):
            return True
    return False


def _substituted(alteration: Alteration) -> set[tuple[str, int, str]]:
    """Return contig, position and new base of every base that a substitution changes."""
    if alteration.copy_number or alteration.junction:
        return set()
    contig, pos, ref, alt = alteration.id.rsplit(":", 3)
    if len(ref) != len(alt):
        return set()
    return {
        (contig, int(pos) + k, new)
        for k, (old, new) in enumerate(zip(ref, alt, strict=True))
        if old != new
    }


def _where(alteration: Alteration, patient: Patient) -> ConvergingVariant:
    after = set(patient.after())
    samples = [s for s in patient.tumours if s.name in after and alteration.detected(s.name)]
    return ConvergingVariant(
        variant=alteration.id,
        label=alteration.label,
        samples=tuple(sample.name for sample in samples),
        lesions=tuple(dict.fromkeys(s.lesion for s in samples if s.lesion)),
    )


def _meeting(alterations: Sequence[Alteration], pathway: Pathway) -> str | None:
    """Return the label of the curated node that all alterations activate, or None.

    The nearest of `CONVERGENCE`. The way to it runs through nodes of that list alone, so that a
    neighbour that genes happen to share does not count, and every alteration must raise its
    activity: by gain of an activator or loss of an inhibitor.
    """
    reached = [_activated(alteration, pathway) for alteration in alterations]
    common = [name for name in CONVERGENCE if all(name in one for one in reached)]
    if not common:
        return None
    nearest = min(common, key=lambda name: sum(one[name] for one in reached))
    return pathway.nodes[nearest].label


def _activated(alteration: Alteration, pathway: Pathway) -> dict[str, int]:
    """Return the curated nodes that an alteration activates, with the number of steps."""
    node = pathway.node_of(alteration.gene)
    if node is None:
        return {}
    lost = -1 if alteration.inactivates else 1
    found = {}
    for name in CONVERGENCE:
        path, sign = pathway.way(node.id, name, CONVERGENCE)
        if path and sign * lost > 0:
            found[name] = len(path)
    return found
