"""The tables of orders for several people."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # Those before the first release; a database that has them all has this one.
    replaces = [('bulk_orders', '0001_initial')]

    initial = True

    dependencies = [
        ('cards', '0001_squashed'),
        ('directory', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkOrder',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(max_length=16)),
                ('source', models.CharField(max_length=16)),
                ('about', models.CharField(blank=True, max_length=64)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.organization')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.unit')),
                ('total', models.PositiveIntegerField()),
                ('checked', models.PositiveIntegerField(default=0)),
                ('ready', models.PositiveIntegerField(default=0)),
                ('ordered', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('started_by', models.CharField(max_length=64)),
                ('started_person_id', models.CharField(blank=True, max_length=64)),
                ('started_role', models.CharField(max_length=64)),
                ('started_loa', models.PositiveSmallIntegerField()),
                ('started_at', models.DateTimeField()),
                ('correlation_id', models.CharField(blank=True, max_length=64)),
                ('needs_second_person', models.BooleanField(default=False)),
                ('evidence_id', models.CharField(blank=True, max_length=64)),
                ('placed_at', models.DateTimeField(null=True)),
                ('approved_by', models.CharField(blank=True, max_length=64)),
                ('approved_person_id', models.CharField(blank=True, max_length=64)),
                ('approved_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['organization', '-started_at', '-id'], name='bulk_order_by_organization'), models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['started_at'], name='bulk_order_under_way')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['CHECKING', 'READY', 'WAITING', 'RUNNING', 'PAUSED', 'FINISHED', 'CANCELLED', 'LAPSED'])), name='bulk_order_state_is_known'), models.CheckConstraint(condition=models.Q(('source__in', ['list', 'file', 'unit', 'expiring'])), name='bulk_order_source_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['CANCELLED', 'FINISHED', 'LAPSED']), ('ended_at__isnull', False)), models.Q(models.Q(('state__in', ['CANCELLED', 'FINISHED', 'LAPSED']), _negated=True), ('ended_at__isnull', True)), _connector='OR'), name='bulk_order_ended_iff_when'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['FINISHED', 'PAUSED', 'RUNNING']), _negated=True), ('placed_at__isnull', False), _connector='OR'), name='bulk_order_that_runs_was_placed'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['FINISHED', 'PAUSED', 'RUNNING']), _negated=True), ('needs_second_person', False), ('approved_at__isnull', False), _connector='OR'), name='large_bulk_order_runs_only_when_approved'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', True), ('approved_by', '')), models.Q(('approved_at__isnull', False), models.Q(('approved_by', ''), _negated=True)), _connector='OR'), name='bulk_order_approved_iff_when_and_by_whom'), models.CheckConstraint(condition=models.Q(('approved_at__isnull', True), models.Q(('approved_person_id', models.F('started_person_id')), _negated=True), _connector='OR'), name='bulk_order_is_approved_by_another_person'), models.CheckConstraint(condition=models.Q(('checked__lte', models.F('total')), ('ready__lte', models.F('checked'))), name='bulk_order_counts_no_more_than_its_rows')],
            },
        ),
        migrations.CreateModel(
            name='BulkOrderRow',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('bulk_order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='bulk_orders.bulkorder')),
                ('line', models.PositiveIntegerField()),
                ('typed', models.CharField(blank=True, max_length=64)),
                ('employment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.employment')),
                ('product_code', models.CharField(max_length=8)),
                ('state', models.CharField(max_length=16)),
                ('code', models.CharField(blank=True, max_length=64)),
                ('facts', models.JSONField(default=list)),
                ('fixer', models.CharField(blank=True, max_length=32)),
                ('card_order', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bulk_row', to='cards.cardorder')),
                ('done_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['READY', 'UNCHECKED'])), fields=['bulk_order', 'line'], name='bulk_rows_left')],
                'constraints': [models.UniqueConstraint(fields=('bulk_order', 'line'), name='bulk_order_has_a_line_once'), models.CheckConstraint(condition=models.Q(('state__in', ['UNCHECKED', 'READY', 'ORDERED', 'REFUSED', 'CANCELLED'])), name='bulk_row_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ORDERED'), ('card_order__isnull', False)), models.Q(models.Q(('state', 'ORDERED'), _negated=True), ('card_order__isnull', True)), _connector='OR'), name='bulk_row_is_ordered_iff_it_has_an_order'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'REFUSED'), models.Q(('code', ''), _negated=True)), models.Q(models.Q(('state', 'REFUSED'), _negated=True), ('code', '')), _connector='OR'), name='bulk_row_is_refused_iff_it_says_why'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['READY', 'UNCHECKED']), ('done_at__isnull', True)), models.Q(models.Q(('state__in', ['READY', 'UNCHECKED']), _negated=True), ('done_at__isnull', False)), _connector='OR'), name='bulk_row_is_done_iff_it_has_a_result'), models.CheckConstraint(condition=models.Q(('employment__isnull', False), models.Q(('state__in', ['READY', 'ORDERED']), _negated=True), _connector='OR'), name='bulk_row_without_a_person_is_never_ordered')],
            },
        ),
    ]
