"""Where a drill is run from: the watch that runs, or the profile alone; and what may be run."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stagewatch.clock import SystemClock
from stagewatch.drills.sockets import require_websockets
from stagewatch.errors import PersonError
from stagewatch.following import SessionFile, profile_of
from stagewatch.lock import is_held
from stagewatch.paths import HISTORY, PROFILE, is_of, list_sessions
from stagewatch.profile.derived import SignalConfig
from stagewatch.profile.document import content_of
from stagewatch.profile.drills import (
    EXERCISE,
    PREFIX,
    AnyValidation,
    Caching,
    Exercise,
    RateLimited,
    WebSocketCheck,
    target_of,
    targets,
    urls,
)
from stagewatch.profile.schema import Profile
from stagewatch.profile.values import format_duration
from stagewatch.session.document import Session
from stagewatch.session.errors import SessionError

if TYPE_CHECKING:
    from stagewatch.profile.load import LoadedProfile


class DrillError(PersonError):
    """A drill that is not run: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Station:
    """A profile, and the watch by it that runs."""

    profile: Profile
    base: Path
    """Relative paths of the profile start here."""
    path: Path
    """Where the profile belongs …"""
    sha256: str
    """… and of which bytes it was read: both together are what is trusted."""
    folder: Path | None = None
    """The session of the running watch; None: nothing is recorded."""
    why: str = ""
    """Why nothing is recorded."""
    ends_at: float = math.inf
    """Unix time at which the watch's window is over."""
    note: str = ""
    """What whoever named the profile has to know of it; empty for nothing."""

    def validation(self, name: str) -> AnyValidation:
        """The validation called ``name``; raises DrillError."""
        known = self.profile.validation
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "it has none: [validation.NAME]"
            raise DrillError(f"the profile has no validation {name!r}; {there}")
        found: AnyValidation = known[name]
        self.permit(found)
        return found

    def exercise(self) -> Exercise:
        """The profile's exercise; raises DrillError."""
        found = self.profile.exercise
        if not isinstance(found, Exercise):
            raise DrillError("the profile has no [exercise]; docs/profile.md shows one")
        self.permit(found)
        return found

    def permit(self, drill: object) -> None:
        """Raises PersonError where nothing may be sent, or it could not be."""
        if self.profile.deployment.production:
            raise DrillError(
                f"{self.profile.deployment.name} is production: nothing is sent there on purpose;"
                " run it against staging"
            )
        named = targets(self.profile.probe)
        for _, url in urls(drill):
            if target_of(url) not in named:
                raise DrillError(f"{url}: no http probe of the profile asks there")
        if isinstance(drill, WebSocketCheck) or getattr(drill, "socket", None) is not None:
            require_websockets()

    def observed(self, signal: str) -> tuple[float | None, str]:
        """A signal as the running watch read it last, or why there is none."""
        from stagewatch.history.errors import HistoryError
        from stagewatch.history.reader import History
        from stagewatch.judge.finding import stale_after
        from stagewatch.model import probe_of

        if self.folder is None:
            return None, f"{self.why}; start one: stagewatch"
        try:
            with History.open(self.folder / HISTORY) as history:
                reading = history.latest().get(probe_of(signal))
        except HistoryError as error:
            return None, str(error)
        if reading is None:
            return None, "no reading yet"
        speed, age = self.profile.deployment.speed, SystemClock().now() - reading.at
        every = float(self.profile.probe[probe_of(signal)].every)
        if age >= stale_after(every * speed) / speed:
            return None, f"the newest reading is {format_duration(round(age))} old"
        why = reading.missing.get(signal) or reading.reason or "the reading has no value for it"
        return reading.values.get(signal), why


def station_of_watch(folder: Path, why: str = "") -> Station:
    """The station of one session; raises SessionError and ProfileError."""
    session = SessionFile(folder).session
    base = Path(session.base or Path(session.profile_path).parent)
    path = Path(session.profile_path)
    profile = profile_of(folder)
    sha256 = hashlib.sha256((folder / PROFILE).read_bytes()).hexdigest()
    ends_at = float(session.ends_at)
    return Station(profile, base, path, sha256, None if why else folder, why, ends_at)


