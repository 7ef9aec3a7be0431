import functioncerts.token_models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('functioncerts', '0012_deliveries_by_several_workers'),
    ]

    operations = [
        migrations.AddField(
            model_name='apitoken',
            name='label',
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='last_used_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='scopes',
            field=models.JSONField(default=functioncerts.token_models.default_scopes),
        ),
    ]
