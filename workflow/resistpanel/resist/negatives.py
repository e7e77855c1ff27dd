"""What was looked for and not found, to which limit, and what could not be seen."""

import statistics
from collections.abc import Collection, Iterable, Sequence

from resistpanel.catalog.drugs import Drug
from resistpanel.catalog.table import Row
from resistpanel.core.text import join, percent_up, plural
from resistpanel.records.base import UNSET
from resistpanel.records.resist import (
    AllelesExamined,
    CopiesExamined,
    Coverage,
    ExcludedVariant,
    NearMiss,
    NegativeSite,
    NotInDna,
)
from resistpanel.resist.alteration import Alteration, Patient
from resistpanel.resist.context import Context
from resistpanel.resist.function import is_inherited, one_copy_left
from resistpanel.resist.match import find_matches
from resistpanel.resist.mechanism import acts_through


def rows_for(patient: Patient, context: Context) -> dict[str, tuple[Row, list[str]]]:
    """Return the rows that say resistance to a drug given, by id, with those drugs' names."""
    found = {}
    for row in context.catalog:
        names = [drug.name for drug in patient.drugs if row.drug_match(drug)]
        if names and row.direction == "resistance":
            found[row.id] = (row, names)
    return found


def negative_sites(
    patient: Patient, rows: dict[str, tuple[Row, list[str]]]
) -> tuple[NegativeSite, ...]:
    """Return, for every tumour, the catalogue's alleles that were not detected there."""
    found = []
    for alteration in patient.alterations:
        ids = [identifier for identifier in alteration.sites if identifier in rows]
        if not ids or alteration.germline:
            continue
        names = sorted({name for identifier in ids for name in rows[identifier][1]})
        chrom, pos = alteration.id.split(":")[:2]
        for sample in patient.tumours:
            values = alteration.at(sample.name)
            if values.detected:
                continue
            found.append(
                NegativeSite(
                    site=alteration.id,
                    ids=tuple(ids),
                    gene=alteration.gene,
                    protein=alteration.protein or None,
                    drugs=tuple(names),
                    pos=f"{chrom}:{pos}",
                    sample=sample.name,
                    dp=values.dp,
                    ub=values.ub,
                    lod=values.lod,
                    assessable=values.detected is False
                    and values.ub is not None
                    and sample.name not in patient.foreign,
                )
            )
    return tuple(found)


def alleles_examined(
    negative: Sequence[NegativeSite], patient: Patient, samples: Collection[str]
) -> AllelesExamined:
    """Return how many catalogued alleles were examined in samples, none of which shows them.

    Parameters
    ----------
    negative : sequence of NegativeSite
        For the drugs of the line.
    patient : Patient
    samples : collection of str
        Of the line, or of a lesion of it.
    """
    found = {one.id for one in patient.alterations if any(map(one.detected, samples))}
    sites = [s for s in negative if s.sample in samples and s.site not in found]
    blind = {s.site for s in sites if not s.assessable}
    return AllelesExamined(
        alleles=len({s.site for s in sites} - blind),
        not_assessable=len(blind),
        worst_ub=max((s.ub for s in sites if s.assessable), default=None),
    )


def coverage(
    patient: Patient,
    rows: dict[str, tuple[Row, list[str]]],
    negative: Sequence[NegativeSite],
    examined: Collection[str] | None = None,
    genes: Collection[str] = (),
) -> Coverage:
    """Return how much of the catalogue could be examined after treatment.

    `examined` are the genes of the panel, None where the panel is not known; `genes` those whose
    copy number was examined.

    Notes
    -----
    `rows` are those for the drugs given; `without_site` are ids of substitution rows that no
    examined allele stands for.
    """
    after = set(patient.after())
    mine = [site for site in negative if site.sample in after]
    bounds = [site.ub for site in mine if site.assessable]
    seen = {identifier for alteration in patient.alterations for identifier in alteration.sites}
    listed = [row for row, _ in rows.values()]
    return Coverage(
        rows=len(listed),
        sites=len({site.site for site in mine if site.assessable}),
        not_assessable=len({site.site for site in mine if not site.assessable}),
        median_ub=statistics.median(bounds) if bounds else None,
        worst_ub=max(bounds, default=None),
        without_site=tuple(
            sorted(
                row.id
                for row in listed
                if row.id not in seen
                and (row.codon or row.parts or (row.change and not row.change.inframe))
            )
        ),
        copy_number=patient.copy_number_examined,
        not_in_dna=tuple(
            NotInDna(id=row.id, gene=row.gene, alteration=row.alteration, note=row.note)
            for row in listed
            if not row.visible_in_dna
        ),
        genes_off_panel=UNSET
        if examined is None
        else tuple(sorted(genes_for(listed, patient.drugs) - set(examined))),
        copies=_copies_of(listed, genes) or UNSET,
    )


