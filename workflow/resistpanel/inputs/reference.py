"""The reference and the panel's files, checked against each other."""

import dataclasses
from pathlib import Path

import pysam

from resistpanel.core.bam import BUILD_NAMES
from resistpanel.core.builds import build_of_lengths, read_lengths
from resistpanel.core.errors import InputError
from resistpanel.core.fasta_index import check_fasta_index
from resistpanel.core.files import read_text
from resistpanel.core.intervals import Target, overlaps, read_targets
from resistpanel.panel.adapt import NEAR, Contigs, adapt_gff3, check_agreement
from resistpanel.panel.genes import Gene, load_genes


class Gap(str):
    """A note that a run as configured leaves part of the question open.

    Attributes
    ----------
    short : str
        What is left open, in a few words.
    """

    def __new__(cls, text: str, short: str) -> "Gap":
        """Return the note."""
        made = super().__new__(cls, text)
        made.short = short
        return made


@dataclasses.dataclass
class Findings:
    """What a check found: errors that stop the run, notes that do not."""

    errors: list[InputError] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def error(self, what: str, where: object = "", cure: str = "") -> None:
        """Add an error."""
        self.errors.append(InputError(what, str(where), cure))


def _index(reference: Path, findings: Findings) -> bool:
    """Index a reference that has no index; return whether it has one now."""
    with reference.open("rb") as handle:
        start = handle.read(18)
    bgzipped = start[:2] == b"\x1f\x8b" and start[12:14] == b"BC"
    if start[:2] == b"\x1f\x8b" and not bgzipped:
        findings.error(
            "the reference is compressed with gzip, which cannot be read by position",
            reference,
            "decompress it, or compress it with bgzip",
        )
        return False
    if not bgzipped and start[:1] != b">":
        findings.error("the reference is not FASTA", reference, "give the genome's FASTA")
        return False
    fai = Path(f"{reference}.fai")
    needed = [fai, *([Path(f"{reference}.gzi")] if bgzipped else [])]
    missing = [path for path in needed if not path.is_file()]
    if missing:
        try:
            pysam.samtools.faidx(str(reference))
        except (pysam.SamtoolsError, OSError):
            findings.error(
                f"the reference has no {missing[0].suffix} index, and it cannot be made here",
                reference,
                f"run `samtools faidx {reference}` as its owner, or link it into a folder of yours",
            )
            return False
        findings.notes.append(f"{reference}: indexed ({', '.join(p.name for p in missing)} made)")
    elif fai.stat().st_mtime < reference.stat().st_mtime:
        findings.notes.append(
            f"{fai} is older than the reference: if the reference has changed since, "
            f"run `samtools faidx {reference}`"
        )
    return True


def _check_offsets(fai: Path) -> None:
    """Raise InputError for offsets that no FASTA has: bases would be read from elsewhere."""
    end = 0
    for number, line in enumerate(read_text(fai).splitlines(), 1):
        name, *columns = line.split("\t")
        length, start, bases, width = map(int, columns[:4])
        # Each contig follows the line with its name, which follows the contig before.
        if start < end + len(name) + 2 or (length and not 0 < bases < width):
            cure = f"run `samtools faidx {fai.with_suffix('')}`"
            raise InputError("offsets that no FASTA has", f"{fai}:{number}", cure)
        end = start + length + (length - 1) // max(bases, 1) * (width - bases) if length else start


def _is_whole(reference: Path, lengths: dict[str, int]) -> bool:
    """Return whether the last base that the index promises is there."""
    last = [name for name, length in lengths.items() if length][-1]
    try:
        with pysam.FastaFile(str(reference)) as fasta:
            return len(fasta.fetch(last, lengths[last] - 1, lengths[last])) == 1
    except (OSError, ValueError, KeyError):
        return False


