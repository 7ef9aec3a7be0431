"""People of Region Norr to order for, and an order for several in each state."""

from collections.abc import Callable

import pytest

from cards.bulk.choosing import from_list
from cards.bulk.models import BulkOrder, BulkSource
from cards.bulk.preparing import prepare_bulk_order
from cards.bulk.reading import read_list
from directory.identifiers import PersonalIdentityNumber, luhn_digit
from directory.models import Employment, Organization, Person, RegistrationStatus, Unit
from journal.actor import Actor
from tests.cast import LONG_AGO
from tests.scenarios import Scene

JOB = Actor.system("bulk_orders")
People = Callable[..., list[Employment]]


def employ(
    organization: Organization, place: int, *, unit: Unit | None = None, protected: bool = False
) -> Employment:
    """Return the employment of a person who has everything that a card takes; Skatteverket's test numbers."""
    digits = f"1970{1 + place // 28 % 12:02d}{1 + place % 28:02d}{980 + place // 336}"
    number = digits + str(luhn_digit(digits[2:]))
    person = Person.objects.create(
        personal_identity_number=number,
        given_name="Person",
        calling_name="Person",
        surname=f"Nummer{place:05d}",
        search_key="" if protected else f" person nummer{place:05d}",
        birth_date=PersonalIdentityNumber(number).birth_date,
        registration_status=RegistrationStatus.REGISTERED.value,
        protected_identity=protected,
        address_lines=[] if protected else ["Storgatan 1", "972 31 Luleå"],
        pu_read_at=LONG_AGO,
    )
    return Employment.objects.create(
        person=person,
        organization=organization,
        unit=unit,
        hsa_id=f"{organization.hsa_id.partition('-')[0]}-N{place:04d}",
    )


@pytest.fixture
def people(scene: Scene) -> People:
    """Return a function that employs so many more in Region Norr."""

    def made(count: int, *, unit: Unit | None = None) -> list[Employment]:
        begin = Person.objects.count()
        return [employ(scene.cast.norr, begin + one, unit=unit) for one in range(count)]

    return made


def prepared(scene: Scene, text: str, *, product_code: str = "7C1", actor: Actor | None = None) -> BulkOrder:
    """Prepare an order for the people of a list."""
    who = actor or scene.cast.alva
    rows = from_list(
        read_list(text), organization=scene.cast.norr, product_code=product_code, actor=who, at=scene.at
    )
    return prepare_bulk_order(
        rows, source=BulkSource.LIST, about="", organization=scene.cast.norr, actor=who, at=scene.at
    )
