"""Login by two-way TLS: attempts, and evidence that may be added and read, never changed or removed."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


from authn import append_only

_TABLES = ('authn_mtlsevidence',)


def install(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.install_statements(schema_editor.connection.vendor, _TABLES))


def remove(apps, schema_editor):
    append_only.run(schema_editor.connection, append_only.remove_statements(schema_editor.connection.vendor, _TABLES))


class Migration(migrations.Migration):

    dependencies = [
        ('authn', '0006_the_highest_level_a_service_may_demand'),
    ]

    operations = [
        migrations.AddField(
            model_name='relyingparty',
            name='allows_mtls',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='MtlsAttempt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(default='open', max_length=16)),
                ('state_since', models.DateTimeField()),
                ('failure', models.CharField(blank=True, max_length=32)),
                ('tx_sha256', models.CharField(max_length=64, unique=True)),
                ('code_sha256', models.CharField(max_length=64, null=True, unique=True)),
                ('return_url', models.CharField(max_length=500)),
                ('language', models.CharField(max_length=8)),
                ('wanted_loa', models.JSONField(default=list)),
                ('wanted_carriers', models.JSONField(default=list)),
                ('wanted_issuers', models.JSONField(default=list)),
                ('wanted_subject_hashes', models.JSONField(default=list)),
                ('end_user_address', models.CharField(blank=True, max_length=45)),
                ('created_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('refusal', models.CharField(blank=True, max_length=32)),
                ('refused_sha256', models.CharField(blank=True, max_length=64)),
                ('relying_party', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mtls_attempts', to='authn.relyingparty')),
            ],
        ),
        migrations.CreateModel(
            name='MtlsEvidence',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('slot', models.PositiveSmallIntegerField()),
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
                ('attempt', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='authn.mtlsattempt')),
            ],
        ),
        migrations.AddIndex(
            model_name='mtlsattempt',
            index=models.Index(condition=models.Q(('return_url', ''), _negated=True), fields=['state_since'], name='mtls_attempt_not_reduced'),
        ),
        migrations.AddConstraint(
            model_name='mtlsattempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('code_sha256__isnull', True), ('failure', ''), ('state', 'open')), models.Q(('code_sha256__isnull', False), ('failure', ''), ('state__in', ['proved', 'redeemed'])), models.Q(('failure__in', ['expired', 'startFailed', 'userCancel', 'rpCancel', 'notMe', 'noCard', 'noCertificate', 'pinBlocked', 'pinFailed', 'readerError', 'certificateExpired', 'certificateRevoked', 'certificateUntrusted', 'certificateUsage', 'loaTooLow', 'wrongSubject', 'wrongCarrier', 'signatureInvalid', 'bindingMismatch', 'revocationUnavailable', 'clientTooOld', 'riskBlocked', 'cardNotActive']), ('state', 'failed')), _connector='OR'), name='an_mtls_attempt_has_a_code_iff_proved_and_a_reason_iff_failed'),
        ),
        migrations.AddConstraint(
            model_name='mtlsattempt',
            constraint=models.CheckConstraint(condition=models.Q(('tries__lte', 30), models.Q(('refusal', ''), ('refusal__in', ['expired', 'startFailed', 'userCancel', 'rpCancel', 'notMe', 'noCard', 'noCertificate', 'pinBlocked', 'pinFailed', 'readerError', 'certificateExpired', 'certificateRevoked', 'certificateUntrusted', 'certificateUsage', 'loaTooLow', 'wrongSubject', 'wrongCarrier', 'signatureInvalid', 'bindingMismatch', 'revocationUnavailable', 'clientTooOld', 'riskBlocked', 'cardNotActive']), _connector='OR')), name='an_mtls_attempt_is_tried_so_often_and_refused_in_known_words'),
        ),
        migrations.AddConstraint(
            model_name='mtlsevidence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('loa', ''), _negated=True), models.Q(('certificate_sha256', ''), _negated=True)), name='mtls_evidence_names_certificate_and_loa'),
        ),
        migrations.RunPython(install, remove),
    ]
