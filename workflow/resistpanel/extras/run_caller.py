"""Prepares what a caller is run on, runs it, and keeps what it wrote with a note of how."""

import gzip
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pysam

from resistpanel.core.bam import index_of, make_index
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_json, rename, sync, write_json
from resistpanel.core.intervals import read_targets
from resistpanel.extras.caller_tools import TOOLS, Job, Made, find, sample_name, version

#: The note beside a caller's VCFs.
NOTE = "calls.json"
#: Callers that need read groups with IDs of their own in every BAM.
UNIQUE_GROUPS = {"freebayes"}


def prepare_reference(reference: Path, folder: Path) -> Path:
    """Make a folder with the reference as every caller can read it; return its FASTA.

    ``genome.fa`` (a link, or decompressed where the reference is bgzipped, which freebayes,
    Strelka2 and VarDict cannot read), ``genome.fa.fai``, ``genome.dict``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fasta = folder / "genome.fa"
    for path in (fasta, Path(f"{fasta}.fai"), folder / "genome.dict"):
        path.unlink(missing_ok=True)
    with reference.open("rb") as handle:
        compressed = handle.read(2) == b"\x1f\x8b"
    if compressed:
        with gzip.open(reference) as source, fasta.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 22)
        pysam.samtools.faidx(str(fasta))
    else:
        fasta.symlink_to(reference.resolve())
        Path(f"{fasta}.fai").symlink_to(Path(f"{reference}.fai").resolve())
    pysam.samtools.dict(str(fasta), "-o", str(folder / "genome.dict"), catch_stdout=False)
    return fasta


def write_targets(targets: Path, path: Path) -> None:
    """Write the targets as BED of four columns, sorted, none overlapping; and bgzipped, indexed."""
    joined: list[list] = []
    for row in sorted(read_targets(targets), key=lambda row: (row.chrom, row.start, row.end)):
        if joined and joined[-1][0] == row.chrom and row.start <= joined[-1][2]:
            joined[-1][2] = max(joined[-1][2], row.end)
        else:
            joined.append([row.chrom, row.start, row.end])
    text = "".join(
        f"{chrom}\t{start}\t{end}\ttarget{i}\n" for i, (chrom, start, end) in enumerate(joined, 1)
    )
    path.write_text(text, encoding="utf-8")
    pysam.tabix_compress(str(path), f"{path}.gz", force=True)
    pysam.tabix_index(f"{path}.gz", preset="bed", force=True)


def link_bam(bam: Path, folder: Path, name: str) -> Path:
    """Link a BAM and its index under a name that no tool misreads; index it if need be."""
    if index_of(bam) is None:
        make_index(bam)
    index = index_of(bam)
    # GATK wants the index under the BAM's whole name, or with .bai in the place of .bam.
    linked = folder / f"{name}{bam.suffix}"
    linked.symlink_to(bam.resolve())
    Path(f"{linked}{index.suffix}").symlink_to(index.resolve())
    return linked


def groups_clash(bams: Sequence[Path]) -> bool:
    """Return whether two BAMs have a read group of the same ID, which freebayes refuses."""
    seen: set[str] = set()
    for bam in bams:
        with pysam.AlignmentFile(str(bam), check_sq=False) as handle:
            own = {group["ID"] for group in handle.header.to_dict().get("RG", [])}
        if own & seen:
            return True
        seen |= own
    return False


def rename_groups(bam: Path, output: Path, sample: str, reference: Path) -> None:
    """Copy a BAM, its read groups' IDs made the sample's own; indexed."""
    with pysam.AlignmentFile(str(bam), reference_filename=str(reference)) as source:
        header = source.header.to_dict()
        for group in header.get("RG", []):
            group["ID"] = f"{sample}.{group['ID']}"
        with pysam.AlignmentFile(str(output), "wb", header=header) as sink:
            for read in source:
                if read.has_tag("RG"):
                    read.set_tag("RG", f"{sample}.{read.get_tag('RG')}")
                sink.write(read)
    pysam.samtools.index(str(output))


def run_caller(
    name: str,
    reference: Path,
    targets: Path,
    normal: Path | None,
    tumors: Sequence[Path],
    output: Path,
    threads: int = 1,
    germline: Path | None = None,
    extra: str = "",
) -> None:
    """Run a caller on a patient; write its VCFs and `NOTE` into the folder `output`.

    Parameters
    ----------
    name : str
        In `resistpanel.extras.caller_tools.TOOLS`.
    reference : Path
        As `prepare_reference` makes it.
    targets : Path
        BED.
    normal, tumors : Path, sequence of Path
        BAMs.
    output : Path
        Folder; appears when it is whole.
    threads : int
    germline : Path, optional
        VCF with population AFs, for Mutect2.
    extra : str
        Further arguments of the caller, as in a shell.

    Raises
    ------
    InputError
        If the caller is not installed, needs a normal that is not there, or fails.
    """
    tool = TOOLS[name]
    programs = find(name)
    if tool.needs_normal and normal is None:
        raise InputError(f"caller '{name}' needs a normal", cure="leave it out for this patient")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as temporary:
        scratch = Path(temporary)
        bed, made = scratch / "targets.bed", scratch / "made"
        made.mkdir()
        write_targets(targets, bed)
        beside = (sample_name(normal), link_bam(normal, scratch, "normal")) if normal else None
        named = [
            (sample_name(bam), link_bam(bam, scratch, f"tumor{i}")) for i, bam in enumerate(tumors)
        ]
        every = [*([beside] if beside else []), *named]
        if name in UNIQUE_GROUPS and groups_clash([path for _, path in every]):
            renamed = []
            for number, (sample, path) in enumerate(every):
                renamed.append((sample, scratch / f"renamed{number}.bam"))
                rename_groups(path, renamed[-1][1], sample, reference)
            beside, named = (renamed[0], renamed[1:]) if beside else (None, renamed)
        job = Job(
            reference, bed, beside, named, made, scratch, threads, germline, shlex.split(extra)
        )
        files = tool.run(job, programs)
        write_json(
            made / NOTE,
            {
                "caller": name,
                "version": version(programs[0]),
                "extra": extra,
                "normal": beside[0] if beside else None,
                "tumors": [sample for sample, _ in named],
                "files": [{"path": one.path.name, "tumor": one.tumor} for one in files],
            },
        )
        if output.exists():
            shutil.rmtree(output)
        for inner in made.rglob("*"):
            sync(inner)
        rename(made, output)


def read_note(folder: Path) -> tuple[dict, list[Made]]:
    """Return the note of a caller's folder, and its VCFs.

    Raises
    ------
    InputError
        If the folder has no note.
    """
    if not (folder / NOTE).is_file():
        raise InputError(
            f"holds no {NOTE}", str(folder), "give the folder that `resistpanel callers run` made"
        )
    note = read_json(folder / NOTE)
    return note, [Made(folder / one["path"], one["tumor"]) for one in note["files"]]
