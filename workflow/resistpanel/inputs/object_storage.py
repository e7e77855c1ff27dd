"""BAMs and results in object storage: addresses that Snakemake's storage plugins read and write."""

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any

from resistpanel.core.errors import InputError

#: Schemes of addresses, with the Snakemake plugin (package on PyPI) that reads them.
PLUGINS = {
    "s3": "snakemake-storage-plugin-s3",
    "gs": "snakemake-storage-plugin-gcs",
    "http": "snakemake-storage-plugin-http",
    "https": "snakemake-storage-plugin-http",
}
#: Schemes that can be written to.
WRITABLE = ("s3", "gs")


def is_address(cell: str | None) -> bool:
    """Return whether a cell is an address and not a path."""
    return "://" in (cell or "")


def malformed(address: str, schemes: Sequence[str] = tuple(PLUGINS)) -> tuple[str, str] | None:
    """Return (what, cure) if an address has an unknown scheme, or nothing after it."""
    scheme, _, rest = address.partition("://")
    if scheme not in schemes:
        known = ", ".join(f"{name}://" for name in schemes)
        return f"'{address}' is an address of unknown type", f"known are {known}"
    if not rest.strip("/"):
        return f"'{address}' has no bucket or host", "write it as s3://bucket/name"
    return None


def problem(address: str, schemes: Sequence[str] = tuple(PLUGINS)) -> tuple[str, str] | None:
    """Return (what, cure) if an address cannot be used: malformed, or no plugin for it."""
    if found := malformed(address, schemes):
        return found
    plugin = PLUGINS[address.partition("://")[0]]
    if importlib.util.find_spec(plugin.replace("-", "_")) is None:
        return f"'{address}' needs {plugin}, which is not installed", f"run `pip install {plugin}`"
    return None


def check_addresses(rows: Sequence[Any], publish: str | None, place: str) -> Iterator[InputError]:
    """Yield the addresses that cannot be used.

    Parameters
    ----------
    rows : sequence of resistpanel.inputs.sheet.Row
    publish : str or None
        Where results are copied to.
    place : str
        The key of `publish`, for messages.
    """
    for row in rows:
        if row.url is None:
            continue
        if found := problem(row.url):
            yield InputError(found[0], row.place("bam"), found[1])
        elif not row.url.endswith(".bam"):
            yield InputError(
                f"'{row.url}' is no BAM by its name",
                row.place("bam"),
                "give the address of a BAM (.bam); a CRAM has to be in a file system",
            )
    if publish and (found := problem(publish, WRITABLE)):
        yield InputError(found[0], place, found[1])
