"""Takes away the table that validations took the place of."""

from django.db import migrations


class Migration(migrations.Migration):
    """One table less."""

    dependencies = [("functioncerts", "0004_validations_by_hand_are_kept")]

    operations = [migrations.DeleteModel(name="ValidatedName")]
