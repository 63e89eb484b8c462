"""CSV files as people make them."""

import io
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.core.columns import MAX_CELL_CHARS, MAX_COLUMNS
from leads.csvfile import MAX_RECORD_CHARS, CsvForm, opened, records_of, survey
from leads.errors import LeadFileUnreadableError, NotALeadFileError

TEXT = "phone,name,note\n+14155550101,Zoë,ok\n+14155550102,Łukasz,fine\n"
ROWS = [["+14155550101", "Zoë", "ok"], ["+14155550102", "Łukasz", "fine"]]


def _read(content: bytes) -> tuple[CsvForm, list[list[str]]]:
    file = io.BytesIO(content)
    form = survey(file)
    with closing(records_of(file, form)) as records:
        next(records)
        return form, [cells for _, cells in records]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found_out(encoding: str) -> None:
    form, rows = _read(TEXT.encode(encoding))
    assert form.header == ("phone", "name", "note")
    assert rows == ROWS


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_files_of_old_are_read(encoding: str) -> None:
    _, rows = _read("phone;name\n1;Müller\n2;Zoë Façade\n".encode(encoding))
    assert rows == [["1", "Müller"], ["2", "Zoë Façade"]]


def test_a_stray_old_byte_deep_in_a_utf8_file_does_no_harm() -> None:
    content = TEXT.encode() + b"x,y,z\n" * 50_000 + "1,Müller,é\n".encode("latin-1")
    form, rows = _read(content)
    assert form.rows == 50_003
    assert rows[-1] == ["1", "Müller", "é"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiter_and_newline_are_found_out(delimiter: str, newline: str) -> None:
    form, rows = _read(TEXT.replace(",", delimiter).replace("\n", newline).encode())
    assert form.delimiter == delimiter
    assert rows == ROWS


@pytest.mark.parametrize("declared", [";", ",", "\t", "^"])
def test_a_declared_delimiter_holds(declared: str) -> None:
    form, rows = _read(f"sep={declared}\r\nphone{declared}a,b;c|d\r\n1{declared}2\r\n".encode())
    assert form.delimiter == declared
    assert form.header[0] == "phone"
    assert rows == [["1", "2"]] or declared == ","


def test_delimiters_inside_quotes_do_not_count() -> None:
    form, rows = _read(b'"phone";"a,b,c,d"\n"1";"x"\n')
    assert form.delimiter == ";"
    assert rows == [["1", "x"]]


def test_quoted_newlines_commas_and_quotes_stay_in_their_cell() -> None:
    _, rows = _read(b'phone,note\n1,"two\nlines, and ""quotes"""\n2,"a\r\nb"\n')
    assert rows == [["1", 'two\nlines, and "quotes"'], ["2", "a\r\nb"]]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    file = io.BytesIO(b'phone\n1\n\n"2\n2"\n3\n')
    form = survey(file)
    assert form.rows == 3
    with closing(records_of(file, form)) as records:
        assert [number for number, _ in records] == [1, 2, 4, 5]


def test_a_single_column_needs_no_delimiter() -> None:
    form, rows = _read(b"phone\n+14155550101\n")
    assert form.header == ("phone",)
    assert rows == [["+14155550101"]]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"   \n\n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x1f\x8b\x08rest", "compressed"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text"),
        (bytes(range(256)) * 100, "not text"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "not text"),
        (",".join(["phone"] * (MAX_COLUMNS + 1)).encode() + b"\n1\n", "columns"),
        (",".join(["x"] * 10_000).encode() + b"\n1\n", "columns"),
        (b"phone,note\n1," + b"x" * (MAX_CELL_CHARS + 1) + b"\n", "Row 2"),
        (b"phone,note\n1,x\n1," + b"x" * (50 << 20), "Row 3"),
        (b'phone,note\n1,"left open\n' + b"2,x\n" * 500_000, "quotation mark"),
        (b'phone\n"' + b'a\n","' * (MAX_RECORD_CHARS // 3), "Row 2"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(content: bytes, word: str) -> None:
    with pytest.raises(NotALeadFileError, match=word) as caught:
        survey(io.BytesIO(content))
    assert str(caught.value).endswith((".", "?"))


def test_the_widest_file_and_the_longest_cell_are_still_read() -> None:
    header = ",".join(["phone", *(f"c{i}" for i in range(MAX_COLUMNS - 1))])
    _, rows = _read(f"{header}\n1,{'x' * MAX_CELL_CHARS}\n".encode())
    assert len(rows[0][1]) == MAX_CELL_CHARS


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(LeadFileUnreadableError, match=r"nowhere\.csv"), opened(tmp_path / "nowhere.csv"):
        pass
    with pytest.raises(LeadFileUnreadableError), opened(tmp_path):
        pass


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def test_a_stream_that_cannot_seek_is_read_all_the_same() -> None:
    with opened(_Pipe(TEXT.encode())) as file:
        assert survey(file).rows == 2


def test_a_stream_that_was_given_stays_open() -> None:
    stream = io.BytesIO(TEXT.encode())
    with opened(stream) as file:
        survey(file)
    assert not stream.closed


def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "leads.csv"
    source.write_text("phone,note\n" + f"1,{'x' * 5_000}\n" * 4_000)
    tracemalloc.start()
    try:
        with opened(source) as file, closing(records_of(file, survey(file))) as records:
            assert sum(1 for _ in records) == 4_001
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000 < source.stat().st_size / 5


@given(st.binary(max_size=400))
def test_no_bytes_crash_it(content: bytes) -> None:
    try:
        form, rows = _read(content)
    except NotALeadFileError:
        return
    assert form.rows == len(rows)


CELL = st.text(st.characters(exclude_characters="\x00\r\n", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=20), st.sampled_from(",;\t|"))
def test_what_a_spreadsheet_writes_is_read_as_it_was(rows: list[list[str]], delimiter: str) -> None:
    def quoted(cells: list[str]) -> str:
        return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells)

    text = "\r\n".join([quoted(["phone", "note"]), *map(quoted, rows)])
    form, read = _read(text.encode())
    assert form.delimiter == delimiter
    assert read == rows
