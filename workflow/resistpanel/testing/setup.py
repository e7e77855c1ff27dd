"""From a patient's YAML to genome, variants and mixtures: all that the reads are drawn from."""

import dataclasses
from pathlib import Path

import numpy as np

from resistpanel.core.builds import LENGTHS
from resistpanel.core.errors import InputError
from resistpanel.core.files import HOME
from resistpanel.core.intervals import Target, merge_targets, read_targets
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.inputs.simulated_patient import Document
from resistpanel.panel.genes import Gene, load_genes
from resistpanel.testing.codons import read_codons
from resistpanel.testing.events import Event, breakends_of, read_events
from resistpanel.testing.families import Umi
from resistpanel.testing.fragments import Library
from resistpanel.testing.genome import (
    Genome,
    choose_targets,
    from_reference,
    known_bases,
    synthetic,
)
from resistpanel.testing.mixtures import PATIENT, STRANGER, Copies, Source
from resistpanel.testing.testing_constants import SHARED_GERMLINE
from resistpanel.testing.variants import Places, Variant, draw_variants, kind_of, normalise

#: Keys of `reads` that are not of one sample's library.
COMMON = {"depth", "off_target", "uniformity"}


@dataclasses.dataclass
class Study:
    """A patient ready to be sequenced.

    `variants` holds, per region, the variants in ascending order; `strangers` the haplotypes
    of a contaminating person that carry them; `sources` what each sample consists of;
    `libraries` how each was sequenced; `events` the structural ones.
    """

    patient: dict
    genome: Genome
    libraries: dict[str, Library]
    variants: list[list[Variant]]
    strangers: list[list[tuple[bool, bool]]]
    sources: dict[str, list[Source]]
    events: list[Event] = dataclasses.field(default_factory=list)


def find(text: str, document: Document) -> Path:
    """Return a path given in the YAML: relative to the YAML's folder, else to the project."""
    here = document.path.parent / text
    return here if here.exists() or not (HOME / text).exists() else HOME / text


def make_libraries(patient: dict, document: Document) -> dict[str, Library]:
    """Return each sample's library: `reads`, and what the sample has instead."""
    found = {}
    for i, sample in enumerate(patient["samples"]):
        other = sample.get("reads", {})
        if common := other.keys() & COMMON:
            name = min(common)
            cure = "set it under the patient's `reads`"
            cure = "set the sample's `depth`" if name == "depth" else cure
            raise document.error(
                f"{name} is not a key of a sample's reads", "samples", i, "reads", name, cure=cure
            )
        reads = {**patient["reads"], **other}
        if reads["fragments"] == "normal" and reads["insert_mean"] < reads["length"]:
            keys = ("samples", i, "reads") if other else ("reads", "insert_mean")
            raise document.error(
                f"inserts of {reads['insert_mean']:g} are shorter than the reads "
                f"({reads['length']})",
                *keys,
                cure="give an insert_mean of at least the read length, or `fragments: cfdna`",
            )
        fields = ("length", "insert_mean", "insert_sd", "quality", "fragments")
        rates = ("duplicates", "low_mapq", "pcr_errors", "anchor")
        umi = reads.get("umi")
        if umi and not sum(umi["families"]):
            keys = ("samples", i, "reads") if "umi" in other else ("reads",)
            raise document.error("families of no size", *keys, "umi", "families")
        made = Umi(**{**umi, "families": tuple(umi["families"])}) if umi else None
        found[sample["sample"]] = Library(
            **{name: reads[name] for name in (*fields, *rates)}, umi=made
        )
    return found


def prepare(
    patient: dict,
    document: Document,
    seed: int,
    reference: Path | None = None,
    targets: Path | None = None,
) -> Study:
    """Return the study that a patient's YAML describes.

    Parameters
    ----------
    patient, document
        Of `load_patient`.
    seed : int
        Everything random follows from it.
    reference, targets : path, optional
        Simulate on this FASTA instead of a synthetic genome; BED instead of the panel's.

    Raises
    ------
    InputError
        Naming the line, where a variant does not fit the panel or the reference.
    """
    genome_seed, variant_seed = np.random.SeedSequence(seed).spawn(2)
    libraries = make_libraries(patient, document)
    panel = find(patient["panel"], document)
    bed = targets or panel / f"{patient['build']}.bed"
    gff3 = panel / f"{patient['build']}.gff3"
    rows = _of_genes(merge_targets(read_targets(bed)), patient, document)
    genes = load_genes(gff3) if gff3.is_file() else {}
    flank = max(library.longest for library in libraries.values()) + 40
    stray = patient["genome"]["off_target"] if patient["reads"]["off_target"] else 0
    known: dict[tuple[str, int], str] = {}
    points = [(end.contig, end.pos) for ends in breakends_of(patient) for end in ends]
    if reference:
        genome = from_reference(reference, rows, flank, stray, genome_seed, points)
    else:
        known, needed = _known(patient, document, genes)
        chosen = choose_targets(rows, needed, patient["genome"]["exons_per_gene"])
        if patient["build"] not in LENGTHS:
            raise document.error(
                f"chromosome lengths of {patient['build']} are not known",
                "build",
                cure=f"give one of {', '.join(LENGTHS)}, or simulate on --reference",
            )
        genome = synthetic(
            chosen, genes, known, patient["build"], flank, stray, genome_seed, points
        )
    study = _populate(patient, document, genome, genes, libraries, variant_seed, known)
    longest = max(library.longest for library in libraries.values())
    study.events = read_events(patient, document, genome, longest)
    return study


