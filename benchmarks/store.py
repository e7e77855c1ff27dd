"""The results store with 1,000 simulated patients: time, size, and the questions of docs/store.md.

    python -m benchmarks.store [--patients 1000] [--seed 71940263] [--write docs/store.md] \\
        [--page cohort.html]

Patients are made as JSON, not from reads: a drug and its driver from the catalogue, relapse by a
catalogued alteration, by one that is not catalogued, or by none, passengers, and the catalogue's
other alleles with the limits of an assay of about 900 fragments. `resist` reaches the verdicts.
"""

import argparse
import importlib.util
import json
import random
import re
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.genome import ROOT
from benchmarks.vignette_patients import Given, Sample, Vignette, VignettePatient
from resistpanel.catalog import protein
from resistpanel.records.compare import Compare
from resistpanel.records.copynumber import CopyNumber
from resistpanel.records.sheet import Sheet
from resistpanel.report.cohort import cohort
from resistpanel.report.render import cohort_page
from resistpanel.report.store_database import add, query, summaries
from resistpanel.resist.build import resist
from resistpanel.resist.context import Context, load_context

#: Of relapses: by a catalogued alteration, by one of a gene that no row names.
CATALOGUED, OTHER = 0.62, 0.2
#: Genes of passengers that change after relapse.
GENES = ("PTPRD", "ERBB4", "FLT1", "RUNX1T1", "KDR", "NOTCH1", "ATM", "SMARCA4", "TP53", "FAT1")
LETTERS = "ADEGHIKLNPRSTVY"
QUESTION = re.compile(r"(```sql\n(.*?)```\n\n)```text\n.*?```", re.S)


