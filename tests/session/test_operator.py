"""The name beside what somebody does."""

from __future__ import annotations

import os
import pwd

import pytest

from stagewatch.session.operator import operator_name


def test_the_name_given_wins_then_the_one_before_sudo_then_the_account() -> None:
    """``--as``, SUDO_USER, and the account that runs the process; USER may say anything."""
    assert operator_name("ann", {"SUDO_USER": "bob", "USER": "eve"}) == "ann"
    assert operator_name(None, {"SUDO_USER": "bob", "USER": "eve"}) == "bob"
    assert operator_name(None, {"USER": "eve"}) == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_a_blank_name_is_no_name(blank: str) -> None:
    """The next source is asked."""
    assert operator_name(blank, {"SUDO_USER": "bob"}) == "bob"
    assert operator_name(None, {"SUDO_USER": blank}) == pwd.getpwuid(os.getuid()).pw_name


def test_a_name_is_one_short_clean_line() -> None:
    """At most 64 characters, and nothing that a terminal obeys."""
    assert operator_name("  ann\x1b[2J\n ", {}) == "ann␛[2J"
    assert len(operator_name("x" * 500, {})) == 64


def test_an_account_without_a_name_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number of its own."""

    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert operator_name(None, {}) == f"uid {os.getuid()}"
