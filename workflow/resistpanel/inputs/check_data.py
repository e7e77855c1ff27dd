"""What of the data can be checked beyond its headers: sequence, panel and catalogue."""

import itertools
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pysam

from resistpanel.catalog.drivers import load_drivers
from resistpanel.catalog.numbering import load_numbering
from resistpanel.catalog.sites import Targets, all_rows, find_sites
from resistpanel.catalog.table import Catalog, load_catalog
from resistpanel.core.bam import index_of, open_bam, quiet
from resistpanel.core.contig_checksums import checksum, dictionary
from resistpanel.core.errors import InputError
from resistpanel.core.files import open_fasta
from resistpanel.core.intervals import Target, read_targets
from resistpanel.core.vcf_index import check_vcf_index, open_vcf
from resistpanel.inputs.checks import resolver
from resistpanel.inputs.config import Settings
from resistpanel.inputs.inputs_constants import (
    LEAST_COMPARED,
    LEAST_COVERED,
    MOST_MISMATCHES,
    READS_COMPARED,
    TARGETS_ASKED,
)
from resistpanel.inputs.plan import check_extra
from resistpanel.inputs.reference import Findings, Gap
from resistpanel.inputs.sheet import Row
from resistpanel.inputs.treatments import Treatment
from resistpanel.panel.adapt import adapt_panel
from resistpanel.panel.genes import Gene, load_genes


class Panel:
    """The panel under the reference's names, and the catalogue's rows that it can show."""

    def __init__(self, settings: Settings):
        with tempfile.TemporaryDirectory(prefix="resistpanel-") as folder:
            bed, gff3 = Path(folder) / "targets.bed", Path(folder) / "genes.gff3"
            adapt_panel(settings.reference, settings.targets, settings.genes, bed, gff3)
            self.targets: list[Target] = read_targets(bed)
            self.genes: dict[str, Gene] = load_genes(gff3)
            covered = Targets(bed)
        self.catalog: Catalog = load_catalog(
            settings.catalog, settings.catalog_tables, settings.drugs
        )
        drivers = load_drivers(settings.catalog, self.catalog.drugs)
        with open_fasta(settings.reference) as reference:
            rows, numbering = all_rows(self.catalog, drivers), load_numbering(settings.catalog)
            sites, _ = find_sites(rows, self.genes, reference, covered, numbering)
        self.with_site = {identifier for site in sites for identifier in site.ids}
        self.hit_genes = {
            name
            for name, gene in self.genes.items()
            if any(
                target.chrom == gene.chrom
                and any(target.start < end and target.end > start for start, end in gene.cds)
                for target in self.targets
            )
        }

    @property
    def bases(self) -> int:
        """Target bases."""
        return sum(target.length for target in self.targets)

    def coverage(self, drugs) -> tuple[int, int, list[str]]:
        """Return (rows seen, rows in all, genes of the others) of resistance to `drugs`.

        Rows that DNA of coding exons cannot show are left out.
        """
        rows = [
            row
            for row in self.catalog
            if row.direction == "resistance"
            and row.visible_in_dna
            and any(row.drug_match(drug) for drug in drugs)
        ]
        seen = [row for row in rows if self.shows(row)]
        missing = sorted({row.gene for row in rows if not self.shows(row)})
        return len(seen), len(rows), missing

    def shows(self, row) -> bool:
        """Return whether an alteration that fits the row could be seen on the targets."""
        if row.match_level in ("exact", "codon") and row.residues:
            return row.id in self.with_site or (
                row.change is not None
                and row.change.kind not in ("substitution", "nonsense")
                and row.gene in self.hit_genes
            )
        return row.gene in self.hit_genes


