"""The assays of the bed, and the folder that one patient of an assay becomes.

A folder holds ``reference.fa`` (a link), ``targets.bed``, one BAM a sample, ``truth.tsv`` (somatic
variants with their realised and their expected allele frequencies), ``inherited.tsv``,
``artefacts.tsv`` (bases of the copy that the reference lacks), ``molecules.npz`` (which molecules
there are, and which carry what), for amplicons ``primers.bed``, and ``patient.json``.
"""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.bed import errors, library, molecules, tumour
from benchmarks.bed.errors import Chemistry
from benchmarks.bed.genome import WORK, Panel, Variant, panel, reference
from benchmarks.bed.library import Labels
from benchmarks.bed.molecules import Amplicons, Buffer, Capture, Molecules
from benchmarks.bed.tumour import Mixture, Patient

TUMOURS = {"pre": 0.70, "post": 0.75}
WITH_NORMAL = {"normal": 0.0, **TUMOURS}


@dataclass(frozen=True)
class Assay:
    """One way to make a patient's BAMs."""

    name: str
    what: str
    mixture: Mixture
    sampling: Capture | Amplicons
    chemistry: Chemistry = field(default_factory=Chemistry)
    labels: Labels = field(default_factory=Labels)
    genes: tuple[str, ...] = ()  # all if empty
    targets: int = 0  # at most so many, 0 for all
    piece: int = 0  # bases in the middle of each target that are kept, 0 for all
    rho: float = 0.0
    mark: bool = False
    families: float = 0.0  # mean reads of each strand of a molecule; 0: no families
    duplex_yield: float = 1.0  # share of molecules of which both strands are read
    of: str = ""  # the assay whose data are used
    leave: tuple[str, ...] = ()  # samples of it that are not used


_CAPTURE = Assay(
    "capture", "hybrid capture of 67 kb at 900x with a normal, 2x101",
    Mixture(WITH_NORMAL), Capture(900), mark=True,
)  # fmt: skip
_SMALLER = replace(_CAPTURE, mixture=Mixture(WITH_NORMAL, somatic_per_base=1 / 150),
                   sampling=Capture(600), targets=36)  # fmt: skip
_AMPLICON = Assay(
    "amplicon", "60 tiled amplicons in two pools, 2,500 read pairs each, with a normal, 2x151",
    Mixture(WITH_NORMAL, somatic_per_base=1 / 150, paralogues=False),
    Amplicons(genomes=6000, reads=2500, limit=60),
    Chemistry(read_length=151, instrument="hiseqx", pcr=1.5e-6, cycles=28, stutter=6e-5),
    targets=24,
)  # fmt: skip
_PLASMA = Mixture({"normal": 0.0, "pre": 0.30, "post": 0.30}, scale=0.5, somatic_per_base=1 / 200)
_DUPLEX = Assay(
    "duplex", "duplex consensus reads of plasma, 1,500 molecules, one orientation, quality 90",
    _PLASMA, Capture(1500, plasma=True, duplicates=0.0, hopping=1e-4, chimeras=1e-4),
    Chemistry(consensus="duplex", residual=4e-7, no_calls=4e-4, pcr=0.0, stutter=4e-6,
              end_repair=3e-5),
    Labels("marianas", 3), targets=30,
)  # fmt: skip

