"""The tables of what was seen outside: landings and measurements."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('ocsp', '0001_landings_and_measurements')]

    initial = True

    dependencies = [
        ('ca', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Landing',
            fields=[
                ('certificate', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='landing', serialize=False, to='ca.certificate')),
                ('state', models.CharField(default='open', max_length=8)),
                ('revoked_at', models.DateTimeField()),
                ('opened_at', models.DateTimeField()),
                ('late_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['open', 'late'])), fields=['revoked_at'], name='ocsp_landings_under_way')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['open', 'late', 'closed', 'lapsed'])), name='landing_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['closed', 'lapsed']), ('ended_at__isnull', False)), models.Q(('state__in', ['open', 'late']), ('ended_at__isnull', True)), _connector='OR'), name='landing_ended_iff_closed_or_lapsed'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'late'), _negated=True), ('late_at__isnull', False), _connector='OR'), name='landing_late_says_since_when')],
            },
        ),
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('landing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sightings', to='ocsp.landing')),
                ('source', models.CharField(max_length=12)),
                ('node', models.CharField(max_length=200)),
                ('state', models.CharField(default='awaited', max_length=8)),
                ('asked_at', models.DateTimeField(null=True)),
                ('said', models.CharField(blank=True, default='', max_length=200)),
                ('seen_at', models.DateTimeField(null=True)),
                ('crl_number', models.BigIntegerField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'awaited')), fields=['asked_at'], name='ocsp_sightings_awaited')],
                'constraints': [models.UniqueConstraint(fields=('landing', 'source', 'node'), name='sighting_once_per_source_and_node'), models.CheckConstraint(condition=models.Q(('source__in', ['ocsp', 'delta_crl', 'full_crl'])), name='sighting_source_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'seen'), ('seen_at__isnull', False)), models.Q(('state', 'awaited'), ('seen_at__isnull', True)), _connector='OR'), name='sighting_seen_iff_when')],
            },
        ),
        migrations.CreateModel(
            name='Measurement',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('node', models.CharField(max_length=200)),
                ('issuer_key', models.CharField(max_length=40)),
                ('service', models.CharField(max_length=12)),
                ('asked_at', models.DateTimeField()),
                ('outcome', models.CharField(blank=True, default='', max_length=200)),
                ('fault', models.CharField(blank=True, default='', max_length=200)),
                ('faulty_since', models.DateTimeField(null=True)),
                ('milliseconds', models.FloatField(default=0)),
                ('this_update', models.DateTimeField(null=True)),
                ('next_update', models.DateTimeField(null=True)),
                ('crl_number', models.BigIntegerField(null=True)),
                ('octets', models.BigIntegerField(default=0)),
                ('url', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('node', 'issuer_key', 'service'), name='measured_once_per_service_issuer_and_node'), models.CheckConstraint(condition=models.Q(models.Q(('fault', ''), ('faulty_since__isnull', True)), models.Q(models.Q(('fault', ''), _negated=True), ('faulty_since__isnull', False)), _connector='OR'), name='measurement_faulty_iff_since_when')],
            },
        ),
        migrations.CreateModel(
            name='LatencySample',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('node', models.CharField(max_length=200)),
                ('service', models.CharField(max_length=12)),
                ('asked_at', models.DateTimeField(db_index=True)),
                ('questions', models.IntegerField()),
                ('faults', models.IntegerField()),
                ('median_ms', models.FloatField()),
                ('worst_ms', models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name='Specimen',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('state', models.CharField(max_length=16, unique=True)),
                ('issuer_key', models.CharField(max_length=40)),
                ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='specimens', to='ca.certificaterequest')),
                ('certificate_der', models.BinaryField(default=b'')),
                ('own_issuer_der', models.BinaryField(default=b'')),
                ('made_at', models.DateTimeField()),
                ('ready_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ready_at__isnull', True), models.Q(('certificate_der', b''), _negated=True), _connector='OR'), name='specimen_ready_has_a_certificate')],
            },
        ),
        migrations.CreateModel(
            name='LandingReceipt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('carrier_kind', models.CharField(max_length=16)),
                ('carrier_id', models.CharField(max_length=64)),
                ('language', models.CharField(max_length=8)),
                ('requested_at', models.DateTimeField()),
                ('pdf', models.BinaryField(default=b'')),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('made_at', models.DateTimeField(null=True)),
                ('failure', models.CharField(blank=True, default='', max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('carrier_kind', 'carrier_id', 'language'), name='one_landing_receipt_per_carrier_and_language'), models.CheckConstraint(condition=models.Q(models.Q(('made_at__isnull', True), ('pdf', b''), ('sha256', '')), models.Q(('made_at__isnull', False), models.Q(('pdf', b''), _negated=True), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='landing_receipt_made_iff_it_has_a_document')],
            },
        ),
    ]
