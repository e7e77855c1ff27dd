"""Gaps of two fragments: candidates unless errors make such."""

from types import SimpleNamespace

import numpy as np

from resistpanel.call.candidates.propose import _few_enough

POSITIONS, DEPTH = 3000, 2700
CHUNK = SimpleNamespace(nearest=lambda pos: pos)


def chosen(events: dict) -> set:
    """Return the events (position, length) of so many fragments that are looked at."""
    where = {event: [(0, k) for k in range(n)] for event, n in events.items()}
    return _few_enough(where, CHUNK, np.full(POSITIONS, DEPTH))


def test_two_fragments_among_few_errors():
    errors = {(pos, 1): 1 for pos in range(0, 200, 10)}
    assert chosen(errors | {(500, -3): 2}) == {(500, -3)}


def test_two_fragments_where_errors_are_as_frequent():
    assert chosen({(pos, -1): 2 for pos in range(0, POSITIONS, 10)}) == set()


def test_one_fragment_and_none():
    assert chosen({(500, -3): 1}) == set()
    assert chosen({}) == set()
