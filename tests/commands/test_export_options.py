"""How an export's range and formats are read from the command line."""

from __future__ import annotations

from datetime import datetime

import pytest

from stagewatch.commands.export import chosen_formats, moment
from stagewatch.errors import PersonError

NOW = datetime(2026, 1, 2, 12, 0).astimezone().timestamp()


def test_formats_are_taken_in_order_and_once() -> None:
    assert chosen_formats("html, md,html") == ("html", "md")


def test_all_means_every_format() -> None:
    assert set(chosen_formats("all")) == {"md", "html", "json", "toml", "csv"}


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(PersonError, match="'pdf' is not one of md, html, json, toml, csv, all"):
        chosen_formats("pdf")


def test_a_time_of_day_is_the_latest_one_that_has_been() -> None:
    assert NOW - moment("11:30", NOW, "--since") == 1800
    assert NOW - moment("12:30", NOW, "--since") == 86_400 - 1800


def test_a_duration_is_that_long_ago() -> None:
    assert NOW - moment("6h", NOW, "--since") == 6 * 3600


def test_a_date_time_with_an_offset_is_that_moment() -> None:
    assert moment("2026-01-01T00:00:00+00:00", NOW, "--since") == 1767225600


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12", "2026-13-01"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(PersonError, match="write 12:30, 2026-01-01T12:30 or 6h"):
        moment(text, NOW, "--since")
