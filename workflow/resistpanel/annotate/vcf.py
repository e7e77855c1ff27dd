"""Annotate a VCF: bcftools csq's INFO/BCSQ and our own INFO fields."""

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import pysam

from resistpanel.annotate import junctions, vrs_fields
from resistpanel.annotate.annotate_constants import FLANK
from resistpanel.annotate.csq import DESCRIPTION, Allele, csq
from resistpanel.annotate.effect import Effect, most_severe
from resistpanel.annotate.haplotypes import Bases, Reading, codon_pairs, reading
from resistpanel.annotate.protein import ProteinEffect, protein_effect
from resistpanel.annotate.reversions import SYMBOLIC_DELETION, Reversion, merged, reversions
from resistpanel.annotate.transcript import Transcript
from resistpanel.core.errors import InputError
from resistpanel.core.files import check_whole, rename, replacing
from resistpanel.core.phase import phase_of
from resistpanel.core.reference import Reference
from resistpanel.core.sequences import Sequences
from resistpanel.core.text import encode
from resistpanel.panel.genes import Gene, load_genes

#: INFO fields: id, number, type, description.
FIELDS = (
    ("BCSQ", ".", "String", DESCRIPTION),
    ("GENE", "1", "String", "Gene of the panel on which the effect is most severe"),
    ("TRANSCRIPT", "1", "String", "Transcript that the names refer to, with its version"),
    ("REFSEQ", "1", "String", "The same transcript in RefSeq, where the panel names it"),
    ("CONSEQUENCE", "1", "String", "Sequence Ontology terms, most severe first, joined by &"),
    ("HGVSC", "1", "String", "HGVS c. name, counted from the A of ATG"),
    ("HGVSP", "1", "String", "HGVS p. name, predicted from the DNA; percent-encoded"),
    ("PROTEIN", ".", "String", "Short protein changes, one per codon of a substitution"),
    ("RESIDUES", ".", "Integer", "Codon of each substituted base, in genomic order"),
    (
        "USUAL_NAME",
        "1",
        "String",
        "Name of a splice change, of MET exon 14 skipping or of a TERT promoter hotspot; "
        "percent-encoded",
    ),
    (
        "NOT_ANNOTATED",
        "1",
        "String",
        "Why there are no names: no_gene (none of the panel is near), or what is "
        "wrong with the transcript",
    ),
    ("SPLICE", "0", "Flag", "In a splice site or splice region (3 exonic, 8 intronic bases)"),
    (
        "HAPLOTYPE",
        ".",
        "String",
        "Alleles of the same molecules with which the names are read, as POS_REF_ALT",
    ),
    ("HGVSP_ALONE", "1", "String", "HGVS p. name without the alleles of HAPLOTYPE"),
    (
        "HGVSP_UNPHASED",
        ".",
        "String",
        "HGVS p. name together with an allele that may be on the same molecules, as "
        "POS_REF_ALT_name",
    ),
    (
        "REVERTS",
        ".",
        "String",
        "Truncating alleles of the gene whose molecules have a protein to the annotated stop codon "
        "again with this allele, as POS_REF_ALT_kind_how_name; kind is frame, codon, deletion or "
        "replaced; how is `with` the truncating allele or `instead` of it",
    ),
)


