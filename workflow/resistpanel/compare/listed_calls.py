"""The calls that a VCF or MAF of an earlier test lists, in one sample."""

import csv
import dataclasses
from pathlib import Path

from resistpanel.core.builds import build_named, build_of_lengths, with_chr
from resistpanel.core.errors import InputError
from resistpanel.core.files import check_whole, read_text
from resistpanel.core.text import rounded

#: Names of VCF FILTER values of a call that passed.
PASSED = (None, "PASS", ".")
#: Columns of a MAF that are read; the others are passed over.
MAF_COLUMNS = ("Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2")


@dataclasses.dataclass(frozen=True)
class ListedCall:
    """An allele that a file lists.

    Attributes
    ----------
    allele : str
        ``chrom:pos:ref:alt``, pos 1-based, as in VCF or MAF.
    gene, protein : str or None
        As the file names them, the protein change in short form.
    af : float or None
        Allele frequency, 0 to 1.
    """

    allele: str
    gene: str | None = None
    protein: str | None = None
    af: float | None = None


def allele_key(allele: str) -> tuple[str, int, str, str]:
    """Return an allele in the form that VCF and MAF have in common.

    Contig with ``chr``, 0-based start, and the bases that differ: what both alleles share at their
    end and then at their start is taken off.

    Parameters
    ----------
    allele : str
        ``chrom:pos:ref:alt``; ``-`` is an empty allele of a MAF.
    """
    chrom, pos, ref, alt = allele.rsplit(":", 3)
    start = int(pos) - 1
    if ref == "-":  # of an insertion a MAF gives the base before it
        ref, start = "", start + 1
    alt = "" if alt == "-" else alt
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, start = ref[1:], alt[1:], start + 1
    return with_chr(chrom), start, ref, alt


def listed_calls(path: Path, sample: str | None, build: str | None) -> tuple[ListedCall, ...]:
    """Return the calls of a VCF or MAF.

    Parameters
    ----------
    path : Path
        ``.maf`` or ``.maf.txt`` is a MAF, anything else a VCF.
    sample : str or None
        Name in the file; needed where it has several.
    build : str or None
        ``hg19`` or ``hg38``; None: not known.

    Raises
    ------
    InputError
        The file cannot be read, is of another build, has several samples and none of this name.
    """
    if path.name.endswith((".maf", ".maf.txt", ".maf.tsv")):
        return _of_maf(path, sample, build)
    return _of_vcf(path, sample, build)


def _check_build(path: Path, found: str | None, build: str | None) -> None:
    if found and build and found != build:
        raise InputError(
            f"is of {found}, the reference is {build}", str(path),
            "lift it over, or give its results as rows with gene and protein change",
        )  # fmt: skip


def _chosen(path: Path, names: list[str], sample: str | None) -> str:
    """Return the sample of a file to read."""
    if sample in names:
        return sample
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"has several samples ({', '.join(names)}), none called '{sample or ''}'", str(path),
        "name one of them in the column 'sample'",
    )  # fmt: skip


def _of_vcf(path: Path, sample: str | None, build: str | None) -> tuple[ListedCall, ...]:
    import cyvcf2

    check_whole(path)
    try:
        vcf = cyvcf2.VCF(str(path))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as VCF: {error}", str(path)) from None
    lengths = dict(zip(vcf.seqnames, vcf.seqlens, strict=True)) if _has_lengths(vcf) else {}
    _check_build(path, build_of_lengths(lengths) if lengths else None, build)
    if not vcf.samples:
        index = None
    else:
        index = vcf.samples.index(_chosen(path, list(vcf.samples), sample))
    found = []
    for record in vcf:
        if record.FILTER not in PASSED:
            continue
        for number, alt in enumerate(record.ALT):
            if set(alt) - set("ACGTN"):
                continue
            there, af = (True, None) if index is None else _frequency(record, index, number)
            if there:
                gene, protein = _names(record)
                name = f"{record.CHROM}:{record.POS}:{record.REF}:{alt}"
                found.append(ListedCall(name, gene, protein, af))
    return tuple(found)


def _has_lengths(vcf) -> bool:
    try:
        return bool(vcf.seqlens)
    except AttributeError:
        return False


def _frequency(record, index: int, number: int) -> tuple[bool, float | None]:
    """Return whether a sample has an allele, and its AF: FORMAT AF, else AD, else not known."""
    af = None
    # A field that the header does not define is an error to cyvcf2.
    values, counts = (record.format(k) if k in record.FORMAT else None for k in ("AF", "AD"))
    if values is not None and values.shape[1] > number:
        af = float(values[index][number])
    elif counts is not None and counts.shape[1] > number + 1:
        total = sum(int(one) for one in counts[index] if one > 0)
        af = int(counts[index][number + 1]) / total if total else 0.0
    genotype = record.genotypes[index][:-1] if record.genotypes else []
    called = number + 1 in genotype
    if af is None or af != af:
        return called, None
    # A caller that leaves the genotype open or 0/0 still lists what it counted.
    known = any(one >= 0 for one in genotype)
    return (called or (not known and af > 0)), rounded(min(max(af, 0.0), 1.0))


def _names(record) -> tuple[str | None, str | None]:
    """Return gene and short protein change, where resistpanel's annotation gives them."""
    gene, protein = record.INFO.get("GENE"), record.INFO.get("PROTEIN")
    return (str(gene) if gene else None), (str(protein) if protein else None)


def _of_maf(path: Path, sample: str | None, build: str | None) -> tuple[ListedCall, ...]:
    lines = [line for line in read_text(path).splitlines() if line and not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    if not lines or any(name not in lines[0].split("\t") for name in MAF_COLUMNS):
        raise InputError(f"has no columns {', '.join(MAF_COLUMNS)}", str(path), "give a MAF")
    named = sorted({row.get("Tumor_Sample_Barcode") or "" for row in rows})
    if len(named) > 1:
        chosen = _chosen(path, named, sample)
        rows = [row for row in rows if (row.get("Tumor_Sample_Barcode") or "") == chosen]
    found = []
    for row in rows:
        _check_build(path, build_named(row.get("NCBI_Build") or ""), build)
        alleles = row["Reference_Allele"], row["Tumor_Seq_Allele2"]
        if not row["Start_Position"].isdigit():
            raise InputError(f"'{row['Start_Position']}' is no position", str(path), "correct it")
        name = ":".join([row["Chromosome"], row["Start_Position"], *alleles])
        short = (row.get("HGVSp_Short") or "").removeprefix("p.") or None
        found.append(ListedCall(name, row.get("Hugo_Symbol") or None, short, _maf_af(row)))
    return tuple(found)


def _maf_af(row: dict[str, str]) -> float | None:
    """Return the AF by the tumour's counts; None without them."""
    alt, ref, depth = (row.get(f"t_{name}") or "" for name in ("alt_count", "ref_count", "depth"))
    if not alt.isdigit():
        return None
    total = int(depth) if depth.isdigit() else int(alt) + int(ref) if ref.isdigit() else 0
    return rounded(int(alt) / total) if total >= int(alt) > 0 else None
