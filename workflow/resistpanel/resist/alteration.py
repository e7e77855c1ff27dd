"""What was found in the patient: small variants and gene-level copy-number changes alike."""

from dataclasses import dataclass

import msgspec

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import Drug, Drugs
from resistpanel.core.vocabulary import STATES, TUMOR_ROLES
from resistpanel.records import sheet as records
from resistpanel.records.compare import Compare, Phase, SampleAtLocus, Variant
from resistpanel.records.copynumber import CopyNumber, GeneChange
from resistpanel.records.sheet import Sheet

#: A sample in which an alteration was not looked for.
NOT_EXAMINED = SampleAtLocus(
    ad=(0, 0), adf=(0, 0), adr=(0, 0), dp=0, af=None, af_low=None, af_high=None, lod=None, ub=None,
    detected=None, ccf=None, ccf_low=None, ccf_high=None,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of the patient, as in sheet.json."""

    name: str
    role: str
    timepoint: str | None
    day: float | None
    lesion: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A later tumour against an earlier one, with the drugs given in between."""

    pre: str
    post: str
    drugs: tuple[Drug, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The state of an alteration between the two samples of a pair."""

    pair: Pair
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Alteration:
    """A small variant, or a copy-number change of a gene.

    Attributes
    ----------
    id : str
        ``chrom:pos:ref:alt`` of a variant; ``copynumber:GENE:call`` of a copy-number change.
    gene : str
        HGNC symbol; empty outside genes.
    copy_number : str
        ``amplification`` or ``deletion``; empty for a small variant.
    protein : str
        Short form; empty where there is no protein change.
    changes : tuple of ProteinChange
        One per codon.
    consequence : str
    splice : bool
    state : str or None
        Over all pairs; None if there is no pair.
    states : tuple of Change
    samples : dict of str to SampleAtLocus
        Of a copy-number change only `detected` is given.
    reported : bool
    germline : bool
    filters : tuple of str
    sites : tuple of str
        Catalogue ids that forced the site.
    substitutions : tuple of (str, str)
        Reference and alternative base of every single base changed.
    phase : tuple of Phase
    population_af : float or None
        Allele frequency in the germline resource, None if it is not there.
    """

    id: str
    gene: str
    copy_number: str
    protein: str
    changes: tuple[protein.ProteinChange, ...]
    consequence: str
    splice: bool
    state: str | None
    states: tuple[Change, ...]
    samples: dict[str, SampleAtLocus]
    reported: bool
    germline: bool
    filters: tuple[str, ...] = ("PASS",)
    sites: tuple[str, ...] = ()
    substitutions: tuple[tuple[str, str], ...] = ()
    phase: tuple[Phase, ...] = ()
    population_af: float | None = None

    @property
    def label(self) -> str:
        """The name used in sentences: ``MAP2K1 p.C121S``, ``BRAF amplification``."""
        if self.copy_number:
            return f"{self.gene} {self.copy_number}"
        if self.protein:
            return f"{self.gene} p.{self.protein.replace(',', '+')}"
        return f"{self.gene} {self.id}".strip()

    @property
    def synonymous(self) -> bool:
        """Whether every protein change is synonymous and no splice site is near."""
        return (
            bool(self.changes)
            and not self.splice
            and all(change.kind == "synonymous" for change in self.changes)
        )

    @property
    def truncating(self) -> bool:
        """Whether the gene's product is lost: a truncating variant or a deletion."""
        return self.copy_number == "deletion" or any(c.truncating for c in self.changes)

    def at(self, sample: str) -> SampleAtLocus:
        """Return what is known of `sample`: nothing, where it was not examined."""
        return self.samples.get(sample, NOT_EXAMINED)

    def detected(self, sample: str) -> bool:
        """Whether the alteration was detected in `sample`."""
        return self.at(sample).detected is True

    def af(self, sample: str) -> float | None:
        """Allele frequency in `sample` (0 to 1); None where there is none."""
        return self.at(sample).af

    def telling(self) -> Change | None:
        """Return the change of the pair that tells most: by state, then by the later AF."""
        order = STATES.index
        return min(
            self.states,
            key=lambda change: (order(change.state), -(self.af(change.pair.post) or 0)),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Patient:
    """What the earlier stages say of a patient.

    `drugs` are those given between the samples compared; without pairs, all of the sheet.
    `lesions` are the tumour samples by lesion, as in compare.json.
    """

    name: str
    disease: str | None
    samples: tuple[Sample, ...]
    pairs: tuple[Pair, ...]
    drugs: tuple[Drug, ...]
    sheet_drugs: tuple[records.Drug, ...]
    alterations: tuple[Alteration, ...]
    copy_number_examined: bool
    lesions: dict[str, tuple[str, ...]]

    @property
    def tumours(self) -> tuple[Sample, ...]:
        """Tumour samples in the order of the sheet: by day, lesion, name."""
        return tuple(sample for sample in self.samples if sample.role in TUMOR_ROLES)

    @property
    def tumor_only(self) -> bool:
        """Whether there is no normal sample."""
        return all(sample.role != "normal" for sample in self.samples)

    def before(self) -> tuple[str, ...]:
        """Names of the tumour samples that stand first in a pair."""
        return tuple(dict.fromkeys(pair.pre for pair in self.pairs))

    def after(self) -> tuple[str, ...]:
        """Names of the tumour samples that stand second in a pair, or all without pairs."""
        posts = tuple(dict.fromkeys(pair.post for pair in self.pairs))
        return posts or tuple(sample.name for sample in self.tumours)


def read_patient(
    compare: Compare, sheet: Sheet, copynumber: CopyNumber | None, drugs: Drugs
) -> Patient:
    """Return the patient of what compare, sheet and, if given, copynumber handed on."""
    pairs = tuple(
        Pair(pair.pre, pair.post, tuple(drugs.resolve(name) for name in pair.drugs))
        for pair in compare.pairs
    )
    given = [drug for pair in pairs for drug in pair.drugs]
    if not pairs:
        given = [drugs.resolve(drug.drug) for drug in sheet.drugs]
    samples = tuple(Sample(s.sample, s.role, s.timepoint, s.day, s.lesion) for s in sheet.samples)
    by_names = {(pair.pre, pair.post): pair for pair in pairs}
    alterations = [_variant(variant, by_names) for variant in compare.variants]
    if copynumber:
        alterations += _copy_number(copynumber, pairs)
    return Patient(
        sheet.patient,
        sheet.disease,
        samples,
        pairs,
        tuple({drug.name: drug for drug in given}.values()),
        sheet.drugs,
        tuple(alterations),
        copynumber is not None,
        compare.lesions.samples,
    )


def _variant(variant: Variant, pairs: dict[tuple[str, str], Pair]) -> Alteration:
    changes = (protein.parse(change.short) for change in variant.protein_changes)
    return Alteration(
        id=variant.id,
        gene=variant.gene or "",
        copy_number="",
        protein=variant.protein or "",
        changes=tuple(change for change in changes if change),
        consequence=variant.consequence or "",
        splice=variant.splice,
        state=variant.state if variant.states else None,
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
        population_af=variant.population_af or None,
    )


def _copy_number(copynumber: CopyNumber, pairs: tuple[Pair, ...]) -> list[Alteration]:
    """Return the amplified and the deleted genes of any sample."""
    by_sample = {
        name: {gene.gene: gene for gene in sample.genes}
        for name, sample in copynumber.samples.items()
    }
    calls = {
        (gene.gene, gene.call)
        for genes in by_sample.values()
        for gene in genes.values()
        if gene.call in {"amplification", "deletion"}
    }
    paired = {
        (pair.pre, pair.post, gene.gene): gene for pair in copynumber.pairs for gene in pair.genes
    }
    found = []
    for gene, call in sorted(calls):
        samples = {
            name: msgspec.structs.replace(
                NOT_EXAMINED, detected=genes[gene].call == call if gene in genes else None
            )
            for name, genes in by_sample.items()
        }
        states = [
            _copy_state(call, samples, pair, paired.get((pair.pre, pair.post, gene)))
            for pair in pairs
        ]
        found.append(
            Alteration(
                id=f"copynumber:{gene}:{call}",
                gene=gene,
                copy_number=call,
                protein="",
                changes=(),
                consequence=call,
                splice=False,
                state=min((s.state for s in states), key=STATES.index, default=None),
                states=tuple(states),
                samples=samples,
                reported=True,
                germline=False,
            )
        )
    return found


def _copy_state(
    call: str, samples: dict[str, SampleAtLocus], pair: Pair, change: GeneChange | None
) -> Change:
    """Return the state of a copy-number call between two samples.

    Detected in both is rising or falling only if the interval of the paired log2 ratio lies on
    one side of 0; detected after alone is acquired under the same condition, else emergent. A
    ratio that the copy-number stage calls unchanged (as the samples' purities alone give it) is
    neither.
    """
    sign = 1 if call == "amplification" else -1
    pre, post = (samples.get(name, NOT_EXAMINED).detected for name in (pair.pre, pair.post))
    low, high = (change.low, change.high) if change else (None, None)
    known = low is not None and high is not None and change.call != "unchanged"
    more = known and (low > 0 if sign > 0 else high < 0)
    less = known and (high < 0 if sign > 0 else low > 0)
    if pre is None or post is None:
        state = "not covered"
    elif post and not pre:
        state = "acquired" if more else "emergent"
    elif post and pre:
        state = "rising" if more else "falling" if less else "stable"
    elif pre:
        state = "lost" if less else "undetermined"
    else:
        state = "undetermined"
    ratio = ""
    if change and change.log2_ratio is not None:
        ratio = f"log2 ratio after to before {change.log2_ratio:+.2f}"
    return Change(pair, state, ratio)
