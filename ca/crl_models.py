"""Certificate revocation lists: each number is taken once."""

from django.db import models
from django.db.models import F, Q

from ca.issuer_models import Issuer


class Crl(models.Model):
    """One certificate revocation list. Its number is taken before it is signed and never comes back."""

    id = models.BigAutoField(primary_key=True)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="crls")
    shard = models.IntegerField(default=-1)
    """-1: the one list that holds everything."""
    crl_number = models.BigIntegerField()
    """One sequence for the whole list and its deltas, one for each shard (RFC 5280 section 5.2.3)."""
    base_crl_number = models.BigIntegerField(null=True)
    """The list that a delta builds on; None: a full list."""
    follows = models.BigIntegerField(null=True)
    """The newest signed number of the sequence when the entries were read; 0: there was none."""
    reserved_at = models.DateTimeField()
    tbs_sha256 = models.CharField(max_length=64, blank=True, default="")
    this_update = models.DateTimeField(null=True)
    next_update = models.DateTimeField(null=True)
    entry_count = models.IntegerField(default=0)
    crl_der = models.BinaryField(default=b"")
    """Emptied when a newer list is published; the digest stays."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    signed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(name="crl_number_taken_once", fields=["issuer", "shard", "crl_number"]),
            # Of two workers that read the entries at once, one records its list; the other reads again.
            models.UniqueConstraint(name="crl_follows_one_list", fields=["issuer", "shard", "follows"]),
            models.CheckConstraint(
                name="crl_follows_a_smaller_number",
                condition=Q(follows__isnull=True) | Q(follows__gte=0, follows__lt=F("crl_number")),
            ),
            models.CheckConstraint(
                name="crl_delta_builds_on_a_smaller_number",
                condition=Q(base_crl_number__isnull=True)
                | Q(base_crl_number__gte=0, base_crl_number__lt=F("crl_number")),
            ),
            models.CheckConstraint(
                name="crl_signed_iff_digest_and_times",
                condition=(Q(signed_at__isnull=True) & Q(sha256=""))
                | (
                    Q(signed_at__isnull=False)
                    & ~Q(sha256="")
                    & Q(this_update__isnull=False)
                    & Q(next_update__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="crl_published_was_signed",
                condition=Q(published_at__isnull=True) | Q(signed_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.issuer_id} CRL {self.crl_number}"