ASSAYS: dict[str, Assay] = {
    a.name: a
    for a in (
        _CAPTURE,
        replace(_CAPTURE, name="capture-low", targets=45,
                what="the capture of 45 targets, most variants at an AF of about 2 %",
                mixture=Mixture(WITH_NORMAL, clones=tumour.LOW_CLONES,
                                somatic_per_base=1 / 100)),
        replace(_SMALLER, name="capture-events",
                what="deletions and duplications of 50 to 150 bases alone, 600x, with a normal",
                mixture=tumour.LongEvents(WITH_NORMAL, somatic_per_base=1 / 300)),
        replace(_CAPTURE, name="small-panel", of="capture",
                what="300, 1,000 and 3,000 bases of the capture data, as targets of their own"),
        replace(_CAPTURE, name="small-panel-dense", of="capture",
                what="the same with targets of 30 bases, each over a true variant"),
        replace(_CAPTURE, name="small-panel-alone", of="capture", leave=("normal",),
                what="the dense small panels without the normal"),
        replace(_CAPTURE, name="tumour-only", of="capture", leave=("normal",),
                what="the capture data without the normal"),
        replace(_CAPTURE, name="one-tumour", of="capture", leave=("normal", "pre"),
                what="one tumour of the capture data alone"),
        replace(_SMALLER, name="replicates",
                what="allele fractions beta-binomial with rho 3e-3, 600x", rho=3e-3),
        replace(_SMALLER, name="ffpe", what="formalin-fixed tumours with hot sites, 600x, 2x101",
                chemistry=Chemistry(ffpe=4e-4), sampling=Capture(600, length=150, spread=50)),
        replace(_SMALLER, name="oxidation", what="oxidised guanine with hot sites, 600x",
                chemistry=Chemistry(oxidation=3e-4)),
        replace(_SMALLER, name="short-inserts",
                what="inserts of 120 bases, a third shorter than the reads: adapters are read",
                sampling=Capture(600, length=120, spread=40)),
        replace(_SMALLER, name="contaminated",
                what="2 % of another person's DNA in every sample, 3 % tumour in the normal",
                mixture=replace(_SMALLER.mixture, tumour_in_normal=0.03, contamination=0.02)),
        _AMPLICON,
        replace(_AMPLICON, name="amplicon-wide", targets=0,
                what="300 amplicons at 1,000 read pairs each, with a normal",
                sampling=replace(_AMPLICON.sampling, reads=1000, limit=300)),
        replace(_AMPLICON, name="amplicon-deep", targets=8,
                what="10 amplicons at 20,000 read pairs each, with a normal",
                mixture=replace(_AMPLICON.mixture, somatic_per_base=1 / 100),
                sampling=replace(_AMPLICON.sampling, reads=20000, genomes=12000, limit=10)),
        replace(_AMPLICON, name="amplicon-ffpe", what="the amplicons, formalin-fixed tumours",
                chemistry=replace(_AMPLICON.chemistry, ffpe=6e-4),
                sampling=replace(_AMPLICON.sampling, genomes=1500, size=(110, 150))),
        replace(_AMPLICON, name="amplicon-hotspot",
                what="6 amplicons at 15,000 read pairs, without a normal",
                mixture=Mixture(TUMOURS, somatic_per_base=1 / 100, paralogues=False), targets=6,
                sampling=replace(_AMPLICON.sampling, reads=15000, limit=6)),
        _DUPLEX,
        replace(_DUPLEX, name="duplex-alone", of="duplex", leave=("normal",),
                what="the duplex data without the normal"),
        replace(_DUPLEX, name="duplex-material", targets=14,
                what="one sample of reference material: 14 targets, a variant in 120 bases, "
                "all at about 5 %, duplex consensus",
                mixture=Mixture({"tumour": 0.1}, scale=0.0, somatic_per_base=1 / 120,
                                copy_number=False)),
        replace(_DUPLEX, name="duplex-hotspots", targets=14, piece=166,
                what="one sample of reference material: 14 hotspots of 166 bases, 19 variants at "
                "3 to 6 %, 1,200 molecules, duplex consensus, one orientation, 2x91",
                mixture=tumour.Material({"tumour": 0.95}, somatic_per_base=1 / 122,
                                        copy_number=False, paralogues=False),
                sampling=replace(_DUPLEX.sampling, depth=1200),
                chemistry=replace(_DUPLEX.chemistry, read_length=91)),
        replace(_DUPLEX, name="duplex-fgbio", what="duplex consensus reads with fgbio's tags",
                labels=Labels("fgbio", 6)),
        replace(_DUPLEX, name="simplex", what="simplex consensus reads with fgbio's tags",
                labels=Labels("fgbio", 6),
                chemistry=replace(_DUPLEX.chemistry, consensus="simplex", residual=1.5e-5,
                                  oxidation=2e-5)),
        replace(_DUPLEX, name="umi",
                what="raw reads with duplex UMIs, 500 molecules, families of 4",
                sampling=Capture(500, plasma=True, duplicates=0.0), labels=Labels("umi", 6),
                chemistry=Chemistry(oxidation=5e-5, end_repair=3e-5), targets=6, families=4.0,
                duplex_yield=0.7),
    )
}  # fmt: skip


