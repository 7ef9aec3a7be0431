"""Explanations of what the authentication service and the login refuse."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.wordings.wording import Wording

AUTHN: Final[Mapping[str, Wording]] = {
    "invalidParameters": Wording(
        status=400,
        title=_("The login request is not right"),
        text=_("A part is missing or not allowed for this service."),
        fixer="support",
    ),
    "alreadyInProgress": Wording(
        status=400,
        title=_("Another order for the same person is open"),
        text=_("Wait until it has ended, or cancel it."),
        fixer="time",
    ),
    "returnUrlNotRegistered": Wording(
        status=422,
        title=_("The return address is not registered"),
        text=_("A login may only return to an address that was registered for the service."),
        fixer="operator",
    ),
    "notFound": Wording(
        status=404,
        title=_("The login is no longer there"),
        text=_("It has ended or was used. Start again."),
        fixer="you",
    ),
    "alreadyClaimed": Wording(
        status=409,
        title=_("Another client was first"),
        text=_("The link was already opened once. Start again, and open it in one place only."),
        fixer="you",
    ),
    "unauthorized": Wording(
        status=401,
        title=_("The caller is not the one that started"),
        text=_("The request is not signed with the right key."),
        fixer="support",
    ),
    "tooManyRequests": Wording(
        status=429,
        title=_("Too many tries"),
        text=_("Wait %(retry_after)s seconds and try again."),
        fixer="time",
    ),
    "clientTooOld": Wording(
        status=409,
        title=_("The card client is too old"),
        text=_("Update it and try again."),
        fixer="you",
    ),
    "returnCodeWrong": Wording(
        status=403,
        title=_("Other digits than the client shows"),
        text=_("Tries left: %(tries_left)s."),
        fixer="you",
    ),
    "orderMoved": Wording(
        status=409, title=_("The login has already moved on"), text=_("Start again."), fixer="you"
    ),
    "attemptMoved": Wording(
        status=409, title=_("The login has already moved on"), text=_("Start again."), fixer="you"
    ),
    "mtlsNotOffered": Wording(
        status=404,
        title=_("Nobody logs in by a certificate in the browser here"),
        text=_("Log in with the card client."),
        fixer="you",
    ),
    "checkFailed": Wording(
        status=403,
        title=_("The card was not accepted"),
        text=_("A check of the card, its certificate or the signature said no."),
        fixer="you",
    ),
}
