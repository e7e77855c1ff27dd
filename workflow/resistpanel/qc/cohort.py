"""Samples of all patients compared with each other: swaps between patients found and named.

Samples agree where one has an allele on all copies and the other has it at all. An allele that a
patient's file does not list was seen in none of the patient's samples; as all patients are
sequenced with one panel it counts as absent.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from resistpanel.core.errors import InputError
from resistpanel.qc.identity_limits import DEFAULT, Limits
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.identity import IdentityFinding, Pairs


@dataclasses.dataclass(frozen=True)
class Cohort:
    """Genotypes of all samples over the union of the patients' sites.

    Attributes
    ----------
    patient, sample : list of str
        Of each row.
    absent, carried, twice : ndarray of bool, (samples, sites)
        The allele is absent; is there; is there on all copies. None where the depth is too low.
    """

    patient: list[str]
    sample: list[str]
    absent: np.ndarray
    carried: np.ndarray
    twice: np.ndarray

    def name(self, row: int) -> str:
        """Return ``sample 'S' of patient 'P'``."""
        return f"sample '{self.sample[row]}' of patient '{self.patient[row]}'"


def gather(values: Sequence[tuple[CopyNumber, str]]) -> Cohort:
    """Return the cohort of several ``copynumber/{patient}.json``.

    Parameters
    ----------
    values : sequence of (CopyNumber, str)
        Each with the name of its file, for messages.

    Raises
    ------
    InputError
        If a patient is given twice.
    """
    index: dict[str, int] = {}
    seen: dict[str, str] = {}
    for value, where in values:
        if value.patient in seen:
            raise InputError(
                f"patient '{value.patient}' is also in {seen[value.patient]}",
                where,
                "give each patient once",
            )
        seen[value.patient] = where
        for site in value.identity.genotypes.sites:
            index.setdefault(site, len(index))
    patients, samples, absent, carried, twice = [], [], [], [], []
    for value, _ in values:
        genotypes = value.identity.genotypes
        columns = np.array([index[site] for site in genotypes.sites], dtype=int)
        for sample, text in genotypes.samples.items():
            calls = np.array(list(text), dtype="<U1")
            here = np.ones(len(index), bool)
            here[columns] = calls == "0"
            some, full = np.zeros(len(index), bool), np.zeros(len(index), bool)
            some[columns] = (calls == "1") | (calls == "2")
            full[columns] = calls == "2"
            patients.append(value.patient)
            samples.append(sample)
            absent.append(here)
            carried.append(some)
            twice.append(full)
    shape = (len(samples), len(index))
    tables = (np.array(table, dtype=bool).reshape(shape) for table in (absent, carried, twice))
    return Cohort(patients, samples, *tables)


def discordance(cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Return (sites, discordant sites) of every pair of samples, int (samples, samples)."""
    twice = cohort.twice.astype(np.float32)
    apart = twice @ cohort.absent.astype(np.float32).T
    # Too little depth at a site: it is not informative for this pair.
    sites = twice @ (cohort.absent | cohort.carried).astype(np.float32).T
    return (sites + sites.T).astype(int), (apart + apart.T).astype(int)


@dataclasses.dataclass(frozen=True)
class Tested:
    """Which pairs of samples could be compared.

    Attributes
    ----------
    within, between : Pairs
        Of samples of one patient, and of different patients.
    untested : tuple of (str, str)
        (patient, sample) of samples that could be compared with no other.
    """

    within: Pairs
    between: Pairs
    untested: tuple[tuple[str, str], ...]


def tested(cohort: Cohort, limits: Limits = DEFAULT) -> Tested:
    """Return which pairs of samples share enough sites for an answer."""
    sites, apart = discordance(cohort)
    judged = limits.are_same(sites, apart) | limits.are_different(sites, apart)
    np.fill_diagonal(judged, False)
    patient = np.array(cohort.patient)
    own = patient[:, None] == patient[None, :]
    upper = np.triu(np.ones(own.shape, bool), k=1)
    within, between = (
        Pairs(pairs=int(kind.sum()), judged=int((kind & judged).sum()))
        for kind in (upper & own, upper & ~own)
    )
    alone = np.flatnonzero(~judged.any(axis=1))
    return Tested(
        within, between, tuple((cohort.patient[row], cohort.sample[row]) for row in alone)
    )


def find(cohort: Cohort, limits: Limits = DEFAULT) -> list[IdentityFinding]:
    """Return the samples that agree with another patient, or not with their own.

    Parameters
    ----------
    cohort : Cohort
    limits : Limits

    Returns
    -------
    list of IdentityFinding
    """
    sites, apart = discordance(cohort)
    same = limits.are_same(sites, apart)
    different = limits.are_different(sites, apart)
    patient = np.array(cohort.patient)
    own = patient[:, None] == patient[None, :]
    # A sample is odd if it disagrees with more of its patient's other samples than it agrees with.
    odd: dict[int, str | None] = {}
    for row in range(len(patient)):
        mates = own[row] & (np.arange(len(patient)) != row)
        if (different[row] & mates).sum() <= (same[row] & mates).sum():
            continue
        others = [
            name
            for name in dict.fromkeys(patient[~own[row] & same[row]])
            if (same[row] & (patient == name)).sum() >= (different[row] & (patient == name)).sum()
        ]
        odd[row] = str(others[0]) if others else None
    found, done = [], set()
    for row, home in odd.items():
        if row in done or home is None:
            continue
        # A sample whose own patient the other one's matches: they changed places.
        partner = next(
            (
                other
                for other, theirs in odd.items()
                if patient[other] == home and theirs == patient[row] and other not in done
            ),
            None,
        )
        if partner is not None:
            done |= {row, partner}
            text = f"{cohort.name(row)} and {cohort.name(partner)} are exchanged"
            found.append(_finding("swap", cohort, [row, partner], text))
        else:
            done.add(row)
            text = f"{cohort.name(row)} is of patient '{home}'"
            found.append(_finding("other_patient", cohort, [row], text))
    for row in (row for row, home in odd.items() if home is None):
        # Of two samples that disagree with each other alone, one is enough to be named.
        if any(mate not in done for mate in np.flatnonzero(own[row] & different[row])):
            done.add(row)
            text = f"{cohort.name(row)} is of none of the patients, by its genotypes"
            found.append(_finding("unknown_person", cohort, [row], text))
    names = list(dict.fromkeys(cohort.patient))
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            block = same[np.ix_(patient == first, patient == second)]
            if block.all():
                text = f"patients '{first}' and '{second}' are one person, by their genotypes"
                rows = [int(np.flatnonzero(patient == name)[0]) for name in (first, second)]
                found.append(_finding("same_person", cohort, rows, text))
    return found


def _finding(kind: str, cohort: Cohort, rows: list[int], text: str) -> IdentityFinding:
    samples = tuple((cohort.patient[row], cohort.sample[row]) for row in rows)
    return IdentityFinding(kind=kind, samples=samples, text=text)
