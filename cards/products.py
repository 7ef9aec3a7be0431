"""Card products and assurance levels: policy as data, read once and strictly from products.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from ca.environments import Environment

PRODUCTS_FILE: Final = Path(__file__).with_name("products.toml")

_Member = TypeVar("_Member", bound=StrEnum)


class CardKind(StrEnum):
    """Families of card products (domain.md 2.1)."""

    SIS = "sis"
    SERVICE = "service"
    REGULAR = "regular"
    RESERVE = "reserve"
    TEST = "test"


class Destination(StrEnum):
    """Where the producer delivers a product."""

    REGISTERED_ADDRESS = "registered_address"
    STOCK = "stock"


class IdentityKind(StrEnum):
    """Kinds of personal number a holder may have (domain.md 2.2)."""

    PERSONAL_IDENTITY_NUMBER = "personal_identity_number"
    COORDINATION_NUMBER = "coordination_number"


class IdentityCheckMethod(StrEnum):
    """How the holder was identified (domain.md 2.3)."""

    VISIT = "visit"
    ATTESTOR = "attestor"
    FOREIGN_DOCUMENT = "foreign_document"


class DocumentKind(StrEnum):
    """Identity documents that may be shown; which are enough is decided per assurance level."""

    DRIVING_LICENCE = "driving_licence"
    PASSPORT = "passport"
    SIS_ID_CARD = "sis_id_card"
    NATIONAL_ID_CARD = "national_id_card"
    TAX_AGENCY_ID_CARD = "tax_agency_id_card"
    FOREIGN_PASSPORT = "foreign_passport"


class ProductsInvalid(Exception):
    """products.toml says something that we do not understand; the message names key and place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardProduct:
    """One thing that can be ordered."""

    code: str
    name_sv: str
    name_en: str
    kind: CardKind
    orderable: bool
    has_photo: bool
    has_signature_image: bool
    needs_issuer_number: bool
    """The organization's number stands on the card and must be known (DNV for SIS cards, domain.md 1.1)."""
    generation: int
    max_validity_months: int
    delivered_to: Destination
    environment: Environment
    """Whose issuers certify its keys; a test card is QA's for its whole life (requirement QA-2)."""
    loa_allowed: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssuranceLevel:
    """What is demanded of a holder, and of the identity check, for one level of assurance."""

    level: int
    minimum_age: int
    needs_registered_address: bool
    identity_kinds: frozenset[IdentityKind]
    coordination_number_levels: tuple[str, ...]
    """How surely a coordination number must be somebody's, in PU's words; for levels that take them."""
    identity_check_methods: frozenset[IdentityCheckMethod]
    document_kinds: frozenset[DocumentKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All products by code and all assurance levels by number."""

    products: Mapping[str, CardProduct]
    levels: Mapping[int, AssuranceLevel]


@cache
def catalogue() -> Catalogue:
    """Return the products of this installation; read once per process."""
    return parse_catalogue(PRODUCTS_FILE.read_text(encoding="utf-8"))


def product(code: str) -> CardProduct | None:
    """Return the product with this code, or None."""
    return catalogue().products.get(code)


def assurance_level(level: int) -> AssuranceLevel:
    """Return what a level demands; KeyError if no product could have been ordered at that level."""
    return catalogue().levels[level]


def parse_catalogue(text: str) -> Catalogue:
    """Read the TOML text; raise ProductsInvalid on an unknown, missing or ill-typed key."""
    document = tomllib.loads(text)
    _demand_exact_keys("products.toml", document, {"product", "assurance_level"})
    products = [_product(row) for row in _rows(document, "product")]
    levels = [_level(row) for row in _rows(document, "assurance_level")]
    if len({item.code for item in products}) != len(products):
        raise ProductsInvalid("two products share a code")
    known = {item.level for item in levels}
    if len(known) != len(levels):
        raise ProductsInvalid("two assurance levels share a number")
    for item in products:
        if not item.loa_allowed or not set(item.loa_allowed) <= known:
            raise ProductsInvalid(f"product {item.code}: loa_allowed names a level that is not described")
    return Catalogue(
        products={item.code: item for item in products},
        levels={item.level: item for item in levels},
    )


def _product(row: Mapping[str, object]) -> CardProduct:
    place = f"product {row.get('code')}"
    _demand_exact_keys(place, row, set(CardProduct.__dataclass_fields__))
    months = _number(place, row, "max_validity_months")
    if not 1 <= months <= 60:  # noqa: PLR2004 - five years, domain.md 2.1
        raise ProductsInvalid(f"{place}: max_validity_months must be 1..60")
    return CardProduct(
        code=_text(place, row, "code"),
        name_sv=_text(place, row, "name_sv"),
        name_en=_text(place, row, "name_en"),
        kind=_member(place, row, "kind", CardKind),
        orderable=_truth(place, row, "orderable"),
        has_photo=_truth(place, row, "has_photo"),
        has_signature_image=_truth(place, row, "has_signature_image"),
        needs_issuer_number=_truth(place, row, "needs_issuer_number"),
        generation=_number(place, row, "generation"),
        max_validity_months=months,
        delivered_to=_member(place, row, "delivered_to", Destination),
        environment=_member(place, row, "environment", Environment),
        loa_allowed=tuple(_numbers(place, row, "loa_allowed")),
    )


def _level(row: Mapping[str, object]) -> AssuranceLevel:
    place = f"assurance_level {row.get('level')}"
    _demand_exact_keys(place, row, set(AssuranceLevel.__dataclass_fields__))
    return AssuranceLevel(
        level=_number(place, row, "level"),
        minimum_age=_number(place, row, "minimum_age"),
        needs_registered_address=_truth(place, row, "needs_registered_address"),
        identity_kinds=_members(place, row, "identity_kinds", IdentityKind),
        coordination_number_levels=tuple(_texts(place, row, "coordination_number_levels")),
        identity_check_methods=_members(place, row, "identity_check_methods", IdentityCheckMethod),
        document_kinds=_members(place, row, "document_kinds", DocumentKind),
    )


def _demand_exact_keys(place: str, row: Mapping[str, object], expected: set[str]) -> None:
    if unknown := sorted(set(row) - expected):
        raise ProductsInvalid(f"{place}: unknown key {', '.join(unknown)}")
    if missing := sorted(expected - set(row)):
        raise ProductsInvalid(f"{place}: missing key {', '.join(missing)}")


def _rows(document: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    rows = document[key]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProductsInvalid(f"{key}: must be an array of tables")
    return rows


def _text(place: str, row: Mapping[str, object], key: str) -> str:
    value = row[key]
    if not isinstance(value, str) or not value:
        raise ProductsInvalid(f"{place}: {key} must be a text")
    return value


def _truth(place: str, row: Mapping[str, object], key: str) -> bool:
    value = row[key]
    if not isinstance(value, bool):
        raise ProductsInvalid(f"{place}: {key} must be true or false")
    return value


def _number(place: str, row: Mapping[str, object], key: str) -> int:
    value = row[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProductsInvalid(f"{place}: {key} must be a number")
    return value


def _numbers(place: str, row: Mapping[str, object], key: str) -> list[int]:
    values = row[key]
    if not isinstance(values, list):
        raise ProductsInvalid(f"{place}: {key} must be a list")
    return [_number(place, {key: value}, key) for value in values]


def _texts(place: str, row: Mapping[str, object], key: str) -> list[str]:
    values = row[key]
    if not isinstance(values, list):
        raise ProductsInvalid(f"{place}: {key} must be a list")
    return [_text(place, {key: value}, key) for value in values]


def _member(place: str, row: Mapping[str, object], key: str, kind: type[_Member]) -> _Member:
    value = row[key]
    try:
        return kind(str(value))
    except ValueError:
        raise ProductsInvalid(f"{place}: {key} says {value!r}, which is none of {', '.join(kind)}") from None


def _members(
    place: str,
    row: Mapping[str, object],
    key: str,
    kind: type[_Member],
) -> frozenset[_Member]:
    values = row[key]
    if not isinstance(values, list):
        raise ProductsInvalid(f"{place}: {key} must be a list")
    return frozenset(_member(place, {key: value}, key, kind) for value in values)
