"""Mass revocations: what was chosen, who decided, and how far it has come."""

import uuid

from django.db import models
from django.db.models import F, Q

MOST_ALONE = 25
"""Above this, revoking takes two people (domain.md 7.3)."""


class MassRevocation(models.Model):
    """Many certificates that are revoked for one reason: the list is fixed before anybody approves it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    criteria = models.JSONField()
    reason = models.SmallIntegerField()
    requested_at = models.DateTimeField()
    total = models.IntegerField(default=0)
    staged_by = models.CharField(max_length=128)
    staged_at = models.DateTimeField()
    approved_by = models.CharField(max_length=128, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(
                name="mass_revocation_is_approved_by_another_person",
                condition=~Q(approved_by=F("staged_by")),
            ),
            models.CheckConstraint(
                name="mass_revocation_approved_iff_when_and_by_whom",
                condition=(Q(approved_at__isnull=True) & Q(approved_by=""))
                | (Q(approved_at__isnull=False) & ~Q(approved_by="")),
            ),
            models.CheckConstraint(
                name="mass_revocation_of_many_is_finished_only_when_approved",
                condition=Q(finished_at__isnull=True)
                | Q(total__lte=MOST_ALONE)
                | Q(approved_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.total} certificates, staged {self.staged_at:%Y-%m-%d %H:%M}"


class MassRevocationMember(models.Model):
    """One certificate of a mass revocation; done when it has an outcome."""

    id = models.BigAutoField(primary_key=True)
    mass_revocation = models.ForeignKey(MassRevocation, on_delete=models.PROTECT, related_name="members")
    certificate = models.ForeignKey("ca.Certificate", on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=16, blank=True, default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(
                name="mass_revocation_names_a_certificate_once", fields=["mass_revocation", "certificate"]
            ),
            models.CheckConstraint(
                name="mass_revocation_member_done_iff_outcome",
                condition=(Q(done_at__isnull=True) & Q(outcome=""))
                | (Q(done_at__isnull=False) & Q(outcome__in=["revoked", "already_revoked"])),
            ),
        )
        indexes = (
            models.Index(
                name="ca_mass_members_left", fields=["mass_revocation", "id"], condition=Q(outcome="")
            ),
        )

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.outcome}"
