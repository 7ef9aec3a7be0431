"""Two-way TLS of people, behind nginx: attempts, what nginx says, our own checks, and the one redemption."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from pytest_django import Settings

from authn.checks import Requirement
from authn.errors import (
    AttemptMoved,
    CheckFailed,
    InvalidParameters,
    MtlsNotOffered,
    OrderNotFound,
    ReturnUrlNotRegistered,
    TooManyRequests,
)
from authn.evidence import Flow, Purpose, hashed
from authn.evidence_file import EvidenceRefused
from authn.hints import FailureHint
from authn.levels import LOA2, LOA3
from authn.models import MtlsAttempt, MtlsEvidence, RelyingParty
from authn.mtls import attempts, lifecycle, showing
from authn.mtls.evidence import evidence_digest, verify_shown
from authn.mtls.names import Names
from authn.mtls.states import MOST_TRIES, AttemptState
from authn.orders import Failed, Pending, Ready
from authn.relying_parties import Registration, register
from authn.states import IllegalTransition
from authn.trust import load_trust
from journal.models import Entry
from tests.authn import card_register
from tests.authn import pki as pki_module
from tests.authn.conftest import ACTOR, RP
from tests.authn.pki import ARC, CARD, NUMBER, Holder, Pki
from tests.authn.status_service import StatusService

RETURN = "http://rp.test/login/mtls/return"
LOGIN_HOST = "https://login.test"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Wall:
    """A relying party's view, and nginx's: what it says of a browser that shows a certificate."""

    pki: Pki
    rp_id: str = RP

    def start(self, **changes: object) -> attempts.Started:
        wanted: dict[str, object] = {
            "return_url": RETURN,
            "requirement": Requirement(loas=(LOA3,), carriers=("card",)),
            "end_user_address": "192.0.2.7",
        }
        request = attempts.MtlsRequest(**{**wanted, **changes})  # type: ignore[arg-type]
        return attempts.start(self.rp_id, request, actor=ACTOR, at=now())

    def shown(self, der: bytes | None = None, *, slot: int = 0, **changes: str) -> showing.Shown:
        if der is None:
            der = self.pki.holder(Holder())
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()
        said = {
            "verdict": "SUCCESS",
            "escaped_pem": quote(pem),
            "address": "192.0.2.7",
        }
        return showing.Shown(slot=slot, **{**said, **changes})

    def show(self, tx: str, der: bytes | None = None, **changes: str) -> showing.Proved:
        return showing.show(tx, self.shown(der, **changes), at=now())

    def refusal(self, tx: str, der: bytes | None = None, **changes: str) -> FailureHint:
        with pytest.raises(CheckFailed) as caught:
            self.show(tx, der, **changes)
        return caught.value.hint

    def redeem(self, tx: str, code: str, *, at: datetime | None = None) -> attempts.Redeemed:
        return attempts.redeem(self.rp_id, tx, code, actor=ACTOR, at=at or now())


def registered(rp_id: str, *, allows_mtls: bool = True) -> RelyingParty:
    registration = Registration(
        rp_id=rp_id,
        name_sv="Test",
        name_en="Test",
        return_origins=("http://rp.test",),
        flows=tuple(Flow),
        purposes=tuple(Purpose),
        allows_mtls=allows_mtls,
    )
    return register(registration, actor=ACTOR, at=now())


@pytest.fixture
def wall(db: None, trusted: Pki, settings: Settings) -> Wall:
    settings.SIGILL_MTLS_URL = LOGIN_HOST
    registered(RP)
    return Wall(trusted)


def types() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("type", flat=True))


def attempt_of(started: attempts.Started) -> MtlsAttempt:
    return MtlsAttempt.objects.get(pk=started.attempt_ref)


# --- the way through -------------------------------------------------------------------------------


def test_a_certificate_that_is_shown_is_redeemed_once(wall: Wall) -> None:
    """AUT-5: start, show, redeem; the journal has each step and no personal number."""
    started = wall.start()
    assert started.start_url == f"{LOGIN_HOST}/mtls/start?tx={started.tx}"
    assert attempts.progress(RP, started.tx, at=now()) == Pending(hint=attempts.PendingHint.OUTSTANDING)
    proved = wall.show(started.tx)
    assert proved.return_url == RETURN
    assert isinstance(attempts.progress(RP, started.tx, at=now()), Ready)
    redeemed = wall.redeem(started.tx, proved.code)
    assert (redeemed.personal_identity_number, redeemed.loa, redeemed.card_number) == (NUMBER, LOA3, CARD)
    assert types()[-4:] == [
        "authn.mtls_started",
        "authn.mtls_proved",
        "authn.mtls_evidence_stored",
        "authn.mtls_redeemed",
    ]
    assert NUMBER not in "".join(Entry.objects.values_list("content", flat=True))
    with pytest.raises(OrderNotFound):
        wall.redeem(started.tx, proved.code)


def test_what_is_kept_opens_nothing_by_itself(wall: Wall) -> None:
    """The table holds digests of `tx` and code alone."""
    started = wall.start()
    code = wall.show(started.tx).code
    row = MtlsAttempt.objects.values().get(pk=started.attempt_ref)
    assert started.tx not in str(row)
    assert code not in str(row)
    with pytest.raises(OrderNotFound):
        wall.redeem(str(row["tx_sha256"]), str(row["code_sha256"]))


def test_the_evidence_stands_by_itself_a_year_later(wall: Wall, status_service: StatusService) -> None:
    """What was checked is kept with its answers, and judged at its own moment (T20)."""
    started = wall.start()
    wall.show(started.tx)
    kept = MtlsEvidence.objects.get()
    (stored,) = Entry.objects.filter(type="authn.mtls_evidence_stored")
    assert evidence_digest(kept) in stored.content
    status_service.behave(status=ocsp.OCSPCertStatus.REVOKED)  # what the responder says today does not matter
    called = StringIO()
    call_command("verify_evidence", stdout=called)
    assert f"{kept.pk}: holds; shown by two-way TLS by certificate" in called.getvalue()
    assert called.getvalue().endswith("0 signatures hold\n1 certificates shown by two-way TLS held\n")
    call_command("verify_evidence", str(kept.pk), stdout=called)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("ocsp_der", b"", "revocationUnavailable"),
        ("loa", LOA2, "loaTooLow"),
        ("certificate_sha256", "0" * 64, "another certificate's"),
        ("checked_at", datetime(2027, 1, 1, tzinfo=UTC), "revocationUnavailable"),
        ("chain_der", ["!"], "not well formed"),
    ],
)
def test_evidence_that_somebody_wrote_does_not_hold(wall: Wall, column: str, value: object, why: str) -> None:
    wall.show(wall.start().tx)
    kept = MtlsEvidence.objects.get()
    assert verify_shown(kept, trust=load_trust()).signer == NUMBER
    setattr(kept, column, value)
    with pytest.raises(EvidenceRefused, match=why):
        verify_shown(kept, trust=load_trust())


@pytest.mark.django_db(transaction=True)
def test_evidence_is_never_changed_or_removed(wall: Wall) -> None:
    wall.show(wall.start().tx)
    for change in (lambda rows: rows.update(loa="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(MtlsEvidence.objects.all())


# --- who may ask -----------------------------------------------------------------------------------


def test_out_of_the_box_nobody_logs_in_so(wall: Wall, settings: Settings) -> None:
    """POR-3: off unless the installation has a login host, and unless the service's row allows it."""
    registered("SE0000000000-OTHER", allows_mtls=False)
    with pytest.raises(MtlsNotOffered):
        replace(wall, rp_id="SE0000000000-OTHER").start()
    settings.SIGILL_MTLS_URL = ""
    with pytest.raises(MtlsNotOffered):
        wall.start()
    settings.SIGILL_MTLS_URL = LOGIN_HOST
    with pytest.raises(InvalidParameters):
        replace(wall, rp_id="SE0000000000-NOBODY").start()
    assert not MtlsAttempt.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["http://evil.test/login", "http://rp.test@evil.test/", "http://rp.test:81/", "http://rp.test/?a"],
)
def test_browsers_return_to_registered_addresses_only(wall: Wall, address: str) -> None:
    """T6."""
    with pytest.raises(ReturnUrlNotRegistered):
        wall.start(return_url=address)


