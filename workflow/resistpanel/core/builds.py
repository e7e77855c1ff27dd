"""Human reference builds, identified by their chromosome lengths."""

import re
from collections.abc import Mapping
from pathlib import Path

from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text

#: Chromosome lengths in bases, chromosomes 1 to 22, X, Y (UCSC hg18, hg19, hg38 chromInfo;
#: the same sequences as NCBI36, GRCh37, GRCh38).
_LENGTHS = {
    "hg18": """
        247249719 242951149 199501827 191273063 180857866 170899992 158821424 146274826 140273252
        135374737 134452384 132349534 114142980 106368585 100338915 88827254 78774742 76117153
        63811651 62435964 46944323 49691432 154913754 57772954""",
    "hg19": """
        249250621 243199373 198022430 191154276 180915260 171115067 159138663 146364022 141213431
        135534747 135006516 133851895 115169878 107349540 102531392 90354753 81195210 78077248
        59128983 63025520 48129895 51304566 155270560 59373566""",
    "hg38": """
        248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 138394717
        133797422 135086622 133275309 114364328 107043718 101991189 90338345 83257441 80373285
        58617616 64444167 46709983 50818468 156040895 57227415""",
}
CHROMOSOMES = [f"chr{name}" for name in [*range(1, 23), "X", "Y"]]
LENGTHS: dict[str, dict[str, int]] = {
    build: dict(zip(CHROMOSOMES, map(int, text.split()), strict=True))
    for build, text in _LENGTHS.items()
}
#: Other names of the builds, lower case, as they stand in file headers.
ALIASES = {
    "hg18": ("hg18", "ncbi36", "grch36"),
    "hg19": ("hg19", "grch37", "b37", "hg37", "hs37", "g1k_v37"),
    "hg38": ("hg38", "grch38", "b38", "hs38"),
}


def with_chr(name: str) -> str:
    """Return a contig's name as the shipped files write it: ``chr1`` for ``1``."""
    if name in {"MT", "M"}:
        return "chrM"
    return f"chr{name}" if f"chr{name}" in LENGTHS["hg19"] else name


def order(name: str) -> tuple[int, str]:
    """Return a sort key: chromosomes in karyotype order, then other contigs by name."""
    name = with_chr(name)
    return (CHROMOSOMES.index(name) if name in CHROMOSOMES else len(CHROMOSOMES), name)


def build_of_text(text: str) -> str | None:
    """Return the build that a header line names (``GRCh37.p13`` is hg19), or None."""
    lower = text.lower()
    found = [build for build, names in ALIASES.items() if any(name in lower for name in names)]
    return found[0] if len(found) == 1 else None


def build_named(name: str) -> str | None:
    """Return the build that is called `name` (``GRCh37``, ``b37``, ``hs37d5``), or None.

    Patches and decoys are the same build: ``GRCh38.p14``, ``hs38DH``, ``GRCh38.d1.vd1``.
    """
    text = re.sub(r"(\.p[0-9]+|\.d1\.vd1|d5|dh|ss)$", "", name.strip().lower())
    text = text.removeprefix("human_")
    return next((build for build, names in ALIASES.items() if text in names), None)


def build_of_lengths(lengths: Mapping[str, int]) -> str | None:
    """Return the build whose chromosome lengths these are, or None if they fit none or many.

    Parameters
    ----------
    lengths : mapping of str to int
        Contig lengths, named with or without ``chr``. Every known chromosome must agree.
    """
    known = {with_chr(name): length for name, length in lengths.items()}
    known = {name: length for name, length in known.items() if name in CHROMOSOMES}
    fits = [
        build
        for build, expected in LENGTHS.items()
        if known and all(expected[name] == length for name, length in known.items())
    ]
    return fits[0] if len(fits) == 1 else None


def read_lengths(reference: str | Path) -> dict[str, int]:
    """Return the contig lengths that the reference's ``.fai`` states.

    Raises
    ------
    InputError
        If the reference or its index is missing or the index is malformed.
    """
    reference = Path(reference)
    if not reference.is_file():
        raise InputError("no such reference", str(reference))
    fai = Path(f"{reference}.fai")
    if not fai.is_file():
        raise InputError(
            "the reference has no index", str(reference), f"run `samtools faidx {reference}`"
        )
    lengths, cure = {}, f"run `samtools faidx {reference}`"
    for number, line in enumerate(read_text(fai).splitlines(), 1):
        fields, where = line.split("\t"), f"{fai}:{number}"
        if len(fields) < 5 or not all(field.isdecimal() for field in fields[1:5]):
            raise InputError("not a FASTA index", where, cure)
        if fields[0] in lengths:
            raise InputError(f"contig '{fields[0]}' is given twice", where, cure)
        lengths[fields[0]] = int(fields[1])
    return lengths
