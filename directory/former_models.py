"""Where somebody worked before: kept at each change, so that a report of a past moment knows the unit."""

from typing import ClassVar

from django.db import models


class FormerWork(models.Model):
    """What an employment said until ``until_at``: its unit, and the last day that was known then.

    Written before every change of either (``keep_former_work``), and never changed or removed.
    """

    id = models.BigAutoField(primary_key=True)
    employment = models.ForeignKey("directory.Employment", on_delete=models.PROTECT, related_name="former")
    unit = models.ForeignKey("directory.Unit", on_delete=models.PROTECT, null=True, related_name="+")
    ends_on = models.DateField(null=True)
    until_at = models.DateTimeField()

    class Meta:
        """Asked by employment and moment."""

        indexes: ClassVar = [
            models.Index(fields=["employment", "until_at", "id"], name="former_work_by_moment")
        ]

    def __str__(self) -> str:
        return f"{self.employment_id} until {self.until_at}"
