"""What is stored of every conversation between a card's client and this service, whatever it is about."""

import uuid

from django.db import models


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
