"""What is stored of card orders, cards, identity checks and activations."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from ca.environments import Environment
from cards.attestor import UNRECORDED, AttestorRelation
from cards.block_request_models import BlockRequest  # noqa: F401 - Django finds models from here
from cards.conversation_models import OpenedByChallenge
from cards.manufacturing.models import (  # noqa: F401 - Django finds models from here
    FactoryCursor,
    FactoryFile,
    FactoryReport,
    ProductionBatch,
    ProductionRow,
)
from cards.mobile.models import MobileEid  # noqa: F401 - Django finds models from here
from cards.pictures.models import CardPicture  # noqa: F401 - Django finds models from here
from cards.products import DocumentKind, IdentityCheckMethod
from cards.puk_letter_models import PukLetter  # noqa: F401 - Django finds models from here
from cards.reasons import BlockReason
from cards.reminder_models import CardReminder  # noqa: F401 - Django finds models from here
from cards.renewal.models import Renewal, RenewalKey  # noqa: F401 - Django finds models from here
from cards.replacement_reasons import ReplacementReason
from cards.reserve_models import ReserveHandOut, ReserveRefill  # noqa: F401 - Django finds models from here
from cards.states import (
    OPEN_ACTIVATION_STATES,
    RUNNING_ORDER_STATES,
    ActivationState,
    CardOrderState,
    CardState,
)
from cards.stock_models import (  # noqa: F401 - Django finds models from here
    StockBox,
    StockCard,
    StockCount,
    StockPlace,
    StockTransfer,
)
from cards.unlock_models import Unlock  # noqa: F401 - Django finds models from here
from directory.models import Organization, Person

_RUNNING = sorted(state.value for state in RUNNING_ORDER_STATES)
_OPEN = sorted(state.value for state in OPEN_ACTIVATION_STATES)
_PAST_THE_FACTORY = sorted({CardOrderState.SHIPPED.value, CardOrderState.ACTIVATED.value})
_WITH_THE_FACTORY = sorted(
    {CardOrderState.SENT.value, CardOrderState.IN_PRODUCTION.value, *_PAST_THE_FACTORY}
)


def _iff(state: str, *, evidence: Q) -> Q:
    """Return the condition that the evidence is there in this state and in no other."""
    return (Q(state=state) & evidence) | (~Q(state=state) & ~evidence)


class CardOrder(models.Model):
    """An order of one card for one person; the delivery address is read when it is sent, never kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="card_orders")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="card_orders")
    hsa_id = models.CharField(max_length=32)
    product_code = models.CharField(max_length=8)
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    loa = models.PositiveSmallIntegerField()
    printed_name = models.CharField(max_length=120)
    organization_name = models.CharField(max_length=120)
    back_text = models.CharField(max_length=200, blank=True)
    valid_until = models.DateField()
    placed_at = models.DateTimeField()
    placed_by = models.CharField(max_length=64)
    # Given by the form, so that a double click is one order.
    idempotency_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - unique, so absent is NULL
    # The hand-over to the factory: set before the order leaves, taken back only when it surely did not.
    handover_started_at = models.DateTimeField(null=True)
    handover_is_uncertain = models.BooleanField(default=False)
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_problem = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    production_started_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    # A reserve card from the stock: made before anybody ordered it, and never sent to the factory.
    from_stock = models.BooleanField(default=False)
    # The card that this one takes the place of, which ends by the reason (cards.replacement_reasons).
    replaces = models.ForeignKey("Card", on_delete=models.PROTECT, null=True, related_name="replacements")
    replacement_reason = models.CharField(max_length=24, blank=True, default="")
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=64, blank=True)
    rejected_at = models.DateTimeField(null=True)
    rejection_reason = models.CharField(max_length=200, blank=True)
    lapsed_at = models.DateTimeField(null=True)
    lapse_reason = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["organization", "-placed_at", "-id"], name="card_order_by_organization"),
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state=CardOrderState.PLACED.value),
                name="card_order_waiting_for_factory",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CardOrderState]),
                name="card_order_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(loa__in=[2, 3]),
                name="card_order_is_for_a_known_assurance_level",
            ),
            models.CheckConstraint(
                condition=Q(environment__in=[one.value for one in Environment]),
                name="card_order_environment_is_known",
            ),
            models.CheckConstraint(
                condition=_iff(
                    CardOrderState.CANCELLED.value,
                    evidence=Q(cancelled_at__isnull=False),
                )
                & (Q(cancelled_at__isnull=True, cancelled_by="") | ~Q(cancelled_by="")),
                name="card_order_cancelled_iff_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=_iff(
                    CardOrderState.REJECTED.value,
                    evidence=Q(rejected_at__isnull=False),
                )
                & (Q(rejected_at__isnull=True, rejection_reason="") | ~Q(rejection_reason="")),
                name="card_order_rejected_iff_when_and_why",
            ),
            models.CheckConstraint(
                condition=_iff(CardOrderState.LAPSED.value, evidence=Q(lapsed_at__isnull=False))
                & (Q(lapsed_at__isnull=True, lapse_reason="") | ~Q(lapse_reason="")),
                name="card_order_lapsed_iff_when_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_WITH_THE_FACTORY) | Q(sent_at__isnull=False),
                name="card_order_with_the_factory_was_sent",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_PAST_THE_FACTORY) | Q(shipped_at__isnull=False),
                name="card_order_past_the_factory_was_shipped",
            ),
            models.CheckConstraint(
                condition=_iff(CardOrderState.ACTIVATED.value, evidence=Q(activated_at__isnull=False)),
                name="card_order_activated_iff_when",
            ),
            models.UniqueConstraint(
                fields=["person", "organization", "environment"],
                condition=Q(state__in=_RUNNING, from_stock=False),
                name="one_running_order_per_person_and_organization",
            ),
            models.UniqueConstraint(
                fields=["person", "organization"],
                condition=Q(state__in=_RUNNING, from_stock=True),
                name="one_reserve_card_under_way_per_person_and_organization",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True, replacement_reason="")
                | Q(
                    replaces__isnull=False,
                    replacement_reason__in=[reason.value for reason in ReplacementReason],
                ),
                name="card_order_replaces_a_card_iff_it_says_why",
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=Q(state__in=[*_RUNNING, CardOrderState.ACTIVATED.value]),
                name="a_card_is_replaced_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Card(models.Model):
    """A card, from its order on; the number is known when the factory has made it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    order = models.OneToOneField(CardOrder, on_delete=models.PROTECT, related_name="card")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cards")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="cards")
    hsa_id = models.CharField(max_length=32)
    product_code = models.CharField(max_length=8)
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    loa = models.PositiveSmallIntegerField()
    holder_name = models.CharField(max_length=120)
    valid_until = models.DateField()
    card_number = models.CharField(max_length=19, null=True, unique=True)  # noqa: DJ001 - unique, so absent is NULL
    ordered_at = models.DateTimeField()
    produced_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True)
    block_requested_at = models.DateTimeField(null=True)
    block_reason = models.CharField(max_length=32, blank=True)
    blocked_by = models.CharField(max_length=64, blank=True)
    block_note = models.CharField(max_length=500, blank=True)
    discarded_at = models.DateTimeField(null=True)
    discard_reason = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["organization", "-ordered_at", "-id"], name="card_by_organization"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in CardState]),
                name="card_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(environment__in=[one.value for one in Environment]),
                name="card_environment_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=CardState.BLOCKED.value,
                    blocked_at__isnull=False,
                    block_requested_at__isnull=False,
                    block_reason__in=[reason.value for reason in BlockReason],
                )
                & ~Q(blocked_by="")
                | ~Q(state=CardState.BLOCKED.value)
                & Q(
                    blocked_at__isnull=True,
                    block_requested_at__isnull=True,
                    block_reason="",
                    blocked_by="",
                    block_note="",
                ),
                name="card_blocked_iff_when_why_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(blocked_at__isnull=True) | Q(block_requested_at__lte=F("blocked_at")),
                name="card_block_was_requested_before_it_was_done",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[CardState.SHIPPED.value, CardState.ACTIVE.value])
                | Q(card_number__isnull=False, shipped_at__isnull=False),
                name="card_sent_to_its_holder_has_number_and_date",
            ),
            models.CheckConstraint(
                condition=~Q(state=CardState.ACTIVE.value) | Q(activated_at__isnull=False),
                name="card_active_was_activated",
            ),
            models.CheckConstraint(
                condition=Q(activated_at__isnull=True)
                | Q(state__in=[CardState.ACTIVE.value, CardState.BLOCKED.value]),
                name="card_once_activated_is_active_or_blocked",
            ),
            models.CheckConstraint(
                condition=_iff(CardState.DISCARDED.value, evidence=Q(discarded_at__isnull=False))
                & (Q(discarded_at__isnull=True, discard_reason="") | ~Q(discard_reason="")),
                name="card_discarded_iff_when_and_why",
            ),
        ]

    def __str__(self) -> str:
        return self.card_number or str(self.id)


class ForeignCertificate(models.Model):
    """A certificate of another issuer on a card of ours: not ours to revoke, but ours to speak of (PKI-5)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="foreign_certificates")
    issuer_name = models.CharField(max_length=128)
    serial_hex = models.CharField(max_length=40)
    not_after = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["issuer_name", "serial_hex"], name="foreign_certificate_is_recorded_once"
            ),
            models.CheckConstraint(
                condition=~Q(issuer_name="") & ~Q(serial_hex=""),
                name="foreign_certificate_names_its_issuer_and_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issuer_name} {self.serial_hex}"


class IdentityCheckOutcome(models.TextChoices):
    """How an identity check ended."""

    PASSED = "passed"
    SUSPECTED = "suspected"


class IdentityCheck(models.Model):
    """The seven steps as facts (domain.md 2.3); never a copy of the document.

    Of a card's holder; when it was broken off before there was a card, of a person in an employment. With an
    attestor the document is the attestor's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, null=True, related_name="identity_checks")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, related_name="+")
    hsa_id = models.CharField(max_length=32, blank=True)
    outcome = models.CharField(max_length=16)
    method = models.CharField(max_length=24)
    document_kind = models.CharField(max_length=32, blank=True)
    document_number = models.CharField(max_length=40, blank=True)
    document_valid_until = models.DateField(null=True)
    document_country = models.CharField(max_length=3, blank=True)
    attestor_name = models.CharField(max_length=120, blank=True)
    attestor_number = models.CharField(max_length=12, blank=True)
    attestor_relation = models.CharField(max_length=24, blank=True)
    is_verified_with_document_issuer = models.BooleanField(default=False)
    document_taken_from_holder = models.BooleanField()
    person_matches_photo_and_age = models.BooleanField()
    document_looks_genuine = models.BooleanField()
    security_features_checked = models.BooleanField()
    number_checked = models.BooleanField()
    signature_compared = models.BooleanField()
    control_question_asked = models.BooleanField()
    checked_at = models.DateTimeField()
    checked_by = models.CharField(max_length=64)

    class Meta:
        """What the database itself refuses, and the suspicions, which are few of very many."""

        indexes: ClassVar = [
            models.Index(
                fields=["checked_at"],
                condition=Q(outcome=IdentityCheckOutcome.SUSPECTED.value),
                name="identity_check_suspected",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome.value for outcome in IdentityCheckOutcome]),
                name="identity_check_outcome_is_known",
            ),
            models.CheckConstraint(
                condition=Q(method__in=[method.value for method in IdentityCheckMethod]),
                name="identity_check_method_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=IdentityCheckOutcome.PASSED.value)
                | Q(
                    document_kind__in=[kind.value for kind in DocumentKind],
                    document_valid_until__isnull=False,
                )
                & ~Q(document_number=""),
                name="identity_check_passed_names_its_document",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=IdentityCheckOutcome.PASSED.value)
                | Q(
                    document_taken_from_holder=True,
                    person_matches_photo_and_age=True,
                    document_looks_genuine=True,
                    security_features_checked=True,
                    number_checked=True,
                    signature_compared=True,
                    control_question_asked=True,
                ),
                name="identity_check_passed_has_all_seven_steps",
            ),
            models.CheckConstraint(
                condition=Q(card__isnull=False, person__isnull=True, organization__isnull=True, hsa_id="")
                | Q(
                    card__isnull=True,
                    person__isnull=False,
                    organization__isnull=False,
                    outcome=IdentityCheckOutcome.SUSPECTED.value,
                )
                & ~Q(hsa_id=""),
                name="identity_check_is_of_a_card_or_was_broken_off_before_one",
            ),
            models.CheckConstraint(
                condition=Q(method=IdentityCheckMethod.ATTESTOR.value)
                & (
                    ~Q(outcome=IdentityCheckOutcome.PASSED.value)
                    | Q(attestor_relation__in=[UNRECORDED, *(one.value for one in AttestorRelation)])
                    & ~Q(attestor_name="")
                    & ~Q(attestor_number="")
                )
                | ~Q(method=IdentityCheckMethod.ATTESTOR.value)
                & Q(attestor_name="", attestor_number="", attestor_relation=""),
                name="identity_check_names_its_attestor_iff_there_was_one",
            ),
            models.CheckConstraint(
                condition=~Q(
                    method=IdentityCheckMethod.FOREIGN_DOCUMENT.value,
                    outcome=IdentityCheckOutcome.PASSED.value,
                )
                | ~Q(document_country=""),
                name="identity_check_of_a_foreign_document_names_its_country",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def checked_person(self) -> Person:
        """Return whose identity it was about."""
        found = self.card.person if self.card is not None else self.person
        if found is None:
            raise AssertionError("a check is of a card's holder or of a person")
        return found


class Activation(OpenedByChallenge):
    """One attempt to make a card usable, from the desk's identity check to the signed receipt."""

    # A reserve card is fetched by its holder, who may begin again with the same check.
    identity_check = models.ForeignKey(IdentityCheck, on_delete=models.PROTECT, related_name="activations")
    terms_version = models.CharField(max_length=32)
    keys_made_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ActivationState]),
                name="activation_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["card"],
                condition=Q(state__in=_OPEN),
                name="one_open_activation_per_card",
            ),
            models.CheckConstraint(
                condition=_iff(ActivationState.ABORTED.value, evidence=Q(aborted_at__isnull=False))
                & (Q(aborted_at__isnull=True, abort_reason="") | ~Q(abort_reason="")),
                name="activation_aborted_iff_when_and_why",
            ),
            models.CheckConstraint(
                condition=_iff(ActivationState.ACTIVE.value, evidence=Q(finished_at__isnull=False)),
                name="activation_active_iff_finished",
            ),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, client_key__isnull=True)
                | Q(claimed_at__isnull=False, client_key__isnull=False),
                name="activation_claimed_iff_by_a_client_key",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        ActivationState.CLAIMED.value,
                        ActivationState.KEYS_MADE.value,
                        ActivationState.ISSUED.value,
                        ActivationState.WRITTEN.value,
                        ActivationState.ACTIVE.value,
                    ],
                )
                | Q(claimed_at__isnull=False),
                name="activation_past_opened_was_claimed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ActivationState.WRITTEN.value, ActivationState.ACTIVE.value])
                | Q(written_at__isnull=False),
                name="activation_past_written_was_written",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")),
                name="activation_expires_after_it_was_opened",
            ),
            models.CheckConstraint(
                condition=Q(answers=0, answered_at__isnull=True, challenge="")
                | Q(answers__gt=0, answered_at__isnull=False) & ~Q(challenge=""),
                name="activation_answered_iff_when_and_what",
            ),
        ]


