"""The cohort: one line for each patient, what recurs, and samples whose quality stands out.

Reports are read one after another and only a summary of each is kept, so that a cohort of a
thousand patients needs no more memory than the largest of them.
"""

import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

from resistpanel import __version__
from resistpanel.core.errors import InputError
from resistpanel.core.vocabulary import TUMOR_ROLES
from resistpanel.report import provenance
from resistpanel.report.masking import policy_of
from resistpanel.report.numbers import percent
from resistpanel.report.oncoprint import oncoprint
from resistpanel.report.parts import state_words
from resistpanel.report.read import load
from resistpanel.report.report_constants import LEAST_SAMPLES, OUTLIER_Z
from resistpanel.report.summary import headline, mechanisms
from resistpanel.report.tsv import field
from resistpanel.report.words import MECHANISMS, VERDICTS

#: Figures in which a sample may stand out; the direction that is bad.
OUTLIERS = (
    ("mean_depth", "mean depth", "low"), ("on_target_fraction", "reads on target", "low"),
    ("duplicate_fraction", "duplicates", "high"), ("error_rate", "mismatch rate", "high"),
)  # fmt: skip

COLUMNS = (
    "patient", "disease", "drugs", "verdict", "confidence", "headline", "mechanism",
    "key_variants", "driver", "driver_state", "tumor_samples", "reported_variants", "qc_passed",
    "sentence", "report",
)  # fmt: skip


def summary(report: dict, path: str | Path) -> dict:
    """Return what the cohort keeps of a patient."""
    resist, compare = report["resist"], report["compare"]
    verdict, driver = resist["verdict"], resist["driver"]
    page = Path(path).with_suffix(".html")
    gate = (report["copynumber"] or {}).get("gate") or {"passed": True, "failures": []}
    tumors = [s["sample"] for s in compare["samples"] if s["role"] in TUMOR_ROLES]
    return {
        "patient": report["patient"],
        "disease": report["sheet"]["disease"],
        "drugs": ", ".join(dict.fromkeys(d["drug"] for d in resist["drugs"])),
        "verdict": verdict["kind"],
        "confidence": None if verdict["kind"] == "not_assessed" else verdict["confidence"],
        "headline": headline(report),
        "mechanism": mechanisms(report),
        "key_states": key_states(report),
        "key_variants": ";".join(verdict["key_variants"]),
        "driver": " ".join(x for x in (driver["gene"], driver["protein"]) if x) or None,
        "driver_state": driver["state"],
        "tumor_samples": len(tumors),
        "reported_variants": sum(v["reported"] for v in compare["variants"]),
        "qc_passed": report["qc"]["passed"] and gate["passed"],
        "sentence": verdict["sentence"],
        "report": page if page.is_file() else None,
        "findings": [
            {k: f[k] for k in ("gene", "label", "mechanism_class", "effect", "state", "variant")}
            for f in resist["findings"]
            if f["effect"] in ("known", "candidate")
        ],
        "samples": [
            {
                "sample": s["sample"],
                "failures": [f["text"] for f in s["gate"]["failures"]]
                + [f["text"] for f in gate["failures"] if f["sample"] == s["sample"]],
            }
            | {key: s[key] for key, _, _ in OUTLIERS}
            for s in report["qc"]["samples"]
        ],
        "version": report["provenance"]["version"],
        "withheld": bool(policy_of(report)),
    }


def key_states(report: dict) -> str | None:
    """Return the states of the key findings in words, each once."""
    keys = report["resist"]["verdict"]["key_variants"]
    states = {f["variant"]: state_words(f) for f in report["resist"]["findings"]}
    return ", ".join(dict.fromkeys(states[k] for k in keys if states.get(k))) or None


def summaries(paths: Iterable[str]) -> Iterator[tuple[dict, dict]]:
    """Yield each report and its summary.

    Raises
    ------
    InputError
        A file is no report, or a patient comes twice.
    """
    seen: dict[str, str] = {}
    for path in paths:
        report = load(path)
        name = report["patient"]
        if name in seen:
            raise InputError(
                f"is of patient {name!r}, as {seen[name]} is",
                where=str(path),
                cure="give each once",
            )
        seen[name] = str(path)
        yield report, summary(report, path)


def recurrent(patients: list[dict]) -> list[dict]:
    """Return the alterations by gene: in how many patients, how often behind the verdict."""
    genes: dict[str, dict] = {}
    for p in patients:
        keys = set(p["key_variants"].split(";"))
        for f in p["findings"]:
            row = genes.setdefault(
                f["gene"], {"gene": f["gene"], "patients": {}, "key": set(), "classes": {}}
            )
            row["patients"].setdefault(p["patient"], []).append(f["label"])
            row["classes"][MECHANISMS[f["mechanism_class"]]] = None
            if f["variant"] in keys:
                row["key"].add(p["patient"])
    rows = sorted(genes.values(), key=lambda r: (-len(r["key"]), -len(r["patients"]), r["gene"]))
    return [row | {"classes": list(row["classes"]), "key": len(row["key"])} for row in rows]


