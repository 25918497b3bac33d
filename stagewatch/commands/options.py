"""The options that every command takes, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import click


def _not_empty(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuse ``--profile ""``, which an unset variable of a script makes: it is no choice."""
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty; name one, or leave the option out")
    return value


profile_option = click.option(
    "--profile",
    metavar="NAME|FILE",
    callback=_not_empty,
    help="The profile: a name, or a file when it has a slash or ends in .toml.",
)
session_option = click.option(
    "--session",
    metavar="ID|FOLDER",
    callback=_not_empty,
    help="A session by its id or folder; the newest of the profile when left out.",
)
operator_option = click.option(
    "--as",
    "operator",
    metavar="NAME",
    callback=_not_empty,
    help="Who you are; else SUDO_USER, else the login.",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was said on the command line, before or after the command's name."""

    profile: str | None = None
    session: str | None = None
    operator: str | None = None

    def merged(
        self, profile: str | None = None, session: str | None = None, operator: str | None = None
    ) -> Settings:
        """These settings, overruled by what the command itself was given."""
        return replace(
            self,
            profile=profile or self.profile,
            session=session or self.session,
            operator=operator or self.operator,
        )
