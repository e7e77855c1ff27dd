"""The folder of a built assay: reading it, and whether it is what was built."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from resistpanel.core.errors import InputError
from resistpanel.core.files import check_readable, open_fasta, read_text, sha256, write_text
from resistpanel.core.intervals import Target, merge_targets, read_targets
from resistpanel.core.schemas import from_builtins, schema_id
from resistpanel.records.assay import BuiltAssay

#: Files of the folder.
ABOUT, TARGETS, PRIMERS = "assay.yaml", "targets.bed", "primers.bed"
PANEL_OF_NORMALS, NORMALS = "normals.vcf.gz", "normals.qc.json"
MATERIAL = "material"


def digest(made: BuiltAssay) -> str:
    """Return the SHA-256 of what an assay states, its own digest left out."""
    value = msgspec.json.encode(msgspec.structs.replace(made, digest="0" * 64), order="sorted")
    return hashlib.sha256(value).hexdigest()


def write_assay(folder: Path, made: BuiltAssay) -> BuiltAssay:
    """Write ``assay.yaml`` with checksums of the folder's files and its own digest."""
    files = {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ABOUT
    }
    import yaml

    made = msgspec.structs.replace(made, files=files)
    # As it is read again: a whole number may become one with a decimal point.
    made = msgspec.convert(yaml.safe_load(yaml.safe_dump(msgspec.to_builtins(made))), BuiltAssay)
    made = msgspec.structs.replace(made, digest=digest(made))
    text = yaml.safe_dump(msgspec.to_builtins(made), sort_keys=False, allow_unicode=True, width=100)
    head = "# Made by `resistpanel assay build`. Edited files are refused: build another version.\n"
    write_text(folder / ABOUT, head + text)
    return made


def read_assay(folder: str | Path) -> BuiltAssay:
    """Read an assay and compare every file of it with its checksum.

    Raises
    ------
    InputError
        If it is no folder of an assay, or a file is missing or is not the one that was built.
    """
    import yaml

    path = Path(folder) / ABOUT
    if not path.is_file():
        raise InputError(
            f"no assay: {ABOUT} is missing", str(folder), "build one: resistpanel assay build"
        )
    check_readable(path)
    try:
        value = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"not YAML: {' '.join(str(error).split())}", str(path)) from None
    if not isinstance(value, dict) or value.get("schema") != schema_id(BuiltAssay):
        raise InputError("not of `resistpanel assay build`", str(path), "give the assay's folder")
    made = from_builtins(value, BuiltAssay, str(path))
    if made.digest != digest(made):
        raise InputError(
            f"was changed after assay {made.title} was built", str(path),
            "restore it, or build another version",
        )  # fmt: skip
    for name, known in made.files.items():
        file = path.parent / name
        if not file.is_file():
            raise InputError(f"is missing from assay {made.title}", str(file), "restore it")
        if sha256(file) != known:
            raise InputError(
                f"is not the file of assay {made.title}: its checksum differs", str(file),
                "restore it, or build another version",
            )  # fmt: skip
    return made


def targets_of(folder: Path) -> Path:
    """Return the BED of an assay."""
    return Path(folder) / TARGETS


def primers_of(folder: Path, made: BuiltAssay) -> Path | None:
    """Return the BED of an assay's primers."""
    return Path(folder) / made.settings.primers if made.settings.primers else None


def intervals(targets: Iterable[Target]) -> list[tuple[str, int, int]]:
    """Return merged intervals, contigs without chr."""
    return [(t.chrom.removeprefix("chr"), t.start, t.end) for t in merge_targets(list(targets))]


def check_targets(folder: Path, made: BuiltAssay, targets: Path) -> None:
    """Raise InputError if a BED does not have the targets of an assay."""
    if intervals(read_targets(targets)) != intervals(read_targets(targets_of(folder))):
        raise InputError(
            f"has other targets than assay {made.title}", str(targets),
            f"give {targets_of(folder)}, or the assay of this panel",
        )  # fmt: skip


def reference_bases(reference: Path, targets: Iterable[Target]) -> str:
    """Return the SHA-256 of a reference's bases at targets that are named as its contigs."""
    found = hashlib.sha256()
    with open_fasta(reference) as fasta:
        for target in merge_targets(list(targets)):
            place = f"{target.chrom.removeprefix('chr')}:{target.start}-{target.end}\n"
            found.update(place.encode())
            found.update(fasta.fetch(target.chrom, target.start, target.end).upper().encode())
    return found.hexdigest()


def header_value(made: BuiltAssay) -> str:
    """Return an assay as the VCF header names it, key:value pairs separated by commas."""
    return f"name:{made.name},version:{made.version},sha256:{made.digest}"


def named(text: str) -> dict[str, str]:
    """Return name, version and sha256 of `header_value`."""
    return dict(part.split(":", 1) for part in text.split(","))
