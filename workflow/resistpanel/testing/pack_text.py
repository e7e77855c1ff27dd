"""A pack's results as lines for a terminal."""

from collections.abc import Iterator

from resistpanel.core.text import percent
from resistpanel.records.pack import Dilution, KnownAllele, Pack


def lines(result: Pack) -> Iterator[str]:
    """Yield the figures, then what was missed or is not in the truth."""
    f = result.figures
    yield f"{result.name}: {result.title}"
    yield f"  {result.question}"
    yield f"  found {f.found} of {f.present} known somatic alleles" + (
        f" ({f.junctions_found} of {f.junctions} junctions)" if f.junctions else ""
    )
    if f.refuted:
        yield f"  inherited or absent alleles called: {f.refuted_called} of {f.refuted}"
    kind = "false calls" if result.complete else "other calls (the truth is not complete)"
    yield (
        f"  {kind}: {f.other_calls} in {f.megabases:.4g} Mb, "
        f"{f.other_per_megabase:.1f} per Mb (95 % upper limit {f.other_per_megabase_high:.0f})"
    )
    for row in result.recall:
        yield (
            f"  AF {percent(row.af_from)} to {percent(row.af_below)}: "
            f"{row.found} of {row.of}"
        )  # fmt: skip
    if f.af_ratio is not None:
        yield (
            f"  called / known AF: median {f.af_ratio:.2f} "
            f"(quartiles {f.af_ratio_low:.2f} to {f.af_ratio_high:.2f})"
        )
    if f.above_limit:
        yield f"  at or above the stated LOD: {f.above_limit_found} of {f.above_limit} called"
    for row in result.rows:
        if wrong(row):
            yield f"  {'missed' if row.state == 'present' else row.state + ', called'}: {_row(row)}"
    for other in result.other:
        yield (
            f"  other: {other.chrom}:{other.pos} {other.ref}>{other.alt} "
            f"{other.alt_fragments}/{other.depth}"
        )
    for row in result.dilution:
        yield f"  diluted: {_dilution(row)}"
    yield f"  {'as expected' if result.as_expected else 'NOT as expected: ' + _expected(result)}"


def wrong(row: KnownAllele) -> bool:
    """Return whether a known allele was missed, or called where it is inherited or absent."""
    return row.called != (row.state == "present") and row.state != "ignored"


def _row(row: KnownAllele) -> str:
    alleles = f"{row.name} {row.chrom}:{row.pos} {row.ref}>{row.alt}"
    return f"{alleles}, {row.alt_called or 0}/{row.depth or 0}, {row.filters}"


def _expected(result: Pack) -> str:
    return ", ".join(f"{name} {value}" for name, value in result.expected.items())


def _dilution(row: Dilution) -> str:
    return (
        f"AF {percent(row.af)} (median {percent(row.af_median)}): {row.found} of {row.of}, "
        f"{percent(row.recall)} ({percent(row.low)} to {percent(row.high)}); median LOD "
        f"{percent(row.lod_median)}; at or above it {row.above_limit_found} of {row.above_limit}; "
        f"other calls {row.other_calls:.1f} per draw"
    )
