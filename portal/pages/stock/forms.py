"""The forms of the stock of reserve cards; whether it is allowed is decided below."""

from collections.abc import Sequence
from typing import Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.serial_lists import MOST_CARDS, parse_serial_list
from cards.stock_errors import NoReserveCardsNamed, SerialListUnreadable
from cards.stock_moves import read_numbers
from cards.stock_places import MOST_WARNED_AT
from cards.stock_states import LossReason
from portal import words
from portal.pages.desk.identity_form import dress
from portal.pages.parts import grouped

LARGEST_LIST: Final = 200_000
LINE_PROBLEMS: Final = {
    "header": gettext_lazy("the header is not box;product;valid_until;card_number"),
    "no_cards": gettext_lazy("there is no card"),
    "too_many": gettext_lazy("more than a thousand cards"),
    "another_box": gettext_lazy("another box, product or last day than on the line before"),
    "twice": gettext_lazy("the card stands there twice"),
    "cells": gettext_lazy("there must be four columns"),
    "box": gettext_lazy("the box's number cannot be read"),
    "product": gettext_lazy("the product is no reserve card"),
    "day": gettext_lazy("the last day is not written YYYY-MM-DD"),
    "number": gettext_lazy("the card number is wrong"),
}


class NumbersField(forms.CharField):
    """Card numbers as a scanner or a person writes them, one a line."""

    widget = forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false", "autocomplete": "off"})

    def clean(self, value: object) -> tuple[str, ...]:
        """Return the numbers, each once."""
        try:
            return read_numbers(str(super().clean(value) or ""))
        except NoReserveCardsNamed as error:
            told = _("%(text)s is no card number.") % {"text": error.facts["text"]}
            raise forms.ValidationError(told, code="invalid") from error


class PlaceForm(forms.Form):
    """A new place."""

    name = forms.CharField(
        label=gettext_lazy("What the place is called"),
        help_text=gettext_lazy("For example: Reception, main entrance"),
        max_length=80,
    )
    where = forms.ChoiceField(label=gettext_lazy("Whose it is"))
    threshold = forms.IntegerField(
        label=gettext_lazy("Tell when fewer are left than"),
        help_text=gettext_lazy("Those responsible are told by mail, and see it here. 0 tells nobody."),
        min_value=0,
        max_value=MOST_WARNED_AT,
        initial=3,
    )

    def __init__(self, *arguments: object, places: Sequence[tuple[str, str]]) -> None:
        """Take the organizations and units to choose from."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        field = self.fields["where"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(places)
        dress(self)


class ThresholdForm(forms.Form):
    """At what number a place is warned of."""

    threshold = forms.IntegerField(
        label=gettext_lazy("Tell when fewer are left than"), min_value=0, max_value=MOST_WARNED_AT
    )

    def __init__(self, *arguments: object, **initial: object) -> None:
        """Dress the form."""
        super().__init__(*arguments, **initial)  # type: ignore[arg-type] # a form's data
        dress(self)


class BoxForm(forms.Form):
    """A box and its serial list."""

    file = forms.FileField(
        label=gettext_lazy("The serial list (CSV)"),
        help_text=gettext_lazy("It comes with the box from the producer."),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the list here"),
        required=False,
        max_length=LARGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 5, "class": "mono", "spellcheck": "false"}),
    )
    counted = forms.IntegerField(
        label=gettext_lazy("How many sealed envelopes are in the box?"), min_value=0, max_value=MOST_CARDS
    )
    missing = NumbersField(
        label=gettext_lazy("Card numbers of the list that are not in the box"),
        help_text=gettext_lazy("One a line; leave it empty when all are there."),
        required=False,
    )

    def __init__(self, *arguments: object) -> None:
        """Dress the form."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        dress(self)

    def clean(self) -> dict[str, object]:
        """Read the list of the file or of the text into ``serial_list``, with an error at the file if not."""
        given: dict[str, object] = super().clean() or self.cleaned_data
        file = self.cleaned_data.get("file")
        text = file.read(LARGEST_LIST).decode("utf-8", "replace") if file else self.cleaned_data.get("text")
        try:
            given["serial_list"] = parse_serial_list(text or "")
        except SerialListUnreadable as error:
            why = LINE_PROBLEMS[error.facts["problem"]]
            self.add_error("file", _("Line %(line)s: %(why)s.") % {"line": error.facts["line"], "why": why})
        return given


class SendForm(forms.Form):
    """Cards to another place."""

    target = forms.ChoiceField(label=gettext_lazy("To"))
    numbers = NumbersField(
        label=gettext_lazy("Card numbers"),
        help_text=gettext_lazy("Read or type the number on each envelope, one a line."),
    )

    def __init__(self, *arguments: object, targets: Sequence[tuple[str, str]]) -> None:
        """Take the places to choose from."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        field = self.fields["target"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(targets)
        dress(self)


class ArrivalForm(forms.Form):
    """What came of a hand-over."""

    missing = forms.MultipleChoiceField(
        label=gettext_lazy("The envelopes"),
        help_text=gettext_lazy("Tick those that did not come; none when all came."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("%(value)s is not one of these envelopes.")},
    )
    note = forms.CharField(label=gettext_lazy("What happened to them?"), required=False, max_length=200)

    def __init__(self, *arguments: object, numbers: Sequence[str]) -> None:
        """Take the numbers that were sent, to tick what is not among the envelopes."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        field = self.fields["missing"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(one, grouped(one)) for one in numbers]
        dress(self)


class CountForm(forms.Form):
    """A count."""

    numbers = NumbersField(
        label=gettext_lazy("Card numbers that are there"),
        help_text=gettext_lazy("Read the number on each envelope, one a line. Empty: there are none."),
        required=False,
    )
    reason = forms.CharField(
        label=gettext_lazy("If it differs: why?"),
        required=False,
        max_length=200,
    )

    def __init__(self, *arguments: object) -> None:
        """Dress the form."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        dress(self)


class ReturnForm(forms.Form):
    """Cards that came back from people."""

    act = forms.ChoiceField(
        label=gettext_lazy("What is done"),
        choices=[
            ("take_back", gettext_lazy("Taken back from people, and blocked")),
            ("destroy", gettext_lazy("Destroyed, after they came back")),
        ],
        initial="take_back",
        widget=forms.RadioSelect,
    )
    numbers = NumbersField(
        label=gettext_lazy("Card numbers"),
        help_text=gettext_lazy("Read or type the number on each card, one a line."),
    )

    def __init__(self, *arguments: object, destroyed: Sequence[str] = ()) -> None:
        """Take the numbers of cards to begin with that are here to be destroyed."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        if destroyed:
            self.initial = {"act": "destroy", "numbers": "\n".join(destroyed)}
        dress(self)


class LossForm(forms.Form):
    """A report of loss."""

    reason = forms.ChoiceField(
        label=gettext_lazy("What happened?"),
        choices=[(one.value, words.LOSS_REASONS[one]) for one in LossReason],
    )
    numbers = NumbersField(
        label=gettext_lazy("Card numbers"),
        help_text=gettext_lazy("One a line. Nobody can be handed these cards afterwards."),
    )

    def __init__(self, *arguments: object) -> None:
        """Dress the form."""
        super().__init__(*arguments)  # type: ignore[arg-type] # a form's data
        dress(self)
