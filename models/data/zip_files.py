"""Files in a ZIP archive."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile


def write_zip_file(contents: Mapping[str, str | bytes], file: Path) -> None:
    """contents: by name in the archive."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
