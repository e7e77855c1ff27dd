"""From a patient's depths and counts to ``copynumber/{patient}.json``."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from resistpanel.call.model.contamination import NOTHING, Fraction
from resistpanel.catalog import protein
from resistpanel.catalog.classes import Diseases
from resistpanel.catalog.drivers import Driver
from resistpanel.copynumber import identity
from resistpanel.copynumber.allele_counts import Sites, heterozygous
from resistpanel.copynumber.bins import Bins, Coverage
from resistpanel.copynumber.calls import (
    Context,
    Expected,
    call_genes,
    call_paired,
    purity_alone,
    scale_alone,
    scaled,
    shared_scale,
)
from resistpanel.copynumber.copynumber_constants import (
    BASELINES,
    DRIVER_LOG2,
    LEAST_AF,
    LEAST_FRAGMENTS,
    LOWEST_PURITY,
    RHO,
    SHEET_MARGIN,
)
from resistpanel.copynumber.exchanged import driver_in_normal
from resistpanel.copynumber.gate import GATE, Figures, judge
from resistpanel.copynumber.gene_states import cells
from resistpanel.copynumber.origin import (
    Known,
    Origins,
    find_origins,
    heterozygous_sites,
    origin_records,
    without_depth,
)
from resistpanel.copynumber.origin import foreign as foreign_dna
from resistpanel.copynumber.partial import (
    Partial,
    least_deleted,
    partial_deletions,
    within_targets,
)
from resistpanel.copynumber.purity import (
    GRID,
    PARTS,
    Estimate,
    Somatic,
    estimate,
    from_driver,
    from_posterior,
)
from resistpanel.copynumber.ratios import Genes, Targets, gene_ratios, target_ratios
from resistpanel.copynumber.segments import (
    NO_SITES,
    HetSites,
    Segment,
    measured_spread,
    reference_biases,
    segment,
)
from resistpanel.core.core_constants import Z95
from resistpanel.qc.gate import Condition
from resistpanel.records import copynumber as records
from resistpanel.records.base import UNSET, UnsetType
from resistpanel.records.sheet import Sample, Sheet


@dataclasses.dataclass(frozen=True)
class Patient:
    """All that the stage works on.

    Attributes
    ----------
    sheet : Sheet
    bins : Bins
    coverage : dict of str to Coverage
        By sample.
    sites : Sites
    pool : list of Coverage
        Other normals.
    drivers : list of Driver
    contamination, tumor_in_normal : mapping of str to Fraction
        As estimated by `resistpanel call`, by sample and by tumour; no entry: no estimate.
    known : Known, optional
        What else is known of the alleles; origins are found with it where there is no normal.
    symbols : frozenset of str, optional
        Genes of the panel's model; other names of targets are marked as no genes.
    """

    sheet: Sheet
    bins: Bins
    coverage: dict[str, Coverage]
    sites: Sites
    pool: Sequence[Coverage] = ()
    drivers: Sequence[Driver] = ()
    contamination: Mapping[str, Fraction] = dataclasses.field(default_factory=dict)
    tumor_in_normal: Mapping[str, Fraction] = dataclasses.field(default_factory=dict)
    known: Known | None = None
    symbols: frozenset[str] | None = None

    @property
    def normal(self) -> str | None:
        """Name of the matched normal."""
        names = [s.sample for s in self.sheet.samples if s.role == "normal"]
        return names[0] if names else None

    @property
    def tumors(self) -> list[Sample]:
        """The sheet's tumours."""
        return [s for s in self.sheet.samples if s.tumor]


@dataclasses.dataclass(frozen=True)
class Tumor:
    """One tumour's results before they are written."""

    targets: Targets | None
    genes: Genes | None
    segments: list[Segment]
    sites: HetSites | None
    purity: Estimate
    context: Context
    normal_copies: np.ndarray | None


