"""Which patient of a run is in a control: carry-over, index hopping, contaminated reagents.

Counted are the alleles of the patients' germline substitutions in the control's reads. At a site at
which the control is homozygous for the reference, a patient with `g` copies of the allele who makes
up a fraction `c` of the DNA is expected to show it in `c g / 2` of the fragments.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pysam

from resistpanel.core.core_constants import MIN_MAPPING_QUALITY
from resistpanel.qc.qc_constants import (
    CARRYOVER_ERROR,
    CARRYOVER_EVIDENCE,
    CARRYOVER_FRACTION,
    CARRYOVER_LEAST_ALLELES,
    CARRYOVER_LEAST_SITES,
    CARRYOVER_MARGIN,
    MIN_BASE_QUALITY,
    NTC_DEPTH,
    NTC_FRACTION,
    OWN_ALLELE,
)

#: Flags of reads that are not counted.
EXCLUDED = pysam.FUNMAP | pysam.FSECONDARY | pysam.FQCFAIL | pysam.FDUP | pysam.FSUPPLEMENTARY
#: Fractions of foreign DNA that are tried, besides none.
GRID = np.geomspace(1e-4, 1.0, 161)


@dataclasses.dataclass(frozen=True)
class Site:
    """A germline substitution of the cohort; `pos` is 1-based."""

    chrom: str
    pos: int
    ref: str
    alt: str


@dataclasses.dataclass(frozen=True)
class Origin:
    """A patient whose alleles are in a control.

    Attributes
    ----------
    patient : str
    fraction, low, high : float
        Of the control's DNA, with the interval of a likelihood within 2 units of its maximum.
    evidence : float
        Log10 likelihood ratio against none.
    sites : int
        Informative sites: the control is homozygous for the reference, the patient is not.
    shown : int
        Of these, with two fragments or more of the allele.
    """

    patient: str
    fraction: float
    low: float
    high: float
    evidence: float
    sites: int
    shown: int


def sites_of(genotypes: Mapping[str, Mapping[str, int]]) -> list[Site]:
    """Return the substitutions among the sites of patients' genotypes, in order."""
    names = {name for one in genotypes.values() for name in one}
    split = (name.split(":") for name in sorted(names))
    return [Site(c, int(p), r, a) for c, p, r, a in split if len(r) == len(a) == 1]


def patient_genotypes(sites: Sequence[str], samples: Mapping[str, str]) -> dict[str, int]:
    """Return a patient's copies of each allele, of the first sample that shows each site.

    Parameters
    ----------
    sites : sequence of str
        Of copynumber.json: ``chrom:pos:ref:alt``.
    samples : mapping of str to str
        Genotypes by sample, the normal first.
    """
    found = {}
    for number, name in enumerate(sites):
        seen = [text[number] for text in samples.values() if text[number] != "."]
        if seen:
            found[name] = int(seen[0])
    return found


def allele_counts(path: str, reference: str | None, sites: Sequence[Site]) -> np.ndarray:
    """Return fragments with reference, allele and either other base at each site, (sites, 3).

    Both mates of a fragment count once; where they disagree it does not count.
    """
    found = np.zeros((len(sites), 3), dtype=np.int64)
    with pysam.AlignmentFile(path, reference_filename=reference) as bam:
        known = set(bam.references)
        for row, site in enumerate(sites):
            if site.chrom not in known:
                continue
            bases: dict[str, str] = {}
            for read in bam.fetch(site.chrom, site.pos - 1, site.pos):
                if read.flag & EXCLUDED or read.mapping_quality < MIN_MAPPING_QUALITY:
                    continue
                if base := base_at(read, site.pos - 1):
                    first = bases.setdefault(read.query_name, base)
                    bases[read.query_name] = base if first == base else "N"
            for base in bases.values():
                if base != "N":
                    found[row, {site.ref: 0, site.alt: 1}.get(base, 2)] += 1
    return found


def base_at(read: pysam.AlignedSegment, position: int) -> str | None:
    """Return a read's base at a 0-based position if it is of quality 20 or more."""
    at, where = read.reference_start, 0
    for operation, length in read.cigartuples or ():
        if operation in (0, 7, 8):
            if at <= position < at + length:
                where += position - at
                quality = read.query_qualities
                if quality is not None and quality[where] < MIN_BASE_QUALITY:
                    return None
                return read.query_sequence[where].upper()
            at, where = at + length, where + length
        elif operation in (1, 4):
            where += length
        elif operation in (2, 3):
            at += length
    return None


def error_rate(counts: np.ndarray) -> float:
    """Return the rate of one wrong base: half that of the two bases that no patient has."""
    depth = counts.sum()
    return max(float((counts[:, 2].sum() + 0.5) / (2 * (depth + 1))), CARRYOVER_ERROR)


