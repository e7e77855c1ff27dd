"""The dossier's figures against the same counted by another path: truth files, VCFs, pysam."""

import collections
import itertools
import json
import statistics

import numpy as np
import pysam
import pytest
from scipy.stats import chi2, norm

from resistpanel.cli import main

pytestmark = pytest.mark.slow
SEED = "4471"


@pytest.fixture(scope="module")
def made(laboratory, tmp_path_factory):
    """Ten normals, two libraries of one reference material, the assay, and its dossier."""
    folder = tmp_path_factory.mktemp("dossier")
    packs = [laboratory.material(name, seed) for name, seed in (("m0", 81), ("m1", 82))]
    assert laboratory.build(folder / "assay", 10, "2.1", "--pack", *map(str, packs)) == 0
    for name in ("m0", "m1"):
        for suffix in ("bam", "bam.bai"):
            for sample in (name, f"{name}.normal"):
                (folder / f"{sample}.{suffix}").symlink_to(
                    laboratory.bam(sample).with_suffix(f".{suffix}")
                )
    words = ["assay", "report", str(folder / "assay"), "--reference", str(laboratory.reference)]
    words += ["--data", str(folder), "--seed", SEED, "--threads", "1", "--spiked", "3"]
    assert main([*words, "--output", str(folder / "out"), "--work", str(folder / "work")]) == 0
    return folder, json.loads((folder / "out/dossier.json").read_text())


def alleles(path):
    """Return (chrom, pos, ref, alt) and INFO/AF of a VCF."""
    with pysam.VariantFile(str(path)) as vcf:
        return {
            (r.chrom, r.start, r.ref, r.alts[0]): r.info["AF"][0] if "AF" in r.info else None
            for r in vcf
        }


def called(path, tumor="validation_tumor", normal="validation_normal"):
    """Return AF of the calls in the tumour, and what is inherited."""
    calls, inherited = {}, set()
    with pysam.VariantFile(str(path)) as vcf:
        for r in vcf:
            key = (r.chrom, r.start, r.ref, r.alts[0])
            if set(r.alts[0]) - set("ACGT"):
                continue
            other = r.samples[normal]
            if r.info.get("MODEL") == "germline" or (other["AF"] or 0) > 0.02:
                inherited.add(key)
            if "PASS" in r.filter and r.samples[tumor]["DET"] == 1:
                calls[key] = r.samples[tumor]["AF"]
    return calls, inherited


def spelled(fasta, chrom, start, end, variants):
    """Return the bases of a window with variants, or None if they overlap."""
    text, at = [], start
    for _, pos, ref, alt in sorted(variants, key=lambda v: v[1]):
        if pos < at:
            return None
        text += [fasta.fetch(chrom, at, pos), alt]
        at = pos + len(ref)
    return "".join([*text, fasta.fetch(chrom, at, end)]).upper()


def some(items, most):
    items = list(items)
    return (c for n in range(most + 1) for c in itertools.combinations(items, n))


def found_in(truth, calls, inherited, fasta):
    """Return by truth the calls that spell it, with or without inherited variants."""
    found = {}
    for variant in truth:
        chrom, pos, ref, _ = variant
        low, high = pos - 150, pos + len(ref) + 150
        near = [c for c in calls if c[0] == chrom and abs(c[1] - pos) <= 70]
        beside = [g for g in inherited if g[0] == chrom and abs(g[1] - pos) <= 70]
        wanted = {
            text for g in some(beside, 2)
            if (text := spelled(fasta, chrom, low, high, [variant, *g]))
        }  # fmt: skip
        for chosen in some(near, 3):
            texts = (spelled(fasta, chrom, low, high, [*chosen, *g]) for g in some(beside, 2))
            if chosen and any(text in wanted for text in texts if text):
                found[variant] = chosen
                break
    return found


def kind(variant):
    """Return the class as far as an allele shows it: insertion and duplication are one."""
    _, _, ref, alt = variant
    if len(ref) == len(alt):
        changed = [i for i in range(len(ref)) if ref[i] != alt[i]]
        return "SNV" if len(changed) == 1 and changed[0] == changed[-1] else "MNV"
    return "INS" if len(alt) > len(ref) else "DEL"


def figures(rows, name, klass, **where):
    names = ("INS", "DUP") if klass == "INS" else (klass,)
    return sum(
        row[name] for row in rows
        if row["class"] in names and all(row[k] == v for k, v in where.items())
    )  # fmt: skip


def runs(folder, prefix, fasta):
    """Yield (normal, run, truth with AF, calls of each truth found, all calls)."""
    for path in sorted((folder / "work").glob(f"n*/{prefix}*.truth.vcf")):
        truth = alleles(path)
        calls, _ = called(path.with_name(path.name.replace(".truth.vcf", ".vcf.gz")))
        _, inherited = called(path.parent / "first.vcf.gz")
        yield (
            path.parent.name,
            path.name.removesuffix(".truth.vcf"),
            truth,
            found_in(truth, calls, inherited, fasta),
            calls,
        )


