"""Who acts: the one value that every write takes and every journal entry keeps."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

OPERATOR: Final = "operator:"
"""How the identifier of a command begins that the operator gave on the server."""


class ActorKind(StrEnum):
    """What kind of actor it is."""

    PERSON = "person"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person in a role, another service, or one of our own jobs.

    ``identifier`` is an HSA-id (person, service) or the name of a job. ``organization_ids`` is the
    scope of the role in use, as text ids: a person or service sees and changes nothing outside it;
    ``organization_id`` is the one of them for which the role was given, where there is just one.
    A role for a part of an organization (``unit_id``) reaches no whole organization, so its
    ``organization_ids`` are empty: it reaches the people and things of ``unit_ids``, the unit and those
    below it, and what does not ask for units shows it nothing.
    ``loa`` is the level of assurance of the login (2 or 3; 0 where it does not apply). ``credential`` is the
    id of the session or API token that was used, ``evidence_id`` of the signature over this very act, if any.
    """

    kind: ActorKind
    identifier: str
    role: str = ""
    organization_ids: tuple[str, ...] = ()
    organization_id: str = ""
    unit_id: str = ""
    unit_ids: tuple[str, ...] = ()
    person_id: str = ""
    loa: int = 0
    may_see_protected: bool = False
    client_address: str = ""
    correlation_id: str = ""
    credential: str = ""
    evidence_id: str = ""

    @classmethod
    def system(cls, name: str, *, correlation_id: str = "") -> Self:
        """Return the actor of a job or process of our own."""
        return cls(kind=ActorKind.SYSTEM, identifier=name, correlation_id=correlation_id)

    @classmethod
    def operator(cls, command: str) -> Self:
        """Return the actor of a command that the operator gave on the server, where nobody logs in to us.

        Who that was is the operating system's word: accounts and their log-ins are its to keep.
        """
        return cls(kind=ActorKind.SYSTEM, identifier=f"{OPERATOR}{command}")

    @property
    def pseudonym(self) -> str:
        """Return what the journal calls the actor: a person's random id, a service's or job's own name."""
        return self.person_id if self._is_somebody else self.identifier

    @property
    def acting_for(self) -> str:
        """Return the id of the organization that the actor acts for; empty for our own jobs."""
        return self.organization_id or (self.organization_ids[0] if len(self.organization_ids) == 1 else "")

    def as_facts(self) -> dict[str, str | int]:
        """Return what a leaf of the journal keeps of the actor: nothing that names a person."""
        facts: dict[str, str | int] = {
            "kind": self.kind.value,
            "role": self.role,
            "scope": ",".join(self.organization_ids),
            "person": self.person_id,
            "loa": self.loa,
            "correlation": self.correlation_id,
            "credential": self.credential,
        }
        if self.evidence_id:
            facts["evidence"] = self.evidence_id
        if self.unit_id:
            facts |= {"unit": self.unit_id, "organization": self.organization_id}
        return facts if self._is_somebody else facts | {"identifier": self.identifier}

    def personal_facts(self) -> dict[str, str]:
        """Return what the journal keeps of the actor outside the leaf, under the person's key."""
        facts = {"identifier": self.identifier if self._is_somebody else "", "address": self.client_address}
        return {name: value for name, value in facts.items() if value}

    @property
    def _is_somebody(self) -> bool:
        """Tell whether the identifier is a person's: one who acts, or whose token a service uses."""
        return self.kind is ActorKind.PERSON or bool(self.person_id)
