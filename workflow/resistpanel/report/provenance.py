"""Where the report comes from: files and their checksums, parameters, versions, the time."""

import gzip
import hashlib
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pysam

from resistpanel import __version__
from resistpanel.core.errors import InputError
from resistpanel.core.files import sha256
from resistpanel.qc.assay_folder import named

FILTER_LINE = re.compile(r'##FILTER=<ID=([^,>]+),.*?Description="((?:[^"\\]|\\.)*)"')
CONTIG_LINE = re.compile(r"##contig=<ID=([^,>]+),(?:.*,)?length=(\d+)")
PARAMETER_LINE = re.compile(r"##((?:resistpanel|bcftools)_[^=]+)=(.*)")


def created() -> str:
    """Return the time in UTC, or that of SOURCE_DATE_EPOCH (reproducible-builds.org)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        when = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"SOURCE_DATE_EPOCH is {epoch!r}", cure="give seconds since 1970, or unset it"
        ) from error
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def checksum(path: str | Path, role: str) -> dict:
    """Return role, path, size in bytes and SHA-256 of a file."""
    path = Path(path)
    try:
        size = path.stat().st_size
        return {"role": role, "path": str(path), "bytes": size, "sha256": sha256(path)}
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error


def bam_header(path: str, sample: str) -> dict:
    """Return size and the SHA-256 of the header text of a BAM.

    A panel's BAMs hold gigabytes, so the reads are not summed. A BAM that has been moved away
    since is listed without, and says so: a report can be made again from archived JSON.
    """
    row = {"role": f"reads of {sample}", "path": path, "bytes": None, "sha256": None, "note": None}
    if not Path(path).is_file():  # htslib would report it on standard error by itself
        return row | {"note": "not there when the report was made"}
    try:
        with pysam.AlignmentFile(path, check_sq=False) as bam:
            text = str(bam.header)
        row["bytes"] = Path(path).stat().st_size
        row["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        row["note"] = "checksum of the header"
    except (OSError, ValueError):
        row["note"] = "not readable when the report was made"
    return row


def vcf_header(path: str | Path) -> tuple[dict[str, str], dict[str, str], dict[str, int]]:
    """Return the parameters, the filters and the contigs that a VCF's header names.

    Returns
    -------
    parameters : dict of str
        ``##resistpanel_*`` and ``##bcftools_*`` lines.
    filters : dict of str
        Description by FILTER id.
    lengths : dict of int
        Contig lengths in bases.
    """
    path = Path(path)
    parameters: dict[str, str] = {}
    filters: dict[str, str] = {}
    lengths: dict[str, int] = {}
    try:
        with path.open("rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.startswith("##"):
                    break
                if match := FILTER_LINE.match(line):
                    filters[match[1]] = match[2].replace('\\"', '"')
                elif match := CONTIG_LINE.match(line):
                    lengths[match[1]] = int(match[2])
                elif match := PARAMETER_LINE.match(line.rstrip("\n")):
                    parameters[match[1]] = match[2]
    except (OSError, EOFError) as error:
        raise InputError("cannot be read as VCF", where=str(path)) from error
    if not filters and not parameters:
        raise InputError(
            "contains no VCF header", where=str(path), cure="give the VCF of `resistpanel annotate`"
        )
    return parameters, filters, lengths


def assay(parameters: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the built assay that a VCF's header names, as a field of `Provenance`; or nothing."""
    text = parameters.get("resistpanel_built_assay")
    return {"assay": named(text)} if text else {}


def software() -> dict[str, str]:
    """Return the versions of what made this page."""
    return {
        "resistpanel": __version__,
        "python": platform.python_version(),
        "pysam": pysam.__version__,
        "htslib": pysam.version.__htslib_version__,
        "bcftools": pysam.version.__bcftools_version__,
        "jinja2": jinja2.__version__,
    }
