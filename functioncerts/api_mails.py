"""The API of certificates sent by mail, encrypted (FC-5): ask for one, and see what became of each."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from functioncerts import policies, selectors
from functioncerts.api_base import ExactForm, ScopedView, actor_of, now
from functioncerts.certificate_mails import ask_mail, mails_of
from functioncerts.errors import Refused
from functioncerts.models import CertificateMail, Fate, FunctionOrder, Sealing, TokenScope
from journal.actor import Actor


class MailForm(ExactForm):
    """Nothing: the receivers are those of the function object."""


class MailView(serializers.Serializer[object]):
    """A mail with a certificate."""

    address = serializers.CharField()
    sealing = serializers.ChoiceField(
        choices=[one.value for one in Sealing],
        help_text="`certificate`: to a key of the receiver; `password`: which goes by SMS to the function",
    )
    fate = serializers.ChoiceField(choices=[one.value for one in Fate])
    reply = serializers.CharField(allow_blank=True, help_text="what the mail server said")
    asked_at = serializers.DateTimeField()
    bounced_at = serializers.DateTimeField(allow_null=True)


class MailsView(serializers.Serializer[object]):
    """The mails with one certificate, newest first."""

    asked = serializers.IntegerField(required=False, help_text="to how many this request asked for one")
    mails = MailView(many=True)


class FunctionCertificateMails(ScopedView):
    """The mails with one certificate."""

    scopes: ClassVar = {**ScopedView.scopes, "POST": TokenScope.MANAGE}

    @extend_schema(operation_id="function_certificates_mails", responses=MailsView)
    def get(self, request: Request, order_id: str) -> Response:
        """List the newest mails and what became of each."""
        actor = actor_of(request)
        return Response(_told(_received(order_id, actor=actor)))

    @extend_schema(operation_id="function_certificates_mail", request=MailForm, responses={202: MailsView})
    def post(self, request: Request, order_id: str) -> Response:
        """Have it sent to the receivers; who waits for one already gets no second."""
        MailForm(data=request.data).is_valid(raise_exception=True)
        actor = actor_of(request)
        asked = ask_mail(order_id=order_id, actor=actor, at=now())
        told = {"asked": asked, **_told(_received(order_id, actor=actor))}
        return Response(told, status=HTTPStatus.ACCEPTED)


def _received(order_id: str, *, actor: Actor) -> FunctionOrder:
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := policies.may_receive(order, actor=actor)) is not None:
        raise Refused(refusal)
    return order


def _told(order: FunctionOrder) -> Mapping[str, object]:
    return {"mails": [_mail(one) for one in mails_of(order)]}


def _mail(one: CertificateMail) -> dict[str, object]:
    return {
        "address": one.address,
        "sealing": one.sealing,
        "fate": one.fate,
        "reply": one.reply,
        "asked_at": one.asked_at,
        "bounced_at": one.bounced_at,
    }
