"""Issuers, and the rule that nothing of one environment is in the other."""

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from ca.environments import QA_KEY_PREFIX, Environment


def environment_fits(key: str) -> Q:
    """Return the rule that a row is of the environment that the issuer's key in one of its columns says."""
    is_qa = Q(Exact(Left(F(key), Value(len(QA_KEY_PREFIX))), Value(QA_KEY_PREFIX)))
    return (Q(environment=Environment.QA.value) & is_qa) | (Q(environment=Environment.PROD.value) & ~is_qa)


class Issuer(models.Model):
    """A CA of the hierarchy. Planned when its key is made, certified when it has its certificate."""

    key = models.CharField(primary_key=True, max_length=40)
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    hierarchy = models.CharField(max_length=40)
    hierarchy_sha256 = models.CharField(max_length=64)
    common_name = models.CharField(max_length=64)
    file_stem = models.CharField(max_length=64, unique=True)
    public_key = models.BinaryField()
    certificate_der = models.BinaryField(default=b"")
    planned_at = models.DateTimeField()
    certified_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    """From then on nothing new is asked of it; its CRLs and OCSP answers go on."""
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.SmallIntegerField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(
                name="issuer_key_is_of_its_environment", condition=environment_fits("key")
            ),
            models.CheckConstraint(
                name="issuer_retired_was_certified",
                condition=Q(retired_at__isnull=True) | Q(certified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="issuer_revoked_iff_when_and_why_and_retired",
                condition=(Q(revoked_at__isnull=True) & Q(revocation_reason__isnull=True))
                | (
                    Q(revoked_at__isnull=False)
                    & Q(revocation_reason__isnull=False)
                    & Q(retired_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="issuer_certified_iff_it_has_a_certificate",
                condition=(Q(certified_at__isnull=True) & Q(certificate_der=b""))
                | (Q(certified_at__isnull=False) & ~Q(certificate_der=b"")),
            ),
        )

    def __str__(self) -> str:
        return self.common_name


class SignatureAllowance(models.Model):
    """Signatures of a key that have no row here and are accepted: a restored backup, or a cause found.

    Less than 0: rows that the key's counter, which was set back, does not know.
    """

    id = models.BigAutoField(primary_key=True)
    label = models.CharField(max_length=64, db_index=True)
    signatures = models.BigIntegerField()
    reason = models.CharField(max_length=64)
    noted_at = models.DateTimeField()

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(name="signature_allowance_is_of_some", condition=~Q(signatures=0)),
        )

    def __str__(self) -> str:
        return f"{self.label} {self.signatures}"