def het_sites(patient: Patient, genes: Genes, sample: str) -> HetSites:
    """Return the normal's heterozygous sites as counted in a tumour, indexed by gene.

    The reference bias of each is measured in the normal. Its remaining variance on the logit
    scale, v, is an overdispersion of f (1 - f) v = v / 4 at a frequency f of 1/2.
    """
    if patient.normal is None:
        return NO_SITES
    sites = patient.sites
    rows = np.flatnonzero(heterozygous(sites, patient.normal) & (sites.gene != ""))
    index = {name: i for i, name in enumerate(genes.name)}
    rows = np.array([r for r in rows if str(sites.gene[r]) in index], dtype=int)
    column, normal = sites.column(sample), sites.column(patient.normal)
    rows = rows[sites.depth[rows, column] > 0] if len(rows) else rows
    if not len(rows):
        return NO_SITES
    bias, variance = reference_biases(sites.ref_count[rows, normal], sites.alt_count[rows, normal])
    return HetSites(
        np.array([index[str(sites.gene[r])] for r in rows]),
        sites.alt_count[rows, column],
        sites.depth[rows, column],
        bias,
        RHO + variance / 4,
    )


def somatic_counts(patient: Patient, genes: Genes, sample: str) -> Somatic:
    """Return a tumour's somatic calls of the autosomes, indexed by gene."""
    sites, column = patient.sites, patient.sites.column(sample)
    index = {name: i for i, name in enumerate(genes.name)}
    with np.errstate(invalid="ignore"):
        rows = sites.passed & sites.detected[:, column]
        rows &= sites.frequency[:, column] >= LEAST_AF
    rows &= np.isin(sites.gene, genes.name) & ~np.isin(sites.chrom, ("chrX", "X", "chrY", "Y"))
    chosen = np.flatnonzero(rows)
    # Bases of one substitution, or alleles that share fragments, say the same thing once.
    kept = [
        r
        for i, r in enumerate(chosen)
        if i == 0
        or sites.chrom[r] != sites.chrom[chosen[i - 1]]
        or sites.pos[r] - sites.pos[chosen[i - 1]] > 3
    ]
    return Somatic(
        np.array([index[str(sites.gene[r])] for r in kept], dtype=int),
        sites.alt_count[kept, column],
        sites.depth[kept, column],
    )


def of_disease(drivers: Sequence[Driver], diseases: Diseases, disease: str | None) -> list[Driver]:
    """Return the drivers that may be the patient's: all where the disease is not known.

    What drives another disease can be a late, subclonal event in this one.
    """
    return [d for d in drivers if diseases.match(disease, d.disease) is not False]


def driver_purity(patient: Patient, genes: Genes | None, sample: str) -> Estimate | None:
    """Return the purity by a sensitising driver's AF; None where there is none that can tell.

    The driver with the most fragments is taken. One in a gene whose copies changed tells nothing:
    by the depth, or where that is not known by an AF above 1/2, as of an amplified mutation.
    """
    sites, column = patient.sites, patient.sites.column(sample)
    best: tuple[int, Estimate] | None = None
    for row in np.flatnonzero(sites.passed & sites.detected[:, column]):
        gene = str(sites.gene[row])
        changes = [protein.parse(short) for short in sites.protein[row]]
        known = [
            driver
            for driver in patient.drivers
            if driver.gene == gene
            and driver.change is not None
            and any(change and driver.matches_change(change) for change in changes)
        ]
        if not known or _altered(genes, gene):
            continue
        alt, depth = int(sites.alt_count[row, column]), int(sites.depth[row, column])
        if genes is None and 2 * alt > depth:
            continue
        name = f"{gene} {','.join(sites.protein[row])}"
        if best is None or depth > best[0]:
            best = depth, from_driver(alt, depth, name)
    return best[1] if best else None


def _altered(genes: Genes | None, gene: str) -> bool:
    if genes is None or gene not in genes.name:
        return False
    i = int(np.flatnonzero(genes.name == gene)[0])
    return bool(abs(genes.log2[i]) - 2 * genes.se[i] > DRIVER_LOG2)


