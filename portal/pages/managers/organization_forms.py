"""The forms of an organization's set-up; who may send them is decided below."""

from collections.abc import Mapping
from datetime import datetime

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.products import catalogue
from directory.organization_lifecycle import Setup
from portal import moments, words
from portal.pages.desk.identity_form import dress


def _reason() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Kept with the journal entry; no health data."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class SetupForm(forms.Form):
    """What stands on the cards, what may be ordered, and where the bills go."""

    issuance_area = forms.CharField(label=gettext_lazy("Issuance area"), max_length=120)
    back_text = forms.CharField(
        label=gettext_lazy("Text on the back of cards"), max_length=200, required=False
    )
    issuer_number = forms.RegexField(
        r"^[0-9]{0,20}$",
        label=gettext_lazy("Issuer number"),
        help_text=gettext_lazy("DNV number for SIS cards, else ISO number; digits only."),
        required=False,
    )
    billing_reference = forms.CharField(
        label=gettext_lazy("Billing reference"), max_length=60, required=False
    )
    products = forms.MultipleChoiceField(
        label=gettext_lazy("Products"),
        help_text=gettext_lazy("None ticked: all products."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = _reason()

    def __init__(self, data: object = None, *, initial: Mapping[str, object] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}), prefix=None)  # type: ignore[arg-type]
        self.fields["products"].choices = [  # type: ignore[attr-defined]
            (one.code, words.product_name(one)) for one in catalogue().products.values()
        ]
        dress(self)

    @staticmethod
    def initial_of(setup: Setup) -> Mapping[str, object]:
        """Return what the form shows of a set-up."""
        return {
            "issuance_area": setup.issuance_area,
            "back_text": setup.back_text,
            "issuer_number": setup.issuer_number,
            "billing_reference": setup.billing_reference,
            "products": list(setup.products),
        }


class LogoForm(forms.Form):
    """A picture, or none."""

    picture = forms.FileField(
        label=gettext_lazy("Picture"),
        help_text=gettext_lazy("PNG or JPEG, at most one megabyte. None chosen: the logo is taken away."),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )
    reason = _reason()

    def __init__(self, data: object = None, files: object = None) -> None:
        super().__init__(data, files, auto_id="logo_%s")  # type: ignore[arg-type]
        dress(self)


class StopForm(forms.Form):
    """From when, and why."""

    day = forms.CharField(
        label=gettext_lazy("Day, YYYY-MM-DD"),
        required=False,
        widget=forms.TextInput(attrs={"class": "width-date", "autocomplete": "off", "maxlength": "10"}),
    )
    clock = forms.CharField(
        label=gettext_lazy("Time, HH:MM"),
        required=False,
        widget=forms.TextInput(attrs={"class": "width-time", "autocomplete": "off", "maxlength": "5"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Shown to those who want to order."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data, auto_id="stop_%s")  # type: ignore[arg-type]
        dress(self)

    def clean(self) -> dict[str, object]:
        """Read day and time together as Swedish time; both empty means at once."""
        data = super().clean() or {}
        if data.get("day") or data.get("clock"):
            try:
                data["starts_at"] = moments.parse_local(data.get("day", ""), data.get("clock", ""))
            except ValueError:
                self.add_error("day", _("Write the day as YYYY-MM-DD and the time as HH:MM."))
        return data

    def starts_at(self, *, at: datetime) -> datetime:
        """Return from when; never from before now."""
        asked: datetime | None = self.cleaned_data.get("starts_at")
        return max(asked, at) if asked else at
