"""Reports tell how things stood, to those who may know, and no cell computes (REP-1, CRD-5)."""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from ca.environments import Environment
from cards.lifecycle import block_card
from cards.reasons import BlockReason
from journal.actor import Actor
from reports.catalogue import CATALOGUE, report_kind
from reports.errors import TooLongForPdf, UnknownReport
from reports.queries import rows
from reports.rendering import MOST_ROWS_IN_PDF, Heading, write_csv, write_pdf, write_xlsx
from reports.sealing import seal
from tests.authority import the_authority
from tests.scenarios import Scene, a_pending_order, a_scene, a_shipped_card, an_active_card

SYSTEM = Actor.system("report")


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


def column(code: str, name: str) -> int:
    return [english for _, english in CATALOGUE[code].columns].index(name)


def states(scene: Scene, at: datetime) -> list[str]:
    return [row[column("S1", "State")] for row in rows("S1", actor=scene.cast.alva, as_of=at)]


def test_a_card_is_told_as_it_stood_at_each_moment_of_its_life(scene: Scene) -> None:
    """REP-1: the status report of a past moment says what it said then."""
    before = scene.at - timedelta(seconds=1)
    card = an_active_card(scene)
    card.refresh_from_db()
    assert card.shipped_at is not None
    assert card.activated_at is not None
    active_at = card.activated_at
    blocked_at = scene.later(hours=1)
    block_card(
        card_id=str(card.pk), reason=BlockReason.LOST_OR_STOLEN, requested_at=blocked_at, note="",
        actor=scene.cast.alva, at=blocked_at,
    )  # fmt: skip
    assert states(scene, before) == []
    assert states(scene, card.ordered_at) == ["BESTÄLLT"]
    assert states(scene, card.shipped_at) == ["SKICKAT"]
    assert states(scene, active_at) == ["AKTIVT"]
    assert states(scene, blocked_at) == ["SPÄRRAT"]
    assert states(scene, blocked_at - timedelta(seconds=1)) == ["AKTIVT"]


def test_an_active_card_past_its_last_day_is_told_as_expired(scene: Scene) -> None:
    card = an_active_card(scene)
    late = scene.at + timedelta(days=(card.valid_until - scene.at.date()).days + 1)
    assert states(scene, late) == ["UTGÅNGET"]


def test_cards_not_activated_are_counted_in_days(scene: Scene) -> None:
    """POR-12: the basis for blocking cards that nobody activated."""
    card = a_shipped_card(scene)
    assert card.shipped_at is not None
    (row,) = rows("S3", actor=scene.cast.alva, as_of=card.shipped_at + timedelta(days=12, hours=1))
    assert row[column("S3", "Days since shipped")] == "12"


def test_an_active_card_is_not_among_those_that_wait(scene: Scene) -> None:
    an_active_card(scene)
    assert list(rows("S3", actor=scene.cast.alva, as_of=scene.at)) == []


def test_certificates_and_blocks_are_told_with_their_moments(scene: Scene) -> None:
    card = an_active_card(scene)
    certificates = list(rows("S2", actor=scene.cast.alva, as_of=scene.at))
    assert {row[column("S2", "State")] for row in certificates} == {"AKTIVT"}
    assert {row[column("S2", "Issuer")] for row in certificates} == {"person_hsa_id_3", "person_id_3"}
    (activation,) = rows("H2", actor=scene.cast.alva, as_of=scene.at)
    assert activation[column("H2", "Card number")] == card.card_number
    (order,) = rows("H1", actor=scene.cast.alva, as_of=scene.at)
    assert order[column("H1", "State")] == "AKTIVERAD"


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_doris_of_another_organization_gets_nothing(scene: Scene, code: str) -> None:
    card = an_active_card(scene)
    block_card(
        card_id=str(card.pk), reason=BlockReason.DEFECTIVE, requested_at=scene.at, note="",
        actor=scene.cast.alva, at=scene.at,
    )  # fmt: skip
    a_pending_order(scene)
    later = scene.at + timedelta(days=1)
    hers = list(rows(code, actor=scene.cast.doris, as_of=later))
    assert [row for row in hers if row[column(code, "Organization")] != "Region Syd"] == []
    assert hers == [] or code in {"S6", "H6"}  # her own role
    if code not in {"S3", "S4", "S5", "S7", "S9", "H4", "H5", "H7"}:  # nothing of these happened here
        assert list(rows(code, actor=scene.cast.alva, as_of=later))
        assert list(rows(code, actor=SYSTEM, as_of=later))


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_row_has_the_columns_that_the_catalogue_promises(scene: Scene, code: str) -> None:
    an_active_card(scene)
    for row in rows(code, actor=SYSTEM, as_of=scene.at):
        assert len(row) == len(CATALOGUE[code].columns)


