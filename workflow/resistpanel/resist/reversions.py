"""Reversions by gene: the truncating alleles, what reverts them, and to which limit none does."""

from resistpanel.core.text import counted, join, percent, percent_up
from resistpanel.records import resist as records
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.function import is_inherited, phase, truncates_alone


def gene_reversions(patient: Patient, context: Context) -> tuple[records.GeneReversions, ...]:
    """Return the reversions of the genes that the catalogue lists any of."""
    flagged = sorted({row.gene for row in context.catalog if row.alteration_type == "reversion"})
    found = (_of_gene(gene, patient) for gene in flagged)
    return tuple(one for one in found if one)


def _of_gene(gene: str, patient: Patient) -> records.GeneReversions | None:
    mine = [a for a in patient.alterations if a.gene == gene and not a.copy_number]
    reverting = [a for a in mine if a.restores and a.reported and not a.germline]
    broken = [a for a in mine if _is_broken(a) and a not in reverting]
    if not broken:
        return None
    found = tuple(_found(a, broken, patient) for a in reverting)
    limits = tuple(
        records.ReversionLimit(
            sample=sample.name,
            lod=_lod(broken, sample.name),
            reversions=sum(sample.name in one.samples for one in found),
        )
        for sample in patient.tumours
    )
    return records.GeneReversions(
        gene=gene,
        alleles=tuple(
            records.TruncatingAllele(variant=a.id, label=_label(a), inherited=a.germline)
            for a in broken
        ),
        found=found,
        distinct=len(found),
        limits=limits,
        text=_text(broken, found, limits, patient),
    )


def _is_broken(alteration: Alteration) -> bool:
    """Whether an alteration is a truncating allele: inherited and rare, or called in a tumour."""
    truncates = truncates_alone(alteration) or alteration.truncating
    there = is_inherited(alteration) if alteration.germline else alteration.reported
    return truncates and there


def _label(alteration: Alteration) -> str:
    if alteration.haplotype:
        return f"{alteration.gene} {alteration.haplotype.alone}"
    return alteration.label


def _found(
    alteration: Alteration, broken: list[Alteration], patient: Patient
) -> records.FoundReversion:
    entries = {entry.other: entry for entry in alteration.reverts}
    of = next((a for a in broken if a.id in entries), None)
    of = of or next((a for a in broken if _label(a) == alteration.restores), broken[0])
    entry = entries.get(of.id)
    cis = next((one for one in alteration.phase if one.other == of.id), None)
    shown = phase(cis) if cis else "unknown"
    return records.FoundReversion(
        variant=alteration.id,
        label=alteration.label,
        of=of.id,
        kind=entry.kind if entry else None,
        together=entry.together if entry else None,
        phase="instead" if entry and entry.instead else shown,
        fragments=cis.cis if cis else 0,
        state=alteration.state if alteration.state != "absent" else None,
        before=alteration.before,
        samples=tuple(s.name for s in patient.tumours if alteration.detected(s.name)),
    )


def _lod(broken: list[Alteration], sample: str) -> float | None:
    """Return the limit of a new allele at the truncating ones, the highest."""
    limits = []
    for alteration in broken:
        values = alteration.at(sample)
        limits.append(values.lod_of_another or values.lod)
    return None if None in limits else max(limits)


def _text(
    broken: list[Alteration],
    found: tuple[records.FoundReversion, ...],
    limits: tuple[records.ReversionLimit, ...],
    patient: Patient,
) -> str:
    """Return the same in one or more sentences."""
    alleles = join([f"{_label(a)} ({'inherited' if a.germline else 'somatic'})" for a in broken])
    parts = []
    if found:
        number = "1 reversion" if len(found) == 1 else f"{len(found)} distinct reversions"
        parts.append(f"{alleles}: {number}: {'; '.join(_one(f, patient) for f in found)}")
    without = [one for one in limits if not one.reversions]
    known = [
        f"{percent_up(one.lod)} of the {patient.unit([one.sample])} in {one.sample}"
        for one in without
        if one.lod is not None
    ]
    if known:
        lead = "no reversion" if found else f"{alleles}: no reversion"
        parts.append(f"{lead} above {join(known)}")
    unknown = [one.sample for one in without if one.lod is None]
    if unknown:
        lead = "" if found or known else f"{alleles}: "
        parts.append(f"{lead}a reversion could not be excluded in {join(unknown)}")
    parts.append("a return of the reference base itself is not distinguished from normal cells")
    return "; ".join(parts)


def _one(found: records.FoundReversion, patient: Patient) -> str:
    """Return a reversion with its state, its samples and its phase."""
    alteration = next(a for a in patient.alterations if a.id == found.variant)
    how = {
        "cis": f"in cis, {counted(found.fragments, 'fragment')} "
        f"{'has' if found.fragments == 1 else 'have'} both",
        "instead": "in the place of the truncating allele",
    }.get(found.phase, "not known whether in cis")
    where = join([f"{percent(alteration.af(name))} in {name}" for name in found.samples])
    state = f"{found.state}, " if found.state else ""
    return f"{found.label} ({state}{where}; {how})"
