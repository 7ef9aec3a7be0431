"""The form of the identity check: the seven steps and the document, never a copy of it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import ClassVar, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from cards.attestor import LONGEST_NAME, Attestor, AttestorRelation
from cards.identity import IdentityCheckFacts, IdentityCheckStep, SuspicionFacts
from cards.products import AssuranceLevel, DocumentKind, IdentityCheckMethod
from portal import words
from portal.words import Text


class IsoDateField(forms.CharField):
    """A day written ÅÅÅÅ-MM-DD as text: native date fields show other orders in other browsers."""

    default_error_messages: ClassVar = {"invalid": _("Write the day as YYYY-MM-DD, for example 2031-10-30.")}

    def to_python(self, value: object) -> date | None:  # type: ignore[override]
        """Return the day, or None when nothing was written."""
        text = super().to_python(value)
        if not text:
            return None
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


_OF_METHOD: Final = {
    "document_country": IdentityCheckMethod.FOREIGN_DOCUMENT,
    "attestor_name": IdentityCheckMethod.ATTESTOR,
    "attestor_number": IdentityCheckMethod.ATTESTOR,
    "attestor_relation": IdentityCheckMethod.ATTESTOR,
}
"""Fields that are there where a level takes the method."""


def signed_facts(check: IdentityCheckFacts) -> dict[str, str]:
    """Return what the administrator's signature binds of a check, whatever is then done to a card.

    Numbers and who vouched are bound by one digest: the evidence names neither document nor attestor.
    """
    who = check.attestor
    vouched = [who.personal_identity_number, who.name] if who else []
    told = json.dumps([check.document_number, *vouched]).encode()
    return {
        "method": check.method.value,
        "document_kind": check.document_kind.value,
        "document_valid_until": check.document_valid_until.isoformat(),
        "document_country": check.document_country,
        "steps": ",".join(sorted(step.value for step in check.steps)),
        "verified_with_issuer": "yes" if check.is_verified_with_document_issuer else "no",
        "attestor_relation": who.relation.value if who else "",
        "numbers_sha256": sha256(told).hexdigest(),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """One of the seven, as the template shows it."""

    id: str
    value: str
    label: Text
    detail: Text
    is_checked: bool


class IdentityForm(forms.Form):
    """What the administrator states; whether it is enough is the card world's word."""

    template_name = ""
    method = forms.ChoiceField(label=_("How was the person identified?"))
    document_kind = forms.ChoiceField(label=_("Kind of document"))
    document_number = forms.CharField(
        label=_("Document number"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    document_valid_to = IsoDateField(
        label=_("The document's last day"),
        help_text=_("YYYY-MM-DD"),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "10", "class": "width-date"}
        ),
    )
    document_country = forms.CharField(
        label=_("Country of a foreign passport"),
        help_text=_("Three letters, as in the passport: NOR, DEU."),
        max_length=3,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "width-date"}),
    )
    attestor_name = forms.CharField(
        label=_("The attestor's name"),
        max_length=LONGEST_NAME,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    attestor_number = forms.CharField(
        label=_("The attestor's personal number"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    attestor_relation = forms.ChoiceField(
        label=_("What the attestor is to the person"),
        choices=[
            ("", _("Choose one")),
            *((one.value, words.ATTESTOR_RELATIONS[one]) for one in AttestorRelation),
        ],
        required=False,
    )
    steps = forms.MultipleChoiceField(
        label=_("The seven steps"),
        choices=[(name, label) for name, label, _detail in words.SEVEN_STEPS],
        required=False,
    )
    verified_with_issuer = forms.BooleanField(
        label=_("I have checked the document with its issuer"),
        help_text=_("The police answer for passports and national identity cards. Not required."),
        required=False,
    )

    def __init__(self, data: object = None, *, level: AssuranceLevel) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        methods, kinds = self.fields["method"], self.fields["document_kind"]
        methods.choices = [  # type: ignore[attr-defined]
            (one.value, words.CHECK_METHODS[one])
            for one in IdentityCheckMethod
            if one in level.identity_check_methods
        ]
        kinds.choices = [  # type: ignore[attr-defined]
            ("", _("Choose the document")),
            *((one.value, words.DOCUMENT_KINDS[one]) for one in DocumentKind if one in level.document_kinds),
        ]
        for name, needs in _OF_METHOD.items():
            if needs not in level.identity_check_methods:
                del self.fields[name]
        dress(self)

    @property
    def has_other_methods(self) -> bool:
        """Tell whether the level takes more than a visit with a document of the person's own."""
        return "attestor_name" in self.fields

    @property
    def steps_shown(self) -> Sequence[StepShown]:
        """Return the seven steps with what is ticked."""
        ticked = set(self["steps"].value() or ())
        return [
            StepShown(id=f"step-{name}", value=name, label=label, detail=detail, is_checked=name in ticked)
            for name, label, detail in words.SEVEN_STEPS
        ]

    def facts(self) -> IdentityCheckFacts:
        """Return the check as the card world takes it; only after ``is_valid``."""
        data = self.cleaned_data
        return IdentityCheckFacts(
            method=IdentityCheckMethod(data["method"]),
            document_kind=DocumentKind(data["document_kind"]),
            document_number=data["document_number"],
            document_valid_until=data["document_valid_to"],
            steps=frozenset(IdentityCheckStep(name) for name in data["steps"]),
            is_verified_with_document_issuer=data["verified_with_issuer"],
            document_country=self._country(),
            attestor=self._attestor(),
        )

    def _country(self) -> str:
        is_foreign = self.cleaned_data["method"] == IdentityCheckMethod.FOREIGN_DOCUMENT.value
        return str(self.cleaned_data.get("document_country", "")).upper() if is_foreign else ""

    def _attestor(self) -> Attestor | None:
        """Return who vouches, where the method is that; without a relation nobody does."""
        data = self.cleaned_data
        relation = data.get("attestor_relation", "")
        if data["method"] != IdentityCheckMethod.ATTESTOR.value or not relation:
            return None
        return Attestor(
            personal_identity_number=data["attestor_number"],
            name=data["attestor_name"],
            relation=AttestorRelation(relation),
        )

    def suspicion(self) -> SuspicionFacts:
        """Return what is known when the check is broken off; whatever is missing or wrong is left out."""
        self.is_valid()
        data = self.cleaned_data
        return SuspicionFacts(
            method=IdentityCheckMethod(data.get("method") or IdentityCheckMethod.VISIT),
            document_kind=DocumentKind(data["document_kind"]) if data.get("document_kind") else None,
            document_number=data.get("document_number", ""),
            document_valid_until=data.get("document_valid_to"),
            steps=frozenset(IdentityCheckStep(name) for name in data.get("steps", ())),
        )


def dress(form: forms.Form) -> None:
    """Give every widget its look, and after a failed check the marks that a screen reader needs."""
    for name, field in form.fields.items():
        kind = {"Select": "form-select", "CheckboxInput": "form-check-input"}.get(
            type(field.widget).__name__, "form-control"
        )
        if field.required and not isinstance(field, forms.BooleanField):
            field.error_messages["required"] = (
                _("Choose one.") if kind == "form-select" else _("Fill this in.")
            )
        attributes = field.widget.attrs
        attributes["class"] = f"{kind} {attributes.get('class', '')}".strip()
        if form.is_bound and name in form.errors:
            attributes["aria-invalid"] = "true"
