"""Requests to block that are kept: one certificate, and what was noted on paper (POR-2, POR-7, POR-15)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from ca.models import Certificate
from cards.block_request_models import BlockRequest
from cards.block_request_selectors import held_certificate
from cards.block_requests import (
    Received,
    block_card_afterwards,
    block_certificate,
    forget_old_requests,
)
from cards.errors import CardNotFound, CertificateNotFound, Refused, RequestedInTheFuture
from cards.errors import RequestedBeforeTheCertificate as TooEarly
from cards.models import Card
from cards.paper_log import COLUMNS, MOST_ROWS, LogUnreadable, PaperRow, read_log
from cards.paper_registration import register_row
from cards.paper_rows import CheckedRow, RowProblem, check_row
from cards.reasons import BlockReason
from journal.actor import Actor
from journal.models import Entry
from journal.selectors import content_of
from tests.scenarios import Scene, a_blocked_card, an_active_card

pytestmark = pytest.mark.django_db
WORDS = {reason.value: reason for reason in BlockReason} | {"förlorat": BlockReason.LOST_OR_STOLEN}


def paper(at: datetime) -> Received:
    return Received(at=at, by="Bo Ek", by_id="SE2321000016-B007", holder="Åsa Lindqvist")


def certificates(card: Card) -> list[Certificate]:
    return list(Certificate.objects.filter(carrier_id=str(card.pk)).order_by("pk"))


def block_one(scene: Scene, certificate: Certificate, actor: Actor | None = None) -> BlockRequest:
    return block_certificate(
        certificate_id=certificate.pk,
        reason=BlockReason.CODES_KNOWN_TO_OTHERS,
        received=Received(at=scene.at),
        note="called in",
        actor=actor or scene.cast.alva,
        at=scene.at,
    )


def test_one_certificate_is_blocked_and_the_card_goes_on(scene: Scene) -> None:
    """POR-2."""
    card = an_active_card(scene)
    first, *others = certificates(card)
    row = block_one(scene, first)
    first.refresh_from_db()
    card.refresh_from_db()
    assert (first.revoked_at, row.had_effect, row.note) == (scene.at, True, "called in")
    assert card.state == "ACTIVE"
    assert others
    assert all(one.revoked_at is None for one in certificates(card) if one.pk != first.pk)
    kinds = list(Entry.objects.order_by("-pk").values_list("type", flat=True)[:4])
    assert {"certificate.revoked", "block_request.registered"} <= set(kinds)


def test_a_second_click_is_the_same_request_and_a_later_one_is_kept_without_effect(scene: Scene) -> None:
    certificate = certificates(an_active_card(scene))[0]
    assert block_one(scene, certificate).pk == block_one(scene, certificate).pk
    revoked_at = scene.at
    scene.later(minutes=5)
    assert not block_one(scene, certificate).had_effect
    certificate.refresh_from_db()
    assert certificate.revoked_at == revoked_at


def test_a_certificate_without_a_card_is_found_and_blocked(scene: Scene) -> None:
    """POR-7: no carrier is known of it, and still it is in its holder's view and can be ended."""
    certificate = certificates(an_active_card(scene))[0]
    Certificate.objects.filter(pk=certificate.pk).update(carrier_kind="", carrier_id="")
    held = held_certificate(certificate.pk, actor=scene.cast.alva, at=scene.at)
    assert (held.card, held.person.pk) == (None, scene.cast.asa.person_id)
    row = block_one(scene, certificate)
    assert (row.card_id, row.certificate_id) == (None, str(certificate.pk))


def test_doris_sees_and_blocks_no_certificate_of_another_organization(scene: Scene) -> None:
    card = an_active_card(scene)
    certificate = certificates(card)[0]
    with pytest.raises(CertificateNotFound):
        held_certificate(certificate.pk, actor=scene.cast.doris, at=scene.at)
    with pytest.raises(CertificateNotFound):
        block_one(scene, certificate, scene.cast.doris)
    with pytest.raises(CardNotFound):
        block_card_afterwards(
            card_id=card.pk,
            reason=BlockReason.REPLACED,
            received=paper(scene.at),
            actor=scene.cast.doris,
            at=scene.at,
        )
    assert not BlockRequest.objects.exists()
    assert check(scene, card, actor=scene.cast.doris).problem is RowProblem.UNKNOWN_CARD


