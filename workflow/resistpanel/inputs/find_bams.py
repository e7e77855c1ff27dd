"""The alignment files of a folder, and their headers."""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

import pysam

from resistpanel.core.bam import quiet, read_header
from resistpanel.core.builds import build_of_lengths
from resistpanel.core.errors import InputError

#: Folders below the one given that are searched.
DEPTH = 3
SUFFIXES = (".bam", ".cram")


@dataclasses.dataclass(frozen=True)
class Found:
    """An alignment file.

    Attributes
    ----------
    path : Path
        Absolute.
    samples : tuple of str
        SM tags of its read groups, sorted; empty if there are none.
    build : str or None
        hg18, hg19 or hg38, by its contig lengths.
    prefix : bool or None
        Whether its chromosomes are named with ``chr``; None if it has none.
    reference : Path or None
        FASTA that its header names, if that file exists.
    """

    path: Path
    samples: tuple[str, ...]
    build: str | None
    prefix: bool | None
    reference: Path | None

    @property
    def sample(self) -> str:
        """The sample's name: the SM tag, or the file's name where there is none."""
        return self.samples[0] if self.samples else self.path.name.split(".")[0]


def missing_place(place: Path) -> InputError:
    """Return the error of a place that does not exist."""
    return InputError("no such file or folder", str(place), "give a BAM or a folder of BAMs")


def find_files(places: Iterable[Path]) -> list[Path]:
    """Return the alignment files among `places`, and in those of them that are folders.

    Raises
    ------
    InputError
        If a place does not exist.
    """
    found = []
    for place in places:
        if place.is_dir():
            depth = len(place.parts)
            found += sorted(
                path
                for path in place.rglob("*")
                if path.suffix in SUFFIXES
                and path.is_file()
                and len(path.parts) - depth <= DEPTH
                and not any(part.startswith(".") for part in path.parts[depth:])
            )
        elif place.is_file():
            found.append(place)
        else:
            raise missing_place(place)
    for path in found:
        if set(str(path)) & set("\t\n\r"):
            raise InputError(f"{str(path)!r} has a tab or a line end in its name", cure="rename it")
    return list(dict.fromkeys(path.absolute() for path in found))


def _reference_of(text: str) -> Path | None:
    """Return the FASTA that a header names (UR of a contig, or the aligner's command)."""
    words = re.findall(r"\tUR:(?:file:)?(?://)?(\S+)", text)
    words += re.findall(r"(?<=[\s=])(/\S+\.(?:fa|fasta|fna)(?:\.gz)?)(?=\s|$)", text)
    return next((Path(word) for word in dict.fromkeys(words) if Path(word).is_file()), None)


@quiet()
def look(path: Path) -> Found:
    """Read the header of an alignment file.

    Raises
    ------
    InputError
        If it is not a whole BAM or CRAM.
    """
    try:
        header = read_header(path, first_read=False)
        with pysam.AlignmentFile(str(path), check_sq=False) as handle:
            text = str(handle.header)
    except InputError as error:
        raise InputError(error.what, str(path), error.cure) from None
    names = [name for name in header.lengths if re.fullmatch(r"(chr)?([0-9]{1,2}|X|Y)", name)]
    return Found(
        path=path,
        samples=tuple(sorted({sample for _, sample in header.groups if sample})),
        build=build_of_lengths(header.lengths),
        prefix=names[0].startswith("chr") if names else None,
        reference=_reference_of(text),
    )
