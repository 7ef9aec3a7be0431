"""The forms of giving, taking, deciding on and confirming roles; whether it is allowed is decided below."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from directory.models import Organization, Role
from directory.roles import GRANTERS, PROTECTED_GRANTERS
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from portal import words
from portal.pages.desk.identity_form import IsoDateField, dress

LAST_DAY = date.max - timedelta(days=1)
"""The last day after which another one comes."""
DAY = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "10", "class": "width-date"}


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Kept with the journal entry; no health data."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        dress(self)


class GrantForm(forms.Form):
    """Whom, which role, for what, how long, and why."""

    hsa_id = forms.CharField(
        label=gettext_lazy("HSA-id of the person"),
        help_text=gettext_lazy("The service identity that the person will work with."),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    organization = forms.ChoiceField(
        label=gettext_lazy("Organization"),
        help_text=gettext_lazy("The role reaches it and those that it is agent for."),
    )
    unit = forms.CharField(
        label=gettext_lazy("Only for the unit with HSA-id"),
        help_text=gettext_lazy("Empty: the whole organization. A unit counts with all units below it."),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    valid_from = IsoDateField(
        label=gettext_lazy("From"), required=False, help_text=gettext_lazy("YYYY-MM-DD; empty: at once"),
        widget=forms.TextInput(attrs=DAY),
    )  # fmt: skip
    valid_to = IsoDateField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("YYYY-MM-DD; empty: no end"),
        widget=forms.TextInput(attrs=DAY),
    )  # fmt: skip
    trained_on = IsoDateField(
        label=gettext_lazy("Day of the training"), required=False,
        help_text=gettext_lazy("YYYY-MM-DD. An ID administrator is trained before the work begins."),
        widget=forms.TextInput(attrs=DAY),
    )  # fmt: skip
    may_see_protected = forms.BooleanField(
        label=gettext_lazy("May handle people with protected data"), required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Kept with the journal entry; no health data."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: object = None, *, actor: Actor, organizations: Sequence[Organization]) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        given = [role for role, granters in GRANTERS.items() if actor.role in {one.value for one in granters}]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose the role")), *((role.value, words.ROLES[role]) for role in given)
        ]  # fmt: skip
        self.fields["organization"].choices = [  # type: ignore[attr-defined]
            (str(one.pk), one.name) for one in organizations
        ]
        if actor.role not in {role.value for role in PROTECTED_GRANTERS}:
            del self.fields["may_see_protected"]
        dress(self)

    @property
    def role_given(self) -> Role:
        """Return the role; only after ``is_valid``."""
        return Role(self.cleaned_data["role"])

    def begins(self, *, at: datetime) -> datetime:
        """Return when it begins: at once, or with the day."""
        day: date | None = self.cleaned_data["valid_from"]
        return at if day is None else max(at, midnight(day))

    def ends(self) -> datetime | None:
        """Return when it ends: after the last day."""
        day: date | None = self.cleaned_data["valid_to"]
        return None if day is None else midnight(min(day, LAST_DAY) + timedelta(days=1))


class ConfirmForm(forms.Form):
    """Which roles are still needed."""

    trained_on = IsoDateField(
        label=gettext_lazy("Training followed up on"), required=False,
        help_text=gettext_lazy(
            "YYYY-MM-DD, for the ID administrators you tick. Empty: the day that stands."
        ),
        widget=forms.TextInput(attrs=DAY),
    )  # fmt: skip
    suitable = forms.BooleanField(
        label=gettext_lazy("I have checked that those ticked need their role and are suited for it"),
        error_messages={"required": gettext_lazy("Tick this to confirm.")},
    )

    def __init__(self, data: Mapping[str, object] | None = None) -> None:
        super().__init__(data)
        dress(self)


def midnight(day: date) -> datetime:
    """Return when a day begins in Sweden."""
    return datetime.combine(day, time(), tzinfo=SWEDEN)