@quiet()
def check_sequence(rows: list[Row], reference: Path, contigs: set[str], findings: Findings) -> int:
    """Hold the M5 tags of the BAMs against the reference; return how many contigs had one.

    Another sequence under the same name and length is a note: a reference with masked regions
    is another sequence too.
    """
    stated: dict[str, dict[str, list[Path]]] = {}
    for row in rows:
        try:
            with pysam.AlignmentFile(str(row.bam), check_sq=False) as handle:
                for line in handle.header.to_dict().get("SQ", []):
                    if line["SN"] in contigs and "M5" in line:
                        same = stated.setdefault(line["SN"], {})
                        same.setdefault(line["M5"].lower(), []).append(row.bam)
        except (OSError, ValueError):
            continue
    known = dictionary(reference)
    for contig, sums in stated.items():
        own = known.get(contig) or checksum(reference, contig)
        for other, bams in sums.items():
            if other != own:
                findings.notes.append(
                    f"{bams[0]}{f' and {len(bams) - 1} more' if len(bams) > 1 else ''}: contig "
                    f"{contig} is another sequence than in {reference} (MD5 {other[:8]}... and "
                    f"{own[:8]}...), though of the same length: give the very reference that the "
                    "reads were aligned to, unless one is a masked copy of the other"
                )
    return len(stated)


