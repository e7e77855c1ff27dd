"""What an alteration is together with others: second hits, reversions, compound mutations."""

import re
from collections.abc import Sequence
from dataclasses import replace

from resistpanel.call.call_constants import INHERITED_AF
from resistpanel.catalog.protein import ProteinChange
from resistpanel.core.core_constants import PHASE_FRAGMENTS
from resistpanel.core.phase import phase_of
from resistpanel.core.text import join
from resistpanel.records.compare import Phase
from resistpanel.resist.alteration import Alteration, Partner, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.resist_constants import REVERSION_SPAN

#: HGVS p. name of a truncation: a frameshift, or a stop in the place of a residue.
_TRUNCATED = re.compile(r"fs|Ter$|\*$")


def with_function(patient: Patient, context: Context) -> Patient:
    """Return the patient with known losses of function, reversions and partners marked."""
    marked = [
        replace(a, inactivating=_known_loss(a, context), gains=_known_gain(a, context))
        for a in patient.alterations
    ]
    # Of its gene alone: an exome has tens of thousands.
    of_gene: dict[str | None, list[Alteration]] = {}
    for one in marked:
        of_gene.setdefault(one.gene, []).append(one)
    return replace(
        patient,
        alterations=tuple(
            replace(
                a,
                restores=_reverted(a, of_gene[a.gene]),
                partners=_partners(a, of_gene[a.gene], patient),
            )
            for a in marked
        ),
    )


def _partners(
    alteration: Alteration, others: Sequence[Alteration], patient: Patient
) -> tuple[Partner, ...]:
    """Return the other mutations of the gene that a tumour has with it, but for those in trans."""
    if alteration.copy_number or not alteration.reported:
        return ()
    shows = [s.name for s in patient.tumours if alteration.detected(s.name)]
    phases = {entry.other: phase(entry) for entry in alteration.phase}
    # Also where a single fragment with one alone leaves it open whether all molecules have both.
    both = {
        entry.other
        for entry in alteration.phase
        if phase(entry) in ("cis", "cis and trans") or entry.cis >= PHASE_FRAGMENTS
    }
    return tuple(
        Partner(other.label, other.changes, other.id in both)
        for other in others
        if other.gene == alteration.gene
        and other.id != alteration.id
        and other.reported
        and other.changes
        and phases.get(other.id) != "trans"
        and any(other.detected(name) for name in shows)
    )


def _known_loss(alteration: Alteration, context: Context) -> str:
    """Return the source by which a protein change is known to inactivate its gene, or nothing."""
    for known in context.inactivating:
        if known.gene == alteration.gene and any(map(known.matches_change, alteration.changes)):
            return known.source
    return ""


def _known_gain(alteration: Alteration, context: Context) -> str:
    """Return the source by which a truncation is known to activate its gene, or nothing."""
    for known in context.activating:
        if (
            known.gene == alteration.gene
            and known.alteration_type == "truncation"
            and any(map(known.matches_change, alteration.changes))
        ):
            return known.source
    return ""


def _reverted(alteration: Alteration, others: Sequence[Alteration]) -> str:
    """Return the truncating allele of the gene that an alteration reverts; empty if none.

    The allele is inherited, or was in the tumour before the alteration came. `annotate` decides by
    translation; of names alone (without a c. name) only the nearest cases can be told.
    """
    if alteration.germline or alteration.copy_number:
        return ""
    entries = {entry.other: entry for entry in alteration.reverts}
    in_trans = {entry.other for entry in alteration.phase if phase(entry) == "trans"}
    for other in others:
        if other.gene != alteration.gene or other.id == alteration.id:
            continue
        if any(change.truncating for change in other.changes) and not other.truncating:
            continue
        entry = entries.get(other.id)
        if entry and not entry.instead and other.id in in_trans:
            continue
        if entry and _was_there(alteration, other):
            return f"{other.gene} {other.haplotype.alone}" if other.haplotype else other.label
        if not alteration.by_sequence and other.id not in in_trans and _by_name(alteration, other):
            return f"{other.gene} {other.haplotype.alone}" if other.haplotype else other.label
    return ""


