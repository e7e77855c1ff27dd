"""Counts at germline and somatic alleles, from the annotated VCF."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resistpanel.call.model.contamination import Fraction
from resistpanel.copynumber.copynumber_constants import HETEROZYGOUS, LEAST_DEPTH
from resistpanel.core.errors import InputError
from resistpanel.core.vcf import Call, CallVcf

NEEDED = ("AD", "DET")


@dataclasses.dataclass(frozen=True)
class Sites:
    """Substitutions of the VCF with their counts; rows are alleles.

    Attributes
    ----------
    samples : list of str
        Columns, in the order of the VCF.
    chrom, ref, alt, gene, model : ndarray of str
    pos : ndarray of int
        1-based.
    passed : ndarray of bool
        Whether it is a somatic call (FILTER PASS).
    ref_count, alt_count : ndarray of int, (alleles, samples)
        Fragments.
    detected : ndarray of bool, (alleles, samples)
    protein : list of tuple of str
        Short protein changes, as ``V600E``.
    filters : list of tuple of str
    snv : ndarray of bool
    """

    samples: list[str]
    chrom: np.ndarray
    pos: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    gene: np.ndarray
    model: np.ndarray
    passed: np.ndarray
    ref_count: np.ndarray
    alt_count: np.ndarray
    detected: np.ndarray
    protein: list[tuple[str, ...]]
    filters: list[tuple[str, ...]]
    snv: np.ndarray

    def __len__(self) -> int:
        return len(self.pos)

    @property
    def depth(self) -> np.ndarray:
        """Informative fragments, (alleles, samples)."""
        return self.ref_count + self.alt_count

    @property
    def frequency(self) -> np.ndarray:
        """Allele frequency, (alleles, samples); NaN where there is no fragment."""
        depth = self.depth
        return np.where(depth > 0, self.alt_count / np.maximum(depth, 1), np.nan)

    def column(self, sample: str) -> int:
        """Return the column of a sample."""
        return self.samples.index(sample)

    def take(self, rows: np.ndarray) -> "Sites":
        """Return some rows."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        values = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "samples":
                values[field.name] = value
            elif isinstance(value, list):
                values[field.name] = [value[i] for i in rows]
            else:
                values[field.name] = value[rows]
        return Sites(**values)


def read_contamination(
    path: str | Path, samples: Sequence[str], normal: str | None
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return the estimates that ``resistpanel call`` wrote into its VCF's header.

    Parameters
    ----------
    path : path
        VCF of ``resistpanel annotate`` or ``call``.
    samples : sequence of str
    normal : str or None
        The matched normal; without it nothing is estimated.

    Returns
    -------
    contamination, tumor_in_normal : dict of str to Fraction
        By sample, and by tumour.

    Raises
    ------
    InputError
        If an estimate is missing or cannot be read.
    """
    if normal is None:
        return {}, {}
    parameters = CallVcf(path, NEEDED, "resistpanel annotate").parameters

    def read(kind: str, sample: str) -> Fraction:
        name = f"{kind}_{sample}"
        try:
            return Fraction.parse(parameters[name])
        except (KeyError, ValueError) as error:
            raise InputError(
                f"##resistpanel_{name} is missing or cannot be read",
                str(path),
                "run `resistpanel call` and `resistpanel annotate` again",
            ) from error

    tumors = [name for name in samples if name != normal]
    return (
        {name: read("contamination", name) for name in samples},
        {name: read("tumor_in_normal", name) for name in tumors},
    )


def read_sites(path: str | Path, samples: list[str]) -> Sites:
    """Read the alleles that a sample shows.

    Alleles that were genotyped because they were asked for and found nowhere are left out.

    Parameters
    ----------
    path : path
        VCF of ``resistpanel annotate``: without genes no purity could be estimated.
    samples : list of str
        The samples of the sheet, all of which the VCF must have.

    Raises
    ------
    InputError
        If it is not annotated, or lacks a sample.
    """
    vcf = CallVcf(path, NEEDED, "resistpanel annotate")
    if "##INFO=<ID=GENE," not in vcf.header:
        raise InputError("is not annotated", str(path), "run `resistpanel annotate` on it")
    absent = [name for name in samples if name not in vcf.samples]
    if absent:
        raise InputError(f"has no sample '{absent[0]}'", str(path), "give the patient's own VCF")
    rows = [_row(call) for call in vcf if "absent" not in call.filters]
    count = len(vcf.samples)

    def text(name: str) -> np.ndarray:
        return np.array([row[name] for row in rows], dtype=str)

    def table(name: str, kind: type) -> np.ndarray:
        return np.array([row[name] for row in rows], dtype=kind).reshape(len(rows), count)

    return Sites(
        samples=list(vcf.samples),
        chrom=text("chrom"),
        pos=np.array([row["pos"] for row in rows], dtype=int),
        ref=text("ref"),
        alt=text("alt"),
        gene=text("gene"),
        model=text("model"),
        passed=np.array([row["filters"] == () for row in rows], dtype=bool),
        ref_count=table("ref_count", int),
        alt_count=table("alt_count", int),
        detected=table("detected", bool),
        protein=[row["protein"] for row in rows],
        filters=[row["filters"] for row in rows],
        snv=np.array([len(row["ref"]) == len(row["alt"]) == 1 for row in rows], dtype=bool),
    )


def _row(call: Call) -> dict:
    shown = call.genotypes.values()
    return {
        "chrom": call.chrom,
        "pos": call.pos,
        "ref": call.ref,
        "alt": call.alt,
        "gene": call.info.get("GENE") or "",
        "model": call.info.get("MODEL") or "",
        "filters": tuple(name for name in call.filters if name != "PASS"),
        "ref_count": [genotype.ad[0] for genotype in shown],
        "alt_count": [genotype.alt for genotype in shown],
        "detected": [genotype.detected is True for genotype in shown],
        "protein": tuple(call.words("PROTEIN")),
    }


def germline(sites: Sites) -> np.ndarray:
    """Return which alleles are germline substitutions, bool (alleles,)."""
    return sites.snv & (sites.model == "germline")


def heterozygous(sites: Sites, normal: str) -> np.ndarray:
    """Return which alleles the normal has on one of two copies, bool (alleles,)."""
    column = sites.column(normal)
    depth, frequency = sites.depth[:, column], sites.frequency[:, column]
    low, high = HETEROZYGOUS
    with np.errstate(invalid="ignore"):
        return germline(sites) & (depth >= LEAST_DEPTH) & (frequency > low) & (frequency < high)