def _of_genes(rows: list[Target], patient: dict, document: Document) -> list[Target]:
    """Return the targets of the genes that the genome is restricted to."""
    chosen = patient["genome"].get("genes")
    if not chosen:
        return rows
    on_panel = {row.gene for row in rows}
    for i, name in enumerate(chosen):
        if name not in on_panel:
            raise document.error(f"no gene {name} on the panel", "genome", "genes", i)
    return [row for row in rows if row.gene in set(chosen)]


def _known(patient: dict, document: Document, genes: dict[str, Gene]) -> tuple[dict, dict]:
    """Return the reference bases that must stand, and the positions that must be covered."""
    settings = patient["genome"]
    known: dict[tuple[str, int], str] = {}
    if "codons" in settings:
        path = find(settings["codons"], document)
        if not path.is_file():
            raise document.error(
                f"no such file: {settings['codons']}", "genome", "codons",
                cure="give it relative to this file's folder, or resources/demo/codons.tsv, which "
                "comes with resistpanel",
            )  # fmt: skip
        codons = read_codons(path, patient["build"])
        known |= known_bases(codons, genes)
    named: list[tuple[str, int, str, tuple]] = []
    for name, base in settings.get("bases", {}).items():
        chrom, pos = name.split(":")
        named.append((chrom, int(pos) - 1, base, ("genome", "bases", name)))
    for part in ("somatic", "germline"):
        listed = patient["germline"]["variants"] if part == "germline" else patient["somatic"]
        for i, row in enumerate(listed):
            keys = ("germline", "variants", i) if part == "germline" else (part, i)
            for offset, base in enumerate(row.get("ref", "")):
                named.append((row["chrom"], row["pos"] - 1 + offset, base, (*keys, "ref")))
    for chrom, pos, base, keys in named:
        if known.setdefault((chrom, pos), base) != base:
            raise document.error(
                f"{chrom}:{pos + 1} is {known[chrom, pos]} by a reference codon or another "
                f"variant, not {base}",
                *keys,
            )
    needed: dict[str, set[int]] = {}
    for chrom, pos in known:
        needed.setdefault(chrom, set()).add(pos)
    for row in patient["somatic"]:
        needed.setdefault(row["chrom"], set()).add(row["pos"] - 1)
    for end in (end for ends in breakends_of(patient) for end in ends):
        needed.setdefault(end.contig, set()).add(end.base)
    return known, needed


def _populate(patient, document, genome, genes, libraries, seed, known) -> Study:
    """Place the variants, none by chance on the `known` bases, and mix the samples."""
    rng = np.random.default_rng(seed)
    copies = _copies(patient, document, genome, genes, rng)
    given = _given(patient, document, genome, genes, copies, rng)
    places = Places(genome, [(v.chrom, v.start, v.end) for v in given])
    for chrom, pos in known:
        places.reserve(chrom, pos, pos + 1)
    found = [(variant, (False, False)) for variant in given if variant.somatic]
    found += [(variant, variant.haplotypes) for variant in given if not variant.somatic]
    found += _random_germline(patient, places, rng)
    drawn = _random_somatic(patient, places, rng, copies, genome)
    found += [(variant, (False, False)) for variant in drawn]
    listed: list[list[tuple[Variant, tuple[bool, bool]]]] = [[] for _ in genome.regions]
    for variant, stranger in found:
        region = genome.region_at(variant.chrom, variant.start)
        listed[genome.regions.index(region)].append((variant, stranger))
    for members in listed:
        members.sort(key=lambda pair: (pair[0].start, pair[0].end, pair[0].alt))
    _check_phases(listed, document)
    return Study(
        patient,
        genome,
        libraries,
        [[variant for variant, _ in members] for members in listed],
        [[stranger for _, stranger in members] for members in listed],
        _sources(patient, copies),
    )


