"""Conda environments, container recipes and the cluster's profile agree with the project."""

import re
import tomllib

import pytest
import yaml

from resistpanel.core.files import HOME

ENVIRONMENTS = sorted((HOME / "workflow/envs").glob("*.yaml"))
RULES = sorted((HOME / "workflow/rules").glob("*.smk"))
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
PROFILE = yaml.safe_load((HOME / "workflow/profiles/slurm/config.yaml").read_text())


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_every_tool_is_pinned(path):
    environment = yaml.safe_load(path.read_text())
    assert environment["channels"][-1] == "nodefaults"
    for entry in environment["dependencies"]:
        if isinstance(entry, str) and entry != "pip":
            assert re.fullmatch(r"[a-z0-9-]+=[0-9][\w.]*", entry), entry
        elif isinstance(entry, dict):
            assert all(re.fullmatch(r"[\w.-]+==[\w.]+", one) for one in entry["pip"])


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_rule_names_an_environment_that_is_there(path):
    for name in re.findall(r'"\.\./envs/([^"{}]+)"', path.read_text()):
        assert HOME / "workflow/envs" / name in ENVIRONMENTS


def test_both_container_recipes_carry_out_the_same_steps():
    docker = (HOME / "Dockerfile").read_text()
    apptainer = (HOME / "apptainer.def").read_text()
    base = re.search(r"^FROM (\S+)", docker, re.M)[1]
    # Apptainer takes a tag or a digest, not both.
    digest = re.sub(r":[^@]+", "", base, count=1)
    assert re.fullmatch(r"debian@sha256:[0-9a-f]{64}", digest)
    assert f"From: {digest}\n" in apptainer
    assert ":latest" not in base
    assert "RUN sh containers/install.sh" in docker
    assert "    sh containers/install.sh" in apptainer
    assert (HOME / "containers/install.sh").is_file()


def test_the_slurm_executor_is_an_extra_with_an_exact_pin():
    (pin,) = PROJECT["optional-dependencies"]["slurm"]
    assert re.fullmatch(r"snakemake-executor-plugin-slurm==\d+\.\d+\.\d+", pin)


def test_the_profile_groups_rules_that_exist_and_bounds_each_group():
    text = "".join(path.read_text() for path in RULES)
    rules = set(re.findall(r"^\s*rule (\w+):", text, re.M))
    grouped = {entry.split("=")[0]: entry.split("=")[1] for entry in PROFILE["groups"]}
    assert grouped.keys() <= rules
    components = {entry.split("=")[0] for entry in PROFILE["group-components"]}
    assert components == set(grouped.values())
    # Without this a group of twenty asks for a node of twenty cores, and waits for ever.
    assert {f"{rule}:slots=1" for rule in grouped} == set(PROFILE["set-resources"])
    assert PROFILE["set-resource-scopes"] == ["slots=local"]
    assert PROFILE["resources"] == ["slots=2"]
