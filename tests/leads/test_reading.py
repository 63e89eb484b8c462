"""Lists as people make them: CSV of every sort, packed or not, from files and from streams."""

import gzip
import io
import os
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.columns import MAX_CELL_CHARS, MAX_COLUMNS
from leads.errors import LeadFileUnreadableError, LeadsError, NotALeadFileError
from leads.reading import open_rows
from leads.reading.delimited import MAX_BLANK_LINES, MAX_RECORD_CHARS

TEXT = "phone,name,note\n+14155550101,Zoë,ok\n+14155550102,Łukasz,fine\n"
ROWS = [["phone", "name", "note"], ["+14155550101", "Zoë", "ok"], ["+14155550102", "Łukasz", "fine"]]


def _rows(source: Path | BinaryIO) -> list[list[str]]:
    with open_rows(source, "the list") as rows:
        return [cells for _, cells in rows.records()]


def _read(content: bytes) -> list[list[str]]:
    return _rows(io.BytesIO(content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_encoding_is_found_out(encoding: str) -> None:
    assert _read(TEXT.encode(encoding)) == ROWS


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_files_of_old_are_read(encoding: str) -> None:
    assert _read("phone;name\n1;Müller\n2;Zoë Façade\n".encode(encoding))[1:] == [
        ["1", "Müller"],
        ["2", "Zoë Façade"],
    ]


def test_a_stray_old_byte_deep_in_a_utf8_file_does_no_harm() -> None:
    rows = _read(TEXT.encode() + b"x,y,z\n" * 50_000 + "1,Müller,é\n".encode("latin-1"))
    assert len(rows) == 50_004
    assert rows[-1] == ["1", "Müller", "é"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", ":", "\x1f", "§"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiter_and_newline_are_found_out(delimiter: str, newline: str) -> None:
    assert _read(TEXT.replace(",", delimiter).replace("\n", newline).encode()) == ROWS


@pytest.mark.parametrize("declared", [";", ",", "\t", "^"])
def test_a_declared_delimiter_holds(declared: str) -> None:
    rows = _read(f"sep={declared}\r\nphone{declared}a.b\r\n1{declared}2,3|4\r\n".encode())
    assert rows[0] == ["phone", "a.b"]
    assert rows[1] == (["1", "2", "3|4"] if declared == "," else ["1", "2,3|4"])


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b'"phone";"a,b,c,d"\n"1";"x"\n', [["phone", "a,b,c,d"], ["1", "x"]]),
        (b"phone;last, first\n1;Lee\n2;Cho\n", [["phone", "last, first"], ["1", "Lee"], ["2", "Cho"]]),
        (
            b"phone;note\n1;a, b, c\n2;d, e\n3;f\n",
            [["phone", "note"], ["1", "a, b, c"], ["2", "d, e"], ["3", "f"]],
        ),
        (b"phone\n+14155550101\n", [["phone"], ["+14155550101"]]),
        (b"Phone #\n1\n2\n", [["Phone #"], ["1"], ["2"]]),
        (b"Phone: mobile\n1\n2\n", [["Phone: mobile"], ["1"], ["2"]]),
    ],
)
def test_marks_in_quotes_or_in_a_few_cells_are_no_delimiters(content: bytes, rows: list[list[str]]) -> None:
    assert _read(content) == rows


def test_quoted_newlines_commas_and_quotes_stay_in_their_cell() -> None:
    rows = _read(b'phone,note\n1,"two\nlines, and ""quotes"""\n2,"a\r\nb"\n')
    assert rows[1:] == [["1", 'two\nlines, and "quotes"'], ["2", "a\r\nb"]]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_quotation_mark_closed_at_the_very_end_or_within_a_cell_is_no_fault(end: bytes) -> None:
    assert _read(b'phone,note\n1,"x"' + end)[1:] == [["1", "x"]]
    assert _read(b'phone,note\n1,5" pipe' + end)[1:] == [["1", '5" pipe']]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    with open_rows(io.BytesIO(b'phone\n1\n\n"2\n2"\n3\n'), "x") as rows:
        assert [number for number, _ in rows.records()] == [1, 2, 4, 5]


