"""Rename the contigs of a panel's files to those of a reference, and check that they fit."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from resistpanel.core.builds import (
    build_of_lengths,
    build_of_text,
    read_lengths,
    with_chr,
)
from resistpanel.core.errors import InputError
from resistpanel.core.files import read_text, replacing, write_text
from resistpanel.core.intervals import Target, merge_targets, read_targets
from resistpanel.core.sequences import write_sequences
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.panel.panel_constants import NEAR


@dataclasses.dataclass(frozen=True)
class Adapted:
    """What `adapt_panel` did: targets written, and remarks for the user."""

    targets: list[Target]
    remarks: list[str]


class Contigs:
    """Names and lengths of a reference's contigs, found by any usual spelling."""

    def __init__(self, reference: str | Path):
        self.reference = str(reference)
        self.lengths = read_lengths(reference)
        self.build = build_of_lengths(self.lengths)
        self._names = {with_chr(name): name for name in self.lengths}

    def find(self, name: str) -> str | None:
        """Return the reference's own name of a contig, or None if it lacks it."""
        return name if name in self.lengths else self._names.get(with_chr(name))

    def describe(self) -> str:
        """Name the reference and, if its lengths identify it, its build."""
        return f"{self.reference} ({self.build})" if self.build else self.reference

    def check(self, path: Path, build: str | None) -> None:
        """Raise InputError if a file made for `build` does not belong to this reference."""
        if build and self.build and build != self.build:
            raise InputError(
                f"made for {build}, but the reference {self.reference} is {self.build}",
                str(path),
                f"give the panel's {self.build} file or a {build} reference",
            )

    def rename(self, name: str, end: int, where: str) -> str:
        """Return the reference's name of a contig that must reach to `end`."""
        found = self.find(name)
        if found is None:
            raise InputError(
                f"contig {name} is absent from the reference {self.describe()}",
                where,
                "give the reference that the panel was made for",
            )
        if end > self.lengths[found]:
            raise InputError(
                f"{name}:{end} is beyond the end of {found} ({self.lengths[found]} bases) "
                f"in the reference {self.describe()}",
                where,
                "give the panel's file for this build",
            )
        return found


def _header_build(path: Path, lines: Iterable[str]) -> str | None:
    """Return the build that a GFF3's own header states, by name or by contig lengths."""
    lengths = {}
    for line in lines:
        if line.startswith("#!genome-build") and (build := build_of_text(line)):
            return build
        words = line.split()
        if line.startswith("##sequence-region") and len(words) == 4 and words[3].isdigit():
            lengths[words[1]] = int(words[3])
        if not line.startswith("#"):
            break
    return build_of_lengths(lengths)


def adapt_gff3(gff3: str | Path, contigs: Contigs) -> tuple[str, set[str]]:
    """Return a GFF3's text under the reference's contig names, and the contigs it lacks.

    Features on contigs that are not in the reference are left out.
    """
    path = Path(gff3)
    if not path.is_file():
        raise InputError("no such file", str(path), "give the panel's GFF3")
    lines = read_text(path).splitlines()
    contigs.check(path, _header_build(path, lines))
    out, absent = [], set()
    for number, line in enumerate(lines, 1):
        separator = " " if line.startswith("##sequence-region") else "\t"
        if (line.startswith("#") and separator == "\t") or not line.strip():
            out.append(line)
            continue
        fields = line.split(separator)
        at, last = (1, 3) if separator == " " else (0, 4)
        where = f"{path}:{number}"
        if len(fields) <= last or not fields[last].isdigit():
            raise InputError("not a GFF3 line", where, "columns are tab-separated")
        if contigs.find(fields[at]) is None:
            absent.add(fields[at])
            continue
        fields[at] = contigs.rename(fields[at], int(fields[last]), where)
        out.append(separator.join(fields))
    return "\n".join(out) + "\n", absent


def adapt_bed(bed: str | Path, contigs: Contigs) -> tuple[list[Target], list[str]]:
    """Return a BED's targets under the reference's contig names, and remarks.

    Targets that share a base are joined: otherwise reads there would count twice.
    """
    path = Path(bed)
    targets = [
        dataclasses.replace(
            target, chrom=contigs.rename(target.chrom, target.end, f"{path} ({target.name})")
        )
        for target in read_targets(path)
    ]
    merged = merge_targets(targets)
    joined = len(targets) - len(merged)
    remarks = [f"{path}: {joined} overlapping targets joined to others"] if joined else []
    return merged, remarks