def _was_there(alteration: Alteration, other: Alteration) -> bool:
    """Whether the truncating allele `other` was there before the alteration.

    It is inherited, or an earlier sample shows it, or the fragments of the alteration have it while
    its fragments lack the alteration.
    """
    if is_inherited(other):
        return True
    if not other.reported:
        return False
    if _came(alteration) and not _came(other):
        return True
    mine = {entry.other: phase(entry) for entry in alteration.phase}
    its = {entry.other: phase(entry) for entry in other.phase}
    return mine.get(other.id) == "cis" and its.get(alteration.id) in ("trans", "cis and trans")


def _by_name(alteration: Alteration, other: Alteration) -> bool:
    """Whether the protein changes alone show an alteration to revert `other`."""
    if _joined(alteration, other):
        return True
    broken = [change for change in other.changes if change.truncating]
    return bool(
        broken and _was_there(alteration, other) and _restores(alteration, other, broken[0])
    )


def _joined(alteration: Alteration, other: Alteration) -> bool:
    """Whether the two are read as one change of the protein, which is no truncation any more."""
    if alteration.haplotype is None or other.id not in alteration.haplotype.others:
        return False
    return truncates_alone(other) and not any(c.truncating for c in alteration.changes)


def truncates_alone(alteration: Alteration) -> bool:
    """Whether an allele that is read with others of its molecules would truncate without them."""
    return bool(alteration.haplotype and _TRUNCATED.search(alteration.haplotype.alone))


def _came(alteration: Alteration) -> bool:
    """Whether a line of therapy brought an alteration."""
    return any(
        line.state in ("acquired", "emergent") and line.before != "present"
        for line in alteration.lines
    )


def _restores(alteration: Alteration, other: Alteration, broken: ProteinChange) -> bool:
    """Whether an alteration restores the reading frame that `other` shifts or stops.

    A second indel near it that makes up for the shift, a deletion in frame of the residue, or
    another codon in the place of the premature stop.
    """
    for change in alteration.changes:
        spans = change.start <= broken.start <= change.end
        if change.inframe and spans and change.kind in {"deletion", "delins"}:
            return True
        if broken.kind == "nonsense" and spans and change.kind in {"substitution", "stop_lost"}:
            return True
    if broken.kind != "frameshift" or not alteration.length_change % 3:
        return False
    near = any(abs(change.start - broken.start) <= REVERSION_SPAN for change in alteration.changes)
    return near and (alteration.length_change + other.length_change) % 3 == 0


def is_inherited(alteration: Alteration) -> bool:
    """Whether an alteration is inherited and too rare to be a polymorphism."""
    return alteration.germline and (alteration.population_af or 0) <= INHERITED_AF


def one_copy_left(alteration: Alteration, patient: Patient) -> str:
    """Return why a gene may have kept a copy that functions; empty if both are lost.

    Both are lost by a deletion of all copies, by a loss of heterozygosity, or by a second
    inactivating alteration that is not known to be on the same copy.
    """
    if alteration.copy_number == "deletion":
        return ""
    shows = [s.name for s in patient.tumours if alteration.detected(s.name)]
    if any((name, alteration.gene) in patient.lost_copies for name in shows):
        return ""
    in_cis = {entry.other for entry in alteration.phase if phase(entry) == "cis"}
    for other in patient.alterations:
        if other.gene != alteration.gene or other.id in (alteration.id, *in_cis):
            continue
        counts = other.reported or is_inherited(other)
        if counts and other.inactivates and any(other.detected(name) for name in shows):
            return ""
    looked = "" if patient.copy_number_examined else " (copy number was not examined)"
    return (
        f"a copy of {alteration.gene} may be left: neither a second inactivating alteration nor a "
        f"loss of heterozygosity was found in {join(shows)}{looked}"
    )


def phase(entry: Phase) -> str:
    """Return what `phase_of` does of a phase entry."""
    return phase_of(entry.cis, entry.trans)