def test_no_report_holds_a_personal_number(scene: Scene) -> None:
    card = an_active_card(scene)
    told = "\n".join(";".join(row) for code in CATALOGUE for row in rows(code, actor=SYSTEM, as_of=scene.at))
    assert card.person.personal_identity_number not in told


def test_an_unknown_report_says_which_there_are() -> None:
    with pytest.raises(UnknownReport) as refused:
        report_kind("Z9")
    assert "S1" in refused.value.facts["reports"]


HOSTILE = ["=1+1", "+46", "-2", "@SUM(A1)", "\t=1", "\r=1"]


def heading(at: datetime) -> Heading:
    return Heading(
        kind=CATALOGUE["H2"], as_of=at, made_at=at, made_by="report", environment="TEST",
        journal_size=3, journal_root="00",
    )  # fmt: skip


def test_csv_opens_in_swedish_excel_and_holds_what_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        count = write_csv([("a;b", 'c"d', "e\nf", "=1", "å")], kind=CATALOGUE["H2"], handle=handle)
    octets = path.read_bytes()
    assert octets.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert (count, table[1]) == (1, ["a;b", 'c"d', "e\nf", "'=1", "å"])
    assert table[0] == [swedish for swedish, _ in CATALOGUE["H2"].columns]


def test_xlsx_holds_text_and_never_a_formula(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "report.xlsx"
    assert write_xlsx([tuple(HOSTILE)], heading=heading(scene.at), path=path) == 1
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.data_type for cell in sheet[2]] == ["s"] * 6
    assert sheet.cell(2, 1).value == "=1+1"


def test_a_pdf_is_for_reading_and_refuses_to_be_a_phone_book(scene: Scene) -> None:
    with pytest.raises(TooLongForPdf):
        write_pdf([("",) * 6] * (MOST_ROWS_IN_PDF + 1), heading=heading(scene.at), handle=io.BytesIO())


def test_a_sealed_pdf_is_whole_and_ours_and_a_changed_one_is_not(scene: Scene) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST report seal")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1))  # noqa: DTZ001 - the builder reads naive moments as UTC
        .not_valid_after(datetime(2036, 1, 1))  # noqa: DTZ001 - as above
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=True, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    der = certificate.public_bytes(serialization.Encoding.DER)
    pdf = io.BytesIO()
    write_pdf([("2026-11-21", "9752", "SE1", "SE2", "Region Norr")], heading=heading(scene.at), handle=pdf)
    sealed = seal(
        pdf.getvalue(),
        certificate_der=der,
        chain_der=[],
        digest_algorithm="sha256",
        sign=lambda octets: key.sign(octets, ec.ECDSA(hashes.SHA256())),
    )

    def status(octets: bytes) -> tuple[bool, bool]:
        (signature,) = PdfFileReader(io.BytesIO(octets)).embedded_signatures
        context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(der)])
        found = validate_pdf_signature(signature, context)
        return found.intact, found.valid

    assert status(sealed) == (True, True)
    changed = bytearray(sealed)
    changed[20] ^= 1
    assert status(bytes(changed))[0] is False


def test_every_list_says_which_environment_it_is_about(scene: Scene) -> None:
    """QA-1: a test card in the list of cards is told apart from PROD's."""
    the_authority(Environment.QA)
    a_shipped_card(scene)
    a_shipped_card(scene, product_code="7T1")
    told = rows("S1", actor=scene.cast.alva, as_of=scene.later(minutes=1))
    assert {row[column("S1", "Environment")] for row in told} == {"PROD", "QA"}
    for kind in CATALOGUE.values():
        assert kind.columns[-1] == ("Miljö", "Environment")
