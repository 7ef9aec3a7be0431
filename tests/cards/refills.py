"""Ways to a reserve card without a valid certificate, and to new ones on it."""

from authn.evidence import Answer
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from cards.envelope_code import envelope_code
from cards.models import Card
from cards.refills import order_refill
from cards.renewal.keys import question_of_renewal, register_renewal_keys
from cards.renewal.models import Renewal
from cards.renewal.names import certificates_on
from cards.renewal.renewing import OpenedRenewal
from cards.reserve_approving import approve_as_second
from cards.reserve_fetching import open_fetching
from cards.reserve_models import ReserveRefill
from tests.cards.renewal.steps import Chip, claimed, signed, written
from tests.cards.stock_violations import a_hand_out, an_approved_hand_out
from tests.cards.test_reserve_cards import HOLDER, in_use
from tests.scenarios import CHECK, CLIENT, Scene, card_number

NUMBER = card_number(500)
NAMES = ("hsa_authentication", "id_authentication")


def a_spent_card(
    scene: Scene, *, loa: int = 2, how: RevocationReason | None = RevocationReason.SUPERSEDED
) -> Card:
    """Hand out a reserve card and let its holder use it; then its certificates are revoked one by one."""
    if loa == 2:
        a_hand_out(scene, loa=2)
    else:
        an_approved_hand_out(scene)
    card = in_use(scene)
    if how is not None:
        spent(scene, card, how=how)
    return card


def spent(
    scene: Scene,
    card: Card,
    *,
    names: tuple[str, ...] = NAMES,
    how: RevocationReason = RevocationReason.SUPERSEDED,
) -> None:
    """Revoke certificates of a card one by one, as an administrator may (POR-2)."""
    at = scene.later(minutes=1)
    for name, held in certificates_on(card).items():
        if name.value in names:
            revoke(
                certificate_id=str(held.certificate.pk),
                reason=how,
                requested_at=at,
                actor=scene.cast.alva,
                at=at,
            )


def a_refill(scene: Scene) -> ReserveRefill:
    """Let Alva identify Åsa and order new certificates to her reserve card."""
    return order_refill(
        card_number=NUMBER, identity_check=CHECK, actor=scene.cast.alva, at=scene.later(minutes=1)
    )


def an_approved_refill(scene: Scene) -> ReserveRefill:
    """Let another administrator approve it."""
    refill = a_refill(scene)
    approve_as_second(
        refill, identity_check=CHECK, actor=scene.cast.another_administrator, at=scene.later(minutes=5)
    )
    refill.refresh_from_db()
    return refill


def opened(scene: Scene, *, code: str = "") -> OpenedRenewal:
    """Begin to fetch as the holder does, with the envelope's code."""
    start = open_fetching(
        card_number=NUMBER, code=code or envelope_code(NUMBER), actor=HOLDER, at=scene.later(seconds=5)
    )
    assert isinstance(start, OpenedRenewal)
    return start


def spent_proof(scene: Scene, renewal: Renewal) -> Answer:
    """Sign with a key that the card was given before, whose certificate is valid no longer."""
    held = certificates_on(renewal.card)
    name = next(name for name in held if name.value == "hsa_authentication")
    der = bytes(held[name].certificate.certificate_der)
    return scene.client.signs(question_of_renewal(renewal), der)


def registered(scene: Scene, renewal: Renewal, chip: Chip) -> Renewal:
    """Make new keys on the card, which shows that it is this card."""
    return register_renewal_keys(
        renewal_id=str(renewal.pk),
        requests=chip.requests(renewal),
        proof=spent_proof(scene, renewal),
        actor=CLIENT,
        at=scene.later(seconds=5),
    )


def filled(scene: Scene) -> Renewal:
    """Fetch the new certificates to the card, to the holder's signature."""
    chip = Chip()
    return signed(scene, written(scene, registered(scene, claimed(scene, opened(scene)), chip)), chip)
