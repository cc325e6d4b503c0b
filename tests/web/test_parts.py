"""Parts of pages written in one go: rows from columns, options, and what is kept between requests."""

from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Template
from markupsafe import Markup, escape

from portal import create_app
from portal.web import parts
from portal.web.parts import Html, kept, options, rows_by

PATTERN = (
    '<tr data-href="{{ cell.address }}"><td>100 %{{ cell.name }}</td>{{ cell.badge }}<td>{{ cell.name }}</td>'
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application that is asked nothing of a database."""
    folder = tmp_path_factory.mktemp("parts")
    app = create_app(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'none.sqlite3'}",
        INSTANCE=folder,
        SECRET_KEY="test",
        ASSETS="local",
    )
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        yield app


def written(app: Flask, **columns: list[str]) -> str:
    template = "{% call(cell) rows_by('test', columns) %}" + PATTERN + "{% endcall %}"
    return app.jinja_env.from_string(template).render(columns=columns)


@given(st.lists(st.text(), min_size=1, max_size=6))
def test_rows_are_what_the_template_would_write_one_by_one(bare: Flask, names: list[str]) -> None:
    badge = Markup("<b>%s</b>")
    rows = written(bare, address=Html(["/1"] * len(names)), name=names, badge=Html([badge] * len(names)))
    # NUL stands in no text of ours; where one comes, it is taken out.
    assert rows.replace("\0", "") == "".join(
        f'<tr data-href="/1"><td>100 %{escape(name)}</td>{badge}<td>{escape(name)}</td>'.replace("\0", "")
        for name in names
    )


def test_no_rows_are_no_text_and_columns_of_unequal_length_are_a_bug(bare: Flask) -> None:
    assert rows_by("none", {"name": []}, caller=lambda cell: cell.name) == ""
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        rows_by("two", {"a": ["1", "2"], "b": ["1"]}, caller=lambda cell: cell.a + cell.b)


def test_options_escape_both_sides_and_choose_by_value(bare: Flask) -> None:
    assert options([(1, "<甲>"), ('"2"', "乙")], '"2"') == (
        '<option value="1">&lt;甲&gt;</option><option value="&#34;2&#34;" selected>乙</option>'
    )


def test_what_is_kept_is_written_once_and_never_grows_without_end(
    bare: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_KEPT_MOST", 100)
    calls: list[int] = []

    def part(number: int) -> str:
        return kept("test", number, caller=lambda: calls.append(number) or "x" * 40)  # type: ignore[func-returns-value]

    for number in (1, 1, 2, 1, 3, 1):
        part(number)
    assert calls == [1, 2, 3, 1]
    assert sum(map(len, bare.extensions["portal_parts"].values())) <= 100
    long = "a" * 500
    assert [kept(long, caller=lambda: "y") for _turn in range(2)] == ["y", "y"]
    assert all(long not in key for key in bare.extensions["portal_parts"])


def test_macros_are_imported_without_comparing_all_names(
    bare: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails when Jinja goes another way: then PortalTemplate can go."""
    asked: list[object] = []
    monkeypatch.setattr(
        Template, "_get_default_module", lambda self, ctx=None: asked.append(ctx) or self.module_now
    )
    monkeypatch.setattr(
        parts.PortalTemplate,
        "module_now",
        bare.jinja_env.get_template("components/record.html").make_module(),
        raising=False,
    )
    page = '{% from "components/record.html" import fact %}{{ fact is defined }}'
    assert bare.jinja_env.from_string(page).render() == "True"
    assert asked == [None]
