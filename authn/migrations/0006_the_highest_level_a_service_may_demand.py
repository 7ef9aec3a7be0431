from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('authn', '0001_squashed'),
    ]

    operations = [
        migrations.AddField(
            model_name='relyingparty',
            name='most_loa',
            field=models.CharField(default='http://id.sambi.se/loa/loa3', max_length=64),
        ),
    ]
