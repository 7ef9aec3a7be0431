"""The doctor sees each fault that is injected and says it in a sentence; a sound installation is told so."""

import json
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import chain
from pathlib import Path

import PyKCS11
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from ca.health import installation as ground
from ca.health.check import Check
from ca.health.ends import ends
from ca.health.files import public_files
from ca.health.installation import secrets
from ca.health.records import ledger, signatures
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.installation import token_configuration
from ca.models import Certificate, Issuer
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke_carrier
from ca.signature_counts import accept_differences, key_figures
from deploy.free_ports import free_port
from journal.actor import Actor
from journal.models import Entry
from tests.ca.conftest import WORKER, Authority, ceremony_rows, installation, made_installation, made_rows  # noqa: F401
from tests.ca.conftest import authority as authority  # noqa: PLC0414 - a fixture
from tests.ca.installation import Installation
from worker.health import _broker, examine

NOW = datetime.now(UTC)


def wrong_things(*, at: datetime | None = None) -> dict[str, str]:
    """Return what the doctor finds wrong, with its sentence."""
    return {one.what: one.said for one in _examined(at) if one.is_right is False}


def wrong(*looks: Iterable[Check]) -> dict[str, str]:
    """Return what some of the doctor's looks find wrong."""
    return {one.what: one.said for one in chain(*looks) if one.is_right is False}


def _examined(at: datetime | None = None) -> list[Check]:
    return list(examine(token_configuration(), at=at or datetime.now(UTC)))


@pytest.fixture
def home(ceremony_rows: Installation) -> Path:  # noqa: F811 - the fixture of that name
    return ceremony_rows.home


@contextmanager
def somebody_listens(settings: Settings) -> Iterator[None]:
    """Let the portal's and the status server's ports answer."""
    with socket.create_server(("127.0.0.1", 0)) as portal, socket.create_server(("127.0.0.1", 0)) as status:
        settings.SIGILL_PORTAL_PORT = portal.getsockname()[1]
        settings.SIGILL_STATUS_PORT = status.getsockname()[1]
        yield


def test_a_sound_installation_is_told_so(home: Path, settings: Settings) -> None:
    """Each mechanism, each key, a lost session, the clock, the signatures: all looked at and right."""
    settings.SIGILL_PORTAL_PORT = settings.SIGILL_STATUS_PORT = 1
    assert home.exists()
    examined = _examined()
    assert {one.what: one.said for one in examined if one.is_right is False} == {}
    seen = {one.what: one.said for one in examined if one.is_right}
    assert "ECDSA_SHA256, ECDSA_SHA384" in seen["mechanisms"]
    assert seen["session"] == "after a lost session a new one signs"
    assert "0 without a row" in seen["signatures"]
    assert {"clock", "disk", "ledger", "modes", "logins", "copies", "public"} <= set(seen)


def _token_gone(home: Path) -> None:
    shutil.rmtree(home / "hsm" / "tokens")


def _token_object_empty(home: Path) -> None:
    for file in (home / "hsm" / "tokens").glob("*/token.object"):
        file.write_bytes(b"")


def _wrong_pin(home: Path) -> None:
    (home / "secrets" / "hsm-pin").write_text("000000000000")


def _pin_gone(home: Path) -> None:
    (home / "secrets" / "hsm-so-pin").unlink()


def _pin_open(home: Path) -> None:
    (home / "secrets" / "hsm-pin").chmod(0o644)


def _folder_open(home: Path) -> None:
    (home / "hsm" / "tokens").chmod(0o755)


def _certificate_of_another_key(home: Path) -> None:
    assert home
    other = Issuer.objects.get(key="person_id_2")
    Issuer.objects.filter(key="person_id_3").update(certificate_der=bytes(other.certificate_der))


def _ledger_unwritable(home: Path) -> None:
    shutil.rmtree(home / "ledger", ignore_errors=True)
    (home / "ledger" / "revocations.log").mkdir(parents=True)


def _ledger_damaged(home: Path) -> None:
    (home / "ledger").mkdir(exist_ok=True)
    (home / "ledger" / "revocations.log").write_text("0000 {}\n")


def _crl_gone(home: Path) -> None:
    next((home / "public" / "crl").glob("*personid3*.crl")).unlink()


def _copies_gone(home: Path) -> None:
    shutil.rmtree(home / "hsm" / "copies")


def _chain_swapped(home: Path) -> None:
    shutil.copy(home / "ceremony" / "audit.pem", home / "public" / "root.pem")