def test_no_level_above_the_registered_one_is_demanded(wall: Wall) -> None:
    RelyingParty.objects.update(most_loa=LOA2)
    with pytest.raises(InvalidParameters):
        wall.start()


def test_floods_of_starts_end(wall: Wall, settings: Settings) -> None:
    """T17."""
    settings.AUTHN_STARTS_PER_MINUTE = 2
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    request = attempts.MtlsRequest(return_url=RETURN, end_user_address="192.0.2.9")
    for _ in range(2):
        attempts.start(RP, request, actor=ACTOR, at=moment)
    with pytest.raises(TooManyRequests):
        attempts.start(RP, request, actor=ACTOR, at=moment)


def test_another_service_redeems_cancels_and_sees_nothing(wall: Wall) -> None:
    """T11: Doris's service knows neither `tx` nor code of Alva's."""
    started = wall.start()
    code = wall.show(started.tx).code
    other = replace(wall, rp_id=registered("SE0000000000-OTHER").rp_id)
    with pytest.raises(OrderNotFound):
        other.redeem(started.tx, code)
    with pytest.raises(OrderNotFound):
        attempts.progress(other.rp_id, started.tx, at=now())
    with pytest.raises(OrderNotFound):
        attempts.cancel(other.rp_id, started.tx, actor=ACTOR, at=now())
    assert wall.redeem(started.tx, code).personal_identity_number == NUMBER