def _copies(patient, document, genome, genes, rng) -> dict[str, dict[str, Copies]]:
    """Return tumour copies by sample and target name."""
    copies: dict[str, dict[str, Copies]] = {s["sample"]: {} for s in patient["samples"]}
    for i, change in enumerate(patient["copynumber"]):
        names = _changed_targets(change, genome)
        if not names:
            raise document.error(
                "no simulated target there", "copynumber", i, cure="name a gene of the panel"
            )
        gain = int(rng.integers(2))
        for sample, number in change["samples"].items():
            minor = min(number["minor"], number["total"])
            pair = (number["total"] - minor, minor)
            for name in names:
                copies[sample][name] = Copies(*(pair if gain == 0 else pair[::-1]))
    return copies


def _changed_targets(change: dict, genome: Genome) -> list[str]:
    targets = genome.targets()
    if "gene" in change:
        return [target.name for target in targets if target.gene == change["gene"]]
    chrom, _, span = change["region"].partition(":")
    start, end = (int(text) for text in span.split("-")) if span else (1, 10**10)
    return [t.name for t in targets if t.chrom == chrom and t.end >= start and t.start < end]


def _given(patient, document, genome, genes, copies, rng) -> list[Variant]:
    """Return the variants that the YAML lists, normalised."""
    variants = []
    for i, row in enumerate(patient["germline"]["variants"]):
        start, ref, alt = _allele(row, document, ("germline", "variants", i), genome)
        carried = tuple(text == "1" for text in row["genotype"].split("|"))
        where = document.where("germline", "variants", i)
        kind = kind_of(ref, alt)
        variants.append(
            Variant(row["chrom"], start, ref, alt, False, kind, haplotypes=carried, where=where)
        )
    phases: dict[str, int] = {}
    for i, row in enumerate(patient["somatic"]):
        start, ref, alt = _allele(row, document, ("somatic", i), genome)
        _check_gene(row, document, i, genes)
        phase = row.get("phase", "")
        home = int(rng.integers(2))
        if "haplotype" in row:
            home = row["haplotype"] - 1
        home = phases.setdefault(phase, home) if phase else home
        variants.append(
            Variant(
                row["chrom"],
                start,
                ref,
                alt,
                True,
                "DUP" if "duplicate" in row else kind_of(ref, alt),
                phase,
                af=_frequencies(row, patient, copies, genome, start, document, ("somatic", i)),
                haplotype=home,
                where=document.where("somatic", i),
                replaces="haplotype" in row,
            )
        )
    return variants


def _allele(row: dict, document: Document, keys: tuple, genome: Genome) -> tuple[int, str, str]:
    """Return a listed variant's normalised allele, checked against the genome."""
    start = row["pos"] - 1
    region = genome.region_at(row["chrom"], start)
    length = row.get("duplicate") or len(row["ref"])
    if region is None or not any(
        target.start <= start and start + length <= target.end for target in region.targets
    ):
        raise document.error(
            f"{row['chrom']}:{row['pos']} ({length} bases) is not within a target",
            *keys,
            cure="give positions of the panel's build, 1-based",
        )
    found = region.sequence(start, start + length)
    if "duplicate" in row:
        return normalise(region, start, "", found)
    if found != row["ref"]:
        raise document.error(
            f"the reference at {row['chrom']}:{row['pos']} is {found}, not {row['ref']}",
            *keys,
            "ref",
        )
    if row["ref"] == row["alt"]:
        raise document.error("ref and alt are the same", *keys)
    return normalise(region, start, row["ref"], row["alt"])


def _check_gene(row: dict, document: Document, i: int, genes: dict[str, Gene]) -> None:
    gene = genes.get(row.get("gene", ""))
    if "gene" in row and genes and gene is None:
        raise document.error(f"no gene {row['gene']} on the panel", "somatic", i, "gene")
    near = 10_000  # promoters
    if gene and not (
        gene.chrom == row["chrom"] and gene.cds[0][0] - near < row["pos"] < gene.cds[-1][1] + near
    ):
        raise document.error(
            f"{row['chrom']}:{row['pos']} is not in {gene.symbol}", "somatic", i, "pos"
        )


