"""Why a ceremony stops, each as a sentence that says what to do."""

from ca.errors import CaError


class CeremonyStopped(CaError):
    """The ceremony cannot go on; the message says what to do."""

    code = "ceremony_stopped"


class CeremonyHeldBefore(CeremonyStopped):
    """The ceremony was held, and is held once only."""

    code = "ceremony_held_before"


class ScriptRefused(CeremonyStopped):
    """The script of a ceremony says something unknown, impossible or too little."""

    code = "ceremony_script_refused"


class NotApproved(CeremonyStopped):
    """Two people have not approved this plan."""

    code = "ceremony_not_approved"


class ApprovalRefused(CeremonyStopped):
    """The person may not approve the plan (``facts["rule"]``)."""

    code = "ceremony_approval_refused"


class UnknownPlan(CeremonyStopped):
    """There is no such ceremony plan."""

    code = "unknown_ceremony_plan"