def test_an_expired_certificate_and_a_time_that_cannot_be_are_refused(scene: Scene) -> None:
    certificate = certificates(an_active_card(scene))[0]

    def block(received_at: datetime, at: datetime) -> None:
        block_certificate(
            certificate_id=certificate.pk,
            reason=BlockReason.REPLACED,
            received=Received(at=received_at),
            actor=scene.cast.alva,
            at=at,
        )

    with pytest.raises(RequestedInTheFuture):
        block(scene.at + timedelta(seconds=1), scene.at)
    with pytest.raises(TooEarly):
        block(certificate.not_before - timedelta(seconds=1), scene.at)
    with pytest.raises(Refused, match="certificate_expired"):
        block(scene.at, certificate.not_after)
    assert not BlockRequest.objects.exists()


def cells(scene: Scene, card: Card, told: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "day": f"{scene.at:%Y-%m-%d}",
        "clock": "08:15",
        "holder": "Lindqvist, Åsa",
        "card": card.card_number or "",
        "reason": "Förlorat",
        "received_by": "Bo Ek",
        "received_by_id": "SE2321000016-B007",
        **told,
    }


def next_day(scene: Scene) -> dict[str, str]:
    return {"day": f"{scene.at + timedelta(days=1):%Y-%m-%d}", "clock": "00:30"}


def check(
    scene: Scene, card: Card, told: Mapping[str, str] | None = None, *, actor: Actor | None = None
) -> CheckedRow:
    row = PaperRow(line=2, cells=cells(scene, card, told or {}))
    later = scene.at + timedelta(days=1)
    return check_row(row, words=WORDS, actor=actor or scene.cast.alva, at=later)


def test_a_line_of_the_log_blocks_the_card_as_of_when_it_was_asked_for(scene: Scene) -> None:
    """POR-15: the true time, who received it, and the evidence; again it is the same request."""
    card = an_active_card(scene)
    checked = check(scene, card, next_day(scene))
    assert checked.is_good
    at = scene.later(days=1)
    row = register_row(checked, actor=scene.cast.alva, at=at)
    assert register_row(checked, actor=scene.cast.alva, at=at).pk == row.pk
    card.refresh_from_db()
    assert (card.state, card.blocked_at, card.block_requested_at) == ("BLOCKED", at, checked.received_at)
    assert {one.revocation_requested_at for one in certificates(card)} == {checked.received_at}
    assert (row.received_by, row.received_by_id) == ("Bo Ek", "SE2321000016-B007")
    assert (row.holder_as_written, row.had_effect) == ("Lindqvist, Åsa", True)
    assert Entry.objects.filter(type="block_request.registered").count() == 1


def test_a_line_about_one_certificate_leaves_the_card(scene: Scene) -> None:
    card = an_active_card(scene)
    first, *_ = certificates(card)
    pretty = ":".join(first.serial_hex[i : i + 2] for i in range(0, len(first.serial_hex), 2)).upper()
    for told in ({"card": ""}, {}):
        checked = check(scene, card, {"certificate": pretty, **next_day(scene), **told})
        assert (checked.problem, checked.certificate) == (None, first)
    register_row(checked, actor=scene.cast.alva, at=scene.later(days=1))
    card.refresh_from_db()
    assert card.state == "ACTIVE"


