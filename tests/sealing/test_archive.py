"""A sealed paper is the same open file for the archive: what the tests of papers see, they see in it too."""

import inspect

import pytest

from portal.printing.agreement import RenderedPaper
from tests.paper_examples import CHINESE
from tests.printing import test_archive as archive

# The one about what a paper must not have knows no form; the seal's field is looked at in test_sealing.
LOOKED_AT = (
    archive.test_the_attachment_says_what_it_is_to_the_paper,
    archive.test_every_face_is_embedded_with_its_widths_and_characters,
    archive.test_the_program_has_only_what_is_used,
    archive.test_each_marked_piece_of_a_page_belongs_to_one_element,
)


@pytest.mark.parametrize("test", LOOKED_AT, ids=lambda test: test.__name__)
def test_it_is_for_the_archive_as_before(test, sealed, monkeypatch):
    monkeypatch.setattr(archive, "printed", lambda _template=CHINESE: RenderedPaper(sealed.pdf, 6))
    test(*[CHINESE] * len(inspect.signature(test).parameters))
