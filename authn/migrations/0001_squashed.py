"""The tables of login and evidence; evidence may be added and read, never changed or removed."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from authn import append_only

_TABLES = ('authn_evidence',)


def install(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.install_statements(schema_editor.connection.vendor, _TABLES))


def remove(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.remove_statements(schema_editor.connection.vendor, _TABLES))


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('authn', '0001_initial'), ('authn', '0002_append_only'), ('authn', '0003_the_person_wanted_by_any_identifier'), ('authn', '0004_qr_codes_and_closed_relying_parties'), ('authn', '0005_return_code_tries')]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='RelyingParty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rp_id', models.CharField(max_length=64, unique=True)),
                ('name_sv', models.CharField(max_length=80)),
                ('name_en', models.CharField(max_length=80)),
                ('return_origins', models.JSONField(default=list)),
                ('flows', models.JSONField(default=list)),
                ('purposes', models.JSONField(default=list)),
                ('orders_per_minute', models.PositiveIntegerField(default=600)),
                ('registered_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='AuthnOrder',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('relying_party', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='authn.relyingparty')),
                ('state', models.CharField(default='created', max_length=16)),
                ('state_since', models.DateTimeField()),
                ('failure', models.CharField(blank=True, max_length=32)),
                ('purpose', models.CharField(max_length=16)),
                ('flow', models.CharField(max_length=16)),
                ('rp_challenge', models.BinaryField(max_length=64)),
                ('server_random', models.BinaryField(max_length=32)),
                ('autostart_token_sha256', models.CharField(max_length=64, unique=True)),
                ('qr_token_sha256', models.CharField(max_length=64, null=True, unique=True)),
                ('qr_secret', models.BinaryField(default=b'')),
                ('return_proof', models.CharField(max_length=43)),
                ('rp_name', models.CharField(max_length=80)),
                ('return_url', models.CharField(max_length=500)),
                ('rp_origin', models.CharField(max_length=300)),
                ('visible_text', models.TextField()),
                ('visible_language', models.CharField(max_length=8)),
                ('non_visible', models.BinaryField(default=b'')),
                ('wanted_loa', models.JSONField(default=list)),
                ('wanted_carriers', models.JSONField(default=list)),
                ('wanted_issuers', models.JSONField(default=list)),
                ('wanted_subject_hashes', models.JSONField(default=list)),
                ('end_user_address', models.CharField(blank=True, max_length=45)),
                ('created_at', models.DateTimeField()),
                ('return_code_tries', models.PositiveSmallIntegerField(default=0)),
                ('claimed_at', models.DateTimeField(null=True)),
                ('client_key_x', models.CharField(blank=True, max_length=43)),
                ('client_key_y', models.CharField(blank=True, max_length=43)),
                ('client_app', models.CharField(blank=True, max_length=100)),
                ('client_address', models.CharField(blank=True, max_length=45)),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='authn_order_by_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['created', 'claimed', 'verifying', 'complete', 'consumed', 'failed'])), name='an_authn_order_is_in_a_known_state'), models.CheckConstraint(condition=models.Q(('purpose__in', ['auth', 'authForSign', 'sign', 'receipt', 'enrol']), ('flow__in', ['same-device', 'other-device'])), name='an_authn_order_has_a_known_purpose_and_flow'), models.CheckConstraint(condition=models.Q(models.Q(('failure__in', ['expired', 'startFailed', 'userCancel', 'rpCancel', 'notMe', 'noCard', 'noCertificate', 'pinBlocked', 'pinFailed', 'readerError', 'certificateExpired', 'certificateRevoked', 'certificateUntrusted', 'certificateUsage', 'loaTooLow', 'wrongSubject', 'wrongCarrier', 'signatureInvalid', 'bindingMismatch', 'revocationUnavailable', 'clientTooOld', 'riskBlocked', 'cardNotActive']), ('state', 'failed')), models.Q(models.Q(('state', 'failed'), _negated=True), ('failure', '')), _connector='OR'), name='an_authn_order_failed_iff_it_says_why'), models.CheckConstraint(condition=models.Q(models.Q(('claimed_at__isnull', True), ('client_key_x', ''), ('state', 'created')), models.Q(('claimed_at__isnull', False), ('state__in', ['claimed', 'verifying', 'complete', 'consumed']), models.Q(('client_key_x', ''), _negated=True)), ('state', 'failed'), _connector='OR'), name='an_authn_order_is_claimed_iff_a_client_key_says_so'), models.CheckConstraint(condition=models.Q(('return_code_tries__lte', 3)), name='a_return_code_is_tried_three_times_at_most')],
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='authn.authnorder')),
                ('question', models.JSONField()),
                ('tbs', models.BinaryField()),
                ('algorithm', models.CharField(max_length=8)),
                ('signature', models.BinaryField()),
                ('user_challenge', models.CharField(max_length=43)),
                ('server_spki', models.CharField(max_length=44)),
                ('certificate_der', models.BinaryField()),
                ('certificate_sha256', models.CharField(db_index=True, max_length=64)),
                ('chain_der', models.JSONField()),
                ('ocsp_der', models.BinaryField()),
                ('crls_der', models.JSONField()),
                ('policy_oids', models.JSONField()),
                ('loa', models.CharField(max_length=80)),
                ('carrier', models.CharField(max_length=16)),
                ('card_number', models.CharField(blank=True, max_length=19)),
                ('checked_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('loa', ''), _negated=True), models.Q(('certificate_sha256', ''), _negated=True)), name='evidence_names_certificate_and_loa')],
            },
        ),
        migrations.CreateModel(
            name='UsedNonce',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='authn.authnorder')),
                ('used_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RequestCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=120)),
                ('minute', models.BigIntegerField()),
                ('count', models.PositiveIntegerField(default=1)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'minute'), name='one_request_count_per_source_and_minute')],
            },
        ),
        migrations.RunPython(install, remove),
    ]
