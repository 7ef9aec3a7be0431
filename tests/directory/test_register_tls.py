"""mTLS to the registers: our certificate, theirs, a clear state for each way it goes wrong (HSA-2, PU-1)."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
import requests
from cryptography.x509.oid import ExtendedKeyUsageOID
from pytest_django import Settings

from directory import registers
from directory.bounded_http import Endpoint
from directory.errors import RegisterUnavailable
from directory.hsa_client import HsaClient
from directory.hsa_functions import HsaFunctionClient
from directory.identifiers import PersonalIdentityNumber
from directory.models import Employment, Person
from directory.pu_client import PuClient
from directory.pu_files import PuFileClient
from directory.pu_sync import sync_pu
from directory.register_tls import ClientIdentity
from directory.simulators.people import PACKAGED
from directory.simulators.server import SimulatorServer
from directory.simulators.tls import ServerTls
from journal.actor import Actor
from tests.directory.certificates import TestAuthority
from tests.directory.conftest import Registers
from tests.directory.people import ASA

NUMBER = PersonalIdentityNumber(ASA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """Simulators that demand a certificate of ``authority``."""

    server: SimulatorServer
    folder: Path
    authority: TestAuthority
    good: Path

    def identity(self, certificate: Path | None = None, authorities: Path | None = None) -> ClientIdentity:
        chosen = certificate or self.good
        return ClientIdentity(
            certificate=chosen, key=chosen, authorities=authorities or self.folder / "tls" / "authorities.pem"
        )

    def endpoint(self, register: str, identity: ClientIdentity | None) -> Endpoint:
        return Endpoint(
            register=register,
            url=f"https://127.0.0.1:{self.server.server_port}/{register}",
            logical_address="SE165565594230-1000",
            identity=identity,
        )

    def ask(self, identity: ClientIdentity) -> object:
        client = PuClient(self.endpoint("pu", identity), include_test_people=True)
        return client.read([NUMBER])

    def refusal(self, identity: ClientIdentity) -> tuple[str, str]:
        with pytest.raises(RegisterUnavailable) as caught:
            self.ask(identity)
        return caught.value.reason, str(caught.value.facts["detail"])


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("mtls")
    authority = TestAuthority(folder)
    tls = ServerTls(folder=folder / "tls", client_authorities=authority.certificate)
    server = SimulatorServer(("127.0.0.1", 0), PACKAGED, tls=tls)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Secured(server=server, folder=folder, authority=authority, good=authority.caller("good.pem"))
    server.shutdown()
    server.server_close()
    thread.join(60)


def test_every_client_reaches_the_registers_with_our_certificate(secured: Secured) -> None:
    identity = secured.identity()
    hsa, pu = secured.endpoint("hsa", identity), secured.endpoint("pu", identity)
    assert HsaClient(hsa, include_feigned=True).employees(ASA)
    assert HsaFunctionClient(hsa, include_feigned=True).function("SE2321009801-NOBODY") is None
    files = PuFileClient(pu, files=pu, include_test_people=True)
    order = files.order([NUMBER])
    assert files.addresses(order) == ()
    (address,) = files.addresses(order)
    assert address.startswith("https://")
    assert files.fetch(address).keys() == {ASA}


def test_a_certificate_of_another_ca_is_refused(secured: Secured) -> None:
    other = TestAuthority(secured.folder, name="Other CA")
    assert other.certificate
    assert secured.refusal(secured.identity(other.caller("other.pem"))) == (
        "certificate_refused",
        "unknown_ca",
    )


def test_a_certificate_that_has_expired_is_refused(secured: Secured) -> None:
    expired = secured.authority.caller("expired.pem", days=(-300, -1))
    assert secured.refusal(secured.identity(expired)) == ("certificate_refused", "expired")


def test_a_certificate_for_servers_is_refused(secured: Secured) -> None:
    wrong = secured.authority.caller("wrong.pem", usage=ExtendedKeyUsageOID.SERVER_AUTH)
    reason, _ = secured.refusal(secured.identity(wrong))
    assert reason == "certificate_refused"


def test_no_certificate_at_all_is_our_own_fault(secured: Secured) -> None:
    assert secured.refusal(secured.identity(secured.folder / "none.pem")) == (
        "own_certificate",
        "certificate",
    )


def test_a_file_that_holds_no_certificate_is_our_own_fault(secured: Secured) -> None:
    empty = secured.folder / "empty.pem"
    empty.write_text("-----BEGIN NOTHING-----\n")
    assert secured.refusal(secured.identity(empty)) == ("own_certificate", "certificate")


def test_a_key_of_another_certificate_is_our_own_fault(secured: Secured) -> None:
    identity = ClientIdentity(
        certificate=secured.good,
        key=secured.authority.caller("another.pem"),
        authorities=secured.folder / "tls" / "authorities.pem",
    )
    assert secured.refusal(identity) == ("own_certificate", "certificate")


def test_authorities_that_are_not_there_are_our_own_fault(secured: Secured) -> None:
    identity = secured.identity(authorities=secured.folder / "none.pem")
    assert secured.refusal(identity) == ("own_certificate", "authorities")


def test_a_register_that_shows_a_certificate_of_an_unknown_ca_is_not_asked(secured: Secured) -> None:
    before = secured.server.calls["pu"]
    reason, _ = secured.refusal(secured.identity(authorities=secured.authority.certificate))
    assert reason == "register_untrusted"
    assert secured.server.calls["pu"] == before


def test_a_register_by_another_name_is_not_asked(secured: Secured) -> None:
    """The certificate names 127.0.0.1 and localhost, and here somebody shows it at 127.0.0.2."""
    other = SimulatorServer(("127.0.0.2", 0), PACKAGED, tls=secured.server.tls)
    thread = Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        endpoint = Endpoint(
            register="pu",
            url=f"https://127.0.0.2:{other.server_port}/pu",
            logical_address="X",
            identity=secured.identity(),
        )
        with pytest.raises(RegisterUnavailable) as caught:
            PuClient(endpoint, include_test_people=True).read([NUMBER])
    finally:
        other.shutdown()
        other.server_close()
        thread.join(60)
    assert (caught.value.reason, other.calls["pu"]) == ("register_untrusted", 0)


def test_nobody_reads_a_register_without_tls(secured: Secured) -> None:
    endpoint = Endpoint(
        register="pu", url=f"http://127.0.0.1:{secured.server.server_port}/pu", logical_address="X"
    )
    with pytest.raises(RegisterUnavailable) as caught:
        PuClient(endpoint, include_test_people=True).read([NUMBER])
    assert caught.value.reason == "access_denied"


def test_a_tester_sets_faults_without_a_certificate(secured: Secured) -> None:
    address = f"http://127.0.0.1:{secured.server.server_port}/faults"
    assert requests.put(address, json={"pu": {"kind": "503", "times": 1}}, timeout=60).ok
    assert secured.refusal(secured.identity())[0] == "http_status"
    assert secured.ask(secured.identity())


def test_a_renewed_certificate_is_taken_up_by_a_client_that_runs(secured: Secured) -> None:
    file = secured.folder / "renewed.pem"
    shutil.copy(secured.authority.caller("old.pem", days=(-300, -1)), file)
    client = PuClient(secured.endpoint("pu", secured.identity(file)), include_test_people=True)
    with pytest.raises(RegisterUnavailable):
        client.read([NUMBER])
    shutil.copyfile(secured.good, file)
    assert client.read([NUMBER])


def test_a_certificate_that_comes_after_the_client_was_made_is_taken_up(secured: Secured) -> None:
    file = secured.folder / "late.pem"
    client = PuClient(secured.endpoint("pu", secured.identity(file)), include_test_people=True)
    with pytest.raises(RegisterUnavailable):
        client.read([NUMBER])
    shutil.copyfile(secured.good, file)
    assert client.read([NUMBER])


def test_the_servers_own_certificate_is_kept_while_it_lasts(tmp_path: Path) -> None:
    tls = ServerTls(folder=tmp_path / "tls", client_authorities=tmp_path / "root.pem")
    tls.prepare()
    first = (tmp_path / "tls" / "server.pem").read_bytes()
    tls.prepare()
    assert (tmp_path / "tls" / "server.pem").read_bytes() == first


def test_an_identity_tells_nothing_in_a_repr(secured: Secured) -> None:
    assert "good.pem" not in repr(secured.endpoint("pu", secured.identity()))


@pytest.mark.django_db
@pytest.mark.parametrize("bad", ["expired-sync.pem", "nothing.pem"])
def test_a_refused_certificate_costs_nobody_anything(
    registers_running: Registers, secured: Secured, settings: Settings, bad: str
) -> None:
    """design.md decision 9: a register that does not answer us has not lost its people."""
    from tests.directory.test_synchronization import hsa, pu  # noqa: PLC0415 - the way a test reads both

    hsa()
    pu()
    before = list(Person.objects.order_by("pk").values()), Employment.objects.count()
    secured.authority.caller("expired-sync.pem", days=(-300, -1))
    settings.SIGILL_PU_URL = f"https://127.0.0.1:{secured.server.server_port}/pu"
    settings.SIGILL_REGISTER_CERTIFICATE = settings.SIGILL_REGISTER_KEY = str(secured.folder / bad)
    settings.SIGILL_REGISTER_AUTHORITIES = str(secured.folder / "tls" / "authorities.pem")
    registers.forget()
    run = sync_pu(actor=Actor.system("test"), at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert (run.state, run.absent, run.changed) == ("incomplete", 0, 0)
    assert run.failure in {"pu.certificate_refused", "pu.own_certificate"}
    assert (list(Person.objects.order_by("pk").values()), Employment.objects.count()) == before
