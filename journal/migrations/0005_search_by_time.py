"""An object's history, an actor's and a type's are read by time, from the newest on, without sorting."""

import django.db.models.deletion
from django.db import migrations, models

from journal import append_only

TABLES = ("journal_entry", "journal_entryreference")


def install(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.install_statements(vendor, TABLES))


def remove(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.remove_statements(vendor, TABLES))


def fill(apps, schema_editor):
    schema_editor.execute(
        "UPDATE journal_entryreference SET at = "
        "(SELECT journal_entry.at FROM journal_entry WHERE journal_entry.id = journal_entryreference.entry_id)"
    )


class Migration(migrations.Migration):

    dependencies = [
        ("journal", "0004_stored_tree"),
    ]

    operations = [
        migrations.RunPython(remove, install),
        migrations.AddField(model_name="entryreference", name="at", field=models.DateTimeField(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(model_name="entryreference", name="at", field=models.DateTimeField()),
        migrations.RemoveConstraint(model_name="entryreference", name="an_entry_names_each_object_once"),
        migrations.AlterField(
            model_name="entryreference",
            name="entry",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="references",
                to="journal.entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="entryreference",
            constraint=models.UniqueConstraint(
                fields=("entry", "kind", "value"), name="an_entry_names_each_object_once"
            ),
        ),
        migrations.AddIndex(
            model_name="entryreference",
            index=models.Index(fields=["kind", "value", "at", "entry"], name="journal_reference_by_object"),
        ),
        migrations.RemoveIndex(model_name="entry", name="journal_entry_by_type"),
        migrations.RemoveIndex(model_name="entry", name="journal_entry_by_actor"),
        migrations.RemoveIndex(model_name="entry", name="journal_entry_by_time"),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["type", "at", "id"], name="journal_entry_by_type"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["actor_identifier", "at", "id"], name="journal_entry_by_actor"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["at", "id"], name="journal_entry_by_time"),
        ),
        migrations.RunPython(install, remove),
    ]
