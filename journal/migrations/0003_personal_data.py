"""Personal data of the journal outside its leaves, encrypted under a key for each person."""

import django.db.models.deletion
from django.db import migrations, models

from journal import append_only

TABLES = ("journal_personalpart",)


def install(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.install_statements(vendor, TABLES))


def remove(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.remove_statements(vendor, TABLES))


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0002_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='PersonKey',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('subject', models.CharField(max_length=64, unique=True)),
                ('wrapped', models.BinaryField(max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name='PersonalPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('part', models.CharField(max_length=8)),
                ('key_id', models.UUIDField()),
                ('sealed', models.BinaryField()),
                ('entry', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='personal_parts', to='journal.entry')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('entry', 'part'), name='an_entry_has_each_personal_part_once')],
            },
        ),
        migrations.RunPython(install, remove),
    ]
