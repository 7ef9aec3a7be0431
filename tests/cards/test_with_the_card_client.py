"""The real card client with a virtual card from the factory's workshop, against our channel over HTTP."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from pytest_django import Settings

from ca.models import Certificate
from cards import lifecycle
from cards.admin_key import activation_key, factory_key
from cards.envelope_code import envelope_code
from cards.models import Activation, Card, CardKey
from cards.reasons import BlockReason
from cards.refills import order_refill
from cards.renewal.keys import left_over
from cards.renewal.models import RenewalKey, RenewalPurpose
from cards.reserve_cards import hand_out_reserve_card
from cards.reserve_fetching import open_fetching
from cards.reserve_models import ReserveRefill
from cards.states import ActivationState, CardState, UnlockState
from cards.stock_states import ReserveState
from cards.unlock_models import Unlock
from client import flows, renewing
from client.activation import Activation as ClientActivation
from client.activation import Step
from client.configuration import Configuration, configuration_from_environment
from client.errors import ClientError, PinBlocked, PinFailed, WrongCard
from client.links import parse_link
from client.page.desk import Desk
from client.page.questions import question_view, status_of
from client.page.views import Scene as View
from client.page.visits import Phase
from client.renewing import Renewal as ClientRenewal
from client.service import Service
from client.texts import Language
from client.virtual_readers import VirtualReaders
from hsm_sim.build import build
from journal.actor import Actor, ActorKind
from tests.cards.refills import spent
from tests.cards.stock_violations import a_box, a_list, a_place
from tests.hsm_sim.cards import MASTER_KEY, make_card
from tests.running.installation import eventually
from tests.scenarios import (
    CHECK,
    WORKER,
    Scene,
    a_scene,
    a_sent_order,
    an_open_activation,
    report,
)

pytestmark = pytest.mark.django_db(transaction=True)
PIN = "749201"


@pytest.fixture(scope="session")
def module() -> Path:
    return build()


@pytest.fixture
def home(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "SIGILL_CARDS",
        "SIGILL_READERS",
        "SIGILL_CARD_MODULE",
        "SIGILL_CLIENT_API",
        "SIGILL_PORTAL_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIGILL_CARDS", "")
    monkeypatch.setenv("SIGILL_READERS", "")
    monkeypatch.setenv("SIGILL_SHIM_FAULTS", str(tmp_path / "faults"))
    monkeypatch.setenv("SIGILL_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def origin(transactional_db: None, settings: Settings) -> Iterator[str]:
    """Serve the channel on a private port, in threads, over real HTTP."""
    settings.ROOT_URLCONF = "tests.cards.urls_with_authn"
    settings.MIDDLEWARE = []
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    settings.SIGILL_PORTAL_URL = f"http://127.0.0.1:{server.server_port}"
    yield settings.SIGILL_PORTAL_URL
    server.shutdown()
    server.server_close()
    thread.join(60)


@pytest.fixture
def scene(origin: str, settings: Settings, home: Path) -> Scene:
    settings.SIGILL_SECRETS = home / "secrets"
    settings.SIGILL_SECRETS.mkdir()
    (settings.SIGILL_SECRETS / "card-master.key").write_bytes(MASTER_KEY)
    return a_scene(at=datetime.now(UTC) - timedelta(days=8))


@pytest.fixture
def configuration(scene: Scene, origin: str) -> Configuration:
    return configuration_from_environment(server=f"{origin}/c/v1/")


@pytest.fixture
def card(scene: Scene, home: Path, module: Path) -> Card:
    """A card that lies in the home's folder and is shipped in the books."""
    number, _ = make_card(home, module, name="Åsa Lindqvist")
    order = a_sent_order(scene)
    report(scene, str(order.pk), "shipped", card_number=number)
    scene.at = datetime.now(UTC)
    return Card.objects.get()


