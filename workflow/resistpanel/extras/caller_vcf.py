"""Reads the VCF of any caller: normalised, its columns given the patient's names."""

import contextlib
import gzip
import itertools
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pysam
import pysam.bcftools

from resistpanel.core.allele import Allele
from resistpanel.core.errors import InputError
from resistpanel.core.files import check_whole
from resistpanel.core.haplotypes import Fetch, tidy
from resistpanel.extras.caller_records import Record
from resistpanel.extras.formats import FORMATS, Columns, format_of, info

#: Column names by which paired callers call the tumour and the normal.
TUMOR_NAMES = ("tumor", "tumour")
NORMAL_NAMES = ("normal",)


def header_text(path: Path) -> str:
    """Return a VCF's header.

    Raises
    ------
    InputError
        If the file is missing or not a VCF.
    """
    check_whole(path)
    verbosity = pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(path)) as handle:
            return str(handle.header)
    except FileNotFoundError:
        raise InputError("no such VCF", str(path), "correct the path") from None
    except (OSError, ValueError, NotImplementedError):
        with contextlib.suppress(OSError, EOFError, UnicodeDecodeError, zlib.error):
            with gzip.open(path, "rt") as handle:  # compressed, but not by bgzip
                lines = list(itertools.takewhile(lambda line: line.startswith("#"), handle))
            if lines and lines[0].startswith("##fileformat=VCF"):
                return "".join(lines)
        raise InputError("cannot be read as VCF", str(path), "give the caller's VCF") from None
    finally:
        pysam.set_verbosity(verbosity)


def columns(
    path: Path,
    header: str,
    present: Sequence[str],
    normal: str | None,
    tumors: Sequence[str],
    tumor: str | None = None,
) -> Columns:
    """Return which of the patient's samples each column of a VCF is.

    Parameters
    ----------
    path : Path
        For messages.
    header : str
        The VCF's header: Mutect2 names its samples there.
    present : sequence of str
        The VCF's columns.
    normal : str or None
    tumors : sequence of str
        The patient's samples.
    tumor : str, optional
        The tumour that the file is of, if it is of one.

    Raises
    ------
    InputError
        If no column is of one of the patient's tumours.
    """
    known = {*tumors, *([normal] if normal else [])}
    names = {name: name for name in present if name in known}
    if not set(names.values()) & set(tumors) and tumor is None and len(tumors) == 1:
        tumor = tumors[0]
    if tumor is not None and tumor not in names.values():
        said = dict(
            line[2:].split("=", 1)
            for line in header.splitlines()
            if line.startswith(("##tumor_sample=", "##normal_sample="))
        )
        for column in present:
            if column == said.get("tumor_sample") or column.casefold() in TUMOR_NAMES:
                names[column] = tumor
            elif normal and (
                column == said.get("normal_sample") or column.casefold() in NORMAL_NAMES
            ):
                names[column] = normal
        if tumor not in names.values() and len(present) == 1:
            names[present[0]] = tumor
    if not set(names.values()) & set(tumors):
        raise InputError(
            f"its columns ({', '.join(present) or 'none'}) are none of the patient's tumours "
            f"({', '.join(tumors)})",
            str(path),
            "rename them with `bcftools reheader --samples`",
        )
    return Columns(names, normal, paired=tumor is not None)


def _unpacked(path: Path, scratch: Path) -> Path:
    """Return a copy of a VCF that is compressed with gzip and not bgzip; else the VCF itself."""
    with path.open("rb") as handle:
        start = handle.read(18)
    if start[:2] != b"\x1f\x8b" or start[12:14] == b"BC":
        return path
    out = scratch / "unpacked.vcf"
    with gzip.open(path) as source, out.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    return out


