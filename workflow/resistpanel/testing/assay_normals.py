"""The normals that a dossier is made of, and the panel of normals without one of them."""

import dataclasses
from pathlib import Path
from urllib.parse import unquote

import pysam

from resistpanel.core.errors import InputError
from resistpanel.core.fingerprint import content
from resistpanel.qc.assay_folder import PANEL_OF_NORMALS
from resistpanel.records.assay import BuiltAssay


@dataclasses.dataclass(frozen=True)
class Normal:
    """A normal of a dossier; `of_assay`: the assay was built from it."""

    sample: str
    bam: Path
    of_assay: bool


def normals_of(made: BuiltAssay, given: list[Path]) -> list[Normal]:
    """Return the assay's normals, or those given.

    Raises
    ------
    InputError
        A BAM is not where it was, or has other content than the assay was built from.
    """
    known = {one.content: one for one in made.normals}
    if given:
        found = []
        for bam in given:
            if not bam.is_file():
                raise InputError("no such file", f"--normal {bam}")
            one = known.get(content(bam))
            name = one.sample if one else _sample(bam)
            found.append(Normal(name, bam, one is not None))
        names = [one.sample for one in found]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise InputError(f"sample '{twice}' is given twice", "--normal", "give each once")
        return found
    for one in made.normals:
        if not Path(one.bam).is_file():
            raise InputError(
                f"the BAM of normal '{one.sample}' is not there", one.bam,
                "give the normals: --normal BAM",
            )  # fmt: skip
        if content(one.bam) != one.content:
            raise InputError(
                f"is not the BAM that assay {made.title} was built from", one.bam,
                "restore it, or give the normals: --normal BAM",
            )  # fmt: skip
    return [Normal(one.sample, Path(one.bam), True) for one in made.normals]


def _sample(bam: Path) -> str:
    with pysam.AlignmentFile(str(bam), check_sq=False) as reads:
        names = {group.get("SM") for group in reads.header.to_dict().get("RG", [])} - {None}
    if len(names) != 1:
        raise InputError("read groups must name one sample (SM)", str(bam))
    return names.pop()


def spread(normals: list[Normal], depth: dict[str, float], number: int) -> list[Normal]:
    """Return some normals, from the least to the best covered."""
    ordered = sorted(normals, key=lambda one: (depth.get(one.sample, 0.0), one.sample))
    number = min(number, len(ordered))
    if number == 1:
        return [ordered[len(ordered) // 2]]
    return [ordered[round(k * (len(ordered) - 1) / (number - 1))] for k in range(number)]


def panel_without(folder: Path, sample: str, output: Path) -> Path:
    """Write the panel of normals as if a sample had not been among them.

    An allele that then recurs in fewer than two is left out.
    """
    with (
        pysam.VariantFile(str(folder / PANEL_OF_NORMALS)) as source,
        pysam.VariantFile(str(output), "wz", header=source.header) as sink,
    ):
        for record in source:
            seen = [unquote(name) for name in record.info["SEEN"]]
            left = len(seen) - (sample in seen)
            if left >= 2:
                record.info["NORMALS"] = left
                sink.write(record)
    pysam.tabix_index(str(output), preset="vcf", force=True)
    return output
