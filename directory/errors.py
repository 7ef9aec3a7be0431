"""The facts on which the directory stops."""

from journal.errors import DomainError


class PersonNotFound(DomainError):
    """There is no such person, or not for this actor: the two must look the same."""

    code = "person_not_found"


class UnitNotFound(DomainError):
    """There is no such unit, or not for this actor."""

    code = "unit_not_found"


class RegisterUnavailable(DomainError):
    """HSA or PU did not give a usable answer; nothing was changed.

    ``reason`` is one of ``connection timeout access_denied http_status soap_fault malformed too_large
    mismatched incomplete own_certificate certificate_refused register_untrusted``.
    """

    code = "register_unavailable"

    def __init__(self, *, register: str, reason: str, detail: str = "") -> None:
        super().__init__(
            f"{register} did not answer as it should: {reason}",
            facts={"register": register, "reason": reason, "detail": detail},
        )
        self.register = register
        self.reason = reason


class RoleRefused(DomainError):
    """A role may not be given or taken by this actor, or not together with the person's other roles.

    ``facts["rule"]`` names the rule: ``not_a_granter own_role out_of_scope auditor_is_alone already_held
    protected_needs_issuance_manager ends_before_it_starts employment_missing two_people training_missing
    training_in_future training_too_old central_roles_are_central reason_missing same_person decided
    hsa_gives_it last_of_its_kind``.
    """

    code = "role_refused"


class RoleNotFound(DomainError):
    """There is no such assignment or request, or not for this actor: the two must look the same."""

    code = "role_not_found"


class RoleNotHeld(DomainError):
    """The assignment is not in force, so there is nothing to revoke."""

    code = "role_not_held"


class OrganizationNotFound(DomainError):
    """There is no such organization, or not for this actor: the two must look the same."""

    code = "organization_not_found"


class OrganizationRefused(DomainError):
    """An organization may not be changed so; ``facts["rule"]``: ``not_central reason_missing``."""

    code = "organization_refused"


class AgencyRefused(DomainError):
    """An agent may not be appointed or dismissed so.

    ``facts["rule"]``: ``not_central reason_missing agent_is_itself agent_for_nothing ends_before_it_starts
    agent_already agent_no_more``.
    """

    code = "agency_refused"


class LogoRefused(DomainError):
    """A file is no logo; ``facts["rule"]``: ``file_too_large too_many_pixels no_picture``."""

    code = "logo_refused"


class InvalidIdentifier(DomainError):
    """A text is no identifier of its kind; subclasses say which rule it breaks. Never holds the text."""

    code = "identifier_invalid"


class WrongLength(InvalidIdentifier):
    """It has too few or too many characters."""

    code = "identifier_wrong_length"


class WrongCharacters(InvalidIdentifier):
    """It holds characters that do not belong, or a separator in the wrong place."""

    code = "identifier_wrong_characters"


class WrongDate(InvalidIdentifier):
    """Its first digits are no date."""

    code = "identifier_wrong_date"


class DateInFuture(InvalidIdentifier):
    """Its date has not come yet."""

    code = "identifier_date_in_future"


class WrongCheckDigit(InvalidIdentifier):
    """Its last digit does not follow from the others: something is mistyped."""

    code = "identifier_wrong_check_digit"


class SyncRunTaken(DomainError):
    """The run that somebody asked for has begun already, or is asked for already."""

    code = "sync_run_taken"


class SyncDecisionRefused(DomainError):
    """What a person would decide about a run cannot be decided; ``facts["rule"]`` says why.

    ``nothing_waits nothing_to_undo too_late under_way decided role``.
    """

    code = "sync_decision_refused"


class BasisDecisionRefused(DomainError):
    """A bulk decision cannot be made; ``facts["rule"]`` says why.

    ``empty no_reason gone under_way changed same_person decided role too_many``.
    """

    code = "basis_decision_refused"


class BasisDecisionNotFound(DomainError):
    """There is no such decision, or not for this actor."""

    code = "basis_decision_not_found"
