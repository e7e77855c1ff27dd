"""The knowledge against which a patient is read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from resistpanel.catalog.cancer_genes import CancerGene, load_cancer_genes
from resistpanel.catalog.citations import Citation, load_citations
from resistpanel.catalog.classes import (
    Activating,
    Diseases,
    load_activating,
    load_diseases,
    load_inactivating,
    load_recurrent,
)
from resistpanel.catalog.drivers import Driver, load_drivers
from resistpanel.catalog.homologous import Homologous, load_homologous
from resistpanel.catalog.options import Option, load_options
from resistpanel.catalog.pathway import Pathway, load_pathway
from resistpanel.catalog.table import Catalog, load_catalog


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a catalogue folder holds."""

    catalog: Catalog
    drivers: list[Driver]
    activating: list[Activating]
    diseases: Diseases
    pathway: Pathway
    options: list[Option]
    citations: dict[str, Citation] = field(default_factory=dict)
    inactivating: list[Activating] = field(default_factory=list)
    recurrent: list[Activating] = field(default_factory=list)
    homologous: list[Homologous] = field(default_factory=list)
    cancer_genes: list[CancerGene] = field(default_factory=list)


def load_context(
    folder: str | Path | None = None,
    user: Iterable[str | Path] = (),
    drugs: str | Path | None = None,
) -> Context:
    """Read a catalogue folder (by default the shipped one), and the user's rows and drugs."""
    catalog = load_catalog(folder, user, drugs)
    return Context(
        catalog,
        load_drivers(folder, catalog.drugs),
        load_activating(folder),
        load_diseases(folder),
        load_pathway(folder),
        load_options(folder, catalog.drugs),
        load_citations(folder),
        load_inactivating(folder),
        load_recurrent(folder),
        load_homologous(folder),
        load_cancer_genes(folder),
    )
