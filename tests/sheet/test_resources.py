"""Memory that jobs ask for."""

from types import SimpleNamespace

import pytest

from resistpanel.inputs.inputs_constants import MEMORY, TARGET_MEMORY
from resistpanel.inputs.resources import memory, target_megabases


@pytest.fixture
def asked(tmp_path):
    """Return the request of a rule for a BAM of so many MB and so many Mb of targets."""

    def ask(rule: str, bam: int, megabases: float, attempt: int = 1) -> int:
        target_megabases.cache_clear()
        path, bed = tmp_path / "a.bam", tmp_path / "targets.bed"
        with path.open("wb") as handle:
            handle.truncate(bam * 1_000_000)
        size = round(megabases * 1e6)
        # A target twice, and one within it, count once.
        bed.write_text(f"1\t0\t{size}\ta\n1\t0\t{size}\tb\n1\t5\t9\tc\n")
        given = SimpleNamespace(bams=[str(path)], targets=str(bed))
        return memory(rule)(None, given, attempt)

    return ask


def test_a_panel_asks_by_its_bams(asked):
    base, share = MEMORY["call"]
    assert asked("call", 1000, 0.4) == base + 1000 * share
    assert asked("call", 1000, 0.4, attempt=3) == 4 * (base + 1000 * share)


def test_a_shallow_exome_asks_by_its_targets(asked):
    base, _ = MEMORY["call"]
    assert asked("call", 500, 40) == base + 40 * TARGET_MEMORY["call"]
    assert asked("call", 500, 40, attempt=2) == 2 * asked("call", 500, 40)


def test_other_rules_do_not_ask_by_targets(asked):
    assert asked("annotate", 500, 40) == asked("annotate", 500, 0.1)


def test_targets_that_cannot_be_read_are_left_to_the_job(tmp_path):
    assert target_megabases(str(tmp_path / "no.bed")) == 0
    (tmp_path / "bad.bed").write_text("chr1 1 2\n")
    assert target_megabases(str(tmp_path / "bad.bed")) == 0
