"""What the boxes of the editor say, put together as a text."""

import re
from dataclasses import dataclass, field, replace

from flask import request
from flask_babel import gettext as _

from portal.domain.errors import DomainError
from portal.domain.templates import kinds
from portal.domain.templates.models import TemplateDraft
from portal.domain.templates.pieces import (
    PREAMBLE,
    Article,
    Pieces,
    Run,
    cut,
    join,
    new_id,
    read,
    read_heading,
    shown,
)
from portal.web.htmx import say

_ID = re.compile(r"^own-[a-z]+$")


@dataclass
class Typed:
    """The pieces as typed, and by name of the box what was refused in it; `boxes` is what stands in each."""

    pieces: Pieces
    boxes: dict[str, str]
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole text."""
        return join(self.pieces)


def stored(draft: TemplateDraft) -> Typed:
    """The draft as it was saved."""
    pieces = cut(draft.text)
    return Typed(pieces, boxes_of(pieces))


def boxes_of(pieces: Pieces) -> dict[str, str]:
    """What stands in each box: the title, headings, and runs of lines."""
    boxes = {"title": shown(pieces.title)}
    for article in pieces.articles:
        boxes[f"heading:{article.id}"] = shown(article.heading)
        for no, run in enumerate(article.runs):
            if not run.is_table:
                boxes[f"text:{article.id}:{no}"] = shown(run.text)
    return boxes


def typed(draft: TemplateDraft) -> Typed:
    """The form that was sent, on top of the saved draft, whose tables stay; what cannot be read stays as typed."""
    before = cut(draft.text)
    refused: dict[str, str] = {}
    boxes = {
        name: value
        for name, value in request.form.items()
        if name == "title" or name.startswith(("heading:", "text:", "kind:"))
    }
    title = read_heading(boxes.get("title", shown(before.title)))
    if not title:
        refused["title"] = _("Enter the title.")
    articles = [
        _article(before.article(id), id, boxes, refused)
        for id in dict.fromkeys(request.form.getlist("order"))
        if before.article(id) is not None or _ID.match(id)
    ]
    known = {article.id for article in articles}
    # What the portal fills never goes, whatever was sent; where it stood is near its end.
    articles += [
        one for one in before.articles if one.id not in known and (one.is_fixed or one.id == PREAMBLE)
    ]
    articles.sort(key=lambda article: article.id != PREAMBLE)
    return Typed(Pieces(before.front, title or before.title, tuple(articles)), boxes, refused)


def _article(before: Article | None, id: str, boxes: dict[str, str], refused: dict[str, str]) -> Article:
    before = before or Article(id, "", (Run(""),))
    heading = before.heading
    if id != PREAMBLE:
        name = f"heading:{id}"
        heading = read_heading(boxes.get(name, shown(heading)))
        if not heading:
            refused[name] = _("Enter a heading.")
            heading = "—"
    runs = []
    for no, run in enumerate(before.runs):
        name = f"text:{id}:{no}"
        if run.is_table and before.is_library:
            run = replace(run, text=kinds.read_table(run.text, boxes))
        elif not run.is_table and name in boxes:
            try:
                run = Run(read(boxes[name]))
            except DomainError as error:
                refused[name] = say(error)
                run = Run(boxes[name].replace("#", "＃").replace("|", "｜"))
        runs.append(run)
    return Article(id, heading, tuple(runs))


def with_article_after(form: Typed, id: str) -> Typed:
    """One more empty article below this one."""
    articles = list(form.pieces.articles)
    made = new_id([article.id for article in articles])
    place = next((no for no, one in enumerate(articles) if one.id == id), len(articles) - 1) + 1
    articles.insert(place, Article(made, _("New article"), (Run(""),)))
    return Typed(replace(form.pieces, articles=tuple(articles)), form.boxes, form.refused)


def without_article(form: Typed, id: str) -> Typed:
    """Without this article, unless it holds what the portal fills."""
    left = tuple(one for one in form.pieces.articles if one.id != id or one.is_fixed or one.id == PREAMBLE)
    return Typed(replace(form.pieces, articles=left), form.boxes, form.refused)
