"""Rows of the journal may be added and read, never changed or removed."""

from django.db import migrations

from journal import append_only


def install(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.install_statements(schema_editor.connection.vendor, append_only.FIRST_TABLES))


def remove(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.remove_statements(schema_editor.connection.vendor, append_only.FIRST_TABLES))


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