def choose_purity(
    patient: Patient, entry: Sample, genes, segments, sites, alone: np.ndarray | None = None
) -> Estimate:
    """Return a tumour's purity: the sheet's, else the joint estimate, else the driver's.

    The genome's baseline is the joint estimate's in either case. Without a normal the joint
    estimate is of the posterior `alone` of purity and baseline.
    """
    why = "the normal has too few reads" if patient.normal else "there is no normal"
    joint = Estimate(None, None, None, f"not estimable: {why}", "none")
    if alone is not None:
        parts = PARTS if genes is not None else PARTS[1:]
        joint = from_posterior(alone, f"{', '.join(parts)} (without a normal)")
    elif genes is not None:
        sex = np.isin(genes.chrom, ("chrX", "X", "chrY", "Y"))
        autosomal = [part for part in segments if not sex[part.genes[0]]]
        joint = estimate(autosomal, sites, somatic_counts(patient, genes, entry.sample))
    if entry.purity is not None:
        value = float(entry.purity)
        return Estimate(
            value,
            max(value - SHEET_MARGIN, LOWEST_PURITY),
            min(value + SHEET_MARGIN, 1.0),
            f"sample sheet, taken as ±{SHEET_MARGIN:g}",
            "sheet",
            joint.baseline,
            near(value, SHEET_MARGIN / Z95, joint.baseline),
        )
    if joint.value is not None:
        return joint
    driver = driver_purity(patient, genes, entry.sample)
    return driver or joint


def near(value: float, sd: float, baseline: int) -> np.ndarray:
    """Return a posterior of a purity known with a normal error, and of a known baseline."""
    weight = np.exp(-0.5 * ((GRID - value) / max(sd, (GRID[1] - GRID[0]) / 2)) ** 2)
    return np.outer([one == baseline for one in BASELINES], weight)


def context_of(purity: Estimate) -> Context:
    """Return what a tumour's genes are judged by."""
    return Context(
        purity.value,
        purity.low,
        purity.high,
        purity.baseline,
        tuple(cells(purity.posterior)),
        purity.value is not None,
    )


@dataclasses.dataclass(frozen=True)
class Alone:
    """What the alleles of a patient without a normal show; `sites` are those with an origin."""

    sites: Sites
    origins: Origins
    posterior: Mapping[str, np.ndarray]


def without_normal(patient: Patient) -> Alone | None:
    """Return the origins of a patient's alleles; None with a normal."""
    if patient.normal is not None or patient.known is None:
        return None
    names = [entry.sample for entry in patient.tumors]
    genes = {name: depth_ratios(patient, name)[1] or without_depth(patient.bins) for name in names}
    stated = {
        entry.sample: (float(entry.purity), SHEET_MARGIN / Z95)
        for entry in patient.tumors
        if entry.purity is not None
    }
    rows, found = find_origins(
        patient.sites, patient.known, patient.bins, genes, patient.drivers, stated,
        patient.sheet.sex,
    )  # fmt: skip
    return Alone(patient.sites.take(rows), found, dict(zip(names, found.purity, strict=True)))


def has_depth(patient: Patient) -> bool:
    """Whether there is a normal with enough reads at a target to be a reference of depth."""
    name = patient.normal
    return name is not None and bool((patient.coverage[name].fragments >= LEAST_FRAGMENTS).any())


def depth_ratios(patient: Patient, name: str) -> tuple[Targets | None, Genes | None]:
    """Return a tumour's log2 ratios against normal and pool; None without either."""
    own = [patient.coverage[patient.normal]] if has_depth(patient) else []
    references = [*own, *patient.pool]
    if not references:
        return None, None
    targets = target_ratios(patient.coverage[name], references, patient.bins)
    return targets, gene_ratios(targets, patient.bins)


