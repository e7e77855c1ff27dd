"""The configuration: checked by its schema, defaults filled in, every problem at once."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from resistpanel.compare.inherited import GENES
from resistpanel.core.builds import build_named
from resistpanel.core.errors import InputError, InputErrors, did_you_mean
from resistpanel.core.files import SCHEMAS, check_readable, resource
from resistpanel.core.vocabulary import GERMLINE_POLICIES
from resistpanel.inputs.built_assay import with_assay
from resistpanel.inputs.repeated_keys import repeated_keys
from resistpanel.qc.assay_given import AUTO
from resistpanel.records.assay import BuiltAssay

if TYPE_CHECKING:
    import jsonschema

#: YAML's anchors can make a few lines endless; no configuration holds more than this.
MOST_VALUES = 100_000
#: JSON Schema types as a user of YAML knows them.
TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "null": "null",
    "array": "a list",
    "boolean": "true or false",
}


#: Keys by the names that other workflows have for them.
CALLED = {
    "samples": ("sheet", "sample_sheet", "samplesheet"),
    "reference": ("fasta", "genome", "ref", "reference_fasta"),
    "build": ("assembly", "genome_build"),
    "targets": ("bed", "intervals", "panel", "regions", "target_bed"),
    "genes": ("annotation", "gff", "gff3", "gtf"),
    "outdir": ("out", "output", "output_dir", "results"),
}
#: Arguments of `resistpanel run` that are not keys.
ARGUMENTS = {"cores": "--cores", "jobs": "--cores", "threads": "--cores", "profile": "--profile"}
#: Defaults of the block `align`.
ALIGN = {
    "aligner": "auto",
    "umi": "none",
    "adapter": "auto",
    "qualities": "auto",
    "read_structure": "none",
}
#: Stages whose files hold inherited variants, or reads.
PRIVATE = ("align", "call", "annotate", "callers", "copynumber", "simulate")
#: Value of `pool`: the normals of the run's other patients.
COHORT = "cohort"


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What to simulate: the patient's file, and what of it to replace (None: as in the file)."""

    patient: Path
    seed: int | None = None
    depth: float | None = None
    table1: Path | None = None


@dataclasses.dataclass(frozen=True)
class Settings:
    """A checked configuration; see ``workflow/schemas/config.schema.yaml`` for the keys.

    `samples`, `reference` and `targets` are None where `simulate` is to make them. `where`
    names the file for messages. `pool` is ``cohort``, or (qc JSON, normal) of earlier runs;
    `multiqc` lists the folders of other tools. `report_paths` is ``names`` or ``full``; `slices`
    and `igv` say whether reads of the findings are written. `assay` is what is said of the assay of
    all samples, `padding` None where it depends on their libraries; `index_hopping` is the highest
    rate, None for the default. `private` is the folder of the
    working files with inherited variants where these are withheld, else None: they are in
    `outdir`, like all others. `store` is a further results store, of the laboratory; `publish` the
    address in object storage that reports are copied to. `built` is the
    assay in `assay_folder`, whose settings are filled in by `inputs.built_assay.with_assay`.
    """

    samples: Path | None
    reference: Path | None
    build: str
    targets: Path | None
    genes: Path
    catalog: Path
    knowledge: Path
    outdir: Path
    simulate: Simulation | None
    pon: Path | None
    germline: Path | None
    call_extra: str
    scatter: int | str
    qc: dict[str, float | None]
    table1: Path | None
    where: str = "config.yaml"
    copynumber: dict[str, float | None] = dataclasses.field(default_factory=dict)
    identity: dict[str, float] = dataclasses.field(default_factory=dict)
    pool: str | tuple[tuple[Path, str], ...] = ()
    multiqc: tuple[Path, ...] = ()
    align: dict[str, str] = dataclasses.field(default_factory=lambda: dict(ALIGN))
    callers: tuple[str, ...] = ()
    callers_vcf: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    callers_extra: dict[str, str] = dataclasses.field(default_factory=dict)
    report_paths: str = "names"
    slices: bool = False
    igv: bool = False
    igv_js: Path | None = None
    assay: tuple[tuple[str, str], ...] = ()
    padding: int | None = None
    index_hopping: float | None = None
    treatments: Path | None = None
    other_tests: Path | None = None
    store: Path | None = None
    publish: str | None = None
    catalog_tables: tuple[Path, ...] = ()
    drugs: Path | None = None
    germline_policy: str = GERMLINE_POLICIES[0]
    germline_genes: Path = GENES
    private: Path | None = None
    msi_sites: Path | None = None
    assay_folder: Path | None = None
    vrs: str = "auto"
    built: BuiltAssay | None = None

    def stage(self, name: str) -> Path:
        """Return the folder of a stage's results; outside `outdir` if they are not handed out."""
        return (self.private or self.outdir) / name if name in PRIVATE else self.outdir / name

    def place(self, key: str) -> str:
        """Return how messages name a key."""
        return f"{self.where} (key '{key}')"