def _keep_status(path: Path, scratch: Path) -> Path:
    """Return a copy of a VCF of FilterMutectCalls whose filters by allele survive splitting."""
    out = scratch / "kept.vcf"
    with pysam.VariantFile(str(path)) as source:
        source.header.add_line(
            '##INFO=<ID=AS_ALL,Number=1,Type=String,Description="AS_FilterStatus, unsplit">'
        )
        source.header.add_line(
            '##INFO=<ID=AS_INDEX,Number=A,Type=Integer,Description="Number of the allele">'
        )
        with pysam.VariantFile(str(out), "w", header=source.header) as sink:
            for record in source:
                status = info(record, "AS_FilterStatus")
                if status is not None and record.alts:
                    # A comma would be taken for the next allele's value.
                    text = ",".join(status) if isinstance(status, tuple) else str(status)
                    record.info["AS_ALL"] = text.replace(",", "+")
                    record.info["AS_INDEX"] = tuple(range(1, len(record.alts) + 1))
                    del record.info["AS_FilterStatus"]
                sink.write(record)
    return out


def normalised(path: Path, reference: Path, status: bool = False) -> list[pysam.VariantRecord]:
    """Return the records with one allele each, indels left-aligned (``bcftools norm``).

    Parameters
    ----------
    path : Path
        VCF or BCF.
    reference : Path
        Indexed FASTA.
    status : bool
        Whether to keep Mutect2's filters by allele, see `resistpanel.extras.formats.own_status`.

    Raises
    ------
    InputError
        If the VCF does not fit the reference.
    """
    verbosity = pysam.set_verbosity(0)  # several callers' headers are not quite to the letter
    try:
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            source = _unpacked(path, scratch)
            if "##contig=" not in header_text(path):  # as VarDict writes it
                named = scratch / "named.vcf"
                pysam.bcftools.reheader(
                    "--fai", f"{reference}.fai", "--output", str(named), str(source),
                    catch_stdout=False,
                )  # fmt: skip
                source = named
            source = _keep_status(source, scratch) if status else source
            out = scratch / "norm.vcf"
            pysam.bcftools.norm(
                "--fasta-ref", str(reference), "--check-ref", "e", "--multiallelics", "-any",
                "--output-type", "v", "--output", str(out), str(source), catch_stdout=False,
            )  # fmt: skip
            with pysam.VariantFile(str(out)) as handle:
                return list(handle)
    except pysam.SamtoolsError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = next((line for line in lines if "REF" in line or "Reference" in line), "")
        raise InputError(
            f"does not fit {reference.name}: {told or (lines or ['bcftools norm failed'])[-1]}",
            str(path),
            "give calls of the same reference (build and contig names)",
        ) from None
    except (OSError, EOFError, ValueError, NotImplementedError, zlib.error) as error:
        raise InputError(f"damaged: {error}", str(path), "recreate it") from None
    finally:
        pysam.set_verbosity(verbosity)


def read_calls(
    path: Path,
    reference: Path,
    fetch: Fetch,
    normal: str | None,
    tumors: Sequence[str],
    tumor: str | None = None,
    form: str | None = None,
) -> list[Record]:
    """Return what a VCF says of each allele.

    Parameters
    ----------
    path : Path
        VCF of a caller.
    reference : Path
        Indexed FASTA; `fetch` reads from it (`resistpanel.core.haplotypes.fetcher`).
    normal : str or None
    tumors : sequence of str
        The patient's samples.
    tumor : str, optional
        The tumour that the file is of, if it is of one.
    form : str, optional
        Name in `resistpanel.extras.formats.FORMATS`; by default that of the header.

    Returns
    -------
    list of Record
        Symbolic alleles and those with other letters than ACGT are left out.
    """
    text = header_text(path)
    form = form or format_of(text)
    parse = FORMATS[form]
    line = next((line for line in text.splitlines() if line.startswith("#CHROM")), "")
    present = line.split("\t")[9:]
    named = columns(path, text, present, normal, tumors, tumor)
    found = []
    for record in normalised(path, reference, status=form == "mutect2"):
        alt = record.alts[0].upper() if record.alts else ""
        ref = (record.ref or "").upper()
        if not alt or not ref or set(alt + ref) - set("ACGT"):
            continue
        evidence, filters = parse(record, named)
        if named.paired:
            for name, one in evidence.items():
                if name != normal:
                    one.called, one.filters = not filters, filters
        variant = tidy(Allele(record.chrom, record.start, ref, alt), fetch)
        if variant.ref or variant.alt:
            found.append(Record(variant, not filters, filters, evidence))
    return found