class Annotator:
    """Names alleles by the transcripts of a panel.

    Parameters
    ----------
    genes : path
        Panel GFF3.
    reference : Reference
    """

    def __init__(self, genes: str | Path, reference: Reference):
        self.genes, self.reference = str(genes), reference
        self.by_chrom: dict[str, list[Transcript]] = {}
        self.genes_by_chrom: dict[str, list[Gene]] = {}
        for gene in load_genes(genes).values():
            self.genes_by_chrom.setdefault(gene.chrom, []).append(gene)
            self.by_chrom.setdefault(gene.chrom, []).append(Transcript(gene, reference))
        self.partners = junctions.partners(reference.contigs)

    def near(self, chrom: str, start: int, end: int) -> list[Transcript]:
        """Return the transcripts within `FLANK` bases of a range (0-based half-open)."""
        return [
            transcript
            for transcript in self.by_chrom.get(chrom, ())
            if transcript.start - FLANK < end and start < transcript.end + FLANK
        ]

    def effect(self, chrom: str, start: int, ref: str, alt: str) -> Effect | None:
        """Return the most severe effect of an allele (`start` 0-based), None off the panel."""
        return most_severe(self.near(chrom, start, start + len(ref)), start, ref, alt)

    def junction(self, record: pysam.VariantRecord) -> junctions.Named | None:
        """Return what a junction does to the panel's genes, None of any other record."""
        place = record.chrom, record.pos, record.alts[0], record.ref, record.stop
        ends = junctions.breakends(*place)
        if ends is None:
            return None
        inserted = len(_inserted(record))
        return junctions.named(*ends, self.genes_by_chrom, self.partners, inserted)

    def protein(self, named: junctions.Named, inserted: str) -> ProteinEffect | None:
        """Return what the loss or duplication of coding bases does to the protein.

        None of other junctions, and where the first coding base is one of them.

        Parameters
        ----------
        named : Named
        inserted : str
            Bases at the junction, on the forward strand.
        """
        if named.coding is None or named.coding[0] == 0:
            return None
        transcript = next(t for ts in self.by_chrom.values() for t in ts if t.symbol == named.gene)
        if transcript.fault:
            return None
        skip, whole = transcript.offset, transcript.coding
        start, end = named.coding
        exonic = named.exonic
        more = transcript.strand(inserted) if exonic else ""
        lost = named.consequence == "exon_loss_variant"
        gained = more if lost else more + whole[start:end]
        place = (start, end) if lost else (end, end)
        place = (n - skip for n in place)
        return protein_effect(
            whole[skip:], transcript.trailing, *place, gained, transcript.translation
        )

    def reading(self, allele: Allele, phases: dict[Allele, dict[Bases, str]]) -> Reading:
        """Return how an allele is read with those of its fragments.

        Parameters
        ----------
        allele : Allele
        phases : dict
            Of each allele of the VCF: the phase of its fragments by other allele.
        """
        if not phases[allele]:
            return Reading()
        chrom, start, ref, alt = allele
        of_others = {
            other: phase
            for other in phases[allele]
            if (phase := phases.get((chrom, *other), {}).get((start, ref, alt)))
        }
        near = self.near(chrom, start, start + len(ref))
        return reading(near, (start, ref, alt), phases[allele], of_others)

    def check_contigs(self, contigs, where: str) -> None:
        """Raise InputError if the VCF and the GFF3 share no contig name."""
        known = set(contigs)
        if known and not known & set(self.by_chrom):
            raise InputError(
                f"contigs ({min(known)}, ...) differ from those of {self.genes} "
                f"({min(self.by_chrom)}, ...)",
                where,
                "rename the panel's contigs with `resistpanel panel adapt`",
            )


def fields_of(effect: Effect) -> dict[str, object]:
    """Return the INFO fields of an effect, by id."""
    found: dict[str, object] = {
        "GENE": effect.symbol,
        "TRANSCRIPT": effect.transcript,
        "CONSEQUENCE": "&".join(effect.terms),
        "HGVSC": encode(effect.hgvs_c),
    }
    if effect.refseq:
        found["REFSEQ"] = effect.refseq
    if effect.name:
        found["USUAL_NAME"] = encode(effect.name)
    if effect.fault:
        found["NOT_ANNOTATED"] = effect.fault
    if effect.hgvs_p:
        found["HGVSP"] = encode(effect.hgvs_p)
    if effect.shorts:
        found["PROTEIN"] = effect.shorts
    if any(effect.residues):
        found["RESIDUES"] = effect.residues
    if effect.splice:
        found["SPLICE"] = True
    return found


