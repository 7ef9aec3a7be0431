"""The tables of reports, their schedules and sealed receipts."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('reports', '0001_initial'), ('reports', '0002_schedules'), ('reports', '0003_old_reports'), ('reports', '0004_sealed_receipts')]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='OldReport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('made_on', models.DateField()),
                ('organization_id', models.CharField(max_length=36)),
                ('names_protected', models.BooleanField()),
                ('original_name', models.CharField(max_length=120)),
                ('octets', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('wrapped_key', models.BinaryField(default=b'', max_length=60)),
                ('imported_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'sha256'), name='an_old_report_is_kept_once_for_an_organization'), models.CheckConstraint(condition=models.Q(models.Q(('deleted_at__isnull', True), models.Q(('wrapped_key', b''), _negated=True)), models.Q(('deleted_at__isnull', False), ('wrapped_key', b'')), _connector='OR'), name='an_old_report_deleted_iff_its_key_is')],
            },
        ),
        migrations.CreateModel(
            name='SealedReceipt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=12)),
                ('subject_id', models.CharField(max_length=36)),
                ('card_id', models.CharField(max_length=36)),
                ('organization_id', models.CharField(max_length=36)),
                ('language', models.CharField(max_length=2)),
                ('requested_at', models.DateTimeField()),
                ('wrapped_key', models.BinaryField(default=b'', max_length=60)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('made_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'subject_id', 'language'), name='one_sealed_receipt_in_a_language'), models.CheckConstraint(condition=models.Q(('kind__in', ['activation', 'block'])), name='sealed_receipt_kind_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('expires_at__isnull', True), ('made_at__isnull', True), ('sha256', ''), ('wrapped_key', b'')), models.Q(('expires_at__isnull', False), ('made_at__isnull', False), models.Q(('wrapped_key', b''), _negated=True), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='sealed_receipt_made_iff_it_has_its_file')],
            },
        ),
        migrations.CreateModel(
            name='ReportSchedule',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=4)),
                ('format', models.CharField(max_length=4)),
                ('period', models.CharField(max_length=12)),
                ('filters', models.JSONField(default=dict)),
                ('role', models.CharField(max_length=32)),
                ('organization_id', models.CharField(max_length=36)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(max_length=64)),
                ('next_run_at', models.DateTimeField()),
                ('last_run_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['next_run_at'], name='report_schedule_that_runs')],
                'constraints': [models.CheckConstraint(condition=models.Q(('period__in', ['weekly', 'monthly', 'quarterly', 'yearly'])), name='report_schedule_period_is_known'), models.CheckConstraint(condition=models.Q(('format__in', ['csv', 'xlsx', 'pdf'])), name='report_schedule_format_is_known'), models.CheckConstraint(condition=models.Q(('role__in', ['central_administrator', 'validation_specialist', 'issuance_manager', 'deputy_issuance_manager', 'id_administrator', 'function_cert_orderer', 'revocation_officer', 'auditor'])), name='report_schedule_is_for_a_known_role')],
            },
        ),
        migrations.CreateModel(
            name='OrderedReport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(default='ORDERED', max_length=8)),
                ('code', models.CharField(max_length=4)),
                ('format', models.CharField(max_length=4)),
                ('question', models.JSONField()),
                ('person_id', models.CharField(blank=True, max_length=36)),
                ('role', models.CharField(max_length=32)),
                ('organization_id', models.CharField(max_length=36)),
                ('ordered_at', models.DateTimeField()),
                ('schedule', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='reports.reportschedule')),
                ('scheduled_for', models.DateTimeField(null=True)),
                ('progress', models.PositiveBigIntegerField(default=0)),
                ('expected', models.PositiveBigIntegerField(default=0)),
                ('rows', models.PositiveBigIntegerField(null=True)),
                ('octets', models.PositiveBigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('journal_size', models.BigIntegerField(default=0)),
                ('journal_root', models.CharField(blank=True, max_length=64)),
                ('proof', models.TextField(blank=True)),
                ('file_name', models.CharField(blank=True, max_length=64)),
                ('wrapped_key', models.BinaryField(default=b'', max_length=60)),
                ('failure', models.CharField(blank=True, max_length=64)),
                ('made_at', models.DateTimeField(null=True)),
                ('ready_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organization_id', 'role', '-ordered_at'], name='ordered_report_by_reader'), models.Index(condition=models.Q(('state', 'READY')), fields=['expires_at'], name='ordered_report_that_ends')],
                'constraints': [models.UniqueConstraint(fields=('schedule', 'scheduled_for'), name='a_schedule_orders_each_period_once'), models.CheckConstraint(condition=models.Q(models.Q(('schedule__isnull', True), ('scheduled_for__isnull', True)), models.Q(('person_id', ''), ('schedule__isnull', False), ('scheduled_for__isnull', False)), _connector='OR'), name='ordered_report_scheduled_iff_for_a_period'), models.CheckConstraint(condition=models.Q(('state__in', ['ORDERED', 'MADE', 'READY', 'FAILED', 'DELETED'])), name='ordered_report_state_is_known'), models.CheckConstraint(condition=models.Q(('format__in', ['csv', 'xlsx', 'pdf'])), name='ordered_report_format_is_known'), models.CheckConstraint(condition=models.Q(('role__in', ['central_administrator', 'validation_specialist', 'issuance_manager', 'deputy_issuance_manager', 'id_administrator', 'function_cert_orderer', 'revocation_officer', 'auditor'])), name='ordered_report_is_for_a_known_role'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['MADE', 'READY']), _negated=True), models.Q(('made_at__isnull', False), ('rows__isnull', False), models.Q(('sha256', ''), _negated=True), models.Q(('wrapped_key', b''), _negated=True)), _connector='OR'), name='ordered_report_made_has_its_file'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'READY'), _negated=True), models.Q(('expires_at__isnull', False), ('ready_at__isnull', False), models.Q(('proof', ''), _negated=True)), _connector='OR'), name='ordered_report_ready_is_proved_and_ends'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'FAILED'), models.Q(('failure', ''), _negated=True)), models.Q(models.Q(('state', 'FAILED'), _negated=True), ('failure', '')), _connector='OR'), name='ordered_report_failed_iff_why'), models.CheckConstraint(condition=models.Q(models.Q(('deleted_at__isnull', False), ('state', 'DELETED'), ('wrapped_key', b'')), models.Q(models.Q(('state', 'DELETED'), _negated=True), ('deleted_at__isnull', True)), _connector='OR'), name='ordered_report_deleted_has_no_key')],
            },
        ),
    ]
