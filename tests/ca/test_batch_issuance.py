"""Many certificates in one go: the same guarantees for each, and none holds up the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from cryptography import x509

from ca import batch_issuance
from ca.batch_issuance import issue_batch, issue_pending
from ca.errors import IdempotencyConflict, KeyRefused, SigningUnavailable
from ca.hsm.proxy import SignerSource, SocketSigners
from ca.issuance import LEASE
from ca.models import Certificate, CertificateRequest, SerialReservation
from ca.pki.reasons import RevocationReason
from ca.pki.signer import SignatureAlgorithm, Signer
from ca.pki.subject import SubjectFacts
from ca.registration import CarrierKind, RequestDraft, request_certificates
from ca.revocation import block_key, revoke_carrier
from journal.models import Entry
from tests.ca.conftest import ALVA, WORKER, Authority, asa, new_public_key


def drafts(count: int, **changes: object) -> list[RequestDraft]:
    draft = RequestDraft(
        profile="person_hsa_authentication",
        subject=asa(),
        public_key=b"",
        person_id="person-1",
        organization_id="organization-1",
        carrier_kind=CarrierKind.CARD,
        carrier_id="",
        name="hsa_authentication",
        idempotency_key="",
    )
    draft = replace(draft, **changes)  # type: ignore[arg-type]
    return [
        replace(
            draft,
            public_key=draft.public_key or new_public_key(),
            carrier_id=f"card-{number}",
            idempotency_key=f"batch:{number}",
        )
        for number in range(count)
    ]


def registered(authority: Authority, *wanted: RequestDraft) -> list[CertificateRequest]:
    return request_certificates(wanted, actor=ALVA, at=authority.at)


def batch(authority: Authority, requests: Sequence[CertificateRequest]) -> int:
    keys = [request.pk for request in requests]
    return issue_batch(keys, signers=authority.signers, actor=WORKER, at=authority.at)


def states(requests: Sequence[CertificateRequest]) -> list[str]:
    found = CertificateRequest.objects.in_bulk([request.pk for request in requests])
    return [found[request.pk].state for request in requests]


def events(kind: str) -> int:
    return Entry.objects.filter(type=kind).count()


def test_many_are_issued_each_with_its_own_number_key_and_journal_rows(authority: Authority) -> None:
    """Reliability R11: as many entries as certificates."""
    wanted = drafts(7)
    before = {kind: events(kind) for kind in ("certificate.intended", "certificate.issued")}
    requests = registered(authority, *wanted)
    assert batch(authority, requests) == 7
    assert {kind: events(kind) - count for kind, count in before.items()} == dict.fromkeys(before, 7)
    rows = Certificate.objects.filter(carrier_id__startswith="card-").select_related("request__serial")
    assert len({row.serial_hex for row in rows}) == 7
    for row in rows:
        parsed = x509.load_der_x509_certificate(bytes(row.certificate_der))
        assert parsed.serial_number == int(row.serial_hex, 16)
        assert row.request.certificate == row
        assert row.request.serial is not None
        assert (row.request.serial.serial_hex, row.request.serial.state) == (row.serial_hex, "used")
        assert bytes(row.request.public_key) == next(
            one.public_key for one in wanted if one.carrier_id == row.carrier_id
        )
    assert batch(authority, requests) == 7, "the same ones, however often it is asked"
    assert Certificate.objects.filter(carrier_id__startswith="card-").count() == 7


def test_one_that_breaks_a_rule_fails_alone(authority: Authority) -> None:
    requests = registered(authority, *drafts(4))
    digest = requests[2].public_key
    block_digest(authority, bytes(digest))
    assert batch(authority, requests) == 3
    assert states(requests) == ["issued", "issued", "failed", "issued"]


def block_digest(authority: Authority, public_key: bytes) -> None:
    draft = replace(drafts(1)[0], public_key=public_key)
    block_key(
        public_key_sha256=draft.public_key_sha256,
        certificate_id="",
        reason="reported",
        actor=WORKER,
        at=authority.at,
    )


def test_a_key_that_two_people_ask_for_is_certified_for_the_first_only(authority: Authority) -> None:
    """Reliability A19; the second is looked at when the first is recorded."""
    one, other, third = drafts(3)
    requests = registered(
        authority, one, replace(other, public_key=one.public_key, person_id="person-2"), third
    )
    assert batch(authority, requests) == 2
    assert states(requests) == ["issued", "failed", "issued"]


@dataclass
class Meddling:
    """Signers of a worker to which something happens while it signs."""

    signers: SignerSource
    meanwhile: Callable[[], object]

    def signer_for(self, key_label: str) -> Signer:
        self.meanwhile()
        return self.signers.signer_for(key_label)


def test_two_workers_at_once_make_one_certificate_of_each_request(authority: Authority) -> None:
    requests = registered(authority, *drafts(3))
    outcomes: list[int] = []
    slow = Meddling(authority.signers, lambda: outcomes.append(batch(authority, requests)))
    keys = [request.pk for request in requests]
    assert issue_batch(keys, signers=slow, actor=WORKER, at=authority.at) == 3
    assert outcomes == [0], "the second found them under way"
    assert Certificate.objects.filter(carrier_id__startswith="card-").count() == 3


def test_one_that_was_taken_over_is_thrown_away_and_the_others_are_recorded(authority: Authority) -> None:
    """Reliability F4: a lease runs out while the signer is slow, and another worker takes one over."""
    requests = registered(authority, *drafts(3))

    def take_one_over() -> None:
        later = authority.at + LEASE * 2
        authority.at, before = later, authority.at
        authority.issue(requests[1])
        authority.at = before

    slow = Meddling(authority.signers, take_one_over)
    keys = [request.pk for request in requests]
    assert issue_batch(keys, signers=slow, actor=WORKER, at=authority.at) == 2
    assert states(requests) == ["issued"] * 3
    assert Certificate.objects.filter(request__in=requests).count() == 3
    assert sorted(SerialReservation.objects.filter(request=requests[1]).values_list("state", flat=True)) == [
        "burnt",
        "used",
    ]


def test_without_a_signer_all_wait_and_their_numbers_are_burnt(authority: Authority) -> None:
    requests = registered(authority, *drafts(3))
    nobody = SocketSigners(authority.home / "nobody.sock", patience=0.05)
    keys = [request.pk for request in requests]
    with pytest.raises(SigningUnavailable):
        issue_batch(keys, signers=nobody, actor=WORKER, at=authority.at)
    assert states(requests) == ["requested"] * 3
    assert issue_pending(signers=nobody, actor=WORKER, at=authority.at) == 0
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 3
    burnt = SerialReservation.objects.filter(request__in=requests, state="burnt")
    assert burnt.count() == 6
    assert not burnt.filter(crl_entry_der=b"").exists(), "they may have been signed: the CRL lists them"


@dataclass
class OneWrong:
    """A key that signs one of its messages wrongly."""

    signer: Signer

    @property
    def public_key(self) -> bytes:
        return self.signer.public_key

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.signer.algorithm

    def sign(self, tbs: bytes) -> bytes:
        return self.signer.sign(tbs)

    def sign_batch(self, messages: Sequence[bytes]) -> list[bytes]:
        return [self.sign(message if place != 1 else b"other") for place, message in enumerate(messages)]


@dataclass
class OneWrongSource:
    signers: SignerSource

    def signer_for(self, key_label: str) -> Signer:
        return OneWrong(self.signers.signer_for(key_label))


def test_a_wrong_signature_costs_its_own_request_only(authority: Authority) -> None:
    requests = registered(authority, *drafts(3))
    keys = [request.pk for request in requests]
    wrong = OneWrongSource(authority.signers)
    assert issue_batch(keys, signers=wrong, actor=WORKER, at=authority.at) == 2
    assert states(requests).count("requested") == 1
    assert batch(authority, requests) == 3


def test_a_card_blocked_while_its_batch_is_signed_gets_a_revoked_certificate(authority: Authority) -> None:
    """Reliability F15."""
    requests = registered(authority, *drafts(3))

    def block() -> None:
        revoke_carrier(
            carrier_kind="card",
            carrier_id="card-1",
            reason=RevocationReason.KEY_COMPROMISE,
            requested_at=authority.at,
            actor=ALVA,
            at=authority.at,
        )

    slow = Meddling(authority.signers, block)
    keys = [request.pk for request in requests]
    assert issue_batch(keys, signers=slow, actor=WORKER, at=authority.at) == 3
    revoked = Certificate.objects.filter(revoked_at__isnull=False, request__in=requests)
    assert [row.carrier_id for row in revoked] == ["card-1"]


def test_issuers_are_signed_for_apart(authority: Authority) -> None:
    subject = replace(asa(), serial_number="199001019802", organization="")
    other = replace(drafts(1)[0], profile="person_id_authentication", subject=subject)
    requests = registered(authority, *drafts(3)[1:], replace(other, carrier_id="card-x"))
    assert batch(authority, requests) == 3
    assert set(Certificate.objects.filter(request__in=requests).values_list("issuer_id", flat=True)) == {
        "person_hsa_id_3",
        "person_id_3",
    }


def test_a_long_queue_goes_in_batches(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_issuance, "BATCH", 2)
    registered(authority, *drafts(5))
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 5
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 0


def test_many_are_registered_all_or_none_and_once_each(authority: Authority) -> None:
    wanted = drafts(3)
    first = registered(authority, *wanted, wanted[0])
    assert first[0].pk == first[3].pk
    assert [row.pk for row in registered(authority, *wanted)] == [row.pk for row in first[:3]]
    with pytest.raises(IdempotencyConflict):
        registered(authority, replace(wanted[1], person_id="person-2"))
    with pytest.raises(IdempotencyConflict):
        registered(authority, replace(drafts(9)[8], name="a"), replace(drafts(9)[8], name="b"))
    before = CertificateRequest.objects.count()
    with pytest.raises(KeyRefused):
        registered(authority, *drafts(6)[3:5], replace(drafts(6)[5], public_key=b"no key"))
    assert CertificateRequest.objects.count() == before


@pytest.mark.parametrize("how", ["first", "only"])
def test_function_certificates_go_before_those_of_people_after_an_outage(
    authority: Authority, how: str
) -> None:
    """FC-7: the requests of people are older, and wait nevertheless."""
    people = registered(authority, *drafts(3))
    server = SubjectFacts(
        common_name="journal.regionnorr.test",
        serial_number="SE2321000016-JOURNAL",
        organization="Region Norr",
        locality="Norrbottens län",
        dns_names=("journal.regionnorr.test",),
    )
    wanted = drafts(
        1, profile="function_server", subject=server, carrier_kind=CarrierKind.FUNCTION, person_id=""
    )
    functions = registered(authority, replace(wanted[0], idempotency_key="function:1"))
    chosen = {how: "function", "limit": 1}
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at, **chosen) == 1  # type: ignore[arg-type]
    assert states(functions) == ["issued"]
    assert states(people) == ["requested"] * 3
    assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 3
