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
from cards.models import CardOrder
from cards.reasons import BlockReason
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from reports.catalogue import CATALOGUE, report_kind
from reports.errors import TooLongForPdf, UnknownReport
from reports.queries import rows
from reports.question import Question
from reports.rendering import MOST_ROWS_IN_PDF, Heading, write_pdf, write_xlsx
from reports.sealing import seal
from reports.summary import Summary, summary_of
from reports.tables import first_rows, typed_rows, write_csv
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


def heading(at: datetime, code: str = "H2") -> Heading:
    question = Question(code=code, as_of=at)
    return Heading(question=question, environment="TEST", journal_size=3, journal_root="00")


def test_csv_opens_in_swedish_excel_and_holds_what_was_put_in(scene: Scene) -> None:
    order = a_pending_order(scene)
    CardOrder.objects.filter(pk=order.pk).update(placed_by='=1;"\nå')
    written = io.BytesIO()
    count = write_csv(Question(code="H1", as_of=scene.at), handle=written)
    octets = written.getvalue()
    assert octets.startswith(b"\xef\xbb\xbf")
    table = list(csv.reader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert (count, table[1][4]) == (1, "'=1;\"\nå")
    assert table[0] == [swedish for swedish, _ in CATALOGUE["H1"].columns]


def test_xlsx_holds_text_and_never_a_formula(tmp_path: Path, scene: Scene) -> None:
    path = tmp_path / "report.xlsx"
    cells = (*HOSTILE[:6], "plain")
    assert write_xlsx([cells], heading=heading(scene.at), path=path) == 1
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.data_type for cell in sheet[2]] == ["s"] * 7
    assert sheet.cell(2, 1).value == "=1+1"


def test_xlsx_has_typed_cells_a_frozen_heading_and_filters(tmp_path: Path, scene: Scene) -> None:
    card = an_active_card(scene)
    path = tmp_path / "report.xlsx"
    asked = Question(code="S1", as_of=scene.at)
    write_xlsx(typed_rows(asked), heading=heading(scene.at, "S1"), path=path, folder=tmp_path)
    sheet, about = openpyxl.load_workbook(path).worksheets
    cells = {sheet.cell(1, place + 1).value: sheet.cell(2, place + 1) for place in range(sheet.max_column)}
    assert cells["Beställt"].value == card.ordered_at.astimezone(SWEDEN).replace(
        tzinfo=None, second=0, microsecond=0
    )
    assert cells["Giltigt t.o.m."].value.date() == card.valid_until
    assert cells["Tillitsnivå"].value == 3
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:M2"
    assert ("Rader", "1") in {(row[0].value, row[1].value) for row in about.iter_rows()}


def a_pdf(scene: Scene, code: str) -> bytes:
    asked, table, pdf = Question(code=code, as_of=scene.at), io.BytesIO(), io.BytesIO()
    write_csv(asked, handle=table)
    write_pdf(
        first_rows(asked, MOST_ROWS_IN_PDF), heading=heading(scene.at, code), summary=summary_of(asked),
        table=table.getvalue(), handle=pdf,
    )  # fmt: skip
    return pdf.getvalue()


def test_a_pdf_is_for_reading_and_refuses_to_be_a_phone_book(scene: Scene) -> None:
    empty = Summary(rows=0, breakdowns=())
    with pytest.raises(TooLongForPdf):
        write_pdf(
            [("",) * 6] * (MOST_ROWS_IN_PDF + 1), heading=heading(scene.at), summary=empty, table=b"",
            handle=io.BytesIO(),
        )  # fmt: skip


def test_a_pdf_is_an_archive_document_with_tags_that_carries_the_whole_table(scene: Scene) -> None:
    """REP: PDF/A-3 with the complete CSV inside, as far as its structure tells without veraPDF."""
    an_active_card(scene)
    reader = PdfFileReader(io.BytesIO(a_pdf(scene, "S1")))
    root = reader.root
    xmp = root["/Metadata"].data.decode()
    assert 'pdfaid:part="3"' in xmp or "<pdfaid:part>3</pdfaid:part>" in xmp
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/OutputIntents"][0]["/DestOutputProfile"].data
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "sv"
    specification = root["/AF"][0]
    assert specification["/AFRelationship"] == "/Data"
    carried = io.BytesIO()
    write_csv(Question(code="S1", as_of=scene.at), handle=carried)
    assert specification["/EF"]["/F"].data == carried.getvalue()


@pytest.mark.parametrize("code", ["S1", "S2"])
def test_the_same_question_has_the_same_octets_in_every_format(
    scene: Scene, tmp_path: Path, code: str
) -> None:
    """REP-1: no clock and no chance in a file."""
    an_active_card(scene)
    asked = Question(code=code, as_of=scene.at)
    made = []
    for turn in ("one", "two"):
        path, table = tmp_path / f"{turn}.xlsx", io.BytesIO()
        write_xlsx(typed_rows(asked), heading=heading(scene.at, code), path=path)
        write_csv(asked, handle=table)
        made.append((path.read_bytes(), table.getvalue(), a_pdf(scene, code)))
    assert made[0][0] == made[1][0]
    assert made[0][1] == made[1][1]
    assert made[0][2] == made[1][2]


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
    sealed = seal(
        a_pdf(scene, "S1"),
        certificate_der=der,
        chain_der=[],
        digest_algorithm="sha256",
        sign=lambda octets: key.sign(octets, ec.ECDSA(hashes.SHA256())),
        stamp=None,
        evidence=None,
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
