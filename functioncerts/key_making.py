"""Makes keys for orders that ask for one (PKCS#12): in the worker, locked before anything is kept.

The password goes to the function's mobile and nowhere else; it and the open key exist in this process's
memory for as long as one order takes.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from ca.errors import CaError
from functioncerts import pkcs12
from functioncerts.lifecycle import fail_order, place_with_key
from functioncerts.models import FunctionOrder, KeyParcel
from functioncerts.sms import SmsGateway, SmsNotSent
from functioncerts.states import FunctionOrderState
from journal.actor import Actor

GIVEN_UP: Final = timedelta(hours=72)
"""An order whose password has found no way for so long fails."""


def make_due_keys(*, gateway: SmsGateway | None, actor: Actor, at: datetime, limit: int = 20) -> str:
    """Make the key of each order that waits for one, and say how it went."""
    waiting = FunctionOrder.objects.filter(state=FunctionOrderState.AWAITING_KEY.value)
    made = unsent = failed = 0
    for order in waiting.select_related("function_object__organization").order_by("ordered_at")[:limit]:
        since = order.decided_at or order.ordered_at
        if gateway is not None and order.function_object.mobile:
            try:
                made += _make(order, gateway=gateway, actor=actor, at=at)
                continue
            except SmsNotSent:
                unsent += 1
            except CaError as error:  # a weak key, a subject that the profile refuses: no retry helps
                fail_order(order, failure=error.code, actor=actor, at=at)
                failed += 1
                continue
        if at >= since + GIVEN_UP:
            fail_order(order, failure="password_not_sent", actor=actor, at=at)
            failed += 1
    return f"{made} keys made, {unsent} passwords not sent, {failed} given up"


def _make(order: FunctionOrder, *, gateway: SmsGateway, actor: Actor, at: datetime) -> bool:
    """Make, lock, send, then keep: a password that went out without its key opens nothing."""
    if not FunctionOrder.objects.filter(pk=order.pk, state=FunctionOrderState.AWAITING_KEY.value).exists():
        return False  # the list may be old: no second password
    key = ec.generate_private_key(ec.SECP256R1())
    password = pkcs12.new_password()
    locked = pkcs12.lock(key, password)
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    message_id = gateway.send(
        number=order.function_object.mobile,
        text=f"Sigill {order.function_object.hsa_id}, PKCS#12: {password}",
    )
    with transaction.atomic():
        if not place_with_key(order, public_key=public_key, actor=actor, at=at):
            return False
        KeyParcel.objects.create(
            order=order,
            shrouded_key=locked.shrouded_key,
            mac_key=locked.mac_key,
            mac_salt=locked.mac_salt,
            mac_iterations=locked.mac_iterations,
            made_at=at,
            message_id=message_id,
        )
    return True
