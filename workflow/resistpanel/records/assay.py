"""``assay.yaml``: an assay as `resistpanel assay build` pins it."""

from typing import Annotated, Literal

from resistpanel.records.base import Copies, Count, Fraction, Meta, Position, Record, Text

Name = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class AssayUsed(Record):
    """An assay as results name it."""

    name: str
    version: str
    sha256: Sha256
    """Digest of its ``assay.yaml``."""


class AssayNormal(Record):
    """A normal that the assay was built from."""

    sample: Text
    bam: str
    """Path when the assay was built."""
    content: str
    """Digest of the BAM."""
    mean_depth: Copies
    """Fragments or molecules, over all targets."""
    overdispersion: Fraction
    """rho of its allele counts."""
    heterozygous_sites: Count
    """Sites that rho was estimated from."""


class ReadKind(Record):
    """What all normals' reads are."""

    library: Literal["capture", "amplicon"]
    reads: Literal["raw", "marked", "simplex", "duplex"]
    families: Literal["none", "single", "duplex"]
    """Whether reads are grouped into molecules by UMI."""

    @property
    def molecular(self) -> bool:
        """Whether a fragment is a molecule."""
        return self.reads in ("simplex", "duplex") or self.families != "none"


class Settings(Record):
    """What the assay sets in a run; the configuration may not state otherwise."""

    given: dict[Literal["library", "reads", "umi", "consensus"], str]
    """Keys of the block `assay` that are not detected from the reads."""
    padding: Count | None
    """Bases on either side of every target; null: by library."""
    index_hopping: Fraction | None
    """Highest rate between a patient's libraries; null: the default."""
    primers: str | None
    """File of the folder."""
    qc: dict[str, float | None]
    """Every threshold of the quality gate; null: the row is off."""
    copynumber: dict[str, float | None]
    """Every threshold of the gate on the patient's samples; null: the row is off."""


class Overdispersion(Record):
    """rho of the beta-binomial of allele counts."""

    median: Fraction
    """Over the normals."""
    low: Fraction
    high: Fraction
    """Lowest and highest of the normals."""
    heterozygous_sites: Count
    """Of all normals."""


class Priors(Record):
    """What the caller assumes of a further sample before it counts its reads."""

    quality: tuple[Fraction, ...]
    """Mismatches per base, by quality group."""
    stutter: tuple[tuple[Fraction, Fraction], ...]
    """Chance of one base less, one more, by length of the homopolymer."""
    overdispersion: Overdispersion


class Material(Record):
    """Reference material: a pack, whose folder is copied without reads."""

    name: Text
    title: str
    folder: str
    """In the assay's folder."""
    alleles: Count
    """Present ones."""
    reads: dict[str, Sha256]
    """SHA-256 by file."""


class BuiltAssay(Record):
    """An assay with its version: settings, priors and files, and what they were made from."""

    schema: Literal["resistpanel/assay/1"]
    name: Name
    version: Name
    created: str
    """ISO 8601, UTC."""
    resistpanel: str
    """Version that built it."""
    build: Literal["hg19", "hg38"] | None
    reference: Sha256
    """Of the reference's bases at the targets."""
    target_bases: Position
    kind: ReadKind
    settings: Settings
    priors: Priors
    normals: Annotated[tuple[AssayNormal, ...], Meta(min_length=3)]
    recurrent: Count
    """Alleles of the panel of normals."""
    material: tuple[Material, ...]
    files: dict[str, Sha256]
    """SHA-256 of the other files of the folder."""
    digest: Sha256
    """SHA-256 of all of the above."""

    @property
    def title(self) -> str:
        """Return name and version, as runs name the assay."""
        return f"{self.name} {self.version}"