# --- codes and time --------------------------------------------------------------------------------


def test_a_code_is_worth_something_with_its_own_tx_alone(wall: Wall) -> None:
    """T4, T16: the relayed link and the planted code."""
    mine, theirs = wall.start(), wall.start()
    my_code, their_code = wall.show(mine.tx).code, wall.show(theirs.tx).code
    for tx, code in ((mine.tx, their_code), (theirs.tx, my_code), (mine.tx, ""), ("", my_code)):
        with pytest.raises(OrderNotFound):
            wall.redeem(tx, code)
    assert wall.redeem(mine.tx, my_code).personal_identity_number == NUMBER


def test_before_anything_was_shown_nothing_is_redeemed(wall: Wall) -> None:
    started = wall.start()
    with pytest.raises(OrderNotFound):
        wall.redeem(started.tx, "")


def test_a_code_lives_for_a_minute_and_an_attempt_for_five(wall: Wall) -> None:
    started = wall.start()
    code = wall.show(started.tx).code
    late = attempt_of(started).state_since + timedelta(seconds=61)
    with pytest.raises(OrderNotFound):
        wall.redeem(started.tx, code, at=late)
    assert attempts.progress(RP, started.tx, at=late) == Failed(hint=FailureHint.EXPIRED)
    fresh = wall.start()
    with pytest.raises(OrderNotFound):
        showing.show(fresh.tx, wall.shown(), at=now() + timedelta(minutes=5, seconds=1))
    assert attempts.progress(RP, fresh.tx, at=now() + timedelta(minutes=6)) == Failed(
        hint=FailureHint.EXPIRED
    )
    with pytest.raises(OrderNotFound):
        attempts.progress(RP, fresh.tx, at=now() + timedelta(minutes=11))


def test_time_is_written_down_and_addresses_go(wall: Wall) -> None:
    open_one, proved, redeemed = wall.start(), wall.start(), wall.start()
    wall.show(proved.tx)
    wall.redeem(redeemed.tx, wall.show(redeemed.tx).code)
    later = now() + timedelta(minutes=6)
    assert lifecycle.fail_late_attempts(actor=ACTOR, at=later) == 2
    assert lifecycle.fail_late_attempts(actor=ACTOR, at=later) == 0
    assert {attempt_of(one).state for one in (open_one, proved)} == {AttemptState.FAILED.value}
    assert attempt_of(redeemed).state == AttemptState.REDEEMED.value
    assert lifecycle.reduce_finished_attempts(at=later + timedelta(minutes=6)) == 3
    assert set(MtlsAttempt.objects.values_list("end_user_address", "return_url")) == {("", "")}


