"""A server's certificate: whether it is accepted, and until when it is valid."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from stagewatch.probes import OpenContext
from stagewatch.probes._dial import dial, shown
from stagewatch.probes._failure import FailureError, os_words
from stagewatch.probes._looking import Found
from stagewatch.probes._tls import tls_context
from stagewatch.probes.tls import TlsConfig

DAY = 86400.0
_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


class CertificateCheck:
    """Connects, and looks at the certificate; again without trust where it is not accepted."""

    def __init__(self, config: TlsConfig, context: OpenContext) -> None:
        self._config = config
        self._ca_file = str(context.base / config.ca_file) if config.ca_file else ""
        self._clock = context.clock

    def look(self) -> Found:
        """Raises FailureError when there is no certificate to look at."""
        found = Found(values={"ok": 1.0})
        try:
            certificate = self._certificate(tls_context(self._ca_file, verify=True))
        except ssl.SSLCertVerificationError as error:
            found.values["ok"] = 0.0
            found.amiss(f"certificate not accepted ({error.verify_message})")
            certificate = self._certificate(tls_context("", verify=False))
        try:
            expires = not_after(certificate)
        except ValueError as error:
            raise FailureError("certificate", f"the certificate cannot be read: {error}") from error
        found.values["days"] = (expires - self._clock.now()) / DAY
        found.facts["expires"] = datetime.fromtimestamp(expires, UTC).isoformat()
        return found

    def _certificate(self, context: ssl.SSLContext) -> bytes:
        config = self._config
        patience = 0.45 * config.timeout
        connection, _ = dial(config.host, config.port, patience)
        name = config.server_name or config.host
        try:
            with connection, context.wrap_socket(connection, server_hostname=name) as secured:
                der = secured.getpeercert(binary_form=True)
        except ssl.SSLCertVerificationError:
            raise
        except TimeoutError as error:
            where = shown(config.host, config.port)
            raise FailureError("timeout", f"no TLS handshake with {where} in time") from error
        except OSError as error:
            words = getattr(error, "reason", "") or os_words(error)
            words = words.lower().replace("_", " ")
            raise FailureError("tls", f"TLS handshake failed ({words})") from error
        if not der:
            raise FailureError("certificate", "the server showed no certificate")
        return der


def not_after(der: bytes) -> float:
    """When a certificate expires, in Unix seconds; raises ValueError.

    Python decodes only certificates that it has accepted, and an expired one is not.
    """
    certificate = _inside(der, 0, _SEQUENCE)
    at = _inside(der, certificate, _SEQUENCE)
    if der[at] == _VERSION:
        at = _next(der, at)
    for _ in range(3):  # serial number, algorithm, issuer
        at = _next(der, at)
    at = _next(der, _inside(der, at, _SEQUENCE))
    start, end = _span(der, at)
    text = der[start:end].decode("ascii")
    if der[at] == _UTC_TIME:
        # Two digits of the year: 50 to 99 are of the last century.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif der[at] != _GENERALIZED_TIME:
        raise ValueError("no time where its end should be")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _inside(der: bytes, at: int, tag: int) -> int:
    if der[at : at + 1] != bytes([tag]):
        raise ValueError("it is not a certificate")
    return _span(der, at)[0]


def _next(der: bytes, at: int) -> int:
    return _span(der, at)[1]


def _span(der: bytes, at: int) -> tuple[int, int]:
    """(start, end) of the content of the element at ``at``."""
    if at + 2 > len(der):
        raise ValueError("it ends early")
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size]), start + size
    if start + length > len(der):
        raise ValueError("it ends early")
    return start, start + length
