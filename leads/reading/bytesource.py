"""Bytes from a file or a stream that is read once, from its beginning to its end."""

import gzip
import io
import os
import stat
import zlib
from typing import BinaryIO

from leads.errors import LeadFileUnreadableError, NotALeadFileError


class ByteSource(io.RawIOBase):
    """A binary stream that tells how far it was read and can be looked at ahead; it never seeks.

    Reading raises LeadFileUnreadableError, and NotALeadFileError where what is unpacked is damaged. Closing
    it leaves the stream open.
    """

    def __init__(self, stream: BinaryIO | gzip.GzipFile, name: str) -> None:
        self._stream = stream
        self._name = name
        self._ahead = b""
        self.taken = 0
        """Bytes that were read, those looked at ahead included."""

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end; reading gives them again."""
        while len(self._ahead) < size and (more := self._next(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._ahead:
            self._ahead = self._next(len(buffer))
        given, self._ahead = self._ahead[: len(buffer)], self._ahead[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)

    def _next(self, size: int) -> bytes:
        try:
            more = self._stream.read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise NotALeadFileError(
                "The compressed file is damaged or was cut off; compress or copy it again."
            ) from error
        except OSError as error:
            raise LeadFileUnreadableError(f"Cannot read {self._name}: {error.strerror or error}.") from error
        if more is None:
            raise LeadFileUnreadableError(f"Cannot read {self._name}: it has nothing to read yet.")
        self.taken += len(more)
        return more


def size_of(stream: BinaryIO) -> int | None:
    """Bytes in a regular file; None for a pipe and whatever else does not say."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, AttributeError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
