"""The probe measures from outside what relying services meet, and warns before anything ages out (R7, F8)."""

import re
from datetime import timedelta

import pytest
from django.test import RequestFactory

from ocsp.models import LatencySample, Measurement
from ocsp.probe import alarms, measuring
from ocsp.probe.alarms import AlarmKind
from ocsp.probe.visiting import Visitor
from ocsp.selectors import hours_of_service
from portal.pages.public.status_metrics import show_metrics
from tests.ocsp.probe.site import crl_url, now, place, publish_delta, publish_files, publish_list
from tests.ocsp.test_publisher import ISSUER, World
from tests.running.installation import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def measured(service: str) -> Measurement:
    return Measurement.objects.get(issuer_key=ISSUER, service=service)


def kinds(*, hours: float = 0) -> set[tuple[AlarmKind, str]]:
    """Return the alarms about the issuer of the tests; the others of the hierarchy publish nothing here."""
    found = alarms.current_alarms(at=now() + timedelta(hours=hours))
    return {(one.kind, one.service) for one in found if one.issuer_key in {"", ISSUER}}


def test_each_service_is_measured_and_what_is_wrong_is_an_alarm_until_it_is_right(world: World) -> None:
    """PKI-3, A9, F8."""
    visitor = Visitor(clock=now)
    certificate = world.issue(at=now() - timedelta(minutes=5))
    world.publish(certificate, at=now())
    crl, _ = publish_files(world, certificate)

    def is_well() -> bool:
        measuring.measure(visitor=visitor)
        return not kinds()

    eventually(is_well)
    assert measured("ocsp").milliseconds > 0
    assert measured("ocsp").next_update - measured("ocsp").this_update == timedelta(hours=8)
    assert measured("full_crl").octets == crl.stat().st_size
    assert measured("aia").outcome == "the issuer"
    assert not Measurement.objects.filter(issuer_key=ISSUER, service="delta_crl").exists()
    whole = crl.read_bytes()
    crl.unlink()
    measuring.measure(visitor=visitor)
    since = measured("full_crl").faulty_since
    assert (AlarmKind.FAULT, "full_crl") in kinds()
    measuring.measure(visitor=visitor)
    assert measured("full_crl").faulty_since == since
    place(world, crl_url(certificate), whole)
    measuring.measure(visitor=visitor)
    assert kinds() == set()
    world.revoke(certificate, at=now() - timedelta(minutes=2))
    measuring.measure(visitor=visitor)
    assert measured("ocsp").fault == "good, expected revoked"
    hours = hours_of_service(at=now())
    assert {one.service for one in hours} == {"ocsp", "full_crl", "aia"}
    assert all(one.worst_ms >= one.typical_ms >= 0 for one in hours)


def test_an_alarm_comes_well_before_anything_is_past_its_next_update(world: World) -> None:
    """R7, F8: half of an answer's validity; half of what a list has left beyond its interval."""
    visitor = Visitor(clock=now)
    certificate = world.issue(at=now())
    world.publish(certificate, at=now())
    crl = publish_list(world, certificate)
    publish_files(world, certificate)
    eventually(lambda: measuring.measure(visitor=visitor) is not None and not kinds())
    Measurement.objects.exclude(issuer_key=ISSUER).delete()
    later = {hours: kinds(hours=hours) for hours in (3.9, 4.1, 23, 25)}
    assert (AlarmKind.AGEING, "ocsp") not in later[3.9]
    assert (AlarmKind.AGEING, "ocsp") in later[4.1]
    assert (AlarmKind.AGEING, "full_crl") not in later[23]
    assert (AlarmKind.AGEING, "full_crl") in later[25]
    assert all((AlarmKind.PROBE_SILENT, "") in found for found in later.values())
    assert crl.next_update is not None


def test_a_delta_is_measured_where_there_is_one(world: World) -> None:
    """PKI-3: and one that adds to a list that is not there is a fault."""
    visitor = Visitor(clock=now)
    certificate = world.issue(at=now())
    world.publish(certificate, at=now())
    number = publish_list(world, certificate).crl_number
    publish_delta(world, certificate, number=number + 1, base=number, lists=False)
    measuring.measure(visitor=visitor)
    assert measured("delta_crl").fault == ""
    publish_delta(world, certificate, number=number + 3, base=number + 2, lists=False)
    measuring.measure(visitor=visitor)
    assert measured("delta_crl").fault == "the delta adds to a list that is not there"


def test_an_old_delta_is_an_alarm_and_one_that_is_over_a_fault(world: World) -> None:
    """R7, F8: told by the alarm, and by the figures that a monitor reads."""
    visitor = Visitor(clock=now)
    certificate = world.issue(at=now())
    world.publish(certificate, at=now())
    number = publish_list(world, certificate).crl_number

    def publish(*, minutes_ago: int) -> None:
        began = now() - timedelta(minutes=minutes_ago)
        publish_delta(world, certificate, number=number + 1, base=number, lists=False, at=began)
        measuring.measure(visitor=visitor)

    publish(minutes_ago=31)  # of an hour, and each half hour there should be another
    assert (AlarmKind.AGEING, "delta_crl") not in kinds()
    publish(minutes_ago=46)
    assert (AlarmKind.AGEING, "delta_crl") in kinds()
    figures = show_metrics(RequestFactory().get("/status/metrics")).content.decode()
    (age,) = re.findall(rf'age_of_oldest_seconds{{issuer="{ISSUER}",service="delta_crl",.*}} (\d+)', figures)
    assert int(age) >= 46 * 60
    alarms_told = re.search(r"^sigill_status_alarms (\d+)$", figures, re.MULTILINE)
    assert alarms_told is not None
    assert int(alarms_told[1]) >= 1
    publish(minutes_ago=61)
    assert measured("delta_crl").fault != ""
    assert (AlarmKind.FAULT, "delta_crl") in kinds()


def test_old_samples_are_forgotten(world: World) -> None:
    certificate = world.issue(at=now())
    world.publish(certificate, at=now())
    measuring.measure(visitor=Visitor(clock=now))
    first = set(LatencySample.objects.values_list("pk", flat=True))
    assert first
    measuring.measure(visitor=Visitor(clock=lambda: now() + timedelta(days=3)))
    assert not first & set(LatencySample.objects.values_list("pk", flat=True))