@contextmanager
def working(scene: Scene) -> Iterator[None]:
    """Issue and publish beside the client, as the worker does."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.05):
            scene.authority.issue_and_publish(at=datetime.now(UTC))
        connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        done.set()
        worker.join(60)


def activate(url: str, configuration: Configuration) -> None:
    flows.activate(url, new_pin=PIN, configuration=configuration)


def test_a_card_is_activated_by_the_client(scene: Scene, card: Card, configuration: Configuration) -> None:
    """POR-4, CRD-5."""
    with working(scene):
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE
    assert Activation.objects.get().receipt.algorithm == "ES256"
    with flows.open_hardware(configuration) as hardware, hardware.card(card.card_number or "") as chip:
        on_the_card = {written.certificate_der for written in chip.certificates()}
    assert on_the_card == {bytes(certificate.certificate_der) for certificate in Certificate.objects.all()}


@pytest.mark.parametrize("last", [Step.PIN, Step.KEYS, Step.CERTIFICATES, Step.WRITE, Step.RECEIPT])
def test_a_client_killed_at_any_step_leaves_a_card_that_can_be_finished(
    scene: Scene, card: Card, configuration: Configuration, last: Step
) -> None:
    class Killed(BaseException):
        pass

    def die(step: Step) -> None:
        if step is last:
            raise Killed

    with working(scene):
        url = an_open_activation(scene, card).start_url
        VirtualReaders(configuration).insert(card.card_number or "", reader=0)
        with flows.open_hardware(configuration) as hardware:
            killed = ClientActivation(parse_link(url), configuration=configuration, hardware=hardware)
            with pytest.raises(Killed):
                killed.complete(PIN, report=die)
        scene.at = datetime.now(UTC)
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE
    assert CardKey.objects.filter(superseded_at__isnull=True).count() == 2
    assert Certificate.objects.filter(revoked_at__isnull=True).count() == 2


@pytest.mark.parametrize("shows_the_answer_to_the_card", [False, True])
def test_what_an_aborted_claim_heard_does_not_open_the_card_once_it_is_active(
    scene: Scene,
    card: Card,
    configuration: Configuration,
    shows_the_answer_to_the_card: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A script at the desk claims, hears all there is and aborts; then the holder activates the card."""
    number = card.card_number or ""
    script = Service(configuration)
    script.greet()
    token = an_open_activation(scene, card).token
    claimed = script.claim("activation/claim", {"token": token, "lang": "sv"})
    VirtualReaders(configuration).insert(number, reader=0)
    with flows.open_hardware(configuration) as hardware:
        with hardware.card(number) as chip:
            challenge = chip.challenge()
        ask = {"activationId": claimed["activationId"], "challenge": challenge.hex()}
        answer = str(script.call("activation/answer", ask, is_repeatable=False)["answer"])
        if shows_the_answer_to_the_card:
            with hardware.card(number) as chip:
                assert chip.takes_answer(answer)
                chip.log_out()
    first = str(Activation.objects.get().pk)
    ended = {"activationId": claimed["activationId"], "reason": "userCancel"}
    script.call("activation/abort", ended, is_repeatable=False)
    scene.at = datetime.now(UTC)
    with working(scene):
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE
    with flows.open_hardware(configuration) as hardware:
        with hardware.card(number) as chip:
            assert not chip.takes_answer(answer)
        for key in (activation_key(number, first), factory_key(number)):
            with hardware.card(number) as chip, pytest.raises(PinFailed):
                chip.set_pin(admin_key=key, pin="555666")
        with hardware.card(number) as chip:
            chip.log_in(PIN)
        last = activation_key(number, str(Activation.objects.get(state=ActivationState.ACTIVE).pk))
        with hardware.card(number) as chip:
            chip.set_pin(admin_key=last, pin=PIN)


