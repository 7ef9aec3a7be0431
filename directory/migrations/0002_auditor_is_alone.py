"""Let the database itself refuse an auditor with an operative role."""

from django.db import migrations

from directory import role_guard


def install(apps, schema_editor):
    """Install the triggers."""
    role_guard.run(schema_editor.connection, role_guard.install_statements(schema_editor.connection.vendor))


def remove(apps, schema_editor):
    """Remove the triggers."""
    role_guard.run(schema_editor.connection, role_guard.remove_statements(schema_editor.connection.vendor))


class Migration(migrations.Migration):
    """Triggers on role assignments."""

    dependencies = [("directory", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
