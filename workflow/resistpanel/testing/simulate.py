"""Write a simulated patient: genome, targets, BAMs, sample sheet, truth."""

import concurrent.futures
import dataclasses
import threading
from pathlib import Path

import numpy as np
import pysam

from resistpanel import __version__
from resistpanel.core.errors import InputError
from resistpanel.core.files import replacing, write_text
from resistpanel.inputs.simulated_patient import load_patient
from resistpanel.panel.write import table_text
from resistpanel.testing import bgzf
from resistpanel.testing.bam_records import encode_reads, header
from resistpanel.testing.events import Thinning, mean_af, truth_rows
from resistpanel.testing.fasta import write_genome
from resistpanel.testing.fragments import Library, draw_fragments
from resistpanel.testing.mixtures import Plan, plan
from resistpanel.testing.quality import Sequencer
from resistpanel.testing.reads import finish_reads, read_ends
from resistpanel.testing.setup import Study, nearest_target, prepare
from resistpanel.testing.split_reads import SplitReads, add_split_reads
from resistpanel.testing.testing_constants import BAM_LEVEL, SAMPLE_NOISE
from resistpanel.testing.truth import write_truth

#: Read numbers are unique over a BAM: each region has a range of its own.
NUMBERS = 10**8
SHEET = (
    "patient",
    "sample",
    "role",
    "timepoint",
    "day",
    "lesion",
    "drugs",
    "bam",
    "sex",
    "purity",
    "disease",
    "ng",
)
# pysam's samtools commands share their standard streams: one at a time.
_INDEXING = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Summary:
    """What was written: per sample the number of reads; the targets' number and bases."""

    reads: dict[str, int]
    targets: int
    bases: int


def densities(study: Study, library: Library, seed: np.random.SeedSequence) -> list[np.ndarray]:
    """Return, per region, fragments per start position at a depth of 1 in diploid DNA.

    Of molecules, where reads have UMIs. Targets differ by a log-normal factor of mean 1;
    stretches off target get what ``reads.off_target`` says.
    """
    settings = study.patient["reads"]
    rng = np.random.default_rng(seed)
    per_base = 1 / library.bases_per_fragment()
    insert = library.insert_table().mean()
    found, fragments, stray = [], 0.0, 0
    for region in study.genome.regions:
        noise = rng.normal(0, settings["uniformity"], len(region.targets))
        factor = np.exp(noise - settings["uniformity"] ** 2 / 2)
        found.append(per_base * factor)
        sizes = np.array([target.length + insert for target in region.targets])
        fragments += float((found[-1] * sizes).sum()) if region.targets else 0.0
        stray += 0 if region.targets else len(region.codes)
    fraction = settings["off_target"]
    off = fragments * fraction / (1 - fraction) / stray if stray else 0.0
    pairs = zip(study.genome.regions, found, strict=True)
    return [density if region.targets else np.array([off]) for region, density in pairs]


def region_plans(study: Study, sample: str) -> list[Plan]:
    """Return, per region, which fragments of a sample carry which variants."""
    plans = []
    for variants, strangers in zip(study.variants, study.strangers, strict=True):
        nearest = [nearest_target(study.genome, v.chrom, v.start) for v in variants]
        plans.append(plan(variants, strangers, study.sources[sample], nearest))
    return plans


def write_bam(
    path: Path,
    study: Study,
    sample: str,
    plans: list[Plan],
    density: list[np.ndarray],
    seed: np.random.SeedSequence,
) -> tuple[int, list[np.ndarray], list[int]]:
    """Write and index a sample's BAM.

    Returns
    -------
    reads : int
        Number of records, without those of structural events.
    counts : list of int array (variants, 2)
        Per region, `reads.read_ends`'s counts.
    crossing : list of int
        Per structural event, the fragments that cross a junction.
    """
    library, genome = study.libraries[sample], study.genome
    sequencer = Sequencer(library.quality, library.length)
    contigs = {name: rank for rank, name in enumerate(genome.lengths)}
    total, counts = 0, []
    with replacing(path) as temporary, temporary.open("wb") as stream:
        writer = bgzf.Writer(stream, BAM_LEVEL)
        writer.write(header(genome.lengths, sample, __version__))
        writer.flush()
        *children, last = seed.spawn(len(genome.regions) + 1)
        events = _events_of(study, sample)
        for number, (region, child) in enumerate(zip(genome.regions, children, strict=True)):
            rng = np.random.default_rng(child)
            variants = study.variants[number]
            counts.append(np.zeros((len(variants), 2), np.int64))
            noise = np.exp(rng.normal(0, SAMPLE_NOISE, len(density[number])))
            fragments = draw_fragments(
                region,
                variants,
                plans[number],
                study.sources[sample],
                density[number] * noise,
                library,
                rng,
                Thinning(region, events),
            )
            if not len(fragments.start):
                continue
            ends = read_ends(region, variants, fragments, library, counts[-1], rng)
            rank = contigs[region.chrom]
            reads = finish_reads(region, ends, fragments, sequencer, rank, number * NUMBERS, rng)
            if reads is not None:
                writer.write(encode_reads(reads, "sim:", sample))
                total += len(reads["pos"])
        writer.close()
    made = SplitReads(study, sample, density, np.random.default_rng(last))
    with _INDEXING:
        if study.events:
            add_split_reads(path, made)
        pysam.index(str(path))
    return total, counts, made.counts


