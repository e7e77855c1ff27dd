"""Put every row of the paper's Table 2 into a simulated patient and ask the workflow.

    python -m benchmarks.table2 --seeds 1 2 3
    python -m benchmarks.table2 --seeds 1 2 3 --publish

A row's patient has a normal, a tumour before treatment and a relapse after the row's drug that
carries the row's alteration. The BAMs of `resistpanel simulate` go through the stages catalog,
sheet, qc, call, annotate, copynumber, compare and resist; then the sheet is given a drug that has
nothing to do with the row, and compare and resist are run again. Rows of overexpression or loss
of expression have nothing to put into DNA: the report must say that it cannot exclude them.

Patients of one disease share genome, normal and first tumour; the relapses are samples of their
own. --small takes the exons of the rows and a few others instead of the whole panel. --publish
writes docs/validation/table2.md. The exit status is 1 if a row does not hold.
"""

import argparse
import re
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.genome import ROOT, WORK
from benchmarks.publish import revision
from benchmarks.table2_patients import (
    AF,
    COPIES,
    DRIVERS,
    PURITY,
    UNRELATED,
    Row,
    Tumour,
    call,
    describe,
    judge,
    read_table,
    simulate,
    small_panel,
    whole_panel,
)
from resistpanel.core.files import write_text


def failures(row: Row, value: dict) -> list[str]:
    """Return what resist.json lacks of a row under its drug, where the row is the only cause."""
    verdict = value["verdict"]
    if not row.visible:
        open_ = [(r["gene"], r["alteration"]) for r in value["coverage"]["not_in_dna"]]
        wrong = [] if (row.gene, row.alteration) in open_ else ["not listed as unseen"]
        said = verdict["sentence"].partition("changes that DNA of coding exons does not reveal")[2]
        return wrong + ([] if row.gene in said else ["not named as what cannot be excluded"])
    named = [finding for finding in value["findings"] if finding["label"] == row.label]
    if not named:
        return ["not found"]
    found, wrong = named[0], []
    for key, expected in {
        "rank": 1,
        "effect": "known",
        "state": "acquired",
        "mechanism_class": row.mechanism_class,
    }.items():
        if found[key] != expected:
            wrong.append(f"{key} {found[key]}, not {expected}")
    if verdict["kind"] != "mechanism" or verdict["key_variants"] != [found["variant"]]:
        wrong.append(f"verdict {verdict['kind']} names {', '.join(verdict['key_variants'])}")
    if row.label not in verdict["sentence"]:
        wrong.append("not in the sentence")
    if not any("21383288" in (evidence["pmid"] or "") for evidence in found["evidence"]):
        wrong.append("the paper is not cited")
    return wrong


def wrongly_named(row: Row, value: dict) -> list[str]:
    """Return what resist.json says of a row under a drug that it has nothing to do with."""
    wrong = [
        f"{finding['label']} is {finding['effect']}, {finding['mechanism_class']}"
        for finding in value["findings"]
        if finding["effect"] in {"known", "candidate"} or finding["evidence"]
    ]
    if value["verdict"]["kind"] not in ("none", "not_assessed") or value["verdict"]["key_variants"]:
        wrong.append(f"the verdict is {value['verdict']['kind']}")
    if any(r["gene"] == row.gene for r in value["coverage"]["not_in_dna"]):
        wrong.append(f"{row.gene} is listed as what could explain it")
    return wrong


@dataclass
class Result:
    """A row in a seed's patient."""

    seed: int
    row: Row
    lacking: list[str]
    named: dict[str, list[str]]
    finding: dict | None = None
    confidence: str = ""

    @property
    def holds(self) -> bool:
        """Whether all is as it must be."""
        return not self.lacking and not any(self.named.values())


def measure(seed: int, rows: Sequence[Row], folder: Path, small: bool, depth: float) -> list:
    """Simulate all patients of a seed and judge every row; return the results."""
    panel = small_panel(folder / "panel", rows, 16) if small else whole_panel(folder / "panel")
    results = []
    for person in dict.fromkeys(row.person for row in rows):
        mine = [row for row in rows if row.person == person]
        relapses = {row.relapse: [row] for row in mine if row.visible} | {"unchanged": []}
        drivers = [person] if person in DRIVERS else []
        described = describe(person, drivers, relapses, panel, depth, seed)
        tumour = simulate(folder / person, described, panel)
        for relapse, members in relapses.items():
            out = folder / person / "patients" / relapse
            call(tumour, [relapse], out)
            under = members and [row for row in mine if row.relapse == relapse]
            for row in under or [row for row in mine if not row.visible]:
                results.append(_result(seed, row, tumour, relapse, out))
        for bam in (folder / person).glob("*.bam"):
            bam.unlink()
    order = {id(row): number for number, row in enumerate(rows)}
    return sorted(results, key=lambda result: order[id(result.row)])


