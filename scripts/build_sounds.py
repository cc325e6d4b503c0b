"""Write portal/domain/text/sounds.txt, how each character is usually read, from pypinyin's dictionary (MIT).

Run it after pypinyin was renewed: .venv/bin/python scripts/build_sounds.py. The dictionary itself would cost every
worker 11 MB; the file costs it 0.2 MB.
"""

from collections import defaultdict
from pathlib import Path

from pypinyin.constants import PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

TARGET = Path(__file__).resolve().parent.parent / "portal" / "domain" / "text" / "sounds.txt"
HEAD = """\
# How each character is usually read, without its tone; made by scripts/build_sounds.py from pypinyin's dictionary:
# Copyright (c) 2016 mozillazg, 闲耘 <hotoo.cn@gmail.com>, MIT License.
"""


def main() -> None:
    """Write it, one sound a line: the sound, then its characters."""
    characters = defaultdict(list)
    for number, readings in sorted(PINYIN_DICT.items()):
        characters[to_normal(readings.split(",")[0])].append(chr(number))
    lines = (f"{sound} {''.join(found)}\n" for sound, found in sorted(characters.items()))
    TARGET.write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"{TARGET.name}: {sum(map(len, characters.values()))} characters, {len(characters)} sounds")


if __name__ == "__main__":
    main()
