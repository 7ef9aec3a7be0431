"""Orders delivered before know their certificate's end too."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 - Django's signature
    """Copy each certificate's end to its order."""
    orders = apps.get_model("functioncerts", "FunctionOrder").objects
    certificates = apps.get_model("ca", "Certificate").objects
    for order in orders.exclude(certificate_id="").filter(not_after__isnull=True):
        end = certificates.filter(pk=order.certificate_id).values_list("not_after", flat=True).first()
        orders.filter(pk=order.pk).update(not_after=end)


class Migration(migrations.Migration):
    """Data only, in a transaction of its own."""

    dependencies = [
        ("functioncerts", "0006_orders_approved_and_noticed"),
        ("ca", "0001_initial"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
