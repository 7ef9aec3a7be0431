"""Each entry also carries the database's own time: a second witness, and how long an entry has waited."""

from django.db import migrations, models
from django.db.models.functions import Now

from journal import append_only

TABLES = ("journal_entry",)


def install(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.install_statements(vendor, TABLES))


class Migration(migrations.Migration):
    dependencies = [
        ("journal", "0006_integrity_watch"),
    ]

    operations = [
        migrations.AddField(
            model_name="entry", name="recorded_at", field=models.DateTimeField(db_default=Now())
        ),
        # SQLite makes the table anew to add a column, and its triggers go with the old one.
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
