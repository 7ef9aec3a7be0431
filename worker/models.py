"""The jobs' own bookkeeping: heartbeat, last result and next run of each, for the operator to see."""

from django.db import models


class JobStatus(models.Model):
    """One periodic job."""

    name = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    result = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class SignerWatch(models.Model):
    """What was last seen of the signer process (one row), so that only changes are told."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    process = models.IntegerField(default=0)
    is_answering = models.BooleanField(default=False)
    faults = models.JSONField(default=dict)
    repairs = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.process)
