"""``dossier.json``: what was measured of a built assay, on its normals and reference material."""

from typing import Literal

from msgspec import field

from resistpanel.records.assay import AssayUsed, ReadKind
from resistpanel.records.base import Count, Fraction, Number, Position, Record
from resistpanel.records.pack import KnownAllele, PackFigures
from resistpanel.records.validation import CalledAllele, RecallAtAf, RecallAtLod, Spiked


class Conditions(Record):
    """What was asked for."""

    reference: str
    sites: Count
    """Variants to spike into a normal, at most."""
    passes: Count
    replicates: Count
    seed: Count
    tumor_share: Fraction
    """Of a normal's fragments, those of the tumour."""
    ladder: tuple[Fraction, ...]
    """AFs."""


class NormalFigures(Record):
    """One normal, split into a normal and a tumour."""

    sample: str
    of_assay: bool
    """Whether the assay was built from it; its panel of normals is then counted without it."""
    depth_normal: Number
    depth_tumor: Number
    """Median at the sites, fragments or molecules."""
    sites: Count
    """Variants spiked in; 0: false calls alone were counted."""
    lod_median: Fraction | None
    """Of the stated LODs."""
    lod_of_whole: Fraction | None
    """Least LOD at the normal's whole depth; computed, not measured."""
    at_lod_found: Count
    at_lod_of: Count
    """Variants spiked in at the stated LOD."""
    false_calls: Count
    """Before anything was spiked in."""
    called_bases: Position
    """Padding included."""


class ClassLimit(Record):
    """Limit of detection of a class of variants, over all normals."""

    kind: str = field(name="class")
    sites: Count
    """Sites and normals for which a limit was asked."""
    stated: Count
    """Of these, with a limit."""
    lod_low: Fraction | None
    lod_median: Fraction | None
    lod_high: Fraction | None
    """5th percentile, median and 95th percentile of the stated limits."""
    found_at_lod: Count
    of_at_lod: Count
    low_at_lod: Fraction
    high_at_lod: Fraction
    """95 % interval of the fraction found at the stated limit."""
    detected_from: Fraction | None
    """Lowest AF of the ladder from which on 95 % or more were found at every AF; null: none."""


class FalseCallRate(Record):
    """Calls between two parts of one normal."""

    normals: Count
    calls: Count
    megabases: Number
    """Over all normals, padding included."""
    per_megabase: Number
    low: Number
    high: Number
    """95 % Poisson interval (Garwood 1936)."""


class FalseCallOf(CalledAllele):
    """A false call."""

    normal: str


class Agreement(Record):
    """Replicates: the same variants in other fragments of the same normals."""

    kind: str = field(name="class")
    af: Fraction
    variants: Count
    """Variants and normals."""
    replicates: Count
    """Of each."""
    found: Count
    of: Count
    in_all: Count
    in_none: Count
    agreement: Fraction | None
    """Pairs of replicates with the same outcome."""
    af_cv: Number | None
    """Median over variants that all replicates show of the coefficient of variation of the AF."""
    af_ratio: Number | None
    """Mean of called to wanted AF."""


class Interference(Record):
    """Variants at one AF under a condition that may disturb their detection."""

    condition: Literal["none", "contamination", "tumor_in_normal", "fewer_fragments"]
    level: Fraction
    """Fraction of another person's DNA, of the tumour's in the normal, or of fragments kept."""
    af: Fraction
    found: Count
    of: Count
    low: Fraction
    high: Fraction
    """95 % interval of the fraction found."""
    lost: Count
    """Found without the condition, and not with it."""
    gained: Count
    false_calls: Count


class MaterialFigures(Record):
    """Reference material, called with the assay."""

    name: str
    title: str
    complete: bool
    """Whether every other call is false."""
    as_expected: bool
    figures: PackFigures
    rows: tuple[KnownAllele, ...]


class MaterialAgreement(Record):
    """Libraries of the same material."""

    materials: tuple[str, ...]
    alleles: Count
    in_all: Count
    in_none: Count
    agreement: Fraction | None
    """Pairs of libraries with the same outcome."""
    af_cv: Number | None
    """Median of the coefficient of variation of the AF over the libraries."""


class PutIn(Spiked):
    """A variant that was spiked into a normal."""

    section: Literal["recall", "replicate", "interference"]
    run: str
    """Of its files: ``<normal>/<run>.vcf.gz`` in the folder of ``--work``."""
    normal: str


class Dossier(Record):
    """Validation of a built assay."""

    schema: Literal["resistpanel/dossier/1"]
    version: str
    """Of resistpanel."""
    created: str
    """ISO 8601, UTC."""
    assay: AssayUsed
    kind: ReadKind
    conditions: Conditions
    normals: tuple[NormalFigures, ...]
    limits: tuple[ClassLimit, ...]
    recall: tuple[RecallAtAf, ...]
    lod_curve: tuple[RecallAtLod, ...]
    false_calls: FalseCallRate
    false_rows: tuple[FalseCallOf, ...]
    reproducibility: tuple[Agreement, ...]
    interference: tuple[Interference, ...]
    material: tuple[MaterialFigures, ...]
    material_agreement: tuple[MaterialAgreement, ...]
    rows: tuple[PutIn, ...]