def test_recall_and_limits(made, laboratory):
    folder, dossier = made
    fasta = pysam.FastaFile(str(laboratory.reference))
    ladder = collections.Counter()
    at_lod = collections.Counter()
    lods = {}
    for path in sorted((folder / "work").glob("n*/first.vcf.gz")):
        kept = set(alleles(path.parent / "kept.vcf"))
        with pysam.VariantFile(str(path)) as vcf:
            for r in vcf:
                key = (r.chrom, r.start, r.ref, r.alts[0])
                if key in kept:
                    lods[path.parent.name, key] = r.samples["validation_tumor"]["LOD"]
    assert len({name for name, _ in lods}) == 10
    for normal, _, truth, found, _ in runs(folder, "pass", fasta):
        for variant, af in truth.items():
            hit = variant in found
            level = next((x for x in dossier["conditions"]["ladder"] if abs(x - af) < 1e-7), None)
            lod = lods.get((normal, variant))
            if level is not None:
                ladder[kind(variant), level, hit] += 1
            elif lod is not None and abs(af / lod - 1) < 1e-4:
                at_lod[kind(variant), hit] += 1
    assert sum(ladder.values()) > 50 and sum(at_lod.values()) >= 3
    for klass in ("SNV", "MNV", "INS", "DEL"):
        for af in dossier["conditions"]["ladder"]:
            hits, misses = ladder[klass, af, True], ladder[klass, af, False]
            assert figures(dossier["recall"], "found", klass, af=af) == hits
            assert figures(dossier["recall"], "of", klass, af=af) == hits + misses
        hits, misses = at_lod[klass, True], at_lod[klass, False]
        assert figures(dossier["limits"], "found_at_lod", klass) == hits
        assert figures(dossier["limits"], "of_at_lod", klass) == hits + misses
        stated = [lod for (_, v), lod in lods.items() if kind(v) == klass and lod is not None]
        assert figures(dossier["limits"], "stated", klass) == len(stated)
    every = next(row for row in dossier["limits"] if row["class"] == "all")
    known = sorted(lod for lod in lods.values() if lod is not None)
    assert every["lod_median"] == pytest.approx(statistics.median(known), rel=1e-6)
    assert every["lod_low"] == pytest.approx(np.percentile(known, 5), rel=1e-6)
    found, number = every["found_at_lod"], every["of_at_lod"]
    z = norm.ppf(0.975)
    centre = (found + z**2 / 2) / (number + z**2)
    half = z / (number + z**2) * (found * (number - found) / number + z**2 / 4) ** 0.5
    assert every["low_at_lod"] == pytest.approx(centre - half, abs=1e-3)
    assert every["high_at_lod"] == pytest.approx(min(1, centre + half), abs=1e-3)
    good = [
        af for af in dossier["conditions"]["ladder"]
        if all(
            sum(ladder[k, x, True] for k in ("SNV", "MNV", "INS", "DEL"))
            >= 0.95 * sum(ladder[k, x, h] for k in ("SNV", "MNV", "INS", "DEL") for h in (0, 1))
            for x in dossier["conditions"]["ladder"] if x >= af
        )
    ]  # fmt: skip
    assert every["detected_from"] == min(good)


def test_false_calls(made, laboratory):
    folder, dossier = made
    false = 0
    for path in (folder / "work").glob("n*/first.vcf.gz"):
        false += len(called(path)[0])
    covered = set()
    for line in laboratory.targets.read_text().splitlines():
        chrom, start, end = line.split("\t")[:3]
        covered |= {(chrom, p) for p in range(int(start) - 20, int(end) + 20)}
    megabases = 10 * len(covered) / 1e6
    rate = dossier["false_calls"]
    assert (rate["normals"], rate["calls"]) == (10, false)
    assert rate["megabases"] == pytest.approx(megabases)
    assert rate["high"] == pytest.approx(chi2.ppf(0.975, 2 * false + 2) / 2 / megabases)
    low = chi2.ppf(0.025, 2 * false) / 2 / megabases if false else 0
    assert rate["low"] == pytest.approx(low)


def test_reproducibility(made, laboratory):
    folder, dossier = made
    fasta = pysam.FastaFile(str(laboratory.reference))
    outcomes, afs = collections.defaultdict(list), collections.defaultdict(list)
    for normal, _, truth, found, calls in runs(folder, "replicate", fasta):
        for variant, af in truth.items():
            outcomes[round(af, 6), normal, variant].append(variant in found)
            if variant in found:
                value = min(calls[one] for one in found[variant])
                afs[round(af, 6), normal, variant].append(value)
    for row in dossier["reproducibility"]:
        if row["class"] != "all":
            continue
        mine = [v for k, v in outcomes.items() if k[0] == row["af"]]
        pairs = [a == b for v in mine for a, b in itertools.combinations(v, 2)]
        assert row["variants"] == len(mine) and row["in_all"] == sum(all(v) for v in mine)
        assert row["agreement"] == pytest.approx(sum(pairs) / len(pairs))
        assert row["found"] == sum(map(sum, mine)) and row["of"] == sum(map(len, mine))
        cv = [np.std(v, ddof=1) / np.mean(v) for k, v in afs.items()
              if k[0] == row["af"] and len(v) == row["replicates"]]  # fmt: skip
        assert row["af_cv"] == pytest.approx(np.median(cv), rel=1e-4)