def panel_of(assay: Assay, rng: np.random.Generator) -> Panel:
    """Return the targets of a patient: all, or so many drawn anew."""
    every = panel().targets
    if assay.genes:
        every = [t for t in every if t[3] in assay.genes]
    if assay.targets and assay.targets < len(every):
        chosen = np.sort(rng.choice(len(every), assay.targets, replace=False))
        every = [every[i] for i in chosen]
    if assay.piece:
        cuts = [max(0, e - s - assay.piece) // 2 for _, s, e, _ in every]
        every = [(c, s + cut, min(e, s + cut + assay.piece), gene)
                 for cut, (c, s, e, gene) in zip(cuts, every, strict=True)]  # fmt: skip
    return Panel(every)


def _families(m: Molecules, assay: Assay, rng) -> tuple[Molecules, np.ndarray]:
    """Give each molecule two strands that are copied apart; strands with no read are dropped."""
    n = len(m)
    both = m.take(np.repeat(np.arange(n), 2))
    family = np.repeat(np.arange(n), 2)
    gain = rng.gamma(3.0, 1 / 3.0, n).repeat(2) * rng.gamma(4.0, 0.25, 2 * n)
    copies = rng.poisson(assay.families * gain)
    lost = rng.random(n) >= assay.duplex_yield
    strand = np.tile([True, False], n)
    copies[np.repeat(lost, 2) & (strand == np.repeat(rng.random(n) < 0.5, 2))] = 0
    seen = copies > 0
    both = replace(both, copies=copies, top=strand)
    return both.take(seen), family[seen]


class Truth:
    """Counts, for each somatic variant and sample, molecules that cover and that carry it."""

    def __init__(self, p: Patient, templates: list, buffer: Buffer):
        self.p, self.templates, self.buffer = p, templates, buffer

    def count(self, m: Molecules, cycles: int, family: np.ndarray | None) -> np.ndarray:
        """Return (variants, 2): molecules with the allele, molecules in all."""
        out = np.zeros((len(self.p.somatic), 2), np.int64)
        if family is not None:  # strands of one molecule count once
            m = m.take(np.unique(family, return_index=True)[1])
        order = np.argsort(m.template, kind="stable")
        bounds = np.searchsorted(m.template[order], np.arange(len(self.templates) + 1))
        start = m.start[order] - self.buffer.offset[m.template[order]]
        end = start + m.length[order]
        by_segment: dict[int, list[int]] = {}
        for k, t in enumerate(self.templates):
            if t.source in ("patient", "contaminant"):
                by_segment.setdefault(t.segment, []).append(k)
        for i, v in enumerate(self.p.somatic):
            for segment, (contig, low, high) in enumerate(self.p.segments):
                if contig != v.contig or not low <= v.start < high:
                    continue
                for k in by_segment.get(segment, ()):
                    t = self.templates[k]
                    left = int(np.searchsorted(t.where, v.start - 1))
                    if left >= len(t.where) - 1 or t.where[left] < v.start - 1:
                        continue
                    if t.inner and not t.inner[0] <= left + 1 < t.inner[1]:
                        continue
                    a, b = start[bounds[k] : bounds[k + 1]], end[bounds[k] : bounds[k + 1]]
                    seen = (a <= left) & (b >= left + 2)
                    seen &= (left + 2 - a <= cycles) | (b - left <= cycles)
                    out[i] += [seen.sum() * (i in t.somatic), seen.sum()]
        return out


def _write_tables(folder: Path, p: Patient, counts: dict[str, np.ndarray]) -> None:
    rows = []
    for i, v in enumerate(p.somatic):
        row = {"contig": v.contig, "start": v.start, "ref": v.ref or "-", "alt": v.alt or "-",
               "kind": v.kind, "haplotype": v.haplotype, "clone": v.clone,
               "late": v.late}  # fmt: skip
        for sample, found in counts.items():
            carry, total = found[i]
            row[f"{sample}:molecules"], row[f"{sample}:depth"] = carry, total
            row[f"{sample}:af"] = round(carry / total, 6) if total else ""
            row[f"{sample}:expected"] = round(tumour.expected_af(p, i, sample), 6)
        rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "truth.tsv", sep="\t", index=False)

    def plain(variants: list[Variant], name: str) -> None:
        pd.DataFrame(
            [[v.contig, v.start, v.ref or "-", v.alt or "-", v.haplotype] for v in variants],
            columns=["contig", "start", "ref", "alt", "haplotype"],
        ).to_csv(folder / name, sep="\t", index=False)

    plain(p.inherited, "inherited.tsv")
    plain(p.contaminant, "contaminant.tsv")
    plain(p.hidden, "artefacts.tsv")


