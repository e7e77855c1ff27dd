"""What other people's samples say of an allele: a germline resource, a panel of normals."""

from collections.abc import Iterator

import numpy as np
import pysam

from resistpanel.call.call_constants import (
    RECURS,
    UNLISTED,
    UNSTATED,
)
from resistpanel.core.allele import Allele, ambiguity, left_align_to, trim
from resistpanel.core.errors import InputError
from resistpanel.core.reference import Reference
from resistpanel.core.vcf_index import check_vcf_index, open_vcf


class Resource:
    """An indexed VCF of alleles, looked up one at a time.

    Alleles are compared after trimming and left-alignment, so that a record with several alleles,
    padded to the longest of them, is found. Contigs may be named with or without chr.

    Parameters
    ----------
    path : str
        bgzipped and indexed.
    field : str
        INFO field to read: AF of a germline resource, NORMALS of a panel of normals. A panel of
        normals without it counts the samples that carry the allele; one of sites alone lists
        what recurs.

    Raises
    ------
    InputError
        If it cannot be opened, is not indexed, or does not declare the field.
    """

    def __init__(self, path: str, field: str):
        self.path, self.field = str(path), field
        try:
            self._vcf = open_vcf(self.path)
            indexed = self._vcf.index is not None
        except (OSError, ValueError) as error:
            raise InputError("cannot be read as VCF", self.path, "check the file") from error
        if not indexed:
            raise InputError("has no index", self.path, "bgzip it and run tabix -p vcf")
        check_vcf_index(self.path)
        self._declared = field in self._vcf.header.info
        if not self._declared and field != "NORMALS":
            raise InputError(f"declares no INFO/{field}", self.path, "see docs/call.md")
        self._contigs = set(self._vcf.header.contigs)

    def lookup(self, allele: Allele, reference: Reference) -> float | None:
        """Return the field's value for an allele, None if the allele is not listed.

        Junctions are not looked up.
        """
        if allele.symbolic:
            return None
        contig = next((name for name in aliases(allele.contig) if name in self._contigs), None)
        if contig is None:
            return None
        start, end = ambiguity(allele, reference)
        for record in self._records(contig, max(0, start - 1), end + 1):
            for k, alt in enumerate(record.alts or ()):
                if len(alt) - len(record.ref) != allele.shift or set(alt.upper()) - set("ACGT"):
                    continue
                other = Allele(allele.contig, record.start, record.ref.upper(), alt.upper())
                other = trim(other)
                if allele.shift and (other.ref or other.alt):
                    other = left_align_to(other, reference)
                if other == allele:
                    return self._value(record, k)
        return None

    def _value(self, record: pysam.VariantRecord, k: int) -> float:
        """Return what a record says of its k-th allele."""
        if not self._declared:
            genotypes = [sample.get("GT") or () for sample in record.samples.values()]
            if not genotypes:
                return RECURS
            return float(sum(k + 1 in genotype for genotype in genotypes))
        value = record.info.get(self.field)
        if isinstance(value, tuple):
            value = value[k] if k < len(value) else None
        if value is None:
            return UNSTATED if self.field == "AF" else RECURS
        return float(value)

    def _records(self, contig: str, start: int, end: int) -> Iterator[pysam.VariantRecord]:
        """Yield the records that overlap [start, end)."""
        try:
            yield from self._vcf.fetch(contig, start, end)
        except (OSError, ValueError) as error:
            raise InputError(
                f"cannot be read at {contig}:{start + 1} ({error})",
                self.path,
                "bcftools sort it, bgzip it, and run tabix -f -p vcf",
            ) from None


def aliases(contig: str) -> tuple[str, ...]:
    """Return the names under which a contig is found: its own first, with chr and without."""
    if contig in ("M", "MT", "chrM", "chrMT"):
        return (contig, "MT", "chrM", "M")
    return (contig, contig[3:] if contig.startswith("chr") else f"chr{contig}")


def log_germline_prior(frequency: float | None) -> float:
    """Return the log prior that a person carries an allele of this population frequency.

    Hardy and Weinberg: one minus the chance of two other alleles.
    """
    if frequency is None:
        return float(np.log(UNLISTED))
    frequency = min(max(frequency, 1e-7), 1 - 1e-7)
    return float(np.log(1 - (1 - frequency) ** 2))


def pon_rows(candidates, normals: int, log_bayes_factor: np.ndarray) -> list[tuple]:
    """Return the alleles that recur in normals: (allele, indices of these normals, greatest AF).

    Parameters
    ----------
    candidates : list of Candidate
    normals : int
        Number of samples.
    log_bayes_factor : (candidates, normals)
        Of presence against absence.
    """
    rows = []
    for candidate, factors in zip(candidates, log_bayes_factor, strict=True):
        alts = np.array([s.alt for s in candidate.support])
        depths = np.array([max(s.total, 1) for s in candidate.support])
        seen = (alts >= 2) & (factors > np.log(10))
        if seen.sum() >= min(2, normals):
            af = float((alts / depths)[seen].max())
            rows.append((candidate.allele, np.flatnonzero(seen).tolist(), af))
    return rows