#: Call of copy number by the type of a catalogue row.
_CALLS = {"amplification": "amplification", "deletion": "deletion", "loss_of_function": "deletion"}


def _copies_of(rows: Iterable[Row], genes: Collection[str]) -> tuple[CopiesExamined, ...]:
    """Return the genes whose copy number the catalogue lists and that were examined."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        call = _CALLS.get(row.alteration_type)
        if call and row.gene in genes and row.visible_in_dna:
            found.setdefault((row.gene, call), []).append(row.id)
    return tuple(
        CopiesExamined(gene=gene, call=call, ids=tuple(sorted(ids)))
        for (gene, call), ids in sorted(found.items())
    )


def genes_for(rows: Iterable[Row], drugs: Iterable[Drug]) -> set[str]:
    """Return the genes in which resistance to drugs may be seen, `rows` being those of the drugs.

    Those of the rows, and the targets through which a drug kills: the loss of TACSTD2, or a
    mutation of TOP1, resists sacituzumab govitecan without a row.
    """
    through = {target for drug in drugs if acts_through(drug) for target in drug.targets}
    return through | {row.gene for row in rows if row.visible_in_dna}


def coverage_text(patient: Patient, covered: Coverage, rows: Iterable[Row]) -> str:
    """Return in one or more sentences what was examined to which limit, and what could not."""
    parts, unit, rows = [], patient.unit(patient.after()), list(rows)
    if not covered.rows:
        return f"the catalogue lists no alteration that confers resistance to {_names(patient)}"
    if covered.sites == 1:
        parts.append(
            "catalogued alleles examined after treatment and not found: 1, at most "
            f"{percent_up(covered.worst_ub)} of the {unit}{_of_cells(patient, rows)}"
        )
    elif covered.sites:
        worst, median = percent_up(covered.worst_ub), percent_up(covered.median_ub)
        half = "" if median == worst else f" (half of them at most {median})"
        parts.append(
            f"catalogued alleles examined after treatment and not found: {covered.sites}, each "
            f"at most {worst} of the {unit}{half}{_of_cells(patient, rows)}"
        )
    elif covered.without_site or covered.not_assessable:
        parts.append("no catalogued allele could be examined")
    else:
        parts.append(
            "the catalogue lists no single allele that confers resistance to "
            f"{_names(patient)}, only alterations of whole genes"
        )
    if covered.not_assessable:
        parts.append(f"not assessable: {covered.not_assessable}")
    if covered.without_site:
        parts.append(
            "catalogue rows outside the targets or on unknown sequence: "
            f"{len(covered.without_site)}"
        )
    if covered.genes_off_panel:
        parts.append(f"not on the panel: {join(covered.genes_off_panel)}")
    amplifications = sorted({r.gene for r in rows if r.alteration_type in {"amplification"}})
    called = {a.gene for a in patient.alterations if a.copy_number == "amplification"}
    looked = [] if covered.copies is UNSET else covered.copies
    unchanged = [x.gene for x in looked if x.call == "amplification" and x.gene not in called]
    if unchanged:
        parts.append(f"no amplification of {join(unchanged, 'or')} was called")
    blind = [gene for gene in amplifications if not patient.examined_copies(gene)]
    blind = [gene for gene in blind if gene not in (covered.genes_off_panel or ())]
    if blind and covered.copy_number and patient.unknown_copies:
        text = f"amplification of {join(blind, 'or')} could not be examined: no usable target"
        parts.append(text)
    if amplifications and not covered.copy_number:
        parts.append(f"amplification ({join(amplifications)}) was not examined against a normal")
    if covered.not_in_dna:
        # A gene that is off the panel was named above: nothing of it is excluded.
        off = set(covered.genes_off_panel or ())
        genes = sorted({row.gene for row in covered.not_in_dna} - off)
        if genes:
            parts.append(
                f"changes that DNA of coding exons does not reveal ({join(genes)}) cannot be "
                "excluded"
            )
    return "; ".join(parts)


def _of_cells(patient: Patient, rows: Iterable[Row]) -> str:
    """Return the bound of catalogued alleles in tumour cells, after a comma; empty if not known.

    At a low purity it is much higher than that of the fragments.
    """
    ids = {row.id for row in rows}
    cells = [
        at.ub_ccf
        for alteration in patient.alterations
        if ids & set(alteration.sites)
        for name in patient.after()
        if (at := alteration.at(name)).detected is False and at.ub is not None
        if name not in patient.foreign
    ]
    if not cells or None in cells or max(cells) >= 1:
        return ""
    return f", at most {percent_up(max(cells))} of the tumour cells"


def _names(patient: Patient) -> str:
    return join((drug.name for drug in patient.drugs), "or")


def classes_text(patient: Patient) -> str:
    """Return the drugs given, each of one class with it, for a sentence.

    A drug of several classes is given without: imatinib is no ABL inhibitor in a GIST.
    """
    return join(
        f"{drug.name} ({plural(drug.classes[0])})" if len(drug.classes) == 1 else drug.name
        for drug in patient.drugs
    )


def near_misses(patient: Patient, context: Context) -> tuple[NearMiss, ...]:
    """Return catalogued alterations that fail a filter, with the filters' names."""
    found = []
    for alteration in patient.alterations:
        if alteration.reported or alteration.germline or alteration.filters == ("absent",):
            continue
        ids = [row.id for row in _resisting(alteration, patient, context)]
        support = [s.name for s in patient.tumours if alteration.at(s.name).ad[1] > 0]
        if ids and support:
            found.append(
                NearMiss(
                    variant=alteration.id,
                    gene=alteration.gene,
                    protein=alteration.protein or None,
                    filters=alteration.filters,
                    samples=tuple(support),
                    evidence=tuple(ids),
                )
            )
    return tuple(found)


