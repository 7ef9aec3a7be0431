"""The forms of an organization's set-up; who may send them is decided below."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.products import catalogue
from directory.agencies import Task
from directory.organization_lifecycle import Setup
from portal import moments, words
from portal.pages.desk.identity_form import IsoDateField, dress
from portal.pages.managers.role_forms import DAY, LAST_DAY, midnight


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
    default_product = forms.ChoiceField(
        label=gettext_lazy("Usual product"),
        help_text=gettext_lazy("Chosen beforehand when somebody orders a card."),
        required=False,
    )
    reason = _reason()

    def __init__(self, data: object = None, *, initial: Mapping[str, object] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}), prefix=None)  # type: ignore[arg-type]
        names = [(one.code, words.product_name(one)) for one in catalogue().products.values()]
        self.fields["products"].choices = names  # type: ignore[attr-defined]
        self.fields["default_product"].choices = [("", _("None")), *names]  # type: ignore[attr-defined]
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
            "default_product": setup.default_product,
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


class AgentForm(forms.Form):
    """Which organization handles what, and how long."""

    agent = forms.ChoiceField(label=gettext_lazy("Agent"))
    handles = forms.MultipleChoiceField(
        label=gettext_lazy("Handles"),
        choices=(("cards", gettext_lazy("Cards")), ("functions", gettext_lazy("Function certificates"))),
        widget=forms.CheckboxSelectMultiple,
    )
    valid_from = IsoDateField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("YYYY-MM-DD; empty: at once"),
        widget=forms.TextInput(attrs=DAY),
    )
    valid_to = IsoDateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("YYYY-MM-DD; empty: no end"),
        widget=forms.TextInput(attrs=DAY),
    )
    reason = _reason()

    def __init__(self, data: object = None, *, agents: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(data, auto_id="agent_%s")  # type: ignore[arg-type]
        self.fields["agent"].choices = [("", _("Choose the organization")), *agents]  # type: ignore[attr-defined]
        dress(self)

    def task(self, *, at: datetime) -> Task:
        """Return what is asked for; only after ``is_valid``. It begins at the earliest now."""
        data = self.cleaned_data
        begins: date | None = data["valid_from"]
        ends: date | None = data["valid_to"]
        return Task(
            agent_id=data["agent"],
            for_cards="cards" in data["handles"],
            for_functions="functions" in data["handles"],
            valid_from=at if begins is None else max(at, midnight(begins)),
            valid_to=None if ends is None else midnight(min(ends, LAST_DAY) + timedelta(days=1)),
        )


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
