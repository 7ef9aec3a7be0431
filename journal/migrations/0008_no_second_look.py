"""The database does not look up each reference's, leaf's and waiting row's entry again: they are written together."""

import django.db.models.deletion
from django.db import migrations, models

from journal import append_only

TABLES = ("journal_entryreference", "journal_leaf")


def install(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.install_statements(vendor, TABLES))


def remove(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.remove_statements(vendor, TABLES))


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0007_second_clock'),
    ]

    operations = [
        # SQLite makes the tables anew, and their triggers go with the old ones.
        migrations.RunPython(remove, install),
        migrations.AlterField(
            model_name='entryreference',
            name='entry',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='references', to='journal.entry'),
        ),
        migrations.AlterField(
            model_name='leaf',
            name='entry',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to='journal.entry'),
        ),
        migrations.AlterField(
            model_name='unsequenced',
            name='entry',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='journal.entry'),
        ),
        migrations.RunPython(install, remove),
    ]
