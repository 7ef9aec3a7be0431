"""A revocation is watched from outside until every source of every node says so (PKI-3, R4)."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from pytest_django import Settings

from ca.crl_lists import CrlList
from ca.crl_publishing import publish
from ca.models import Certificate, Issuer
from deploy.free_ports import free_port
from journal.models import Entry
from ocsp.models import Landing, Sighting
from ocsp.probe import alarms, landings, watching
from ocsp.probe.alarms import AlarmKind
from ocsp.probe.visiting import Visitor
from ocsp.selectors import progress_of
from ocsp.states import LandingState, Source
from tests.ca.test_issuance import fail_inserts_into, heal
from tests.ocsp.probe.site import node, now, place, publish_delta, publish_list
from tests.ocsp.test_publisher import ALVA, ISSUER, World
from tests.running.installation import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor(clock=now)


def a_revocation(world: World) -> Certificate:
    """Issue, publish and revoke a certificate; nobody outside knows of the revocation yet."""
    certificate = world.issue(at=now() - timedelta(minutes=5))
    world.publish(certificate, at=now())
    publish_list(world, certificate)
    world.revoke(certificate, at=now())
    certificate.refresh_from_db()
    return certificate


def seen(certificate: Certificate) -> dict[tuple[str, str], str]:
    return {(one.source, one.node): one.state for one in Sighting.objects.filter(landing_id=certificate.pk)}


def events(kind: str) -> int:
    return Entry.objects.filter(type=kind).count()


def seen_by_ocsp(visitor: Visitor) -> None:
    """Watch until the responder, which follows its store fifty times a second, has the new state."""

    def look() -> bool:
        watching.watch(visitor=visitor)
        return Sighting.objects.filter(source="ocsp", state="seen").exists()

    eventually(look)


def test_a_revocation_closes_when_ocsp_and_the_list_were_seen_and_not_before(
    world: World, visitor: Visitor, settings: Settings
) -> None:
    """R4, PKI-3: seen on each source once, whoever looks again."""
    certificate = a_revocation(world)
    landing = watching.begin(certificate, visitor=visitor)
    assert landing is not None
    here = settings.SIGILL_STATUS_URL
    watching.watch(visitor=visitor)
    assert seen(certificate) == {("ocsp", here): "awaited", ("full_crl", here): "awaited"}
    assert Sighting.objects.get(source="ocsp").said == "good"
    world.publish(certificate, at=now())
    seen_by_ocsp(visitor)
    assert seen(certificate) == {("ocsp", here): "seen", ("full_crl", here): "awaited"}
    landing.refresh_from_db()
    assert landing.state == LandingState.OPEN.value
    crl = publish_list(world, certificate)
    assert watching.watch(visitor=visitor).closed == 1
    landing.refresh_from_db()
    assert landing.state == LandingState.CLOSED.value
    assert Sighting.objects.get(source="full_crl").crl_number == crl.crl_number
    assert watching.watch(visitor=visitor).seen == 0
    assert (events("revocation.seen"), events("revocation.closed")) == (2, 1)
    (progress,) = progress_of([certificate.pk]).values()
    assert [one.source for one in progress.sources] == [Source.OCSP, Source.FULL_CRL]
    assert all(one.seen_at and one.seen_at >= progress.revoked_at for one in progress.sources)


def test_one_node_that_does_not_say_it_keeps_a_revocation_open_and_becomes_an_alarm(
    world: World, visitor: Visitor, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4, F10: two nodes, one of them cut off; its coming back closes what was late."""
    other = free_port()
    settings.SIGILL_STATUS_NODES = (settings.SIGILL_STATUS_URL, f"http://127.0.0.1:{other}")
    certificate = a_revocation(world)
    with node(tmp_path, other):
        landing = watching.begin(certificate, visitor=visitor)
    assert landing is not None
    world.publish(certificate, at=now())
    publish_list(world, certificate)
    seen_by_ocsp(visitor)
    watching.watch(visitor=visitor)
    states = seen(certificate)
    assert {state for (_, at), state in states.items() if at == settings.SIGILL_STATUS_URL} == {"seen"}
    assert {state for (_, at), state in states.items() if at.endswith(str(other))} == {"awaited"}
    assert {one.said for one in Sighting.objects.filter(state="awaited")} == {"nobody answers"}
    assert [one.kind for one in alarms.current_alarms(at=now())] == []
    monkeypatch.setattr(landings, "LIMIT", timedelta(0))
    assert watching.watch(visitor=visitor).late == 1
    assert watching.watch(visitor=visitor).late == 0
    assert events("revocation.unseen") == 1
    assert [one.kind for one in alarms.current_alarms(at=now())] == [AlarmKind.UNSEEN]
    with node(tmp_path, other):
        assert watching.watch(visitor=visitor).closed == 1
    landing.refresh_from_db()
    assert landing.state == LandingState.CLOSED.value
    assert landing.late_at is not None
    assert alarms.current_alarms(at=now()) == []


