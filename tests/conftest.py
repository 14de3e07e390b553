"""How the tests run: one Hypothesis profile for every day, one for the night (`--full`)."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings

_QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
settings.register_profile(
    "light",
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=_QUIET,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
settings.register_profile(
    "full", settings.get_profile("light"), max_examples=2_000, derandomize=False
)
settings.load_profile("light")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--full`: many more examples, another set of them each time; long tests at full length."""
    told = "2,000 examples a property, at random; long tests (kills, floods) at full length"
    parser.addoption("--full", action="store_true", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile."""
    if config.getoption("--full"):
        settings.load_profile("full")
    os.environ.pop("FORBEAR_HOME", None)


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether `--full` was asked for."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
def rounds(full: bool) -> Callable[[int, int], int]:
    """How often to do what can be done any number of times: `rounds(short, long)`.

    The short form still tries every kind of thing once; it is never none at all.
    """

    def choose(short: int, long: int) -> int:
        assert 0 < short <= long
        return long if full else short

    return choose
