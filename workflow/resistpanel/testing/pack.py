"""A pack: a set of real reads with its truth, as a folder with ``pack.yaml``."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pandas as pd
import yaml
from msgspec import Meta

from resistpanel.core.allele import Allele
from resistpanel.core.errors import InputError
from resistpanel.core.files import check_readable, sha256
from resistpanel.testing.junction_ends import End, ends_of_alt
from resistpanel.testing.testing_constants import WITHIN

COLUMNS = ("chrom", "pos", "ref", "alt", "state")
OPTIONAL = ("name", "af", "alt_count", "depth", "mate_chrom", "mate_pos", "within")
STATES = ("present", "inherited", "absent", "ignored")
SYMBOL = r"<(DEL|DUP|INV|BND)(:\w+)?>"


class Origin(msgspec.Struct, forbid_unknown_fields=True):
    """Where the reads are from; ``truth`` says what the truth is, and whose."""

    repository: str
    commit: str
    licence: str
    truth: str


class Source(msgspec.Struct, forbid_unknown_fields=True):
    """A file: its path in the origin, or in another repository at a commit, and its checksum."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    path: str = ""
    repository: str = ""
    commit: str = ""


class Roles(msgspec.Struct, forbid_unknown_fields=True):
    """File of the tumour and, if there is one, of the normal."""

    tumor: str
    normal: str | None = None


class Description(msgspec.Struct, forbid_unknown_fields=True):
    """``pack.yaml``, as docs/validate.md describes it."""

    pack: Literal[1]
    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]+$")]
    title: str
    question: str
    build: str
    assay: str
    origin: Origin
    files: dict[str, Source]
    samples: Roles
    targets: str
    truth: str
    complete: bool
    expected: dict[Literal["found", "refuted_called", "other_calls"], Annotated[int, Meta(ge=0)]]
    reference: str = "rebuild"
    padding: Annotated[int, Meta(ge=0)] = 0
    notes: str = ""


class Known(msgspec.Struct, frozen=True):
    """A row of the truth; `allele` for a sequence, `ends` for a junction."""

    name: str
    chrom: str
    pos: int
    ref: str
    alt: str
    state: str
    af: float | None
    allele: Allele | None
    ends: tuple[End, End] | None
    within: int


class Pack(msgspec.Struct, frozen=True):
    """A pack with its truth."""

    folder: Path
    about: Description
    known: tuple[Known, ...]

    def targets(self) -> Path:
        """Return the BED."""
        return self.folder / self.about.targets


def read_pack(folder: Path) -> Pack:
    """Read ``pack.yaml`` and the truth.

    Raises
    ------
    InputError
        If a file is missing or malformed.
    """
    path = folder / "pack.yaml"
    if not path.is_file():
        raise InputError("no such file", str(path), "give the folder of a pack")
    check_readable(path)
    try:
        about = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Description)
    except (yaml.YAMLError, msgspec.ValidationError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(reason, str(path), "docs/validate.md describes packs") from None
    for role in ("tumor", "normal"):
        name = getattr(about.samples, role)
        if name and name not in about.files:
            raise InputError(f"{name} is not listed under files", f"{path} (samples: {role})")
    return Pack(folder, about, read_truth(folder / about.truth))


def read_truth(path: Path) -> tuple[Known, ...]:
    """Read the table of the truth.

    Raises
    ------
    InputError
        If it is missing, a column is missing or unknown, or a row is malformed.
    """
    check_readable(path)
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, comment="#", keep_default_na=False)
    except (ValueError, OSError) as error:
        raise InputError(f"not a table: {error}", str(path)) from None
    if missing := [name for name in COLUMNS if name not in table]:
        raise InputError(f"has no column {missing[0]}", str(path))
    if unknown := [name for name in table if name not in COLUMNS + OPTIONAL]:
        raise InputError(f"unknown column {unknown[0]}", str(path), "columns: docs/validate.md")
    return tuple(
        _known(row, f"{path} (row {number})")
        for number, row in enumerate(table.to_dict("records"), 1)
    )


def _known(row: dict[str, str], where: str) -> Known:
    def whole(name: str, default: int | None = None) -> int | None:
        text = row.get(name, "")
        if text and not re.fullmatch(r"\d+", text):
            raise InputError(f"{name} is not a whole number: {text}", where)
        return int(text) if text else default

    if row["state"] not in STATES:
        raise InputError(f"state is {row['state']!r}", where, f"give one of {', '.join(STATES)}")
    chrom, pos, ref, alt = row["chrom"], whole("pos"), row["ref"], row["alt"]
    if not pos:
        raise InputError("pos is empty or 0", where, "positions are 1-based")
    allele = ends = None
    if re.fullmatch("[ACGT]+", ref) and re.fullmatch("[ACGT]+", alt):
        allele = Allele(chrom, pos - 1, ref, alt)
    elif re.fullmatch(SYMBOL, alt) or "[" in alt or "]" in alt:
        mate = (row.get("mate_chrom") or chrom, whole("mate_pos"))
        ends = ends_of_alt(chrom, pos, alt, *mate)
    if allele is None and ends is None:
        raise InputError(
            f"{ref}>{alt} is no allele", where,
            "give bases, or <DEL>, <DUP>, <INV>, <BND> with mate_pos, or a breakend",
        )  # fmt: skip
    return Known(
        name=row.get("name") or f"{chrom}:{pos} {ref}>{alt}",
        chrom=chrom,
        pos=pos,
        ref=ref,
        alt=alt,
        state=row["state"],
        af=_frequency(row, whole, where),
        allele=allele,
        ends=ends,
        within=whole("within", WITHIN),
    )


def _frequency(row: dict[str, str], whole, where: str) -> float | None:
    """Return the AF that the truth states: given, or the ratio of its counts."""
    count, depth = whole("alt_count"), whole("depth")
    if row.get("af"):
        try:
            af = float(row["af"])
        except ValueError:
            raise InputError(f"af is not a number: {row['af']}", where) from None
    elif count is not None and depth:
        af = count / depth
    else:
        return None
    if not 0 <= af <= 1:
        raise InputError(f"allele frequency {af:g} is not from 0 to 1", where)
    return af


def find(pack: Pack, name: str, data: Path | None) -> Path:
    """Return a file of a pack: in the folder of the data, or of the pack.

    Raises
    ------
    InputError
        If it is nowhere, or its checksum is another.
    """
    places = [pack.folder / name]
    if data:
        places = [data / pack.about.name / name, data / name, *places]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError(
            f"{pack.about.name} needs {name}", str(places[0]), "get it with get_packs.py"
        )
    source = pack.about.files.get(name)
    if source and sha256(path) != source.sha256:
        raise InputError("its SHA-256 is not that of the pack", str(path), "get the file again")
    return path
