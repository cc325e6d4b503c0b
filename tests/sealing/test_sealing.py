"""A seal that is put on, and what a file says of it once somebody has touched it."""

import dataclasses
import io
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from portal.printing.joining import join
from portal.sealing import certificate, looking, process, signing
from portal.sealing.certificate import SealFiles, SealTrouble, make, open_files, require_valid
from portal.sealing.seen import Unreadable
from tests.sealing.changing import appended, edited, flipped, rewritten, sealed_by
from tests.sealing.conftest import COMPANY, MADE_AT, SEALED_AT, made, with_password


def test_a_sealed_paper_is_whole_and_says_whose_and_when(sealed, key):
    seen = looking.look(sealed.pdf)
    [found] = seen.signatures
    assert (seen.pages, found.subject, found.is_sound, found.covers_all) == (6, COMPANY, True, True)
    assert found.at == SEALED_AT.replace(microsecond=0) and b"/M (D\\07220260403040506Z)" in sealed.pdf
    assert found.certificate_sha256 == sealed.certificate.sha256 == open_files(key).certificate.sha256


def test_whoever_gets_a_sealed_paper_or_an_answer_loads_nothing_of_it(sealed):
    """What the other processes give back is taken in by a worker of the server, which has no room for it."""
    trouble = SealTrouble("why", "what to do", {})
    given = pickle.dumps((sealed, open_files, looking.look(sealed.pdf), Unreadable("why"), trouble))
    program = (
        "import pickle, sys; pickle.loads(sys.stdin.buffer.read()); import portal.sealing.process;"
        "print(*[name for name in ('pyhanko', 'cryptography', 'asn1crypto', 'pikepdf') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=given, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.split() == []


def test_another_program_finds_it_valid_too(sealed, tmp_path):
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed.pdf)
    told = subprocess.run(["pdfsig", path], capture_output=True, text=True, timeout=60, check=False).stdout
    for part in (
        "Signature is Valid.",
        "Total document signed",
        "ETSI.CAdES.detached",
        "SHA-256",
        signing.FIELD,
    ):
        assert part in told


def test_the_seal_is_added_behind_the_paper_which_stays_what_it_was(sealed, unsealed):
    assert sealed.pdf.startswith(unsealed)
    assert len(sealed.pdf) - len(unsealed) < 12_000
    with pikepdf.open(io.BytesIO(sealed.pdf)) as pdf, pikepdf.open(io.BytesIO(unsealed)) as before:
        assert "/Version" not in pdf.Root and pdf.pdf_version == "1.7"
        assert pdf.Root.Metadata.read_bytes() == before.Root.Metadata.read_bytes()
        assert dict(pdf.docinfo) == dict(before.docinfo)
        assert pdf.Root.StructTreeRoot.objgen == before.Root.StructTreeRoot.objgen
        assert pdf.trailer.ID[0] == before.trailer.ID[0]
        assert len(pdf.Root.OutputIntents) == len(pdf.Root.AF) == 1
        [field] = pdf.Root.AcroForm.Fields
        # PDF/A wants it printable and not hidden; nothing drawn may pass for the red seal.
        assert (int(field.F) & 0b100110, list(map(float, field.Rect))) == (0b100, [0, 0, 0, 0])
        assert "/AP" not in field and "/NeedAppearances" not in pdf.Root.AcroForm
        [reference] = field.V.Reference
        assert int(reference.TransformParams.P) == 1  # no change is permitted
        assert not {"/DigestMethod", "/DigestValue", "/DigestLocation"} & set(reference.keys())
        assert pdf.Root.Perms.DocMDP.objgen == field.V.objgen
        assert "不代替" in str(field.V.Reason) and str(field.V.Location) == "浙江省杭州市"
        assert str(field.TU) == "公司电子签章"


def test_many_in_one_file_carry_no_seal_and_are_all_there(sealed):
    joined, pages = join([sealed.pdf, sealed.pdf])
    seen = looking.look(joined)
    assert (pages, seen.pages, seen.signatures) == (12, 12, ())


