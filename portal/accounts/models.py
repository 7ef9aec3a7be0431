"""The index of sessions: whose they are and by which certificate, so that they can be found and ended."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q

from authn.trust import Carrier


class EndReason(StrEnum):
    """Why a session is over."""

    LOGGED_OUT = "logged_out"
    IDLE = "idle"
    TOO_LONG = "too_long"
    REPLACED = "replaced"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CARD_NOT_ACTIVE = "card_not_active"
    STATUS_UNKNOWN = "status_unknown"
    ROLE_LOST = "role_lost"
    ENDED_BY_HOLDER = "ended_by_holder"


class PortalSession(models.Model):
    """A login: the person, the certificate, the role in use, and when it was last seen and checked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session_key = models.CharField(max_length=40, db_index=True)
    person_id = models.CharField(max_length=36, db_index=True)
    evidence_id = models.CharField(max_length=36)
    certificate_der = models.BinaryField()
    certificate_sha256 = models.CharField(max_length=64, db_index=True)
    card_number = models.CharField(max_length=19, blank=True, db_index=True)
    carrier = models.CharField(max_length=16, default=Carrier.CARD.value)
    certificate_hsa_id = models.CharField(max_length=32, blank=True)
    loa = models.CharField(max_length=80)
    amr = models.JSONField()
    auth_time = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    status_checked_at = models.DateTimeField()
    client_address = models.CharField(max_length=45, blank=True)

    role_assignment_id = models.CharField(max_length=36, blank=True)
    hsa_id = models.CharField(max_length=32, blank=True)
    role = models.CharField(max_length=32, blank=True)
    organization_id = models.CharField(max_length=36, blank=True)
    organization_ids = models.JSONField(default=list)
    unit_id = models.CharField(max_length=36, blank=True)
    unit_ids = models.JSONField(default=list)
    may_see_protected = models.BooleanField(default=False)

    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=24, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(role="", hsa_id="", role_assignment_id="", organization_id="")
                    | (~Q(role="") & ~Q(hsa_id="") & ~Q(role_assignment_id="") & ~Q(organization_id=""))
                ),
                name="a_session_has_a_role_with_identity_and_organization_or_none",
            ),
            models.CheckConstraint(
                condition=(
                    Q(ended_at__isnull=True, end_reason="")
                    | Q(ended_at__isnull=False, end_reason__in=[reason.value for reason in EndReason])
                ),
                name="a_session_ended_iff_it_says_why",
            ),
            models.CheckConstraint(
                condition=Q(carrier=Carrier.CARD.value)
                | Q(carrier=Carrier.MOBILE.value, role="", card_number=""),
                name="a_session_by_a_mobile_eid_has_no_role",
            ),
            models.UniqueConstraint(
                fields=["session_key"],
                condition=Q(ended_at__isnull=True),
                name="one_open_login_per_browser_session",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def known_as(self) -> str:
        """Return who the journal names: the HSA-id of the role, else the certificate's, else the person."""
        return self.hsa_id or self.certificate_hsa_id or self.person_id


class SignedAct(models.Model):
    """An act that its doer signed with a card: the evidence, what it is for, and that it was spent, once.

    ``content`` is the canonical JSON of kind, text and facts, whose hash is among the signed lines.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    content = models.TextField()
    facts_hash = models.CharField(max_length=44)
    evidence_id = models.CharField(max_length=36, unique=True)
    session = models.ForeignKey(PortalSession, on_delete=models.PROTECT, related_name="signed_acts")
    person_id = models.CharField(max_length=36, db_index=True)
    organization_id = models.CharField(max_length=36, blank=True)
    signed_at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(spent_at__isnull=True) | Q(voided_at__isnull=True),
                name="a_signed_act_is_carried_out_or_void_and_never_both",
            ),
            models.CheckConstraint(
                condition=~Q(evidence_id="") & ~Q(facts_hash="") & ~Q(kind=""),
                name="a_signed_act_names_its_evidence_and_facts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class UntoldRefusals(models.Model):
    """Refusals beyond what the journal tells one by one, summed until one event tells of them all.

    ``source`` is a person's id, or ``strangers`` for all who have not proved who they are.
    """

    source = models.CharField(max_length=36)
    role = models.CharField(max_length=32, blank=True)
    organization_id = models.CharField(max_length=36, blank=True)
    route = models.CharField(max_length=80, blank=True)
    count = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        """One sum for each source, what it acted as, and the place it reached for."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "role", "organization_id", "route"],
                name="one_sum_of_untold_refusals_per_source",
            ),
            models.CheckConstraint(
                condition=Q(count__gt=0) & Q(last_at__gte=models.F("first_at")),
                name="untold_refusals_are_some_and_end_after_they_begin",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.count}"
