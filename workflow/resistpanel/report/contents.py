"""Puts the stages' JSON together into report.json, and refuses what does not belong together."""

import shlex
from pathlib import Path

import msgspec

from resistpanel import __version__
from resistpanel.core.builds import build_of_lengths
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.schemas import from_builtins, read_record
from resistpanel.panel.genes import load_genes
from resistpanel.records.report import Report
from resistpanel.records.review import Review
from resistpanel.report import provenance
from resistpanel.report.junction_limits import junction_limits
from resistpanel.report.masking import callers_without, copies_without, reads_without
from resistpanel.report.read import load
from resistpanel.report.read_evidence import evidence
from resistpanel.report.spectrum import spectrum
from resistpanel.report.table1 import load_published, table1

PARTS = ("sheet", "qc", "compare", "resist")


def consistent(parts: dict[str, dict], paths: dict[str, str]) -> None:
    """Check that the parts are of one patient and one run.

    Raises
    ------
    InputErrors
        Every disagreement found: patient, samples, or a variant that is named but not there.
    """
    errors = []
    cure = "give the files of one run"
    sheet = parts["sheet"]
    names = {s["sample"] for s in sheet["samples"]}
    for name in PARTS[1:]:
        part = parts[name]
        if part["patient"] != sheet["patient"]:
            what = f"is of patient {part['patient']!r}, the sheet of {sheet['patient']!r}"
            errors.append(InputError(what, where=paths[name], cure=cure))
        if "samples" in part and {s["sample"] for s in part["samples"]} != names:
            other = sorted({s["sample"] for s in part["samples"]} ^ names)
            what = f"names other samples than the sheet: {', '.join(map(repr, other))}"
            errors.append(InputError(what, where=paths[name], cure=cure))
    ids = [v["id"] for v in parts["compare"]["variants"]]
    for twice in sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else ():
        errors.append(InputError(f"variant {twice!r} is given twice", where=paths["compare"]))
    known = set(ids)
    for v in parts["compare"]["variants"]:
        if set(v["samples"]) != names:
            what = f"variant {v['id']!r} does not give every sample, or gives another"
            errors.append(InputError(what, where=paths["compare"], cure=cure))
        for pair in v["states"]:
            if not {pair["pre"], pair["post"]} <= names:
                what = f"variant {v['id']!r} compares a sample that is not in the sheet"
                errors.append(InputError(what, where=paths["compare"], cure=cure))
    resist = parts["resist"]
    driver = resist["driver"] or {"variant": None}
    named = [
        *resist["verdict"]["key_variants"],
        driver["variant"],
        *(f["variant"] for f in resist["findings"]),
        *(i for node in (resist["pathway"] or {"nodes": []})["nodes"] for i in node["altered"]),
    ]
    # Copy-number findings have ids of their own, copynumber:GENE:call.
    named = [i for i in named if i is not None and not i.startswith("copynumber:")]
    for missing in dict.fromkeys(i for i in named if i not in known):
        what = f"variant {missing!r} is not in {paths['compare']}"
        errors.append(InputError(what, where=paths["resist"], cure=cure))
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)


def _of_patient(patient: str, *given: tuple[dict | None, str | None]) -> None:
    """Raise InputError where a file is of another patient."""
    for value, where in given:
        if value and value["patient"] != patient:
            raise InputError(
                f"is of patient {value['patient']!r}, the sheet of {patient!r}",
                where=str(where),
                cure="give the files of one run",
            )


def _build(
    given: str | None, found: str | None, vcf: str | None, published: str | None
) -> str | None:
    """Return the genome build; raise InputError where the VCF or the published table disagree."""
    if given and found and given != found:
        raise InputError(
            f"its contigs have the lengths of {found}, the build given is {given}",
            where=str(vcf),
            cure=f"give --build {found}, or none",
        )
    build = given or found
    if published and build not in (None, "hg19"):
        raise InputError(
            f"its positions are hg19, the build is {build}",
            where=str(published),
            cure="leave --table1 out for this build",
        )
    return build


