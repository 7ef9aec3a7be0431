"""Signing ahead: the joined octets are those of the general encoder, and a wrong signature stops it."""

from collections.abc import Sequence

import pytest
from cryptography.x509 import ocsp as oracle
from hypothesis import given
from hypothesis import strategies as st

from ca.pki.errors import LintFailed
from ocsp.presigning import Subject, presign
from ocsp.store.record import IssuerRecord, SignerRecord
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import PRESIGNED, CertId
from ocsp.wire.response import CertStatus, certificate_status, response_data, single_response, successful
from ocsp.wire.signatures import SignatureMismatch
from tests.ocsp.authority import HOUR, SECONDS, make_authority

AUTHORITY = make_authority()
OTHER = make_authority()


class _Registered:
    """Takes what ``Authority.register`` gives a store."""

    def __init__(self) -> None:
        self.signer: SignerRecord

    def register_issuer(self, **_: object) -> int:
        return 1

    def register_signer(self, signer: SignerRecord) -> int:
        self.signer = signer
        return 1


_registered = _Registered()
AUTHORITY.register(_registered)  # type: ignore[arg-type]
SIGNER = _registered.signer
ISSUER = IssuerRecord(
    issuer_id=1, name="x", name_der=AUTHORITY.name_der, key_bits=AUTHORITY.key_bits, signer_id=1
)


@given(
    serial_number=st.integers(1, 2**159 - 1),
    status=st.sampled_from(CertStatus),
    reason=st.sampled_from([None, 0, 1, 4, 10]),
)
def test_the_joined_octets_are_those_of_the_general_encoder(
    serial_number: int, status: CertStatus, reason: int | None
) -> None:
    signed: list[bytes] = []

    def sign_batch(messages: Sequence[bytes]) -> list[bytes]:
        signed.extend(messages)
        return AUTHORITY.sign_batch(messages)

    subject = Subject(
        serial_number=serial_number, not_after=SECONDS, status=status, revoked_at=SECONDS - 5, reason=reason
    )
    answers = presign(
        [subject], issuer=ISSUER, signer=SIGNER, sign_batch=sign_batch,
        this_update=SECONDS, next_update=SECONDS + 8 * HOUR,
    )  # fmt: skip
    names = {"name_der": ISSUER.name_der, "key_bits": ISSUER.key_bits, "serial_number": serial_number}
    for algorithm, message, (key, answer) in zip(PRESIGNED, signed, answers, strict=True):
        single = single_response(
            cert_id_der=CertId.of(algorithm=algorithm, **names).der,  # type: ignore[arg-type]
            status_der=certificate_status(status, revoked_at=SECONDS - 5, reason=reason),
            this_update=SECONDS,
            next_update=SECONDS + 8 * HOUR,
        )
        assert message == response_data(
            responder_key_hash=SIGNER.key_hash, produced_at=SECONDS, single_responses=[single]
        )
        assert key == answer_key(1, algorithm, serial_number)
        body = successful(signed=answer.signed, signer_certificate_der=SIGNER.certificate_der)
        assert oracle.load_der_ocsp_response(body).serial_number == serial_number


@pytest.mark.parametrize("wrong", ["another key", "too few"])
def test_what_the_signer_got_wrong_is_not_published(wrong: str) -> None:
    def sign_batch(messages: Sequence[bytes]) -> list[bytes]:
        return OTHER.sign_batch(messages) if wrong == "another key" else AUTHORITY.sign_batch(messages)[1:]

    subject = Subject(serial_number=5, not_after=SECONDS, status=CertStatus.GOOD)
    with pytest.raises(SignatureMismatch):
        presign(
            [subject], issuer=ISSUER, signer=SIGNER, sign_batch=sign_batch,
            this_update=SECONDS, next_update=SECONDS + HOUR,
        )  # fmt: skip


def test_one_wrong_signature_among_those_of_one_certificate_stops_its_publication() -> None:
    """An HSM that errs once must not have its error served (design.md decision 1)."""
    for wrong in range(len(PRESIGNED)):

        def sign_batch(messages: Sequence[bytes], wrong: int = wrong) -> list[bytes]:
            signatures = list(AUTHORITY.sign_batch(messages))
            signatures[wrong] = OTHER.sign_batch(messages)[wrong]
            return signatures

        subject = Subject(serial_number=5, not_after=SECONDS, status=CertStatus.GOOD)
        with pytest.raises(SignatureMismatch):
            presign(
                [subject], issuer=ISSUER, signer=SIGNER, sign_batch=sign_batch,
                this_update=SECONDS, next_update=SECONDS + HOUR,
            )  # fmt: skip


