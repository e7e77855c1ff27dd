"""When two samples are of one person, and when of two: one rule for a patient and a cohort."""

import dataclasses

import numpy as np

from resistpanel.core.errors import InputError
from resistpanel.core.parameters import setting


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits on the fraction of discordant sites.

    Attributes
    ----------
    least_sites : float
        Informative sites from which samples can be said to be of one person.
    same : float
        Discordant fraction up to which they are.
    different : float
        Discordant fraction from which they are of two persons.
    least_discordant : float
        Discordant sites from which they are of two persons, however few sites there are.
    """

    least_sites: float = setting(8, unit="sites", origin="judgement")
    same: float = setting(0.05, unit="1", origin="judgement")
    different: float = setting(0.1, unit="1", origin="judgement")
    least_discordant: float = setting(3, unit="sites", origin="judgement")

    def __post_init__(self) -> None:
        if not 0 <= self.same < self.different <= 1:
            raise InputError(
                f"same ({self.same:g}) must be below different ({self.different:g}), in 0 to 1",
                "key 'identity'",
            )

    def are_different(self, sites: np.ndarray, discordant: np.ndarray) -> np.ndarray:
        """Return whether samples are of two persons, bool, of the shape of the counts."""
        return (discordant >= self.different * sites) & (discordant >= self.least_discordant)

    def are_same(self, sites: np.ndarray, discordant: np.ndarray) -> np.ndarray:
        """Return whether samples are of one person, bool, of the shape of the counts."""
        return (
            (sites >= self.least_sites)
            & (discordant <= self.same * sites)
            & ~self.are_different(sites, discordant)
        )


DEFAULT = Limits()
