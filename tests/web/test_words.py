"""Every code that people meet has a word in their language."""

from enum import StrEnum

import pytest
from flask_babel import force_locale

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Channel, Level, Standing
from portal.domain.price_protection.models import PriceKind, Status
from portal.domain.price_protection.phases import Phase
from portal.domain.price_protection.price_approvals import ApprovalState
from portal.web.words import ByCode, tone, word

ENUMS = (Role, Level, Channel, Standing, PriceKind, Status, Phase, ApprovalState)


def test_every_code_has_a_word_in_both_languages(app):
    with app.test_request_context():
        for code in (code for kind in ENUMS for code in kind):
            with force_locale("en"):
                english = word(code)
            with force_locale("zh_CN"):
                chinese = word(code)
            assert english.isascii() and english != code.value, code
            assert chinese and not any(letter.isascii() for letter in chinese), (code, chinese)
            assert tone(code) in ("", "wait", "ok", "warn", "bad")


class _Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"


class _Case(StrEnum):
    OPEN = "open"


def test_equal_texts_of_two_enums_are_two_codes():
    said = ByCode((_Door.OPEN, "door"), (_Case.OPEN, "case"), (_Door.SHUT, "closed"))
    assert (said[_Door.OPEN], said[_Case.OPEN], said["shut"]) == ("door", "case", "closed")
    assert list(said) == [_Door.OPEN, _Case.OPEN, _Door.SHUT]
    with pytest.raises(KeyError):
        said["open"]
    with pytest.raises(ValueError, match="twice"):
        ByCode((_Door.OPEN, "a"), (_Door.OPEN, "b"))
