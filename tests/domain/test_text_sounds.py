"""The table of readings says what the dictionary it was made from says."""

import os

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")

from pypinyin.constants import PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

from portal.domain.text import names


def test_every_character_of_the_dictionary_is_read_as_it_says():
    said = {chr(number): to_normal(readings.split(",")[0]) for number, readings in PINYIN_DICT.items()}
    assert len(said) > 40_000
    wrong = {char: (names._sound(char), sound) for char, sound in said.items() if names._sound(char) != sound}
    assert not wrong


def test_what_has_no_reading_stands_for_itself():
    assert [names._sound(char) for char in "の한é"] == list("の한é")


def test_the_licence_of_the_dictionary_lies_beside_the_table():
    assert (
        "Permission is hereby granted"
        in (names.Path(names.__file__).with_name("sounds.licence.txt")).read_text()
    )
