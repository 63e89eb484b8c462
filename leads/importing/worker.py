"""Reads rows in a process of its own: `python -m leads.importing.worker`, started by `leads.importing.pool`.

Messages go over the standard streams: four bytes of length (big-endian), then MessagePack. The first message
in is a Job; then each is a list of records, and is answered by ReadRows. The process ends with its
input, so that it never outlives a parent that was killed.
"""

import json
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import msgspec

from leads.core.columns import ColumnMap
from leads.core.intake import LeadDraft, RowRejection, read_row
from leads.core.rows import TEXT_FIELDS, ConsentRow, LeadRow, PhoneRow

Record = tuple[int, list[str]]
"""A record of a file, with its number as a spreadsheet shows it."""

LENGTH = struct.Struct(">I")


class Job(msgspec.Struct, frozen=True):
    """How rows are read."""

    columns: ColumnMap
    default_country: str


class RejectedRow(NamedTuple):
    """A row that cannot become a lead, as it was, and why."""

    number: int
    code: str
    sentence: str
    cells: list[str]


class ReadRows(msgspec.Struct, frozen=True, array_like=True):
    """What some records are; every one is in one of the two."""

    rows: list[LeadRow]
    rejected: list[RejectedRow]


def read_rows(records: Sequence[Record], job: Job) -> ReadRows:
    """Reads records, in their order."""
    rows: list[LeadRow] = []
    rejected: list[RejectedRow] = []
    columns, default_country = job.columns, job.default_country
    for number, cells in records:
        read = read_row(cells, columns, default_country)
        if isinstance(read, RowRejection):
            rejected.append(RejectedRow(number, read.code, read.sentence, cells))
        else:
            rows.append(lead_row(number, read))
    return ReadRows(rows, rejected)


def lead_row(number: int, draft: LeadDraft) -> LeadRow:
    """A draft as it travels between processes."""
    return LeadRow(
        number,
        draft.external_id,
        tuple([getattr(draft, name) for name in TEXT_FIELDS]),
        draft.priority,
        draft.rank,
        draft.not_before,
        json.dumps(dict(draft.custom)) if draft.custom else "{}",
        tuple(
            [
                PhoneRow(p.e164, p.extension, p.label, p.kind, p.region, ",".join(p.zones))
                for p in draft.phones
            ]
        ),
        tuple([ConsentRow(c.channel, c.basis, c.source, c.given_at) for c in draft.consents]),
        tuple([note.code for note in draft.notes]),
    )


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers until the input ends."""
    encoder, decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[Record])
    messages = _messages(requests)
    first = next(messages, None)
    if first is None:
        return
    job = msgspec.msgpack.decode(first, type=Job)
    for message in messages:
        answer = encoder.encode(read_rows(decoder.decode(message), job))
        answers.write(LENGTH.pack(len(answer)))
        answers.write(answer)
        answers.flush()


def _messages(requests: BinaryIO) -> Iterator[bytes]:
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        [size] = LENGTH.unpack(head)
        message = requests.read(size)
        if len(message) < size:
            return
        yield message


if __name__ == "__main__":
    # Ctrl-C reaches the whole group; the parent ends this process when it has ended the load.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)
