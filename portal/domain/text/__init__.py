"""What people type, understood: each function takes text as pasted and gives the value or a reason why not.

All are pure. A refusal is a DomainError whose msgid says what to do; it names no field, since the caller
knows it.
"""

from portal.domain.text.cleaning import NumericText, clean, clean_lines, half_width
from portal.domain.text.clocks import clock
from portal.domain.text.codes import bank_account, email, uscc
from portal.domain.text.dates import date_on
from portal.domain.text.names import (
    Pinyin,
    name_key,
    near_same,
    pinyin,
    sound_key,
    sound_mark,
    swapped,
    syllables,
)
from portal.domain.text.numbers import amount_fen, rate_ppm, whole
from portal.domain.text.phones import Phone, phones

__all__ = [
    "NumericText",
    "Phone",
    "Pinyin",
    "amount_fen",
    "bank_account",
    "clean",
    "clean_lines",
    "clock",
    "date_on",
    "email",
    "half_width",
    "name_key",
    "near_same",
    "phones",
    "pinyin",
    "rate_ppm",
    "sound_key",
    "sound_mark",
    "swapped",
    "syllables",
    "uscc",
    "whole",
]
