"""Calls of another caller, in any of its formats."""

from dataclasses import dataclass, field

from resistpanel.core.allele import Allele


@dataclass
class Evidence:
    """One sample's evidence for an allele, as its caller counts it.

    Attributes
    ----------
    alt, depth : int or None
        Reads (or fragments, where the caller counts those) with the allele, and in all.
    af : float or None
        Allele frequency, 0 to 1, as the caller estimates it.
    called : bool or None
        Whether the caller says that this sample has the variant as a somatic one; None where it
        decides on the record alone.
    filters : tuple of str or None
        Filters of this sample's own call, where every tumour is called by itself.
    """

    alt: int | None = None
    depth: int | None = None
    af: float | None = None
    called: bool | None = None
    filters: tuple[str, ...] | None = None


@dataclass
class Record:
    """One allele of another caller.

    Attributes
    ----------
    variant : Allele
        Trimmed and left-aligned.
    called : bool
        The caller takes it for somatic, in a tumour at least.
    filters : tuple of str
        Why not, empty if `called`.
    samples : dict of str to Evidence
        By the patient's sample names; samples of which the caller says nothing are left out.
    """

    variant: Allele
    called: bool
    filters: tuple[str, ...] = ()
    samples: dict[str, Evidence] = field(default_factory=dict)


def merged(records: list[Record]) -> list[Record]:
    """Return one record per allele, in genomic order within each contig.

    A caller that takes one tumour at a time gives a record for each. The allele is called if it
    is in one of them; else its filters are all that were named. What each says of a sample is
    kept, of the normal what the first says.
    """
    found: dict[Allele, Record] = {}
    for record in records:
        kept = found.get(record.variant)
        if kept is None:
            found[record.variant] = Record(
                record.variant, record.called, record.filters, dict(record.samples)
            )
            continue
        for name, evidence in record.samples.items():
            if name not in kept.samples or (evidence.called and not kept.samples[name].called):
                kept.samples[name] = evidence
        kept.filters = tuple(dict.fromkeys([*kept.filters, *record.filters]))
        kept.called = kept.called or record.called
    for record in found.values():
        if record.called:
            record.filters = ()
    return sorted(found.values(), key=lambda record: record.variant)
