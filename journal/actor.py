"""Who acts: the one value that every write takes and every journal entry keeps."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """What kind of actor it is."""

    PERSON = "person"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person in a role, another service, or one of our own jobs.

    ``identifier`` is an HSA-id (person, service) or the name of a job. ``organization_ids`` is the
    scope of the role in use, as text ids: a person or service sees and changes nothing outside it.
    ``loa`` is the level of assurance of the login (2 or 3; 0 where it does not apply).
    """

    kind: ActorKind
    identifier: str
    role: str = ""
    organization_ids: tuple[str, ...] = ()
    person_id: str = ""
    loa: int = 0
    may_see_protected: bool = False
    client_address: str = ""
    correlation_id: str = ""

    @classmethod
    def system(cls, name: str, *, correlation_id: str = "") -> Self:
        """Return the actor of a job or process of our own."""
        return cls(kind=ActorKind.SYSTEM, identifier=name, correlation_id=correlation_id)

    def as_facts(self) -> dict[str, str | int]:
        """Return what the journal keeps of the actor."""
        return {
            "kind": self.kind.value,
            "identifier": self.identifier,
            "role": self.role,
            "scope": ",".join(self.organization_ids),
            "person": self.person_id,
            "loa": self.loa,
            "address": self.client_address,
            "correlation": self.correlation_id,
        }