def cpu_seconds() -> float:
    """Return CPU seconds of this process and of the children that it waited for."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def simulate(assay: Assay, seed: int, folder: Path | None = None, threads: int = 2) -> Path:
    """Make one patient; does nothing if the folder is complete. Same bytes for the same seed."""
    if assay.of:
        return simulate(ASSAYS[assay.of], seed, folder, threads)
    folder = folder or WORK / f"{assay.name}-{seed}"
    done = folder / "patient.json"
    wanted = json.loads(json.dumps({"seed": seed, "assay": asdict(assay)}))
    if done.exists() and json.loads(done.read_text())["made"] == wanted:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    began = cpu_seconds()
    rng = np.random.default_rng([seed, 77])
    ref = reference()
    for suffix in ("", ".fai"):
        link = folder / f"reference.fa{suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to(ref.fasta.with_name(ref.fasta.name + suffix))
    p = tumour.patient(ref, panel_of(assay, rng), assay.mixture, rng)
    amplicon = isinstance(assay.sampling, Amplicons)
    if amplicon:
        sampler = molecules.AmpliconSampler(p, assay.sampling, rng)
        called = molecules.covered_by(sampler.tiles)
        _write_primers(folder / "primers.bed", sampler.tiles)
    else:
        sampler = molecules.CaptureSampler(p, assay.sampling, rng)
        called = p.panel
    called.write(folder / "targets.bed")
    counts = _libraries(assay, p, sampler, folder, seed, threads, rng)
    _write_tables(folder, p, counts)
    done.write_text(json.dumps({
        "made": wanted, "samples": list(p.weights), "purity": p.purity, "cells": p.cells,
        "bases": called.bases, "segments": p.segments, "copy_number": p.copy_number,
        "clones": list(tumour.CLONES),
    }, indent=1))  # fmt: skip
    (folder / "cpu.json").write_text(json.dumps({"simulate": round(cpu_seconds() - began, 1)}))
    return folder


def _write_primers(path: Path, found: list[molecules.Tile]) -> None:
    lines = []
    for k, t in enumerate(found):
        low, high = t.insert
        lines.append(f"{t.contig}\t{t.start}\t{low}\tamplicon{k}_LEFT\t{t.pool}\t+\n")
        lines.append(f"{t.contig}\t{high}\t{t.end}\tamplicon{k}_RIGHT\t{t.pool}\t-\n")
    path.write_text("".join(lines))


def _libraries(assay, p, sampler, folder, seed, threads, rng) -> dict[str, np.ndarray]:
    amplicon = isinstance(assay.sampling, Amplicons)
    truth = Truth(p, sampler.templates, sampler.buffer)
    sequencer = errors.Sequencer.of(assay.chemistry, rng)
    upto = len(sampler.buffer.codes) if amplicon else sampler.on_target
    counts, kept = {}, {}
    for sample, m in sampler.samples(assay.rho, rng).items():
        family = None
        if assay.families:
            m, family = _families(m, assay, rng)
        if assay.chemistry.consensus and assay.labels.style == "marianas":
            m = replace(m, top=np.ones(len(m), bool))
        own = m.take(~m.hopped)
        counts[sample] = truth.count(
            own, assay.chemistry.read_length, None if family is None else family[~m.hopped]
        )
        chemistry = assay.chemistry
        rates = errors.site_rates(sampler.buffer, upto, chemistry, p.purity[sample] > 0, seed, rng)
        found = errors.edits(m, sampler.buffer, rates, chemistry, amplicon, rng)
        if amplicon:
            found = _primer_errors(found, m, sampler, assay.sampling, rng)
        pairs = library.expand(m, found, rng)
        writer = library.Writer(folder / sample, sampler.buffer, chemistry, assay.labels)
        writer.write(m, pairs, sequencer, family, rng)
        library.align(
            p.reference.fasta, sample, writer.paths, folder / f"{sample}.bam", assay.mark, threads,
            assay.labels.style in ("umi", "fgbio"),
        )  # fmt: skip
        kept[f"{sample}:template"], kept[f"{sample}:start"] = m.template, m.start
        kept[f"{sample}:length"], kept[f"{sample}:copies"] = m.length, m.copies
    somatic = [sorted(t.somatic) for t in sampler.templates]
    kept["template_variants"] = np.array(
        [(k, i) for k, inside in enumerate(somatic) for i in inside], np.int64
    ).reshape(-1, 2)
    kept["template_offset"] = sampler.buffer.offset
    np.savez_compressed(folder / "molecules.npz", **kept)
    return counts


def _primer_errors(found, m, sampler, design, rng):
    """Add errors of primer synthesis, each in the reads of one molecule."""
    inner = np.array([t.inner for t in sampler.templates])[m.template]
    left, right = inner[:, 0], m.length - inner[:, 1]
    r = np.repeat(np.arange(len(m)), rng.poisson(design.synthesis * (left + right)))
    u = (rng.random(len(r)) * (left + right)[r]).astype(np.int64)
    at = np.where(u < left[r], u, inner[r, 1] + u - left[r])
    gap = rng.random(len(r)) < 0.6
    s, g = r[~gap], r[gap]
    new = rng.integers(0, 4, len(s)).astype(np.uint8)
    return errors.Edits(
        np.concatenate([found.row, s]), np.concatenate([found.at, at[~gap]]),
        np.concatenate([found.base, new]), np.concatenate([found.share, np.ones(len(s))]),
        np.concatenate([found.slip_row, g]), np.concatenate([found.slip_at, at[gap]]),
        np.concatenate([found.slip, np.ones(len(g), np.int64)]),
        np.concatenate([found.slip_share, np.ones(len(g))]),
    )  # fmt: skip
