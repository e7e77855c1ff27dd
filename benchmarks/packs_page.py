"""docs/validation/real.md from the kept results of `benchmarks.packs`."""

from collections.abc import Iterator

from resistpanel.testing.pack import Pack

NOT_HAD = (
    ("imgag/megSAP", "Strelka2, mosaic and Clair pairs", "files of 4 MB and more were not in the "
     "snapshot used"),
    ("imgag/ngs-bits", "cfDNA.bam, CfDnaQC", "cfDNA.bam was had (two sites, 5,000x), but "
     "nothing states what is true of it; the others are 4 MB and more"),
    ("DavidQuigley/aardvark", "ERR2851475", "the repository has R objects, no reads"),
    ("tommyau/itdseek, niu-lab/docker-flt3-itd, Xiaohuaniu0032/FLT3_ITD_Pindel", "FLT3-ITD of 20 "
     "to 170 bases", "had, but the reads are simulated"),
    ("dellytools/delly", "sr.bam", "had, but the reads are simulated"),
    ("varlociraptor/varlociraptor", "testcases", "145 cases of single loci called, in part "
     "simulated: their authors state a posterior, not a truth"),
    ("mikessh/mageri", "UMI FASTQ", "had in part: one spike of 134 bases, aligned, 205 molecules; "
     "sorted by UMI, and without a statement of what is true of it"),
    ("pughlab/ConsensusCruncher", "LargeMid BAMs", "fewer than 50 molecules over any target"),
    ("umich-brcf-bioinf/Connor", "PIK3CA and EGFR, original and deduplicated", "in old commits; "
     "PIK3CA E545K and EGFR L858R at 1 to 2 % pass; a mixture whose composition is not stated"),
    ("imgag/umiVar", "CFDNA_02, the later CFDNA_01", "files of 4 MB and more"),
    ("genome/somatic-sniper, arq5x/lumpy-sv, hall-lab/svtyper", "tests", "reads of many patients "
     "in one file; simulated; neither MD tags nor a reference"),
    ("friend1ws/EBFilter, friend1ws/GenomonSV, xuchang116/smCounter", "tests", "files of 4 MB and "
     "more were not in the snapshot used"),
    ("Illumina/strelka, andyrimmer/Platypus, parklab/MosaicForecast", "tests", "called, without a "
     "statement of what is somatic"),
    ("AstraZeneca-NGS/VarDictJava", "other BAMs", "had: 65 of single loci, without a truth but its "
     "own output; about 30 were called"),
    ("nf-core/test-datasets", "all", "too large for the snapshots used (2 GB)"),
    ("broadinstitute/gatk", "Mutect2's large test files", "Git LFS, not in the snapshot used"),
    ("broadinstitute/gatk", "HCC1143 micro", "by pileup nine of nine substitutions, no other call; "
     "the files are in old commits alone, under the licence of then"),
    ("walaj/svaba, PapenfussLab/gridss", "tests", "simulated, or without a statement of truth"),
    ("CSB5/lofreq, samtools/bcftools", "tests", "empty files; shallow reads of a few bases"),
)  # fmt: skip


def _percent(part: int, whole: int) -> str:
    return f"{part} of {whole}"


