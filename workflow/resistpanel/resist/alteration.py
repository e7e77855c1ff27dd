"""What was found in the patient: small variants and gene-level copy-number changes alike."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from resistpanel.catalog import protein
from resistpanel.catalog.drugs import Drug
from resistpanel.compare.inherited import keeps_function
from resistpanel.core.vocabulary import OPEN, STATES, TUMOR_ROLES
from resistpanel.records import sheet as records
from resistpanel.records.compare import (
    Haplotype,
    Junction,
    LesionState,
    LineState,
    Origin,
    OtherTest,
    Phase,
    Reverted,
    SampleAtLocus,
    Unphased,
)

#: Terms of the changes of a canonical splice site.
SPLICE_SITES = {"splice_donor", "splice_acceptor"}

#: Metric of copynumber's gate that a sample of another person fails.
SWAP = "discordance"

#: A sample in which an alteration was not looked for.
NOT_EXAMINED = SampleAtLocus(
    ad=(0, 0), adf=(0, 0), adr=(0, 0), dp=0, af=None, af_low=None, af_high=None, lod=None, ub=None,
    detected=None, ccf=None, ccf_low=None, ccf_high=None, ub_ccf=None,
)  # fmt: skip


def status_of(
    samples: Mapping[str, SampleAtLocus], latest: Iterable[str], without_tumour: Container[str]
) -> str:
    """Return ``present``, ``gone``, ``absent`` or ``not known``, as `compare.courses` does.

    Parameters
    ----------
    samples : mapping of str to SampleAtLocus
        The tumour and plasma samples that count.
    latest : iterable of str
        The latest ones of each lesion and of plasma.
    without_tumour : container of str
        Samples that do not say that an alteration has gone.
    """
    seen = {name: samples.get(name, NOT_EXAMINED).detected for name in latest}
    if any(seen.values()):
        return "present"
    if not any(one.detected for one in samples.values()):
        return "absent"
    silent = any(one is None or name in without_tumour for name, one in seen.items())
    return "not known" if silent else "gone"


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
class Therapy:
    """A line of therapy with samples: its drugs, the samples before its first dose and after."""

    number: int
    drugs: tuple[Drug, ...]
    baseline: tuple[str, ...]
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The state of an alteration between the two samples of a pair."""

    pair: Pair
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Partner:
    """Another mutation of the gene that a tumour has together with the alteration.

    Attributes
    ----------
    label : str
    changes : tuple of ProteinChange
    in_cis : bool
        Whether fragments show both on one molecule. Those in trans are no partners.
    """

    label: str
    changes: tuple[protein.ProteinChange, ...]
    in_cis: bool


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
        One per codon, in the catalogue's numbering.
    consequence : str
    splice : bool
    state : str or None
        Under the latest line of therapy with samples; None without a sample before it.
    lines : tuple of LineState
        One per line of therapy.
    status : str or None
        ``present``, ``gone``, ``absent`` or ``not known`` in the latest samples.
    trajectory : tuple of str
        The course of each lesion with several samples, in words.
    kind : str or None
        ``truncal``, ``shared``, ``private`` or ``absent`` over the lesions; None: not known.
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
    haplotype : Haplotype or None
        Alleles of the same molecules that the protein change is read with.
    unphased : tuple of Unphased
    real : float or None
        Probability that the allele exists in the patient.
    later : tuple of LineState
        Under the lines after the one that is looked at.
    restores : str
        Name of the truncating allele of the gene whose reading frame it restores, or empty.
    gains : str
        Source by which a truncation is known to activate the gene; empty if it is not.
    white_cells : str
        Why the allele may be of white blood cells, as compare found in plasma; empty if nothing
        says so.
    inactivating : str
        Source by which the protein change is known to inactivate the gene; empty if it is not.
    population_af : float or None
        Allele frequency in the germline resource, None if it is not there.
    origin : Origin or None
        Without a normal, if it was examined.
    usual_name : str
        Of a splice change, of MET exon 14 skipping, of a TERT promoter hotspot; else empty.
    reverts : tuple of Reverted
        Truncating alleles of the gene that it reverts, by translation.
    by_sequence : bool
        Whether it was named from the sequence, so that `reverts` holds all.
    partners : tuple of Partner
    numbered : str
        Its name in the catalogue's numbering, if that is another; else empty.
    junction : Junction or None
        Of a deletion, duplication, fusion or other rearrangement that a junction shows.
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
    haplotype: Haplotype | None = None
    unphased: tuple[Unphased, ...] = ()
    population_af: float | None = None
    lines: tuple[LineState, ...] = ()
    status: str | None = None
    trajectory: tuple[str, ...] = ()
    kind: str | None = None
    real: float | None = None
    later: tuple[LineState, ...] = ()
    inactivating: str = ""
    gains: str = ""
    white_cells: str = ""
    restores: str = ""
    origin: Origin | None = None
    usual_name: str = ""
    reverts: tuple[Reverted, ...] = ()
    by_sequence: bool = False
    junction: Junction | None = None
    partners: tuple[Partner, ...] = ()
    numbered: str = ""

    @property
    def line(self) -> LineState | None:
        """The state under the latest line of therapy with samples before and after its start."""
        return next((line for line in reversed(self.lines) if line.lesions), None)

    @property
    def before(self) -> str | None:
        """Whether it was there before that line: see `LineState.before`; None: no sample."""
        return self.line.before if self.line else None

    @property
    def label(self) -> str:
        """The name used in sentences: ``MAP2K1 p.C121S``, ``BRAF amplification``."""
        if self.copy_number:
            return f"{self.gene} {self.copy_number}"
        if self.junction and self.junction.name:
            name = self.junction.name
            return (
                name
                if name.startswith(self.gene) or self.junction.fusion
                else f"{self.gene} {name}"
            )
        if self.usual_name.startswith(self.gene):
            short = f" (p.{self.protein.replace(',', '+')})" if self.protein else ""
            return f"{self.usual_name}{short}"
        if self.protein:
            return f"{self.gene} p.{self.protein.replace(',', '+')}"
        if self.usual_name:
            return f"{self.gene} {self.usual_name}"
        return f"{self.gene} {self.id}".strip()

    @property
    def synonymous(self) -> bool:
        """Whether every protein change is synonymous, and no splice site or named exon is lost.

        A splice region beside it does not make it more: Ensembl ranks both terms as low impact.
        """
        return (
            bool(self.changes)
            and not self.splice_site
            and not self.usual_name
            and all(change.kind == "synonymous" for change in self.changes)
        )

    @property
    def splice_site(self) -> bool:
        """Whether a canonical splice site (the two bases of the intron at an exon) is changed."""
        terms = {term.removesuffix("_variant") for term in self.consequence.split("&")}
        return not self.copy_number and bool(terms & SPLICE_SITES)

    @property
    def truncating(self) -> bool:
        """Whether the gene's product is lost: truncating, canonical splice site, or a deletion."""
        return (
            self.copy_number == "deletion"
            or self.splice_site
            or any(c.truncating and not keeps_function(self.gene, c.start) for c in self.changes)
            or self.broken
        )

    @property
    def broken(self) -> bool:
        """Whether a junction breaks the gene: exons out of frame, or only a part goes on."""
        if self.junction is None or not self.gene:
            return False
        if self.junction.exons and self.junction.frame == "out_of_frame":
            return True
        return self.consequence == "structural_variant" or (
            self.consequence == "gene_fusion" and self.junction.kinase is None
        )

    @property
    def inactivates(self) -> bool:
        """Whether the gene's function is lost: `truncating`, or a change known to inactivate.

        Not by a truncation that is known to activate the gene, such as those of NPM1.
        """
        if self.restores or self.gains:
            return False
        return self.truncating or bool(self.inactivating)

    @property
    def length_change(self) -> int:
        """Bases that a small variant adds; negative for those that it removes."""
        if self.copy_number or self.junction:
            return 0
        ref, alt = self.id.split(":")[-2:]
        return len(alt) - len(ref)

    def at(self, sample: str) -> SampleAtLocus:
        """Return what is known of `sample`: nothing, where it was not examined."""
        return self.samples.get(sample, NOT_EXAMINED)

    def detected(self, sample: str) -> bool:
        """Whether the alteration was detected in `sample`."""
        return self.at(sample).detected is True

    def af(self, sample: str) -> float | None:
        """Allele frequency in `sample` (0 to 1); None where there is none."""
        return self.at(sample).af

    @property
    def fell(self) -> bool:
        """Whether the 95 % interval of the change is below 1 in every lesion of the line.

        Also where the state is undetermined: the states of many variants are tested together.
        """
        if self.line is None or not self.line.lesions:
            return False
        return all(one.fold_high and one.fold_high < 1 for one in self.line.lesions)

    @property
    def unclear(self) -> bool:
        """Whether relapse may have brought more of the alteration, which is not known."""
        return self.state in (*OPEN, None) and not self.fell

    def decisive_lesion(self) -> LesionState | None:
        """Return the lesion that decides the state: by state, then by the later AF."""
        if self.line is None:
            return None
        order = STATES.index
        return min(
            self.line.lesions,
            key=lambda one: (one.state != self.state, order(one.state), -(self.af(one.post) or 0)),
        )


