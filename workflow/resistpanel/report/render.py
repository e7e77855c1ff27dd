"""Renders report.json as one self-contained HTML page."""

import base64
import hashlib
import json
import os
import re
import sys
import zlib
from pathlib import Path
from urllib.parse import quote

import jinja2
import msgspec
from markupsafe import Markup

from resistpanel.core.made import software
from resistpanel.records.review import Review
from resistpanel.report import (
    callers,
    clones,
    copies,
    findings,
    first_lines,
    followup,
    lesions,
    masking,
    negatives,
    other_tests,
    outside,
    pathway,
    quality,
    slope,
    tables,
    timeline,
)
from resistpanel.report import read_evidence as reads
from resistpanel.report.cells import TICKS
from resistpanel.report.maf import BUILDS, maf, rows
from resistpanel.report.numbers import (
    NARROW_SPACE,
    count,
    fold,
    percent,
    percent_up,
    plain,
    probability,
)
from resistpanel.report.review import empty, view
from resistpanel.report.summary import summary
from resistpanel.report.tsv import tsv
from resistpanel.report.unseen import unseen
from resistpanel.report.words import EFFECTS, SHORT_VERDICTS, STATES

NUMBER_PERCENT = re.compile(r"(\d) %")

#: Sections of the page below the first screen, in order: id, name in the contents, title.
#: Each has a template ``_{id}.html.j2``. Lesions are left out where there is only one,
#: clones where there are fewer than three samples with tumour, the follow-up where there is no
#: plasma, other tests and callers where there are none, biomarkers where they were not measured.
SECTIONS = (
    ("findings", "Findings", "Findings and evidence"),
    ("other_tests", "Other tests", "Results of other tests"),
    ("mechanism", "Mechanism", "Mechanism"),
    ("course", "Course", "Course of the allele frequencies"),
    ("followup", "Plasma", "Follow-up in plasma"),
    ("lesions", "Lesions", "Lesions"),
    ("clones", "Clones", "Clones"),
    ("matrix", "States", "State of every variant"),
    ("table1", "Changes", "Somatic changes"),
    ("spectrum", "Spectrum", "Mutation spectrum"),
    ("biomarkers", "Biomarkers", "Mutational burden and microsatellites"),
    ("copynumber", "Copy number", "Copy number"),
    ("negative", "Not found", "Looked for and not found"),
    ("unseen", "Not seen", "What this test cannot see under this drug"),
    ("misses", "Near misses", "Near misses"),
    ("callers", "Callers", "Other callers"),
    ("reads", "Reads", "Read evidence"),
    ("quality", "Quality", "Quality"),
    ("review", "Review", "Review and sign-off"),
    ("reading", "How to read", "How to read this page"),
    ("limits", "Limits", "Limits"),
    ("provenance", "Provenance", "Provenance"),
)

#: A pathway wider than this (pixels) gets the whole width of the page.
WIDE = 700

#: Characters that are invisible or that turn the direction of the text around them: shown as
#: their code, so that what is read is what is there.
HIDDEN = {
    code: f"\\u{code:04x}"
    for code in (
        *(c for c in range(0x20) if c not in (0x09, 0x0A)),
        *range(0x7F, 0xA0),
        0xAD, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
        *range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xD800, 0xE000),
    )
}  # fmt: skip


def visible(value: object) -> object:
    """Return text with hidden characters made visible and no line broken before a ``%``.

    Markup of our own stays as it is.
    """
    if value is None:
        return ""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return NUMBER_PERCENT.sub(f"\\1{NARROW_SPACE}%", value.translate(HIDDEN))


def short(text: str | None, length: int = 16) -> str:
    """Return text cut to `length` characters, for labels in drawings."""
    text = text or ""
    return text if len(text) <= length else text[: length - 1] + "…"


def sentence(text: str | None) -> str:
    """Return text with a capital at its start."""
    return text[:1].upper() + text[1:] if text else ""


def css_text(text: str) -> Markup:
    """Return text as a CSS string: everything but letters and digits is escaped by its code."""
    safe = (c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in str(visible(text)))
    return Markup('"' + "".join(safe) + '"')


def payload(report: dict) -> Markup:
    """Return the files of the page's download buttons, deflated and in base64."""
    # Without indents: json's fast encoder, and a third of the time that the page takes.
    files = {
        "report.json": json.dumps(report, sort_keys=True),
        "calls.tsv": tsv(report),
    }
    if report["build"] in BUILDS:
        files["calls.maf"] = maf(rows(report))
    packed = zlib.compress(json.dumps(files).encode(), 7)  # 9: 5 % less in three times the time
    return Markup(base64.b64encode(packed).decode())