def test_a_delta_that_is_offered_must_say_it_too(world: World, visitor: Visitor, settings: Settings) -> None:
    """PKI-3, RFC 5280 5.2.4: the delta lists it, or builds on a full list that does."""
    certificate = a_revocation(world)
    base = publish_list(world, certificate).crl_number
    publish_delta(world, certificate, number=base - 1, base=base - 1, lists=False)
    watching.begin(certificate, visitor=visitor)
    world.publish(certificate, at=now())
    seen_by_ocsp(visitor)
    watching.watch(visitor=visitor)
    here = settings.SIGILL_STATUS_URL
    assert seen(certificate) == {
        ("ocsp", here): "seen",
        ("full_crl", here): "seen",
        ("delta_crl", here): "awaited",
    }
    assert Sighting.objects.get(source="delta_crl").said == f"not on delta {base - 1}"
    publish_delta(world, certificate, number=base + 1, base=base, lists=False)
    assert watching.watch(visitor=visitor).closed == 1


def test_a_delta_that_lists_it_is_enough_before_the_full_list_is_made(world: World, visitor: Visitor) -> None:
    """PKI-3."""
    certificate = a_revocation(world)
    number = Certificate.objects.get(pk=certificate.pk).issuer.crls.latest("crl_number").crl_number
    publish_delta(world, certificate, number=number + 1, base=number, lists=True)
    watching.begin(certificate, visitor=visitor)
    watching.watch(visitor=visitor)
    assert {one.source: one.state for one in Sighting.objects.all()} == {
        "ocsp": "awaited", "full_crl": "awaited", "delta_crl": "seen",
    }  # fmt: skip


def test_a_node_that_is_down_when_the_watch_begins_must_show_the_delta_all_the_same(
    world: World, visitor: Visitor, settings: Settings
) -> None:
    """PKI-3, F10: a responder that is started again drops no stop of the landing."""
    certificate = a_revocation(world)
    delta = CrlList(issuer=Issuer.objects.get(key=ISSUER), is_delta=True)
    publish(delta, signers=world.token, actor=ALVA, at=now() + timedelta(seconds=2))
    up, down = settings.SIGILL_STATUS_URL, f"http://127.0.0.1:{free_port()}"
    settings.SIGILL_STATUS_NODES = (up, down)
    watching.begin(certificate, visitor=visitor)
    # The node that answers has no delta beside its list; of the other only our own records can tell.
    assert {one for one in seen(certificate) if one[0] == "delta_crl"} == {("delta_crl", down)}


def test_a_list_that_another_signed_is_not_believed(world: World, visitor: Visitor) -> None:
    """F11: the probe verifies what it reads by itself."""
    certificate = a_revocation(world)
    watching.begin(certificate, visitor=visitor)
    crl = publish_list(world, certificate)
    whole = bytes(crl.crl_der)
    from tests.ocsp.probe.site import crl_url  # noqa: PLC0415 - here alone

    place(world, crl_url(certificate), whole[:-1] + bytes([whole[-1] ^ 1]))
    watching.watch(visitor=visitor)
    one = Sighting.objects.get(source="full_crl")
    assert one.state == "awaited"
    assert "signature" in one.said
    place(world, crl_url(certificate), whole)
    watching.watch(visitor=visitor)
    one.refresh_from_db()
    assert one.state == "seen"


