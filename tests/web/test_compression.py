"""Answers are packed for browsers that take it, and nothing is told by their length."""

import gzip
import re
from pathlib import Path

import brotli
import pytest

from portal.domain.access.roles import Role

GZIP = {"Accept-Encoding": "gzip, deflate"}
BR = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def test_a_page_is_packed_for_who_takes_it_and_plain_for_others(client):
    plain = client.get("/login")
    packed = client.get("/login", headers=GZIP)
    assert "Content-Encoding" not in plain.headers and "Accept-Encoding" in plain.vary
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.vary
    assert len(packed.data) < len(plain.data) * 0.7 and int(packed.headers["Content-Length"]) == len(
        packed.data
    )
    assert "</html>" in gzip.decompress(packed.data).decode()


def test_who_takes_brotli_gets_a_smaller_page(client):
    plain, packed = client.get("/login").data, client.get("/login", headers=BR)
    assert packed.headers["Content-Encoding"] == "br" and "Accept-Encoding" in packed.vary
    page = brotli.decompress(packed.data).decode()
    assert re.search(r"</html>\s*<!--[0-9a-f]+-->$", page)
    assert len(packed.data) < len(gzip.compress(plain, 6))
    assert len({len(client.get("/login", headers=BR).data) for _time in range(40)}) > 10
    assert client.get("/styles.css", headers=BR).headers["Content-Encoding"] == "gzip"


def test_who_refuses_both_gets_neither(client):
    for refused in ("gzip;q=0", "gzip;q=0, br;q=0", "zstd", "identity"):
        assert "Content-Encoding" not in client.get("/login", headers={"Accept-Encoding": refused}).headers


def test_the_same_page_is_not_always_of_the_same_length(client):
    lengths = {len(client.get("/login", headers=GZIP).data) for _time in range(40)}
    assert len(lengths) > 10


def test_static_text_is_packed_once_and_stays_what_it_is(app, client):
    plain = client.get("/static/app.css?v=1")
    packed = [client.get("/static/app.css?v=1", headers=GZIP) for _time in range(2)]
    assert gzip.decompress(packed[0].data) == plain.data and packed[0].data == packed[1].data
    assert "immutable" in packed[0].headers["Cache-Control"]
    assert packed[0].headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    ["../config.py", "..%2fconfig.py", "%2e%2e/config.py", "vendor/../../config.py", "../web/access.py"],
)
def test_no_address_of_static_files_leads_out_of_their_folder(client, path):
    answer = client.get(f"/static/{path}", headers=GZIP)
    body = answer.data
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    assert answer.status_code == 404 and b"import " not in body and b"</html>" in body


def test_a_static_file_that_is_not_there_is_not_found(client):
    answer = client.get("/static/none.css", headers=GZIP)
    assert answer.status_code == 404 and "</html>" in gzip.decompress(answer.data).decode()


def test_all_styles_come_as_one_packed_once(client):
    address = re.search(
        r'<link rel="stylesheet" href="(/styles\.css\?v=[0-9a-f]+)">', client.get("/login").text
    )
    plain = client.get(address[1])
    packed = [client.get(address[1], headers=GZIP) for _time in range(2)]
    assert gzip.decompress(packed[0].data) == plain.data and packed[0].data == packed[1].data
    assert plain.mimetype == "text/css" and "immutable" in plain.headers["Cache-Control"]
    assert "Licensed under MIT" in plain.text and "Own styles" not in plain.text
    assert plain.text.index("Tabler") < plain.text.index(".formbar")
    again = client.get(address[1], headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304 and not again.data


def test_the_styles_lose_only_their_comments(app, client):
    def bare(text):
        return re.sub(r"\s+", "", re.sub(r"/\*(?!!).*?\*/", "", text, flags=re.S))

    files = [Path(app.static_folder) / name for name in ("vendor/tabler.css", "app.css")]
    assert bare("".join(file.read_text() for file in files)) == bare(client.get("/styles.css").text)


def test_a_page_asks_for_its_styles_its_icon_and_one_script_only(client):
    page = client.get("/login").text
    asked = re.findall(r'(?:src|href)="((?!data:|#)[^"]+)"', page)
    assert [one for one in asked if "." in one.split("?")[0]] == [
        one for one in asked if one.startswith(("/styles.css?", "/static/icon.svg?", "/static/app.js?"))
    ]


def test_a_file_to_download_is_left_as_it_is(app, sign_in, make):
    browser = sign_in(make.user(Role.ADMINISTRATOR))
    workbook = browser.get("/distributors/export", headers=GZIP)
    assert workbook.data[:2] == b"PK" and "Content-Encoding" not in workbook.headers


def test_a_refusal_and_an_empty_answer_survive(client):
    refused = client.post("/login", data={"username": "", "password": ""}, headers=GZIP)
    assert refused.status_code == 422 and "</html>" in gzip.decompress(refused.data).decode()
    assert client.head("/login", headers=GZIP).status_code == 200
