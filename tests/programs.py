"""Tests that need a program which not every machine has."""

import os

import pytest


class Needed:
    """A plugin of pytest: without a program, the tests that need it are left out, and the run says so at its end.

    Where CI is set, they are not left out, and fail instead.

    Args:
        marker: Of these tests, and after a colon what they do.
        tests: What to call them.
        program: Its name.
        packages: Of the distribution, that bring it.
        is_there: Whether this machine has it.
    """

    def __init__(self, marker: str, tests: str, program: str, packages: str, *, is_there: bool) -> None:
        self._marker, self._tests, self._program, self._packages = marker, tests, program, packages
        self._is_there = is_there or bool(os.environ.get("CI"))
        self._left_out = 0

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the marker known."""
        config.addinivalue_line("markers", f"{self._marker}; left out where there is none")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave them out."""
        if self._is_there:
            return
        left_out = [item for item in items if item.get_closest_marker(self._marker.partition(":")[0])]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        self._left_out = len(left_out)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say so."""
        if self._left_out:
            terminalreporter.write_sep("=", f"{self._tests} were not run", yellow=True)
            terminalreporter.write_line(
                f"{self._left_out} tests need {self._program}: apt-get install {self._packages}"
            )
