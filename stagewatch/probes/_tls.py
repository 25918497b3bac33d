"""TLS contexts, made once for every set of trusted certificates."""

from __future__ import annotations

import ssl
from functools import cache

from stagewatch.probes._failure import FailureError


def tls_context(ca_file: str, verify: bool) -> ssl.SSLContext:
    """The context to connect with; an empty ``ca_file`` means the system's certificates.

    Raises FailureError when ``ca_file`` cannot be used.
    """
    try:
        return _context(ca_file, verify)
    except ssl.SSLError as error:
        raise FailureError("tls", f"ca_file: {ca_file} holds no certificates") from error
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise FailureError("tls", f"ca_file: cannot read {ca_file}: {words}") from error


@cache
def _context(ca_file: str, verify: bool) -> ssl.SSLContext:
    # The system's certificates take 20 ms and megabytes to load: once, not for each probe.
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return ssl.create_default_context(cafile=ca_file or None)