def origins(
    sites: Sequence[Site], counts: np.ndarray, genotypes: Mapping[str, Mapping[str, int]]
) -> list[Origin]:
    """Return every patient's fraction of a control, the likeliest first.

    Parameters
    ----------
    sites : sequence of Site
    counts : ndarray of int, (sites, 3)
        See `allele_counts`.
    genotypes : mapping
        Copies of each allele by patient and site, see `patient_genotypes`.
    """
    depth, alt = counts.sum(1), counts[:, 1]
    error = error_rate(counts)
    clean = (depth > 0) & (alt < OWN_ALLELE * np.maximum(depth, 1))
    found = []
    for patient, known in genotypes.items():
        copies = np.array([known.get(f"{s.chrom}:{s.pos}:{s.ref}:{s.alt}", 0) for s in sites])
        used = clean & (copies > 0)
        k, n, g = alt[used], depth[used], copies[used] / 2
        expected = np.clip(GRID[:, None] * g + error, 1e-9, 1 - 1e-9)
        log = (k * np.log(expected) + (n - k) * np.log1p(-expected)).sum(1)
        none = float((k * np.log(error) + (n - k) * np.log1p(-error)).sum())
        best = int(log.argmax())
        inside = GRID[log >= log[best] - 2]
        found.append(
            Origin(
                patient, float(GRID[best]), float(inside[0]), float(inside[-1]),
                float((log[best] - none) / np.log(10)), int(used.sum()), int((k >= 2).sum()),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: -one.evidence)


def named(found: Sequence[Origin]) -> list[Origin]:
    """Return the patients that are in a control beyond doubt.

    Alleles that patients share make others likely, too: only those are named that come within a
    margin of the likeliest, be that one sure or not.
    """
    sure = [
        one for one in found
        if one.evidence >= CARRYOVER_EVIDENCE and one.fraction >= CARRYOVER_FRACTION
        and one.sites >= CARRYOVER_LEAST_SITES and one.shown >= CARRYOVER_LEAST_ALLELES
    ]  # fmt: skip
    return [one for one in sure if one.evidence >= found[0].evidence - CARRYOVER_MARGIN]


def judge(
    name: str, role: str, counts: np.ndarray, found: Sequence[Origin], usual: float | None
) -> tuple[bool, str]:
    """Return whether a control passes, and the sentence.

    Parameters
    ----------
    name, role : str
        Sample; ``ntc`` or ``control``.
    counts : ndarray of int, (sites, 3)
    found : sequence of Origin
        See `origins`.
    usual : float or None
        Median depth of a library with DNA at the sites, for ``ntc``; None: not known.
    """
    depth = float(np.median(counts.sum(1))) if len(counts) else 0.0
    texts = [
        f"{100 * one.fraction:.2g} % of the DNA ({100 * one.low:.2g} to {100 * one.high:.2g} %) is "
        f"of patient {one.patient}: its alleles are seen at {one.shown} of {one.sites} sites at "
        f"which {name} is homozygous for the reference"
        for one in named(found)
    ]
    most_depth = max(NTC_DEPTH, NTC_FRACTION * (usual or 0.0))
    if role == "ntc" and depth > most_depth:
        texts.append(
            f"no-template control with a median depth of {depth:g} fragments, "
            f"at most {most_depth:g} are expected"
        )
    most = max((one.sites for one in found), default=0)
    if role == "control" and most < CARRYOVER_LEAST_SITES:
        return True, f"{name}: carry-over not assessable: {most} informative sites at most"
    if not texts:
        return True, f"{name}: passed, no patient of the run is found in it"
    return False, f"{name}: {'; '.join(texts)}"


def results_of(
    controls: Sequence[tuple[str, str, str]],
    cohort: Mapping[str, Mapping[str, int]],
    reference: str | None = None,
) -> list[dict]:
    """Return what is in each control.

    Parameters
    ----------
    controls : sequence of (name, role, BAM)
    cohort : mapping
        Copies of each allele by patient and site.
    reference : str, optional

    Returns
    -------
    list of dict
        ``control``, ``role``, ``passed``, ``text``, ``median_depth``, ``error_rate``, ``patients``
        (named ones, as `Origin`).
    """
    sites, found = sites_of(cohort), []
    counts = {name: allele_counts(path, reference, sites) for name, _, path in controls}
    depths = {name: float(np.median(one.sum(1))) for name, one in counts.items()}
    usual = max((depths[name] for name, role, _ in controls if role == "control"), default=None)
    for name, role, _ in controls:
        compared = origins(sites, counts[name], cohort)
        passed, text = judge(name, role, counts[name], compared, usual)
        found.append({
            "control": name, "role": role, "passed": passed, "text": text,
            "median_depth": depths[name],
            "error_rate": error_rate(counts[name]),
            "patients": [dataclasses.asdict(one) for one in named(compared)],
        })  # fmt: skip
    return found
