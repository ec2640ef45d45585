"""
Certificates are set in turns: two at a time in a process, some waiting, the rest refused.

What was set is kept for a while, because a certificate that is shown is mostly shown again, and
setting it takes some tens of milliseconds of a core. It is kept under all that it was made of: one
whose name was erased since is another, and is set anew.
"""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from app.entry.certificate.sheet import Sheet, render
from app.kernel.encoding import sha256
from app.kernel.errors import BusyError

AT_ONCE_MAX: Final = 2
# With those that are being set: half a second of work, or some seconds where all are of the longest
# kind (`MOVES_PER_ACT_MAX` lines). Whoever comes later is sent away.
WAITING_MAX: Final = 40
KEPT_BYTES_MAX: Final = 16 * 2**20  # some three hundred of usual length


class TooManyCertificatesError(BusyError):
    """Too many certificates are being set at this moment."""

    code = "too_many_certificates"
    number = 1440
    title_th = "ขณะนี้มีการขอใบรับรองพร้อมกันมากเกินไป"
    advice = "Try again in a second. The certificate as JSON is there meanwhile."
    advice_th = "โปรดลองอีกครั้งในหนึ่งวินาที ระหว่างนี้ขอใบรับรองเป็น JSON ได้"


@dataclass(frozen=True, slots=True)
class SetCertificate:
    """A certificate as a file, and its SHA-256."""

    content: bytes
    digest: bytes


class Setter:
    """Sets certificates, each once where several ask for it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="certificate")
        self._underway: dict[bytes, asyncio.Future[SetCertificate]] = {}
        self._kept: OrderedDict[bytes, SetCertificate] = OrderedDict()
        self._kept_bytes = 0

    async def set(self, sheet: Sheet) -> SetCertificate:
        """
        Return a certificate as a file.

        Raises:
            TooManyCertificatesError: as many wait as may (`WAITING_MAX`).
        """
        key = sheet.key
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept
        underway = self._underway.get(key)
        if underway is None:
            if len(self._underway) >= WAITING_MAX:
                raise TooManyCertificatesError
            underway = self._begin(key, sheet)
        # Others may wait for it too: whoever leaves does not end it.
        return await asyncio.shield(underway)

    def _begin(self, key: bytes, sheet: Sheet) -> asyncio.Future[SetCertificate]:
        underway = asyncio.wrap_future(self._threads.submit(_set, sheet))
        self._underway[key] = underway

        def end(done: asyncio.Future[SetCertificate]) -> None:
            del self._underway[key]
            # Looked at here, because everybody who waited for it may have left.
            if not done.cancelled() and done.exception() is None:
                self._keep(key, done.result())

        underway.add_done_callback(end)
        return underway

    def _keep(self, key: bytes, certificate: SetCertificate) -> None:
        self._kept[key] = certificate
        self._kept_bytes += len(certificate.content)
        while self._kept_bytes > KEPT_BYTES_MAX:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.content)


def _set(sheet: Sheet) -> SetCertificate:
    content = render(sheet)
    return SetCertificate(content, sha256(content))
