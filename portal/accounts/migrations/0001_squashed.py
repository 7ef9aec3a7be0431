"""The tables of the portal's sessions and acts."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('accounts', '0001_initial'), ('accounts', '0002_untold_refusals'), ('accounts', '0003_session_for_a_unit'), ('accounts', '0004_signed_acts')]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='PortalSession',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('session_key', models.CharField(db_index=True, max_length=40)),
                ('person_id', models.CharField(db_index=True, max_length=36)),
                ('evidence_id', models.CharField(max_length=36)),
                ('certificate_der', models.BinaryField()),
                ('certificate_sha256', models.CharField(db_index=True, max_length=64)),
                ('card_number', models.CharField(blank=True, db_index=True, max_length=19)),
                ('certificate_hsa_id', models.CharField(blank=True, max_length=32)),
                ('loa', models.CharField(max_length=80)),
                ('amr', models.JSONField()),
                ('auth_time', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('status_checked_at', models.DateTimeField()),
                ('client_address', models.CharField(blank=True, max_length=45)),
                ('role_assignment_id', models.CharField(blank=True, max_length=36)),
                ('hsa_id', models.CharField(blank=True, max_length=32)),
                ('role', models.CharField(blank=True, max_length=32)),
                ('organization_id', models.CharField(blank=True, max_length=36)),
                ('organization_ids', models.JSONField(default=list)),
                ('unit_id', models.CharField(blank=True, max_length=36)),
                ('unit_ids', models.JSONField(default=list)),
                ('may_see_protected', models.BooleanField(default=False)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, max_length=24)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('hsa_id', ''), ('organization_id', ''), ('role', ''), ('role_assignment_id', '')), models.Q(models.Q(('role', ''), _negated=True), models.Q(('hsa_id', ''), _negated=True), models.Q(('role_assignment_id', ''), _negated=True), models.Q(('organization_id', ''), _negated=True)), _connector='OR'), name='a_session_has_a_role_with_identity_and_organization_or_none'), models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('end_reason__in', ['logged_out', 'idle', 'too_long', 'replaced', 'certificate_revoked', 'card_not_active', 'status_unknown', 'role_lost', 'ended_by_holder']), ('ended_at__isnull', False)), _connector='OR'), name='a_session_ended_iff_it_says_why'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('session_key',), name='one_open_login_per_browser_session')],
            },
        ),
        migrations.CreateModel(
            name='SignedAct',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('content', models.TextField()),
                ('facts_hash', models.CharField(max_length=44)),
                ('evidence_id', models.CharField(max_length=36, unique=True)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signed_acts', to='accounts.portalsession')),
                ('person_id', models.CharField(db_index=True, max_length=36)),
                ('organization_id', models.CharField(blank=True, max_length=36)),
                ('signed_at', models.DateTimeField()),
                ('spent_at', models.DateTimeField(null=True)),
                ('voided_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('spent_at__isnull', True), ('voided_at__isnull', True), _connector='OR'), name='a_signed_act_is_carried_out_or_void_and_never_both'), models.CheckConstraint(condition=models.Q(models.Q(('evidence_id', ''), _negated=True), models.Q(('facts_hash', ''), _negated=True), models.Q(('kind', ''), _negated=True)), name='a_signed_act_names_its_evidence_and_facts')],
            },
        ),
        migrations.CreateModel(
            name='UntoldRefusals',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=36)),
                ('role', models.CharField(blank=True, max_length=32)),
                ('organization_id', models.CharField(blank=True, max_length=36)),
                ('route', models.CharField(blank=True, max_length=80)),
                ('count', models.PositiveBigIntegerField(default=1)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'role', 'organization_id', 'route'), name='one_sum_of_untold_refusals_per_source'), models.CheckConstraint(condition=models.Q(('count__gt', 0), ('last_at__gte', models.F('first_at'))), name='untold_refusals_are_some_and_end_after_they_begin')],
            },
        ),
    ]
