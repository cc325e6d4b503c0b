"""What a screen reader is told of a paper: one element a paragraph, cell or heading, with its language.

WeasyPrint 70 makes an element of every line, starts a paragraph anew on each page, says nothing of languages
and puts page numbers into the reading. This builds the tree from the same boxes: what goes over a page's end
stays one, English says that it is, and the foot, a repeated table head and a watermark are no content. The
tree is a fifth of the size. It replaces `add_tags` where the library looks it up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pydyf
from weasyprint import pdf as weasyprint_pdf
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder

TAGS = {
    "h1": "H1",
    "h2": "H2",
    "p": "P",
    "table": "Table",
    "thead": "THead",
    "tbody": "TBody",
    "tr": "TR",
    "th": "TH",
    "td": "TD",
}


@dataclass(slots=True, eq=False)
class Element:
    """One element of the tree; a kid is another one or a marked piece of a page, by page and number."""

    tag: str
    parent: "Element | None" = None
    language: str | None = None
    first_page: int = 0
    kids: list["Element | tuple[int, int]"] = field(default_factory=list)
    dictionary: Any = None


@dataclass(slots=True)
class Tree:
    """The elements of a document, and whose each marked piece of a page is."""

    root: Element = field(default_factory=lambda: Element("Document"))
    of_html: dict[Any, Element] = field(default_factory=dict)
    owners: dict[tuple[int, int], Element] = field(default_factory=dict)

    def walk(self, box: Any, parent: Element, page: int, marks: dict[Any, Any]) -> None:
        """Note whose the text in a box is."""
        if isinstance(box, AbsolutePlaceholder):
            box = box._box
        if isinstance(box, boxes.MarginBox):
            return
        if isinstance(box, boxes.TextBox):
            if box in marks:
                piece = (page, marks[box]["mcid"])
                self.owners[piece] = parent
                parent.kids.append(piece)
            return
        owner = self._element(box, parent, page)
        if owner is not None:
            for child in getattr(box, "children", ()):
                self.walk(child, owner, page, marks)

    def _element(self, box: Any, parent: Element, page: int) -> Element | None:
        """Give the element that a box belongs to, a new one with the first box of it; None if it is no content."""
        html = box.element
        if html is None or box.element_tag in ("html", "body"):
            return parent
        if html.get("aria-hidden") == "true":
            return None
        language = html.get("lang")
        tag = TAGS.get(box.element_tag) or ("Span" if language else None)
        if tag is None:
            return parent
        known = self.of_html.get(html)
        if known is None:
            known = self.of_html[html] = Element(tag, parent, language, page)
            parent.kids.append(known)
        elif tag == "THead" and known.first_page != page:
            return None
        return known


def add_tags(pdf: Any, document: Any, pdf_version: Any, page_streams: Any) -> None:
    """Write the tree of a document that was drawn, and mark its pages accordingly."""
    tree = Tree()
    for number, (page, stream) in enumerate(zip(document.pages, page_streams, strict=True)):
        tree.walk(page._page_box, tree.root, number, stream._tags)
    renumbered: dict[tuple[int, int], int] = {}
    owners = [_mark(stream, number, tree, renumbered) for number, stream in enumerate(page_streams)]

    root = pydyf.Dictionary({"Type": "/StructTreeRoot"})
    pdf.add_object(root)
    _number(pdf, tree.root)
    _write(pdf, tree.root, root, renumbered)
    root["K"] = tree.root.dictionary.reference
    parents = pydyf.Dictionary({"Nums": pydyf.Array()})
    for number, page_owners in enumerate(owners):
        parents["Nums"] += [number, pydyf.Array([owner.dictionary.reference for owner in page_owners])]
    pdf.add_object(parents)
    root["ParentTree"] = parents.reference
    pdf.catalog["StructTreeRoot"] = root.reference
    pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})
    pdf.catalog["MarkInfo"] = pydyf.Dictionary({"Marked": "true"})


def _mark(stream: Any, page: int, tree: Tree, renumbered: dict[tuple[int, int], int]) -> list[Element]:
    """Join the marked pieces of a page that follow one another in one element; list the pieces' elements.

    What belongs to no element is marked as an artifact, and a piece without text is left out.
    """
    owners: list[Element] = []
    written: list[Any] = []
    joins = False  # the last thing written is the end of a piece of the element that ends `owners`
    for is_piece, items in _pieces(stream.stream):
        if not is_piece:
            written += items
            joins = joins and not items
            continue
        number, content = items[1]["MCID"], items[3:-1]
        if not any(isinstance(item, bytes) and item.endswith(b" TJ") for item in content):
            # Set state, draw nothing.
            written += [item for item in content if item not in (b"BT", b"ET")]
            joins = joins and content == [b"BT", b"ET"]
            continue
        owner = tree.owners.get((page, number))
        if owner is None:
            written += [b"/Artifact BMC", *content, b"EMC"]
            joins = False
            continue
        if joins and owners[-1] is owner:
            written.pop()
            if written[-1] == b"ET" and content[0] == b"BT":
                written.pop()
                content = content[1:]
            written += [*content, b"EMC"]
        else:
            written += [f"/{owner.tag} <</MCID {len(owners)}>> BDC".encode(), *content, b"EMC"]
            owners.append(owner)
        joins = True
        renumbered[page, number] = len(owners) - 1
    stream.stream[:] = written
    return owners


def _pieces(items: list[Any]) -> Iterator[tuple[bool, list[Any]]]:
    """Split what is drawn on a page at its numbered pieces, each from its tag to its EMC."""
    start = 0
    for position, item in enumerate(items):
        if item == b"BDC":
            yield False, items[start : position - 2]
            start = items.index(b"EMC", position) + 1
            yield True, items[position - 2 : start]
    yield False, items[start:]


def _number(pdf: Any, element: Element) -> None:
    element.dictionary = pydyf.Dictionary({"S": f"/{element.tag}"})
    pdf.add_object(element.dictionary)
    for kid in element.kids:
        if isinstance(kid, Element):
            _number(pdf, kid)


def _write(pdf: Any, element: Element, parent: Any, renumbered: dict[tuple[int, int], int]) -> None:
    """Fill an element's dictionary, once all of them have numbers."""
    dictionary = element.dictionary
    dictionary["P"] = parent.reference
    if element.language is not None:
        dictionary["Lang"] = pydyf.String(element.language)
    if element.tag == "TH":
        dictionary["A"] = pydyf.Dictionary({"O": "/Table", "Scope": "/Column"})
    kids = pydyf.Array()
    first: int | None = None
    last: tuple[int, int] | None = None
    for kid in element.kids:
        if isinstance(kid, Element):
            _write(pdf, kid, dictionary, renumbered)
            kids.append(kid.dictionary.reference)
            last = None
        elif kid in renumbered and (kid[0], renumbered[kid]) != last:
            last = (kid[0], renumbered[kid])
            reference = pdf.page_references[kid[0]]
            if first is None:
                first = kid[0]
                dictionary["Pg"] = reference
            if kid[0] == first:
                kids.append(last[1])
            else:
                kids.append(pydyf.Dictionary({"Type": "/MCR", "Pg": reference, "MCID": last[1]}))
    dictionary["K"] = kids[0] if len(kids) == 1 and not isinstance(kids[0], dict) else kids


def install() -> None:
    """Make WeasyPrint tag papers so."""
    weasyprint_pdf.add_tags = add_tags
