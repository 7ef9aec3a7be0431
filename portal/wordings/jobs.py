"""What the periodic jobs are called, and how a run ended."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

JOBS: Final[Mapping[str, str | Promise]] = {
    "acme_due": _("ACME's names are looked at"),
    "block_unactivated": _("Cards that nobody activated are blocked"),
    "care_for_roles": _("Roles are reminded of and lapse"),
    "carry_out_decisions": _("Decisions are carried out"),
    "check_names": _("Proofs of names are looked for"),
    "delete_reports": _("Reports are deleted on time"),
    "deliver_functions": _("Keys are made and certificates mailed"),
    "end_overdue": _("What has run out of time is ended"),
    "issue_waiting": _("Waiting certificates are issued"),
    "keep_service_signers": _("Keys of seals are renewed"),
    "keep_specimens": _("Test certificates of the status page"),
    "measure_status": _("The status services are measured"),
    "order_for_several": _("Cards are ordered for several at once"),
    "poll_factory": _("The factory's reports are fetched"),
    "publish_crls": _("Revocation lists are published"),
    "purge_pictures": _("Photos and signatures are purged on time"),
    "raise_notices": _("Function certificates that end are noticed"),
    "read_function_objects": _("Function objects are read from HSA"),
    "refresh_ocsp": _("OCSP answers are renewed"),
    "remind_card_holders": _("Holders are reminded of cards that end"),
    "remove_outdated": _("Orders that were never made are removed"),
    "retain": _("Retention is looked after"),
    "run_schedules": _("Recurring reports are ordered"),
    "send_notices": _("Notices of function certificates are sent"),
    "send_orders": _("Card orders are sent to the factory"),
    "sign_head": _("The journal is signed"),
    "sync_hsa": _("HSA is read"),
    "sync_pu": _("PU is read"),
    "sync_requested": _("Registers are read on request"),
    "sync_roles": _("Roles are read from HSA"),
    "tell_of_low_stock": _("Places with few reserve cards are told of"),
    "watch_hsm": _("The HSM is watched"),
    "watch_journal": _("The journal is checked"),
    "watch_revocations": _("Revocations are followed until they are seen"),
}
OUTCOMES: Final[Mapping[str, str | Promise]] = {
    "done": _("did something"),
    "failed": _("failed"),
    "recovered": _("works again"),
}


def job_name(job: str) -> str:
    """Return a job's name, its code where it has none."""
    return str(JOBS.get(job, job))


def job_outcome(outcome: str) -> str:
    """Return how a run ended."""
    return str(OUTCOMES.get(outcome, outcome))