def test_a_cancelled_attempt_is_over_and_once_more_changes_nothing(wall: Wall) -> None:
    started = wall.start()
    for _ in range(2):
        attempts.cancel(RP, started.tx, actor=ACTOR, at=now())
    with pytest.raises(OrderNotFound):
        wall.show(started.tx)
    assert types().count("authn.mtls_failed") == 1
    assert attempts.progress(RP, started.tx, at=now()) == Failed(hint=FailureHint.RP_CANCEL)


def test_of_two_certificates_shown_at_once_the_first_gets_the_attempt(wall: Wall) -> None:
    started = wall.start()
    seen_before = showing.open_attempt(started.tx, at=now())
    wall.show(started.tx)
    with pytest.raises(OrderNotFound):
        wall.show(started.tx)
    with pytest.raises(AttemptMoved):
        lifecycle.fail(seen_before, FailureHint.RP_CANCEL, actor=ACTOR, at=now())
    assert MtlsEvidence.objects.count() == 1
    with pytest.raises(IllegalTransition):
        lifecycle.redeem(seen_before, actor=ACTOR, at=now())


# --- what nginx says, and what is checked here -----------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "hint"),
    [
        ("NONE", FailureHint.NO_CERTIFICATE),
        ("FAILED:certificate has expired", FailureHint.CERTIFICATE_EXPIRED),
        ("FAILED:certificate is not yet valid", FailureHint.CERTIFICATE_EXPIRED),
        ("FAILED:unable to verify the first certificate", FailureHint.CERTIFICATE_UNTRUSTED),
        ("FAILED:unsuitable certificate purpose", FailureHint.CERTIFICATE_USAGE),
        ("", FailureHint.CERTIFICATE_UNTRUSTED),
        ("success", FailureHint.CERTIFICATE_UNTRUSTED),
    ],
)
def test_nobody_gets_in_without_nginxs_word(wall: Wall, verdict: str, hint: FailureHint) -> None:
    """AUT-7: no certificate, or none that leads to our root; the attempt stays open for another try."""
    started = wall.start()
    assert wall.refusal(started.tx, verdict=verdict) is hint
    row = attempt_of(started)
    assert (row.state, row.tries, row.refusal) == ("open", 1, hint.value)
    assert wall.show(started.tx).return_url == RETURN


@pytest.mark.parametrize("escaped", ["", "forged", "%ff", "-----BEGIN CERTIFICATE-----", "a" * 100_000, "Å"])
def test_what_is_no_certificate_is_refused_in_words(wall: Wall, escaped: str) -> None:
    assert wall.refusal(wall.start().tx, escaped_pem=escaped) is FailureHint.CERTIFICATE_UNTRUSTED


SIGNS = Holder(usages=("content_commitment",), extended=())


@pytest.mark.parametrize(
    ("holder", "hint"),
    [
        (SIGNS, FailureHint.CERTIFICATE_USAGE),
        (Holder(extended=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)), FailureHint.CERTIFICATE_USAGE),
        (Holder(extended=()), FailureHint.CERTIFICATE_USAGE),
        (Holder(is_ca=True), FailureHint.CERTIFICATE_USAGE),
        (Holder(not_after=datetime(2026, 1, 3, tzinfo=UTC)), FailureHint.CERTIFICATE_EXPIRED),
        (Holder(not_before=datetime(2050, 1, 3, tzinfo=UTC)), FailureHint.CERTIFICATE_EXPIRED),
        (Holder(policies=()), FailureHint.LOA_TOO_LOW),
        (Holder(policies=("1.2.3.4",)), FailureHint.LOA_TOO_LOW),
        (Holder(with_aia=False), FailureHint.REVOCATION_UNAVAILABLE),
        (Holder(card_number=""), FailureHint.CARD_NOT_ACTIVE),
        (Holder(card_number="9752278900000000099"), FailureHint.CARD_NOT_ACTIVE),
    ],
)
def test_what_nginx_does_not_look_at_is_looked_at_here(
    wall: Wall, pki: Pki, holder: Holder, hint: FailureHint
) -> None:
    """Checks 5 to 11: nginx knows neither policy, usage, assurance, revocation nor the register (T8-T10)."""
    started = wall.start()
    assert wall.refusal(started.tx, pki.holder(holder)) is hint
    assert not MtlsEvidence.objects.exists()


