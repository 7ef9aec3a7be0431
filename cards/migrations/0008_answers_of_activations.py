"""An activation counts the answers to the card's challenges, as an unlocking does."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F

# No card made this challenge; it stands for the keys that such an activation's client was told.
_TOLD = 32 * "0"


def count_as_answered(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """Let an activation whose client was told the card's keys count as one answer: its key may be there."""
    activations = apps.get_model("cards", "Activation").objects.filter(claimed_at__isnull=False)
    activations.update(answers=1, challenge=_TOLD, answered_at=F("claimed_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0007_block_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="activation", name="answered_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="activation", name="answers", field=models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="activation", name="challenge", field=models.CharField(blank=True, max_length=32)
        ),
        migrations.AddField(
            model_name="activation", name="key_act_id", field=models.CharField(blank=True, max_length=36)
        ),
        migrations.AlterField(
            model_name="activation",
            name="card",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="cards.card"
            ),
        ),
        migrations.AlterField(
            model_name="unlock",
            name="card",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="%(class)ss", to="cards.card"
            ),
        ),
        migrations.RunPython(count_as_answered, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="activation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_at__isnull", True), ("answers", 0), ("challenge", "")
                )
                | models.Q(
                    ("answered_at__isnull", False), ("answers__gt", 0), models.Q(("challenge", ""), _negated=True)
                ),
                name="activation_answered_iff_when_and_what",
            ),
        ),
    ]
