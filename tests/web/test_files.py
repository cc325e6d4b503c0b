"""What a file is called reaches the browser, whatever language its name is in."""

import pytest
from flask import Response

from portal.web.files import name, shown


@pytest.mark.parametrize(
    ("filename", "kind", "said"),
    [
        ("PPA-2026-000001.pdf", "inline", "inline; filename=PPA-2026-000001.pdf"),
        ("清单.pdf", "attachment", "attachment; filename=.pdf; filename*=UTF-8''%E6%B8%85%E5%8D%95.pdf"),
        ("执照 1.pdf", "inline", "inline; filename=\"1.pdf\"; filename*=UTF-8''%E6%89%A7%E7%85%A7%201.pdf"),
    ],
)
def test_a_name_in_any_language_goes_into_a_header(filename, kind, said):
    response = Response(b"")
    name(response, filename, kind)
    value = response.headers["Content-Disposition"]
    value.encode("latin-1")  # what a server sends
    assert value.replace('"', "") == said.replace('"', "")


def test_a_file_that_is_shown_is_kept_by_nobody_on_the_way():
    response = shown(b"%PDF", "application/pdf", "用印申请单.pdf")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
