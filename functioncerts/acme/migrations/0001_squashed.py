"""The tables of ACME."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('acme', '0001_initial'), ('acme', '0002_second_person'), ('acme', '0003_keys_have_receipts')]

    initial = True

    dependencies = [
        ('directory', '0001_squashed'),
        ('functioncerts', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExternalAccountKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('function_object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='external_account_keys', to='functioncerts.functionobject')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('approved_at', models.DateTimeField(null=True)),
                ('approved_by', models.CharField(blank=True, max_length=64)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revoked_by', models.CharField(blank=True, max_length=64)),
                ('receipt_version', models.CharField(blank=True, max_length=16)),
                ('receipt_evidence_id', models.CharField(blank=True, max_length=36)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by', '')), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True)), _connector='OR'), name='acme_external_key_approved_iff_when_and_by_whom'), models.CheckConstraint(condition=models.Q(('approved_by', models.F('created_by')), _negated=True), name='acme_external_key_is_not_approved_by_who_made_it'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='acme_external_key_expires_after_it_was_made'), models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_by', '')), models.Q(('revoked_at__isnull', False), models.Q(('revoked_by', ''), _negated=True)), _connector='OR'), name='acme_external_key_revoked_iff_when_and_by_whom')],
            },
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(max_length=16)),
                ('external_key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='acme.externalaccountkey')),
                ('function_object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acme_accounts', to='functioncerts.functionobject')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('jwk', models.JSONField()),
                ('thumbprint', models.CharField(max_length=43, unique=True)),
                ('contact', models.JSONField(default=list)),
                ('binding', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['external_key', 'created_at'], name='acme_accounts_of_key')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['valid', 'deactivated', 'revoked'])), name='acme_account_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'valid')), models.Q(models.Q(('state', 'valid'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='acme_account_ended_iff_when')],
            },
        ),
        migrations.CreateModel(
            name='Authorization',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='authorizations', to='acme.account')),
                ('name', models.CharField(max_length=253)),
                ('state', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'name', '-created_at'], name='acme_authorizations_of_a_name')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'valid', 'invalid', 'deactivated', 'revoked'])), name='acme_authorization_state_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Challenge',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('authorization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='challenges', to='acme.authorization')),
                ('kind', models.CharField(max_length=16)),
                ('token', models.CharField(max_length=64, unique=True)),
                ('state', models.CharField(max_length=16)),
                ('answered_at', models.DateTimeField(null=True)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(null=True)),
                ('validated_at', models.DateTimeField(null=True)),
                ('error', models.JSONField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'processing')), fields=['next_attempt_at'], name='acme_challenges_to_look_at')],
                'constraints': [models.UniqueConstraint(fields=('authorization', 'kind'), name='acme_one_challenge_of_a_kind_per_authorization'), models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'processing', 'valid', 'invalid'])), name='acme_challenge_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'valid'), ('validated_at__isnull', False)), models.Q(models.Q(('state', 'valid'), _negated=True), ('validated_at__isnull', True)), _connector='OR'), name='acme_challenge_valid_iff_when'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'processing'), _negated=True), models.Q(('answered_at__isnull', False), ('next_attempt_at__isnull', False)), _connector='OR'), name='acme_challenge_processing_is_looked_at'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'invalid'), _negated=True), ('error__isnull', False), _connector='OR'), name='acme_challenge_invalid_says_why')],
            },
        ),
        migrations.CreateModel(
            name='AcmeOrder',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='acme.account')),
                ('state', models.CharField(max_length=16)),
                ('names', models.JSONField()),
                ('profile', models.CharField(max_length=16)),
                ('replaces', models.CharField(blank=True, max_length=128)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('public_key_sha256', models.CharField(blank=True, max_length=64)),
                ('function_order_id', models.CharField(blank=True, max_length=36)),
                ('certificate_id', models.CharField(blank=True, max_length=36)),
                ('error', models.JSONField(null=True)),
                ('authorizations', models.ManyToManyField(related_name='orders', to='acme.authorization')),
            ],
            options={
                'indexes': [models.Index(fields=['account', '-created_at', '-id'], name='acme_orders_of_an_account'), models.Index(condition=models.Q(('state__in', ['pending', 'ready'])), fields=['expires_at'], name='acme_orders_that_expire'), models.Index(condition=models.Q(('state', 'processing')), fields=['created_at'], name='acme_orders_being_issued')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'ready', 'processing', 'valid', 'invalid'])), name='acme_order_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['processing', 'valid']), _negated=True), models.Q(models.Q(('function_order_id', ''), _negated=True), models.Q(('public_key_sha256', ''), _negated=True)), _connector='OR'), name='acme_order_finalized_has_a_function_order'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'valid'), models.Q(('certificate_id', ''), _negated=True)), models.Q(models.Q(('state', 'valid'), _negated=True), ('certificate_id', '')), _connector='OR'), name='acme_order_valid_iff_it_has_a_certificate'), models.CheckConstraint(condition=models.Q(models.Q(('error__isnull', False), ('state', 'invalid')), models.Q(models.Q(('state', 'invalid'), _negated=True), ('error__isnull', True)), _connector='OR'), name='acme_order_invalid_iff_why'), models.UniqueConstraint(condition=models.Q(('function_order_id', ''), _negated=True), fields=('function_order_id',), name='acme_one_order_per_function_order'), models.UniqueConstraint(condition=models.Q(models.Q(('replaces', ''), _negated=True), models.Q(('state', 'invalid'), _negated=True)), fields=('replaces',), name='acme_a_certificate_is_replaced_once')],
            },
        ),
        migrations.CreateModel(
            name='SpentNonce',
            fields=[
                ('nonce', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('good_until', models.DateTimeField(db_index=True)),
            ],
        ),
    ]
