"""What a load writes beside the database: the rejected rows, and which lead each row became.

Everything here blocks; an event loop calls it in a thread.
"""

import csv
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from leads.core.columns import REJECT_COLUMNS, neutral_cell
from leads.core.merging import Placed
from leads.core.rows import LeadRow
from leads.errors import RejectsFileError
from leads.importing.worker import RejectedRow

ID_MAP_COLUMNS = ("row", "external_id", "lead_id", "outcome", "code")
_ENCODING = "utf-8-sig"


class ImportFiles:
    """The rejects and the id map of one load; a path that is None is not written."""

    def __init__(self, rejects: Path | None, id_map: Path | None) -> None:
        self._paths = {"rejects": rejects, "id map": id_map}
        self._stack = ExitStack()
        self._files: list[Any] = []
        self._rejects: Any = None
        self._id_map: Any = None

    @property
    def wants_ids(self) -> bool:
        """Whether an id map is written."""
        return self._id_map is not None

    def open(self, source: object, header: Sequence[str], last_row: int) -> None:
        """Opens the files. Of those that an earlier part of the load left, rows up to `last_row` are kept.

        Raises RejectsFileError.
        """
        rejects, id_map = self._paths["rejects"], self._paths["id map"]
        if rejects is not None:
            names = [*REJECT_COLUMNS, *map(neutral_cell, header)]
            self._rejects = self._begin(rejects, names, source, last_row)
        if id_map is not None:
            self._id_map = self._begin(id_map, ID_MAP_COLUMNS, source, last_row)

    def _begin(self, path: Path, names: Sequence[str], source: object, last_row: int) -> Any:
        if isinstance(source, Path) and path.resolve() == source.resolve():
            raise RejectsFileError(f"{path} is the file that is read; write to another.")
        try:
            kept = _kept(path, names, last_row) if last_row else None
            file = self._stack.enter_context(
                (kept or path).open("a" if kept else "w", encoding=_ENCODING, newline="")
            )
            if kept:
                os.replace(kept, path)
        except OSError as error:
            raise RejectsFileError(f"Cannot write {path}: {error.strerror}.") from error
        self._files.append(file)
        writer = csv.writer(file)
        if not kept:
            writer.writerow(names)
        return writer

    def write(self, rejected: Sequence[RejectedRow], placed: Sequence[tuple[LeadRow, Placed]]) -> None:
        """Adds a chunk. It is in the files when this is over. Raises RejectsFileError."""
        try:
            if self._rejects:
                self._rejects.writerows(
                    [row.number, row.code, row.sentence, *map(neutral_cell, row.cells)] for row in rejected
                )
            if self._id_map:
                self._id_map.writerows(
                    (
                        *(row.number, neutral_cell(row.external_id or ""), place.lead_id),
                        *("accepted" if place.reason == "new" else "merged", place.reason),
                    )
                    for row, place in placed
                )
            for file in self._files:
                file.flush()
        except OSError as error:
            raise RejectsFileError(f"Cannot write {' or '.join(self._paths)}: {error.strerror}.") from error

    def close(self) -> None:
        """Closes the files."""
        self._stack.close()

    def remove(self) -> None:
        """Closes and deletes the files."""
        self.close()
        for path in self._paths.values():
            if path is not None and self._files:
                path.unlink(missing_ok=True)


def _kept(path: Path, names: Sequence[str], last_row: int) -> Path | None:
    """A copy of a file with its rows up to `last_row`; None if it is not what an earlier part has written."""
    if not path.is_file():
        return None
    copy = path.with_name(f".{path.name}.part")
    with (
        path.open(encoding=_ENCODING, newline="") as file,
        copy.open("w", encoding=_ENCODING, newline="") as out,
    ):
        rows = csv.reader(file)
        try:
            if next(rows, None) != list(names):
                copy.unlink()
                return None
            writer = csv.writer(out)
            writer.writerow(names)
            for row in rows:
                if row and row[0].isdecimal() and int(row[0]) <= last_row:
                    writer.writerow(row)
        except (csv.Error, UnicodeDecodeError):
            copy.unlink()
            return None
    return copy
