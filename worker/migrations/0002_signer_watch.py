"""What was last seen of the signer process, so that only changes are told."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("worker", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignerWatch",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("process", models.IntegerField(default=0)),
                ("is_answering", models.BooleanField(default=False)),
                ("faults", models.JSONField(default=dict)),
                ("repairs", models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
