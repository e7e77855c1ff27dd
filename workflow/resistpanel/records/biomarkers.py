"""``results/biomarkers/{patient}.json``: tumour mutational burden and microsatellites."""

from typing import Literal

from resistpanel.records.base import Copies, Count, Fraction, Number, Record, Text


class Burden(Record):
    """Tumour mutational burden of a sample."""

    mutations: Count
    """Somatic coding substitutions and short indels, synonymous ones included, at the AF limit or
    above; catalogued alleles are left out."""
    coding_mb: Copies
    """Coding megabases of the targets at the depth limit or above in tumour and normal."""
    per_mb: Copies | None
    """null: not reported."""
    low: Copies | None
    """Of the exact 95 % Poisson interval, per Mb."""
    high: Copies | None
    af_limit: Fraction
    """Lowest allele frequency that is counted."""
    depth_limit: Count
    """Fragments of the tumour from which a base counts."""
    text: Text


class Hypermutation(Record):
    """Whether the substitutions look like those of an alkylating agent."""

    substitutions: Count
    """Somatic ones that are counted."""
    c_to_t_outside_cpg: Count
    """C>T (or G>A) that are not followed by G."""
    fraction: Fraction | None
    low: Fraction | None
    """Of the 95 % Jeffreys interval."""
    high: Fraction | None
    status: Literal["alkylating", "ultraviolet or alkylating", "none", "not assessable"]
    text: Text


class UnstableSite(Record):
    """A microsatellite with lengths that the normal lacks."""

    site: Text
    """Position (1-based) and repeat of the reference: ``chr1:170362151 11xT``."""
    new_fraction: Number
    """Excess over the normal of fragments with such lengths."""
    q: Fraction
    """Benjamini-Hochberg over the informative sites."""


class Microsatellites(Record):
    """Microsatellite instability of a sample."""

    sites: Count
    """Microsatellites of the panel."""
    informative: Count
    """Of these, with enough spanning fragments in tumour and normal."""
    unstable: Count
    differing: Count
    """Whose distributions of lengths differ at all (the criterion of MSIsensor), loss of an
    inherited length included."""
    share: Fraction | None
    """Unstable of the informative ones."""
    low: Fraction | None
    """Of the exact 95 % interval."""
    high: Fraction | None
    status: Literal["MSI-high", "stable", "undetermined", "not assessable"]
    unstable_sites: tuple[UnstableSite, ...]
    text: Text


class SampleBiomarkers(Record):
    """Biomarkers of a tumour or plasma sample."""

    burden: Burden
    hypermutation: Hypermutation
    microsatellites: Microsatellites


class Biomarkers(Record):
    """Tumour mutational burden, hypermutation and microsatellite instability."""

    schema: Literal["resistpanel/biomarkers/1"]
    patient: str
    samples: dict[str, SampleBiomarkers]
    """Tumour and plasma samples."""
