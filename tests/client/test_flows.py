"""Login and activation from link to result, against a service over HTTP and cards over PKCS#11."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from authn.evidence import b64url, hashed, verify_return
from client import connection, flows
from client.activation import Activation, Step
from client.answering import SignedAnswer
from client.certificate import CardCertificate
from client.configuration import Configuration, ConfigurationInvalid, configuration_from_environment
from client.errors import (
    CardNotActivated,
    CardRemoved,
    ClientError,
    ClientTooOld,
    LinkInvalid,
    NoCard,
    NoCertificate,
    PinBlocked,
    PinFailed,
    PinNotAllowed,
    ReaderError,
    ServerNotTrusted,
    ServerRefused,
    ServerUnreachable,
    WrongCard,
    WrongPin,
)
from client.hardware import Hardware, PinState
from client.links import parse_link
from client.virtual_readers import VirtualReaders
from tests.client.conftest import PIN, CardInHand
from tests.client.fixture_service import Activation as OtherActivation
from tests.client.fixture_service import FixtureService
from tests.hsm_sim.cards import make_card


def test_a_card_from_the_factory_is_activated_and_its_holder_logs_in(
    card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, activation = service.start_activation(card.number, card.admin_key)
    steps: list[Step] = []
    done = flows.activate(url, new_pin=PIN, report=steps.append, configuration=configuration)
    assert done.card_number == card.number
    assert activation.state == "active"
    assert steps == [one for one in Step if one not in {Step.UNLOCK, Step.CONFIRM, Step.CONFIRM_RENEWAL}]

    url, order = service.start_login()
    address = flows.log_in(url, pin=PIN, configuration=configuration)
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{service.origin}/login/oob/return?")
    assert order.answer
    verify_return(
        session_secret=order.session_secret,
        user_challenge=order.answer.user_challenge,
        d=query["d"][0],
        u=query["u"][0],
    )


def test_a_card_holds_rsa_keys_where_the_hierarchy_wants_them(
    card: CardInHand, service: FixtureService, configuration: Configuration, hardware: Hardware
) -> None:
    """Under the `rsa` hierarchy a P-256 key is refused: the service says which key it takes."""
    service.key_algorithm = "RSA-2048"
    url, activation = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    assert activation.state == "active"
    with hardware.card(card.number) as held:
        keys = [certificate.parsed.public_key() for certificate in held.certificates()]
    assert [key.key_size for key in keys if isinstance(key, rsa.RSAPublicKey)] == [2048, 2048]
    url, order = service.start_login()
    assert flows.log_in(url, pin=PIN, configuration=configuration)
    assert order.answer


@pytest.mark.parametrize("algorithm", ["RSA-1024", "secp256k1", "", None, ["P-256"]])
def test_a_kind_of_key_that_it_does_not_make_is_refused(
    algorithm: object, card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    service.change_claim = {"keys": [{"name": "a", "label": "b", "algorithm": algorithm, "done": False}]}
    url, _ = service.start_activation(card.number, card.admin_key)
    with pytest.raises(ServerNotTrusted):
        flows.activate(url, new_pin=PIN, configuration=configuration)


def test_the_card_is_put_in_by_number(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, order = service.start_login()
    flows.log_in(url, pin=PIN, card_number=active_card.number, configuration=configuration)
    assert order.answer


def test_the_certificate_may_be_chosen(
    active_card: CardInHand, service: FixtureService, configuration: Configuration, readers: VirtualReaders
) -> None:
    readers.insert(active_card.number, reader=1)
    url, order = service.start_login()
    flows.log_in(
        url,
        pin=PIN,
        choose=lambda choices: next(c for c in choices if c.holder_id == "198901029809"),
        configuration=configuration,
    )
    assert order.answer
    assert b"198901029809" in order.answer.certificate_der


def test_only_certificates_of_the_wanted_issuer_are_offered(
    active_card: CardInHand, service: FixtureService, configuration: Configuration, readers: VirtualReaders
) -> None:
    readers.insert(active_card.number, reader=0)
    url, _ = service.start_login(issuers=["CN=TEST Person ID 3"])
    offered: list[str] = []

    def choose(choices: Sequence[CardCertificate]) -> CardCertificate:
        offered.extend(choice.issuer for choice in choices)
        return choices[0]

    flows.log_in(url, pin=PIN, choose=choose, configuration=configuration)
    assert offered == ["TEST Person ID 3"]


def test_no_certificate_of_the_wanted_issuer_is_told_to_the_service(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, order = service.start_login(issuers=["CN=Somebody else"])
    with pytest.raises(NoCertificate):
        flows.log_in(url, pin=PIN, card_number=active_card.number, configuration=configuration)
    assert order.aborted == "noCertificate"


def test_an_expired_certificate_is_not_offered(
    card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    service.days_valid = -1
    url, _ = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    url, order = service.start_login()
    with pytest.raises(NoCertificate):
        flows.log_in(url, pin=PIN, configuration=configuration)
    assert order.aborted == "noCertificate"


def test_no_card_is_told_to_the_service(service: FixtureService, configuration: Configuration) -> None:
    url, order = service.start_login()
    with pytest.raises(NoCard):
        flows.log_in(url, pin=PIN, configuration=configuration)
    assert order.aborted == "noCard"


def test_a_wrong_pin_says_how_many_tries_are_left(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, order = service.start_login()
    with pytest.raises(WrongPin) as caught:
        flows.log_in(url, pin="111222", card_number=active_card.number, configuration=configuration)
    assert caught.value.facts["tries_left"] == "4"
    assert order.aborted == "pinFailed"


def test_the_last_wrong_pin_blocks_the_card_and_the_right_one_no_longer_opens_it(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    for left in ("4", "3", "2", "1"):
        url, _ = service.start_login()
        with pytest.raises(WrongPin) as caught:
            flows.log_in(url, pin="111222", card_number=active_card.number, configuration=configuration)
        assert caught.value.facts["tries_left"] == left
    for pin in ("111222", PIN):
        url, order = service.start_login()
        with pytest.raises(PinBlocked):
            flows.log_in(url, pin=pin, card_number=active_card.number, configuration=configuration)
        assert order.aborted == "pinBlocked"


def test_a_card_that_is_not_activated_has_no_certificate(
    card: CardInHand, service: FixtureService, configuration: Configuration, readers: VirtualReaders
) -> None:
    readers.insert(card.number, reader=0)
    url, order = service.start_login()
    with pytest.raises(NoCertificate):
        flows.log_in(url, pin=PIN, configuration=configuration)
    assert order.aborted == "noCertificate"


def test_a_token_is_good_for_one_client(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, _ = service.start_login()
    flows.log_in(url, pin=PIN, card_number=active_card.number, configuration=configuration)
    with pytest.raises(ServerRefused) as caught:
        flows.log_in(url, pin=PIN, configuration=configuration)
    assert caught.value.facts["error_code"] == "alreadyClaimed"


def test_the_service_may_refuse_an_answer(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    service.refuse_with["respond"] = "cardNotActive"
    url, _ = service.start_login()
    with pytest.raises(ServerRefused) as caught:
        flows.log_in(url, pin=PIN, card_number=active_card.number, configuration=configuration)
    assert caught.value.facts["error_code"] == "cardNotActive"


def test_a_client_that_is_too_old_claims_nothing(
    service: FixtureService, configuration: Configuration
) -> None:
    """APP-6."""
    service.least_version = "9.0"
    url, order = service.start_login()
    with pytest.raises(ClientTooOld):
        flows.log_in(url, pin=PIN, configuration=configuration)
    assert order.client_key is None


def test_a_service_that_does_not_answer_is_unreachable(home: Path) -> None:
    dead = FixtureService()
    configuration = configuration_from_environment(server=dead.api)
    dead.stop()
    with pytest.raises(ServerUnreachable):
        flows.log_in("siths://auth/1/" + "a" * 32, pin=PIN, configuration=configuration)


def test_a_return_to_another_site_than_the_one_shown_is_refused(
    active_card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    """T6: the browser is never sent elsewhere, whatever the answer says."""
    for elsewhere in (
        "http://evil.test/x",
        "//evil.test/",
        "javascript:alert(1)",
        f"{service.origin}@evil.test/",
    ):
        url, order = service.start_login()
        order.return_url = elsewhere
        with pytest.raises(ServerNotTrusted):
            flows.log_in(url, pin=PIN, card_number=active_card.number, configuration=configuration)


@pytest.mark.parametrize(
    "change",
    [
        {"visible_text": "Logga in \u202eni aggol"},
        {"rp_name": "Sig\u200bill"},
        {"rp_origin": "http://portal@evil.test"},
        {"purpose": "transfer"},
    ],
)
def test_a_question_that_cannot_be_shown_honestly_is_not_asked(
    change: dict[str, str], service: FixtureService, configuration: Configuration
) -> None:
    """T14 and T9."""
    url, _ = service.start_login(**change)
    with pytest.raises(ServerNotTrusted):
        flows.log_in(url, pin=PIN, configuration=configuration)


@pytest.mark.parametrize(
    "url", ["", "http://portal/", "siths://auth/2/aaaaaaaaaaaaaaaaaaaa", "siths://auth/1/a b"]
)
def test_other_links_are_not_opened(url: str, configuration: Configuration) -> None:
    with pytest.raises(LinkInvalid):
        flows.log_in(url, pin=PIN, configuration=configuration)


def test_plain_http_is_for_this_machine_only(home: Path) -> None:
    with pytest.raises(ConfigurationInvalid):
        configuration_from_environment(server="http://portal.example.test/c/v1/")


def test_the_wrong_card_is_not_touched(  # noqa: PLR0917 - fixtures
    card: CardInHand, active_card: CardInHand, home: Path, module: Path, service: FixtureService,
    configuration: Configuration, readers: VirtualReaders, hardware: Hardware,
) -> None:  # fmt: skip
    other, _ = make_card(home, module, name="Bo Ek")
    readers.insert(other, reader=0)
    url, activation = service.start_activation(card.number, card.admin_key)
    with pytest.raises(WrongCard) as caught:
        flows.activate(url, new_pin=PIN, insert=False, configuration=configuration)
    assert caught.value.facts == {"wanted": card.number, "found": other}
    assert activation.aborted == "wrongCard"
    inserted = hardware.readers()[0].card
    assert inserted
    assert inserted.pin_state is PinState.UNSET


@pytest.mark.parametrize(
    ("pin", "rule"),
    [("12345", "length"), ("123456789", "length"), ("abcdef", "digits"), ("111111", "trivial"),
     ("234567", "trivial"), ("876543", "trivial"), ("19890102", "trivial")],
)  # fmt: skip
def test_a_pin_that_is_easy_to_guess_is_not_set(
    pin: str, rule: str, card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, _ = service.start_activation(card.number, card.admin_key)
    with pytest.raises(PinNotAllowed) as caught:
        flows.activate(url, new_pin=pin, configuration=configuration)
    assert caught.value.facts["rule"] == rule


def test_a_wrong_admin_key_leaves_the_card_as_it_was(
    card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    url, activation = service.start_activation(card.number, "0" * 16)
    with pytest.raises(PinFailed):
        flows.activate(url, new_pin=PIN, configuration=configuration)
    assert activation.aborted == "pinFailed"


def test_only_the_key_of_the_last_activation_opens_the_card_and_wrong_ones_cost_no_try_in_the_end(
    card: CardInHand, home: Path, service: FixtureService, configuration: Configuration, hardware: Hardware
) -> None:
    for _ in range(6):
        url, _ = service.start_activation(card.number, card.admin_key)
        Activation(parse_link(url), configuration=configuration, hardware=hardware)
        service.claimed[0].answers = 1  # its answer was lost on the way, or never shown to the card
    url, last = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    assert " admin 10 " in (home / "cards" / "counters" / card.number).read_text()
    earlier = [one.new_admin_key for one in service.claimed if one is not last]
    _demand_only_key(hardware, card, last.new_admin_key, not_these=earlier)
    with hardware.card(card.number) as held:
        held.log_in(PIN)


def test_the_last_try_of_the_admin_key_is_never_used(
    card: CardInHand, home: Path, service: FixtureService, configuration: Configuration
) -> None:
    service.claimed += [
        OtherActivation(activation_id="x", card_number=card.number, admin_key=card.admin_key, answers=1)
        for _ in range(12)
    ]
    for _ in range(2):
        url, activation = service.start_activation(card.number, card.admin_key)
        with pytest.raises(PinFailed):
            flows.activate(url, new_pin=PIN, configuration=configuration)
        assert activation.aborted == "pinFailed"
    assert " admin 1 " in (home / "cards" / "counters" / card.number).read_text()


@pytest.mark.parametrize(
    "fault",
    ["C_Login 1 CKR_DEVICE_ERROR", "C_InitPIN 1 CKR_DEVICE_ERROR", "C_Login 1 CKR_DEVICE_REMOVED",
     "C_InitPIN 1 CKR_DEVICE_REMOVED", "C_Logout 3 CKR_DEVICE_REMOVED"],
)  # fmt: skip
def test_a_card_that_fails_while_it_is_taken_over_can_go_on(  # noqa: PLR0917 - fixtures
    fault: str, card: CardInHand, home: Path, service: FixtureService, configuration: Configuration,
    readers: VirtualReaders, hardware: Hardware,
) -> None:  # fmt: skip
    url, activation = service.start_activation(card.number, card.admin_key)
    walk = Activation(parse_link(url), configuration=configuration, hardware=hardware)
    readers.insert(card.number, reader=0)
    (home / "faults").write_text(f"{fault}\n")
    with pytest.raises(ClientError):
        walk.complete(PIN, report=lambda _: None)
    (home / "faults").unlink()
    walk.complete(PIN, report=lambda _: None)
    assert activation.state == "active"
    _demand_only_key(hardware, card, activation.new_admin_key)


def test_no_administration_key_passes_through_the_client(
    card: CardInHand, service: FixtureService, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 6: what opens the card once says neither the old key nor the new."""
    heard: list[str] = []
    read = connection.Connection.post

    def listen(self: connection.Connection, name: str, body: bytes, **options: Any) -> connection.Reply:
        reply = read(self, name, body, **options)
        heard.append(json.dumps(dict(reply.members)))
        return reply

    monkeypatch.setattr(connection.Connection, "post", listen)
    url, activation = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    assert any('"answer"' in reply for reply in heard)
    assert not any(key in reply for reply in heard for key in (card.admin_key, activation.new_admin_key))