FAULTS: list[tuple[Callable[[Path], None], str, str]] = [
    (_token_gone, "keys", "the token's files are gone or empty"),
    (_token_object_empty, "keys", "the token's files are gone or empty"),
    (_wrong_pin, "keys", "the token refuses the PIN in secrets/hsm-pin"),
    (_pin_gone, "secrets", "secrets/hsm-so-pin is missing"),
    (_pin_open, "secrets", "secrets/hsm-pin may be read by others"),
    (_folder_open, "modes", "the folder hsm/tokens is open to others"),
    (_certificate_of_another_key, "keys", "keys that are not those in their certificates: person_id_3"),
    (_ledger_unwritable, "ledger", "the ledger cannot be read"),
    (_ledger_damaged, "ledger", "the ledger cannot be read: a line of the revocation ledger"),
    (_crl_gone, "CRL person_id_3", "no CRL is published"),
    (_copies_gone, "copies", "there is no verified copy of the token"),
    (_chain_swapped, "public", "missing, or not what the ceremony made: root.pem"),
]


@pytest.mark.parametrize(("inject", "what", "sentence"), FAULTS, ids=lambda one: getattr(one, "__name__", ""))
def test_each_fault_has_its_sentence_and_a_remedy(
    home: Path, inject: Callable[[Path], None], what: str, sentence: str
) -> None:
    """Design decision 2: in words what is missing and how to fix it."""
    inject(home)
    found = [one for one in _examined() if one.is_right is False and one.what == what]
    assert [one.said[: len(sentence)] for one in found][:1] == [sentence]
    assert found[0].remedy


def test_what_a_restore_rests_on_is_missed_when_it_is_gone(authority: Authority) -> None:
    """Design decision 7: without ledger, counters and protocols a restore could undo what was revoked."""
    home, revoked = authority.home, authority.certificate()
    revoke_carrier(
        carrier_kind="card",
        carrier_id=revoked.carrier_id,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=authority.at,
        actor=WORKER,
        at=authority.at,
    )
    authority.keeper.stop()
    shutil.rmtree(home / "hsm" / "counts")
    (home / "secrets" / "hsm-pin").unlink()
    torn = home / "ceremony" / "protocols" / "torn.json"
    torn.parent.mkdir()
    torn.write_text("{")
    late = authority.later(minutes=2)
    found = wrong(
        ledger(late), signatures(token_configuration()), public_files(), secrets(token_configuration())
    )
    assert found["ledger"] == "1 certificates are revoked in the database and not in the ledger"
    assert found["signatures"].startswith("the signer's counters are gone")
    assert found["protocols"] == "protocols of ceremonies that cannot be read: ceremony/protocols/torn.json"
    assert "secrets/hsm-pin is missing" in found["secrets"]
    call_command("complete_ledger", stdout=StringIO())
    torn.unlink()
    (home / "public" / "root.pem").unlink()
    (home / "ceremony" / "audit.pem").write_text("another")
    assert "root.pem, ceremony/audit.pem" in wrong(public_files())["public"]
    call_command("publish_files", stdout=StringIO())
    assert not wrong(ledger(late), public_files())


def test_a_counter_that_was_set_back_is_seen_until_it_is_explained(authority: Authority) -> None:
    """Reliability F36: what hides the use of a key is an alarm itself, and an explained one is none."""
    authority.keeper.stop()
    (authority.home / "hsm" / "counts" / "function").write_bytes(bytes(8))
    assert "its counter was set back" in wrong(signatures(token_configuration()))["signatures"]
    call_command("accept_signatures", reason="test", stdout=StringIO())
    assert not wrong(signatures(token_configuration()))