def filtered(patient: Patient, missed: Sequence[NearMiss]) -> list[str]:
    """Return which catalogued alleles the fragments of a later sample show, but a filter removes.

    They are not found, and not excluded either.
    """
    known, texts = {a.id: a for a in patient.alterations}, []
    for one in missed:
        alteration = known[one.variant]
        shown = [
            f"{at.ad[1]} of {at.dp} {at.unit or 'fragments'} of {name}"
            for name in patient.after()
            if (at := alteration.at(name)).detected
        ]
        if shown:
            filters = f"the filter{'s' * (len(one.filters) > 1)} {join(one.filters)}"
            texts.append(
                f"{alteration.label} is not excluded: {join(shown)} show it, but it fails {filters}"
            )
    return texts


def excluded(patient: Patient, context: Context) -> tuple[ExcludedVariant, ...]:
    """Return germline variants that the catalogue knows, which are not findings.

    One that is rare among people may be why a tumour did not respond (EGFR T790M): it is inherited
    resistance, which the verdict names. Of one that inactivates a gene it is said if a copy of the
    gene may be left.
    """
    found = []
    for alteration in patient.alterations:
        if not alteration.germline or not (rows := _resisting(alteration, patient, context)):
            continue
        drugs = tuple(d.name for d in patient.drugs if any(row.drug_match(d) for row in rows))
        ids = tuple(row.id for row in rows)
        inherited = is_inherited(alteration)
        reason = f"{alteration.label} is germline: it is in the normal cells too, and was present "
        reason += "before treatment"
        if inherited:
            reason += f"; it is reported to confer resistance to {join(drugs)} or a drug of the "
            reason += f"class ({join(ids)}), and may cause resistance from the start, but does not "
            reason += "explain a relapse after a response"
            left = one_copy_left(alteration, patient) if alteration.inactivates else ""
            reason += f"; {left}" if left else ""
        found.append(
            ExcludedVariant(
                variant=alteration.id,
                gene=alteration.gene,
                protein=alteration.protein or None,
                reason=reason,
                inherited_resistance=inherited,
                drugs=drugs,
                evidence=ids,
            )
        )
    return tuple(found)


def _resisting(alteration: Alteration, patient: Patient, context: Context) -> list[Row]:
    """Return the rows that list an alteration as resistance to a drug given."""
    matches = find_matches(
        alteration,
        context.catalog,
        context.activating,
        patient.drugs,
        context.diseases,
        patient.disease,
    )
    return [m.row for m in matches if m.drug and m.row.direction == "resistance"]
