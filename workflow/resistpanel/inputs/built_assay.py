"""A run with a built assay: what the assay sets, and what else may not be said of it."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from resistpanel import __version__
from resistpanel.core.errors import InputError, InputErrors
from resistpanel.qc.assay_folder import (
    NORMALS,
    PANEL_OF_NORMALS,
    check_targets,
    primers_of,
    read_assay,
    targets_of,
)
from resistpanel.qc.assay_given import AUTO
from resistpanel.records.assay import BuiltAssay

if TYPE_CHECKING:
    from resistpanel.inputs.config import Settings


def with_assay(made: "Settings", config: Mapping[str, Any]) -> "Settings":
    """Return settings with those of the configuration's assay, unchanged without one.

    Parameters
    ----------
    made : Settings
    config : mapping
        The configuration with its defaults.

    Raises
    ------
    InputErrors
        The assay is not whole or of another version, or a key states otherwise than it.
    """
    block = config["assay"]
    folder, version = block.get("folder"), block.get("version")
    if not folder:
        if version:
            place = made.place("assay.version")
            raise InputError("names the version of no assay", place, "give assay.folder")
        return made
    path = made.assay_folder
    built = read_assay(path)
    if version and str(version) != built.version:
        raise InputError(
            f"assay {built.name} in {path} has version {built.version}, not {version}",
            made.place("assay.version"),
            "give the folder of that version, or name this one",
        )
    errors = list(_conflicts(made, config, built))
    if not errors and config["targets"]:
        try:
            check_targets(path, built, made.targets)
        except InputError as error:
            errors.append(error)
    if errors:
        raise InputErrors(errors)
    primers = primers_of(path, built)
    said = tuple(sorted(built.settings.given.items()))
    return dataclasses.replace(
        made,
        built=built,
        targets=targets_of(path),
        pon=path / PANEL_OF_NORMALS,
        pool=tuple((path / NORMALS, one.sample) for one in built.normals),
        assay=said + ((("primers", str(primers)),) if primers else ()),
        padding=built.settings.padding,
        index_hopping=built.settings.index_hopping,
        qc=dict(built.settings.qc),
        copynumber=dict(built.settings.copynumber),
    )


def _conflicts(
    made: "Settings", config: Mapping[str, Any], built: BuiltAssay
) -> Iterator[InputError]:
    """Yield the keys that state otherwise than the assay."""

    def conflict(key: str, value: object = None) -> InputError:
        what = f"is set by assay {built.title}" + (f": {value}" if value is not None else "")
        return InputError(what, made.place(key), "remove the key, or build another version")

    if made.simulate:
        yield InputError(
            "does not go with a simulated patient", made.place("assay.folder"),
            "give a sample sheet",
        )  # fmt: skip
    if built.build and made.build != built.build:
        yield InputError(
            f"assay {built.title} is of {built.build}, the run of {made.build}",
            made.place("build"), f"set 'build: {built.build}'",
        )  # fmt: skip
    for key, value in (("call.pon", made.pon), ("pool", made.pool)):
        if value:
            yield conflict(key)
    if made.call_extra.strip():
        yield conflict("call.extra", "no further arguments")
    pinned = dict(built.settings.given) | {
        key: getattr(built.settings, key) for key in ("padding", "index_hopping", "primers")
    }
    for key, value in config["assay"].items():
        if key in ("folder", "version") or value in (None, AUTO):
            continue
        if key == "primers" or value != pinned.get(key):
            yield conflict(f"assay.{key}", pinned.get(key, AUTO))
    for key in ("qc", "copynumber"):
        of_assay = getattr(built.settings, key)
        for name, value in getattr(made, key).items():
            if name not in of_assay or of_assay[name] != value:
                yield conflict(f"{key}.{name}", of_assay.get(name))


def notes(built: BuiltAssay | None) -> Iterator[str]:
    """Yield what a user should know of the assay of a run."""
    if built and built.resistpanel != __version__:
        yield (
            f"assay {built.title} was built with resistpanel {built.resistpanel}, this is "
            f"{__version__}: validate it again (resistpanel assay report)"
        )
