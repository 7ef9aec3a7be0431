"""The tree's hashes above the leaves, so that a proof reads a few short ranges instead of the journal."""

from django.db import migrations, models

from journal import append_only
from journal.merkle import Peaks
from journal.tiles import subtrees_completed

TABLES = ("journal_subtree",)


def fill(apps, schema_editor):
    """Compute what the leaves that are there already give."""
    leaves = apps.get_model("journal", "Leaf").objects.order_by("position").values_list("leaf_hash", flat=True)
    subtree = apps.get_model("journal", "Subtree")
    peaks, found = Peaks(), []
    for leaf_hash in leaves.iterator(chunk_size=10_000):
        completed = peaks.append(bytes(leaf_hash))
        for level, index, node in subtrees_completed(peaks.size, completed):
            found.append(subtree(level=level, index=index, node_hash=node))
    subtree.objects.bulk_create(found, batch_size=1000)


def install(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.install_statements(vendor, TABLES))


def remove(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    append_only.run(schema_editor.connection, append_only.remove_statements(vendor, TABLES))


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0003_personal_data'),
    ]

    operations = [
        migrations.CreateModel(
            name='Subtree',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField()),
                ('index', models.BigIntegerField()),
                ('node_hash', models.BinaryField(max_length=32)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('level', 'index'), name='a_subtree_has_one_hash'),
                    models.CheckConstraint(condition=models.Q(('level__gte', 1)), name='a_subtree_has_a_level'),
                    models.CheckConstraint(condition=models.Q(('index__gte', 0)), name='a_subtree_counts_from_zero'),
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(install, remove),
    ]
