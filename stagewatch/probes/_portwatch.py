"""One port's connections, counted; see docs/probes.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from stagewatch.probes import _procnet, _sockdiag
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._looking import Found
from stagewatch.probes._orphans import OrphanWatch
from stagewatch.probes._tcp import State, Table
from stagewatch.probes.sockets import SocketsConfig, definition, suspicion

_GROUPS = {
    "established": (State.ESTABLISHED,),
    "close_wait": (State.CLOSE_WAIT,),
    "closing": (State.FIN_WAIT1, State.FIN_WAIT2, State.CLOSING, State.LAST_ACK),
    "time_wait": (State.TIME_WAIT,),
    "syn_recv": (State.SYN_RECV, State.NEW_SYN_RECV),
}
_OPEN = ("established", "close_wait", "closing")


class PortWatch:
    """Looks at one port again and again."""

    def __init__(
        self,
        config: SocketsConfig,
        boot: Callable[[], float],
        tables: tuple[Callable[[int], Table], ...] = (),
    ) -> None:
        self._config = config
        self._boot = boot
        ask = partial(_sockdiag.table, silence=config.ping > 0)
        self._tables = tables or (ask, _procnet.table)
        self._orphans = OrphanWatch(config.patience, pings=config.ping > 0)

    def look(self) -> Found:
        """Count once; raises FailureError when the kernel tells nothing."""
        table = self._table()
        orphans = self._orphans.look(table, self._boot())
        states = Counter(conn.state for conn in table.served)
        found = Found(facts={"source": table.source})
        found.facts |= {
            "definition": definition(self._config.patience),
            "probable_definition": suspicion(self._config),
        }
        if not table.listeners and not table.served:
            found.amiss(f"nobody listens on port {self._config.port}; is the service up?")
            return found
        counts = {key: float(sum(states[s] for s in group)) for key, group in _GROUPS.items()}
        found.values = counts | {"open": sum(counts[key] for key in _OPEN)}
        self._add_queue(table, found)
        if orphans.undecided:
            found.missing["orphans"] = (
                f"{orphans.undecided} suspects are older than this probe;"
                f" known {self._config.patience:g} s after its first reading"
            )
        else:
            found.values["orphans"] = float(orphans.certain)
        if orphans.unconfirmed:
            found.missing["probable"] = "suspects must show in two readings"
        elif self._config.ping and table.source != "sock_diag":
            found.missing["probable"] = f"{table.source} does not tell who is silent"
        else:
            found.values["probable"] = float(orphans.probable)
        return found

    def _add_queue(self, table: Table, found: Found) -> None:
        if not table.listeners:
            why = f"nobody listens on port {self._config.port}"
            found.missing |= {"queue": why, "queue_max": why}
            return
        found.values["queue"] = float(table.queue)
        if table.queue_max:
            found.values["queue_max"] = float(table.queue_max)
        else:
            found.missing["queue_max"] = f"{table.source} does not tell it"

    def _table(self) -> Table:
        errors = []
        for table in self._tables:
            try:
                return table(self._config.port)
            except OSError as error:
                errors.append(os_words(error))
        raise FailureError("kernel", f"the connections cannot be listed: {', '.join(errors)}")