def test_interference(made, laboratory):
    folder, dossier = made
    fasta = pysam.FastaFile(str(laboratory.reference))
    by_run = collections.defaultdict(dict)
    false = collections.Counter()
    for prefix in ("none", "contamination", "tumor_in", "fewer"):
        for normal, run, truth, found, calls in runs(folder, prefix, fasta):
            by_run[run] |= {(normal, v): v in found for v in truth}
            used = {one for chosen in found.values() for one in chosen}
            false[run] += len(set(calls) - used)
    assert len(by_run) == len(dossier["interference"]) == 7
    before = by_run["none.0"]
    for row in dossier["interference"]:
        run = f"{row['condition']}.{row['level']:g}"
        now = by_run[run]
        assert (row["found"], row["of"]) == (sum(now.values()), len(now)), run
        assert row["lost"] == sum(before[k] and not now[k] for k in now)
        assert row["gained"] == sum(now[k] and not before[k] for k in now)
        assert row["false_calls"] == false[run], run
    # The conditions do what they are called.
    by = {(row["condition"], row["level"]): row for row in dossier["interference"]}
    assert by["fewer_fragments", 0.25]["found"] < by["none", 0]["found"]


def test_conditions_have_the_fragments_that_they_say(made, laboratory):
    """Depth under `fewer_fragments` and of the normal under `tumor_in_normal`, from the VCFs."""
    folder, _ = made

    def depth(name, run, sample):
        with pysam.VariantFile(str(folder / "work" / name / f"{run}.vcf.gz")) as vcf:
            return statistics.median(r.samples[sample]["DP"] for r in vcf)

    name = next(iter(sorted((folder / "work").glob("n*/none.0.vcf.gz")))).parent.name
    whole = depth(name, "none.0", "validation_tumor")
    assert depth(name, "fewer_fragments.0.25", "validation_tumor") == pytest.approx(
        0.25 * whole, rel=0.15
    )
    normal = depth(name, "none.0", "validation_normal")
    leaked = depth(name, "tumor_in_normal.0.1", "validation_normal")
    assert leaked == pytest.approx(normal / 0.9, rel=0.05)


def test_reference_material(made, laboratory, tmp_path):
    """The simulator's truth against `resistpanel call` by itself."""
    folder, dossier = made
    truth = {
        (chrom, pos - 1, ref, alt): af
        for pos, (chrom, ref, alt, af) in laboratory.alleles().items()
    }
    fasta = pysam.FastaFile(str(laboratory.reference))
    by_name = {}
    assert [one["name"] for one in dossier["material"]] == ["m0", "m1"]
    for one in dossier["material"]:
        vcf = tmp_path / f"{one['name']}.vcf.gz"
        words = ["call", "--reference", str(laboratory.reference), "--output", str(vcf)]
        words += ["--targets", str(laboratory.targets), "--threads", "1"]
        words += ["--tumor", str(laboratory.bam(one["name"]))]
        words += ["--normal", str(laboratory.bam(f"{one['name']}.normal"))]
        assert main([*words, "--assay-folder", str(folder / "assay")]) == 0
        calls, inherited = called(vcf, one["name"], f"{one['name']}.normal")
        inside = {c: af for c, af in calls.items() if in_targets(c, laboratory.targets)}
        found = found_in(truth, inside, inherited, fasta)
        mine = one["figures"]
        assert (mine["present"], mine["found"]) == (len(truth), len(found))
        used = {c for chosen in found.values() for c in chosen}
        assert mine["other_calls"] == len(set(inside) - used)
        ratio = [inside[chosen[0]] / truth[v] for v, chosen in found.items()]
        assert mine["af_ratio"] == pytest.approx(np.median(ratio), rel=0.02)
        by_name[one["name"]] = {v: v in found for v in truth}
    row = dossier["material_agreement"][0]
    same = [by_name["m0"][v] == by_name["m1"][v] for v in truth]
    assert row["agreement"] == pytest.approx(sum(same) / len(same))
    assert row["in_all"] == sum(by_name["m0"][v] and by_name["m1"][v] for v in truth)


def in_targets(call, bed):
    rows = (line.split("\t")[:3] for line in bed.read_text().splitlines())
    return any(c == call[0] and int(a) <= call[1] < int(b) for c, a, b in rows)


def test_page_and_table(made):
    folder, dossier = made
    page = (folder / "out/dossier.html").read_text()
    for words in ("lung, version 2.1", dossier["assay"]["sha256"], "Limit of detection",
                  "Reproducibility", "Interference", "material m1"):  # fmt: skip
        assert words in page
    assert "None" not in page and "http" not in page.replace("http-equiv", "")
    rows = (folder / "out/dossier.tsv").read_text().splitlines()
    assert len(rows) == 1 + len(dossier["rows"]) and rows[0].startswith("section\trun\tnormal")
