"""The texts that ship: what each of them requires, where it stands, and which of its clauses other papers name (P8)."""

import re
from functools import lru_cache

from portal.domain.papers.model import Block, plain
from portal.domain.papers.placeholders import Placeholder
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Choice
from portal.domain.templates.services import SHIPPED, TEXTS, parsed

# The letter by which PLACEHOLDERS knows an agreement's text, by its key.
LETTERS = {"price-protection.zh": "A", "price-protection.bilingual": "B", "price-protection-small.zh": "P"}
_OTHERS_REFERENCE = re.compile(r"(本(?:通知|单|决定|补充协议|书))?第(\d+\.\d+)款")
_OTHERS_ARTICLES = re.compile(r"(?:协议|》)((?:第[一二三四五六七八九十]+条、?)+)")


@lru_cache(maxsize=16)
def shipped_text(key: str) -> str:
    """A text as it ships."""
    return (TEXTS / f"{key}.md").read_text(encoding="utf-8")


def required(base_key: str) -> list[Placeholder]:
    """The placeholders without which no text of this kind is published, in the order of the text that ships."""
    letter = LETTERS[base_key]
    names = parsed(shipped_text(base_key)).placeholders()
    return [
        entry
        for entry in (PLACEHOLDERS[name] for name in names if name in PLACEHOLDERS)
        if entry.is_required and letter in entry.papers
    ]


def where(base_key: str, name: str) -> str:
    """Where a placeholder stands first in the text that ships: 3.1, a heading, or the lines before the articles."""
    paper = parsed(shipped_text(base_key))
    for section in paper.sections:
        for block in section.blocks:
            if any(run.placeholder == name for line in block.lines() for run in line):
                number = block.number if isinstance(block, Block) and block.kind.value == "clause" else None
                return number or plain(section.heading)
        if any(run.placeholder == name for run in section.heading):
            return plain(section.heading).split("（")[0]
    return "首部"


@lru_cache(maxsize=1)
def references_of_others() -> dict[str, str]:
    """What other papers refer to in the agreement, 13.2 or 条 六, and the title of one that does."""
    found: dict[str, str] = {}
    for key in sorted(SHIPPED - set(LETTERS)):
        paper = parsed(shipped_text(key))
        for line in paper.lines():
            words = plain(line)
            for own, number in _OTHERS_REFERENCE.findall(words):
                if not own:
                    found.setdefault(f"第{number}款", plain(paper.title))
            for listed in _OTHERS_ARTICLES.findall(words):
                for numeral in re.findall("第([一二三四五六七八九十]+)条", listed):
                    found.setdefault(f"第{numeral}条", plain(paper.title))
    # The grounds of a notice of termination are phrases of the portal that name clauses.
    for entry in PLACEHOLDERS.values():
        if isinstance(entry.kind, Choice):
            for chinese, _ in entry.kind.choices:
                for _own, number in _OTHERS_REFERENCE.findall(chinese):
                    found.setdefault(f"第{number}款", entry.zh)
    return found
