"""The tables of the journal; its rows may be added and read, never changed or removed."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from journal import append_only

# Those of this migration: a table that comes later installs its own refusal.
TABLES = (
    "journal_entry", "journal_entryreference", "journal_leaf", "journal_checkpoint", "journal_personalpart", "journal_subtree",
)


def install(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.install_statements(schema_editor.connection.vendor, TABLES))


def remove(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.remove_statements(schema_editor.connection.vendor, TABLES))


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('journal', '0001_initial'), ('journal', '0002_append_only'), ('journal', '0003_personal_data'), ('journal', '0004_stored_tree'), ('journal', '0005_search_by_time'), ('journal', '0006_integrity_watch'), ('journal', '0007_second_clock'), ('journal', '0008_no_second_look')]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=64)),
                ('version', models.PositiveSmallIntegerField()),
                ('at', models.DateTimeField()),
                ('actor_identifier', models.CharField(max_length=64)),
                ('content', models.TextField()),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['type', 'at', 'id'], name='journal_entry_by_type'), models.Index(fields=['actor_identifier', 'at', 'id'], name='journal_entry_by_actor'), models.Index(fields=['at', 'id'], name='journal_entry_by_time')],
            },
        ),
        migrations.CreateModel(
            name='EntryReference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entry', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='references', to='journal.entry')),
                ('kind', models.CharField(max_length=32)),
                ('value', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'value', 'at', 'entry'], name='journal_reference_by_object')],
                'constraints': [models.UniqueConstraint(fields=('entry', 'kind', 'value'), name='an_entry_names_each_object_once')],
            },
        ),
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
                ('entry', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='personal_parts', to='journal.entry')),
                ('part', models.CharField(max_length=8)),
                ('key_id', models.UUIDField()),
                ('sealed', models.BinaryField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('entry', 'part'), name='an_entry_has_each_personal_part_once')],
            },
        ),
        migrations.CreateModel(
            name='Unsequenced',
            fields=[
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to='journal.entry')),
            ],
        ),
        migrations.CreateModel(
            name='Leaf',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to='journal.entry')),
                ('leaf_hash', models.BinaryField(max_length=32)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('position__gte', 0)), name='a_leaf_position_counts_from_zero')],
            },
        ),
        migrations.CreateModel(
            name='Subtree',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField()),
                ('index', models.BigIntegerField()),
                ('node_hash', models.BinaryField(max_length=32)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('level', 'index'), name='a_subtree_has_one_hash'), models.CheckConstraint(condition=models.Q(('level__gte', 1)), name='a_subtree_has_a_level'), models.CheckConstraint(condition=models.Q(('index__gte', 0)), name='a_subtree_counts_from_zero')],
            },
        ),
        migrations.CreateModel(
            name='TreeState',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('size', models.BigIntegerField(default=0)),
                ('peaks', models.TextField(default='')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='there_is_one_tree_state')],
            },
        ),
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('size', models.BigIntegerField(primary_key=True, serialize=False)),
                ('root_hash', models.BinaryField(max_length=32)),
                ('note', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='IntegrityWatch',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('verified_size', models.BigIntegerField(default=0)),
                ('verified_root', models.CharField(blank=True, max_length=64)),
                ('verified_peaks', models.TextField(blank=True)),
                ('verified_at', models.DateTimeField(null=True)),
                ('round_size', models.BigIntegerField(default=0)),
                ('round_position', models.BigIntegerField(default=0)),
                ('round_peaks', models.TextField(blank=True)),
                ('round_started_at', models.DateTimeField(null=True)),
                ('whole_size', models.BigIntegerField(default=0)),
                ('whole_at', models.DateTimeField(null=True)),
                ('broken_row', models.BigIntegerField(null=True)),
                ('broken_text', models.TextField(blank=True)),
                ('broken_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='there_is_one_integrity_watch'), models.CheckConstraint(condition=models.Q(models.Q(('broken_at__isnull', True), ('broken_text', '')), models.Q(('broken_at__isnull', False), models.Q(('broken_text', ''), _negated=True)), _connector='OR'), name='a_broken_journal_has_when_and_why')],
            },
        ),
        migrations.CreateModel(
            name='ConsumerCursor',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(default=0)),
                ('moved_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DeadLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('consumer', models.CharField(max_length=64)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='journal.entry')),
                ('error', models.TextField()),
                ('failed_at', models.DateTimeField()),
                ('resolved_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('consumer', 'entry'), name='a_consumer_fails_an_entry_once')],
            },
        ),
        migrations.RunPython(install, remove),
    ]
