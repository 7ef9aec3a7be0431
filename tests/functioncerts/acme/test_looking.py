"""How the worker looks for proofs: where it may go, how long, how much; nothing is doubled or lost."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from pytest_django import Settings

from functioncerts.acme import validating, web_probe
from functioncerts.acme.models import AcmeOrder, Challenge
from functioncerts.acme.reach import may_reach
from functioncerts.acme.validating import LEASE, due
from portal.config import networks
from tests.functioncerts.acme.conftest import NAME, Acme, challenge_of, probes_of
from tests.functioncerts.acme.program import thumbprint

pytestmark = pytest.mark.django_db


def answered(acme: Acme, by: str = "http-01", name: str = NAME) -> dict[str, Any]:
    """Place an order and answer one challenge of it, with nothing in its place yet."""
    order = acme.program.order(name).json()
    told = acme.program.post(order["authorizations"][0]).json()
    (challenge,) = (one for one in told["challenges"] if one["type"] == by)
    acme.program.post(challenge["url"], {})
    return dict(challenge)


def outcome(acme: Acme, challenge: dict[str, Any]) -> tuple[str, str]:
    told = acme.program.post(challenge["url"]).json()
    return told["status"], told.get("error", {}).get("type", "").rpartition(":")[2]


def fails_with(acme: Acme, kind: str, by: str = "http-01") -> None:
    challenge = answered(acme, by)
    assert acme.look(challenge["url"])
    assert outcome(acme, challenge) == ("invalid", kind)
    assert AcmeOrder.objects.latest("created_at").state == "invalid"


def test_what_is_not_there_or_not_right_is_told_apart(acme: Acme) -> None:
    """RFC 8555 sections 8.3 and 8.4."""
    fails_with(acme, "unauthorized")
    fails_with(acme, "dns", "dns-01")
    acme.world.records[f"_acme-challenge.{NAME}", "TXT"] = ['"wrong"']
    fails_with(acme, "incorrectResponse", "dns-01")
    acme.world.records["*", "A"] = []
    fails_with(acme, "dns")


def test_a_page_with_something_else_is_no_proof(acme: Acme) -> None:
    challenge = answered(acme)
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    acme.world.pages[path] = (200, {}, challenge["token"].encode() + b".of-another-account")
    assert acme.look(challenge["url"])
    assert outcome(acme, challenge) == ("invalid", "incorrectResponse")


def test_a_resolver_that_fails_is_told_as_dns(acme: Acme, settings: Settings) -> None:
    challenge = answered(acme)
    acme.world.records[NAME, "FAIL"] = []
    assert acme.look(challenge["url"])
    assert outcome(acme, challenge) == ("invalid", "dns")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "192.0.2.1",
    ],
)  # fmt: skip
def test_no_validation_goes_to_an_address_of_our_own(address: str) -> None:
    """Whoever orders must not make the worker ask its neighbours."""
    assert not may_reach(ip_address(address), ())


def test_public_addresses_and_named_networks_are_reached() -> None:
    assert may_reach(ip_address("193.10.1.1"), ())
    assert may_reach(ip_address("2a00:801::1"), ())
    named = networks("SIGILL_NOT_SET", "10.0.0.0/8,fc00::/7")
    assert may_reach(ip_address("10.1.2.3"), named)
    assert may_reach(ip_address("fc00::1"), named)
    assert may_reach(ip_address("::ffff:10.0.0.1"), named)
    assert not may_reach(ip_address("192.168.1.1"), named)


def test_a_name_at_a_forbidden_address_is_never_asked(acme: Acme) -> None:
    challenge = answered(acme)
    acme.put(challenge, NAME, acme.program)
    assert acme.look(challenge["url"], probes=probes_of(acme.world, allowed=""))
    assert outcome(acme, challenge) == ("invalid", "connection")
    assert acme.world.asked == []


def redirected(acme: Acme, location: str) -> dict[str, Any]:
    challenge = answered(acme)
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    where = location.format(port=acme.world.web_port)
    acme.world.pages[path] = (302, {"Location": where}, b"")
    proof = f"{challenge['token']}.{thumbprint(acme.program.key)}".encode()
    acme.world.pages["/elsewhere"] = (200, {}, proof)
    assert acme.look(challenge["url"])
    return challenge


@pytest.mark.parametrize("location", ["/elsewhere", "http://other.regionnorr.test:{port}/elsewhere"])
def test_a_redirect_is_followed_within_bounds(acme: Acme, location: str) -> None:
    assert outcome(acme, redirected(acme, location)) == ("valid", "")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/elsewhere", "http://[::1]:{port}/elsewhere", "http://localhost:{port}/elsewhere",
        "http://journal.regionnorr.test:22/", "https://journal.regionnorr.test:8443/", "ftp://a.test/",
        "http://a@journal.regionnorr.test:{port}/elsewhere", "file:///etc/passwd", "http://a.test:99999/",
        "http://{port}/", "/" + "x" * 3000, "http://[x", "//[", "http://[::1]x/",
    ],
)  # fmt: skip
def test_a_redirect_leads_nowhere_else(acme: Acme, location: str) -> None:
    status, kind = outcome(acme, redirected(acme, location))
    assert (status, kind) == ("invalid", "connection")


def test_a_circle_of_redirects_ends(acme: Acme) -> None:
    challenge = answered(acme)
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    acme.world.pages[path] = (301, {"Location": path}, b"")
    assert acme.look(challenge["url"])
    assert outcome(acme, challenge) == ("invalid", "connection")
    assert len(acme.world.asked) == web_probe.MOST_REDIRECTS + 1


@contextmanager
def dripping(line: bytes, first: bytes) -> Iterator[int]:
    """Serve one connection octet by octet, for ever; yield the port."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.sendall(first)
                    while not ended.wait(0.02):
                        connection.sendall(line)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join(60)


