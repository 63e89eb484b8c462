"""The data folder: where a default start keeps what it writes."""

from pathlib import Path

from dialer.errors import DialerError

LOCK_NAME = "engine.lock"
"""The file in the folder that a running dialer holds locked."""


class DataFolderUnusable(DialerError):
    """The data folder cannot be made or written."""

    code = "data-folder-unusable"


def make_data_folder(folder: Path) -> Path:
    """The folder, made where there is none, for its owner alone. Raises DataFolderUnusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderUnusable(
            f"The data folder {folder} cannot be made ({error.strerror}); set DIALER_DATA_DIR to another."
        ) from error
    return folder
