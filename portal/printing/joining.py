"""Finished papers joined into one file for the printer; the papers themselves stay as they are kept."""

import io
from collections.abc import Iterable

from portal.later import later

pikepdf = later("pikepdf")


def join(papers: Iterable[bytes]) -> tuple[bytes, int]:
    """The pages of all papers in this order as one PDF, and how many there are."""
    target = io.BytesIO()
    with pikepdf.new() as joined:
        for paper in papers:
            with pikepdf.open(io.BytesIO(paper)) as part:
                joined.pages.extend(part.pages)
        count = len(joined.pages)
        joined.remove_unreferenced_resources()
        joined.save(target)
    return target.getvalue(), count
