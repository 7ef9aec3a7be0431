"""What every page shows around its content: who is logged in, the menu, the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from directory.models import Role
from portal import words
from portal.words import Text

_DESK_ROLES = frozenset(
    {Role.ID_ADMINISTRATOR, Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER, Role.REVOCATION_OFFICER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The person logged in, as the head of the page shows them."""

    name: str
    role: Text
    organization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu."""

    label: Text
    icon: str
    url: str
    is_here: bool
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of the menu."""

    title: Text
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Everything around the content."""

    actor: Who | None
    menu: tuple[Section, ...]
    may_search: bool
    environment: str
    version: str
    idle_seconds: int
    absolute_seconds: int