def annotate_vcf(
    vcf: str | Path,
    genes: str | Path,
    reference: str | Path,
    output: str | Path,
    sequences: str | Path | None = None,
) -> None:
    """Write `vcf` with consequences and names as BGZF VCF, and its index.

    Parameters
    ----------
    vcf : path
        VCF or VCF.gz with one alternative allele per record.
    genes : path
        Panel GFF3, contigs named as in the reference.
    reference : path
        Indexed FASTA.
    output : path
        ``.vcf.gz``; the index is written to ``.vcf.gz.tbi``.
    sequences : path, optional
        Refget accessions of the contigs, see `core.sequences`.

    Raises
    ------
    InputError
        If a file is missing or unreadable, or the VCF does not belong to the reference.
    """
    if not Path(vcf).is_file():
        raise InputError("no such file", str(vcf), "run `resistpanel call` first")
    annotator = Annotator(genes, Reference(reference))
    accessions = Sequences(annotator.reference, sequences)
    with _opened(vcf) as source:
        annotator.check_contigs(source.header.contigs, str(vcf))
        alleles, phases, found = [], {}, _Found()
        for record in _records(source, vcf):
            alleles.append(_allele(record, annotator.reference, str(vcf)))
            if alleles[-1]:
                phases[alleles[-1]] = _phases(record, str(vcf))
            found.add(record)
    reverted = found.reversions(annotator, phases)
    found.leave_open(annotator, phases)
    bcsq = _bcsq(annotator, [allele for allele in alleles if allele], vcf, reference)
    with replacing(output) as temporary:
        with _opened(vcf) as source:
            header = source.header
            for name, number, kind, description in (*FIELDS, *junctions.FIELDS, *vrs_fields.FIELDS):
                if name in header.info:
                    raise InputError(
                        f"has INFO/{name} already", str(vcf), "give the caller's own output"
                    )
                header.info.add(name, number, kind, description)
            if None in alleles and "END" not in header.info:
                # pysam keeps END of a symbolic allele up to date, whether it is there or not.
                header.info.add("END", "1", "Integer", "Last position of the allele")
            vrs_fields.add_accessions(header, accessions, alleles)
            with pysam.VariantFile(str(temporary), "wz", header=header) as target:
                for record, allele in zip(_records(source, vcf), alleles, strict=True):
                    place = f"{vcf} ({record.chrom}:{record.pos})"
                    if allele:
                        _add(record, annotator.effect(*allele), bcsq.get(allele))
                        _add_haplotype(record, annotator.reading(allele, phases))
                        for name, value in vrs_fields.fields_of(
                            allele, accessions, annotator.reference
                        ).items():
                            record.info[name] = value
                    else:
                        _add_junction(record, annotator)
                    if restored := reverted.get((record.chrom, *_bases(record))):
                        record.info["REVERTS"] = list(map(_reverts, restored))
                    try:
                        target.write(record)
                    except (OSError, ValueError) as error:
                        if isinstance(error, OSError) and error.errno != errno.EINVAL:
                            raise
                        raise InputError("the record does not match its header", place) from None
        _index(temporary, output)
    annotator.reference.close()


class _Found:
    """The alleles of a VCF that may truncate a protein, or revert one that does."""

    def __init__(self):
        self.by_chrom: dict[str, dict[Bases, int | None]] = {}
        self.certain: dict[str, list[Bases]] = {}
        self.inherited: dict[str, list[Bases]] = {}

    def add(self, record: pysam.VariantRecord) -> None:
        """Add a record, unless it is a site that was looked at and shows nothing.

        What is called, or inherited, may be the truncating allele.
        """
        filters, bases = set(record.filter), _bases(record)
        symbolic = bases[2] == SYMBOLIC_DELETION
        if "absent" in filters or (not symbolic and set(bases[1] + bases[2]) - set("ACGTN")):
            return
        self.by_chrom.setdefault(record.chrom, {})[bases] = record.stop if symbolic else None
        germline = "MODEL" in record.header.info and record.info.get("MODEL") == "germline"
        if germline:
            self.inherited.setdefault(record.chrom, []).append(bases)
        if not filters - {"PASS"} or germline:
            self.certain.setdefault(record.chrom, []).append(bases)

    def reversions(
        self, annotator: Annotator, phases: dict[Allele, dict[Bases, str]]
    ) -> dict[Allele, list[Reversion]]:
        """Return what each allele reverts.

        Alleles that the fragments show on one molecule, close together, are also read as one; what
        the two revert is reported of the longer one.
        """
        found: dict[Allele, list[Reversion]] = {}
        for chrom, alleles in self.by_chrom.items():
            transcripts = annotator.by_chrom.get(chrom, ())
            if not transcripts:
                continue
            pairs = self._pairs(chrom, annotator, phases)
            every = {**alleles, **dict.fromkeys(pairs)}
            for bases, restored in reversions(
                transcripts, every, self.certain.get(chrom, ())
            ).items():
                mine = found.setdefault((chrom, *pairs.get(bases, bases)), [])
                mine += [one for one in restored if one.other not in {r.other for r in mine}]
        return {
            (chrom, *bases): rows
            for (chrom, *bases), restored in found.items()
            if (rows := [one for one in restored if one.other != tuple(bases)])
        }

    def leave_open(self, annotator: Annotator, phases: dict[Allele, dict[Bases, str]]) -> None:
        """Note as unknown the phase of alleles of one codon that no fragment shows.

        An intron that no fragment spans divides the codon, or an allele has too few fragments. An
        inherited allele is on molecules without a new one, and keeps its name. Of two inherited
        ones in one exon the caller counts no fragments: in cis they are one allele.
        """
        for chrom, alleles in self.certain.items():
            inherited = set(self.inherited.get(chrom, ()))
            known = [bases for bases in alleles if (chrom, *bases) in phases]
            for one, two, divided in codon_pairs(annotator.by_chrom.get(chrom, ()), known):
                of_one, of_two = phases[chrom, *one], phases[chrom, *two]
                if two in of_one or one in of_two or ({one, two} <= inherited and not divided):
                    continue
                if one not in inherited or two in inherited:
                    of_one[two] = "unknown"
                if two not in inherited or one in inherited:
                    of_two[one] = "unknown"

    def _pairs(
        self, chrom: str, annotator: Annotator, phases: dict[Allele, dict[Bases, str]]
    ) -> dict[Bases, Bases]:
        """Return pairs of new alleles of one molecule, each as one allele, with the longer one."""
        new, found = set(self.by_chrom[chrom]) - set(self.inherited.get(chrom, ())), {}
        for one in new:
            for two, phase in phases.get((chrom, *one), {}).items():
                if phase == "cis" and two in new:
                    both = merged(one, two, lambda a, b: annotator.reference(chrom, a, b))
                    if both:
                        found[both] = max(one, two, key=lambda x: (len(x[1] + x[2]), x))
        return found