def test_a_packed_file_is_read_like_any_other(tmp_path: Path) -> None:
    packed = _packed(TEXT.encode("utf-16"))
    assert _read(packed) == ROWS
    (tmp_path / "leads.csv.gz").write_bytes(packed)
    assert _rows(tmp_path / "leads.csv.gz") == ROWS
    assert _read(_packed(b"phone\n1\n") + _packed(b"2\n")) == [["phone"], ["1"], ["2"]]


def _packed(content: bytes) -> bytes:
    """The same bytes at any time of day: they name tests."""
    return gzip.compress(content, mtime=0)


def _zip(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"   \n\n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xff\xfe", "empty"),
        (_packed(b""), "empty"),
        (_zip(a=b"phone\n1\n"), "zip archive"),
        (b"PK\x03\x04rest", "damaged"),
        (b"PK\x05\x06" + bytes(18), "empty zip"),
        (b"\x1f\x8b\x08rest", "damaged"),
        (_packed(_packed(TEXT.encode())), "packed twice"),
        (_packed(_zip(a=b"x")), "packed workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), r"\.xls"),
        (b'{"leads": []}', "JSON"),
        (b'[{"phone": "1"}]', "JSON"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html></html>", "web page"),
        (b"<html><table><tr><td>phone</td></tr></table></html>", "web page"),
        (b'<?xml version="1.0"?><leads/>', "web page or XML"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"BZh91AY", "bzip2"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text"),
        (bytes(range(256)) * 100, "not text"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "not text"),
        (_packed(bytes(20 << 20)), "not text"),
        (",".join(["phone"] * (MAX_COLUMNS + 1)).encode() + b"\n1\n", "columns"),
        (",".join(["x"] * 10_000).encode() + b"\n1\n", "10,000 columns"),
        (b"phone,note\n1," + b"x" * (MAX_CELL_CHARS + 1) + b"\n", "Row 2"),
        (b"phone,note\n1,x\n1," + b"x" * (50 << 20), "Row 3"),
        (_packed(b"phone,note\n1,x\n1," + b"x" * (50 << 20)), "Row 3"),
        (b'phone,note\n1,"left open\n' + b"2,x\n" * 500_000, "quotation mark"),
        (b'phone,note\n1,x\n2,x\n3,"open\n' + b"4,x\n" * 95, "Row 4 .*quotation mark"),
        (b'phone,note\n1,"', "Row 2 .*quotation mark"),
        (b'phone,note\n1,x\n"', "Row 3 .*quotation mark"),
        (b'phone\n"' + b'a\n","' * (MAX_RECORD_CHARS // 3), "Row 2"),
        (b"phone\n1\n" + b"\n" * (MAX_BLANK_LINES + 2), "blank lines follow row 2"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(content: bytes, word: str) -> None:
    with pytest.raises(NotALeadFileError, match=word) as caught:
        _read(content)
    assert str(caught.value).endswith((".", "?"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed[:-1],
        lambda packed: packed[:-8] + bytes(8),
        lambda packed: packed[:200] + bytes(20) + packed[220:],
        lambda packed: packed + b"garbage",
    ],
)
def test_a_packed_file_that_is_damaged_or_cut_off_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    text = "".join(f"+1415555{n:04},{zlib.crc32(str(n).encode())}\n" for n in range(10_000))
    packed = _packed(b"phone,name\n" + text.encode())
    assert len(_read(packed)) == 10_001
    with pytest.raises(NotALeadFileError, match="damaged or was cut off"):
        _read(spoil(packed))


def test_the_widest_file_and_the_longest_cell_are_still_read() -> None:
    header = ",".join(["phone", *(f"c{i}" for i in range(MAX_COLUMNS - 1))])
    rows = _read(f"{header}\n1,{'x' * MAX_CELL_CHARS}\n".encode())
    assert len(rows[1][1]) == MAX_CELL_CHARS


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(LeadFileUnreadableError, match=r"spring\.csv"), open_rows(path, "spring.csv"):
            pass


class _Pipe(io.RawIOBase):
    """A stream that gives little at a time and cannot seek; with `breaks_at`, not all of it."""

    def __init__(self, content: bytes, breaks_at: int | None = None) -> None:
        self._content = io.BytesIO(content)
        self._breaks_at = breaks_at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation("seek")

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._breaks_at is not None and self._content.tell() >= self._breaks_at:
            raise OSError(5, "Input/output error")
        piece = self._content.read(min(len(buffer), 700))
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("content", [TEXT.encode(), _packed(TEXT.encode())])
def test_a_stream_that_cannot_seek_is_read_all_the_same(content: bytes) -> None:
    assert _rows(io.BufferedReader(_Pipe(content))) == ROWS
    assert _rows(_Pipe(content)) == ROWS  # type: ignore[arg-type]


def test_a_real_pipe_is_read_while_it_is_written() -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as file:
            file.write(b"phone,name\n" + b"+14155550101,Ann\n" * 50_000)

    writer = Thread(target=write)
    writer.start()
    with open(reading, "rb") as file, open_rows(file, "standard input") as rows:
        assert rows.total_bytes is None
        assert sum(1 for _ in rows.records()) == 50_001
    writer.join()


def test_a_stream_that_was_given_stays_open() -> None:
    stream = io.BytesIO(TEXT.encode())
    _rows(stream)
    assert not stream.closed


def test_a_stream_that_breaks_off_is_told_by_its_name() -> None:
    content = b"phone,name\n" + b"1,x\n" * 100_000
    with (
        open_rows(io.BufferedReader(_Pipe(content, breaks_at=200_000)), "standard input") as rows,
        pytest.raises(LeadFileUnreadableError, match="standard input: Input/output error"),
    ):
        list(rows.records())


@pytest.mark.parametrize("name", ["leads.csv", "leads.csv.gz"])
def test_progress_goes_from_nothing_to_all_of_the_file(tmp_path: Path, name: str) -> None:
    content = b"phone,name\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(200_000))
    path = tmp_path / name
    path.write_bytes(_packed(content) if name.endswith("gz") else content)
    with open_rows(path, name) as rows:
        assert rows.total_bytes == path.stat().st_size
        seen = [rows.read_bytes for _ in rows.records()]
    assert seen == sorted(seen)
    assert seen[0] < rows.total_bytes / 2
    assert seen[-1] == rows.total_bytes


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path, packed: bool) -> None:
    content = b"phone,note\n" + b"1," + b"x" * 5_000 + b"\n"
    content += (b"1," + b"x" * 5_000 + b"\n") * 4_000
    source = tmp_path / "leads.csv"
    source.write_bytes(_packed(content) if packed else content)
    size = len(content)
    del content
    assert _peak(source) < 2_000_000 < size / 5


def test_a_giant_cell_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "leads.csv.gz"
    source.write_bytes(_packed(b"phone,note\n1,x\n1," + b"x" * (50 << 20)))
    assert _peak(source) < 10_000_000


def _peak(source: Path) -> int:
    """Bytes of memory at the most while a list is read."""
    tracemalloc.start()
    try:
        with open_rows(source, "x") as rows:
            for _ in rows.records():
                pass
    except NotALeadFileError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


@given(
    st.one_of(
        st.binary(max_size=400),
        st.tuples(
            st.sampled_from([b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"\xff\xfe", b"sep=", b"[", b"%PDF", b'"']),
            st.binary(max_size=200),
        ).map(b"".join),
        st.binary(max_size=200).map(_packed),
    )
)
def test_no_bytes_crash_it(content: bytes) -> None:
    try:
        rows = _read(content)
    except LeadsError:
        return
    assert rows
    assert all(rows)


CELL = st.text(st.characters(exclude_characters="\x00\r\n", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=20), st.sampled_from(",;\t|"))
def test_what_a_spreadsheet_writes_is_read_as_it_was(rows: list[list[str]], delimiter: str) -> None:
    def quoted(cells: list[str]) -> str:
        return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)

    written = [["phone", "note"], *rows]
    assert _read("\r\n".join(map(quoted, written)).encode()) == written