@dataclass(frozen=True, slots=True)
class PatientTest:
    """A result of another test.

    Attributes
    ----------
    test : OtherTest
    before : frozenset of int
        Numbers of the lines of therapy before which it was taken.
    changes : dict of str to ProteinChange
        By gene: the protein change that it names, in the catalogue's numbering.
    """

    test: OtherTest
    before: frozenset[int]
    changes: dict[str, protein.ProteinChange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """What the earlier stages say of a patient.

    `drugs` are those given between the samples compared; without pairs, all of the sheet.
    `lost_copies` are samples and genes with a loss of heterozygosity or of one of two copies,
    `unknown_copies` those without a call of copy number: no target of the gene can be used.
    `known_purity` are samples with a purity that does not rest on a driver alone.
    `therapies` are the lines of therapy with samples, `therapy` the one that is looked at.
    `lesions` are the tumour samples by lesion, as in compare.json; `without_tumour` are samples in
    which no tumour was detected; `failures` is what fails quality control, by sample; `damage` is
    the AF that damage of a kind (`core.damage_kinds`) reaches, by sample.
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
    without_tumour: frozenset[str] = frozenset()
    therapies: tuple[Therapy, ...] = ()
    therapy: Therapy | None = None
    sheet_samples: tuple[records.Sample, ...] = ()
    lost_copies: frozenset[tuple[str, str]] = frozenset()
    tests: tuple[PatientTest, ...] = ()
    unknown_copies: frozenset[tuple[str, str]] = frozenset()
    known_purity: frozenset[str] = frozenset()
    failures: Mapping[str, frozenset[str]] = field(default_factory=dict)
    damage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def foreign(self) -> frozenset[str]:
        """The samples that are another person's."""
        return frozenset(name for name, metrics in self.failures.items() if SWAP in metrics)

    def examined_copies(self, gene: str) -> bool:
        """Whether the copies of a gene, if any were examined, are known in a later sample."""
        known = [name for name in self.after() if (name, gene) not in self.unknown_copies]
        return self.copy_number_examined and bool(known)

    def unit(self, names: Sequence[str]) -> str:
        """Return what counts of some samples are of: fragments, molecules or both."""
        units = {
            one.samples[name].unit or "fragments"
            for one in self.alterations
            for name in names
            if name in one.samples and one.samples[name].dp
        }
        return " or ".join(sorted(units)) or "fragments"

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