def _events_of(study: Study, sample: str) -> list:
    """Return the structural events with the fraction of a sample's haplotypes that have each."""
    found = []
    for event in study.events:
        for end in (event.first, event.second):
            if study.genome.region_at(end.contig, end.pos).targets:
                target = nearest_target(study.genome, end.contig, end.pos)
                found.append((event, mean_af(event, study.sources[sample], target)))
                break
    return found


def sheet_rows(study: Study) -> list[tuple]:
    """Return the rows of the sample sheet, columns as `SHEET`."""
    patient = study.patient
    return [
        (
            patient["patient"],
            sample["sample"],
            sample["role"],
            sample["timepoint"],
            f"{sample['day']:g}" if "day" in sample else "",
            sample["lesion"],
            ";".join(sample["drugs"]),
            f"{sample['sample']}.bam",
            patient["sex"],
            f"{sample['sheet_purity']:g}" if "sheet_purity" in sample else "",
            patient["disease"],
            f"{sample['ng']:g}" if "ng" in sample else "",
        )
        for sample in patient["samples"]
    ]


def simulate(
    patient: str | Path,
    output: str | Path,
    seed: int | None = None,
    depth: float | None = None,
    reference: str | Path | None = None,
    targets: str | Path | None = None,
    threads: int = 2,
) -> Summary:
    """Simulate a patient into the folder `output`.

    Parameters
    ----------
    patient : path
        The patient's YAML.
    output : path
        Gets genome.fa.gz (with .fai, .gzi; not with `reference`), targets.bed, a BAM and
        index per sample, samples.tsv, truth.vcf.gz and, with structural events, events.tsv.
        The same seed gives the same bytes.
    seed : int, optional
        Instead of the YAML's.
    depth : float, optional
        Instead of every depth in the YAML: mean number of distinct fragments (molecules, with
        UMIs) whose reads cover a target base.
    reference, targets : path, optional
        Simulate on this FASTA; on the targets of this BED instead of the panel's.
    threads : int
        Samples written at a time.

    Raises
    ------
    InputError
        If the YAML, the panel or the reference does not fit; names the line.
    """
    described, document = load_patient(patient)
    seed = described["seed"] if seed is None else seed
    if seed < 0:
        raise InputError(f"seed must not be negative, but is {seed}", "--seed")
    if depth is not None and depth <= 0:
        raise InputError(f"depth must be above 0, not {depth:g}", "--depth")
    study = prepare(
        described,
        document,
        seed,
        Path(reference) if reference else None,
        Path(targets) if targets else None,
    )
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    genome = study.genome
    chosen = genome.targets()
    plans = {sample: region_plans(study, sample) for sample in study.sources}
    write_text(output / "targets.bed", "".join(f"{target.line()}\n" for target in chosen))
    if reference is None:
        stretches: dict[str, list[tuple[int, np.ndarray]]] = {}
        for region in genome.regions:
            stretches.setdefault(region.chrom, []).append((region.start, region.codes))
        write_genome(output / "genome.fa.gz", genome.lengths, stretches)
    depth_seed, *sample_seeds = np.random.SeedSequence([seed, 1]).spawn(1 + len(study.sources))
    density = {
        library: densities(study, library, depth_seed) for library in study.libraries.values()
    }

    def make(number: int) -> tuple[int, list[np.ndarray], list[int]]:
        sample = described["samples"][number]
        wanted = depth or sample.get("depth") or described["reads"]["depth"]
        name = sample["sample"]
        scaled = [values * wanted for values in density[study.libraries[name]]]
        path = output / f"{name}.bam"
        return write_bam(path, study, name, plans[name], scaled, sample_seeds[number])

    with concurrent.futures.ThreadPoolExecutor(max(1, threads)) as pool:
        made = dict(zip(study.sources, pool.map(make, range(len(study.sources))), strict=True))
    counts = {sample: found for sample, (_, found, _) in made.items()}
    write_truth(output / "truth.vcf.gz", study, plans, counts)
    write_text(output / "samples.tsv", table_text(SHEET, sheet_rows(study)))
    if study.events:
        crossing = {sample: number for sample, (_, _, number) in made.items()}
        columns = ("type", "first", "second", "inserted")
        columns += tuple(f"{n}_{what}" for n in crossing for what in ("af", "fragments"))
        rows = truth_rows(study.events, list(crossing), crossing)
        write_text(output / "events.tsv", table_text(columns, rows))
    reads = {sample: total for sample, (total, _, _) in made.items()}
    return Summary(reads, len(chosen), sum(target.length for target in chosen))
