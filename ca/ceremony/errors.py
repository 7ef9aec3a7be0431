"""Why a ceremony stops, each as a sentence that says what to do."""

from ca.errors import CaError


class CeremonyStopped(CaError):
    """The ceremony cannot go on; the message says what to do."""

    code = "ceremony_stopped"


class CeremonyHeldBefore(CeremonyStopped):
    """The ceremony was held, and is held once only."""

    code = "ceremony_held_before"