class CardKey(models.Model):
    """A key pair on a card, by its public half, with the certificate request made for it.

    Kept with the card and not with one activation, so that an interrupted activation is resumed with the
    keys and certificates that exist.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="keys")
    activation = models.ForeignKey(Activation, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=32)
    public_key = models.BinaryField()
    certificate_request_id = models.CharField(max_length=36)
    made_at = models.DateTimeField()
    written_sha256 = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["card", "name"],
                condition=Q(superseded_at__isnull=True),
                name="one_current_key_per_card_and_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Receipt(models.Model):
    """What the holder was asked to sign and the signature: evidence that the card was handed over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    activation = models.OneToOneField(Activation, on_delete=models.PROTECT, related_name="receipt")
    question = models.JSONField()
    asked_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    certificate_der = models.BinaryField(null=True)
    algorithm = models.CharField(max_length=8, blank=True)
    signature = models.BinaryField(null=True)
    user_challenge = models.CharField(max_length=64, blank=True)
    server_spki = models.CharField(max_length=64, blank=True)
    signed_octets = models.BinaryField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    signed_at__isnull=True,
                    certificate_der__isnull=True,
                    signature__isnull=True,
                    signed_octets__isnull=True,
                )
                | Q(
                    signed_at__isnull=False,
                    certificate_der__isnull=False,
                    signature__isnull=False,
                    signed_octets__isnull=False,
                ),
                name="receipt_signed_iff_with_evidence",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class OrderStop(models.Model):
    """A time in which no cards may be ordered, while blocking goes on (POR-16).

    Of one organization, or with ``organization`` None of all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, null=True, related_name="order_stops"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)
    set_by = models.CharField(max_length=64)
    set_at = models.DateTimeField()

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="order_stop_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
