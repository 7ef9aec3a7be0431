"""What was linted is what is signed, once."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography import x509

from ca.pki import dates, issuance
from ca.pki.errors import (
    AlreadyRedeemed,
    LintFailed,
    PkiError,
    ProfileViolation,
    SignatureInvalid,
    SignerMismatch,
    WeakKey,
)
from ca.pki.issuance import Prepared, issue, prepare
from ca.pki.lints import Finding
from ca.pki.signer import SignatureAlgorithm
from tests.ca.pki.software_signer import SoftwareSigner, stored_public_key, stored_signer
from tests.ca.pki.world import AT, EVERY_PROFILE, HIERARCHIES, ISSUER_OF, PROFILES, serial_for, world_of

HSA = "person_hsa_authentication"
WORLD = world_of("p384")


def fresh_signer() -> SoftwareSigner:
    return replace(WORLD.issuer_signer, asked=0)


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_every_profile_of_both_hierarchies_can_be_issued(hierarchy: str, profile: str) -> None:
    """PKI-3."""
    world = world_of(hierarchy)
    prepared = world.prepare(profile)
    signer = world.signer(ISSUER_OF[profile])
    certificate = x509.load_der_x509_certificate(issue(prepared, signer))
    assert certificate.tbs_certificate_bytes == prepared.tbs_der
    assert certificate.serial_number == serial_for(profile)
    certificate.verify_directly_issued_by(
        x509.load_der_x509_certificate(world.issuer(ISSUER_OF[profile]).certificate_der or b"")
    )


def test_prepared_bytes_are_signed_once() -> None:
    prepared, signer = WORLD.prepare(HSA), fresh_signer()
    issue(prepared, signer)
    with pytest.raises(AlreadyRedeemed):
        issue(prepared, signer)
    assert signer.asked == 1


def test_of_many_threads_one_signs() -> None:
    """F4: a retry never signs twice."""
    prepared, signer = WORLD.prepare(HSA), fresh_signer()

    def one(_number: int) -> bool:
        try:
            issue(prepared, signer)
        except AlreadyRedeemed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(64))) == 1
    assert signer.asked == 1


def test_a_copy_is_no_second_right_to_sign() -> None:
    prepared = WORLD.prepare(HSA)
    twin = replace(prepared)
    issue(prepared, fresh_signer())
    with pytest.raises(AlreadyRedeemed):
        issue(twin, fresh_signer())
    with pytest.raises(TypeError):
        copy.deepcopy(prepared)
    with pytest.raises(TypeError):
        pickle.dumps(prepared)


def test_bytes_that_were_not_linted_cannot_be_prepared() -> None:
    """A18."""
    with pytest.raises(TypeError, match="linting"):
        Prepared(
            tbs_der=b"0",
            findings=(),
            public_key=b"",
            algorithm=SignatureAlgorithm.ECDSA_SHA384,
            linted=object(),
        )


def test_a_lint_stops_the_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """A18: an unguarded mistake of the writer is found on the bytes."""
    wrong = replace(WORLD.issuer("person_hsa_id_3"), name_der=WORLD.issuer("function").name_der)
    template = issuance.compile_template(PROFILES[HSA], wrong)
    monkeypatch.setattr(issuance, "compile_template", lambda _profile, _issuer: template)
    with pytest.raises(LintFailed) as failed:
        WORLD.prepare(HSA)
    assert {finding.lint for finding in failed.value.findings} == {"issuer_name_is_the_issuers_subject"}


def test_warnings_are_kept_with_the_prepared_bytes() -> None:
    prepared = world_of("rsa").prepare("ocsp_signer")
    assert [finding.lint for finding in prepared.findings] == ["rsa_key_has_3072_bits"]
    assert all(isinstance(finding, Finding) for finding in prepared.findings)


def test_a_signer_with_another_key_is_not_asked() -> None:
    other = stored_signer("p384-root", SignatureAlgorithm.ECDSA_SHA384)
    with pytest.raises(SignerMismatch):
        issue(WORLD.prepare(HSA), other)
    assert other.asked == 0


def test_a_signer_with_another_algorithm_is_not_asked() -> None:
    other = replace(fresh_signer(), algorithm=SignatureAlgorithm.ECDSA_SHA256)
    with pytest.raises(SignerMismatch):
        issue(WORLD.prepare(HSA), other)
    assert other.asked == 0


@dataclass(kw_only=True)
class LyingSigner(SoftwareSigner):
    """Signs something else than it was given."""

    def sign(self, tbs: bytes) -> bytes:
        return super().sign(tbs[:-1] + bytes([tbs[-1] ^ 1]))


def test_a_signature_over_other_bytes_is_thrown_away_and_the_serial_number_burnt() -> None:
    prepared = WORLD.prepare(HSA)
    liar = LyingSigner(key=WORLD.issuer_signer.key, algorithm=SignatureAlgorithm.ECDSA_SHA384)
    with pytest.raises(SignatureInvalid):
        issue(prepared, liar)
    with pytest.raises(AlreadyRedeemed):
        issue(prepared, fresh_signer())


def test_a_certificate_that_reads_back_otherwise_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    other = WORLD.certificate_der("person_hsa_signature")
    monkeypatch.setattr(issuance, "sign_prepared", lambda _prepared, _signer: other)
    with pytest.raises(SignatureInvalid, match="not hold"):
        issue(WORLD.prepare(HSA), fresh_signer())


def test_a_failed_signer_burns_the_serial_number() -> None:
    """Principle 3: a crash burns the serial number."""

    @dataclass(kw_only=True)
    class Broken(SoftwareSigner):
        def sign(self, tbs: bytes) -> bytes:
            raise ConnectionError(len(tbs))

    prepared = WORLD.prepare(HSA)
    with pytest.raises(ConnectionError):
        issue(prepared, Broken(key=WORLD.issuer_signer.key, algorithm=SignatureAlgorithm.ECDSA_SHA384))
    with pytest.raises(AlreadyRedeemed):
        issue(prepared, fresh_signer())


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@pytest.mark.parametrize(
    ("profile", "issuer"),
    [
        (HSA, "person_id_3"),
        ("mobile", "person_id_3"),
        ("function_server", "root"),
        ("issuer", "person_hsa_id_3"),
        ("audit_signer", "person_id_2"),
    ],
)
def test_an_issuer_uses_its_own_profiles_only(hierarchy: str, profile: str, issuer: str) -> None:
    world = world_of(hierarchy)
    with pytest.raises(ProfileViolation) as refused:
        world.prepare(profile, issuer=world.issuer(issuer))
    assert refused.value.facts["rule"] == "issuer"


def test_a_root_signs_itself_only_once_and_only_itself() -> None:
    for changes in (
        {"issuer": WORLD.issuer("root")},
        {"public_key": stored_public_key("p384-issuer")},
        {"subject": replace(WORLD.subject("root"), common_name="TEST Sigill e-id Root CA v9")},
    ):
        with pytest.raises(ProfileViolation) as refused:
            WORLD.prepare("root", **changes)
        assert refused.value.facts["rule"] == "issuer"


def test_an_issuers_key_is_not_certified_in_another_certificate() -> None:
    with pytest.raises(ProfileViolation):
        WORLD.prepare("function_client", public_key=WORLD.issuer_signer.public_key)


@pytest.mark.parametrize(
    ("hierarchy", "profile", "key"),
    [
        ("p384", HSA, "p384-root"),
        ("p384", HSA, "rsa3072-holder"),
        ("rsa", HSA, "p256-holder"),
        ("rsa", HSA, "rsa4096-root"),
        ("p384", "ocsp_signer", "p384-root"),
        ("rsa", "ocsp_signer", "rsa3072-holder"),
        ("rsa", "mobile", "rsa2048-service"),
    ],
)
def test_a_key_of_another_kind_is_refused(hierarchy: str, profile: str, key: str) -> None:
    with pytest.raises(ProfileViolation) as refused:
        world_of(hierarchy).prepare(profile, public_key=stored_public_key(key))
    assert refused.value.facts["rule"] == "key"


@pytest.mark.parametrize(
    "key", ["p256-holder", "p384-root", "rsa2048-service", "rsa3072-holder", "rsa4096-root"]
)
@pytest.mark.parametrize("hierarchy", HIERARCHIES)
def test_a_function_brings_any_of_the_accepted_keys(hierarchy: str, key: str) -> None:
    world = world_of(hierarchy)
    prepared = world.prepare("function_server", public_key=stored_public_key(key))
    assert issue(prepared, world.issuer_signer)


@pytest.mark.parametrize("fact", ["title", "organization", "locality"])
def test_a_fact_that_the_profile_has_no_place_for_is_refused_and_not_dropped(fact: str) -> None:
    """F18: the lints see the bytes only; what never reached them is found before."""
    subject = replace(WORLD.subject("mobile"), **{fact: "Norr"})
    with pytest.raises(ProfileViolation) as refused:
        WORLD.prepare("mobile", subject=subject)
    assert refused.value.facts == {"rule": "forbidden", "fact": fact}


def test_a_weak_key_is_refused() -> None:
    """A19."""

    class Everything:
        def weakness(self, public_key: bytes) -> str:
            return "compromised" if public_key else ""

    not_before, not_after = dates.validity(at=AT, lasting=timedelta(days=1))
    with pytest.raises(WeakKey):
        prepare(
            profile=PROFILES[HSA],
            subject=WORLD.subject(HSA),
            public_key=WORLD.public_key(HSA),
            issuer=WORLD.issuer_for(HSA),
            serial_number=serial_for(HSA),
            not_before=not_before,
            not_after=not_after,
            at=AT,
            blocklist=Everything(),
        )


def prepare_between(before: timedelta, after: timedelta, profile: str = HSA, policy: str = "") -> Prepared:
    return prepare(
        profile=PROFILES[profile],
        subject=replace(WORLD.subject(profile), policy=policy),
        public_key=WORLD.public_key(profile),
        issuer=WORLD.issuer_for(profile),
        serial_number=serial_for(profile),
        not_before=AT + before,
        not_after=AT + after,
        at=AT,
    )


SECOND = timedelta(seconds=1)
FIVE_YEARS = timedelta(days=1826)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (SECOND, timedelta(days=1), "not_before"),
        (-timedelta(hours=2), timedelta(days=1), "not_before"),
        (timedelta(0), FIVE_YEARS, "validity"),  # one second too long: the last one counts
        (timedelta(0), timedelta(0), "validity"),
        (timedelta(0), -SECOND, "validity"),
    ],
)
def test_a_validity_outside_the_profile_is_refused(before: timedelta, after: timedelta, rule: str) -> None:
    """F12: one second too long; notBefore ahead."""
    with pytest.raises(ProfileViolation) as refused:
        prepare_between(before, after)
    assert refused.value.facts["rule"] == rule


@pytest.mark.parametrize(
    ("before", "after"),
    [(timedelta(0), FIVE_YEARS - SECOND), (-timedelta(hours=1), timedelta(days=1)), (timedelta(0), SECOND)],
)
def test_a_validity_at_its_bounds_is_taken(before: timedelta, after: timedelta) -> None:
    assert prepare_between(before, after)


def test_a_reserve_card_lasts_a_year() -> None:
    """domain.md 3.3: LoA2 reserve at most 6 to 12 months."""
    year = timedelta(days=366)
    assert prepare_between(timedelta(0), year - SECOND, policy="loa3_reserve")
    with pytest.raises(ProfileViolation) as refused:
        prepare_between(timedelta(0), year, policy="loa3_reserve")
    assert refused.value.facts["rule"] == "validity"


def test_a_certificate_does_not_outlive_its_issuer() -> None:
    late = AT + timedelta(days=5479 - 100)
    with pytest.raises(ProfileViolation) as refused:
        WORLD.prepare(HSA, at=late)
    assert refused.value.facts["rule"] == "validity"


@pytest.mark.parametrize("serial_number", [-1, 0, 1, (1 << 63) - 1, 1 << 159])
def test_a_serial_number_that_new_serial_would_not_make_is_stopped(serial_number: int) -> None:
    """F1, F20."""
    with pytest.raises(LintFailed):
        WORLD.prepare(HSA, serial_number=serial_number)


def test_errors_carry_codes_and_facts_that_cannot_be_changed() -> None:
    error = ProfileViolation("why", facts={"rule": "x"})
    assert (error.code, error.facts, str(error)) == ("profile_violation", {"rule": "x"}, "why")
    with pytest.raises(TypeError):
        error.facts["rule"] = "y"  # type: ignore[index]
    assert PkiError("bare").facts == {}


def test_nothing_about_keys_shows_in_a_repr() -> None:
    """Principle 9."""
    prepared = WORLD.prepare(HSA)
    assert "public_key" not in repr(prepared)
    assert "ticket" not in repr(prepared)
