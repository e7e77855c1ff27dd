"""Results as records, rounded."""

import math

import numpy as np

from resistpanel.call.model.contamination import Fraction
from resistpanel.copynumber.calls import GeneCall, PairedCall
from resistpanel.copynumber.copy_states import copies
from resistpanel.copynumber.ratios import Genes
from resistpanel.core.core_constants import Z95
from resistpanel.records.base import UNSET, UnsetType
from resistpanel.records.copynumber import (
    Admixture,
    GeneChange,
    GeneCopies,
    PartialDeletion,
    PurityAlternative,
    Segment,
    TumorCopies,
    TumorPurity,
)


def number(value: float | None, digits: int = 4) -> float | None:
    """Return a rounded number, None for None and NaN."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)


def significant(value: float | None) -> float | None:
    """Return a probability with 4 significant digits."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")


def reference(normal: str | None, pool: int) -> str | None:
    """Return what depth is compared with, in words; None where there is nothing."""
    parts = [f"matched normal {normal}"] if normal else []
    if pool:
        parts.append(f"pool of {pool} normal{'s' if pool > 1 else ''}")
    return " and ".join(parts) or None


def fraction(value: Fraction) -> Admixture:
    """Return contamination or tumour in normal."""
    return Admixture(
        value=number(value.value, 5),
        low=number(value.low, 5),
        high=number(value.high, 5),
        found=value.found,
        evidence=value.evidence,
        sites=value.sites,
    )


def neighbours(tumor) -> list[np.ndarray]:
    """Return, for each gene, the genes whose heterozygous sites speak for its haplotypes.

    Itself where it has a site; else all of its segment, if it lies between two of the segment
    that have one: beyond the last of them nothing tells where an event ends.
    """
    found = [np.array([i]) for i in range(len(tumor.genes.name))]
    for part in tumor.segments:
        told = np.flatnonzero(np.isin(part.genes, tumor.sites.gene))
        if len(told):
            for gene in part.genes[told[0] : told[-1] + 1]:
                if gene not in tumor.sites.gene:
                    found[int(gene)] = part.genes
    return found


def tumor_rows(
    tumor,
    calls: list[GeneCall],
    symbols: frozenset[str] | None = None,
    least: int | UnsetType | None = UNSET,
) -> TumorCopies:
    """Return a tumour's entry of ``samples``.

    Parameters
    ----------
    tumor : analyse.Tumor
    calls : list of GeneCall
    symbols : frozenset of str, optional
        Genes of the panel's model.
    least : int, None or UNSET
        See `partial.least_deleted`; UNSET where the purity is not known.
    """
    given, genes = tumor.purity, tumor.genes
    purity = TumorPurity(
        value=number(given.value),
        low=number(given.low),
        high=number(given.high),
        source=given.source,
        method=given.method,
        alternatives=tuple(
            PurityAlternative(
                value=number(one.value),
                low=number(one.low),
                high=number(one.high),
                baseline=one.baseline,
                probability=number(one.probability),
            )
            for one in given.alternatives
        ),
    )
    examined = genes is not None
    return TumorCopies(
        purity=purity,
        baseline=given.baseline,
        target_noise=number(tumor.targets.noise) if examined else None,
        gene_noise=number(genes.noise) if examined else None,
        genes=tuple(_gene(genes, i, call, symbols) for i, call in enumerate(calls))
        if examined
        else (),
        segments=tuple(_segment(tumor, part) for part in tumor.segments) if examined else (),
        least_deleted=least,
    )


def _gene(genes: Genes, i: int, call: GeneCall, symbols: frozenset[str] | None) -> GeneCopies:
    values = {
        name: number(value) if isinstance(value, float) else value
        for name, value in vars(call).items()
        if name != "partial"
    }
    partial = None
    if call.partial is not None:
        found = {name: getattr(call.partial, name) for name in ("start", "end", "first", "last")}
        partial = PartialDeletion(
            log2=number(call.partial.log2), probability=number(call.partial.probability), **found
        )
    return GeneCopies(
        gene=str(genes.name[i]),
        chrom=str(genes.chrom[i]),
        start=int(genes.start[i]),
        end=int(genes.end[i]),
        targets=int(genes.targets[i]),
        log2=number(genes.log2[i]),
        log2_low=number(genes.low[i]),
        log2_high=number(genes.high[i]),
        **values,
        partial=partial,
        no_gene=True if symbols is not None and str(genes.name[i]) not in symbols else UNSET,
    )


def _segment(tumor, part) -> Segment:
    genes, context = tumor.genes, tumor.context
    here = tumor.sites.of(part.genes)
    balance = None
    if len(here.alt):
        from resistpanel.copynumber.calls import balance_interval

        balance = balance_interval(here)[0]
    normal = int(tumor.normal_copies[part.genes[0]])
    total = None
    if context.purity is not None and math.isfinite(part.log2):
        total = float(copies(part.log2, context.purity, normal, context.baseline))
    return Segment(
        chrom=str(genes.chrom[part.genes[0]]),
        start=int(genes.start[part.genes].min()),
        end=int(genes.end[part.genes].max()),
        genes=tuple(str(genes.name[i]) for i in part.genes),
        log2=number(part.log2),
        log2_low=number(part.log2 - Z95 * part.se),
        log2_high=number(part.log2 + Z95 * part.se),
        copies=number(total),
        balance=number(balance),
        sites=len(here.alt),
    )


def paired_rows(genes: Genes, calls: list[PairedCall]) -> tuple[GeneChange, ...]:
    """Return the genes of a pair."""
    return tuple(
        GeneChange(
            gene=str(genes.name[i]),
            chrom=str(genes.chrom[i]),
            start=int(genes.start[i]),
            end=int(genes.end[i]),
            targets=int(genes.targets[i]),
            log2_ratio=number(call.log2_ratio),
            low=number(call.low),
            high=number(call.high),
            p=significant(call.p),
            q=significant(call.q),
            expected=number(call.expected),
            call=call.call,
        )
        for i, call in enumerate(calls)
    )
