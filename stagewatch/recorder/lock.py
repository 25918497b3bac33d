"""The recorder's lock, which lies below: whoever observes a session asks about it as well."""

from stagewatch.lock import Holder, RecorderLock, holder, is_held, process_start

__all__ = ["Holder", "RecorderLock", "holder", "is_held", "process_start"]
