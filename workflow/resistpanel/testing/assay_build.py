"""Build an assay: what its normals and reference material show, as one folder with a version."""

import dataclasses
import itertools
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from resistpanel import __version__
from resistpanel.call.caller import (
    Caller,
    inherited_by_sample,
    overdispersion_by_sample,
    write_recurrent,
)
from resistpanel.call.errors.error_model import pooled_priors
from resistpanel.call.model.overdispersion import Overdispersion
from resistpanel.call.settings import Settings as CallSettings
from resistpanel.copynumber.gate import GATE as SAMPLE_GATE
from resistpanel.core.builds import build_of_lengths
from resistpanel.core.errors import InputError
from resistpanel.core.files import make_folder, write_text
from resistpanel.core.fingerprint import content
from resistpanel.core.schemas import write_record
from resistpanel.panel.adapt import Contigs, adapt_bed
from resistpanel.qc.assay import LIBRARY, READS
from resistpanel.qc.assay_folder import (
    MATERIAL,
    NORMALS,
    PANEL_OF_NORMALS,
    PRIMERS,
    TARGETS,
    reference_bases,
    write_assay,
)
from resistpanel.qc.figures import patient_figures
from resistpanel.qc.gate import GATE, Condition, gate_with
from resistpanel.records import assay as records
from resistpanel.records.qc import Assay, Qc
from resistpanel.records.sheet import Sample, Sheet
from resistpanel.report.provenance import created
from resistpanel.testing.pack import Pack
from resistpanel.testing.testing_constants import (
    LEAST_ASSAY_NORMALS,
    SAME_PERSON_ALLELES,
    SAME_PERSON_SHARED,
)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What an assay is to be built from.

    Attributes
    ----------
    name, version : str
    reference, targets : Path
    normals : tuple of Path
        BAMs or CRAMs, one a person.
    output : Path
        Folder; there must be none.
    given : tuple of (key, value)
        What of the reads is stated and not detected: library, reads, umi.
    primers : Path or None
    padding : int or None
        None: by library.
    index_hopping : float or None
    qc, copynumber : dict
        Thresholds that differ from the defaults, by row of the gates.
    packs : tuple of Pack
        Reference material.
    threads : int
    """

    name: str
    version: str
    reference: Path
    targets: Path
    normals: tuple[Path, ...]
    output: Path
    given: tuple[tuple[str, str], ...] = ()
    primers: Path | None = None
    padding: int | None = None
    index_hopping: float | None = None
    qc: dict[str, float | None] = dataclasses.field(default_factory=dict)
    copynumber: dict[str, float | None] = dataclasses.field(default_factory=dict)
    packs: tuple[Pack, ...] = ()
    threads: int = 1


def build(wanted: Wanted, tell: Callable[[str], None] = lambda line: None) -> records.BuiltAssay:
    """Build an assay; its folder appears when it is whole.

    Raises
    ------
    InputError
        The folder exists, too few normals, one that is given twice or is of other reads.
    """
    if wanted.output.exists():
        raise InputError(
            "exists already: a version is not built twice", str(wanted.output),
            "give another folder and version",
        )  # fmt: skip
    if len(wanted.normals) < LEAST_ASSAY_NORMALS:
        raise InputError(
            f"{len(wanted.normals)} given, {LEAST_ASSAY_NORMALS} are the fewest", "--normal"
        )
    digests = _distinct(wanted.normals)
    make_folder(wanted.output)
    with tempfile.TemporaryDirectory(
        prefix=f".{wanted.output.name}.", dir=wanted.output.parent
    ) as scratch:
        folder = Path(scratch) / "assay"
        folder.mkdir()
        made = _fill(folder, wanted, digests, tell)
        folder.rename(wanted.output)
    return made


def _distinct(normals: Sequence[Path]) -> dict[Path, str]:
    """Return the digest of each BAM; two must not be the same."""
    found: dict[Path, str] = {}
    for bam in normals:
        digest = content(bam)
        if digest is None:
            raise InputError("cannot be read", str(bam), "check the file")
        for other, known in found.items():
            if known == digest:
                raise InputError(f"has the content of {other}", str(bam), "give each normal once")
        found[bam] = digest
    return found


def _fill(
    folder: Path, wanted: Wanted, digests: dict[Path, str], tell: Callable[[str], None]
) -> records.BuiltAssay:
    """Write the files of an assay into a folder."""
    contigs = Contigs(wanted.reference)
    targets, _ = adapt_bed(wanted.targets, contigs)
    bed = folder / TARGETS
    write_text(bed, "".join(f"{target.line()}\n" for target in targets))
    primers = folder / PRIMERS if wanted.primers else None
    if primers:
        shutil.copyfile(wanted.primers, primers)
    caller = Caller(
        CallSettings(
            reference=str(wanted.reference),
            targets=str(bed),
            tumors=[str(bam) for bam in wanted.normals],
            padding=wanted.padding,
            primers=str(primers) if primers else None,
            assay=[(None, key, value) for key, value in wanted.given],
            threads=wanted.threads,
        )
    )
    kind = _one_kind(caller)
    tell(f"{len(caller.samples)} normals: {LIBRARY[kind.library]}, {READS[kind.reads]}")
    recurrent = write_recurrent(caller, str(folder / PANEL_OF_NORMALS))
    _different_persons(caller)
    tell(f"panel of normals: {recurrent} alleles")
    gates = {
        "qc": _thresholds(GATE, wanted.qc, "qc"),
        "copynumber": _thresholds(SAMPLE_GATE, wanted.copynumber, "copynumber"),
    }
    quality = _quality(caller, wanted, bed, gate_with(gates["qc"]))
    write_record(folder / NORMALS, quality)
    depth = {one.sample: one.mean_depth for one in quality.samples}
    scatter = overdispersion_by_sample(caller)
    pairs = zip(caller.samples, wanted.normals, scatter, strict=True)
    return write_assay(
        folder,
        records.BuiltAssay(
            schema="resistpanel/assay/1",
            name=wanted.name,
            version=wanted.version,
            created=created(),
            resistpanel=__version__,
            build=build_of_lengths(contigs.lengths),
            reference=reference_bases(wanted.reference, targets),
            target_bases=sum(target.length for target in targets),
            kind=kind,
            settings=records.Settings(
                given=dict(wanted.given),
                padding=wanted.padding,
                index_hopping=wanted.index_hopping,
                primers=PRIMERS if primers else None,
                **gates,
            ),
            priors=_priors(caller, scatter),
            normals=tuple(
                records.AssayNormal(
                    sample=sample.name,
                    bam=str(bam.absolute()),
                    content=digests[bam],
                    mean_depth=depth[sample.name],
                    overdispersion=rho.rho,
                    heterozygous_sites=rho.sites,
                )
                for sample, bam, rho in pairs
            ),
            recurrent=recurrent,
            material=tuple(_material(pack, folder) for pack in wanted.packs),
            files={},
            digest="0" * 64,
        ),
    )


def _kind(found: Assay) -> records.ReadKind:
    # Whether duplicates are flagged is not of the assay: a BAM without any has none.
    reads = "raw" if found.reads == "marked" and "reads" not in found.given else found.reads
    return records.ReadKind(library=found.library, reads=reads, families=found.families)


def _one_kind(caller: Caller) -> records.ReadKind:
    """Return what all normals' reads are."""
    kinds = [_kind(found) for found in caller.assays]
    for sample, kind in zip(caller.samples, kinds, strict=True):
        for field in ("library", "reads", "families"):
            first, other = getattr(kinds[0], field), getattr(kind, field)
            if first != other:
                raise InputError(
                    f"{field} is {other}, that of {caller.samples[0].path} is {first}",
                    sample.path,
                    "build an assay from normals of one assay, or state it: --assay",
                )
    return kinds[0]


