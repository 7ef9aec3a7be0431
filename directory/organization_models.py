"""How an organization is set up here: what HSA does not know and this installation decides."""

import uuid
from typing import ClassVar

from django.db import models


class OrganizationSettings(models.Model):
    """What stands on an organization's cards, which it may order, and where its bills go.

    ``issuer_number`` is the DNV number for SIS cards, else the ISO number (domain.md 1.1). ``products`` are
    product codes; an empty list allows every product. ``default_product`` is chosen beforehand when somebody
    orders; empty for none. ``logo_png`` is a picture that we drew anew ourselves.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.OneToOneField(
        "directory.Organization", on_delete=models.PROTECT, related_name="settings"
    )
    issuer_number = models.CharField(max_length=20, blank=True)
    products = models.JSONField(default=list)
    default_product = models.CharField(max_length=8, blank=True)
    billing_reference = models.CharField(max_length=60, blank=True)
    logo_png = models.BinaryField(null=True)
    logo_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        """A picture and its digest come together."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(logo_png__isnull=True, logo_sha256="")
                | (models.Q(logo_png__isnull=False) & ~models.Q(logo_sha256="")),
                name="an_organization_has_a_logo_iff_its_digest",
            ),
        ]

    def __str__(self) -> str:
        return str(self.organization_id)
