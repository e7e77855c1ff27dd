"""Run the clinical vignettes through `resist` and score the answers.

    python -m benchmarks.vignettes
    python -m benchmarks.vignettes --only G14 G15 --verbose
    python -m benchmarks.vignettes --file tests/resist/vignettes/fresh.tsv
    python -m benchmarks.vignettes --publish TITLE

A vignette is *right* if the verdict is of the expected kind, names what is expected for every
line of therapy and nothing that must not be named, offers no drug that must not be offered, lists
none as likely cross-resistance that is not, and calls no known driver a passenger. It is *weak*
if what is expected appears as a candidate only, or a candidate is named where nothing is
expected; *missed* if it is not named, or the run is refused; *wrong* if something else is named
as the mechanism, or a drug is offered or refused wrongly. --publish appends a section to
docs/validation/vignettes.md; sections that are there stay as they are.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.genome import ROOT
from benchmarks.publish import revision
from benchmarks.vignette_patients import (
    VIGNETTES,
    Answer,
    Vignette,
    VignettePatient,
    answers,
    fits,
    listed,
    mentions,
    read_vignettes,
)
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.resist.context import Context, load_context

PAGE = ROOT / "docs" / "validation" / "vignettes.md"
SCORES = ("right", "weak", "missed", "wrong")


@dataclass(frozen=True, slots=True)
class Result:
    """The score of a vignette, and why."""

    vignette: Vignette
    score: str
    why: str
    sentence: str = ""


def run(vignette: Vignette, context: Context) -> Result:
    """Return how `resist` answers a vignette."""
    try:
        value = VignettePatient(vignette).resist(context)
    except (InputError, InputErrors) as error:
        return Result(vignette, "missed", f"refused: {str(error).splitlines()[0]}")
    told = answers(value, len(vignette.lines))
    found: list[tuple[str, str]] = []
    for line in sorted({len(vignette.lines), *vignette.named}, reverse=True):
        found += _of_line(vignette, line, told.get(line))
    found += _of_lists(vignette, value)
    worst = max((score for score, _ in found), key=SCORES.index, default="right")
    sentence = told[len(vignette.lines)].sentence
    return Result(vignette, worst, "; ".join(why for _, why in found), sentence)


def _of_line(vignette: Vignette, line: int, answer: Answer | None) -> list[tuple[str, str]]:
    """Return what is not as it must be in the answer to a line: (score, why)."""
    expected = vignette.named.get(line, ())
    wanted = [label for label in expected if not label.endswith("?")]
    latest = line == len(vignette.lines)
    kind = vignette.verdict if latest else "mechanism"
    if answer is None:
        return [("missed", f"no verdict for line {line}")]
    named = answer.named
    extra = [n for n in named if not any(fits(w.rstrip("?"), n) for w in expected)]
    forbidden = [n for n in extra if any(fits(w, n) for w in vignette.not_named)]
    lacking = [w for w in wanted if not any(fits(w, n) for n in named)]
    what = f"line {line}: {answer.kind}, {listed(named)}"
    if kind == "not_assessable":
        return [("wrong", f"{what} although the drug is unknown")] if named else []
    if kind == "none":
        if not named:
            return []
        return [("weak" if answer.kind == "candidate" else "wrong", f"{what}; nothing is expected")]
    found = []
    if forbidden and answer.kind == "mechanism":
        found.append(("wrong", f"{what} must not be named"))
    if lacking and named and answer.kind == "mechanism":
        found.append(("wrong", f"{what} instead of {', '.join(lacking)}"))
    elif lacking:
        found.append(("missed", f"{what}; {', '.join(lacking)} expected"))
    elif answer.kind != kind:
        score = "weak" if answer.kind == "candidate" else "wrong"
        found.append((score, f"{what}; {kind} expected"))
    elif extra and not forbidden and answer.kind == "mechanism":
        found.append(("wrong", f"line {line}: {listed(extra)} too"))
    return found


def _of_lists(vignette: Vignette, value: dict) -> list[tuple[str, str]]:
    """Return what is wrong in options, likely cross-resistance, words and effects."""
    found = []
    options = [item["option"] for item in value["options"]]
    for drug in vignette.not_offered:
        if text := mentions(drug, options):
            found.append(("wrong", f"offers {drug} ('{text}')"))
    failing = {item["drug"] for item in value["expected_to_fail"]}
    found += [
        ("wrong", f"{drug} listed as likely cross-resistance")
        for drug in vignette.not_failing
        if drug in failing
    ]
    sentence = value["verdict"]["sentence"]
    found += [("wrong", f"says '{w}'") for w in vignette.not_said if w in sentence]
    for finding in value["findings"]:
        label = f"{finding['gene']} {finding['protein'] or ''}".strip()
        if label in vignette.not_passenger and finding["effect"] in ("not_connected", "no_effect"):
            found.append(("wrong", f"{label} is not called a driver"))
    return found


def table(results: Sequence[Result]) -> str:
    """Return the scores by class as a table in Markdown."""
    rows = ["| class | vignettes | right | weak candidate only | missed | wrong |"]
    rows.append("|---|---|---|---|---|---|")
    for kind in [*dict.fromkeys(r.vignette.kind for r in results), None]:
        mine = [r for r in results if kind in (None, r.vignette.kind)]
        counts = Counter(r.score for r in mine)
        cells = " | ".join(str(counts[score]) for score in SCORES)
        rows.append(f"| {kind or 'all'} | {len(mine)} | {cells} |")
    return "\n".join(rows)


def failures(results: Sequence[Result]) -> str:
    """Return the vignettes that are not right as a list in Markdown."""
    return "\n".join(
        f"- {r.vignette.id} ({' > '.join(' + '.join(d) for d in r.vignette.lines)}), {r.score}: "
        f"{r.why}"
        for r in results
        if r.score != "right"
    )


def section(title: str, results: Sequence[Result], path: Path = VIGNETTES) -> str:
    """Return a section of the page; it names the table unless that is the usual one."""
    option = "" if path.name == VIGNETTES.name else f" --file {path.name}"
    return "\n".join([
        f"## {title}",
        "",
        f"Written by `python -m benchmarks.vignettes{option} --publish TITLE` at {revision()}.",
        "",
        table(results),
        "",
        "Not right:",
        "",
        failures(results) or "none",
        "",
    ])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=VIGNETTES, help="table of vignettes")
    parser.add_argument("--only", nargs="+", help="ids of vignettes")
    parser.add_argument("--verbose", action="store_true", help="print every sentence")
    parser.add_argument("--publish", metavar="TITLE", help="append a section to the page")
    args = parser.parse_args()
    context = load_context()
    vignettes = [v for v in read_vignettes(args.file) if not args.only or v.id in args.only]
    results = [run(vignette, context) for vignette in vignettes]
    print(table(results), failures(results), sep="\n\n")
    if args.verbose:
        for result in results:
            print(f"\n{result.vignette.id} {result.score}: {result.sentence}")
    if args.publish:
        with PAGE.open("a", encoding="utf-8") as page:
            page.write("\n" + section(args.publish, results, args.file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