@pytest.mark.parametrize("change", [appended, edited])
def test_what_was_added_behind_the_seal_is_outside_it(sealed, change):
    [found] = looking.look(change(sealed.pdf)).signatures
    assert (found.is_sound, found.covers_all) == (True, False)


def test_a_page_more_is_counted(sealed):
    assert looking.look(appended(sealed.pdf)).pages == 7
    assert looking.look(rewritten(sealed.pdf, adds_page=True)).pages == 7


def test_a_byte_more_behind_the_end_is_outside_the_seal(sealed):
    [found] = looking.look(sealed.pdf + b"\n").signatures
    assert not found.covers_all


def test_a_seal_in_a_file_that_was_saved_anew_fits_no_more(sealed):
    for changed in (
        rewritten(sealed.pdf),
        rewritten(sealed.pdf, adds_page=True),
        rewritten(sealed.pdf, drops_form=True, preserve_pdfa=False),
    ):
        assert not any(one.is_sound for one in looking.look(changed).signatures)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_one_bit_that_differs_breaks_the_seal(sealed, unsealed, share):
    try:
        seen = looking.look(flipped(sealed.pdf, int(len(unsealed) * share)))
    except Unreadable:
        return
    assert seen.signatures and not any(one.is_sound for one in seen.signatures)


def test_a_bit_of_the_signature_itself_breaks_it(sealed):
    begins = re.search(rb"/Contents <", sealed.pdf).end()
    for place in (begins + 40, begins + 1700, begins + 2100):
        assert not any(one.is_sound for one in looking.look(flipped(sealed.pdf, place)).signatures)


def test_what_hides_between_the_signed_parts_is_not_sound(sealed):
    padded = re.search(rb"0{40}>", sealed.pdf).start()
    changed = sealed.pdf[:padded] + b"> /Evil (x) /Rest <" + sealed.pdf[padded + 19 :]
    assert not any(one.is_sound for one in looking.look(changed).signatures)


def test_another_certificate_is_sound_and_told_apart(unsealed, sealed, tmp_path):
    [found] = looking.look(sealed_by(unsealed, made(tmp_path, COMPANY))).signatures
    assert (found.subject, found.is_sound, found.covers_all) == (COMPANY, True, True)
    assert found.certificate_sha256 != sealed.certificate.sha256


def test_the_data_in_a_paper_is_found_in_every_copy_of_it(sealed, unsealed):
    hashes = {looking.look(pdf).data_sha256 for pdf in (sealed.pdf, unsealed, rewritten(sealed.pdf))}
    assert len(hashes) == 1 and hashes != {""}


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"%PDF-1.7 nothing of the kind", "damaged"),
        (b"%PDF-1.7\n" + b"<<" * 50_000, "damaged"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_words(data, part):
    with pytest.raises(Unreadable) as refused:
        looking.look(data)
    assert part in refused.value.msgid


@pytest.mark.parametrize("user", ["", "secret"])
def test_a_locked_file_is_refused_in_words(sealed, user):
    locked = rewritten(sealed.pdf, encryption=pikepdf.Encryption(owner="owner", user=user))
    with pytest.raises(Unreadable) as refused:
        looking.look(locked)
    assert "password" in refused.value.msgid


def test_files_are_looked_into_in_a_process_of_their_own(sealed):
    assert process.look(sealed.pdf) == looking.look(sealed.pdf)
    with pytest.raises(Unreadable, match="damaged"):
        process.look(b"%PDF-1.7 nothing of the kind")


def test_a_process_that_does_not_answer_is_ended(sealed, monkeypatch):
    monkeypatch.setattr(process, "SECONDS", 0.01)
    with pytest.raises(Unreadable) as refused:
        process.look(sealed.pdf)
    assert refused.value.msgid == process.TOO_MUCH


# ---- the certificate -------------------------------------------------------------------------------------------------


def trouble(files: SealFiles) -> str:
    with pytest.raises(SealTrouble) as refused:
        open_files(files)
    return refused.value.msgid % refused.value.params


def test_a_certificate_is_made_once_closed_to_others_and_valid_for_years(tmp_path):
    files = made(tmp_path)
    opened = open_files(files).certificate
    assert (opened.subject, opened.kind, opened.is_self_signed) == (COMPANY, "ECDSA P-256", True)
    assert opened.not_after - MADE_AT > timedelta(days=3 * 365 - 1)
    for path in (tmp_path / "seal.p12", tmp_path / "seal-password"):
        assert path.stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "seal.p12").read_bytes()
    with pytest.raises(FileExistsError):
        make("另一家有限公司", "", files, MADE_AT)
    assert (tmp_path / "seal.p12").read_bytes() == before


