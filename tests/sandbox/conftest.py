import pytest


@pytest.fixture(scope="module", autouse=True)
def _warm(warm_module):
    """What is tested here is not how a tap starts."""