@functools.cache
def schema() -> dict:
    """Return the schema of the configuration."""
    return yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text(encoding="utf-8"))


def _place(where: str, path: Iterator) -> str:
    key = ".".join(map(str, path))
    return f"{where} (key '{key}')" if key else where


def _translate(error: "jsonschema.ValidationError", where: str) -> Iterator[InputError]:
    """Yield a schema's complaint in the words of a user."""
    path = list(error.absolute_path)
    place = _place(where, path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in sorted(map(str, set(error.instance) - set(known))):
            cure = did_you_mean(key, known) or f"known keys: {', '.join(sorted(known))}"
            if not path:
                meant = (name for name, others in CALLED.items() if key.casefold() in others)
                cure = next((f"did you mean '{name}'?" for name in meant), cure)
            if not path and key in ARGUMENTS:
                cure = f"remove it and give {ARGUMENTS[key]} to `resistpanel run`"
            yield InputError(f"unknown key '{'.'.join([*map(str, path), key])}'", where, cure)
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        for key in missing:
            yield InputError(f"key '{'.'.join([*map(str, path), key])}' is missing", where)
    elif error.validator == "anyOf":
        yield InputError(
            "neither 'samples' nor 'simulate' is given",
            where,
            "name your sample sheet: samples: samples.tsv",
        )
    elif error.validator == "enum":
        allowed = [str(value) for value in error.validator_value if value is not None]
        yield InputError(
            f"'{error.instance}' is not one of {', '.join(allowed)}",
            place,
            did_you_mean(str(error.instance), allowed),
        )
    elif error.validator == "type":
        types = error.validator_value
        types = [types] if isinstance(types, str) else types
        yield InputError(
            f"{error.instance!r} is not {' or '.join(TYPES[name] for name in types)}", place
        )
    elif error.validator == "minLength":
        yield InputError("the value is empty", place, "give a path, or null")
    else:
        yield InputError(error.message, place)


def problems(config: Mapping[str, Any], where: str = "config.yaml") -> list[InputError]:
    """Return everything that the schema holds against a configuration."""
    # Slow to import; the steps of a run read settings that were checked.
    import jsonschema

    found = []
    for error in jsonschema.Draft202012Validator(schema()).iter_errors(config):
        found.extend(_translate(error, where))
    return found


def untyped(value: Any, rule: Mapping[str, Any]) -> Any:
    """Give numbers and null their types back.

    What Snakemake's ``--config`` nests (``simulate={patient: p.yaml, depth: 200}``) arrives as
    text throughout.
    """
    if isinstance(value, Mapping):
        inner = rule.get("properties", {})
        return {key: untyped(part, inner.get(key, {})) for key, part in value.items()}
    types = rule.get("type", [])
    types = [types] if isinstance(types, str) else types
    if not isinstance(value, str):
        return value
    if "null" in types and value in ("null", "~"):
        return None
    for name, convert in (("integer", int), ("number", float)):
        if name in types:
            with contextlib.suppress(ValueError):
                return convert(value)
    return value


def settings(config: Mapping[str, Any], where: str = "config.yaml") -> Settings:
    """Check a configuration and fill in its defaults.

    Parameters
    ----------
    config : mapping
        As read from YAML, or Snakemake's merged configuration.
    where : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        One line for each unknown key (the nearest known one is suggested), wrong type, missing
        key, and file or folder that does not exist.
    """
    if not isinstance(config, Mapping):
        raise InputError("the configuration is not a mapping of keys to values", where)
    _check_values(config, where)
    config = untyped(config, schema())
    _check_values(config, where)
    if isinstance(config.get("build"), str):
        config = {**config, "build": build_named(config["build"]) or config["build"]}
    # An empty section (`call:` with nothing under it) means its defaults.
    config = {key: value for key, value in config.items() if value is not None}
    found = problems(config, where)
    if found:
        raise InputErrors(found)
    filled = {
        key: config.get(key, rule.get("default")) for key, rule in schema()["properties"].items()
    }
    made = with_assay(_settings(filled, where), filled)
    found = list(_missing_files(made))
    if made.samples and not made.reference:
        found.append(
            InputError(
                "key 'reference' is missing",
                where,
                "name the FASTA that the BAMs were aligned to: reference: genome.fa",
            )
        )
    if found:
        raise InputErrors(found)
    return made


def _check_values(config: Mapping[str, Any], where: str) -> None:
    """Raise InputError for what no setting may be: endless, with a zero byte, or not finite."""
    stack, seen = [config], 0
    while stack:
        value = stack.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise InputError(f"more than {MOST_VALUES} values", where, "write it without anchors")
        if isinstance(value, Mapping):
            stack += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            stack += value
        elif isinstance(value, str) and "\0" in value:
            raise InputError(f"a zero byte in {value[:40]!r}", where)
        elif isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{value} is no setting", where, "give a finite number")


def _path(value: str | None) -> Path | None:
    return resource(value) if value else None


def _settings(config: dict[str, Any], where: str) -> Settings:
    # A sheet of one's own beside the shipped configuration's `simulate` means the sheet.
    simulated = None if config["samples"] else config["simulate"]
    if isinstance(simulated, str):
        simulated = {"patient": simulated}
    simulation = simulated and Simulation(
        patient=resource(simulated["patient"]),
        seed=simulated.get("seed"),
        depth=simulated.get("depth"),
        table1=_path(simulated.get("table1")),
    )
    panel = f"panels/cancer138/{config['build']}"
    targets = None if simulation else _path(config["targets"] or f"{panel}.bed")
    table1 = _path(config["report"].get("table1"))
    return Settings(
        samples=None if simulation else Path(config["samples"]),
        reference=_path(config["reference"]) if not simulation else None,
        build=config["build"],
        targets=targets,
        genes=resource(config["genes"] or f"{panel}.gff3"),
        catalog=resource(config["catalog"]),
        knowledge=resource(config["knowledge"]),
        outdir=Path(config["outdir"]),
        simulate=simulation or None,
        pon=_path(config["call"].get("pon")),
        germline=_path(config["call"].get("germline")),
        call_extra=config["call"].get("extra", ""),
        scatter=config["call"].get("scatter", 1),
        qc=dict(config["qc"]),
        table1=table1 or (simulation.table1 if simulation else None),
        where=where,
        align=ALIGN | config["align"],
        callers=tuple(config["callers"]),
        callers_vcf={
            name: (given,) if isinstance(given, str) else tuple(given)
            for name, given in config["callers_vcf"].items()
        },
        callers_extra=dict(config["callers_extra"]),
        assay=tuple(
            (key, str(_path(value)) if key == "primers" else value)
            for key, value in config["assay"].items()
            if key not in ("padding", "index_hopping", "folder", "version")
            and value not in (None, AUTO)
        ),
        padding=config["assay"].get("padding"),
        index_hopping=config["assay"].get("index_hopping"),
        assay_folder=_path(config["assay"].get("folder")),
        treatments=None if simulation else _path(config["treatments"]),
        other_tests=_path(config["other_tests"]),
        catalog_tables=tuple(resource(path) for path in config["catalog_tables"]),
        drugs=_path(config["drugs"]),
        germline_policy=config["germline"],
        msi_sites=_path(config["biomarkers"].get("microsatellites")),
        germline_genes=_path(config["germline_genes"]) or GENES,
        report_paths=config["report"].get("paths", "names"),
        vrs=config["vrs"],
        slices=config["report"].get("slices", False),
        igv=config["report"].get("igv", False),
        igv_js=_path(config["report"].get("igv_js")),
        multiqc=tuple(resource(path) for path in config["multiqc"].get("scan") or ()),
        store=Path(config["store"]) if config["store"] else None,
        publish=config["publish"].rstrip("/") if config["publish"] else None,
        copynumber=dict(config["copynumber"]),
        identity=dict(config["identity"]),
        pool=(
            config["pool"]
            if isinstance(config["pool"], str)
            else tuple((resource(row["qc"]), row["sample"]) for row in config["pool"] or ())
        ),
    )


def _missing_files(made: Settings) -> Iterator[InputError]:
    for i, path in enumerate(made.multiqc):
        if not path.exists():
            yield InputError(f"no such file or folder: {path}", made.place(f"multiqc.scan.{i}"))
    for i, path in enumerate(made.catalog_tables):
        if not path.is_file():
            yield InputError(f"no such file: {path}", made.place(f"catalog_tables.{i}"))
    if isinstance(made.pool, str):
        if made.pool != COHORT:
            cure = did_you_mean(made.pool, [COHORT]) or f"give {COHORT}, or a list of qc and sample"
            yield InputError(f"'{made.pool}' is not a pool of normals", made.place("pool"), cure)
    else:
        for i, (path, _) in enumerate(made.pool):
            if not path.is_file():
                yield InputError(f"no such file: {path}", made.place(f"pool.{i}.qc"))
    files = {"genes": made.genes, "call.pon": made.pon, "call.germline": made.germline}
    if "primers" in dict(made.assay):
        files["assay.primers"] = Path(dict(made.assay)["primers"])
    files["treatments"] = made.treatments
    files["other_tests"] = made.other_tests
    files["biomarkers.microsatellites"] = made.msi_sites
    files["germline_genes"] = made.germline_genes
    files["drugs"] = made.drugs
    files["report.igv_js"] = made.igv_js
    if made.simulate:
        files["simulate.patient"] = made.simulate.patient
    if made.table1:
        own = made.simulate is None or made.table1 != made.simulate.table1
        files["report.table1" if own else "simulate.table1"] = made.table1
    for key, path in files.items():
        if path is not None and not path.is_file():
            yield InputError(f"no such file: {path}", made.place(key))
    for key, path in {"catalog": made.catalog, "knowledge": made.knowledge}.items():
        if not path.is_dir():
            yield InputError(f"no such folder: {path}", made.place(key))


def read(path: str | Path) -> dict:
    """Read a configuration file.

    Raises
    ------
    InputError
        If the file is missing or not YAML, or a key is given twice.
    """
    path = Path(path)
    check_readable(path)
    try:
        text = path.read_text(encoding="utf-8")
        repeated = list(repeated_keys(yaml.compose(text, yaml.SafeLoader), path))
        found = yaml.safe_load(text) or {}
    except FileNotFoundError:
        raise InputError("no such file", str(path)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        what = getattr(error, "problem", None) or "cannot be read"
        raise InputError(f"not YAML: {what}", place) from None
    except RecursionError:
        raise InputError("nested too deeply", str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", str(path)) from None
    if repeated:
        raise InputErrors(repeated)
    return found
