"""The first sheet of an Excel file, as the text that its cells show."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from itertools import islice

from models.schema import InputError

MARK = b"PK\x03\x04"
"""What an .xlsx file starts with, as every zip archive."""
MOST_BYTES = 256 * 2**20
"""When it is unpacked."""
_MOST_ROWS = 200_000
_UNREADABLE = 'The file is an archive, but not an Excel file that can be read. Save it in the format "CSV UTF-8".'


def sheet_rows(data: bytes) -> Iterator[list[str]]:
    """Rows of an .xlsx file. Raises InputError."""
    from openpyxl import load_workbook  # needed only for such a file

    try:
        unpacked = sum(each.file_size for each in zipfile.ZipFile(BytesIO(data)).infolist())
        if unpacked > MOST_BYTES:
            raise InputError(
                f"The Excel file is too large: {unpacked / 2**20:,.0f} MiB when unpacked. Remove some rows."
            )
        sheet = load_workbook(BytesIO(data), read_only=True, data_only=True).worksheets[0]
        for row in islice(sheet.iter_rows(values_only=True), _MOST_ROWS):
            yield [_as_text(value) for value in row]
    except InputError:
        raise
    except Exception as error:  # openpyxl raises many kinds for a file that is damaged
        raise InputError(_UNREADABLE) from error


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date():
            return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)
