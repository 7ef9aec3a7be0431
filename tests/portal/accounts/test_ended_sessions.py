"""A blocked card and a revoked certificate end the sessions that rest on them, by one question for many."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.sessions.models import Session
from pytest_django import DjangoAssertNumQueries

from ca.models import Certificate
from cards import lifecycle
from cards.reasons import BlockReason
from journal import sequencing
from journal.actor import Actor
from portal.accounts import ended_sessions
from portal.accounts.models import EndReason, PortalSession
from portal.accounts.sessions import SESSION_ID
from tests.portal.conftest import logged_in, scene
from tests.scenarios import Scene, a_pending_order, an_active_card
from worker.consumers import consume_available
from worker.wiring import consumers

__all__ = ["scene"]
ACTOR = Actor.system("sessions")


@pytest.fixture
def opened(scene: Scene) -> Callable[[str, str], PortalSession]:
    """Return what opens a session for Alva that rests on a certificate and a card."""

    def open_one(certificate_sha256: str, card_number: str) -> PortalSession:
        browser = logged_in(scene.cast.alva)
        row = PortalSession.objects.filter(pk=browser.session[SESSION_ID])
        row.update(certificate_sha256=certificate_sha256, card_number=card_number)
        return row.get()

    return open_one


def reason_of(row: PortalSession) -> str:
    row.refresh_from_db()
    return row.end_reason


@pytest.mark.django_db(transaction=True)
def test_a_blocked_card_ends_what_it_opened_and_nothing_else(
    scene: Scene, opened: Callable[[str, str], PortalSession]
) -> None:
    """T15: by the journal's entries alone, without a click; a second time changes nothing."""
    card = an_active_card(scene)
    _, second = Certificate.objects.filter(carrier_id=str(card.pk))
    by_card, in_another_browser = (opened("0" * 64, card.card_number or "") for _ in range(2))
    by_certificate = opened(second.sha256, "")
    foreign = opened(hashlib.sha256(b"another").hexdigest(), "9752278900000000999")
    without_card = opened("1" * 64, "")
    (consumer,) = (one for one in consumers() if one.name == "sessions")
    sequencing.sequence_committed()
    consume_available(consumer, limit=10_000)
    assert PortalSession.objects.filter(ended_at__isnull=False).count() == 0
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(minutes=1),
    )
    sequencing.sequence_committed()
    consume_available(consumer, limit=10_000)
    for row in (by_card, in_another_browser):
        assert reason_of(row) == EndReason.CARD_NOT_ACTIVE.value
        assert not Session.objects.filter(session_key=row.session_key).exists()
    assert reason_of(by_certificate) == EndReason.CERTIFICATE_REVOKED.value
    assert (reason_of(foreign), reason_of(without_card)) == ("", "")


def test_the_database_is_asked_once_for_all_that_were_revoked_together(
    scene: Scene,
    opened: Callable[[str, str], PortalSession],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    card = an_active_card(scene)
    opened("0" * 64, "")
    ids = [str(one.pk) for one in Certificate.objects.all()]
    with django_assert_num_queries(1):
        assert ended_sessions.end_for_certificates(ids, actor=ACTOR, at=datetime.now(UTC)) == 0
    with django_assert_num_queries(1):
        assert ended_sessions.end_for_cards([str(card.pk)], actor=ACTOR, at=datetime.now(UTC)) == 0


def test_a_card_without_a_number_ends_no_session_that_has_no_card(
    scene: Scene, opened: Callable[[str, str], PortalSession]
) -> None:
    card = a_pending_order(scene).card
    assert card.card_number is None
    opened("0" * 64, "")
    assert ended_sessions.end_for_cards([str(card.pk)], actor=ACTOR, at=datetime.now(UTC)) == 0