def _demand_only_key(
    hardware: Hardware, card: CardInHand, admin_key: str, *, not_these: Sequence[str] = ()
) -> None:
    for old in (card.admin_key, *not_these):
        with hardware.card(card.number) as held, pytest.raises(PinFailed):
            held.set_pin(admin_key=old, pin="555666")
    with hardware.card(card.number) as held:
        held.set_pin(admin_key=admin_key, pin=PIN)


@pytest.mark.parametrize("call", ["keys", "certificates", "written", "receipt"])
def test_an_answer_lost_on_the_way_is_asked_for_again(
    call: str, card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    lost: list[str] = []

    def lose_once(name: str) -> None:
        if name == f"activation/{call}" and not lost:
            lost.append(name)
            raise ConnectionAbortedError

    service.before_call = lose_once
    url, activation = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    assert lost
    assert activation.state == "active"


def test_an_interrupted_activation_is_resumed_with_the_keys_it_made(
    card: CardInHand, service: FixtureService, configuration: Configuration
) -> None:
    service.refuse_with["activation/written"] = "internalError"
    url, first = service.start_activation(card.number, card.admin_key)
    with pytest.raises(ServerRefused):
        flows.activate(url, new_pin=PIN, configuration=configuration)
    service.refuse_with.clear()
    url, second = service.start_activation(card.number, card.admin_key, resumes=first)
    flows.activate(url, new_pin=PIN, configuration=configuration)
    assert second.state == "active"
    assert second.csrs == first.csrs
    with flows.open_hardware(configuration) as hardware:
        _demand_only_key(hardware, card, second.new_admin_key, not_these=[first.new_admin_key])


def test_keys_that_the_service_never_heard_of_are_made_anew(
    card: CardInHand, service: FixtureService, configuration: Configuration, hardware: Hardware
) -> None:
    service.refuse_with["activation/keys"] = "internalError"
    url, _ = service.start_activation(card.number, card.admin_key)
    with pytest.raises(ServerRefused):
        flows.activate(url, new_pin=PIN, configuration=configuration)
    service.refuse_with.clear()
    url, second = service.start_activation(card.number, card.admin_key)
    flows.activate(url, new_pin="918273", configuration=configuration)
    assert second.state == "active"
    with hardware.card(card.number) as held:
        assert len(held.certificates()) == 2
        held.log_in("918273")


def test_a_card_taken_out_in_the_middle_stops_the_activation_and_can_go_on(
    card: CardInHand, service: FixtureService, configuration: Configuration, readers: VirtualReaders,
    hardware: Hardware,
) -> None:  # fmt: skip
    url, activation = service.start_activation(card.number, card.admin_key)
    walk = Activation(parse_link(url), configuration=configuration, hardware=hardware)
    readers.insert(card.number, reader=0)

    def take_out(step: Step) -> None:
        if step is Step.WRITE:
            readers.remove(reader=0)

    with pytest.raises(NoCard):
        walk.complete(PIN, report=take_out)
    readers.insert(card.number, reader=1)
    walk.complete(PIN, report=lambda _: None)
    assert activation.state == "active"
    assert service.log.count("activation/keys") == 1


def test_a_card_taken_out_while_it_signs_is_a_removed_card(
    active_card: CardInHand, home: Path, service: FixtureService, configuration: Configuration,
    readers: VirtualReaders,
) -> None:  # fmt: skip
    (home / "faults").write_text("C_Sign 1 HANG\n")
    readers.insert(active_card.number, reader=0)
    url, order = service.start_login()
    fired = home / "faults.fired"  # another process takes the card, while this one waits in C_Sign
    take = (
        f"until [ -e {fired} ]; do sleep 0.01; done; : > {home}/empty; mv {home}/empty {home}/cards/readers/0"
        f"; rm {home}/faults"  # which lets it go on
    )
    with subprocess.Popen(["sh", "-c", take]), pytest.raises(CardRemoved):
        flows.log_in(url, pin=PIN, configuration=configuration)
    assert order.answer is None
    assert order.aborted == "readerError"


def test_a_reader_that_fails_is_told_as_such(
    active_card: CardInHand, home: Path, service: FixtureService, configuration: Configuration
) -> None:
    (home / "faults").write_text("C_SignInit 1 CKR_DEVICE_ERROR *\n")
    url, order = service.start_login()
    with pytest.raises(ReaderError):
        flows.log_in(url, pin=PIN, card_number=active_card.number, configuration=configuration)
    assert order.aborted == "readerError"


def test_the_return_proof_never_stands_in_a_repr(service: FixtureService) -> None:
    assert "geheim" not in repr(SignedAnswer(members={}, verifier="geheim", return_code="geheim"))
    assert "aaaa" not in repr(parse_link("siths://auth/1/" + "a" * 32))
    assert b64url(b"") == ""
    assert hashed(b"")


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = ClientError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert CardNotActivated.code == "cardNotActive"
