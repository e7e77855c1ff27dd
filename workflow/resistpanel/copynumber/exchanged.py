"""Signs that the normal and a tumour were exchanged: a sensitising driver in the normal."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.catalog import protein
from resistpanel.catalog.drivers import Driver
from resistpanel.copynumber.allele_counts import Sites
from resistpanel.copynumber.copynumber_constants import (
    ABSENT,
    INHERITED,
    INHERITED_SD,
    LEAST_DEPTH,
)


@dataclasses.dataclass(frozen=True)
class InNormal:
    """A driver in the normal that does not look inherited.

    Attributes
    ----------
    name : str
        Gene and protein change.
    frequency : float
        Allele frequency in the normal.
    absent : tuple of str
        Tumours that lack it: an inherited variant would be in all samples.
    """

    name: str
    frequency: float
    absent: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return what was seen, in words."""
        lacking = f", not in {' and '.join(self.absent)}" if self.absent else ""
        return f"{self.name} in {100 * self.frequency:.3g} % of the normal's fragments{lacking}"


def driver_in_normal(
    sites: Sites, drivers: Sequence[Driver], normal: str | None, tumors: Sequence[str]
) -> InNormal | None:
    """Return the driver with the highest AF in the normal that is not an inherited variant's.

    An inherited allele is in half or all of the fragments of a normal, and in every sample.
    Germline variants at residues of drivers exist (EGFR T790M, RET M918T) and are not reported.

    Parameters
    ----------
    sites : Sites
    drivers : sequence of Driver
        Those that the patient's disease may have.
    normal : str or None
    tumors : sequence of str
    """
    if normal is None:
        return None
    column, found = sites.column(normal), []
    hotspots = [d for d in drivers if d.change or d.codon or d.span]
    genes = {driver.gene for driver in hotspots}
    called = sites.detected[:, column] & np.isin(sites.model, ("germline", "somatic"))
    called &= sites.depth[:, column] >= LEAST_DEPTH
    for row in np.flatnonzero(called & np.isin(sites.gene, list(genes))):
        changes = [change for change in map(protein.parse, sites.protein[row]) if change]
        gene = str(sites.gene[row])
        if not any(d.gene == gene and d.matches_change(c) for d in hotspots for c in changes):
            continue
        depth, af = sites.depth[row], sites.frequency[row]
        margin = INHERITED_SD * np.sqrt(af[column] * (1 - af[column]) / depth[column])
        other = af[column] + margin < INHERITED[0] or af[column] - margin > INHERITED[1]
        absent = tuple(
            name for name, i in ((name, sites.column(name)) for name in tumors)
            if depth[i] >= LEAST_DEPTH and not sites.detected[row, i] and af[i] < ABSENT
        )  # fmt: skip
        if other or absent:
            name = f"{gene} {','.join(sites.protein[row])}"
            found.append(InNormal(name, float(af[column]), absent))
    return max(found, key=lambda one: one.frequency, default=None)
