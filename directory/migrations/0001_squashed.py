"""The tables of people, organizations and roles, with the search's words and the refusal of an auditor who operates."""

import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.contrib.postgres.operations import CreateCollation
from django.db import migrations, models

from directory import role_guard, search_index


def install(apps, schema_editor):
    role_guard.run(schema_editor.connection, role_guard.install_statements(schema_editor.connection.vendor))
    search_index.install(schema_editor.connection)


def remove(apps, schema_editor):
    search_index.remove(schema_editor.connection)
    role_guard.run(schema_editor.connection, role_guard.remove_statements(schema_editor.connection.vendor))


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('directory', '0001_initial'), ('directory', '0002_auditor_is_alone'), ('directory', '0003_employment_one_employment_per_hsa_id_in_any_case'), ('directory', '0004_erasure_requests'), ('directory', '0005_roles_by_two_people'), ('directory', '0006_synchronization_decisions'), ('directory', '0007_search_words'), ('directory', '0008_basis_indexes'), ('directory', '0009_pu_file_orders'), ('directory', '0010_organization_settings'), ('directory', '0011_role_for_a_unit'), ('directory', '0012_agencies_and_lapses'), ('directory', '0013_unit_roles_without_functions'), ('directory', '0014_usual_product')]

    initial = True

    dependencies = []

    operations = [
        # SQLite gets the same order from directory.collation, on each connection.
        CreateCollation("sv", provider="icu", locale="sv-SE"),
        migrations.CreateModel(
            name='BasisDecision',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(max_length=8)),
                ('reason', models.CharField(max_length=500)),
                ('total', models.PositiveIntegerField()),
                ('needs_second_person', models.BooleanField(default=False)),
                ('decided_by', models.CharField(max_length=64)),
                ('decided_person_id', models.CharField(max_length=36)),
                ('decided_role', models.CharField(max_length=32)),
                ('decided_loa', models.PositiveSmallIntegerField(default=0)),
                ('may_see_protected', models.BooleanField(default=False)),
                ('organization_ids', models.JSONField(default=list)),
                ('unit_id', models.CharField(blank=True, max_length=36)),
                ('unit_ids', models.JSONField(default=list)),
                ('weight', models.PositiveIntegerField(default=0)),
                ('organization_id', models.CharField(blank=True, max_length=36)),
                ('correlation_id', models.CharField(blank=True, max_length=64)),
                ('decided_at', models.DateTimeField()),
                ('approved_by', models.CharField(blank=True, max_length=64)),
                ('approved_person_id', models.CharField(blank=True, max_length=36)),
                ('approved_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['-decided_at'], name='basis_decision_by_time'), models.Index(condition=models.Q(('finished_at__isnull', True)), fields=['decided_at'], name='basis_decision_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('subject__in', ['card', 'role', 'order'])), name='a_basis_decision_is_about_a_known_subject'), models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('decided_by', ''), _negated=True)), name='a_basis_decision_says_why_and_by_whom'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by', ''), ('approved_person_id', '')), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True), models.Q(('approved_person_id', ''), _negated=True)), _connector='OR'), name='a_basis_decision_is_approved_iff_when_and_by_whom'), models.CheckConstraint(condition=models.Q(('approved_person_id', models.F('decided_person_id')), _negated=True), name='two_persons_decide_a_large_basis_decision'), models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('needs_second_person', False), ('approved_at__isnull', False), ('withdrawn_at__isnull', False), _connector='OR'), name='a_large_basis_decision_is_finished_only_when_approved')],
            },
        ),
        migrations.CreateModel(
            name='PuFileOrder',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('order_id', models.CharField(max_length=36, unique=True)),
                ('state', models.CharField(default='placed', max_length=8)),
                ('numbers', models.TextField()),
                ('placed_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['placed', 'taken', 'lost'])), name='a_file_order_state_is_a_known_state'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'placed'), models.Q(('numbers', ''), _negated=True)), models.Q(models.Q(('state', 'placed'), _negated=True), ('ended_at__isnull', False), ('numbers', '')), _connector='OR'), name='a_file_order_keeps_its_numbers_until_it_ends')],
            },
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('pk', models.CompositePrimaryKey('organization_id', 'key', 'subject_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('key', models.BinaryField()),
                ('subject_id', models.UUIDField()),
            ],
            options={
                'indexes': [models.Index(fields=['subject_id', 'key'], name='search_words_of_a_subject')],
            },
        ),
        migrations.CreateModel(
            name='IssuanceArea',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('hsa_id', models.CharField(max_length=32, unique=True)),
                ('organization_number', models.CharField(max_length=10, unique=True)),
                ('name', models.CharField(db_collation='sv', max_length=120)),
                ('locality', models.CharField(max_length=80)),
                ('kind', models.CharField(max_length=24)),
                ('issuance_area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='organizations', to='directory.issuancearea')),
                ('agent_organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='represented_organizations', to='directory.organization')),
                ('back_text', models.CharField(blank=True, max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='Agency',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agencies', to='directory.organization')),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='represents', to='directory.organization')),
                ('for_cards', models.BooleanField(default=True)),
                ('for_functions', models.BooleanField(default=True)),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(blank=True, null=True)),
                ('given_by', models.CharField(max_length=64)),
                ('given_at', models.DateTimeField()),
                ('ended_by', models.CharField(blank=True, max_length=64)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('agent', models.F('organization')), _negated=True), name='nobody_is_agent_for_themselves'), models.CheckConstraint(condition=models.Q(('for_cards', True), ('for_functions', True), _connector='OR'), name='an_agency_is_for_something'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='an_agency_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ended_by', '')), models.Q(('ended_at__isnull', False), ('valid_to__isnull', False), models.Q(('ended_by', ''), _negated=True)), _connector='OR'), name='an_agency_is_ended_iff_by_whom_and_when'), models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('organization', 'agent'), name='one_agency_without_an_end_for_two_organizations')],
            },
        ),
        migrations.CreateModel(
            name='OrganizationSettings',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='settings', to='directory.organization')),
                ('issuer_number', models.CharField(blank=True, max_length=20)),
                ('products', models.JSONField(default=list)),
                ('default_product', models.CharField(blank=True, max_length=8)),
                ('billing_reference', models.CharField(blank=True, max_length=60)),
                ('logo_png', models.BinaryField(null=True)),
                ('logo_sha256', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('logo_png__isnull', True), ('logo_sha256', '')), models.Q(('logo_png__isnull', False), models.Q(('logo_sha256', ''), _negated=True)), _connector='OR'), name='an_organization_has_a_logo_iff_its_digest')],
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('hsa_id', models.CharField(max_length=32, unique=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='units', to='directory.organization')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='subunits', to='directory.unit')),
                ('name', models.CharField(db_collation='sv', max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('personal_identity_number', models.CharField(max_length=12, unique=True)),
                ('number_kind', models.CharField(default='personal_identity_number', max_length=32)),
                ('given_name', models.CharField(blank=True, db_collation='sv', max_length=80)),
                ('calling_name', models.CharField(blank=True, max_length=80)),
                ('middle_name', models.CharField(blank=True, max_length=80)),
                ('surname', models.CharField(db_collation='sv', max_length=160)),
                ('search_key', models.CharField(blank=True, max_length=700)),
                ('birth_date', models.DateField()),
                ('registration_status', models.CharField(default='unknown', max_length=24)),
                ('protected_identity', models.BooleanField(default=False)),
                ('protection', models.CharField(blank=True, max_length=24)),
                ('address_lines', models.JSONField(default=list)),
                ('identity_level', models.CharField(blank=True, max_length=16)),
                ('pu_read_at', models.DateTimeField(null=True)),
                ('hsa_read_at', models.DateTimeField(null=True)),
                ('pu_missed_reads', models.PositiveSmallIntegerField(default=0)),
                ('pu_missing_since', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('registration_status__in', ['deceased', 'emigrated', 'deregistered'])), fields=['registration_status'], name='person_gone'), models.Index(condition=models.Q(('pu_missing_since__isnull', False)), fields=['pu_missing_since'], name='person_missing_in_pu')],
                'constraints': [models.CheckConstraint(condition=models.Q(('registration_status__in', ['registered', 'without_address', 'emigrated', 'deceased', 'deregistered', 'unknown'])), name='a_registration_status_is_a_known_status'), models.CheckConstraint(condition=models.Q(('number_kind__in', ['personal_identity_number', 'coordination_number'])), name='a_number_kind_is_a_known_kind'), models.CheckConstraint(condition=models.Q(('protection', ''), ('protected_identity', True), _connector='OR'), name='a_person_protected_in_pu_has_a_protected_identity'), models.CheckConstraint(condition=models.Q(('protected_identity', False), ('search_key', ''), _connector='OR'), name='a_protected_person_is_not_searchable_by_name')],
            },
        ),
        migrations.CreateModel(
            name='BasisMember',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('decision', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='directory.basisdecision')),
                ('subject', models.CharField(max_length=8)),
                ('subject_id', models.UUIDField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.person')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('ground', models.CharField(max_length=32)),
                ('evidence', models.JSONField(default=dict)),
                ('outcome', models.CharField(blank=True, max_length=16)),
                ('detail', models.CharField(blank=True, max_length=64)),
                ('done_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['decision', 'id'], name='basis_members_left')],
                'constraints': [models.UniqueConstraint(fields=('decision', 'subject_id'), name='a_basis_decision_names_a_subject_once'), models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('subject', 'subject_id'), name='one_basis_decision_under_way_per_subject'), models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('outcome', '')), models.Q(('done_at__isnull', False), ('outcome__in', ['done', 'already_done', 'no_longer_so', 'refused', 'withdrawn'])), _connector='OR'), name='a_basis_member_is_done_iff_it_has_an_outcome')],
            },
        ),
        migrations.CreateModel(
            name='Employment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='employments', to='directory.person')),
                ('hsa_id', models.CharField(max_length=32, unique=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='employments', to='directory.organization')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='employments', to='directory.unit')),
                ('title', models.CharField(blank=True, max_length=120)),
                ('email', models.CharField(blank=True, max_length=254)),
                ('user_principal_name', models.CharField(blank=True, max_length=254)),
                ('starts_on', models.DateField(null=True)),
                ('ends_on', models.DateField(null=True)),
                ('protected_in_hsa', models.BooleanField(default=False)),
                ('missed_reads', models.PositiveSmallIntegerField(default=0)),
                ('missing_since', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['organization', 'person'], name='employment_by_organization'), models.Index(condition=models.Q(('missing_since__isnull', False)), fields=['missing_since'], name='employment_missing_in_hsa'), models.Index(condition=models.Q(('ends_on__isnull', False)), fields=['ends_on'], name='employment_by_end')],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Upper('hsa_id'), name='one_employment_per_hsa_id_in_any_case')],
            },
        ),
        migrations.CreateModel(
            name='RoleAppointment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('employment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='directory.employment')),
                ('role', models.CharField(max_length=32)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='directory.organization')),
                ('may_see_protected', models.BooleanField(default=False)),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(null=True)),
                ('trained_on', models.DateField(null=True)),
                ('reason', models.CharField(max_length=500)),
                ('state', models.CharField(default='requested', max_length=12)),
                ('requested_by', models.CharField(max_length=64)),
                ('requested_by_person', models.CharField(max_length=36)),
                ('requested_at', models.DateTimeField()),
                ('decided_by', models.CharField(blank=True, max_length=64)),
                ('decided_by_person', models.CharField(blank=True, max_length=36)),
                ('decided_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'approved', 'declined', 'lapsed'])), name='an_appointment_state_is_a_known_state'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by_person', ''), ('state', 'requested')), models.Q(models.Q(('state', 'requested'), _negated=True), ('decided_at__isnull', False), models.Q(models.Q(('decided_by_person', ''), _negated=True), ('state', 'lapsed'), _connector='OR')), _connector='OR'), name='an_appointment_is_decided_iff_by_whom_and_when'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_by_person', models.F('requested_by_person')), _negated=True), _connector='OR'), name='two_people_decide_an_appointment'), models.UniqueConstraint(condition=models.Q(('state', 'requested')), fields=('employment', 'role', 'organization'), name='one_waiting_appointment_per_role_and_organization')],
            },
        ),
        migrations.CreateModel(
            name='RoleAssignment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('employment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='roles', to='directory.employment')),
                ('role', models.CharField(max_length=32)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='roles', to='directory.organization')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='roles', to='directory.unit')),
                ('may_see_protected', models.BooleanField(default=False)),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(null=True)),
                ('source', models.CharField(default='portal', max_length=8)),
                ('granted_by', models.CharField(max_length=64)),
                ('granted_by_person', models.CharField(blank=True, max_length=36)),
                ('granted_at', models.DateTimeField()),
                ('approved_by', models.CharField(blank=True, max_length=64)),
                ('approved_by_person', models.CharField(blank=True, max_length=36)),
                ('trained_on', models.DateField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_by', models.CharField(blank=True, max_length=64)),
                ('reminded_at', models.DateTimeField(blank=True, null=True)),
                ('missed_reads', models.PositiveSmallIntegerField(default=0)),
                ('revoked_by', models.CharField(blank=True, max_length=64)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('role__in', ['central_administrator', 'validation_specialist', 'issuance_manager', 'deputy_issuance_manager', 'id_administrator', 'function_cert_orderer', 'revocation_officer', 'auditor'])), name='a_role_is_a_known_role'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='a_role_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_by', '')), models.Q(('revoked_at__isnull', False), ('valid_to__isnull', False), models.Q(('revoked_by', ''), _negated=True)), _connector='OR'), name='a_role_is_revoked_iff_by_whom_and_when'), models.CheckConstraint(condition=models.Q(('source__in', ['portal', 'hsa'])), name='a_role_source_is_a_known_source'), models.CheckConstraint(condition=models.Q(models.Q(('role__in', ('central_administrator', 'issuance_manager')), _negated=True), ('granted_by_person', ''), models.Q(('approved_by_person', ''), _negated=True), _connector='OR'), name='two_people_give_the_roles_that_give_roles'), models.CheckConstraint(condition=models.Q(('approved_by_person', ''), models.Q(('approved_by_person', models.F('granted_by_person')), _negated=True), _connector='OR'), name='nobody_approves_a_role_they_gave'), models.CheckConstraint(condition=models.Q(models.Q(('source', 'hsa'), _negated=True), models.Q(models.Q(('role__in', ('central_administrator', 'issuance_manager')), _negated=True), ('may_see_protected', False)), _connector='OR'), name='hsa_gives_no_role_that_two_people_give'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('confirmed_by', '')), models.Q(('confirmed_at__isnull', False), models.Q(('confirmed_by', ''), _negated=True)), _connector='OR'), name='a_role_is_confirmed_iff_by_whom_and_when'), models.UniqueConstraint(condition=models.Q(('unit__isnull', True), ('valid_to__isnull', True)), fields=('employment', 'role', 'organization', 'source'), name='one_open_assignment_per_role_organization_and_source'), models.UniqueConstraint(condition=models.Q(('unit__isnull', False), ('valid_to__isnull', True)), fields=('employment', 'role', 'unit', 'source'), name='one_open_assignment_per_role_unit_and_source'), models.CheckConstraint(condition=models.Q(('unit__isnull', True), ('role__in', ('deputy_issuance_manager', 'id_administrator', 'revocation_officer', 'auditor')), _connector='OR'), name='a_role_for_a_unit_is_one_that_units_have')],
            },
        ),
        migrations.CreateModel(
            name='RoleUse',
            fields=[
                ('role_assignment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='use', serialize=False, to='directory.roleassignment')),
                ('last_used_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SyncRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('register', models.CharField(max_length=8)),
                ('state', models.CharField(default='running', max_length=16)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('asked', models.PositiveIntegerField(default=0)),
                ('read', models.PositiveIntegerField(default=0)),
                ('imported', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('absent', models.PositiveIntegerField(default=0)),
                ('held', models.PositiveIntegerField(default=0)),
                ('failure', models.CharField(blank=True, max_length=64)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('is_preview', models.BooleanField(default=False)),
                ('requested_by', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['register', '-started_at'], name='sync_run_by_register')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ['requested', 'running'])), models.Q(models.Q(('state__in', ['requested', 'running']), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='a_sync_run_has_ended_iff_it_is_not_running'), models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'running', 'complete', 'incomplete', 'quarantined'])), name='a_sync_run_state_is_a_known_state'), models.UniqueConstraint(condition=models.Q(('state', 'requested')), fields=('register',), name='one_requested_run_per_register')],
            },
        ),
        migrations.CreateModel(
            name='SyncChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='directory.syncrun')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.person')),
                ('employment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.employment')),
                ('kind', models.CharField(max_length=24)),
                ('is_costly', models.BooleanField()),
                ('fields', models.JSONField(default=list)),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('is_forgotten', models.BooleanField(default=False)),
                ('digest', models.CharField(max_length=64)),
                ('state', models.CharField(max_length=16)),
                ('settled_at', models.DateTimeField(null=True)),
                ('acted_on_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['run', '-is_costly', 'id'], name='sync_change_by_run'), models.Index(fields=['person', 'kind'], name='sync_change_by_person'), models.Index(fields=['digest'], name='sync_change_by_digest'), models.Index(condition=models.Q(('state', 'waiting')), fields=['run'], name='sync_change_waiting')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['deceased', 'emigrated', 'deregistered', 'missing', 'employment_ended', 'name', 'protection_lifted', 'protected', 'particulars'])), name='a_sync_change_is_of_a_known_kind'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'applied', 'discarded', 'superseded', 'stale', 'undone', 'kept'])), name='a_sync_change_state_is_a_known_state'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='a_sync_change_waits_iff_it_is_not_settled'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'undone'), _negated=True), ('acted_on_at__isnull', True), _connector='OR'), name='a_sync_change_that_was_acted_on_is_not_undone')],
            },
        ),
        migrations.CreateModel(
            name='SyncDecision',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='directory.syncrun')),
                ('kind', models.CharField(max_length=16)),
                ('reason', models.CharField(max_length=500)),
                ('decided_by', models.CharField(max_length=64)),
                ('decided_at', models.DateTimeField()),
                ('total', models.PositiveIntegerField()),
                ('done', models.PositiveIntegerField(default=0)),
                ('left_out', models.PositiveIntegerField(default=0)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('finished_at__isnull', True)), fields=['decided_at'], name='sync_decision_open')],
                'constraints': [models.UniqueConstraint(fields=('run', 'kind'), name='a_run_is_decided_once_each_way'), models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('run',), name='one_decision_under_way_per_run'), models.CheckConstraint(condition=models.Q(('kind__in', ['accept', 'discard', 'undo'])), name='a_sync_decision_is_of_a_known_kind'), models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('decided_by', ''), _negated=True)), name='a_sync_decision_says_why_and_by_whom')],
            },
        ),
        migrations.CreateModel(
            name='ErasureRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasure_requests', to='directory.person')),
                ('legal_ground', models.CharField(max_length=32)),
                ('state', models.CharField(default='requested', max_length=16)),
                ('requested_by', models.CharField(max_length=36)),
                ('requested_at', models.DateTimeField()),
                ('approved_by', models.CharField(blank=True, max_length=36)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by', ''), ('state', 'requested')), models.Q(('approved_at__isnull', False), ('state', 'approved'), models.Q(('approved_by', ''), _negated=True)), _connector='OR'), name='an_erasure_is_approved_iff_by_whom_and_when'), models.CheckConstraint(condition=models.Q(('approved_by', models.F('requested_by')), _negated=True), name='two_persons_decide_an_erasure')],
            },
        ),
        migrations.RunPython(install, remove),
    ]