@pytest.mark.parametrize(
    ("first", "line"),
    [(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), (b"HTTP/1.1 200 OK\r\n\r\n", b""), (b"", b"H")],
)
def test_a_server_that_drips_is_cut_off(
    acme: Acme, monkeypatch: pytest.MonkeyPatch, first: bytes, line: bytes
) -> None:
    monkeypatch.setattr(web_probe, "SECONDS", 0.5)
    challenge = answered(acme)
    with dripping(line, first) as port:
        probes = probes_of(acme.world)
        slow = replace(probes, web=replace(probes.web, port=port))
        assert acme.look(challenge["url"], probes=slow)
    assert outcome(acme, challenge)[0] == "invalid"


def test_an_endless_page_is_read_to_its_bound(acme: Acme) -> None:
    challenge = answered(acme)
    path = f"/.well-known/acme-challenge/{challenge['token']}"
    proof = f"{challenge['token']}.{thumbprint(acme.program.key)}".encode()
    acme.world.pages[path] = (200, {}, proof + b"x" * 5_000_000)
    assert acme.look(challenge["url"])
    assert outcome(acme, challenge) == ("invalid", "incorrectResponse")


def test_a_failed_attempt_is_repeated_and_then_final(acme: Acme, settings: Settings) -> None:
    """RFC 8555 section 8.2."""
    settings.SIGILL_ACME_ATTEMPTS = 3
    challenge = answered(acme)
    begun = datetime.now(UTC)
    for number in (1, 2):
        at = begun + timedelta(seconds=10 * number)
        later = replace(probes_of(acme.world), clock=lambda at=at: at)
        assert acme.look(challenge["url"], probes=later)
        assert outcome(acme, challenge) == ("processing", "unauthorized")
        assert not acme.look(challenge["url"], probes=later)  # not due yet
    acme.put(challenge, NAME, acme.program)
    assert acme.look(challenge["url"], probes=probes_of(acme.world, later=timedelta(seconds=60)))
    assert outcome(acme, challenge) == ("valid", "")


def test_a_worker_that_dies_while_it_looks_loses_its_lease_and_nothing_else(
    acme: Acme, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The arrows of `validate`: killed after the claim, or after the look."""
    settings.SIGILL_ACME_ATTEMPTS = 3
    challenge = answered(acme)
    acme.put(challenge, NAME, acme.program)
    for place in ("_look", "confirm"):
        with monkeypatch.context() as patch:
            patch.setattr(validating, place, _dies)
            later = probes_of(acme.world, later=timedelta(0) if place == "_look" else LEASE)
            with pytest.raises(Died):
                acme.look(challenge["url"], probes=later)
        assert challenge_of(challenge["url"]).state == "processing"
        assert not acme.look(challenge["url"], probes=later)  # the lease holds
    found = due(at=acme.stage.at + 3 * LEASE)
    assert [str(pk) for pk in found] == [challenge["url"].rpartition("/")[2]]
    assert acme.look(challenge["url"], probes=probes_of(acme.world, later=3 * LEASE))
    assert outcome(acme, challenge) == ("valid", "")


class Died(Exception):
    pass


def _dies(*_args: object, **_more: object) -> None:
    raise Died


def test_two_workers_never_look_at_the_same_attempt(acme: Acme) -> None:
    challenge = answered(acme)
    stale = Challenge.objects.select_related("authorization__account").get(
        pk=challenge["url"].rpartition("/")[2]
    )
    at = probes_of(acme.world).clock()
    assert validating.claim(stale, until=at + LEASE, at=at)
    stale.attempts = 0
    assert not validating.claim(stale, until=at + LEASE, at=at)


def test_an_ended_account_proves_nothing(acme: Acme) -> None:
    challenge = answered(acme)
    acme.put(challenge, NAME, acme.program)
    acme.program.post(acme.program.account, {"status": "deactivated"})
    acme.look(challenge["url"])
    assert challenge_of(challenge["url"]).state == "invalid"
    assert acme.world.asked == []


def test_a_right_that_the_organization_showed_by_dns_may_count(acme: Acme, settings: Settings) -> None:
    settings.SIGILL_ACME_VALIDATION_COUNTS_DAYS = 30
    assert acme.program.order(NAME).json()["status"] == "pending"  # its papers were looked at by a person
    acme.stage.server.name_validations.update(method="dns_txt", evidence_reference="", token="t" * 43)
    order = acme.another().order(f"a.{NAME}")
    assert order.json()["status"] == "ready"
    settings.SIGILL_ACME_VALIDATION_COUNTS_DAYS = 0
    assert acme.another().order(f"b.{NAME}").json()["status"] == "pending"
