"""Names that were validated by hand become validations by document, good for as long as a document is."""

from datetime import timedelta

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LIFETIME = timedelta(days=730)


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001 - Django's signature
    """Copy each validated name."""
    validation = apps.get_model("functioncerts", "NameValidation")
    for known in apps.get_model("functioncerts", "ValidatedName").objects.select_related("function_object"):
        validation.objects.create(
            organization_id=known.function_object.organization_id,
            function_object_id=known.function_object_id,
            kind="email" if "@" in known.name else "domain",
            name=known.name,
            method="document",
            state="VALID",
            evidence_reference=f"validate_names {known.function_object.hsa_id}",
            requested_at=known.validated_at,
            requested_by=known.validated_by,
            decided_at=known.validated_at,
            decided_by=known.validated_by,
            valid_from=known.validated_at,
            valid_to=known.validated_at + LIFETIME,
        )


class Migration(migrations.Migration):
    """Data only, in a transaction of its own: PostgreSQL changes no table with waiting constraints."""

    dependencies = [("functioncerts", "0003_name_validation")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