WRONG: list[tuple[dict[str, str], RowProblem]] = [
    ({"day": "18/12"}, RowProblem.NO_TIME),
    ({"clock": "25:00"}, RowProblem.NO_TIME),
    ({"day": "2099-01-01"}, RowProblem.IN_FUTURE),
    ({"day": "2001-01-01"}, RowProblem.TOO_EARLY),
    ({"reason": "because"}, RowProblem.NO_REASON),
    ({"reason": "issuer_compromised"}, RowProblem.NO_REASON),
    ({"received_by_id": " "}, RowProblem.NO_RECEIVER),
    ({"card": ""}, RowProblem.NOTHING_TO_BLOCK),
    ({"card": "9752278900000000000"}, RowProblem.UNKNOWN_CARD),
    ({"certificate": "77"}, RowProblem.UNKNOWN_CERTIFICATE),
    ({"holder": "Anna Lindqvist"}, RowProblem.HOLDER_DIFFERS),
    ({"holder": "19121212-1212"}, RowProblem.HOLDER_DIFFERS),
    ({"holder": "SE2321000016-X"}, RowProblem.HOLDER_DIFFERS),
    ({"holder": ""}, RowProblem.HOLDER_DIFFERS),
]


def test_a_line_that_is_not_right_says_what_is_wrong(scene: Scene) -> None:
    card = an_active_card(scene)
    for told, problem in WRONG:
        assert check(scene, card, told).problem is problem, told


def test_the_holder_may_be_written_as_number_hsa_id_or_name(scene: Scene) -> None:
    card = an_active_card(scene)
    number = scene.cast.asa.person.personal_identity_number
    for holder in (number, f"{number[2:8]}-{number[8:]}", card.hsa_id.lower(), "ÅSA LINDQVIST", "lindqvist"):
        assert check(scene, card, {"holder": holder, **next_day(scene)}).is_good


def test_a_line_about_a_card_that_is_blocked_is_kept_without_effect(scene: Scene) -> None:
    card = a_blocked_card(scene)
    checked = check(scene, card, next_day(scene))
    assert checked.is_blocked_already
    assert checked.is_good
    assert not register_row(checked, actor=scene.cast.alva, at=scene.later(days=1)).had_effect


def test_a_log_is_read_with_semicolons_commas_tabs_and_a_byte_order_mark() -> None:
    for parter in ";,\t":
        text = "\ufeff" + parter.join(COLUMNS) + "\r\n\r\n" + parter.join("abcdefghi") + "\r\n"
        (row,) = read_log(text)
        assert (row.line, row.cell("day"), row.cell("received_by_id")) == (3, "a", "h")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("", {"columns": "datum, tid, innehavare, orsak, mottagare, mottagarens id"}),
        ("datum;tid;innehavare;orsak;mottagare\n", {"columns": "mottagarens id"}),
        (";".join(COLUMNS), {"rows": "0", "most": str(MOST_ROWS)}),
        (";".join(COLUMNS) + "\na;b" * (MOST_ROWS + 1), {"rows": str(MOST_ROWS + 1), "most": str(MOST_ROWS)}),
    ],
)
def test_what_is_no_log_is_told_what_it_lacks(text: str, facts: dict[str, str]) -> None:
    with pytest.raises(LogUnreadable) as told:
        read_log(text)
    assert told.value.facts == facts


def test_requests_are_kept_ten_years_from_their_registration(scene: Scene) -> None:
    """POR-15."""
    row = block_one(scene, certificates(an_active_card(scene))[0])
    ten_years = row.registered_at.replace(year=row.registered_at.year + 10)
    job = Actor.system("retain")
    assert forget_old_requests(actor=job, at=ten_years) == 0
    assert forget_old_requests(actor=job, at=ten_years + timedelta(seconds=1)) == 1
    (told,) = Entry.objects.filter(type="block_request.forgotten")
    assert content_of(told)["event"]["block_request_id"] == str(row.pk)
    assert forget_old_requests(actor=job, at=ten_years + timedelta(seconds=1)) == 0


def test_the_database_refuses_a_request_about_nothing(scene: Scene) -> None:
    row = block_one(scene, certificates(an_active_card(scene))[0])
    for wrong in ({"card": None, "certificate_id": ""}, {"reason": "x"}, {"registered_by": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BlockRequest.objects.filter(pk=row.pk).update(**wrong)