def test_an_issuer_that_is_not_ours_opens_nothing_whatever_nginx_says(wall: Wall, pki: Pki) -> None:
    """6: also one of the same name."""
    stranger = pki.holder(Holder(), issuer=pki.stranger, signer="stranger")
    assert wall.refusal(wall.start().tx, stranger) is FailureHint.CERTIFICATE_UNTRUSTED
    function = pki.holder(Holder(), issuer=pki.function_issuer, signer="function")
    assert wall.refusal(wall.start().tx, function) is FailureHint.CERTIFICATE_UNTRUSTED


def test_a_key_of_another_kind_does_not_log_in(wall: Wall, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    """4: the curves and sizes of section 5, here too."""
    odd = ec.generate_private_key(ec.SECP521R1())
    real = pki_module.key
    monkeypatch.setattr(pki_module, "key", lambda label: odd if label == "odd" else real(label))
    assert wall.refusal(wall.start().tx, pki.holder(Holder(label="odd"))) is FailureHint.SIGNATURE_INVALID


def test_a_revoked_certificate_logs_nobody_in(wall: Wall, status_service: StatusService) -> None:
    """T10."""
    started = wall.start()
    status_service.behave(status=ocsp.OCSPCertStatus.REVOKED)
    assert wall.refusal(started.tx) is FailureHint.CERTIFICATE_REVOKED


@pytest.mark.parametrize(
    "change",
    [{"nonce": "wrong"}, {"nonce": "none", "produced_ago": timedelta(hours=1)}, {"other_serial": True}],
)
def test_without_a_good_answer_of_the_responder_nobody_gets_in(
    wall: Wall, status_service: StatusService, change: dict[str, object]
) -> None:
    """8, fails closed."""
    started = wall.start()
    status_service.behave(**change)
    assert wall.refusal(started.tx) is FailureHint.REVOCATION_UNAVAILABLE


def test_a_card_that_the_register_blocked_opens_nothing(wall: Wall) -> None:
    started = wall.start()
    card_register.ACTIVE.clear()
    assert wall.refusal(started.tx) is FailureHint.CARD_NOT_ACTIVE


def test_the_service_gets_the_level_carrier_issuer_and_person_that_it_demands(wall: Wall, pki: Pki) -> None:
    """9, 10, 6, 12: the service's own demands."""
    twin = pki.holder(Holder(policies=(f"{ARC}.4",)), issuer=pki.other_issuer, signer="other")
    assert wall.refusal(wall.start().tx, twin) is FailureHint.LOA_TOO_LOW
    mobile = wall.start(requirement=Requirement(carriers=("mobile",)))
    assert wall.refusal(mobile.tx) is FailureHint.WRONG_CARRIER
    other = Requirement(issuers=(pki.other_issuer.subject.rfc4514_string(),))
    assert wall.refusal(wall.start(requirement=other).tx) is FailureHint.CERTIFICATE_UNTRUSTED
    somebody = Requirement(subject_hashes=(hashed(b"191212121212"),))
    assert wall.refusal(wall.start(requirement=somebody).tx) is FailureHint.WRONG_SUBJECT
    me = Requirement(subject_hashes=(hashed(NUMBER.encode()),))
    assert wall.show(wall.start(requirement=me).tx).return_url == RETURN


def test_logins_by_card_client_and_by_browser_are_counted_together(wall: Wall, settings: Settings) -> None:
    """15."""
    settings.AUTHN_LOGINS_PER_CERTIFICATE = 1
    der = wall.pki.holder(Holder())
    shown = wall.start()
    wall.redeem(shown.tx, wall.show(shown.tx, der).code)
    assert wall.refusal(wall.start().tx, der) is FailureHint.RISK_BLOCKED


def test_after_the_last_try_an_attempt_is_over(wall: Wall) -> None:
    """Nobody tries certificates for five minutes; the journal is told what is new, and how many."""
    started = wall.start()
    for _ in range(MOST_TRIES):
        assert wall.refusal(started.tx, verdict="NONE") is FailureHint.NO_CERTIFICATE
    with pytest.raises(OrderNotFound):
        wall.show(started.tx)
    assert types().count("authn.mtls_refused") == 1
    (ended,) = Entry.objects.filter(type="authn.mtls_failed")
    assert f'"tries":{MOST_TRIES}' in ended.content
    assert attempts.progress(RP, started.tx, at=now()) == Failed(hint=FailureHint.RISK_BLOCKED)


def test_tries_at_the_same_instant_are_counted_one_by_one(wall: Wall) -> None:
    """Whoever comes after the last one finds none left, though the attempt was open when they looked."""
    started = wall.start()
    seen = showing.open_attempt(started.tx, at=now())
    MtlsAttempt.objects.filter(pk=seen.pk).update(tries=MOST_TRIES)
    refusal = lifecycle.Refusal(hint=FailureHint.NO_CERTIFICATE, slot=0, certificate_sha256="")
    with pytest.raises(AttemptMoved):
        lifecycle.refuse(seen, refusal, actor=ACTOR, at=now())
    assert "authn.mtls_refused" not in types()


def test_the_journal_is_told_of_each_refusal_that_is_new(wall: Wall, pki: Pki) -> None:
    """T17: anybody can try without a certificate, and the journal forgets nothing."""
    started, wrong = wall.start(), pki.holder(SIGNS)
    for verdict in ("NONE", "NONE", "SUCCESS", "SUCCESS", "NONE"):
        wall.refusal(started.tx, wrong, verdict=verdict)
    assert types().count("authn.mtls_refused") == 3
    assert attempt_of(started).tries == 5


def test_the_database_holds_attempts_to_their_states(wall: Wall) -> None:
    started = wall.start()
    row = MtlsAttempt.objects.filter(pk=started.attempt_ref)
    for change in (
        {"state": "proved"},
        {"code_sha256": "0" * 64},
        {"state": "failed"},
        {"state": "failed", "failure": "because"},
        {"tries": MOST_TRIES + 1},
        {"refusal": "because"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)


# --- names -----------------------------------------------------------------------------------------


def test_names_are_those_of_the_login_host_and_no_others() -> None:
    """AUT-6: secure0 to the highest, below the login host."""
    names = Names(url="https://login.test:8443", highest_slot=24)
    assert names.show_address("x", slot=24) == "https://secure24.login.test:8443/mtls/auth?tx=x"
    assert [names.slot_of(f"secure{n}.login.test") for n in (0, 7, 24)] == [0, 7, 24]
    others = ("login.test", "secure25.login.test", "secure01.login.test", "secure.login.test",
              "secure0.evil.test", "xsecure0.login.test", "secure0.login.test.evil.test")  # fmt: skip
    for other in (*others, "secure\N{ARABIC-INDIC DIGIT THREE}.login.test"):
        assert names.slot_of(other) is None
    with pytest.raises(ValueError, match="no slot"):
        names.show_address("x", slot=25)
    query = parse_qs(urlsplit(names.start_address("a&b")).query)
    assert query == {"tx": ["a&b"]}


def test_nginx_is_given_the_issuers_of_people_and_their_root(
    trusted: Pki, tmp_path: Path, settings: Settings
) -> None:
    """`ssl_client_certificate` holds what the browser's picker is kept short by; the root is not told."""
    call_command("mtls_authorities", str(tmp_path / "nginx"))
    issuers = x509.load_pem_x509_certificates((tmp_path / "nginx" / "person-cas.pem").read_bytes())
    roots = x509.load_pem_x509_certificates((tmp_path / "nginx" / "person-root.pem").read_bytes())
    assert set(issuers) == {trusted.issuer, trusted.other_issuer}
    assert roots == [trusted.root]
    settings.SIGILL_PUBLIC = tmp_path / "nothing"
    with pytest.raises(CommandError, match="key_ceremony"):
        call_command("mtls_authorities", str(tmp_path / "nginx"))