def source_hash(text: str) -> str:
    """Return the hash of a script as a Content-Security-Policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def compiled() -> jinja2.BytecodeCache | None:
    """Return where compiled templates are kept: beside them, as Python keeps its own modules.

    They hold for this code and this Jinja2 alone. None: that folder cannot be written to.
    """
    folder = Path(__file__).parent / "templates" / "__pycache__"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    if sys.dont_write_bytecode or not os.access(folder, os.W_OK):
        return None
    tag = f"{software()['code']}-{jinja2.__version__}.cache"
    for old in folder.glob("*.cache"):
        if not old.name.endswith(tag):
            old.unlink(missing_ok=True)
    return jinja2.FileSystemBytecodeCache(str(folder), f"%s-{tag}")


def environment() -> jinja2.Environment:
    """Return the Jinja2 environment: autoescape on, a missing name is an error."""
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("resistpanel.report"),
        bytecode_cache=compiled(),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= {
        "percent": percent, "percent_up": percent_up, "count": count, "plain": plain, "fold": fold,
        "need": first_lines.need, "probability": probability, "short": short,
        "sentence": sentence, "css_text": css_text,
    }  # fmt: skip
    env.globals |= {
        "STATES": STATES,
        "TICKS": TICKS,
        "EFFECTS": EFFECTS,
    }
    return env


def relative(path: str | Path, folder: Path) -> str:
    """Return the address of a file from a page in `folder`."""
    way = os.path.relpath(Path(path).resolve(), folder.resolve()).replace(os.sep, "/")
    return f"./{quote(way)}"


def cohort_page(cohort: dict, folder: Path, multiqc: str | None = None) -> str:
    """Return the page of a cohort; links are relative to `folder`, where it will stand.

    `multiqc` is the page of MultiQC; it is linked, not read.
    """
    env = environment()
    source = env.loader.get_source
    script = source(env, "report.js")[0]
    for p in cohort["patients"]:
        p["link"] = relative(p["report"], folder) if p["report"] else None
    return env.get_template("cohort.html.j2").render(
        cohort=cohort,
        WORDS=SHORT_VERDICTS,
        multiqc=relative(multiqc, folder) if multiqc else None,
        anchors={},
        style=Markup(source(env, "report.css")[0]),
        script=Markup(script),
        script_hash=source_hash(script),
    )


def review_of(report: dict) -> dict:
    """Return the view of a report's review, an empty one where nothing was decided."""
    given = report.get("review")
    found = msgspec.convert(given, Review) if given else empty(report["patient"])
    return view(report, found)


def page(report: dict) -> str:
    """Return the HTML page of a report; nothing but `report` goes into it.

    Parameters
    ----------
    report : dict
        report.json, already checked against its schema.
    """
    env = environment()
    source = env.loader.get_source
    script = source(env, "report.js")[0]
    slopes, drawing = slope.slopes(report), pathway.drawing(report)
    piles = reads.reads_view(report)
    by_lesion = lesions.lesions(report)
    others = callers.callers(report)
    of_clones = clones.clones(report)
    marked, review = report.get("biomarkers"), review_of(report)
    in_plasma = followup.followup(report)
    results = other_tests.other_tests(report)
    optional = (
        ("lesions", by_lesion), ("clones", of_clones), ("callers", others), ("biomarkers", marked),
        ("followup", in_plasma), ("review", review["rows"] or review["signed"]),
        ("other_tests", results),
    )  # fmt: skip
    absent = {name for name, what in optional if not what}
    sections = [s for s in SECTIONS if s[0] not in absent]
    if not report["resist"]["drugs"]:
        sections = [
            (i, name, title.removesuffix(" under this drug")) for i, name, title in sections
        ]
    wide = set()
    if len(report["compare"]["pairs"]) > 1 or (drawing and drawing["width"] > WIDE):
        wide = {"course", "mechanism"}
    if report["copynumber"] is not None:
        wide |= {"copynumber", "spectrum"}
    return env.get_template("report.html.j2").render(
        report=report,
        patient=report["patient"],
        build=report["build"],
        sections=sections,
        style=Markup(source(env, "report.css")[0]),
        script=Markup(script),
        script_hash=source_hash(script),
        payload=payload(report),
        summary=summary(report),
        inherited=masking.listed(report),
        findings=findings.findings(report),
        therapies=findings.therapies(report),
        knowledge=findings.knowledge(report),
        matrix=tables.matrix(report),
        table1=tables.table1_view(report),
        slopes=slopes,
        timeline=timeline.timeline(report),
        lesions=by_lesion,
        clones=of_clones,
        followup=in_plasma,
        other_tests=results,
        latest_plasma=followup.latest(report),
        callers=others,
        biomarkers=marked,
        review=review,
        pathway=drawing,
        pathway_narrow=pathway.drawing(report, narrow=True) if drawing else None,
        wide=wide,
        copies=copies.copies(report),
        identity=copies.identity(report),
        reads=piles,
        anchors=piles["anchors"] if piles else {},
        spectrum=quality.spectrum_view(report),
        negatives=negatives.negatives(report),
        unseen=unseen(report),
        outside=outside.links_of_findings(report),
        misses=negatives.near_misses(report),
        quality=quality.quality(report),
        parameters=quality.parameters(report),
        provenance=report["provenance"],
    )
