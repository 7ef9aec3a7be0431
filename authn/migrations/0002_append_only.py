"""Evidence may be added and read, never changed or removed."""

from django.db import migrations

from authn import append_only


def install(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.install_statements(schema_editor.connection.vendor))


def remove(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.remove_statements(schema_editor.connection.vendor))


class Migration(migrations.Migration):
    dependencies = [("authn", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
