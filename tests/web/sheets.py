"""Reading an exported sheet as Excel would."""

from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from werkzeug.test import TestResponse


def rows_of(response: TestResponse) -> list[list[Any]]:
    """The cells of the first sheet, the head included; a formula in any of them fails."""
    assert response.status_code == 200, response.status
    sheet = load_workbook(BytesIO(response.data)).worksheets[0]
    for row in sheet.iter_rows():
        for cell in row:
            assert cell.data_type != "f", f"{cell.coordinate} is a formula"
    return [[cell.value for cell in row] for row in sheet.iter_rows()]