def station_of_profile(loaded: LoadedProfile) -> Station:
    """The station of a profile by which nobody watches."""
    why = "no watch is running"
    return Station(loaded.profile, loaded.base, loaded.path, loaded.sha256, None, why)


def running_watch(home: Path, now: float, name: str | None) -> Path | None:
    """The newest session that is being recorded by a profile of this name; None when none is."""
    return next(_running(home, now, name), None)


def watch_of_file(home: Path, now: float, path: Path) -> Path | None:
    """The newest session that is being recorded by the profile in this very file.

    None when no watch runs that is called as it is. Raises DrillError where only one by another
    file runs: it would have another profile's drills, or its own readings disturbed by these.
    """
    others = []
    for folder in _running(home, now, path.name.removesuffix(".toml")):
        own = Path(SessionFile(folder).session.profile_path)
        if os.path.realpath(own) == os.path.realpath(path):
            return folder
        others.append((folder.name, own))
    if not others:
        return None
    session, own = others[0]
    raise DrillError(
        f"{path.absolute()}: no watch of this file is running, but {session} is, by {own};"
        f" add --session {session} to drill by that one's profile, or end it, or rename this file"
    )


def require_file(place: Station, folder: Path, path: Path) -> None:
    """Raises DrillError where a session goes by another file than the one that was named too."""
    if os.path.realpath(path) != os.path.realpath(place.path):
        what = f"{folder.name} goes by {place.path}, not by {path.absolute()}"
        raise DrillError(f"{what}; leave out --profile, or name no session")


def _running(home: Path, now: float, name: str | None) -> Iterator[Path]:
    found = (folder for folder in list_sessions(home) if is_of(folder, name) and is_held(folder))
    return (folder for folder in found if not why_over(folder, now))


def edited_since(place: Station, named: Path) -> str:
    """A line about a profile that the watch by it knows otherwise; empty when it does not."""
    if place.folder is None or os.path.realpath(named) != os.path.realpath(place.path):
        return ""
    if hashlib.sha256(content_of(named)).hexdigest() == place.sha256:
        return ""
    copy = place.folder / PROFILE
    return f"{named} differs from what {place.folder.name} goes by, and this will run: {copy}"


def why_over(folder: Path, now: float) -> str:
    """Why no result can be recorded in this session; empty when it can."""
    try:
        session: Session = SessionFile(folder).session
    except SessionError as error:
        return str(error)
    if session.state == "stopped":
        return f"{session.id} was stopped"
    if now >= session.ends_at:
        return f"the window of {session.id} is over"
    return "" if is_held(folder) else f"no recorder runs for {session.id}"


def pseudo_probe(name: str) -> str:
    """The pseudo-probe of a validation, or of the exercise where the name is empty."""
    return PREFIX + name if name else EXERCISE


def disturbed(profile: Profile, drill: object) -> tuple[str, ...]:
    """The probes whose readings a drill disturbs: those that ask the same, and what is worked out
    from them. No log is ever among them."""
    return tuple(dict.fromkeys(_disturbed(profile.probe, drill)))


def _disturbed(probes: Mapping[str, object], drill: object) -> Iterator[str]:
    direct = set()
    for name, config in probes.items():
        url = getattr(config, "url", "")
        if url and _same(url, drill):
            direct.add(name)
            yield name
    for name, config in probes.items():
        if isinstance(config, SignalConfig) and direct & config.timing.keys():
            direct.add(name)
            yield name


def _same(url: str, drill: object) -> bool:
    if isinstance(drill, RateLimited | Caching):
        return url.partition("?")[0] == drill.url.partition("?")[0]
    return isinstance(drill, WebSocketCheck) and target_of(url) == target_of(drill.url)