@pytest.mark.parametrize(
    "fault",
    ["C_Login 1 KILL", "C_Login 1 KILL_AFTER", "C_InitPIN 1 KILL", "C_InitPIN 1 KILL_AFTER",
     "C_Logout 3 KILL", "C_Logout 3 KILL_AFTER", "C_Login 2 KILL_AFTER"],
)  # fmt: skip
def test_a_client_killed_between_any_two_calls_to_the_card_leaves_one_that_can_be_finished(
    scene: Scene, card: Card, configuration: Configuration, home: Path, fault: str
) -> None:
    url = an_open_activation(scene, card).start_url
    (home / "pin").write_text(PIN)
    (home / "faults").write_text(f"{fault}\n")
    client = [sys.executable, "-m", "client", "--server", configuration.server]
    killed = subprocess.run(
        [*client, "activate", url, "--pin-file", str(home / "pin")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed
    (home / "faults").unlink()
    scene.at = datetime.now(UTC)
    with working(scene):
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE
    assert Activation.objects.filter(state=ActivationState.ABORTED).get().claimed_at
    with flows.open_hardware(configuration) as hardware:
        for earlier in Activation.objects.filter(state=ActivationState.ABORTED):
            key = activation_key(card.card_number or "", str(earlier.pk))
            with hardware.card(card.card_number or "") as chip, pytest.raises(PinFailed):
                chip.set_pin(admin_key=key, pin="555666")


def test_another_card_in_the_reader_ends_it_with_the_reason(
    scene: Scene, card: Card, home: Path, module: Path, configuration: Configuration
) -> None:
    other, _ = make_card(home, module, name="Någon Annan")
    Card.objects.filter(pk=card.pk).update(card_number=other)
    url = an_open_activation(scene, Card.objects.get()).start_url
    VirtualReaders(configuration).insert(card.card_number or "", reader=0)
    with flows.open_hardware(configuration) as hardware:
        wrong = ClientActivation(parse_link(url), configuration=configuration, hardware=hardware)
        with pytest.raises(WrongCard):
            wrong.complete(PIN, report=lambda _: None)
        wrong.give_up("wrongCard")
    ended = Activation.objects.get()
    assert (ended.state, ended.abort_reason) == (ActivationState.ABORTED, "wrongCard")


def test_a_card_blocked_meanwhile_is_told_to_the_client(
    scene: Scene, card: Card, configuration: Configuration
) -> None:
    def block(step: Step) -> None:
        if step is Step.RECEIPT:
            lifecycle.block_card(
                card_id=str(card.pk),
                reason=BlockReason.LOST_OR_STOLEN,
                requested_at=scene.at,
                actor=scene.cast.alva,
                at=datetime.now(UTC),
            )

    with working(scene):
        url = an_open_activation(scene, card).start_url
        VirtualReaders(configuration).insert(card.card_number or "", reader=0)
        with flows.open_hardware(configuration) as hardware:
            activation = ClientActivation(parse_link(url), configuration=configuration, hardware=hardware)
            with pytest.raises(ClientError):
                activation.complete(PIN, report=block)
    card.refresh_from_db()
    assert card.state == CardState.BLOCKED
    assert not Certificate.objects.filter(revoked_at__isnull=True).exists()


@pytest.fixture
def used_card(scene: Scene, card: Card, configuration: Configuration) -> Card:
    """A card in use whose holder has forgotten the PIN: it is locked."""
    with working(scene):
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    with flows.open_hardware(configuration) as hardware:
        for _ in range(5):
            with hardware.card(card.card_number or "") as chip, contextlib.suppress(ClientError):
                chip.log_in("111222")
    return card


def opened_unlock(scene: Scene, card: Card) -> str:
    return lifecycle.open_unlock(
        card_id=str(card.pk), identity_check=CHECK, actor=scene.cast.alva, at=datetime.now(UTC)
    ).start_url


def test_a_locked_card_is_unlocked_at_the_desk_without_puk_and_no_earlier_key_opens_it(
    scene: Scene, used_card: Card, configuration: Configuration
) -> None:
    """POR-4, issue 7: challenge and response; the client of the activation knows nothing of use any more."""
    number = used_card.card_number or ""
    with (
        flows.open_hardware(configuration) as hardware,
        pytest.raises(PinBlocked),
        hardware.card(number) as chip,
    ):
        chip.log_in(PIN)
    steps: list[Step] = []
    flows.unlock(
        opened_unlock(scene, used_card), new_pin="918273", report=steps.append, configuration=configuration
    )
    assert steps == [Step.CARD, Step.UNLOCK, Step.PIN, Step.CONFIRM, Step.DONE]
    assert Unlock.objects.get().state == UnlockState.UNLOCKED
    with flows.open_hardware(configuration) as hardware:
        with hardware.card(number) as chip:
            chip.log_in("918273")
        for old in (activation_key(number, str(Activation.objects.get().pk)), factory_key(number)):
            with hardware.card(number) as chip, pytest.raises(PinFailed):
                chip.set_pin(admin_key=old, pin="555666")
        with hardware.card(number) as chip:
            assert len(chip.certificates()) == 2
    flows.unlock(opened_unlock(scene, used_card), new_pin="563412", configuration=configuration)
    assert Unlock.objects.filter(state=UnlockState.UNLOCKED).count() == 2


def test_what_was_said_on_the_way_opens_no_card_a_second_time(
    scene: Scene, used_card: Card, configuration: Configuration
) -> None:
    """In the middle, or at the keyboard: the answer was for one challenge of one card."""
    number = used_card.card_number or ""
    script = Service(configuration)
    script.greet()
    url = opened_unlock(scene, used_card)
    claim = script.claim("unlock/claim", {"token": parse_link(url).token})
    with flows.open_hardware(configuration) as hardware:
        with hardware.card(number) as chip:
            challenge = chip.challenge()
        ask = {"unlockId": claim["unlockId"], "challenge": challenge.hex()}
        answer = str(script.call("unlock/answer", ask, is_repeatable=False)["answer"])
        with hardware.card(number) as chip:
            assert chip.takes_answer(answer)
            chip.log_out()
        with hardware.card(number) as chip:
            assert not chip.takes_answer(answer)
            chip.challenge()
            assert not chip.takes_answer(answer)
    script.call("unlock/abort", {"unlockId": claim["unlockId"], "reason": "userCancel"}, is_repeatable=False)
    flows.unlock(opened_unlock(scene, used_card), new_pin="918273", configuration=configuration)
    assert Unlock.objects.filter(state=UnlockState.UNLOCKED).count() == 1


def test_an_answer_is_worth_nothing_to_another_card(
    scene: Scene, used_card: Card, configuration: Configuration, home: Path, module: Path
) -> None:
    other, _ = make_card(home, module, name="Bo Ek")
    script = Service(configuration)
    script.greet()
    claim = script.claim("unlock/claim", {"token": parse_link(opened_unlock(scene, used_card)).token})
    VirtualReaders(configuration).insert(other, reader=0)
    with flows.open_hardware(configuration) as hardware:
        with hardware.card(other) as chip:
            ask = {"unlockId": claim["unlockId"], "challenge": chip.challenge().hex()}
        answer = str(script.call("unlock/answer", ask, is_repeatable=False)["answer"])
        with hardware.card(other) as chip:
            assert not chip.takes_answer(answer)
    VirtualReaders(configuration).insert(other, reader=0)
    with pytest.raises(WrongCard):
        flows.unlock(
            opened_unlock(scene, used_card), new_pin="918273", insert=False, configuration=configuration
        )
    assert Unlock.objects.filter(abort_reason="wrongCard").count() == 1


@pytest.mark.parametrize(
    "fault",
    ["C_Login 1 KILL_AFTER", "C_InitPIN 1 KILL", "C_InitPIN 1 KILL_AFTER", "C_Login 2 KILL_AFTER"],
)
def test_a_client_killed_while_it_unlocks_leaves_a_card_that_can_be_unlocked(
    scene: Scene, used_card: Card, configuration: Configuration, home: Path, fault: str
) -> None:
    (home / "pin").write_text("918273")
    (home / "faults").write_text(f"{fault}\n")
    command = [sys.executable, "-m", "client", "--server", configuration.server, "unlock"]
    killed = subprocess.run(
        [*command, opened_unlock(scene, used_card), "--new-pin-file", str(home / "pin")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed
    (home / "faults").unlink()
    flows.unlock(opened_unlock(scene, used_card), new_pin="563412", configuration=configuration)
    with flows.open_hardware(configuration) as hardware, hardware.card(used_card.card_number or "") as chip:
        chip.log_in("563412")


def test_the_clients_page_unlocks_a_card_and_shows_what_is_signed(
    scene: Scene, used_card: Card, configuration: Configuration
) -> None:
    number = used_card.card_number or ""
    VirtualReaders(configuration).remove(reader=0)
    desk = Desk(configuration)
    try:
        visit = desk.open(opened_unlock(scene, used_card), language="sv")

        def shown() -> str:
            view = View(desk=desk, language=Language.SWEDISH, csrf_token="t", path="/", version=desk.version)
            return question_view(view, visit).encode().decode() + status_of(view, visit)

        eventually(lambda: visit.phase is Phase.ASKING)
        assert "Sätt i ditt kort" in shown()
        desk.insert(number, reader=1)
        eventually(lambda: visit.hindrance is None)
        assert "Lås upp ditt kort" in shown()
        assert "valt en ny PIN-kod" in shown()
        assert "villkor" not in shown().lower()
        desk.activate(visit, pin="111111")
        eventually(lambda: visit.phase is Phase.ASKING and visit.notice)
        desk.activate(visit, pin="918273")
        eventually(lambda: visit.phase is Phase.DONE)
        assert "Kortet är upplåst" in shown()
    finally:
        desk.close()
    assert Unlock.objects.get().state == UnlockState.UNLOCKED


def opened_renewal(card: Card, purpose: RenewalPurpose = RenewalPurpose.RENEW) -> str:
    holder = Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=3)
    at = datetime.now(UTC)
    return lifecycle.open_own_renewal(card_id=str(card.pk), purpose=purpose, actor=holder, at=at).start_url


@pytest.fixture
def card_in_use(scene: Scene, card: Card, configuration: Configuration) -> Card:
    with working(scene):
        activate(an_open_activation(scene, card).start_url, configuration)
    card.refresh_from_db()
    return card


def on_card(card: Card, configuration: Configuration) -> set[bytes]:
    with flows.open_hardware(configuration) as hardware, hardware.card(card.card_number or "") as chip:
        return {written.certificate_der for written in chip.certificates()}


def good(card: Card) -> set[bytes]:
    rows = Certificate.objects.filter(carrier_id=str(card.pk), revoked_at__isnull=True)
    return {bytes(one.certificate_der) for one in rows}


def test_a_card_gets_certificates_for_signatures_and_all_are_renewed(
    scene: Scene, card_in_use: Card, configuration: Configuration
) -> None:
    """MIN-2, POR-4, issue 7: read back, signed for, and what was replaced is off the card."""
    steps: list[Step] = []
    with working(scene):
        flows.renew(
            opened_renewal(card_in_use, RenewalPurpose.SIGNATURE), pin=PIN, configuration=configuration
        )
        assert len(on_card(card_in_use, configuration)) == 4
        first = on_card(card_in_use, configuration)
        flows.renew(opened_renewal(card_in_use), pin=PIN, report=steps.append, configuration=configuration)
    assert steps == [*ClientRenewal.steps, Step.DONE]
    after = on_card(card_in_use, configuration)
    assert after == good(card_in_use)
    assert len(after) == 4
    assert after.isdisjoint(first)


@pytest.mark.parametrize("last", [Step.KEYS, Step.CERTIFICATES, Step.WRITE, Step.CONFIRM_RENEWAL, Step.DONE])
def test_a_client_killed_at_any_step_of_a_renewal_loses_nothing_and_the_next_one_clears_up(
    scene: Scene, card_in_use: Card, configuration: Configuration, last: Step
) -> None:
    class Killed(BaseException):
        pass

    def die(step: Step) -> None:
        if step is last:
            raise Killed

    before = on_card(card_in_use, configuration)
    with working(scene):
        with flows.open_hardware(configuration) as hardware:
            killed = ClientRenewal(
                parse_link(opened_renewal(card_in_use)), configuration=configuration, hardware=hardware
            )
            with pytest.raises(Killed):
                killed.complete(PIN, report=die)
        if last is not Step.DONE:
            assert before <= on_card(card_in_use, configuration) & good(card_in_use)
        flows.renew(opened_renewal(card_in_use), pin=PIN, configuration=configuration)
    for key in RenewalKey.objects.all():  # the worker's consumer of certificate.issued
        lifecycle.revoke_superseded_certificate(
            certificate_request_id=key.certificate_request_id, actor=WORKER, at=datetime.now(UTC)
        )
    after = on_card(card_in_use, configuration)
    with (
        flows.open_hardware(configuration) as hardware,
        hardware.card(card_in_use.card_number or "") as chip,
    ):
        chip.log_in(PIN)
        assert not any(chip.key_id(label) for label in left_over(card_in_use))
    assert after == good(card_in_use)
    assert len(after) == 2
    assert after.isdisjoint(before)


def test_a_renewal_is_for_its_card_and_goes_on_when_the_right_one_is_back(
    scene: Scene, card_in_use: Card, home: Path, module: Path, configuration: Configuration
) -> None:
    """Wrong card, and a card taken out in the middle: the same call goes on."""
    readers = VirtualReaders(configuration)
    other, _ = make_card(home, module, name="Någon Annan")

    def take_out(step: Step) -> None:
        if step is Step.WRITE:
            readers.remove(reader=0)

    with working(scene), flows.open_hardware(configuration) as hardware:
        renewal = ClientRenewal(
            parse_link(opened_renewal(card_in_use)), configuration=configuration, hardware=hardware
        )
        readers.insert(other, reader=0)
        with pytest.raises(WrongCard):
            renewal.complete(PIN, report=lambda _: None)
        readers.insert(card_in_use.card_number or "", reader=0)
        with pytest.raises(ClientError):
            renewal.complete(PIN, report=take_out)
        readers.insert(card_in_use.card_number or "", reader=0)
        renewal.complete(PIN, report=lambda _: None)
    assert on_card(card_in_use, configuration) == good(card_in_use)


@pytest.fixture
def spent_card(scene: Scene, home: Path, module: Path, configuration: Configuration) -> Card:
    """A reserve card that its holder fetched certificates to, each of which was revoked since."""
    number, _ = make_card(home, module, name="Åsa Lindqvist")
    box = replace(a_list(), card_numbers=(number,))
    scene.at = datetime.now(UTC)
    a_box(scene, a_place(scene), box)
    hand_out_reserve_card(
        employment=scene.cast.asa,
        card_number=number,
        loa=2,
        months=6,
        identity_check=CHECK,
        actor=scene.cast.alva,
        at=scene.at,
    )
    with working(scene):
        activate(fetching(number), configuration)
    card = Card.objects.get()
    scene.at = datetime.now(UTC) - timedelta(minutes=1)
    spent(scene, card)  # a minute later
    order_refill(card_number=number, identity_check=CHECK, actor=scene.cast.alva, at=datetime.now(UTC))
    return card


def fetching(number: str) -> str:
    """Type the number and the envelope's code, and return the link that starts the client."""
    return open_fetching(
        card_number=number,
        code=envelope_code(number),
        actor=Actor(kind=ActorKind.SERVICE, identifier="own-pages"),
        at=datetime.now(UTC),
    ).start_url


def test_a_reserve_card_without_a_valid_certificate_is_filled_again_with_its_own_pin(
    scene: Scene, spent_card: Card, configuration: Configuration
) -> None:
    """domain.md 2.5: the card shows that it is this card by a key that was certified once."""
    number, old = spent_card.card_number or "", on_card(spent_card, configuration)
    assert (good(spent_card), len(old)) == (set(), 2)
    with working(scene):
        flows.renew(fetching(number), pin=PIN, configuration=configuration)
    after = on_card(spent_card, configuration)
    assert after == good(spent_card)
    assert len(after) == 2
    assert after.isdisjoint(old)
    assert ReserveRefill.objects.get().state == ReserveState.FETCHED
    with flows.open_hardware(configuration) as hardware, hardware.card(number) as chip:
        chip.log_in(PIN)
        assert not any(chip.key_id(label) for label in left_over(spent_card))


def test_a_card_whose_certificates_have_run_out_signs_with_what_the_service_names(
    scene: Scene, spent_card: Card, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's own clock says that they are past their end: for a login it would offer none of them."""
    old = on_card(spent_card, configuration)
    is_in_time = renewing._identifies
    monkeypatch.setattr(
        renewing, "_identifies", lambda one: one.certificate_der not in old and is_in_time(one)
    )
    with working(scene):
        flows.renew(fetching(spent_card.card_number or ""), pin=PIN, configuration=configuration)
    assert on_card(spent_card, configuration) == good(spent_card)


@pytest.mark.parametrize("last", [Step.KEYS, Step.CERTIFICATES, Step.WRITE, Step.CONFIRM_RENEWAL, Step.DONE])
def test_a_client_killed_while_it_fills_a_card_again_is_followed_by_one_that_ends_it(
    scene: Scene, spent_card: Card, configuration: Configuration, last: Step
) -> None:
    class Killed(BaseException):
        pass

    def die(step: Step) -> None:
        if step is last:
            raise Killed

    number = spent_card.card_number or ""
    with working(scene):
        with flows.open_hardware(configuration) as hardware:
            killed = ClientRenewal(
                parse_link(fetching(number)), configuration=configuration, hardware=hardware
            )
            with pytest.raises(Killed):
                killed.complete(PIN, report=die)
        if last is not Step.DONE:
            flows.renew(fetching(number), pin=PIN, configuration=configuration)
    for key in RenewalKey.objects.all():  # the worker's consumer of certificate.issued
        lifecycle.revoke_superseded_certificate(
            certificate_request_id=key.certificate_request_id, actor=WORKER, at=datetime.now(UTC)
        )
    after = on_card(spent_card, configuration)
    assert after == good(spent_card)
    assert len(after) == 2
    assert ReserveRefill.objects.get().state == ReserveState.FETCHED


def test_another_card_is_not_filled_in_its_place(
    scene: Scene, spent_card: Card, home: Path, module: Path, configuration: Configuration
) -> None:
    other, _ = make_card(home, module, name="Någon Annan")
    VirtualReaders(configuration).insert(other, reader=0)
    with working(scene), pytest.raises(WrongCard):
        flows.renew(
            fetching(spent_card.card_number or ""), pin=PIN, insert=False, configuration=configuration
        )
    assert good(spent_card) == set()
    assert ReserveRefill.objects.get().state == ReserveState.READY