def check_agreement(targets: list[Target], genes: dict[str, Gene], bed: Path, gff3: Path) -> None:
    """Raise InputError if most targets lie away from the gene that they are named for.

    Another build's BED seldom runs past the end of a chromosome, yet its exons miss the genes.
    """
    named = [(target, genes[target.gene]) for target in targets if target.gene in genes]
    away = [
        target
        for target, gene in named
        if target.chrom != gene.chrom
        or target.end < gene.cds[0][0] - NEAR
        or target.start > gene.cds[-1][1] + NEAR
    ]
    if 2 * len(away) > len(named):
        raise InputError(
            f"{len(away)} of {len(named)} targets are not at the gene of their name in {gff3}, "
            f"first {away[0].name}",
            str(bed),
            "give BED and GFF3 of the same build",
        )


def name_targets(targets: list[Target], genes: dict[str, Gene]) -> tuple[list[Target], int]:
    """Give targets that no gene of the panel is named in the gene that they are in.

    Copy number is a gene's, and a BED of the laboratory's own names its rows as it likes. The
    gene is the one whose coding bases the target shares, or else the only one that it lies
    within (introns); its symbol is put before the name: ``PTEN|name``. Others stay as they are.

    Returns
    -------
    list of Target
    int
        How many were named.
    """
    by_chrom: dict[str, list[Gene]] = {}
    for gene in genes.values():
        by_chrom.setdefault(gene.chrom, []).append(gene)
    named = []
    for target in targets:
        found = None
        if target.gene not in genes:
            found = _gene_at(target, by_chrom.get(target.chrom, []))
        if found:
            own = target.name
            if own in ("", "."):
                own = f"{target.chrom}:{target.start + 1}-{target.end}"
            target = dataclasses.replace(target, name=f"{found}|{own}")
        named.append(target)
    return named, sum(a is not b for a, b in zip(targets, named, strict=True))


def _gene_at(target: Target, genes: list[Gene]) -> str | None:
    """Return the symbol of the gene that a target is in, or None."""
    shared = {
        gene.symbol: sum(
            max(0, min(end, target.end) - max(start, target.start)) for start, end in gene.cds
        )
        for gene in genes
        if gene.cds[0][0] < target.end and target.start < gene.cds[-1][1]
    }
    coding = max(shared, key=lambda symbol: shared[symbol], default=None)
    if coding is not None and (shared[coding] or len(shared) == 1):
        return coding
    return None


def adapt_panel(
    reference: str | Path,
    bed: str | Path,
    gff3: str | Path,
    output_bed: str | Path,
    output_gff3: str | Path,
    output_sequences: str | Path | None = None,
    read: bool = False,
) -> Adapted:
    """Write a panel's BED and GFF3 under the contig names of a reference.

    With `output_sequences`, also the refget accessions of the contigs with targets, as JSON; with
    `read`, long contigs are read where it is not known (see `core.sequences`).

    Raises
    ------
    InputError
        If a target's contig is absent or too short, or if the chromosome lengths of the
        reference show another build than the GFF3 states. Genes on an absent contig are left
        out of the GFF3 where no target needs them.
    """
    contigs = Contigs(reference)
    text, absent = adapt_gff3(gff3, contigs)
    targets, remarks = adapt_bed(bed, contigs)
    if absent:
        remarks.append(f"{gff3}: genes on {', '.join(sorted(absent))} left out, not in {reference}")
    if not any(line and not line.startswith("#") for line in text.splitlines()):
        raise InputError(
            f"none of its contigs is in the reference {contigs.describe()}",
            str(gff3),
            "give the reference that the panel was made for",
        )
    with replacing(output_gff3) as temporary:
        temporary.write_text(text, encoding="utf-8")
        genes = load_genes(temporary)
        check_agreement(targets, genes, Path(bed), Path(gff3))
        targets, number = name_targets(targets, genes)
        if number:
            remarks.append(f"{bed}: {number} targets named after the gene that contains them")
        write_text(output_bed, "".join(f"{target.line()}\n" for target in targets))
    if output_sequences:
        names = {target.chrom for target in targets}
        unknown = write_sequences(output_sequences, reference, names, read)
        if unknown:
            remarks.append(
                f"{reference}: no GA4GH VRS identifiers on {', '.join(unknown)}: no .dict states "
                "that these are chromosomes of GRCh37 or GRCh38; run `samtools dict`, or have them "
                "read (vrs: all)"
            )
    return Adapted(targets, remarks)
