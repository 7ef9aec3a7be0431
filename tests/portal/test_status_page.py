"""The public status page tells what the probe saw, and asks nobody itself (PKI-1, PKI-3)."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ca.models import Issuer
from ocsp.models import LatencySample, Measurement, Specimen
from portal.pages.latency_plot import HourRow, latency_plot
from tests.authority import the_authority

pytestmark = pytest.mark.django_db
NODE = "http://status.test"


@pytest.fixture(autouse=True)
def _nothing_kept(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.SIGILL_STATUS_URL = "http://127.0.0.1:9"  # nobody answers there, and nobody is asked
    cache.clear()


def page(*, language: str = "") -> str:
    browser = Client()
    if language:
        browser.post("/language/", {"language": language, "next": "/status/"})
    answer = browser.get("/status/")
    assert answer.status_code == 200
    return answer.content.decode()


def measured(service: str, **changes: object) -> None:
    at = timezone.now()
    facts = {
        "asked_at": at,
        "milliseconds": 1.25,
        "this_update": at - timedelta(minutes=20),
        "next_update": at + timedelta(hours=7),
        **changes,
    }
    Measurement.objects.create(node=NODE, issuer_key="person_id_3", service=service, **facts)


def test_before_the_first_measurement_nothing_is_claimed() -> None:
    the_authority()
    shown = page()
    assert "Inte mätt än" in shown
    assert "Allt svarar" not in shown


def test_what_the_probe_saw_is_told_in_both_languages() -> None:
    the_authority()
    measured("ocsp")
    measured(
        "full_crl", crl_number=41, octets=900, next_update=timezone.now() + timedelta(hours=47, minutes=30)
    )
    measured("aia", this_update=None, next_update=None)
    LatencySample.objects.create(
        node=NODE,
        service="ocsp",
        asked_at=timezone.now(),
        questions=35,
        faults=0,
        median_ms=1.2,
        worst_ms=9.5,
    )
    shown = page()
    assert "Allt svarar" in shown
    assert "1,2 ms" in shown
    assert "nummer 41" in shown
    assert "9,5" in shown
    assert "number 41" in page(language="en")


def test_a_fault_an_ageing_answer_and_a_silent_probe_are_told_and_counted() -> None:
    """R7, F8: the same alarms as a page, and as figures for a watching system."""
    the_authority()
    at = timezone.now()
    measured("aia", fault="HTTP 503", faulty_since=at)
    measured("ocsp", this_update=at - timedelta(hours=5), next_update=at + timedelta(hours=3))
    shown = page()
    assert "Något är fel" in shown
    assert "HTTP 503" in shown
    assert "inte förnyad" in shown
    figures = Client().get("/status/metrics").content.decode()
    labels = f'{{issuer="person_id_3",service="ocsp",node="{NODE}"}}'
    assert f"sigill_status_up{labels} 1" in figures
    assert f"sigill_status_left_until_next_update_seconds{labels} 10" in figures
    assert f"sigill_status_age_of_oldest_seconds{labels} 18" in figures
    assert "sigill_status_alarms 2" in figures
    Measurement.objects.update(asked_at=at - timedelta(minutes=6))
    assert "Inget är mätt sedan" in page()


def test_chains_and_test_certificates_are_open_to_all() -> None:
    the_authority()
    chain = Client().get("/status/chain/function.pem")
    assert chain.content.decode().count("BEGIN CERTIFICATE") == 2
    assert Client().get("/status/chain/nobody.pem").status_code == 404
    assert Client().get("/status/test/good.pem").status_code == 404
    der = bytes(Issuer.objects.get(key="function").certificate_der)
    at = timezone.now()
    Specimen.objects.create(
        state="wrong_issuer",
        issuer_key="function",
        certificate_der=der,
        own_issuer_der=der,
        made_at=at,
        ready_at=at,
    )
    assert b"BEGIN CERTIFICATE" in Client().get("/status/test/wrong_issuer.pem").content
    assert b"BEGIN CERTIFICATE" in Client().get("/status/test/other_issuer.pem").content
    shown = page()
    assert "En annan utfärdares" in shown
    assert "openssl ocsp -issuer other.pem" in shown
    assert Client().get("/status/test/../../etc.pem").status_code in {303, 404}


def test_the_plot_has_a_bar_for_each_hour_at_its_place_and_holds_the_slowest() -> None:
    at = timezone.now()
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = [
        HourRow(starts_at=hour - timedelta(hours=h), typical=1.0, worst=w, asked=9, failed=0)
        for h, w in ((23, 4.0), (0, 730.0))
    ]
    plot = latency_plot(rows, title="", at=at)
    assert [line.label for line in plot.lines] == ["1000", "500"]
    xs = [float(bar.x) for bar in plot.bars]
    assert xs == sorted(xs)
    assert xs[0] >= plot.left
    assert xs[-1] < plot.width
    assert max(float(bar.height) for bar in plot.bars) <= plot.base_y
    assert latency_plot([], title="", at=at).bars == ()
