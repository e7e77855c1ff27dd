"""What matters most of a case: the verdict, the states of its variants, the calls that pass.

Looked for by name anywhere in the canonical files, so that it is found also after a report has
been laid out anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.golden.differences import read_vcf


def _objects(value) -> Iterator[tuple[str, dict]]:
    """Yield every object within a JSON value with the key that it was found under."""
    waiting = [("", value)]
    while waiting:
        key, item = waiting.pop()
        if isinstance(item, dict):
            yield key, item
            waiting += item.items()
        elif isinstance(item, list):
            waiting += [(key, one) for one in item]


def of_report(text: str) -> dict[str, set[str]]:
    """Return the sentences of the verdicts, and the variants with their states, of a report."""
    found = {"verdict": set(), "states": set()}
    for key, item in _objects(json.loads(text)):
        if key.startswith("verdict") and isinstance(item.get("sentence"), str):
            found["verdict"].add(item["sentence"])
        name = item.get("id") or item.get("variant")
        # A reported variant of a patient without a sample before treatment has no state.
        if isinstance(name, str) and (isinstance(item.get("state"), str) or item.get("reported")):
            found["states"].add(f"{name} {item.get('state')}")
    return found


def passing(text: str) -> set[str]:
    """Return the alleles of a VCF whose filter is PASS."""
    return {key for key, fields in read_vcf(text)[2].items() if fields[6] == "PASS"}


def of_case(folder: Path) -> dict[str, set[str]]:
    """Return what matters of a case's folder; what it does not have is left out."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.json")):
        if path.parent.name == "report":
            for name, values in of_report(path.read_text()).items():
                found.setdefault(name, set()).update(values)
    for path in sorted(folder.rglob("*.vcf")):
        if path.name == "call.vcf":  # of `resistpanel call`, with the BED alone
            found["PASS (call alone)"] = passing(path.read_text())
        elif path.parent.name == "call":
            found["PASS"] = passing(path.read_text())
    figures = folder / "main_figures.tsv"
    if figures.exists():
        found["main figures"] = set(figures.read_text().splitlines()[1:])
    return found


def compared(old: Path, new: Path, limit: int = 10) -> list[str]:
    """Return lines: what is unchanged, and what left (-) and came (+) of all else."""
    before, after = of_case(old), of_case(new)
    unchanged, lines = [], []
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name, set()), after.get(name, set())
        if a == b:
            unchanged.append(f"{name} ({len(a)})")
            continue
        lines.append(f"{name} CHANGED: {len(a)} before, {len(b)} now")
        for sign, items in (("-", sorted(a - b)), ("+", sorted(b - a))):
            lines += [f"  {sign} {item}" for item in items[:limit]]
            if len(items) > limit:
                lines.append(f"  {sign} ... and {len(items) - limit} more")
    return [f"unchanged: {', '.join(unchanged)}"] * bool(unchanged) + lines