def outliers(patients: list[dict]) -> list[dict]:
    """Return samples that fail their gate or stand out from the cohort in a figure.

    The modified z-score is 0.6745 (x - median) / MAD.
    """
    samples = [s | {"patient": p["patient"]} for p in patients for s in p["samples"]]
    found: dict[tuple[str, str], list[str]] = {}
    for s in samples:
        if s["failures"]:
            found[s["patient"], s["sample"]] = [
                f"quality control: {text}" for text in s["failures"]
            ]
    for key, name, bad in OUTLIERS:
        values = [s[key] for s in samples if s[key] is not None]
        if len(values) < LEAST_SAMPLES:
            continue
        middle = statistics.median(values)
        spread = statistics.median(abs(v - middle) for v in values)
        if not spread:
            continue
        for s in samples:
            if s[key] is None:
                continue
            score = 0.6745 * (s[key] - middle) / spread
            if (score < -OUTLIER_Z and bad == "low") or (score > OUTLIER_Z and bad == "high"):
                say = percent if key.endswith(("fraction", "rate")) else "{:.4g}".format
                text = f"{name} {say(s[key])}, median of the cohort {say(middle)}"
                found.setdefault((s["patient"], s["sample"]), []).append(text)
    return [{"patient": p, "sample": s, "why": why} for (p, s), why in sorted(found.items())]


def compared(identity: dict) -> list[str]:
    """Return in sentences which samples were compared by their genotypes, and which were not.

    Parameters
    ----------
    identity : dict
        JSON of `resistpanel identity`.
    """
    within, between, found = identity["within"], identity["between"], identity["findings"]
    untested = [f"{sample} ({patient})" for patient, sample in identity["untested"]]
    judged = within["judged"] + between["judged"]
    least = f"{identity['least_sites']:g} informative sites"
    if not within["pairs"] + between["pairs"]:
        return ["Sample identity was not tested: there is one sample."]
    if not judged:
        pairs = within["pairs"] + between["pairs"]
        which = (
            "the pair of samples has" if pairs == 1 else f"none of {pairs:,} pairs of samples has"
        )
        text = f"{which} {'fewer than ' if pairs == 1 else ''}{least}"
        return [f"Sample identity was not tested: {text}."]
    kinds = [(within, "of one patient"), (between, "of different patients")]
    counts = [
        f"{one['judged']:,} of {one['pairs']:,} pairs of samples {name}"
        for one, name in kinds if one["pairs"]
    ]  # fmt: skip
    lines = [f"Compared by genotype: {' and '.join(counts)}."]
    if not found:
        lines[0] += " None of them contradicts the sample sheet."
    if not between["pairs"]:
        lines.append("There is no other patient to compare with.")
    missing = [name for one, name in kinds if one["pairs"] and not one["judged"]]
    if missing or untested:
        those = f": {', '.join(untested)}" if untested else ""
        lines.append(f"Not compared, with fewer than {least}"
                     f"{those or ' each: samples ' + missing[0]}.")  # fmt: skip
    return lines


def cohort(patients: list[dict], identity: str | Path | None = None) -> dict:
    """Return everything of the cohort page.

    Parameters
    ----------
    patients : list of dict
        As `summary` makes them.
    identity : path, optional
        JSON of `resistpanel identity`.
    """
    patients = sorted(patients, key=lambda p: p["patient"])
    people = load(identity, "identity") if identity else None
    genes = recurrent(patients)
    kinds = [p["verdict"] for p in patients]
    # A patient whose lesions resist in several ways counts once for each.
    mechanism = [m for p in patients for m in (p["mechanism"] or "").split("; ") if m]
    return {
        "patients": patients,
        "kinds": [(VERDICTS[k], kinds.count(k)) for k in VERDICTS if k in kinds],
        "mechanisms": sorted(
            ((m, mechanism.count(m)) for m in dict.fromkeys(mechanism)), key=lambda x: (-x[1], x[0])
        ),
        "recurrent": [g for g in genes if g["key"] or len(g["patients"]) > 1],
        "oncoprint": oncoprint(patients, genes),
        "single": [g for g in genes if not g["key"] and len(g["patients"]) == 1],
        "outliers": outliers(patients),
        "swaps": people and people["findings"],
        "compared": people and compared(people),
        "samples": sum(len(p["samples"]) for p in patients),
        "withheld": sum(p["withheld"] for p in patients),
        "versions": sorted({p["version"] for p in patients}),
        "version": __version__,
        "created": provenance.created(),
    }


def cohort_tsv(value: dict) -> str:
    """Return one row for each patient."""
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(field(p[name]) for name in COLUMNS) for p in value["patients"]]
    return "\n".join(lines) + "\n"