def page(packs: list[Pack], results: dict, others: dict) -> str:
    """Return the page.

    Parameters
    ----------
    packs : list of Pack
    results : dict
        ``pack.json`` by name.
    others : dict
        Of each name, the results of peers.
    """
    shown = [pack for pack in packs if pack.about.name in results]
    origins = {pack.about.origin.repository for pack in shown}
    lines = [
        "# Real reads",
        "",
        "Written by `python -m benchmarks.packs --publish`; do not edit. Simulated reads have",
        "assumptions in common with the caller; real reads do not. Each set is a *pack*",
        f"([validate](../validate.md#packs-real-reads-with-known-variants)): {len(shown)} sets of "
        f"{len(origins)} origins. No reads are in the project;",
        "`python resources/packs/get_packs.py --data reads` gets them at the commits below and",
        "checks their SHA-256 (in each `pack.yaml`).",
        "",
        "| set | assay | question | found | inherited or absent, called | other calls | "
        "AF called / known | at or above LOD |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(pack, results[pack.about.name]) for pack in shown]
    lines += [
        "",
        "Found: known somatic alleles and junctions that are called. Other calls are false where "
        "the truth is complete, and marked * where it is not; in brackets their number per Mb and "
        "the upper 95 % limit of that. AF: median of the ratio. At or above LOD: known alleles "
        "whose frequency is at or above the limit that the caller states there, and are called.",
        "",
        "## Other callers on the same files",
        "",
        "Each is run as its authors document it ([assays](assays.md) has the command lines), and "
        "scored in the same way. Without a normal, a caller without a germline model lists "
        "inherited variants as well.",
        "",
        "| set | caller | found | inherited or absent, called | other calls |",
        "|---|---|---|---|---|",
    ]
    for pack in shown:
        lines += _peers(results[pack.about.name], others[pack.about.name])
    lines += ["", "## Missed variants and other calls", ""]
    for pack in shown:
        lines += _wrong(pack, results[pack.about.name])
    lines += _recall(shown, results)
    lines += _dilutions(shown, results)
    lines += _sources(shown)
    return "\n".join(lines) + "\n"


def _row(pack: Pack, r: dict) -> str:
    f, about = r["figures"], pack.about
    star = "" if about.complete else "*"
    other = (
        f"{f['other_calls']}{star} ({f['other_per_megabase']:.0f}, below "
        f"{f['other_per_megabase_high']:.0f})"
    )
    found = _percent(f["found"], f["present"]) if f["present"] else "none known"
    if f["junctions"]:
        found += f" (junctions {f['junctions_found']} of {f['junctions']})"
    refuted = _percent(f["refuted_called"], f["refuted"]) if f["refuted"] else ""
    limit = _percent(f["above_limit_found"], f["above_limit"]) if f["above_limit"] else ""
    ratio = f"{f['af_ratio']:.2f}" if f["af_ratio"] is not None else ""
    return (
        f"| {about.name} | {about.assay} | {about.question} | {found} | {refuted} | {other} "
        f"| {ratio} | {limit} |"
    )


def _note(one: dict) -> str:
    return f" ({one['note']})" if one.get("note") else ""


def _peers(r: dict, others: list[dict]) -> Iterator[str]:
    f = r["figures"]
    if not others:
        return
    yield (
        f"| {r['name']} | resistpanel | {_percent(f['found'], f['present'])} | "
        f"{_percent(f['refuted_called'], f['refuted'])} | {f['other_calls']} |"
    )
    for one in others:
        if "failed" in one:
            yield f"| | {one['peer']} | did not run: {one['failed'].strip()} | | |"
            continue
        yield (
            f"| | {one['peer']}{_note(one)} | {_percent(one['found'], one['present'])} | "
            f"{_percent(one['refuted_called'], one['refuted'])} | {len(one['other'])} |"
        )


def _wrong(pack: Pack, r: dict) -> Iterator[str]:
    found = []
    for row in r["rows"]:
        if row["called"] == (row["state"] == "present") or row["state"] == "ignored":
            continue
        kind = "missed" if row["state"] == "present" else f"{row['state']}, called"
        lod = f", LOD {100 * row['lod']:.2g} %" if row["lod"] is not None else ""
        found.append(
            f"{kind}: {row['name']} ({row['alt_called'] or 0} of {row['depth'] or 0}, "
            f"{row['filters']}{lod})"
        )
    for row in r["other"]:
        found.append(
            f"called: {row['chrom']}:{row['pos']} {row['ref']}>{row['alt']} "
            f"({row['alt_fragments']} of {row['depth']})"
        )
    if not found and not pack.about.notes:
        return
    yield f"**{r['name']}**. {pack.about.notes}".rstrip()
    yield ""
    yield from (f"- {line}" for line in found)
    yield ""


def _recall(packs: list[Pack], results: dict) -> Iterator[str]:
    """Return recall by AF over all sets."""
    total: dict[tuple[float, float], list[int]] = {}
    for pack in packs:
        for row in results[pack.about.name]["recall"]:
            counts = total.setdefault((row["af_from"], row["af_below"]), [0, 0])
            counts[0] += row["found"]
            counts[1] += row["of"]
    yield from ("## Recall by allele frequency, all sets", "", "| AF | found |", "|---|---|")
    for (low, high), (hits, number) in sorted(total.items()):
        yield f"| {100 * low:g} to {100 * high:g} % | {_percent(hits, number)} |"
    yield ""


def _dilutions(packs: list[Pack], results: dict) -> Iterator[str]:
    for pack in packs:
        rows = results[pack.about.name]["dilution"]
        if not rows:
            continue
        yield from (
            f"## Dilution: {pack.about.name}",
            "",
            "Variant-supporting molecules of the known alleles removed at random "
            "([how](../validate.md#dilution)): semi-synthetic. The interval takes alleles as the "
            f"unit. {rows[0]['draws']} draws.",
            "",
            "| AF wanted | median AF | called | 95 % interval | median stated LOD | at or above "
            "their LOD, called | other calls per draw |",
            "|---|---|---|---|---|---|---|",
        )
        for row in sorted(rows, key=lambda row: -row["af"]):
            yield (
                f"| {100 * row['af']:g} % | {100 * row['af_median']:.2g} % | "
                f"{_percent(row['found'], row['of'])}, {100 * row['recall']:.0f} % | "
                f"{100 * row['low']:.0f} to {100 * row['high']:.0f} % | "
                f"{100 * row['lod_median']:.2g} % | "
                f"{_percent(row['above_limit_found'], row['above_limit'])} | "
                f"{row['other_calls']:.1f} |"
            )
        yield ""


def _sources(packs: list[Pack]) -> Iterator[str]:
    yield from (
        "## Sources",
        "",
        "| set | repository, commit | files | licence | truth |",
        "|---|---|---|---|---|",
    )
    for pack in packs:
        origin = pack.about.origin
        files = "<br>".join(
            f"`{source.path or name + ' (derived)'}` {source.sha256[:12]}"
            for name, source in pack.about.files.items()
        )
        yield (
            f"| {pack.about.name} | {origin.repository}, {origin.commit[:12]} | {files} | "
            f"{origin.licence} | {origin.truth} |"
        )
    yield from (
        "",
        "Several sets hold reads of patients: they are used where they are, under the licence of "
        "their repository.",
        "",
        "Looked at and not used:",
        "",
        "| repository | files | why |",
        "|---|---|---|",
    )
    yield from (f"| {a} | {b} | {c} |" for a, b, c in NOT_HAD)
