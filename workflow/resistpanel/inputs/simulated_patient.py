"""Read a patient's YAML: schema, defaults, and errors that name the line."""

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from resistpanel.core.errors import InputError, InputErrors
from resistpanel.core.files import read_text
from resistpanel.inputs.repeated_keys import repeated_keys

if TYPE_CHECKING:
    import jsonschema

Key = str | int


def schema() -> dict:
    """Return the JSON Schema of a patient."""
    text = (
        resources.files("resistpanel.inputs").joinpath("simulated_patient.schema.json").read_text()
    )
    return json.loads(text)


class Document:
    """A YAML document that knows the line of each of its values."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError("no such file", str(path), "give a patient's YAML")
        text = read_text(self.path)
        try:
            self._root = yaml.compose(text, yaml.SafeLoader)
            self.value = yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise InputError(f"not YAML: {error.problem}", f"{self.path}:{line}") from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise InputError(f"not YAML: {error}", str(self.path)) from None
        if repeated := list(repeated_keys(self._root, self.path)):
            raise InputErrors(repeated)

    def where(self, *keys: Key) -> str:
        """Return ``file:line (key.key)`` of a value, or of its nearest parent."""
        node, line = self._root, 1
        for key in keys:
            if isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if k.value == str(key)]
                if not found:
                    break
                line, node = found[0][0].start_mark.line + 1, found[0][1]
            elif isinstance(node, yaml.SequenceNode) and int(key) < len(node.value):
                node = node.value[int(key)]
                line = node.start_mark.line + 1
            else:
                break
        name = ".".join(str(key) for key in keys)
        return f"{self.path}:{line} ({name})" if name else f"{self.path}:{line}"

    def error(self, what: str, *keys: Key, cure: str = "") -> InputError:
        """Return an InputError at a value."""
        return InputError(what, self.where(*keys), cure)


def _message(error: "jsonschema.ValidationError") -> str:
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        extra = [key for key in error.instance if key not in known]
        if known and extra:
            return f"unknown key '{extra[0]}'; known are {', '.join(known)}"
    if error.validator == "required":
        return error.message.replace(" is a required property", " is missing")
    if error.validator in {"oneOf", "if"} or error.schema is False:
        wants = error.schema.get("oneOf", []) if isinstance(error.schema, dict) else []
        names = [" and ".join(want.get("required", [])) for want in wants]
        return f"give exactly one of {', '.join(names)}" if names else "not allowed here"
    return error.message


def _whole(part: dict, root: dict) -> dict:
    """Return a part of the schema with what its ``$ref`` refers to."""
    if "$ref" not in part:
        return part
    return {**root["$defs"][part["$ref"].rsplit("/", 1)[1]], **part}


def _fill(value: object, part: dict, root: dict) -> object:
    """Return `value` with the schema's defaults filled in, recursively.

    Where a part says ``partial``, what is not given is left out.
    """
    part = _whole(part, root)
    if isinstance(value, dict):
        known = part.get("properties", {})
        filled = dict(value)
        for key, child in known.items():
            if part.get("partial") and key not in filled:
                continue
            child = _whole(child, root)
            if key in filled:
                filled[key] = _fill(filled[key], child, root)
            elif "default" in child:
                filled[key] = child["default"]
            elif "properties" in child and not child.get("required"):
                filled[key] = _fill({}, child, root)
            elif child.get("type") == "array":
                filled[key] = []
        extra = part.get("additionalProperties")
        if isinstance(extra, dict):
            for key in filled.keys() - known.keys():
                filled[key] = _fill(filled[key], extra, root)
        return filled
    if isinstance(value, list):
        return [_fill(item, part.get("items", {}), root) for item in value]
    return value


def load_patient(path: str | Path) -> tuple[dict, Document]:
    """Read and check a patient's YAML.

    Returns
    -------
    patient : dict
        As the schema describes it, defaults filled in.
    document : Document
        For errors found later: it knows the line of each value.

    Raises
    ------
    InputError
        For all violations of the schema at once, each with its line, and for names that refer
        to no sample.
    """
    # Slow to import, and every workflow reads this module.
    import jsonschema

    document = Document(path)
    root = schema()
    found = jsonschema.Draft202012Validator(root).iter_errors(document.value)
    errors = [document.error(_message(error), *error.absolute_path) for error in found]
    if errors:
        raise InputErrors(errors) if len(errors) > 1 else errors[0]
    patient = _fill(document.value, root, root)
    _check_names(patient, document)
    return patient, document


def _check_names(patient: dict, document: Document) -> None:
    """Check what the schema cannot: names of samples that are unique and that exist, ranges."""
    names = [sample["sample"] for sample in patient["samples"]]
    errors = []
    for i, name in enumerate(names):
        if name in names[:i]:
            errors.append(document.error(f"sample {name} twice", "samples", i, "sample"))

    def known(name: str, *keys: Key) -> None:
        if name not in names:
            cure = f"samples are {', '.join(names)}"
            errors.append(document.error(f"no sample {name}", *keys, cure=cure))

    normals = [sample["sample"] for sample in patient["samples"] if sample["role"] == "normal"]

    def tumour(name: str, *keys: Key) -> None:
        if name in normals:
            text = f"{name} is a normal: it has no cancer cell fraction"
            errors.append(document.error(text, *keys, cure="give af instead of ccf"))

    for i in range(len(patient["somatic"])):
        for kind in ("af", "ccf"):
            for name in document.value["somatic"][i].get(kind, {}):
                known(name, "somatic", i, kind, name)
                if kind == "ccf":
                    tumour(name, "somatic", i, kind, name)
    for i, event in enumerate(patient["events"]):
        for name in event["af"]:
            known(name, "events", i, "af", name)
    for i, change in enumerate(patient["copynumber"]):
        for name, copies in change["samples"].items():
            known(name, "copynumber", i, "samples", name)
            if 2 * copies["minor"] > copies["total"] and copies["total"] > 0:
                text = f"minor {copies['minor']} is more than half of total {copies['total']}"
                errors.append(document.error(text, "copynumber", i, "samples", name))
    for i, name in enumerate(patient["swap"]):
        known(name, "swap", i)
    drawn = patient.get("random_somatic", {})
    for i, name in enumerate(drawn.get("samples", [])):
        known(name, "random_somatic", "samples", i)
        if drawn.get("ccf"):
            tumour(name, "random_somatic", "samples", i)
    for kind in ("af", "ccf"):
        if drawn.get(kind) and drawn[kind][0] > drawn[kind][1]:
            text = f"the range starts at {drawn[kind][0]:g} and ends at {drawn[kind][1]:g}"
            cure = "give the lower end first"
            errors.append(document.error(text, "random_somatic", kind, cure=cure))
    for i, sample in enumerate(patient["samples"]):
        if "tumor_in_normal" in sample:
            other = sample["tumor_in_normal"]["sample"]
            known(other, "samples", i, "tumor_in_normal", "sample")
            if other == sample["sample"]:
                errors.append(
                    document.error("a sample mixed into itself", "samples", i, "tumor_in_normal")
                )
    if errors:
        raise InputErrors(errors) if len(errors) > 1 else errors[0]