def test_a_signature_between_two_looks_is_no_alarm(authority: Authority) -> None:
    """A signer at work signs and records while the doctor counts."""

    def issuing(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if 'FROM "ca_certificate"' in sql and not issued:
            issued.append(True)
            authority.certificate(carrier_id="meanwhile")
        return execute(sql, *rest)

    issued: list[bool] = []
    with connection.execute_wrapper(issuing):
        figures = key_figures()
    assert issued
    assert {(one.without_a_row, one.rows_without_signature) for one in figures} == {(0, 0)}


@pytest.mark.parametrize(
    ("span", "what"),
    [
        (timedelta(days=9 * 365), "Function"),
        (timedelta(days=14 * 365), "Person ID 3"),
        (timedelta(700), "journal"),
    ],
)
def test_certificates_of_our_own_that_end_are_told_in_time(home: Path, span: timedelta, what: str) -> None:
    assert home
    now = datetime.now(UTC)
    assert [one.is_right for one in ends(now)] == [True]
    assert any(what in one.said and one.remedy for one in ends(now + span)) is (span.days != 9 * 365)


def test_a_broker_that_is_down_is_said_without_its_password(settings: Settings) -> None:
    settings.SIGILL_BROKER_URL = "amqp://sigill:not-for-eyes@127.0.0.1:1//"
    (said,) = _broker()
    assert said.is_right is False
    assert "not-for-eyes" not in said.said + said.remedy


def test_half_a_key_that_is_gone_is_named(home: Path) -> None:
    for file in (home / "hsm" / "tokens").glob("*/*.object"):
        content = file.read_bytes()
        if b"function" in content and b"function.ocsp" not in content:
            file.unlink()
    found = wrong_things()
    assert "function" in found["keys"]
    assert "do not have the same objects" in found["copies"]


def test_a_clock_that_went_back_is_seen_against_rows_and_files(home: Path) -> None:
    """Reliability F7."""
    assert home
    said = [
        one.said
        for one in _examined(NOW - timedelta(days=2))
        if one.what == "clock" and one.is_right is False
    ]
    assert any("a certificate was issued" in one for one in said)
    assert any("chain.pem was written" in one for one in said)


def test_a_stale_list_is_seen_before_it_expires_and_an_expired_one_after(home: Path) -> None:
    """Reliability F8, F9."""
    assert home
    late = wrong_things(at=datetime.now(UTC) + timedelta(hours=30))["CRL person_id_3"]
    assert "should have been followed" in late
    assert "expired" in wrong_things(at=datetime.now(UTC) + timedelta(hours=49))["CRL person_id_3"]


def test_without_a_signer_a_serving_installation_is_wrong_and_a_stopped_one_is_not(
    home: Path, settings: Settings
) -> None:
    assert home
    settings.SIGILL_PORTAL_PORT = settings.SIGILL_STATUS_PORT = 1
    assert "signer" not in wrong_things()
    with somebody_listens(settings):
        assert "no signer runs" in wrong_things()["signer"]


def test_a_full_disk_is_said(home: Path) -> None:
    assert home
    found = ground.disk(least=1 << 60)
    assert found.is_right is False
    assert "the disk is full or nearly so" in found.said
    assert ground.disk().is_right


def test_a_ledger_without_a_place_to_write_is_said(home: Path, settings: Settings) -> None:
    settings.SIGILL_LEDGER = home / "ceremony" / "protocol.json" / "revocations.log"
    assert "ledger" in wrong_things()


def test_the_command_says_that_the_database_is_away(installation: Installation) -> None:  # noqa: F811
    installation.extra["DATABASE_URL"] = f"postgresql://sigill@127.0.0.1:{free_port()}/sigill"
    examined = installation.manage("doctor")
    assert examined.returncode == 1
    assert "WRONG database: the database does not answer" in examined.stdout
    assert "Traceback" not in examined.stderr


def test_a_signature_without_a_row_is_found_counted_and_can_be_accepted(authority: Authority) -> None:
    """Reliability F36: a key that signed what nobody recorded."""
    authority.certificate()
    assert [one.without_a_row for one in key_figures() if one.without_a_row] == []
    stolen = authority.signers.signer_for("person_hsa_id_3")
    stolen.sign(b"a certificate that no row tells of")
    figures = {one.label: one for one in key_figures()}
    assert figures["person_hsa_id_3"].without_a_row == 1
    authority.keeper.stop()
    accept_differences(reason="test", actor=Actor.system("test"), at=authority.at)
    assert {one.without_a_row for one in key_figures()} == {0}
    accepted = json.loads(Entry.objects.get(type="key.signatures_accepted").content)
    assert accepted["event"] == {"label": "person_hsa_id_3", "reason": "test", "signatures": 1}


def test_arrow_4_a_crash_after_the_signature_is_uncertain_and_no_alarm(authority: Authority) -> None:
    """A number whose bytes went to the signer may be signed: that is no signature without a row."""
    certificate = authority.certificate()
    request = authority.request(carrier_id="card-2")
    request.refresh_from_db()
    issued = authority.issue(request)
    assert issued is not None
    assert Certificate.objects.filter(pk=certificate.pk).exists()
    figures = {one.label: one for one in key_figures()}["person_hsa_id_3"]
    assert (figures.without_a_row, figures.rows_without_signature) == (0, 0)
    assert figures.signed == figures.certificates + figures.crls


def test_a_signature_made_past_the_signer_is_found_by_the_tokens_own_figure(home: Path) -> None:
    """Reliability F36: somebody with the PIN who loads the module directly leaves no count, but a login."""
    assert "logins" not in wrong_things()
    configuration = token_configuration()
    _sign_directly(configuration)
    _sign_directly(configuration)
    assert wrong_things()["logins"].startswith("2 logins to the token were not made by this installation")
    assert wrong_things()["logins"].startswith("2 logins"), "the doctor's own logins are not counted"
    assert home


def _sign_directly(configuration: TokenConfiguration) -> None:
    library = PyKCS11.PyKCS11Lib()
    library.load(str(configuration.module))
    try:
        slot = next(
            one
            for one in library.getSlotList(tokenPresent=True)
            if str(library.getTokenInfo(one).label).strip("\0 ") == configuration.label
        )
        session = library.openSession(slot)
        session.login(configuration.pin())
        (key,) = session.findObjects(
            [(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY), (PyKCS11.CKA_LABEL, "person_id_3")]
        )
        session.sign(key, bytes(48), PyKCS11.Mechanism(PyKCS11.CKM_ECDSA, None))
    finally:
        library.unload()