def assemble(
    paths: dict[str, str],
    *,
    build: str | None = None,
    published: str | None = None,
    copynumber: str | None = None,
    callers: str | None = None,
    biomarkers: str | None = None,
    review: str | None = None,
    vcf: str | None = None,
    reference: str | None = None,
    genes: str | None = None,
    bams: bool = True,
    reads: bool = False,
    command: str | None = None,
) -> dict:
    """Return report.json of one patient.

    Parameters
    ----------
    paths : dict of str
        Path of the JSON of each of `PARTS`.
    build : str, optional
        ``hg19`` or ``hg38``; names the coordinates on the page. Without it, what the contig
        lengths in the header of `vcf` say.
    published : str, optional
        Published table to stand beside the calls (`table1.load_published`); positions are hg19.
    copynumber : str, optional
        copynumber.json.
    callers : str, optional
        callers.json: who called what, where other callers were run.
    biomarkers : str, optional
        biomarkers.json.
    review : str, optional
        JSON of `resistpanel review`.
    vcf : str, optional
        The annotated VCF: its header gives parameters and the meaning of the filters.
    reference : str, optional
        Reference FASTA: the checksum of its ``.fai`` goes into the provenance.
    genes : str, optional
        GFF3 of the panel: limits of junctions by gene are stated.
    bams : bool
        Whether the headers of the sheet's BAMs are summed.
    reads : bool
        Whether reads around the calls are taken from the sheet's BAMs; needs `reference`.
    command : str, optional
        The command line, for the provenance.
    """
    paths = {name: str(paths[name]) for name in PARTS}
    parts = {name: load(paths[name], name) for name in PARTS}
    copies = load(copynumber, "copynumber") if copynumber else None
    consistent(parts, paths)
    others = load(callers, "callers") if callers else None
    marked = load(biomarkers, "biomarkers") if biomarkers else None
    _of_patient(
        parts["sheet"]["patient"], (copies, copynumber), (others, callers), (marked, biomarkers)
    )
    parameters, filters, lengths = provenance.vcf_header(vcf) if vcf else ({}, {}, {})
    build = _build(build, build_of_lengths(lengths), vcf, published)
    rows = load_published(published) if published else []
    given = {
        **paths,
        "copynumber": copynumber,
        "callers": callers,
        "biomarkers": biomarkers,
        "review": review,
        "published table": published,
        "calls (VCF)": vcf,
    }
    if reference:
        given["index of the reference"] = f"{reference}.fai"
    inputs = [provenance.checksum(path, role) for role, path in given.items() if path]
    if bams:
        inputs += [provenance.bam_header(s["bam"], s["sample"]) for s in parts["sheet"]["samples"]]
    if reads and not reference:
        raise InputError("--reads needs the reference", cure="give --reference")
    variants, policy = parts["compare"]["variants"], parts["compare"].get("germline")
    taken = evidence(variants, parts["sheet"]["samples"], reference, vcf) if reads else None
    taken = reads_without(taken, policy, variants)
    copies = copies_without(copies, policy)
    others = callers_without(others, policy, {v["id"] for v in variants})
    report = {
        "schema": "resistpanel/report/1",
        "patient": parts["sheet"]["patient"],
        "build": build,
        **parts,
        "copynumber": copies,
        "callers": others,
        "biomarkers": marked,
        "review": msgspec.to_builtins(read_record(review, Review)) if review else None,
        "evidence": taken,
        "table1": table1(parts["compare"], rows),
        "spectrum": spectrum(variants, reference),
        "filters": filters,
        "provenance": {
            "version": __version__,
            "command": command,
            "created": provenance.created(),
            "inputs": inputs,
            "parameters": parameters,
            "software": provenance.software(),
            **provenance.assay(parameters),
        },
    }
    if genes:
        report["junction_limits"] = junction_limits(report, load_genes(genes))
    from_builtins(report, Report, Path(paths["sheet"]).name)
    return report


def without_folders(report: dict) -> dict:
    """Return a report that names files without the folders of the machine that made it.

    It may be shared; paths tell of users, projects and patients.
    """

    def name(path: str) -> str:
        return Path(path).name

    sheet, origin = report["sheet"], report["provenance"]
    samples = [sample | {"bam": name(sample["bam"])} for sample in sheet["samples"]]
    inputs = [row | {"path": name(row["path"])} for row in origin["inputs"]]
    words = shlex.split(origin["command"] or "")
    command = shlex.join(name(word) if "/" in word else word for word in words)
    return report | {
        "sheet": sheet | {"samples": samples},
        "provenance": origin | {"inputs": inputs, "command": command or None},
    }