def _frequencies(row, patient, copies, genome, start, document=None, keys=()) -> dict[str, float]:
    """Return allele frequencies per sample; from cancer cell fractions where those are given.

    AF = purity x ccf x copies / (purity x total + (1 - purity) x normal).

    Raises
    ------
    InputError
        If more copies are mutated than the tumour has there; without `document` as many are
        mutated as there are: none of a gene that is deleted.
    """
    if "af" in row:
        return dict(row["af"])
    target = nearest_target(genome, row["chrom"], start)
    found = {}
    for sample in patient["samples"]:
        name = sample["sample"]
        if name in row["ccf"]:
            source = _source(patient, sample, 1.0, copies, PATIENT)
            total = sum(dataclasses.replace(source, purity=1.0).amounts(target))
            if row["copies"] > total and document:
                raise document.error(
                    f"{row['copies']} mutated copies, of {total:g} per tumour cell of {name}",
                    *keys,
                    cure="give fewer copies, or af instead of ccf",
                )
            mutated = sample["purity"] * row["ccf"][name] * min(row["copies"], total)
            found[name] = min(1.0, mutated / sum(source.amounts(target))) if mutated else 0.0
    return found


def nearest_target(genome: Genome, chrom: str, pos: int) -> Target:
    """Return the target nearest to a position of a region with targets."""
    region = genome.region_at(chrom, pos)
    return min(region.targets, key=lambda t: max(t.start - pos, pos - t.end + 1, 0))


def _random_germline(patient, places, rng) -> list[tuple[Variant, tuple[bool, bool]]]:
    """Draw germline variants of the patient and of a contaminating person."""
    settings, found = patient["germline"], []
    if any(sample["contamination"] for sample in patient["samples"]):
        people = (PATIENT, STRANGER)
    else:
        people = (PATIENT,)

    def genotype() -> tuple[bool, bool]:
        if rng.random() >= settings["heterozygous"]:
            return True, True
        return (True, False) if rng.random() < 0.5 else (False, True)

    for person in people:
        scale = 1.0 if person == PATIENT else 1 - SHARED_GERMLINE
        for kind, rate in (
            ("snv", settings["snv_per_kb"]),
            ("del", settings["indel_per_kb"] / 2),
            ("ins", settings["indel_per_kb"] / 2),
        ):
            number = int(rng.poisson(scale * rate * places.bases / 1000))
            for variant in draw_variants(kind, number, places, rng):
                stranger = (False, False)
                if person == PATIENT:
                    variant.haplotypes = genotype()
                    if len(people) > 1 and rng.random() < SHARED_GERMLINE:
                        stranger = genotype()
                else:
                    stranger = genotype()
                found.append((variant, stranger))
    return found


def _random_somatic(patient, places, rng, copies, genome) -> list[Variant]:
    """Draw somatic variants, by allele frequency or by cancer cell fraction on one copy."""
    settings = patient.get("random_somatic")
    if not settings:
        return []
    scale = "af" if settings.get("af") else "ccf"
    low, high = np.log(settings[scale])
    found = []
    for kind in ("dup", "ins", "del", "mnv", "snv"):
        for variant in draw_variants(kind, settings[kind], places, rng):
            level = float(np.round(np.exp(rng.uniform(low, high)), 4))
            variant.somatic, variant.haplotype = True, int(rng.integers(2))
            row = {scale: dict.fromkeys(settings["samples"], level), "copies": 1}
            row["chrom"] = variant.chrom
            variant.af = _frequencies(row, patient, copies, genome, variant.start)
            found.append(variant)
    return found


def _check_phases(listed, document: Document) -> None:
    seen: dict[str, int] = {}
    for number, members in enumerate(listed):
        for variant, _ in members:
            if variant.phase and seen.setdefault(variant.phase, number) != number:
                raise InputError(
                    f"variants of phase {variant.phase} are too far apart to be in one fragment",
                    variant.where,
                    "phase variants of one target",
                )


def _source(patient, sample, fraction, copies, person) -> Source:
    name = sample["sample"]
    tumor = person == PATIENT and sample["role"] in TUMOR_ROLES
    return Source(
        person,
        fraction,
        name if person == PATIENT else None,
        sample["purity"] if tumor else 0.0,
        copies[name] if tumor else {},
        patient["sex"] == "male",
    )


def _sources(patient, copies) -> dict[str, list[Source]]:
    """Return what each sample consists of; swapped samples have each other's content."""
    by_name = {sample["sample"]: sample for sample in patient["samples"]}
    content = dict(zip(patient["swap"], reversed(patient["swap"]), strict=True))
    mixed = {}
    for name in by_name:
        sample = by_name[content.get(name, name)]
        foreign = sample["contamination"]
        tumor = sample.get("tumor_in_normal", {"fraction": 0.0})
        own = (1 - foreign) * (1 - tumor["fraction"])
        mixed[name] = [_source(patient, sample, own, copies, PATIENT)]
        if tumor["fraction"]:
            part = (1 - foreign) * tumor["fraction"]
            mixed[name].append(_source(patient, by_name[tumor["sample"]], part, copies, PATIENT))
        if foreign:
            mixed[name].append(_source(patient, sample, foreign, copies, STRANGER))
    return mixed
