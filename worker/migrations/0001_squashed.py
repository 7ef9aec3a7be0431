"""The tables of the jobs."""

from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('worker', '0001_initial'), ('worker', '0002_signer_watch')]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='JobStatus',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('succeeded_at', models.DateTimeField(null=True)),
                ('result', models.TextField(blank=True)),
                ('failures', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='SignerWatch',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('process', models.IntegerField(default=0)),
                ('is_answering', models.BooleanField(default=False)),
                ('faults', models.JSONField(default=dict)),
                ('repairs', models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
