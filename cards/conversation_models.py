"""What is stored of every conversation between a card's client and this service, whatever it is about."""

import uuid
from collections.abc import Collection, Iterable

from django.db import models
from django.db.models import F, Q

_ABORTED = "ABORTED"


class CardConversation(models.Model):
    """One conversation about one card: opened by a person, claimed by one client, ended by either.

    The token that starts the client is kept as its digest only; ``client_key`` is the public half of the key
    that signs every call after the claim.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    card = models.ForeignKey("cards.Card", on_delete=models.PROTECT, related_name="%(class)ss")
    token_sha256 = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    client_key = models.JSONField(null=True)
    client_name = models.CharField(max_length=64, blank=True)
    client_version = models.CharField(max_length=32, blank=True)
    aborted_at = models.DateTimeField(null=True)
    abort_reason = models.CharField(max_length=32, blank=True)

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class SignedByCard(models.Model):
    """What the card signed at the good end of a conversation about one in use, and what was asked of it."""

    question = models.JSONField()
    certificate_der = models.BinaryField(null=True)
    algorithm = models.CharField(max_length=8, blank=True)
    signature = models.BinaryField(null=True)
    user_challenge = models.CharField(max_length=64, blank=True)
    server_spki = models.CharField(max_length=64, blank=True)
    signed_octets = models.BinaryField(null=True)

    class Meta:
        """No table of its own."""

        abstract = True


class OpenedByChallenge(CardConversation):
    """A conversation in which the card is opened with its administration key, by answers to its challenges.

    ``key_act_id`` is whose administration key answered last: the id of an act, empty for the factory's.
    ``challenge`` is the last one, so that an answer lost on the way is given again, not another.
    """

    answers = models.PositiveSmallIntegerField(default=0)
    challenge = models.CharField(max_length=32, blank=True)
    key_act_id = models.CharField(max_length=36, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        """No table of its own."""

        abstract = True


def what_every_conversation_keeps(
    thing: str, *, states: Iterable[str], open_states: Collection[str]
) -> list[models.BaseConstraint]:
    """Return what the database refuses of any conversation about a card in use, by the thing's name."""
    return [
        models.CheckConstraint(condition=Q(state__in=list(states)), name=f"{thing}_state_is_known"),
        models.UniqueConstraint(
            fields=["card"], condition=Q(state__in=sorted(open_states)), name=f"one_open_{thing}_per_card"
        ),
        models.CheckConstraint(
            condition=Q(state=_ABORTED, aborted_at__isnull=False) & ~Q(abort_reason="")
            | ~Q(state=_ABORTED) & Q(aborted_at__isnull=True, abort_reason=""),
            name=f"{thing}_aborted_iff_when_and_why",
        ),
        models.CheckConstraint(
            condition=Q(claimed_at__isnull=True, client_key__isnull=True)
            | Q(claimed_at__isnull=False, client_key__isnull=False),
            name=f"{thing}_claimed_iff_by_a_client_key",
        ),
        models.CheckConstraint(
            condition=Q(state__in=["OPENED", _ABORTED]) | Q(claimed_at__isnull=False),
            name=f"{thing}_past_opened_was_claimed",
        ),
        models.CheckConstraint(
            condition=Q(expires_at__gt=F("opened_at")), name=f"{thing}_expires_after_it_was_opened"
        ),
    ]
