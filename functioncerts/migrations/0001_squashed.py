"""The tables of function objects, their orders and notices."""

import django.db.models.deletion
import functioncerts.token_models
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('functioncerts', '0001_initial'), ('functioncerts', '0002_environment'), ('functioncerts', '0003_name_validation'), ('functioncerts', '0004_validations_by_hand_are_kept'), ('functioncerts', '0005_validated_name_is_gone'), ('functioncerts', '0006_orders_approved_and_noticed'), ('functioncerts', '0007_ends_of_delivered_certificates'), ('functioncerts', '0008_longer_order_state'), ('functioncerts', '0009_object_has_unit'), ('functioncerts', '0010_tokens_have_scopes_and_receipts'), ('functioncerts', '0011_keys_made_here')]

    initial = True

    dependencies = [
        ('directory', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='KeyPolicy',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('kind', models.CharField(max_length=8)),
                ('set_at', models.DateTimeField()),
                ('set_by', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'kind'), name='one_key_policy_per_organization_and_kind')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalPolicy',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('kind', models.CharField(max_length=8)),
                ('set_at', models.DateTimeField()),
                ('set_by', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'kind'), name='one_approval_policy_per_organization_and_kind')],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('token_sha256', models.CharField(max_length=64, unique=True)),
                ('employment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to='directory.employment')),
                ('role', models.CharField(max_length=32)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to='directory.organization')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('scopes', models.JSONField(default=functioncerts.token_models.all_scopes)),
                ('receipt_version', models.CharField(blank=True, max_length=16)),
                ('receipt_evidence_id', models.CharField(blank=True, max_length=36)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['central_administrator', 'validation_specialist', 'issuance_manager', 'deputy_issuance_manager', 'id_administrator', 'function_cert_orderer', 'revocation_officer', 'auditor'])), name='api_token_role_is_known'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='api_token_expires_after_it_was_created')],
            },
        ),
        migrations.CreateModel(
            name='FunctionObject',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('hsa_id', models.CharField(max_length=32, unique=True)),
                ('kind', models.CharField(max_length=8)),
                ('name', models.CharField(max_length=120)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='function_objects', to='directory.organization')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='function_objects', to='directory.unit')),
                ('environment', models.CharField(default='PROD', max_length=8)),
                ('state', models.CharField(max_length=16)),
                ('registered_at', models.DateTimeField()),
                ('validated_at', models.DateTimeField(null=True)),
                ('validated_by', models.CharField(blank=True, max_length=64)),
                ('hsa_names', models.JSONField(default=list)),
                ('mailbox', models.CharField(blank=True, max_length=254)),
                ('mobile', models.CharField(blank=True, max_length=20)),
                ('last_read_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organization', 'hsa_id'], name='function_object_by_owner')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['server', 'client', 'email'])), name='function_object_kind_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['NOT_VALIDATED', 'VALIDATED', 'INACTIVE'])), name='function_object_state_is_known'), models.CheckConstraint(condition=models.Q(('environment__in', ['PROD', 'QA'])), name='function_object_environment_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'VALIDATED'), _negated=True), models.Q(('validated_at__isnull', False), models.Q(('validated_by', ''), _negated=True)), _connector='OR'), name='function_object_validated_has_when_and_by_whom')],
            },
        ),
        migrations.CreateModel(
            name='FunctionResponsible',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('function_object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='responsible', to='functioncerts.functionobject')),
                ('hsa_id', models.CharField(max_length=32)),
                ('capacity', models.CharField(max_length=24)),
                ('named_at', models.DateTimeField()),
                ('named_by', models.CharField(max_length=64)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('capacity__in', ['order_responsible', 'receiver'])), name='function_responsible_capacity_is_known'), models.UniqueConstraint(fields=('function_object', 'hsa_id', 'capacity'), name='somebody_is_responsible_once_per_capacity')],
            },
        ),
        migrations.CreateModel(
            name='FunctionTag',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('function_object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tags', to='functioncerts.functionobject')),
                ('tag', models.CharField(max_length=40)),
            ],
            options={
                'indexes': [models.Index(fields=['tag'], name='function_tag_by_word')],
                'constraints': [models.UniqueConstraint(fields=('function_object', 'tag'), name='a_tag_is_set_once_per_object')],
            },
        ),
        migrations.CreateModel(
            name='NameValidation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='name_validations', to='directory.organization')),
                ('function_object', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='name_validations', to='functioncerts.functionobject')),
                ('kind', models.CharField(max_length=8)),
                ('name', models.CharField(max_length=254)),
                ('method', models.CharField(max_length=24)),
                ('state', models.CharField(max_length=16)),
                ('token', models.CharField(blank=True, max_length=64)),
                ('sent_to', models.CharField(blank=True, max_length=254)),
                ('evidence_reference', models.CharField(blank=True, max_length=254)),
                ('evidence_sha256', models.CharField(blank=True, max_length=64)),
                ('requested_at', models.DateTimeField()),
                ('requested_by', models.CharField(max_length=64)),
                ('checked_at', models.DateTimeField(null=True)),
                ('checks', models.PositiveIntegerField(default=0)),
                ('finding', models.CharField(blank=True, max_length=64)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=64)),
                ('valid_from', models.DateTimeField(null=True)),
                ('valid_to', models.DateTimeField(null=True)),
                ('reminded_for', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organization', 'name'], name='name_validation_by_owner'), models.Index(condition=models.Q(('state', 'PENDING')), fields=['checked_at'], name='name_validation_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['domain', 'email'])), name='name_validation_kind_is_known'), models.CheckConstraint(condition=models.Q(('method__in', ['dns_txt', 'http', 'mail', 'document', 'power_of_attorney'])), name='name_validation_method_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['PENDING', 'VALID', 'REJECTED', 'WITHDRAWN'])), name='name_validation_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'VALID'), _negated=True), models.Q(('decided_at__isnull', False), ('valid_from__isnull', False), ('valid_to__gt', models.F('valid_from')), ('valid_to__isnull', False), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='name_validation_valid_has_when_by_whom_and_until_when'), models.CheckConstraint(condition=models.Q(models.Q(('method__in', ['document', 'power_of_attorney']), _negated=True), models.Q(('evidence_reference', ''), _negated=True), _connector='OR'), name='name_validation_by_paper_names_the_paper')],
            },
        ),
        migrations.CreateModel(
            name='FunctionOrder',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(max_length=24)),
                ('function_object', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='functioncerts.functionobject')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='function_orders', to='directory.organization')),
                ('environment', models.CharField(default='PROD', max_length=8)),
                ('names', models.JSONField()),
                ('findings', models.JSONField()),
                ('public_key_sha256', models.CharField(blank=True, max_length=64)),
                ('idempotency_key', models.CharField(max_length=128, null=True, unique=True)),
                ('public_key', models.BinaryField(null=True)),
                ('makes_key', models.BooleanField(default=False)),
                ('certificate_request_id', models.CharField(blank=True, max_length=36)),
                ('certificate_id', models.CharField(blank=True, max_length=36)),
                ('ordered_at', models.DateTimeField()),
                ('ordered_by', models.CharField(max_length=64)),
                ('replaces', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='functioncerts.functionorder')),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.CharField(blank=True, max_length=64)),
                ('decline_reason', models.CharField(blank=True, max_length=200)),
                ('receipt_version', models.CharField(blank=True, max_length=16)),
                ('receipt_accepted_at', models.DateTimeField(null=True)),
                ('receipt_accepted_by', models.CharField(blank=True, max_length=64)),
                ('receipt_evidence_id', models.CharField(blank=True, max_length=36)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('not_after', models.DateTimeField(null=True)),
                ('failure', models.CharField(blank=True, max_length=64)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revocation_requested_at', models.DateTimeField(null=True)),
                ('revocation_reason', models.CharField(blank=True, max_length=32)),
                ('revoked_by', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['organization', '-ordered_at', '-id'], name='function_order_by_organization'), models.Index(condition=models.Q(('state', 'ORDERED')), fields=['ordered_at'], name='function_order_undelivered'), models.Index(condition=models.Q(('state', 'DELIVERED')), fields=['not_after'], name='function_order_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['AWAITING_APPROVAL', 'AWAITING_KEY', 'DECLINED', 'ORDERED', 'DELIVERED', 'FAILED', 'REVOKED'])), name='function_order_state_is_known'), models.CheckConstraint(condition=models.Q(('environment__in', ['PROD', 'QA'])), name='function_order_environment_is_known'), models.UniqueConstraint(condition=models.Q(('certificate_request_id', ''), _negated=True), fields=('certificate_request_id',), name='a_certificate_request_is_of_one_function_order'), models.CheckConstraint(condition=models.Q(models.Q(('certificate_request_id', ''), ('state__in', ['AWAITING_APPROVAL', 'AWAITING_KEY', 'DECLINED'])), models.Q(('certificate_request_id', ''), ('makes_key', True), ('state', 'FAILED')), models.Q(models.Q(('state__in', ['AWAITING_APPROVAL', 'AWAITING_KEY', 'DECLINED']), _negated=True), models.Q(('certificate_request_id', ''), _negated=True)), _connector='OR'), name='function_order_asks_the_ca_iff_it_may'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'AWAITING_KEY'), _negated=True), ('makes_key', True), _connector='OR'), name='function_order_waits_for_a_key_only_where_one_is_made'), models.CheckConstraint(condition=models.Q(('decided_by', models.F('ordered_by')), _negated=True), name='function_order_is_not_decided_by_who_ordered'), models.CheckConstraint(condition=models.Q(models.Q(('receipt_accepted_at__isnull', True), ('receipt_accepted_by', ''), ('receipt_version', '')), models.Q(models.Q(('receipt_version', ''), _negated=True), ('receipt_accepted_at__isnull', False), models.Q(('receipt_accepted_by', ''), _negated=True)), _connector='OR'), name='function_order_receipt_has_text_when_and_by_whom'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['DELIVERED', 'REVOKED']), _negated=True), models.Q(('delivered_at__isnull', False), models.Q(('certificate_id', ''), _negated=True)), _connector='OR'), name='function_order_delivered_has_a_certificate'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'FAILED'), models.Q(('failure', ''), _negated=True)), models.Q(models.Q(('state', 'FAILED'), _negated=True), ('failure', '')), _connector='OR'), name='function_order_failed_iff_why'), models.CheckConstraint(condition=models.Q(models.Q(('revocation_requested_at__isnull', False), ('revoked_at__isnull', False), ('state', 'REVOKED'), models.Q(('revocation_reason', ''), _negated=True), models.Q(('revoked_by', ''), _negated=True)), models.Q(models.Q(('state', 'REVOKED'), _negated=True), ('revocation_reason', ''), ('revocation_requested_at__isnull', True), ('revoked_at__isnull', True), ('revoked_by', '')), _connector='OR'), name='function_order_revoked_iff_when_why_and_by_whom'), models.CheckConstraint(condition=models.Q(('revoked_at__isnull', True), ('revocation_requested_at__lte', models.F('revoked_at')), _connector='OR'), name='function_order_revocation_was_requested_before_it_was_done')],
            },
        ),
        migrations.CreateModel(
            name='ExpiryNotice',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='functioncerts.functionorder')),
                ('days', models.PositiveSmallIntegerField()),
                ('not_after', models.DateTimeField()),
                ('raised_at', models.DateTimeField()),
                ('is_overtaken', models.BooleanField(default=False)),
                ('is_escalated', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('order', 'days'), name='a_certificate_is_told_of_once_per_step')],
            },
        ),
        migrations.CreateModel(
            name='NoticeMail',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('notice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mails', to='functioncerts.expirynotice')),
                ('digest_week', models.CharField(blank=True, max_length=8)),
                ('recipient', models.CharField(max_length=16)),
                ('hsa_id', models.CharField(blank=True, max_length=32)),
                ('address', models.CharField(max_length=254)),
                ('fate', models.CharField(max_length=8)),
                ('tried_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('reply', models.CharField(blank=True, max_length=200)),
                ('bounced_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('fate__in', ['WAITING', 'SENDING'])), fields=['tried_at'], name='notice_mail_unsent')],
                'constraints': [models.CheckConstraint(condition=models.Q(('fate__in', ['WAITING', 'SENDING', 'SENT', 'REFUSED', 'BOUNCED', 'UNSURE'])), name='notice_mail_fate_is_known'), models.CheckConstraint(condition=models.Q(('recipient__in', ['orderer', 'responsible', 'mailbox', 'delegate', 'manager'])), name='notice_mail_recipient_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('digest_week', ''), ('notice__isnull', False)), models.Q(('notice__isnull', True), models.Q(('digest_week', ''), _negated=True)), _connector='OR'), name='notice_mail_is_of_a_notice_or_a_week'), models.UniqueConstraint(fields=('notice', 'address'), name='an_address_gets_a_notice_once'), models.UniqueConstraint(condition=models.Q(('digest_week', ''), _negated=True), fields=('digest_week', 'address'), name='an_address_gets_one_digest_a_week')],
            },
        ),
        migrations.CreateModel(
            name='NoticeAnswer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='functioncerts.functionorder')),
                ('answer', models.CharField(max_length=12)),
                ('answered_at', models.DateTimeField()),
                ('answered_by', models.CharField(max_length=64)),
                ('delegated_to', models.CharField(blank=True, max_length=32)),
            ],
            options={
                'indexes': [models.Index(fields=['order', '-answered_at'], name='notice_answer_by_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('answer__in', ['taken', 'delegated', 'left'])), name='notice_answer_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('answer', 'delegated'), models.Q(('delegated_to', ''), _negated=True)), models.Q(models.Q(('answer', 'delegated'), _negated=True), ('delegated_to', '')), _connector='OR'), name='notice_answer_delegated_iff_to_whom')],
            },
        ),
        migrations.CreateModel(
            name='KeyParcel',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='key_parcel', to='functioncerts.functionorder')),
                ('shrouded_key', models.BinaryField(default=b'')),
                ('mac_key', models.BinaryField(default=b'')),
                ('mac_salt', models.BinaryField(default=b'')),
                ('mac_iterations', models.PositiveIntegerField()),
                ('made_at', models.DateTimeField()),
                ('message_id', models.CharField(blank=True, max_length=65)),
                ('fetched_at', models.DateTimeField(null=True)),
                ('fetched_by', models.CharField(blank=True, max_length=64)),
                ('wiped_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('mac_key', b''), ('shrouded_key', b''), ('wiped_at__isnull', False)), models.Q(('wiped_at__isnull', True), models.Q(('shrouded_key', b''), _negated=True), models.Q(('mac_key', b''), _negated=True)), _connector='OR'), name='key_parcel_is_empty_iff_wiped'), models.CheckConstraint(condition=models.Q(models.Q(('fetched_at__isnull', True), ('fetched_by', '')), models.Q(('fetched_at__isnull', False), ('wiped_at__isnull', False), models.Q(('fetched_by', ''), _negated=True)), _connector='OR'), name='key_parcel_fetched_is_wiped_and_by_whom')],
            },
        ),
        migrations.CreateModel(
            name='CertificateMail',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certificate_mails', to='functioncerts.functionorder')),
                ('address', models.CharField(max_length=254)),
                ('sealing', models.CharField(max_length=16)),
                ('fate', models.CharField(max_length=16)),
                ('asked_at', models.DateTimeField()),
                ('asked_by', models.CharField(max_length=64)),
                ('tried_at', models.DateTimeField(null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('reply', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('fate__in', ['WAITING', 'SENDING', 'SENT', 'REFUSED', 'BOUNCED', 'UNSURE'])), name='certificate_mail_fate_is_known'), models.CheckConstraint(condition=models.Q(('sealing__in', ['certificate', 'password'])), name='certificate_mail_sealing_is_known')],
            },
        ),
    ]