def test_an_answer_that_breaks_a_rule_is_not_signed_nor_is_any_other_of_its_batch() -> None:
    """A18: an answer that outlives its signer's certificate (RFC 6960 3.2)."""
    asked: list[Sequence[bytes]] = []

    def sign_batch(messages: Sequence[bytes]) -> list[bytes]:
        asked.append(messages)
        return AUTHORITY.sign_batch(messages)

    subjects = [Subject(serial_number=n, not_after=SECONDS, status=CertStatus.GOOD) for n in (1, 2)]
    with pytest.raises(LintFailed) as failed:
        presign(
            subjects, issuer=ISSUER, signer=SIGNER, sign_batch=sign_batch,
            this_update=SECONDS, next_update=SIGNER.not_after + 1,
        )  # fmt: skip
    assert {finding.lint for finding in failed.value.findings} >= {"answers_end_with_the_signers_certificate"}
    assert not asked


def test_what_a_clock_ahead_revoked_is_said_to_be_revoked_by_now() -> None:
    """A revocation is never held back because two clocks differ."""
    revoked = Subject(
        serial_number=7, not_after=SECONDS, status=CertStatus.REVOKED, revoked_at=SECONDS + 3, reason=1
    )
    ((_, answer), *_) = presign(
        [revoked], issuer=ISSUER, signer=SIGNER, sign_batch=AUTHORITY.sign_batch,
        this_update=SECONDS, next_update=SECONDS + 8 * HOUR,
    )  # fmt: skip
    body = successful(signed=answer.signed, signer_certificate_der=SIGNER.certificate_der)
    told = oracle.load_der_ocsp_response(body).revocation_time_utc
    assert told is not None
    assert told.timestamp() == SECONDS
    assert answer.revoked_at == SECONDS + 3


def test_each_answer_that_does_not_say_good_is_linted_wherever_it_stands() -> None:
    """Those that say good differ in the serial number alone; these also in time and reason."""
    good = [Subject(serial_number=n, not_after=SECONDS, status=CertStatus.GOOD) for n in range(1, 200)]
    bad = Subject(
        serial_number=71, not_after=SECONDS, status=CertStatus.REVOKED, revoked_at=SECONDS, reason=8
    )
    batch = [bad if subject.serial_number == 71 else subject for subject in good]
    with pytest.raises(LintFailed):
        presign(
            batch, issuer=ISSUER, signer=SIGNER, sign_batch=AUTHORITY.sign_batch,
            this_update=SECONDS, next_update=SECONDS + 8 * HOUR,
        )  # fmt: skip
    assert len(
        presign(
            good, issuer=ISSUER, signer=SIGNER, sign_batch=AUTHORITY.sign_batch,
            this_update=SECONDS, next_update=SECONDS + 8 * HOUR,
        )
    ) == 2 * len(good)  # fmt: skip


def test_of_answers_that_do_not_say_good_every_signature_is_verified_wherever_it_stands() -> None:
    """A wrong signature on `revoked` would be thrown away by whoever asks, and some then go on as if good."""
    subjects = [
        Subject(
            serial_number=n,
            not_after=SECONDS,
            status=CertStatus.REVOKED if n == 71 else CertStatus.GOOD,
            revoked_at=SECONDS if n == 71 else 0,
        )
        for n in range(1, 200)
    ]

    def sign_batch(messages: Sequence[bytes]) -> list[bytes]:
        signatures = list(AUTHORITY.sign_batch(messages))
        signatures[70] = OTHER.sign(messages[70])  # beyond the first 64, and no multiple of 64
        return signatures

    with pytest.raises(SignatureMismatch):
        presign(
            subjects, issuer=ISSUER, signer=SIGNER, sign_batch=sign_batch,
            this_update=SECONDS, next_update=SECONDS + 8 * HOUR,
        )  # fmt: skip


def test_of_rsa_every_signature_is_verified() -> None:
    """Verifying costs a fourteenth of signing: nothing is left to chance."""
    authority = make_authority(rsa_signer=True)
    registered = _Registered()
    authority.register(registered)  # type: ignore[arg-type]
    issuer = IssuerRecord(
        issuer_id=1, name="x", name_der=authority.name_der, key_bits=authority.key_bits, signer_id=1
    )

    def sign_batch(messages: Sequence[bytes]) -> list[bytes]:
        signatures = list(authority.sign_batch(messages))
        signatures[99] = signatures[98]
        return signatures

    subjects = [Subject(serial_number=n, not_after=SECONDS, status=CertStatus.GOOD) for n in range(1, 60)]
    with pytest.raises(SignatureMismatch):
        presign(
            subjects, issuer=issuer, signer=registered.signer, sign_batch=sign_batch,
            this_update=SECONDS, next_update=SECONDS + 8 * HOUR,
        )  # fmt: skip