def test_many_revocations_are_seen_on_one_reading_of_the_list(world: World, visitor: Visitor) -> None:
    """R21: more than twenty under way."""
    certificates = [world.issue(at=now() - timedelta(minutes=5)) for _ in range(12)]
    for one in certificates:
        world.publish(one, at=now())
    publish_list(world, certificates[0])
    for one in certificates:
        world.revoke(one, at=now())
        one.refresh_from_db()
        watching.begin(one, visitor=visitor)
        world.publish(one, at=now())
    publish_list(world, certificates[0])
    eventually(lambda: not watching.watch(visitor=visitor).under_way)
    assert events("revocation.closed") == 12


def test_what_ended_or_is_old_is_not_watched(world: World, visitor: Visitor) -> None:
    certificate = a_revocation(world)
    landing = watching.begin(certificate, visitor=visitor)
    assert landing is not None
    late = Visitor(clock=lambda: now() + timedelta(days=400))
    watching.watch(visitor=late)
    landing.refresh_from_db()
    assert landing.state == LandingState.LAPSED.value
    old = Visitor(clock=lambda: now() + timedelta(days=2))
    Sighting.objects.all().delete()
    Landing.objects.all().delete()
    assert watching.begin(certificate, visitor=old) is None


def test_the_database_refuses_half_a_sighting_and_half_an_end(world: World, visitor: Visitor) -> None:
    """Each constraint is met once."""
    certificate = a_revocation(world)
    landing = watching.begin(certificate, visitor=visitor)
    assert landing is not None
    for change in ({"state": "closed"}, {"ended_at": now()}, {"state": "late"}, {"state": "unknown"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Landing.objects.filter(pk=landing.pk).update(**change)
    for wrong in ({"state": "seen"}, {"seen_at": now()}, {"source": "rumour"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Sighting.objects.filter(landing=landing).update(**wrong)


def test_the_last_sighting_and_the_end_of_the_watch_are_one_transaction(
    world: World, visitor: Visitor
) -> None:
    """REV-1: whoever is shown that everybody has seen it is offered the receipt in the same moment."""
    certificate = a_revocation(world)
    landing = watching.begin(certificate, visitor=visitor)
    assert landing is not None
    first, last = Sighting.objects.select_related("landing__certificate").order_by("source")
    assert landings.note_seen(first, crl_number=None, at=now())
    landing.refresh_from_db()
    assert (landing.state, events("revocation.closed")) == (LandingState.OPEN.value, 0)
    fail_inserts_into("journal_entry")
    with pytest.raises(DatabaseError):
        landings.note_seen(last, crl_number=None, at=now())
    heal("journal_entry")
    last.refresh_from_db()
    assert last.state == "awaited"
    assert landings.note_seen(last, crl_number=None, at=now())
    landing.refresh_from_db()
    assert (landing.state, events("revocation.closed")) == (LandingState.CLOSED.value, 1)


def test_two_probes_that_see_the_same_note_it_once(world: World, visitor: Visitor) -> None:
    """R6: whoever comes second finds the row moved and records nothing."""
    certificate = a_revocation(world)
    landing = watching.begin(certificate, visitor=visitor)
    assert landing is not None
    for one in list(Sighting.objects.select_related("landing__certificate")):
        assert landings.note_seen(one, crl_number=None, at=now())
        assert not landings.note_seen(one, crl_number=7, at=now())
    assert Sighting.objects.filter(crl_number=7).count() == 0
    stale = Landing.objects.get(pk=landing.pk)
    assert landings.settle(landing, at=now()) is LandingState.CLOSED
    assert landings.settle(stale, at=now()) is LandingState.CLOSED
    assert (events("revocation.seen"), events("revocation.closed")) == (2, 1)
