"""The tables of issuers, certificates, revocations, lists and ceremonies."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('ca', '0001_initial'), ('ca', '0002_environment'), ('ca', '0003_crl_lists'), ('ca', '0004_ceremonies'), ('ca', '0005_signature_allowance'), ('ca', '0006_mass_revocation')]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='CeremonyPlan',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=120)),
                ('environment', models.CharField(max_length=8)),
                ('script', models.TextField()),
                ('script_sha256', models.CharField(max_length=64)),
                ('plan', models.JSONField()),
                ('plan_sha256', models.CharField(max_length=64)),
                ('consequence', models.JSONField(default=dict)),
                ('state', models.CharField(default='proposed', max_length=16)),
                ('proposed_at', models.DateTimeField()),
                ('first_approver', models.CharField(blank=True, default='', max_length=36)),
                ('first_approved_at', models.DateTimeField(null=True)),
                ('second_approver', models.CharField(blank=True, default='', max_length=36)),
                ('second_approved_at', models.DateTimeField(null=True)),
                ('begun_at', models.DateTimeField(null=True)),
                ('held_at', models.DateTimeField(null=True)),
                ('protocol_name', models.CharField(blank=True, default='', max_length=64)),
                ('protocol_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('withdrawn_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'withdrawn'), _negated=True), fields=('script_sha256',), name='ceremony_script_planned_once'), models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'approved_once', 'approved', 'begun', 'held', 'withdrawn'])), name='ceremony_plan_state_is_known'), models.CheckConstraint(condition=models.Q(('second_approver', ''), models.Q(('first_approver', models.F('second_approver')), _negated=True), _connector='OR'), name='ceremony_approvers_differ'), models.CheckConstraint(condition=models.Q(models.Q(('first_approver', ''), ('first_approved_at__isnull', True), ('second_approver', '')), models.Q(models.Q(('first_approver', ''), _negated=True), ('first_approved_at__isnull', False)), _connector='OR'), name='ceremony_approved_iff_who_and_when'), models.CheckConstraint(condition=models.Q(models.Q(('second_approver', ''), ('second_approved_at__isnull', True)), models.Q(models.Q(('second_approver', ''), _negated=True), ('second_approved_at__isnull', False)), _connector='OR'), name='ceremony_approved_twice_iff_who_and_when'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('approved', 'begun', 'held')), _negated=True), models.Q(models.Q(('first_approver', ''), _negated=True), models.Q(('second_approver', ''), _negated=True)), _connector='OR'), name='ceremony_is_not_held_by_one'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['begun', 'held']), _negated=True), ('begun_at__isnull', False), _connector='OR'), name='ceremony_begun_has_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'held'), ('held_at__isnull', False), models.Q(('protocol_sha256', ''), _negated=True)), models.Q(models.Q(('state', 'held'), _negated=True), ('held_at__isnull', True)), _connector='OR'), name='ceremony_held_iff_when_and_protocol')],
            },
        ),
        migrations.CreateModel(
            name='Issuer',
            fields=[
                ('key', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('environment', models.CharField(default='PROD', max_length=8)),
                ('hierarchy', models.CharField(max_length=40)),
                ('hierarchy_sha256', models.CharField(max_length=64)),
                ('common_name', models.CharField(max_length=64)),
                ('file_stem', models.CharField(max_length=64, unique=True)),
                ('public_key', models.BinaryField()),
                ('certificate_der', models.BinaryField(default=b'')),
                ('planned_at', models.DateTimeField()),
                ('certified_at', models.DateTimeField(null=True)),
                ('retired_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revocation_reason', models.SmallIntegerField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('environment', 'QA'), django.db.models.lookups.Exact(django.db.models.functions.text.Left(models.F('key'), models.Value(3)), models.Value('qa_'))), models.Q(('environment', 'PROD'), models.Q(django.db.models.lookups.Exact(django.db.models.functions.text.Left(models.F('key'), models.Value(3)), models.Value('qa_')), _negated=True)), _connector='OR'), name='issuer_key_is_of_its_environment'), models.CheckConstraint(condition=models.Q(('retired_at__isnull', True), ('certified_at__isnull', False), _connector='OR'), name='issuer_retired_was_certified'), models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revocation_reason__isnull', True)), models.Q(('revoked_at__isnull', False), ('revocation_reason__isnull', False), ('retired_at__isnull', False)), _connector='OR'), name='issuer_revoked_iff_when_and_why_and_retired'), models.CheckConstraint(condition=models.Q(models.Q(('certified_at__isnull', True), ('certificate_der', b'')), models.Q(('certified_at__isnull', False), models.Q(('certificate_der', b''), _negated=True)), _connector='OR'), name='issuer_certified_iff_it_has_a_certificate')],
            },
        ),
        migrations.CreateModel(
            name='SignatureAllowance',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('label', models.CharField(db_index=True, max_length=64)),
                ('signatures', models.BigIntegerField()),
                ('reason', models.CharField(max_length=64)),
                ('noted_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('signatures__gt', 0)), name='signature_allowance_is_of_some')],
            },
        ),
        migrations.CreateModel(
            name='CertificateRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='ca.issuer')),
                ('environment', models.CharField(default='PROD', max_length=8)),
                ('profile', models.CharField(max_length=40)),
                ('subject', models.JSONField()),
                ('public_key', models.BinaryField()),
                ('not_after', models.DateTimeField(null=True)),
                ('person_id', models.CharField(blank=True, default='', max_length=36)),
                ('organization_id', models.CharField(blank=True, default='', max_length=36)),
                ('carrier_kind', models.CharField(max_length=16)),
                ('carrier_id', models.CharField(blank=True, default='', max_length=64)),
                ('name', models.CharField(blank=True, default='', max_length=64)),
                ('idempotency_key', models.CharField(max_length=128, unique=True)),
                ('fingerprint', models.CharField(max_length=64)),
                ('state', models.CharField(default='requested', max_length=16)),
                ('failure', models.CharField(blank=True, default='', max_length=64)),
                ('requested_at', models.DateTimeField()),
                ('leased_until', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('withdrawn_reason', models.SmallIntegerField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['requested', 'signing'])), fields=['requested_at'], name='ca_requests_to_work_on'), models.Index(fields=['carrier_kind', 'carrier_id'], name='ca_requests_of_a_carrier')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('environment', 'QA'), django.db.models.lookups.Exact(django.db.models.functions.text.Left(models.F('issuer_id'), models.Value(3)), models.Value('qa_'))), models.Q(('environment', 'PROD'), models.Q(django.db.models.lookups.Exact(django.db.models.functions.text.Left(models.F('issuer_id'), models.Value(3)), models.Value('qa_')), _negated=True)), _connector='OR'), name='request_goes_to_an_issuer_of_its_environment'), models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'signing', 'issued', 'failed'])), name='request_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('failure', ''), _negated=True), _connector='OR'), name='request_failed_has_a_failure'), models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_reason__isnull', True)), models.Q(('withdrawn_at__isnull', False), ('withdrawn_reason__isnull', False)), _connector='OR'), name='request_withdrawn_iff_when_and_why')],
            },
        ),
        migrations.CreateModel(
            name='SerialReservation',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('issuer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='serials', to='ca.issuer')),
                ('serial_hex', models.CharField(max_length=40)),
                ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='serials', to='ca.certificaterequest')),
                ('state', models.CharField(default='reserved', max_length=16)),
                ('reserved_at', models.DateTimeField()),
                ('intended_at', models.DateTimeField(null=True)),
                ('tbs_der', models.BinaryField(default=b'')),
                ('tbs_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('not_after', models.DateTimeField(null=True)),
                ('burnt_at', models.DateTimeField(null=True)),
                ('crl_entry_der', models.BinaryField(default=b'')),
                ('crl_shard', models.SmallIntegerField(db_default=-1, default=-1)),
                ('crl_listed_at', models.DateTimeField(null=True)),
                ('crl_listed_number', models.BigIntegerField(null=True)),
                ('delta_listed_at', models.DateTimeField(null=True)),
                ('shard_listed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'burnt')), fields=['issuer'], name='ca_serials_burnt')],
                'constraints': [models.UniqueConstraint(fields=('issuer', 'serial_hex'), name='serial_reserved_once_per_issuer'), models.CheckConstraint(condition=models.Q(('state__in', ['reserved', 'intended', 'used', 'burnt'])), name='serial_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['intended', 'used']), _negated=True), models.Q(('intended_at__isnull', False), models.Q(('tbs_sha256', ''), _negated=True), ('not_after__isnull', False)), _connector='OR'), name='serial_intended_has_bytes_and_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'burnt'), ('burnt_at__isnull', False)), models.Q(models.Q(('state', 'burnt'), _negated=True), ('burnt_at__isnull', True)), _connector='OR'), name='serial_burnt_iff_it_has_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('issuer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certificates', to='ca.issuer')),
                ('environment', models.CharField(default='PROD', max_length=8)),
                ('request', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='issued_certificate', to='ca.certificaterequest')),
                ('serial_hex', models.CharField(max_length=40)),
                ('certificate_der', models.BinaryField()),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('public_key_sha256', models.CharField(db_index=True, max_length=64)),
                ('profile', models.CharField(max_length=40)),
                ('profile_sha256', models.CharField(max_length=64)),
                ('subject_text', models.CharField(max_length=512)),
                ('person_id', models.CharField(blank=True, db_index=True, default='', max_length=36)),
                ('organization_id', models.CharField(blank=True, db_index=True, default='', max_length=36)),
                ('carrier_kind', models.CharField(max_length=16)),
                ('carrier_id', models.CharField(blank=True, default='', max_length=64)),
                ('name', models.CharField(blank=True, default='', max_length=64)),
                ('not_before', models.DateTimeField()),
                ('not_after', models.DateTimeField(db_index=True)),
                ('issued_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revocation_reason', models.SmallIntegerField(null=True)),
                ('revocation_requested_at', models.DateTimeField(null=True)),
                ('invalidity_at', models.DateTimeField(null=True)),
                ('crl_entry_der', models.BinaryField(default=b'')),
                ('crl_shard', models.SmallIntegerField(db_default=-1, default=-1)),
                ('crl_listed_at', models.DateTimeField(null=True)),
                ('crl_listed_number', models.BigIntegerField(null=True)),
                ('delta_listed_at', models.DateTimeField(null=True)),
                ('shard_listed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['carrier_kind', 'carrier_id'], name='ca_certificates_on_a_carrier'), models.Index(condition=models.Q(('revoked_at__isnull', False)), fields=['issuer', 'not_after'], name='ca_certificates_revoked'), models.Index(condition=models.Q(('revoked_at__isnull', False), ('crl_listed_at__isnull', True)), fields=['issuer'], name='ca_certificates_to_list'), models.Index(condition=models.Q(('revoked_at__isnull', False), ('crl_shard__gte', 0), ('shard_listed_at__isnull', True)), fields=['issuer', 'crl_shard'], name='ca_certificates_to_shard'), models.Index(condition=models.Q(('crl_listed_number__isnull', False)), fields=['issuer', 'crl_listed_number'], name='ca_certificates_since_a_list')],
                'constraints': [models.UniqueConstraint(fields=('issuer', 'serial_hex'), name='certificate_serial_used_once_per_issuer'), models.CheckConstraint(condition=models.Q(models.Q(('environment', 'QA'), django.db.models.lookups.Exact(django.db.models.functions.text.Left(models.F('issuer_id'), models.Value(3)), models.Value('qa_'))), models.Q(('environment', 'PROD'), models.Q(django.db.models.lookups.Exact(django.db.models.functions.text.Left(models.F('issuer_id'), models.Value(3)), models.Value('qa_')), _negated=True)), _connector='OR'), name='certificate_comes_from_an_issuer_of_its_environment'), models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revocation_reason__isnull', True), ('revocation_requested_at__isnull', True), ('invalidity_at__isnull', True), ('crl_entry_der', b''), ('crl_listed_at__isnull', True)), models.Q(('revoked_at__isnull', False), ('revocation_reason__isnull', False), ('revocation_requested_at__isnull', False), models.Q(('crl_entry_der', b''), _negated=True)), _connector='OR'), name='certificate_revoked_iff_when_why_and_asked_when'), models.CheckConstraint(condition=models.Q(('revocation_reason__isnull', True), ('revocation_reason__in', [0, 1, 2, 3, 4, 5, 9]), _connector='OR'), name='certificate_revocation_reason_is_one_we_record'), models.CheckConstraint(condition=models.Q(('not_after__gt', models.F('not_before'))), name='certificate_ends_after_it_begins')],
            },
        ),
        migrations.CreateModel(
            name='BlockedKey',
            fields=[
                ('public_key_sha256', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=64)),
                ('blocked_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Crl',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('issuer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='crls', to='ca.issuer')),
                ('shard', models.IntegerField(default=-1)),
                ('crl_number', models.BigIntegerField()),
                ('base_crl_number', models.BigIntegerField(null=True)),
                ('follows', models.BigIntegerField(null=True)),
                ('reserved_at', models.DateTimeField()),
                ('tbs_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('this_update', models.DateTimeField(null=True)),
                ('next_update', models.DateTimeField(null=True)),
                ('entry_count', models.IntegerField(default=0)),
                ('crl_der', models.BinaryField(default=b'')),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('signed_at', models.DateTimeField(null=True)),
                ('published_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('issuer', 'shard', 'crl_number'), name='crl_number_taken_once'), models.UniqueConstraint(fields=('issuer', 'shard', 'follows'), name='crl_follows_one_list'), models.CheckConstraint(condition=models.Q(('follows__isnull', True), models.Q(('follows__gte', 0), ('follows__lt', models.F('crl_number'))), _connector='OR'), name='crl_follows_a_smaller_number'), models.CheckConstraint(condition=models.Q(('base_crl_number__isnull', True), models.Q(('base_crl_number__gte', 0), ('base_crl_number__lt', models.F('crl_number'))), _connector='OR'), name='crl_delta_builds_on_a_smaller_number'), models.CheckConstraint(condition=models.Q(models.Q(('signed_at__isnull', True), ('sha256', '')), models.Q(('signed_at__isnull', False), models.Q(('sha256', ''), _negated=True), ('this_update__isnull', False), ('next_update__isnull', False)), _connector='OR'), name='crl_signed_iff_digest_and_times'), models.CheckConstraint(condition=models.Q(('published_at__isnull', True), ('signed_at__isnull', False), _connector='OR'), name='crl_published_was_signed')],
            },
        ),
        migrations.CreateModel(
            name='MassRevocation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('criteria', models.JSONField()),
                ('reason', models.SmallIntegerField()),
                ('requested_at', models.DateTimeField()),
                ('total', models.IntegerField(default=0)),
                ('staged_by', models.CharField(max_length=128)),
                ('staged_at', models.DateTimeField()),
                ('approved_by', models.CharField(blank=True, default='', max_length=128)),
                ('approved_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('approved_by', models.F('staged_by')), _negated=True), name='mass_revocation_is_approved_by_another_person'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by', '')), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True)), _connector='OR'), name='mass_revocation_approved_iff_when_and_by_whom'), models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('total__lte', 25), ('approved_at__isnull', False), _connector='OR'), name='mass_revocation_of_many_is_finished_only_when_approved')],
            },
        ),
        migrations.CreateModel(
            name='MassRevocationMember',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('mass_revocation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='ca.massrevocation')),
                ('certificate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ca.certificate')),
                ('outcome', models.CharField(blank=True, default='', max_length=16)),
                ('done_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['mass_revocation', 'id'], name='ca_mass_members_left')],
                'constraints': [models.UniqueConstraint(fields=('mass_revocation', 'certificate'), name='mass_revocation_names_a_certificate_once'), models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('outcome', '')), models.Q(('done_at__isnull', False), ('outcome__in', ['revoked', 'already_revoked'])), _connector='OR'), name='mass_revocation_member_done_iff_outcome')],
            },
        ),
        migrations.AddField(
            model_name='certificaterequest',
            name='serial',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='current_requests', to='ca.serialreservation'),
        ),
        migrations.AddField(
            model_name='certificaterequest',
            name='certificate',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fulfilled_request', to='ca.certificate'),
        ),
        migrations.AddConstraint(
            model_name='certificaterequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'issued'), ('certificate__isnull', False)), models.Q(models.Q(('state', 'issued'), _negated=True), ('certificate__isnull', True)), _connector='OR'), name='request_issued_iff_it_has_a_certificate'),
        ),
        migrations.AddConstraint(
            model_name='certificaterequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'signing'), ('leased_until__isnull', False), ('serial__isnull', False)), models.Q(models.Q(('state', 'signing'), _negated=True), ('leased_until__isnull', True)), _connector='OR'), name='request_signing_iff_leased_with_a_serial'),
        ),
    ]
