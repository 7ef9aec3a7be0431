"""What the directory records: people read from the registers, readings themselves, roles given and taken."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonImported(Event):
    """A person was read from the registers for the first time."""

    TYPE: ClassVar[str] = "person.imported"
    VERSION: ClassVar[int] = 1
    person_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """A register says something else than before. ``fields`` are names of fields, never values."""

    TYPE: ClassVar[str] = "person.changed"
    VERSION: ClassVar[int] = 1
    person_id: str
    register: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmploymentImported(Event):
    """A person object in HSA was read for the first time."""

    TYPE: ClassVar[str] = "employment.imported"
    VERSION: ClassVar[int] = 1
    person_id: str
    organization_id: str
    employment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmploymentChanged(Event):
    """HSA says something else of a person object. ``fields`` are names of fields, never values."""

    TYPE: ClassVar[str] = "employment.changed"
    VERSION: ClassVar[int] = 1
    person_id: str
    organization_id: str
    employment_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMissing(Event):
    """A register has answered often enough without the person: basis for a decision, no more."""

    TYPE: ClassVar[str] = "person.missing"
    VERSION: ClassVar[int] = 1
    person_id: str
    register: str
    organization_id: str
    employment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFoundAgain(Event):
    """Someone who was missing in a register is there again."""

    TYPE: ClassVar[str] = "person.found_again"
    VERSION: ClassVar[int] = 1
    person_id: str
    register: str
    organization_id: str
    employment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationImported(Event):
    """An organization was connected from the catalogue."""

    TYPE: ClassVar[str] = "organization.imported"
    VERSION: ClassVar[int] = 1
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationChanged(Event):
    """The catalogue says something else of an organization. ``fields`` are names of fields."""

    TYPE: ClassVar[str] = "organization.changed"
    VERSION: ClassVar[int] = 1
    organization_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationSetUp(Event):
    """The central administration changed how an organization is set up. ``fields`` are names of fields."""

    TYPE: ClassVar[str] = "organization.set_up"
    VERSION: ClassVar[int] = 1
    organization_id: str
    fields: tuple[str, ...]
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncEnded(Event):
    """A reading of a register ended; the state says how."""

    TYPE: ClassVar[str] = "directory.sync_ended"
    VERSION: ClassVar[int] = 1
    sync_run_id: str
    register: str
    state: str
    failure: str
    asked: int
    read: int
    imported: int
    changed: int
    absent: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(Event):
    """A person was given a role for an organization, or for the part of it that ``unit_id`` names.

    ``valid_to`` is empty when it has no end, ``unit_id`` for the whole organization.
    ``requested_by_id`` is the person who asked for it, where somebody else than who gave it had to.
    """

    TYPE: ClassVar[str] = "role.granted"
    VERSION: ClassVar[int] = 3
    IS_PRIVILEGED: ClassVar[bool] = True
    role_assignment_id: str
    person_id: str
    organization_id: str
    unit_id: str
    hsa_id: Personal
    role: str
    role_source: str
    may_see_protected: bool
    valid_from: str
    valid_to: str
    requested_by_id: str
    trained_on: Personal
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRequested(Event):
    """Somebody asked for a role that a second person has to give."""

    TYPE: ClassVar[str] = "role.requested"
    VERSION: ClassVar[int] = 1
    IS_PRIVILEGED: ClassVar[bool] = True
    role_appointment_id: str
    person_id: str
    organization_id: str
    hsa_id: Personal
    role: str
    valid_from: str
    valid_to: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDeclined(Event):
    """A role that was asked for was not given."""

    TYPE: ClassVar[str] = "role.declined"
    VERSION: ClassVar[int] = 1
    role_appointment_id: str
    person_id: str
    organization_id: str
    role: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAppointmentLapsed(Event):
    """A role that was asked for waited too long for a second person: it is no longer to be had this way."""

    TYPE: ClassVar[str] = "role.appointment_lapsed"
    VERSION: ClassVar[int] = 1
    role_appointment_id: str
    person_id: str
    organization_id: str
    role: str
    requested_by_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyGiven(Event):
    """An organization handles cards, function certificates or both for another one from now on.

    ``valid_to`` is empty when it has no end.
    """

    TYPE: ClassVar[str] = "organization.agency_given"
    VERSION: ClassVar[int] = 1
    IS_PRIVILEGED: ClassVar[bool] = True
    agency_id: str
    organization_id: str
    agent_organization_id: str
    handles: tuple[str, ...]
    valid_from: str
    valid_to: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyEnded(Event):
    """An organization handles nothing more for another one from an instant on."""

    TYPE: ClassVar[str] = "organization.agency_ended"
    VERSION: ClassVar[int] = 1
    IS_PRIVILEGED: ClassVar[bool] = True
    agency_id: str
    organization_id: str
    agent_organization_id: str
    valid_to: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleConfirmed(Event):
    """Somebody who may give a role confirmed that it is still needed (GOV-2)."""

    TYPE: ClassVar[str] = "role.confirmed"
    VERSION: ClassVar[int] = 1
    role_assignment_id: str
    person_id: str
    organization_id: str
    role: str
    trained_on: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleReminded(Event):
    """So many roles for an organization lapse, the first at ``valid_to``, unless somebody confirms them."""

    TYPE: ClassVar[str] = "role.reminded"
    VERSION: ClassVar[int] = 1
    organization_id: str
    roles: int
    valid_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Event):
    """A role assignment ended before its time."""

    TYPE: ClassVar[str] = "role.revoked"
    VERSION: ClassVar[int] = 1
    role_assignment_id: str
    person_id: str
    organization_id: str
    hsa_id: Personal
    role: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedPersonOpened(Event):
    """Somebody gave a reason to read of a person with a protected identity, or read of them for it.

    ``organization_id`` is the organization of the person's that brought them into the actor's scope,
    ``page`` the name of the address that told of them.
    """

    TYPE: ClassVar[str] = "person.protected_opened"
    VERSION: ClassVar[int] = 3
    person_id: str
    organization_id: str
    page: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSearched(Event):
    """Somebody looked a person up by a whole number; the number itself is not kept.

    ``key`` is one of ``personal_number hsa_id card_number serial_number email``, ``outcome`` one of
    ``found not_found``; ``person_id`` stands here only when the person was within the actor's scope.
    """

    TYPE: ClassVar[str] = "directory.person_searched"
    VERSION: ClassVar[int] = 1
    key: str
    outcome: str
    person_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRead(Event):
    """Somebody had a person read from the registers; the number itself is not kept.

    ``outcome`` is one of ``read not_found unavailable``; ``person_id`` stands here only when the person was
    within the actor's scope.
    """

    TYPE: ClassVar[str] = "directory.person_read"
    VERSION: ClassVar[int] = 1
    outcome: str
    person_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequested(Event):
    """Somebody asked for a reading of a register now."""

    TYPE: ClassVar[str] = "directory.sync_requested"
    sync_run_id: str
    register: str
    is_preview: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDecided(Event):
    """Somebody decided about the differences of a reading: ``kind`` is accept, discard or undo."""

    TYPE: ClassVar[str] = "directory.sync_decided"
    IS_PRIVILEGED: ClassVar[bool] = True
    sync_run_id: str
    register: str
    kind: str
    total: int
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDecisionCarriedOut(Event):
    """The worker has carried out a decision about a reading; ``left_out`` of ``total`` were not touched."""

    TYPE: ClassVar[str] = "directory.sync_decision_carried_out"
    sync_run_id: str
    register: str
    kind: str
    total: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterChangeUndone(Event):
    """What a reading had written of a person was taken back. ``fields`` are names of fields, never values.

    ``employment_id`` (from version 2) is empty for what PU had said.
    """

    TYPE: ClassVar[str] = "person.change_undone"
    VERSION: ClassVar[int] = 2
    person_id: str
    organization_id: str
    employment_id: str
    sync_run_id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisDecided(Event):
    """Somebody decided to block, revoke or remove what a basis list names (POR-11, POR-13)."""

    TYPE: ClassVar[str] = "basis.decided"
    IS_PRIVILEGED: ClassVar[bool] = True
    basis_decision_id: str
    kind: str
    total: int
    needs_second_person: bool
    list_sha256: str
    reason: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisApproved(Event):
    """A second person approved a large decision."""

    TYPE: ClassVar[str] = "basis.approved"
    IS_PRIVILEGED: ClassVar[bool] = True
    basis_decision_id: str
    kind: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisWithdrawn(Event):
    """A decision was withdrawn before it was approved; nothing of it was done."""

    TYPE: ClassVar[str] = "basis.withdrawn"
    basis_decision_id: str
    kind: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisStopped(Event):
    """A decision was stopped while it was carried out: ``done`` of ``total`` rows were gone through."""

    TYPE: ClassVar[str] = "basis.stopped"
    basis_decision_id: str
    kind: str
    total: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisCarriedOut(Event):
    """The worker has gone through every row of a decision; ``done`` of ``total`` were carried out."""

    TYPE: ClassVar[str] = "basis.carried_out"
    basis_decision_id: str
    kind: str
    total: int
    done: int
