"""The relying-party API: known by its function certificate, told everything once, and nothing of others."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client, RequestFactory
from pytest_django import Settings

from authn import rp_api, rp_urls
from authn.certificate import read_certificate
from authn.errors import InvalidParameters
from authn.evidence import Answer, Flow, Purpose, Question, b64, hashed, unb64, verify, verify_return
from authn.levels import LOA2, LOA3
from authn.models import AuthnOrder, RelyingParty
from authn.relying_parties import Registration, register
from authn.states import OrderState
from journal.models import Entry
from journal.stops import JournalNotWritable, JournalStopped
from portal import rp_settings
from tests.authn.conftest import ACTOR
from tests.authn.pki import ARC, NUMBER, Holder, Pki
from tests.authn.robot import Robot, fresh_frame
from tests.authn.status_service import StatusService

RP_ID = "SE2321000016-RP1"
FUNCTION = Holder(
    label="function-client",
    serial_number=RP_ID,
    policies=(f"{ARC}.11",),
    usages=("digital_signature",),
    extended=(ExtendedKeyUsageOID.CLIENT_AUTH,),
    card_number="",
)


@dataclass
class Caller:
    """A service with its certificate, as nginx passes it on."""

    pki: Pki
    holder: Holder = FUNCTION
    verify: str = "SUCCESS"

    def __post_init__(self) -> None:
        self.der = self.pki.holder(self.holder, issuer=self.pki.function_issuer, signer="function")

    def post(self, path: str, body: object, **headers: str) -> tuple[int, dict[str, object]]:
        pem = x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)
        given = {"X-Client-Verify": self.verify, "X-Client-Cert": quote(pem), **headers}
        self.last = Client().post(
            f"/rp/v1/{path}", json.dumps(body), content_type="application/json", headers=given
        )
        return self.last.status_code, self.last.json()


@pytest.fixture
def caller(db: None, trusted: Pki, settings: Settings) -> Caller:
    settings.ROOT_URLCONF = "tests.authn.rp_and_client_urls"
    registered(RP_ID)
    return Caller(trusted)


def registration_of(rp_id: str) -> Registration:
    return Registration(
        rp_id=rp_id,
        name_sv="Journalen",
        name_en="The record",
        return_origins=("https://journal.test",),
        flows=tuple(Flow),
        purposes=(Purpose.AUTH, Purpose.SIGN),
    )


def registered(rp_id: str) -> RelyingParty:
    return register(registration_of(rp_id), actor=ACTOR, at=datetime.now(UTC))


def asked(**changes: object) -> dict[str, object]:
    return {
        "purpose": "auth",
        "rpChallenge": b64(bytes(64)),
        "flow": "same-device",
        "returnUrl": "https://journal.test/back",
        "endUserIp": "127.0.0.1",
        "visible": {"text": "Logga in i Journalen", "lang": "sv"},
        **changes,
    }


def test_a_service_logs_somebody_in_and_verifies_the_evidence_itself(caller: Caller) -> None:
    """AUT-10, AUT-1: the whole answer once, and what the service needs to believe nobody but the card."""
    status, started = caller.post("auth", asked())
    assert status == 201
    assert caller.post("collect", started) == (200, {"status": "pending", "hint": "outstanding"})
    robot = Robot()
    assert robot.claim(str(started["autoStartToken"]))[0] == 200
    assert (robot.claimed["rpName"], robot.claimed["rpOrigin"]) == ("Journalen", "https://journal.test")
    d = str(robot.respond(caller.pki.holder(Holder()))[1]["d"])
    status, done = caller.post("collect", started)
    assert (status, done["status"]) == (200, "complete")
    assert done["user"] == {
        "givenName": "Åsa", "surname": "Test", "personalIdentityNumber": NUMBER, "hsaId": None,
    }  # fmt: skip
    told, certificate = done["evidence"], unb64(done["credential"]["certificate"])  # type: ignore[index]
    answer = Answer(
        certificate_der=certificate, algorithm=told["alg"], signature=unb64(told["signature"]),
        user_challenge=told["userChallenge"], server_spki=told["spki"],
    )  # fmt: skip
    question = Question(
        purpose="auth", order_ref=str(started["orderRef"]), server_random=unb64(told["serverRandom"]),
        rp_challenge=bytes(64), rp_id=RP_ID, rp_name="Journalen", rp_origin="https://journal.test",
        visible_text="Logga in i Journalen", non_visible_hash=hashed(b""), flow="same-device",
        expires_at=told["expiresAt"],
    )  # fmt: skip
    assert verify(question, answer, server_spki_pins=[told["spki"]]) == unb64(told["tbs"])
    verify_return(
        session_secret=unb64(str(started["sessionSecret"])),
        user_challenge=answer.user_challenge,
        d=d,
        u=robot.u,
    )
    assert caller.post("collect", started)[1]["errorCode"] == "notFound", "T13: once"


def test_the_other_device_gets_frames(caller: Caller) -> None:
    """AUT-3."""
    _, started = caller.post("auth", asked(flow="other-device"))
    secret = unb64(str(started["qrStartSecret"]))
    text = fresh_frame(str(started["orderRef"]), str(started["qrStartToken"]), secret)
    assert Robot().claim(text, member="qr")[0] == 200


def test_another_services_order_is_not_there(caller: Caller) -> None:
    """T11: unknown, consumed and foreign orders are not told apart."""
    registered("SE2321000024-RP2")
    other = Caller(caller.pki, replace(FUNCTION, serial_number="SE2321000024-RP2"))
    _, started = caller.post("auth", asked())
    gone = {"errorCode": "notFound", "details": "Not Found"}
    for path in ("collect", "cancel"):
        assert other.post(path, started) == (404, gone)
        assert caller.post(path, {"orderRef": "6f1d3c0e-5a5f-4c1b-9c55-0d7a3c5b9e11"}) == (404, gone)
        assert caller.post(path, {"orderRef": "x"}) == (404, gone)
    assert caller.post("collect", started)[0] == 200


def test_cancel_is_idempotent_and_ends_the_order(caller: Caller) -> None:
    _, started = caller.post("auth", asked())
    assert caller.post("cancel", started) == (200, {})
    assert caller.post("cancel", started) == (200, {})
    assert caller.post("collect", started) == (200, {"status": "failed", "hint": "rpCancel"})


@pytest.mark.parametrize(
    "holder",
    [
        replace(FUNCTION, serial_number="SE2321000016-RP9"),
        replace(FUNCTION, serial_number=""),
        replace(FUNCTION, extended=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        replace(FUNCTION, policies=(f"{ARC}.1",)),
        replace(FUNCTION, not_after=datetime(2026, 2, 1, tzinfo=UTC)),
        replace(FUNCTION, with_aia=False),
        replace(FUNCTION, is_ca=True, usages=("digital_signature", "key_cert_sign")),
    ],
)
def test_a_certificate_that_is_not_the_registered_services_opens_nothing(
    caller: Caller, holder: Holder
) -> None:
    """T10, AUT-10: HSA-id, usage, policy, time, status, each by itself."""
    assert Caller(caller.pki, holder).post("auth", asked())[0] == 401
    assert not AuthnOrder.objects.exists()


def test_a_persons_certificate_a_revoked_one_or_none_opens_nothing(
    caller: Caller, status_service: StatusService
) -> None:
    """T10, T12: without nginx's word there is no caller; a person's issuer names no function."""
    person = Caller(caller.pki)
    person.der = caller.pki.holder(FUNCTION)
    assert person.post("auth", asked())[0] == 401
    for word in ("NONE", "", "FAILED:expired", "success"):
        assert Caller(caller.pki, verify=word).post("auth", asked())[0] == 401
    assert Caller(caller.pki).post("auth", asked(), **{"X-Client-Cert": "%zz"})[0] == 401
    status_service.behave(status=ocsp.OCSPCertStatus.REVOKED)
    assert Caller(caller.pki).post("auth", asked())[0] == 401
    status_service.reset()
    status_service.behave(http_status=500)
    assert Caller(caller.pki).post("auth", asked())[0] == 401


def test_a_closed_service_is_refused(caller: Caller) -> None:
    RelyingParty.objects.update(closed_at=datetime.now(UTC))
    assert caller.post("auth", asked())[0] == 401


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"returnUrl": "https://evil.test/back"}, 422, "returnUrlNotRegistered"),
        ({"returnUrl": "//journal.test/back"}, 422, "returnUrlNotRegistered"),
        ({"returnUrl": "https://journal.test@evil.test/"}, 422, "returnUrlNotRegistered"),
        ({"returnUrl": "https://JOURNAL.test/back"}, 422, "returnUrlNotRegistered"),
        ({"returnUrl": "https://journal.test:443/back"}, 422, "returnUrlNotRegistered"),
        ({"rpChallenge": b64(bytes(63))}, 400, "invalidParameters"),
        ({"rpChallenge": "?"}, 400, "invalidParameters"),
        ({"visible": {"text": "a\u202eb", "lang": "sv"}}, 400, "invalidParameters"),
        ({"visible": {"text": "A\u030a", "lang": "sv"}}, 400, "invalidParameters"),
        ({"visible": None}, 400, "invalidParameters"),
        ({"flow": "x"}, 400, "invalidParameters"),
        ({"purpose": "sign"}, 400, "invalidParameters"),
        ({"purpose": "enrol"}, 400, "invalidParameters"),
        ({"requirement": {"carriers": ["paper"]}}, 400, "invalidParameters"),
        ({"requirement": {"loa": "loa3"}}, 400, "invalidParameters"),
        ({"requirement": {"loa": ["loa4"]}}, 400, "invalidParameters"),
        ({"endUserIp": ""}, 400, "invalidParameters"),
        ({"endUserIp": "x"}, 400, "invalidParameters"),
        ({"requirement": {"subject": {"personalNumberHash": "x"}}}, 400, "invalidParameters"),
        ({"requirement": {"level": ["loa3"]}}, 400, "invalidParameters"),
        ({"endUserIp": "\ud800"}, 400, "invalidParameters"),
        ({"endUserIp": "127.0.0.1\0"}, 400, "invalidParameters"),
        ({"visible": {"text": "Logga in", "lang": "\udfff"}}, 400, "invalidParameters"),
        ({"requirement": {"loa": ["\0"]}}, 400, "invalidParameters"),
    ],
)
def test_what_a_service_may_not_ask_has_its_code(
    caller: Caller, changes: dict[str, object], status: int, code: str
) -> None:
    """T6, T14: addresses in every disguise, texts that cannot be seen, purposes not registered."""
    answered, told = caller.post("auth", asked(**changes))
    assert (answered, told["errorCode"]) == (status, code)


def test_a_service_demands_no_higher_level_than_it_is_registered_for(caller: Caller) -> None:
    """AUT-10: the row says the highest; what is not demanded is not limited."""
    high, low = ({"requirement": {"loa": [loa]}} for loa in (LOA3, LOA2))
    assert caller.post("auth", asked(**high))[0] == 201
    RelyingParty.objects.filter(rp_id=RP_ID).update(most_loa=LOA2)
    assert caller.post("auth", asked(**high))[1]["errorCode"] == "invalidParameters"
    assert [caller.post("auth", asked(**less))[0] for less in (low, {})] == [201, 201]
    with pytest.raises(InvalidParameters):
        register(replace(registration_of(RP_ID), most_loa="loa9"), actor=ACTOR, at=datetime.now(UTC))


def test_two_orders_for_the_same_person_are_not_open_at_once(caller: Caller) -> None:
    """Section 6: alreadyInProgress, until the first is late; orders for others are not held up."""
    hers, his = ({"requirement": {"subject": {"personalIdHash": hashed(one)}}} for one in (b"1", b"2"))
    status, first = caller.post("auth", asked(**hers))
    assert status == 201
    assert [caller.post("auth", asked(**one))[0] for one in (his, {}, {})] == [201, 201, 201]
    late = datetime.now(UTC) - timedelta(seconds=61)
    AuthnOrder.objects.filter(pk=str(first["orderRef"])).update(state_since=late)
    status, second = caller.post("auth", asked(**hers))
    assert status == 201
    assert caller.post("cancel", second)[0] == 200
    assert caller.post("auth", asked(**hers))[0] == 201


def test_who_starts_logins_for_anothers_number_holds_that_person_up_once(caller: Caller) -> None:
    """Section 6, as BankID does: the second is told alreadyInProgress, the first ends, the third goes."""
    hers, his = ({"requirement": {"subject": {"personalIdHash": hashed(one)}}} for one in (b"1", b"2"))
    strangers, others = caller.post("auth", asked(**hers))[1], caller.post("auth", asked(**his))[1]
    answer = caller.post("auth", asked(**hers))
    assert (answer[0], answer[1]["errorCode"]) == (400, "alreadyInProgress")
    ended = caller.post("collect", strangers)[1]
    assert (ended["status"], ended["hint"]) == ("failed", "rpCancel")
    assert caller.post("collect", others)[1]["status"] == "pending"
    assert caller.post("auth", asked(**hers))[0] == 201


@pytest.mark.django_db(transaction=True)
def test_of_orders_for_one_person_at_the_same_instant_one_at_most_is_open(
    transactional_db: None, caller: Caller
) -> None:
    """Section 6: the later start sees the earlier, however close they come."""
    hers = {"requirement": {"subject": {"personalIdHash": hashed(b"1")}}}
    gate = threading.Barrier(4)

    def start() -> int:
        own = Caller(caller.pki)
        gate.wait(60)
        try:
            return own.post("auth", asked(**hers))[0]
        finally:
            connections.close_all()

    for _ in range(5):
        with ThreadPoolExecutor(4) as threads:
            told = [one.result() for one in [threads.submit(start) for _ in range(4)]]
        assert set(told) == {201, 400}
        late = datetime.now(UTC) - timedelta(seconds=61)
        assert AuthnOrder.objects.filter(state=OrderState.CREATED.value, state_since__gt=late).count() <= 1
        AuthnOrder.objects.update(state_since=late)  # the one that is open would be in the next round's way


@pytest.mark.usefixtures("in_one_minute")
def test_floods_of_a_service_end_at_its_own_limit(caller: Caller) -> None:
    """T17: 429, with the policy and when to come back; another service is not touched."""
    RelyingParty.objects.filter(rp_id=RP_ID).update(orders_per_minute=2)
    registered("SE2321000024-RP2")
    assert [caller.post("auth", asked())[0] for _ in range(4)] == [201, 201, 429, 429]
    assert caller.last.headers["RateLimit-Policy"] == '"orders";q=2;w=60'
    assert caller.last.headers["RateLimit"].startswith('"orders";r=0;t=')
    assert int(caller.last.headers["Retry-After"]) <= 60
    other = Caller(caller.pki, replace(FUNCTION, serial_number="SE2321000024-RP2"))
    assert other.post("auth", asked())[0] == 201


def test_methods_and_bodies_have_their_codes(caller: Caller) -> None:
    assert Client().get("/rp/v1/auth").status_code == 405
    assert Client().post("/rp/v1/auth", {"a": "b"}).status_code == 415
    assert caller.post("auth", [])[0] == 400
    assert caller.post("auth", {"visible": {"text": "x" * 70_000}})[0] == 400


def test_the_openapi_document_names_every_call_and_code() -> None:
    document = json.loads(Path(rp_urls.__file__).with_name("rp_openapi.json").read_text(encoding="utf-8"))
    served = {f"/{one.pattern}" for one in rp_urls.urlpatterns if str(one.pattern).startswith("rp/v1/")}
    assert set(document["paths"]) == served - {"/rp/v1/openapi.json"}
    assert set(document["components"]["schemas"]["Error"]["properties"]["errorCode"]["enum"]) >= {
        kind.code for kind in rp_api._STATUSES if not issubclass(kind, JournalNotWritable | JournalStopped)
    }
    assert document["openapi"].startswith("3.1")


def test_what_no_call_answers_is_told_in_the_same_shape(settings: Settings) -> None:
    """Section 6: a program that mistypes an address reads JSON, as everywhere here."""
    settings.ROOT_URLCONF, settings.MIDDLEWARE = rp_settings.ROOT_URLCONF, rp_settings.MIDDLEWARE
    answer = Client().post("/rp/v1/autth", data="{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert answer.json() == {"errorCode": "notFound", "details": "Not Found"}
    asked = RequestFactory().get("/rp/v1/auth")
    for told, status, code in (
        (rp_urls.handler400(asked, ValueError()), 400, "invalidParameters"),
        (rp_urls.handler500(asked), 500, "internalError"),
    ):
        assert (told.status_code, json.loads(told.content)["errorCode"]) == (status, code)


def test_the_api_is_not_served_where_browsers_are() -> None:
    """T12: the public name knows neither the addresses nor the headers."""
    from django.urls import Resolver404, resolve  # noqa: PLC0415

    for path in ("/rp/v1/auth", "/rp/v6.0/auth", "/rp/v1/collect"):
        with pytest.raises(Resolver404):
            resolve(path, urlconf="portal.urls")


def test_what_names_a_function_reads_as_its_hsa_id(caller: Caller) -> None:
    assert read_certificate(caller.der).hsa_id == RP_ID
    assert read_certificate(caller.der).not_after > datetime.now(UTC) + timedelta(days=365)


@pytest.mark.usefixtures("in_one_minute")
def test_what_a_service_says_of_its_users_takes_no_login_from_another(
    caller: Caller, settings: Settings
) -> None:
    """T17: endUserIp is a service's word; each service has a count of its own for each address."""
    settings.AUTHN_STARTS_PER_MINUTE = 1
    registered("SE2321000024-RP2")
    other = Caller(caller.pki, replace(FUNCTION, serial_number="SE2321000024-RP2"))
    assert [caller.post("auth", asked())[0] for _ in range(2)] == [201, 429]
    assert other.post("auth", asked())[0] == 201


def test_the_operator_registers_and_closes_a_service(caller: Caller) -> None:
    """Until there is a central administrator; the journal tells of it as of any."""
    call_command("relying_party", "SE2321000016-RP9", "--name", "Remisser", "--origin", "https://remiss.test")
    row = RelyingParty.objects.get(rp_id="SE2321000016-RP9")
    assert (row.name_sv, row.return_origins, row.closed_at) == ("Remisser", ["https://remiss.test"], None)
    call_command("relying_party", "SE2321000016-RP9", "--close")
    row.refresh_from_db()
    assert row.closed_at is not None
    for wrong in (
        ["SE2321000016-RP9", "--close"],
        ["SE2321000016-RP8"],
        ["SE2321000016-RP8", "--name", "X", "--origin", "https://remiss.test/path"],
    ):
        with pytest.raises(CommandError):
            call_command("relying_party", *wrong)
    told = Entry.objects.filter(type__startswith="authn.relying_party").order_by("pk")
    assert [one.type.rpartition("_")[2] for one in told][-2:] == ["registered", "closed"]