def analyse_tumor(patient: Patient, entry: Sample, alone: Alone | None = None) -> Tumor:
    """Return one tumour's ratios, segments and purity."""
    name = entry.sample
    targets, genes = depth_ratios(patient, name)
    posterior = alone.posterior[name] if alone else None
    if targets is None or genes is None:
        purity = choose_purity(patient, entry, None, [], None, posterior)
        return Tumor(None, None, [], None, purity, context_of(purity), None)
    sites = het_sites(patient, genes, name)
    if alone is not None:
        sites = heterozygous_sites(alone.sites, alone.origins, name, genes)
    segments = segment(genes, sites)
    sites = sites.with_spread(measured_spread(segments, sites))
    segments = segment(genes, sites)
    purity = choose_purity(patient, entry, genes, segments, sites, posterior)
    context = context_of(purity)
    return Tumor(targets, genes, segments, sites, purity, context, normal_copies(patient, genes))


def parts_of(patient: Patient, name: str, tumor: Tumor) -> dict[int, Partial]:
    """Return the homozygous deletions of a part of a gene."""
    normal = patient.coverage[patient.normal] if patient.normal else None
    return within_targets(patient.bins, patient.coverage[name], normal) | partial_deletions(
        tumor.targets, patient.bins, tumor.genes, tumor.context.cells, tumor.normal_copies
    )


def least_part(patient: Patient, tumor: Tumor) -> int | UnsetType | None:
    """Return the size of a gene's part whose homozygous deletion shows; UNSET: not known."""
    if tumor.targets is None or tumor.purity.value is None:
        return UNSET
    return least_deleted(tumor.targets, patient.bins, tumor.genes, tumor.context.cells)


def normal_copies(patient: Patient, genes: Genes) -> np.ndarray:
    """Return each gene's copies in normal cells."""
    single = np.isin(genes.chrom, ("chrX", "X", "chrY", "Y"))
    return np.where(single & (patient.sheet.sex == "male"), 1, 2)


def paired(patient: Patient, tumors: dict[str, Tumor], pre: str, post: str) -> tuple[Genes, list]:
    """Return the paired ratios and their calls."""
    targets = target_ratios(patient.coverage[post], [patient.coverage[pre]], patient.bins)
    genes = gene_ratios(targets, patient.bins)
    before, after = tumors[pre], tumors[post]
    scale = scale_of(patient, pre, post)
    expected: list[Expected | None] = [scale_alone(scale)] * len(genes.name)
    if before.genes is not None:
        copies = normal_copies(patient, genes)
        expected = [
            purity_alone(float(log2), float(se), before.context, after.context, int(n))
            or scaled(float(log2), float(se), scale)
            for log2, se, n in zip(before.genes.log2, before.genes.se, copies, strict=True)
        ]
    return genes, call_paired(genes, expected)


def scale_of(patient: Patient, pre: str, post: str) -> tuple[float, float] | None:
    """Return the range of the later over the earlier purity, from the variants of both."""
    sites = patient.sites
    first, last = sites.column(pre), sites.column(post)
    with np.errstate(invalid="ignore"):
        rows = sites.passed & sites.detected[:, first] & sites.detected[:, last]
        rows &= (sites.frequency[:, [first, last]] >= LEAST_AF).all(axis=1)
    rows &= ~np.isin(sites.chrom, ("chrX", "X", "chrY", "Y"))
    return shared_scale(
        (sites.alt_count[rows, first], sites.depth[rows, first]),
        (sites.alt_count[rows, last], sites.depth[rows, last]),
    )


def identity_of(patient: Patient) -> records.PatientIdentity:
    """Return the section ``identity``: agreement, mismatched, sex, genotypes."""
    samples = [s.sample for s in patient.sheet.samples]
    agreements = identity.compare_all(patient.sites, samples, patient.normal)
    sexes = {
        entry.sample: identity.infer_sex(
            patient.bins, patient.coverage[entry.sample], patient.sites, entry.sample, entry.tumor
        )
        for entry in patient.sheet.samples
    }
    return records.PatientIdentity(
        agreement=tuple(agreements),
        mismatched=tuple(identity.mismatched(agreements, samples, patient.normal)),
        sex=records.SexCheck(sheet=patient.sheet.sex, samples=sexes),
        genotypes=identity.genotypes(patient.sites, samples),
    )