def _different_persons(caller: Caller) -> None:
    """Raise InputError if two normals have the same inherited alleles.

    What one person inherited would be recurrent, and hidden in every later sample.
    """
    found = inherited_by_sample(caller)
    for (one, mine), (other, theirs) in itertools.combinations(
        zip(caller.samples, found, strict=True), 2
    ):
        either, both = len(mine | theirs), len(mine & theirs)
        if either >= SAME_PERSON_ALLELES and both >= SAME_PERSON_SHARED * either:
            raise InputError(
                f"is of the person of {one.path}: {both} of {either} inherited alleles are "
                "the same", other.path, "give one normal of each person",
            )  # fmt: skip


def _thresholds(
    rows: Sequence[Condition], changes: dict[str, float | None], key: str
) -> dict[str, float | None]:
    """Return every threshold of a gate: the defaults of today stay with the assay."""
    gate_with(changes, rows, key)
    return {row.name: changes.get(row.name, row.threshold) for row in rows}


def _quality(caller: Caller, wanted: Wanted, bed: Path, gate: list[Condition]) -> Qc:
    """Return the figures of the normals, as `resistpanel qc` writes them."""
    samples = tuple(
        Sample(sample=one.name, role="normal", timepoint=None, day=None, lesion=None, drugs=(),
               bam=str(bam.absolute()), purity=None)
        for one, bam in zip(caller.samples, wanted.normals, strict=True)
    )  # fmt: skip
    sheet = Sheet(
        schema="resistpanel/sheet/1", patient=wanted.name, sex=None, disease=None,
        samples=samples, pairs=(), lines=(), drugs=(), tumor_only=False,
    )  # fmt: skip
    return patient_figures(sheet, bed, wanted.reference, gate, wanted.threads, caller.given)


def _priors(caller: Caller, scatter: Sequence[Overdispersion]) -> records.Priors:
    """Return what the normals' reads say of further ones."""
    rates = pooled_priors(caller.error_counts)
    rho = [found.rho for found in scatter]
    return records.Priors(
        quality=tuple(map(float, rates.quality)),
        stutter=tuple((float(a), float(b)) for a, b in rates.stutter),
        overdispersion=records.Overdispersion(
            median=statistics.median(rho), low=min(rho), high=max(rho),
            heterozygous_sites=sum(found.sites for found in scatter),
        ),
    )  # fmt: skip


def _material(pack: Pack, folder: Path) -> records.Material:
    """Copy a pack's description, targets and truth; its reads stay where they are."""
    inside = Path(MATERIAL) / pack.about.name
    (folder / inside).mkdir(parents=True)
    for name in ("pack.yaml", pack.about.targets, pack.about.truth):
        place = folder / inside / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pack.folder / name, place)
    return records.Material(
        name=pack.about.name, title=pack.about.title, folder=str(inside),
        alleles=sum(known.state == "present" for known in pack.known),
        reads={name: source.sha256 for name, source in pack.about.files.items()},
    )  # fmt: skip