def _bases(record: pysam.VariantRecord) -> Bases:
    """Return position (0-based), REF and ALT of a record."""
    return record.start, record.ref.upper(), (record.alts or (".",))[0].upper()


def _reverts(restored: Reversion) -> str:
    """Return an entry of INFO/REVERTS."""
    how = "instead" if restored.instead else "with"
    return f"{_written(restored.other)}_{restored.kind}_{how}_{encode(restored.hgvs_p)}"


def _bcsq(
    annotator: Annotator, alleles: list[Allele], vcf: str | Path, reference: str | Path
) -> dict[Allele, tuple[str, ...]]:
    """Return the BCSQ of the alleles that bcftools csq can name.

    These are near a gene (csq refuses contigs without one) that is read by the standard code,
    without selenocysteine. What csq refuses has no BCSQ, and a warning says so: the other names do
    not depend on it.
    """
    taken = []
    for chrom, start, ref, alt in alleles:
        near = annotator.near(chrom, start, start + len(ref))
        if near and all(transcript.translation.usual for transcript in near):
            taken.append((chrom, start, ref, alt))
    if not taken:
        return {}
    try:
        found, refused = csq(taken, annotator.reference.contigs, annotator.genes, reference)
    except InputError as error:
        print(f"resistpanel: warning: {error}: no record has a BCSQ", file=sys.stderr)
        return {}
    for chrom, start, ref, alt in refused:
        print(
            f"resistpanel: warning: {vcf}: bcftools csq cannot process {chrom}:{start + 1} "
            f"{ref}>{alt}: it has no BCSQ",
            file=sys.stderr,
        )
    return found


def _records(source: pysam.VariantFile, vcf: str | Path) -> Iterator[pysam.VariantRecord]:
    """Yield the records of a VCF, which must be whole."""
    try:
        yield from source
    except (OSError, ValueError) as error:
        raise InputError(f"damaged, or cut short ({error})", str(vcf), "recreate it") from None


def _opened(vcf: str | Path) -> pysam.VariantFile:
    """Open a VCF to be read from its beginning."""
    check_whole(vcf)
    loud = pysam.set_verbosity(0)  # a missing index, of which htslib complains, is no fault here
    try:
        source = pysam.VariantFile(str(vcf))
        # Names are decoded when they are asked for: what is no text shows here.
        list(source.header.contigs), list(source.header.samples)
        return source
    except (OSError, ValueError) as error:
        raise InputError("cannot be read as VCF", str(vcf), str(error)) from error
    finally:
        pysam.set_verbosity(loud)


