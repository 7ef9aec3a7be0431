"""The words of the search, and the triggers that keep them."""

from django.db import migrations, models

from directory import search_index


def install(apps, schema_editor):
    """Install the triggers, and write the words of everybody who is there already."""
    search_index.install(schema_editor.connection)
    search_index.fill(schema_editor.connection)


def remove(apps, schema_editor):
    """Remove the triggers."""
    search_index.remove(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [("directory", "0006_synchronization_decisions")]

    operations = [
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                ("pk", models.CompositePrimaryKey("organization_id", "key", "subject_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("organization_id", models.UUIDField()),
                ("key", models.BinaryField()),
                ("subject_id", models.UUIDField()),
            ],
            options={
                "indexes": [models.Index(fields=["subject_id", "key"], name="search_words_of_a_subject")],
            },
        ),
        migrations.RunPython(install, remove),
    ]