def test_a_password_that_is_there_is_used_and_kept(tmp_path):
    password = tmp_path / "seal-password"
    password.write_text("口令-of-the-company\nanother line\n", encoding="utf-8")
    assert open_files(made(tmp_path)).certificate.subject == COMPANY
    assert password.read_text(encoding="utf-8").startswith("口令-of-the-company")


def test_a_very_long_name_of_a_company_makes_a_certificate_too(tmp_path):
    name = "示例" * 20 + "日用化学品销售有限公司"
    assert open_files(made(tmp_path, name)).certificate.subject == name


def test_what_is_wrong_with_the_files_is_said(key, tmp_path):
    assert "does not open" in trouble(with_password(key, tmp_path, "wrong"))
    assert "does not open" in trouble(SealFiles(key.file))
    assert "cannot be read" in trouble(SealFiles(str(tmp_path / "none.p12")))
    assert "cannot be read" in trouble(SealFiles(key.file, str(tmp_path / "none")))
    junk = tmp_path / "junk.p12"
    junk.write_bytes(b"-----BEGIN CERTIFICATE-----")
    assert "no PKCS#12" in trouble(SealFiles(str(junk)))


def test_a_certificate_without_its_key_is_refused(key, tmp_path):
    found = certificate.x509.load_der_x509_certificate(open_files(key).certificate.der)
    path = tmp_path / "alone.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None, None, None, [found], certificate.serialization.NoEncryption()
        )
    )
    assert "lacks the certificate" in trouble(SealFiles(str(path)))


def test_a_key_of_an_unknown_kind_is_refused(tmp_path):
    odd = ec.generate_private_key(ec.SECP256K1())
    found = certificate._self_signed(COMPANY, "", odd, MADE_AT)
    path = tmp_path / "odd.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None, odd, found, None, certificate.serialization.NoEncryption()
        )
    )
    assert "of a kind" in trouble(SealFiles(str(path)))


@pytest.mark.parametrize(("days", "part"), [(-1, "not valid before"), (3 * 365 + 1, "expired on 2029")])
def test_nothing_is_sealed_before_or_after_the_certificate_is_valid(unsealed, key, days, part):
    with pytest.raises(SealTrouble) as refused:
        signing.seal(unsealed, key, at=MADE_AT + timedelta(days=days), place="")
    assert part in refused.value.msgid % refused.value.params


@pytest.mark.parametrize("at", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)])
def test_the_day_of_a_certificate_is_said_as_it_is_in_china(tmp_path, at):
    late = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # the third in Shanghai
    sealed = dataclasses.replace(open_files(made(tmp_path)).certificate, not_before=late, not_after=late)
    with pytest.raises(SealTrouble) as refused:
        require_valid(sealed, at)
    assert refused.value.params["day"] == "2026-03-03"


def test_a_certificate_that_is_replaced_is_used_at_once(unsealed, tmp_path):
    files = made(tmp_path)
    first = signing.seal(unsealed, files, at=SEALED_AT, place="").certificate
    (tmp_path / "seal.p12").unlink()
    make("改名后的示例有限公司", "", files, datetime(2026, 3, 3, tzinfo=UTC))
    second = signing.seal(unsealed, files, at=SEALED_AT, place="").certificate
    assert (first.subject, second.subject) == (COMPANY, "改名后的示例有限公司")
    require_valid(second, SEALED_AT)
