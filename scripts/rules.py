"""Where each rule is kept: `scripts/rules.py` lists the rules with the places that name them, `… P8` one of them.

The code names a rule by its key in a docstring or a comment. Keys: D life of a distributor, T training, P price
protection, K key accounts, M meetings, V visits, C credit and service.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = re.compile(r"\b(?:D(?:3b|10|[1-9])|T[12]|P(?:1b|[1-8])|K[1-8]|M1|V[1-4]|C[1-6])\b")
# A key of these letters that is none of the rules: a slip of the pen.
LIKE_A_KEY = re.compile(r"(?<![\w./-])[DTPKMVC]\d{1,2}b?(?![\w/-])")
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """One place that names a rule: the file, the line, and the function, class or module it speaks of."""

    path: Path
    line: int
    name: str
    words: str


def places(path: Path) -> Iterator[Place]:
    """The docstrings and comments of one file, each with whom it speaks of."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    owners: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if not isinstance(node, _DOCUMENTED):
            continue
        name = "(module)" if isinstance(node, ast.Module) else node.name
        if not isinstance(node, ast.Module):
            owners.append((node.lineno, node.end_lineno or node.lineno, name))
        if words := ast.get_docstring(node):
            yield Place(path, 1 if isinstance(node, ast.Module) else node.lineno, name, words)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            around = [owner for owner in owners if owner[0] <= line <= owner[1]]
            yield Place(path, line, max(around)[2] if around else "(module)", token.string)


def rules(root: Path = ROOT / "portal") -> dict[str, list[Place]]:
    """Every rule that the code names, with the places in the order of the files."""
    found: dict[str, list[Place]] = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        for place in places(path):
            for key in dict.fromkeys(KEY.findall(place.words)):
                found[key].append(place)
    return dict(sorted(found.items()))


def slips(root: Path = ROOT / "portal") -> list[str]:
    """Places that name what looks like a rule's key and is none."""
    return [
        f"{place.path.relative_to(ROOT)}:{place.line}: {word}"
        for path in sorted(root.rglob("*.py"))
        for place in places(path)
        for word in LIKE_A_KEY.findall(place.words)
        if not KEY.fullmatch(word)
    ]


def main() -> int:
    """The command line."""
    wanted = sys.argv[1:]
    found = rules()
    if unknown := [key for key in wanted if not KEY.fullmatch(key)]:
        print(f"no such rule: {', '.join(unknown)}", file=sys.stderr)
        return 2
    for key in wanted or found:
        print(key if found.get(key) else f"{key}: named nowhere")
        for place in found.get(key, []):
            first = place.words.lstrip("# ").split("\n")[0]
            print(f"  {place.path.relative_to(ROOT)}:{place.line} {place.name}: {first}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
