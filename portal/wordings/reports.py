"""Explanations of why a report is not shown or not made."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

REPORTS: Final[Mapping[str, Wording]] = {
    "unknown_report": Wording(
        status=404,
        title=_("There is no such report"),
        text=_("The catalogue shows the reports of your role."),
    ),
    "role_does_not_pull_report": Wording(
        status=403,
        title=_("Your role does not pull this report"),
        text=_("Reports go with the role: each shows what the role works with, in its own organizations."),
        fixer="issuance_manager",
    ),
    "role_has_no_numbers": Wording(
        status=403,
        title=_("No personal identity numbers in this report"),
        text=_(
            "Managers and ID administrators may have them, in reports on people. "
            "The HSA-id says who somebody is in all others."
        ),
        fixer="issuance_manager",
    ),
    "report_not_found": Wording(
        status=404,
        title=_("The report is not here"),
        text=_("It was never ordered in this role, it is not ready, or its 30 days are over."),
    ),
    "receipt_not_sealed": Wording(
        status=409,
        title=_("The receipt is not sealed yet"),
        text=_("It is made within seconds after somebody asks for it on its page, and kept for 30 days."),
        fixer="time",
    ),
    "too_many_kept_reports": Wording(
        status=409,
        title=_("No more reports can be kept for you"),
        text=_(
            "%(most)s files lie there already, each for 30 days. "
            "Order again when the first of them is deleted: %(first_goes_at)s."
        ),
    ),
    "report_too_long_for_pdf": Wording(
        status=409,
        title=_("Too long for a document"),
        text=_("A PDF carries its whole table, and a hundred thousand rows at most. Order CSV or Excel."),
    ),
}