def _result(seed: int, row: Row, tumour: Tumour, relapse: str, out: Path) -> Result:
    value = judge(tumour, [relapse], row.drug, row.disease, out)
    others = {
        drug: wrongly_named(row, judge(tumour, [relapse], drug, row.disease, out))
        for drug in UNRELATED
    }
    found = next((f for f in value["findings"] if f["label"] == row.label), None)
    confidence = value["verdict"]["confidence"]
    return Result(seed, row, failures(row, value), others, found, confidence)


_ABOUT = """\
Every row of Table 2 of Wagle et al. 2011 (PMID 21383288) is simulated in a separate patient:
normal, tumour before treatment, relapse after the row's drug. A substitution has an allele
frequency of {af:.0f} % in the relapse, an amplification {copies} copies at a purity of
{purity:.0f} %; the driver of the disease is in both tumours ({panel}; {depth:g}x).
The BAMs are processed by all stages from catalog to resist.
*Named*: ranked first, known, acquired, of the stated mechanism class, and the only key variant of
the verdict. *Unrelated*: the same BAMs under {unrelated}, where nothing may be named.
A row that is not visible in DNA must be listed as not excluded, in a relapse
without a new alteration."""


def page(results: Sequence[Result], small: bool, depth: float) -> str:
    """Return docs/validation/table2.md."""
    seeds = sorted({result.seed for result in results})
    rows = list(dict.fromkeys(result.row for result in results))
    seen = [result for result in results if result.row.visible]
    good = sum(not result.lacking for result in seen)
    unseen = [result for result in results if not result.row.visible]
    silent = sum(not any(result.named.values()) for result in results)
    open_ = sum(not result.lacking for result in unseen)
    about = _ABOUT.format(
        af=100 * AF,
        copies=COPIES,
        purity=100 * PURITY,
        depth=depth,
        unrelated=" and ".join(UNRELATED),
        panel="exons of the rows and of 16 other genes"
        if small
        else "all codons of the catalogue and an exon of each gene of the panel",
    )
    command = f"--seeds {' '.join(map(str, seeds))}{' --small' if small else ''} --publish"
    lines = [
        "# Table 2 of Wagle et al. in simulated patients",
        "",
        f"Written by `python -m benchmarks.table2 {command}` at {revision()}.",
        "",
        about,
        "",
        "| | |",
        "|---|---|",
        f"| rows visible in DNA, named with the correct class | {good} of {len(seen)} |",
        f"| rows not visible in DNA, listed as not excluded | {open_} of {len(unseen)} |",
        f"| rows unnamed under both unrelated drugs | {silent} of {len(results)} |",
        "",
        "| drug | alteration | disease | mechanism class | named | AF or log2 after | confidence "
        "| unrelated |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        mine = [result for result in results if result.row == row]
        held = sum(not result.lacking for result in mine)
        silent = sum(not any(result.named.values()) for result in mine)
        named = f"{held}/{len(mine)}" if row.visible else f"not excluded {held}/{len(mine)}"
        confidence = "/".join(dict.fromkeys(r.confidence for r in mine)) if row.visible else ""
        lines.append(
            f"| {row.drug} | {row.gene} {row.alteration} | {row.disease} | "
            f"{row.mechanism_class.replace('_', ' ')} | {named} | {_measured(mine)} | "
            f"{confidence} | silent {silent}/{len(mine)} |"
        )
    bad = [result for result in results if not result.holds]
    if bad:
        lines += ["", "Failures:", ""]
        for result in bad:
            said = result.lacking + [f"{d}: {t}" for d, ts in result.named.items() for t in ts]
            row = result.row
            lines.append(f"- seed {result.seed}, {row.drug}, {row.label}: {'; '.join(said)}")
    return "\n".join(lines) + "\n"


def _measured(results: Sequence[Result]) -> str:
    """Return AF, or the log2 ratio of after to before, over the seeds."""
    texts = []
    for result in results:
        if result.finding is None:
            continue
        if result.row.amplification:
            said = " ".join(result.finding["for"])
            ratio = re.search(r"log2 ratio after to before ([+-][\d.]+)", said)
            texts.append(ratio[1] if ratio else "?")
        else:
            texts.append(f"{100 * result.finding['course'][-1]['af']:.0f} %")
    return ", ".join(texts)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, publish."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--depth", type=float, default=400)
    parser.add_argument("--small", action="store_true", help="few exons instead of the panel")
    parser.add_argument("--publish", action="store_true", help="write docs/validation/table2.md")
    args = parser.parse_args(argv)
    rows, results = read_table(), []
    for seed in args.seeds:
        started = time.monotonic()
        folder = WORK / "table2" / f"{seed}{'-small' if args.small else ''}"
        shutil.rmtree(folder, ignore_errors=True)
        results += measure(seed, rows, folder, args.small, args.depth)
        print(f"seed {seed}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    text = page(results, args.small, args.depth)
    print(text)
    if args.publish:
        write_text(ROOT / "docs" / "validation" / "table2.md", text)
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