def _spread(targets: list[Target], number: int) -> list[Target]:
    step = max(1, len(targets) // number)
    return list(itertools.islice(targets[step // 2 :: step], number))


def _mismatches(reads: Iterable[pysam.AlignedSegment], reference: Path) -> tuple[int, int]:
    """Return the aligned bases of reads that differ from the reference, and all of them."""
    differing = bases = 0
    with open_fasta(reference) as fasta:
        for read in reads:
            if read.is_unmapped or not read.query_sequence or read.reference_end is None:
                continue
            start = read.reference_start
            sequence = fasta.fetch(read.reference_name, start, read.reference_end).upper()
            for at, pos in read.get_aligned_pairs(matches_only=True):
                base = read.query_sequence[at].upper()
                if base in "ACGT" and sequence[pos - start : pos - start + 1] in set("ACGT"):
                    bases += 1
                    differing += base != sequence[pos - start]
    return differing, bases


@quiet()
def check_reads(
    rows: list[Row], targets: list[Target], reference: Path, findings: Findings
) -> None:
    """Ask each indexed BAM for reads on some targets.

    A BAM of another panel has few, and the reads of another genome's differ from the reference.
    """
    asked = _spread(targets, TARGETS_ASKED)
    for row in rows:
        if index_of(row.bam) is None:
            continue
        try:
            with open_bam(row.bam, reference) as handle:
                over = [
                    list(itertools.islice(
                        handle.fetch(target.chrom, target.start, target.end), READS_COMPARED
                    ))
                    for target in asked
                ]  # fmt: skip
                hit = sum(bool(reads) for reads in over)
                differing, bases = _mismatches(itertools.chain(*over), reference)
        except (OSError, ValueError) as error:
            findings.error(
                f"its index cannot be used ({error})", row.bam, f"run `samtools index {row.bam}`"
            )
            continue
        if hit == 0:
            findings.error(
                f"no read on any of {len(asked)} targets examined ({row.where}, sample "
                f"'{row.sample}')",
                row.bam,
                "give the BED of the panel that was sequenced (key 'targets')",
            )
        elif bases >= LEAST_COMPARED and differing > MOST_MISMATCHES * bases:
            findings.error(
                f"{100 * differing / bases:.0f} % of {bases} aligned bases differ from {reference} "
                f"({row.where}, sample '{row.sample}')",
                row.bam,
                "give the reference that the reads were aligned to (key 'reference')",
            )
        elif hit < LEAST_COVERED * len(asked):
            text = (
                f"{row.bam}: reads on {hit} of {len(asked)} targets examined; is this the panel "
                "that was sequenced?"
            )
            findings.notes.append(Gap(text, f"few targets have reads in {row.sample}"))


def check_drug_rows(
    rows: list[Row],
    treatments: Mapping[str, Sequence[Treatment]],
    settings: Settings,
    panel: Panel,
    findings: Findings,
) -> None:
    """Note drugs of which the catalogue or the panel says nothing."""
    resolve = resolver(settings.catalog, settings.drugs)
    by_patient: dict[str, list] = {}
    for row in rows:
        given = by_patient.setdefault(row.patient, [])
        if row.tumor and row.patient not in treatments:
            place = row.place("drugs")
            given += [(name, resolve(name, row), place) for name in row.drugs]
    for patient, ones in treatments.items():
        by_patient[patient] = [(t.drug, resolve(t.drug, t), t.place("drug")) for t in ones]
    said = set()
    for given in by_patient.values():
        for name, drug, place in given:
            if drug.name in said:
                continue
            said.add(drug.name)
            if not drug.known:  # noted with the sheet
                continue
            seen, total, missing = panel.coverage([drug])
            if total == 0:
                text = (
                    f"{place}: the catalogue knows {name} ({drug.name}) as a drug, "
                    "but no resistance to it or its class: candidates alone can be found"
                )
                findings.notes.append(Gap(text, f"no known resistance to {drug.name}"))
            elif seen < total:
                text = (
                    f"{place}: {total - seen} of {total} catalogue rows on resistance to "
                    f"{drug.name} are outside the panel ({', '.join(missing[:6])}"
                    f"{' ...' if len(missing) > 6 else ''})"
                )
                none = f"no catalogued resistance to {drug.name} is on the panel"
                findings.notes.append(text if seen else Gap(text, none))


@quiet()
def check_contig_order(rows: list[Row], contigs: set[str], findings: Findings) -> None:
    """Compare the order of the targets' contigs between the BAMs of each patient.

    The samples of a patient are read side by side; `resistpanel call` refuses others.
    """
    first: dict[str, tuple[Row, list[str]]] = {}
    for row in rows:
        try:
            with pysam.AlignmentFile(str(row.bam), check_sq=False) as handle:
                order = [name for name in handle.references if name in contigs]
        except (OSError, ValueError):
            continue
        other, expected = first.setdefault(row.patient, (row, order))
        if order != expected:
            k = next(k for k, (a, b) in enumerate(zip(order, expected, strict=False)) if a != b)
            findings.error(
                f"its contigs are in another order than in {other.bam}: {order[k]} where the "
                f"other has {expected[k]}",
                f"{row.bam} ({row.where}, sample '{row.sample}')",
                "sort both by one reference (Picard ReorderSam), and index them",
            )


def check_genes(panel: Panel, settings: Settings, findings: Findings) -> None:
    """Note contigs with targets, and without a gene of the annotation."""
    genes = {gene.chrom for gene in panel.genes.values()}
    bare = [t for t in panel.targets if t.chrom not in genes]
    if not bare:
        return
    names = list(dict.fromkeys(target.chrom for target in bare))
    findings.notes.append(
        f"{settings.place('genes')}: no gene of {settings.genes} is on {', '.join(names[:5])}"
        f"{' ...' if len(names) > 5 else ''}, where {len(bare)} targets are: variants there are "
        "reported without a consequence"
    )


def check_caller(settings: Settings, contigs: set[str], findings: Findings) -> None:
    """Check what the configuration gives the caller: further arguments and indexed resources."""
    try:
        check_extra(settings)
    except InputError as error:
        findings.errors.append(error)
    for key, path in (("call.pon", settings.pon), ("call.germline", settings.germline)):
        if path is None:
            continue
        try:
            with open_vcf(path) as vcf:
                indexed, names = vcf.index is not None, set(vcf.header.contigs)
        except (OSError, ValueError, NotImplementedError) as error:  # the last: gzip, not bgzip
            findings.error(f"cannot be read as VCF ({error})", settings.place(key))
            continue
        if not indexed:
            findings.error(
                f"{path} has no index", settings.place(key), f"run `bcftools index -t {path}`"
            )
        else:
            try:
                check_vcf_index(path)
            except InputError as error:
                findings.errors.append(error)
        if names and contigs and not names & contigs:
            findings.error(
                f"{path} has no contig name in common with the reference", settings.place(key),
                "rename its contigs with `bcftools annotate --rename-chrs`",
            )  # fmt: skip