def _allele(record: pysam.VariantRecord, reference: Reference, where: str) -> Allele | None:
    """Return a record's allele, checked against the reference; None if it is symbolic."""
    place = f"{where} ({record.chrom}:{record.pos})"
    if record.alts is None or len(record.alts) != 1:
        raise InputError(
            "needs one alternative allele per record",
            place,
            "split it with bcftools norm -m-",
        )
    ref, alt = record.ref.upper(), record.alts[0].upper()
    if set(ref + alt) - set("ACGTN"):
        return None  # a symbolic or overlapped allele has no name
    on_reference = reference(record.chrom, record.start, record.start + len(ref))
    if on_reference != ref:
        raise InputError(
            f"REF {ref} where the reference has {on_reference or 'no base'}",
            place,
            "give the reference that the VCF was made with",
        )
    return record.chrom, record.start, ref, alt


def _add(record: pysam.VariantRecord, effect: Effect | None, bcsq: tuple[str, ...] | None) -> None:
    if bcsq:
        record.info["BCSQ"] = bcsq
    if effect:
        for name, value in fields_of(effect).items():
            record.info[name] = value
    else:
        record.info["NOT_ANNOTATED"] = "no_gene"


def _add_junction(record: pysam.VariantRecord, annotator: Annotator) -> None:
    """Name a junction by the genes that it changes."""
    named = annotator.junction(record)
    if named is None:
        record.info["NOT_ANNOTATED"] = "no_gene"
        return
    protein = annotator.protein(named, _inserted(record))
    if protein is not None:
        record.info["HGVSP"] = encode(protein.hgvs)
        if protein.shorts:
            record.info["PROTEIN"] = protein.shorts
    values = {
        "GENE": named.gene,
        "TRANSCRIPT": named.transcript,
        "CONSEQUENCE": named.consequence,
        "SVNAME": encode(named.name),
        "EXONS": named.exons and encode(named.exons),
        "FUSION": named.fusion and encode(named.fusion),
        "FRAME": named.frame,
        "KINASE": named.kinase,
    }
    for name, value in values.items():
        if value is not None:
            record.info[name] = value


def _inserted(record: pysam.VariantRecord) -> str:
    """Return the bases at a junction, on the forward strand."""
    value = record.info.get("SVINSSEQ") if "SVINSSEQ" in record.header.info else None
    return (value[0] if isinstance(value, tuple) else value) or ""


def _phases(record: pysam.VariantRecord, where: str) -> dict[Bases, str]:
    """Return the phase of a record's fragments by other allele, from the caller's INFO/PHASE."""
    found = {}
    if "PHASE" not in record.header.info:
        return found
    for entry in record.info.get("PHASE", ()):
        try:
            pos, ref, alt, cis, trans = entry.split("_")
            found[int(pos) - 1, ref, alt] = phase_of(int(cis), int(trans))
        except ValueError:
            raise InputError(
                f"INFO/PHASE {entry!r} is not POS_REF_ALT_cis_trans",
                f"{where} ({record.chrom}:{record.pos})",
                "give the output of `resistpanel call`",
            ) from None
    return found


def _add_haplotype(record: pysam.VariantRecord, read: Reading) -> None:
    """Name an allele with those of its molecules."""
    if read.effect:
        alone = record.info.get("HGVSP", encode("p.="))
        for name in ("HGVSP", "PROTEIN"):
            if name in record.info:
                del record.info[name]
        for name, value in fields_of(read.effect).items():
            record.info[name] = value
        record.info["HAPLOTYPE"] = [_written(other) for other in read.partners]
        record.info["HGVSP_ALONE"] = alone
    if read.unphased:
        record.info["HGVSP_UNPHASED"] = [
            f"{_written(other)}_{encode(effect.hgvs_p or 'p.?')}" for other, effect in read.unphased
        ]


def _written(allele: Bases) -> str:
    pos, ref, alt = allele
    return f"{pos + 1}_{ref}_{alt}"


def _index(written: Path, output: str | Path) -> None:
    """Index the temporary file under the name that its final name asks for."""
    made = Path(f"{written}.tbi")
    try:
        pysam.tabix_index(str(written), preset="vcf", force=True)
        rename(made, f"{output}.tbi")
    except OSError as error:
        raise InputError("cannot be indexed", str(output), "the records must be sorted") from error
    finally:
        made.unlink(missing_ok=True)