def check_reference(reference: Path, build: str, findings: Findings) -> dict[str, int]:
    """Return the contig lengths of the reference, empty if they cannot be had.

    Makes a missing ``.fai`` (and ``.gzi``) where the folder allows, and says so.
    """
    if not reference.is_file():
        findings.error("no such reference", reference, "correct key 'reference'")
        return {}
    try:
        if not _index(reference, findings):
            return {}
        lengths = read_lengths(reference)
        _check_offsets(Path(f"{reference}.fai"))
    except InputError as error:
        findings.errors.append(error)
        return {}
    except PermissionError:
        findings.error("the reference cannot be read: no permission", reference)
        return {}
    if not any(lengths.values()):
        findings.error("the reference has no sequence", reference, "give the genome's FASTA")
        return {}
    if not _is_whole(reference, lengths):
        findings.error(
            f"the reference is shorter than its index states ({list(lengths)[-1]} is truncated)",
            reference,
            f"copy it again, or run `samtools faidx {reference}` if it is whole",
        )
    else:
        try:
            check_fasta_index(reference)
        except InputError as error:
            findings.errors.append(error)
    found = build_of_lengths(lengths)
    if found is None:
        findings.notes.append(
            f"{reference}: contig lengths match no known build; {build} is assumed"
        )
    elif found != build:
        findings.error(
            f"the reference is {BUILD_NAMES[found]}, the configuration says {BUILD_NAMES[build]}",
            reference,
            f"set 'build: {found}' with the panel's {found} files, or give the {build} reference",
        )
    return lengths


def check_targets(
    targets: Path, genes: Path, reference: Path, lengths: dict[str, int], findings: Findings
) -> set[str]:
    """Return the contigs that hold targets, as the reference names them.

    Parameters
    ----------
    targets, genes : Path
        BED and GFF3 of the panel.
    reference : Path
        FASTA with index.
    lengths : dict of str to int
        Its contig lengths; if empty, nothing is held against it.
    """
    try:
        rows = read_targets(targets)
    except InputError as error:
        findings.errors.append(error)
        return set()
    except UnicodeDecodeError:
        findings.error("not BED text", targets, "give the panel's BED")
        return set()
    shared = overlaps(rows)
    if shared:
        findings.notes.append(
            f"{targets}: {len(shared)} targets overlap the one before "
            f"(first {shared[0][1].chrom}:{shared[0][1].start}-{shared[0][1].end}) and are merged"
        )
    if not lengths:
        return set()
    contigs = Contigs(reference)
    absent = [row for row in rows if contigs.find(row.chrom) is None]
    if absent:
        names = sorted({row.chrom for row in absent})
        findings.error(
            f"{len(absent)} targets are on contigs that are not in the reference "
            f"({', '.join(names[:3])}{' ...' if len(names) > 3 else ''})",
            targets,
            f"give the panel for {contigs.describe()}",
        )
    present = [(row, contigs.find(row.chrom)) for row in rows if contigs.find(row.chrom)]
    beyond = [row for row, name in present if row.end > lengths[name]]
    if beyond:
        row = beyond[0]
        findings.error(
            f"{len(beyond)} targets are beyond the end of their contig, first "
            f"{row.chrom}:{row.start}-{row.end} ({lengths[contigs.find(row.chrom)]} bases)",
            targets,
            f"give the panel for {contigs.describe()}: this one is of another build",
        )
    # The default genes are those of the configured build: a wrong build is reported once.
    sound = all(error.where != str(reference) for error in findings.errors)
    if sound and not absent and not beyond:
        _check_genes(rows, targets, genes, contigs, findings)
    return {name for _, name in present}


def _check_genes(
    rows: list[Target], targets: Path, genes: Path, contigs: Contigs, findings: Findings
) -> None:
    """Hold the targets against the genes: the wrong build's exons miss the genes."""
    try:
        adapt_gff3(genes, contigs)
        renamed = [dataclasses.replace(row, chrom=contigs.find(row.chrom)) for row in rows]
        found = load_genes(genes)
        by_name = {
            symbol: dataclasses.replace(gene, chrom=contigs.find(gene.chrom) or gene.chrom)
            for symbol, gene in found.items()
        }
        check_agreement(renamed, by_name, targets, genes)
        if not any(_meets(row, gene) for row in renamed for gene in by_name.values()):
            findings.error(
                f"no target is in or near a gene of {genes}",
                targets,
                "give BED and GFF3 of the same panel and build",
            )
    except InputError as error:
        findings.errors.append(error)


def _meets(target: Target, gene: Gene) -> bool:
    """Return whether a target is within a gene's coding span, or near it."""
    return (
        target.chrom == gene.chrom
        and target.start < gene.cds[-1][1] + NEAR
        and target.end > gene.cds[0][0] - NEAR
    )
