"""The rules call the command line as it is, and hold no logic."""

import argparse
import re

import pytest

from resistpanel import cli
from resistpanel.cli import build_parser
from resistpanel.core.files import HOME

RULES = sorted((HOME / "workflow/rules").glob("*.smk"))
#: Files without a rule: what all rules use, and what is checked before any is read.
STAGES = [path for path in RULES if path.stem not in ("common", "start")]
ACTIONS = "adapt|add|copy|fetch|sites|index|reference|run|table"
#: The option that binds a step to its inputs is the step's own and comes before its action.
BOUND = r'(?: --made-from \{input\.due:q\}"\s*")?'
COMMAND = re.compile(rf"resistpanel (?P<step>[a-z]+)(?:{BOUND} (?P<action>{ACTIONS}))?")


def options(step: str, action: str | None) -> set[str]:
    """Return the options that a step, or one of its actions, knows."""
    parser = build_parser(only=step)

    def child(parent: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
        (choice,) = (a for a in parent._actions if isinstance(a, argparse._SubParsersAction))
        return choice.choices[name]

    parser = child(parser, step)
    parser = child(parser, action) if action else parser
    return {option for known in parser._actions for option in known.option_strings}


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_every_argument_is_known_to_the_command_line(path):
    text = path.read_text()
    commands = [COMMAND.findall(shell) for shell in text.split("shell:")[1:]]
    assert all(len(found) == 1 for found in commands)
    assert {step for ((step, _),) in commands} == {path.stem}
    # Beside the command itself, arguments stand in `flags(...)` of the rule or of common.smk.
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text))
    if path.stem == "call":
        used |= {"--normal", "--tumor"}
    assert used
    known = (options(step, action or None) | options(step, None) for ((step, action),) in commands)
    assert used <= set.union(*known)


def test_every_stage_has_its_rule():
    assert {path.stem for path in STAGES} == set(cli.STAGES)


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.stem)
def test_a_rule_says_what_a_cluster_must_know(path):
    text = path.read_text()
    for directive in ("log:", "threads:", "mem_mb=", "runtime=", "conda:"):
        assert directive in text, directive
    # Paths are quoted for the shell.
    for shell in text.split("shell:")[1:]:
        assert re.findall(r"\{(?:input|output|log|wildcards)[^}:]*\}", shell) == []


def test_common_stays_short():
    assert len((HOME / "workflow/rules/common.smk").read_text().splitlines()) < 150
