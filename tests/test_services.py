"""A service that is missing is no passed test where it counts."""

from __future__ import annotations

import pytest

from tests.services import need


def test_a_missing_service_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is skipped elsewhere, with what to do."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make services"):
        need("no-such-program-here")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="make services"):
        need("no-such-program-here")
    assert need("sh").endswith("/sh")
