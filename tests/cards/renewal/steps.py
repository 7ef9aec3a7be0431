"""A renewal, step by step: the client's side with its card, and what the card holds in the end."""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from authn.evidence import Answer, client_key_of
from ca.models import Certificate
from cards import lifecycle
from cards.models import Card
from cards.renewal.keys import question_of_renewal
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.renewal.names import certificates_on, keys_to_make
from journal.actor import Actor, ActorKind
from tests.scenarios import CLIENT, Scene


@dataclass
class Chip:
    """The client's side: keys by name, made when asked for."""

    made: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    def requests(self, renewal: Renewal) -> dict[str, bytes]:
        found = {}
        for wanted in keys_to_make(renewal):
            key = self.made.setdefault(wanted.name.value, ec.generate_private_key(ec.SECP256R1()))
            name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "courtesy")])
            request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
            found[wanted.name.value] = request.public_bytes(Encoding.DER)
        return found


def holder(card: Card, *, loa: int = 3) -> Actor:
    return Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=loa)


def opened(
    scene: Scene, card: Card, purpose: RenewalPurpose = RenewalPurpose.RENEW
) -> lifecycle.OpenedRenewal:
    return lifecycle.open_own_renewal(card_id=str(card.pk), purpose=purpose, actor=holder(card), at=scene.at)


def claimed(scene: Scene, start: lifecycle.OpenedRenewal) -> Renewal:
    return lifecycle.claim_renewal(
        token=start.token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.later(seconds=5),
    )


def with_keys(scene: Scene, renewal: Renewal, chip: Chip) -> Renewal:
    return lifecycle.register_renewal_keys(
        renewal_id=str(renewal.pk),
        requests=chip.requests(renewal),
        proof=proof(scene, renewal),
        actor=CLIENT,
        at=scene.later(seconds=5),
    )


def proof(scene: Scene, renewal: Renewal) -> Answer:
    """Sign the renewal's question with the oldest certificate of the card."""
    working = Certificate.objects.filter(carrier_id=str(renewal.card_id), revoked_at__isnull=True)
    first = working.earliest("not_before", "pk")
    return scene.client.signs(question_of_renewal(renewal), bytes(first.certificate_der))


def written(scene: Scene, renewal: Renewal) -> Renewal:
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    issued = lifecycle.collect_renewed(renewal_id=str(renewal.pk), actor=CLIENT, at=scene.at)
    return lifecycle.confirm_renewed_written(
        renewal_id=str(renewal.pk),
        digests={one.key.name: one.certificate.sha256 for one in issued},
        actor=CLIENT,
        at=scene.later(seconds=5),
    )


def signed(scene: Scene, renewal: Renewal, chip: Chip, name: str = "hsa_authentication") -> Renewal:
    """Sign with the new certificate of a name, or with the card's old one where it got none."""
    keys = RenewalKey.objects.filter(renewal=renewal, name=name)
    der = bytes(Certificate.objects.get(sha256=keys.get().written_sha256).certificate_der) if keys else b""
    if not der:
        der = bytes(certificates_on(renewal.card)[name].certificate.certificate_der)  # type: ignore[index]
    scene.client.chip.update({f"new {key}": made for key, made in chip.made.items()})  # type: ignore[dict-item, misc]
    answer = scene.client.signs(question_of_renewal(renewal), der)
    return lifecycle.sign_renewal(
        renewal_id=str(renewal.pk), answer=answer, actor=CLIENT, at=scene.later(seconds=5)
    )


def renewed(scene: Scene, card: Card, chip: Chip, purpose: RenewalPurpose = RenewalPurpose.RENEW) -> Renewal:
    renewal = with_keys(scene, claimed(scene, opened(scene, card, purpose)), chip)
    return signed(scene, written(scene, renewal), chip)


def working(card: Card) -> dict[str, str]:
    """Return the digests of the certificates on the card that are not revoked, by profile."""
    rows = Certificate.objects.filter(carrier_id=str(card.pk), revoked_at__isnull=True)
    return {one.profile: one.sha256 for one in rows}