def _fixtures():
    spec = importlib.util.spec_from_file_location("patients", ROOT / "tests/report/patients.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Maker:
    """Makes reports of patients.

    Parameters
    ----------
    seed : int
    context : Context
    """

    def __init__(self, seed: int, context: Context):
        self.rng, self.context = random.Random(seed), context
        self.qc = _fixtures().qc
        drivers = [d for d in context.drivers if protein.parse(d.alteration) and d.disease]
        self.starts = []
        for driver in drivers:
            for drug in context.catalog.drugs:
                rows = [r for r in context.catalog if self._usable(r, drug)]
                if rows and set(driver.drug_class) & set(drug.classes):
                    self.starts.append((driver, drug, rows))

    @staticmethod
    def _usable(row, drug) -> bool:
        """Whether a row is a substitution, or an amplification, that resists a drug by its name."""
        simple = protein.parse(row.alteration) or row.alteration_type == "amplification"
        return bool(simple and row.direction == "resistance" and row.drug_match(drug) == "drug"
                    and row.visible_in_dna)  # fmt: skip

    def vignette(self, number: int) -> tuple[Vignette, list]:
        """Return a patient's description, and the rows for the drug."""
        rng = self.rng
        driver, drug, rows = rng.choice(self.starts)
        samples = [Sample("before", None, 0, False), Sample("relapse", None, 1, False)]
        if rng.random() < 0.2:
            samples.append(Sample("second", "liver", 1, False))
        later = len(samples) - 1
        share = rng.uniform(15, 45)
        found = [Given(driver.gene, driver.alteration, (f"{share:.1f}",) * len(samples), False)]
        kind, used = rng.random(), None
        if kind < CATALOGUED:
            used = rng.choice(rows)
            if used.alteration_type == "amplification":
                found.append(Given(used.gene, "amplification", ("-", *["+"] * later), False))
            else:
                low = f"{rng.uniform(1, 30):.1f}"
                found.append(Given(used.gene, used.alteration, ("0", *[low] * later), False))
        elif kind < CATALOGUED + OTHER:
            found.append(self._passenger(("0", *[f"{rng.uniform(5, 30):.1f}"] * later)))
        made = Vignette(
            f"P{number:04}", "", rng.choice(driver.disease), ((drug.name,),), tuple(samples),
            rng.random() < 0.15, tuple(found), "", {}, (), (), (), (), (), "",
        )  # fmt: skip
        return made, [row for row in rows if row is not used and protein.parse(row.alteration)]

    def _passenger(self, values: tuple[str, ...]) -> Given:
        one, other = self.rng.sample(LETTERS, 2)
        change = f"{one}{self.rng.randint(20, 900)}{other}"
        return Given(self.rng.choice(GENES), change, values, False)

    def report(self, number: int) -> dict:
        """Return a patient's report.json."""
        vignette, rows = self.vignette(number)
        patient = VignettePatient(vignette)
        for row in rows:
            zeros = [0.0] * len(vignette.samples)
            change = protein.parse(row.alteration)
            record = {
                "residue": change.start, "residue_end": change.end, "ref": change.ref,
                "alt": change.alt or change.ref, "short": row.alteration,
                "hgvs_p": f"p.{row.alteration}", "consequence": "missense_variant",
            }  # fmt: skip
            if change.kind == "substitution":
                patient.add(row.gene, row.alteration, *zeros, sites=[row.id],
                            protein_changes=[record])  # fmt: skip
        parts = {"sheet": patient.sheet(), "compare": patient.compare(),
                 "copynumber": patient.copynumber()}  # fmt: skip
        for part in parts.values():
            part["patient"] = vignette.id
        answer = resist(
            msgspec.convert(parts["compare"], Compare), msgspec.convert(parts["sheet"], Sheet),
            self.context, msgspec.convert(parts["copynumber"], CopyNumber),
        )  # fmt: skip
        return {
            "schema": "resistpanel/report/1", "patient": vignette.id, "build": "hg19", **parts,
            "qc": self.qc(parts["sheet"], targets=1), "resist": msgspec.to_builtins(answer),
            "evidence": None, "table1": [], "filters": {},
            "spectrum": {
                "substitutions": 0, "events": 0, "classes": {}, "c_to_t": 0,
                "c_to_t_fraction": None, "low": None, "high": None, "c_to_t_events": 0,
                "tandem_cc_tt": 0, "outside": 0, "contexts": None,
            },
            "provenance": {
                "version": "0.1.0", "command": None, "created": "2026-11-29T12:00:00Z",
                "inputs": [], "parameters": {}, "software": {},
            },
        }  # fmt: skip


def write(folder: Path, patients: int, seed: int) -> Iterator[Path]:
    """Write reports one after another, and yield their paths."""
    maker = Maker(seed, load_context())
    for number in range(1, patients + 1):
        path = folder / f"P{number:04}.json"
        path.write_text(json.dumps(maker.report(number)))
        yield path


def cpu() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def answers(text: str, store: Path) -> tuple[str, list[float]]:
    """Return a page with the answers to its queries renewed, and the CPU seconds of each."""
    times = []

    def answer(match: re.Match) -> str:
        start = cpu()
        columns, rows = query(store, match[2])
        times.append(cpu() - start)
        shown = [columns, *([_cell(value) for value in row] for row in rows)]
        widths = [max(len(line[i]) for line in shown) for i in range(len(columns))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
                 for line in shown]  # fmt: skip
        return f"{match[1]}```text\n" + "\n".join(lines) + "\n```"

    return QUESTION.sub(answer, text), times


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def main() -> int:
    """Make the patients and the store, ask, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=71940263)
    parser.add_argument("--write", type=Path, help="page with the questions")
    parser.add_argument("--page", type=Path, help="cohort's page to write")
    parser.add_argument("--store", type=Path, help="keep the store here; an existing one is used")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = args.store or Path(scratch) / "lab.duckdb"
        if not store.exists():
            paths = list(write(Path(scratch), args.patients, args.seed))
            start = cpu()
            add(store, paths)
            print(f"store add: {cpu() - start:.1f} CPU s, {store.stat().st_size / 1e6:.1f} MB")
        if args.write:
            text, times = answers(args.write.read_text(), store)
            args.write.write_text(text)
            print("queries, CPU: " + ", ".join(f"{seconds:.2f} s" for seconds in times))
        start = cpu()
        html = cohort_page(cohort(summaries(store)), Path(scratch))
        print(f"cohort page: {cpu() - start:.1f} CPU s, {len(html.encode()) / 1e6:.2f} MB")
        if args.page:
            args.page.write_text(html)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
