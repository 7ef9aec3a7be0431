"""The form of the identity check: the seven steps and the document, never a copy of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

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
        dress(self)

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
