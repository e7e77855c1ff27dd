"""What the tests of a group share is made once."""

import pytest


@pytest.fixture(scope="module")
def shared():
    """Stands for what is costly to make."""
    return object()


def test_tests_that_share_a_fixture_run_on_one_worker(shared, request):
    """xdist finds the group in the node ID; some versions of pytest do not let it be there."""
    if not hasattr(request.config, "workerinput") or not request.config.option.loadgroup:
        pytest.skip("the tests run in one process")
    assert request.node.nodeid.endswith("@tests/test_groups.py")
