"""From what the earlier stages handed on to the patient that resist reasons about."""

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import Drugs
from resistpanel.catalog.numbering import Numbering, renumbered
from resistpanel.records.compare import Compare, Variant
from resistpanel.records.copynumber import CopyNumber, GeneCopies
from resistpanel.records.sheet import Sheet
from resistpanel.resist.alteration import Alteration, Change, Pair, Patient, Sample
from resistpanel.resist.copy_changes import copy_changes
from resistpanel.resist.lines import therapies
from resistpanel.resist.tests_after import patient_tests, with_copies_before


def read_patient(
    compare: Compare,
    sheet: Sheet,
    copynumber: CopyNumber | None,
    drugs: Drugs,
    numbering: Numbering | None = None,
) -> Patient:
    """Return the patient of what compare, sheet and, if given, copynumber handed on.

    Protein changes that are given in another numbering than the catalogue's are read in this one.
    """
    numbering = numbering or Numbering()
    pairs = tuple(
        Pair(pair.pre, pair.post, tuple(drugs.named(name) for name in pair.drugs))
        for pair in compare.pairs
    )
    given = [drug for pair in pairs for drug in pair.drugs]
    if not pairs:
        given = [drugs.named(drug.drug) for drug in sheet.drugs]
    samples = tuple(Sample(s.sample, s.role, s.timepoint, s.day, s.lesion) for s in sheet.samples)
    by_names = {(pair.pre, pair.post): pair for pair in pairs}
    kinds = {name: row.kind for name, row in compare.lesions.variants.items()}
    alterations = [_variant(variant, by_names, kinds, numbering) for variant in compare.variants]
    without = frozenset(s.sample for s in compare.samples if s.tumor and not s.tumor.detected)
    tests = patient_tests(compare, sheet, numbering)
    if copynumber:
        copies = copy_changes(copynumber, pairs, compare, without)
        alterations += with_copies_before(copies, tests, compare, sheet)
    return Patient(
        sheet.patient,
        sheet.disease,
        samples,
        pairs,
        tuple({drug.name: drug for drug in given}.values()),
        sheet.drugs,
        tuple(alterations),
        copynumber is not None
        and any(gene.call is not None for s in copynumber.samples.values() for gene in s.genes),
        compare.lesions.samples,
        without,
        therapies(compare.lines, drugs.named),
        sheet_samples=sheet.samples,
        lost_copies=frozenset(
            (name, gene.gene)
            for name, sample in (copynumber.samples.items() if copynumber else ())
            for gene in sample.genes
            if _lost(gene)
        ),
        unknown_copies=frozenset(
            (name, gene.gene)
            for name, sample in (copynumber.samples.items() if copynumber else ())
            for gene in sample.genes
            if gene.call is None
        ),
        known_purity=frozenset(
            name
            for name, sample in (copynumber.samples.items() if copynumber else ())
            if sample.purity.value is not None and sample.purity.method != "driver"
        ),
        tests=tests,
        damage={s.sample: s.damage for s in compare.samples if s.damage},
    )


def _lost(gene: GeneCopies) -> bool:
    """Whether a gene lost a haplotype: by its sites, or without any by its one copy per cell."""
    if gene.loh is None:
        return gene.call == "loss" and gene.copies is not None
    return gene.loh


def _variant(
    variant: Variant,
    pairs: dict[tuple[str, str], Pair],
    kinds: dict[str, str | None],
    numbering: Numbering,
) -> Alteration:
    changes, numbered = _changes(variant, numbering)
    return Alteration(
        id=variant.id,
        gene=variant.gene or "",
        copy_number="",
        protein=variant.protein or "",
        changes=changes,
        consequence=variant.consequence or "",
        splice=variant.splice,
        state=variant.state,
        states=tuple(
            Change(pairs[state.pre, state.post], state.state, state.text)
            for state in variant.states
        ),
        samples=variant.samples,
        reported=variant.reported,
        germline=variant.model == "germline",
        filters=variant.filters,
        sites=variant.sites,
        substitutions=tuple((s.ref, s.alt) for s in variant.substitutions),
        phase=variant.phase or (),
        haplotype=variant.haplotype or None,
        unphased=variant.unphased or (),
        population_af=variant.population_af or None,
        lines=variant.lines,
        status=variant.status,
        trajectory=tuple(
            f"{one.text} ({one.lesion})" if len(variant.courses) > 1 else one.text
            for one in variant.courses
            if len(one.steps) > 1
        ),
        kind=kinds.get(variant.id),
        real=variant.real,
        origin=variant.origin or None,
        usual_name=variant.usual_name or "",
        reverts=variant.reverts or (),
        by_sequence=variant.hgvs_c is not None,
        junction=variant.junction or None,
        white_cells=variant.white_cells or "",
        numbered=numbered,
    )


def _changes(
    variant: Variant, numbering: Numbering
) -> tuple[tuple[protein.ProteinChange, ...], str]:
    """Return the protein changes in the catalogue's numbering, and their names if it is another."""
    transcripts = (variant.transcript or "", variant.refseq or "")
    found, names, differ = [], [], False
    for one in variant.protein_changes:
        change = protein.parse(one.short)
        if change is None:
            continue
        read = numbering.read(variant.gene or "", change, transcripts)
        found.append(read or change)
        names.append(renumbered(one.short, read.start - change.start) if read else one.short)
        differ = differ or read is not None
    return tuple(found), "+".join(names) if differ else ""