def gate(
    patient: Patient,
    found: records.PatientIdentity,
    foreign: Mapping[str, Fraction],
    leak: Mapping[str, Fraction],
    conditions: Sequence[Condition],
) -> records.SamplesGate:
    """Return which conditions the patient's samples do not meet."""
    failures = []
    tumors = [entry.sample for entry in patient.tumors]
    driver = driver_in_normal(patient.sites, patient.drivers, patient.normal, tumors)
    for entry in patient.sheet.samples:
        name = entry.sample
        stranger = name in found.mismatched
        fractions = [
            pair.discordant / pair.sites
            for pair in found.agreement
            if name in (pair.first, pair.second) and pair.same is False
        ]
        sex = found.sex.samples[name].sex
        stated = found.sex.sheet
        # A tumour may have lost or gained an X: its sex is judged where there is no normal.
        judged = entry.role == "normal" or patient.normal is None
        leaked = [part.value for part in leak.values() if part.found]
        failures += judge(
            Figures(
                name,
                entry.role,
                max(fractions, default=None) if stranger else None,
                int(sex != stated) if judged and sex and stated else None,
                foreign[name].value if foreign[name].found and not found.mismatched else None,
                max(leaked, default=None) if entry.role == "normal" else None,
                driver if entry.role == "normal" else None,
            ),
            conditions,
        )
    return records.SamplesGate(passed=not failures, failures=tuple(failures))


def analyse(patient: Patient, conditions: Sequence[Condition] = GATE) -> records.CopyNumber:
    """Return ``copynumber/{patient}.json``.

    Parameters
    ----------
    patient : Patient
    conditions : sequence of Condition
        Rows of the gate.
    """
    from resistpanel.copynumber import rows

    alone = without_normal(patient)
    tumors = {entry.sample: analyse_tumor(patient, entry, alone) for entry in patient.tumors}
    names = [entry.sample for entry in patient.sheet.samples]
    foreign = {name: patient.contamination.get(name, NOTHING) for name in names}
    leak = {}
    if patient.normal is not None:
        leak = {name: patient.tumor_in_normal.get(name, NOTHING) for name in tumors}
    found = identity_of(patient)
    for name in tumors if patient.normal is not None else ():
        # Beyond what the caller looks for, or hidden by what looks like a swap.
        mixed = identity.mixture(patient.sites, name, patient.normal)
        if mixed is not None and not foreign[name].found:
            foreign[name] = mixed
    if patient.normal is None and patient.known is not None:
        population, genes = patient.known.population, without_depth(patient.bins)
        for name in tumors:
            foreign[name] = foreign_dna(patient.sites, population, name, genes) or foreign[name]
    return records.CopyNumber(
        schema="resistpanel/copynumber/1",
        patient=patient.sheet.patient,
        reference=rows.reference(patient.normal if has_depth(patient) else None, len(patient.pool)),
        samples={
            name: rows.tumor_rows(
                tumor,
                call_genes(
                    tumor.genes,
                    tumor.sites,
                    tumor.segments,
                    rows.neighbours(tumor),
                    tumor.context,
                    tumor.normal_copies,
                    parts_of(patient, name, tumor),
                )
                if tumor.genes is not None
                else [],
                patient.symbols,
                least_part(patient, tumor),
            )
            for name, tumor in tumors.items()
        },
        pairs=tuple(
            records.CopyPair(
                pre=pair.pre,
                post=pair.post,
                genes=rows.paired_rows(*paired(patient, tumors, pair.pre, pair.post)),
            )
            for pair in patient.sheet.pairs
        ),
        contamination={name: rows.fraction(value) for name, value in foreign.items()},
        tumor_in_normal={name: rows.fraction(value) for name, value in leak.items()},
        identity=found,
        gate=gate(patient, found, foreign, leak, conditions),
        origins=UNSET
        if alone is None
        else origin_records(alone.sites, alone.origins, patient.known.resource),
    )
