"""Makes keys for orders that ask for one (PKCS#12): in the worker, locked before anything is kept.

Any number of workers may do it, and each may die anywhere: an order has one locked key and one password,
which goes to the function's mobile and nowhere else. The open key never leaves this process's memory.

1. make the key and its password, lock the one with the other (memory);
2. keep the locked key and the encrypted password, and hold the order (commit);
3. send the SMS; whoever takes over here sends the same password again;
4. forget the password (commit);
5. ask the CA, and keep the locked key for its receiver (commit).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from ca.errors import CaError
from functioncerts import pkcs12, policies, waiting_passwords
from functioncerts.lifecycle import fail_order, place_with_key
from functioncerts.models import FunctionOrder, KeyInMaking, KeyParcel
from functioncerts.sms import SmsGateway, SmsNotSent
from functioncerts.states import FunctionOrderState
from journal.actor import Actor

GIVEN_UP: Final = timedelta(hours=72)
"""An order whose password has found no way for so long fails."""
HELD_FOR: Final = timedelta(minutes=2)
"""Longer than an SMS centre may take to answer: then whoever held the order is held to be dead."""
AGAIN_AFTER: Final = timedelta(minutes=5)


def make_due_keys(
    *,
    gateway: SmsGateway | None,
    actor: Actor,
    at: datetime,
    limit: int = 20,
    clock: Callable[[], datetime] | None = None,
) -> str:
    """Make the key of each order that waits for one and is in nobody's hand, and say how it went.

    ``clock`` says when each order's turn comes, since its hold counts from there; without it that is ``at``.
    """
    now = clock or (lambda: at)
    waiting = FunctionOrder.objects.filter(state=FunctionOrderState.AWAITING_KEY.value)
    held = KeyInMaking.objects.filter(free_at__gt=at)
    waiting = waiting.exclude(pk__in=held.values("order_id"))
    made = unsent = failed = 0
    for order in waiting.select_related("function_object__organization").order_by("ordered_at")[:limit]:
        since = order.decided_at or order.ordered_at
        if (refusal := policies.keys_not_allowed(order.function_object)) is not None:
            _give_up(order, failure=refusal.code, actor=actor, at=at)  # ended while the order waited
            failed += 1
            continue
        if gateway is not None and order.function_object.mobile:
            try:
                made += _make(order, gateway=gateway, actor=actor, at=now())
                continue
            except SmsNotSent:
                unsent += 1
            except InvalidTag:  # the installation's secret is another since: the next run begins anew
                KeyInMaking.objects.filter(order=order).delete()
                unsent += 1
            except CaError as error:  # a weak key, a subject that the profile refuses: no retry helps
                _give_up(order, failure=error.code, actor=actor, at=at)
                failed += 1
                continue
        if at >= since + GIVEN_UP:
            _give_up(order, failure="password_not_sent", actor=actor, at=at)
            failed += 1
    return f"{made} keys made, {unsent} passwords not sent, {failed} given up"


def _make(order: FunctionOrder, *, gateway: SmsGateway, actor: Actor, at: datetime) -> bool:
    """Take the order's key from where it stands to its receiver; False if somebody else has it."""
    making = _taken_over(order, at=at) or _begun(order, at=at)
    if making is None:
        return False
    if making.sealed_password:
        _send_password(making, order, gateway=gateway, at=at)
    with transaction.atomic():
        if not place_with_key(order, public_key=bytes(making.public_key), actor=actor, at=at):
            return False
        KeyParcel.objects.create(
            order=order,
            shrouded_key=making.shrouded_key,
            mac_key=making.mac_key,
            mac_salt=making.mac_salt,
            mac_iterations=making.mac_iterations,
            made_at=making.made_at,
            message_id=making.message_id,
        )
        KeyInMaking.objects.filter(pk=making.pk).delete()
    return True


def _begun(order: FunctionOrder, *, at: datetime) -> KeyInMaking | None:
    """Make the order's one key and hold it; None if the order waits no more or has its key."""
    if KeyInMaking.objects.filter(order=order).exists():
        return None
    key, password = ec.generate_private_key(ec.SECP256R1()), pkcs12.new_password()
    locked = pkcs12.lock(key, password)
    making = KeyInMaking(
        order=order,
        public_key=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        shrouded_key=locked.shrouded_key,
        mac_key=locked.mac_key,
        mac_salt=locked.mac_salt,
        mac_iterations=locked.mac_iterations,
        made_at=at,
        free_at=at + HELD_FOR,
        tries=1,
    )
    making.sealed_password = waiting_passwords.seal(making.pk, password)
    with transaction.atomic():
        held = FunctionOrder.objects.select_for_update().get(pk=order.pk)
        is_late = held.state != FunctionOrderState.AWAITING_KEY.value
        if is_late or KeyInMaking.objects.filter(order=order).exists():
            return None  # the list was old, or another worker was faster: no second password
        making.save(force_insert=True)
    return making


def _taken_over(order: FunctionOrder, *, at: datetime) -> KeyInMaking | None:
    """Hold the key that an earlier run left behind, for one worker only; None if there is none to take."""
    making = KeyInMaking.objects.filter(order=order, free_at__lte=at).first()
    if making is None:
        return None
    moved = KeyInMaking.objects.filter(pk=making.pk, free_at=making.free_at, tries=making.tries).update(
        free_at=at + HELD_FOR, tries=making.tries + 1
    )
    making.tries += 1
    return making if moved == 1 else None


def _send_password(making: KeyInMaking, order: FunctionOrder, *, gateway: SmsGateway, at: datetime) -> None:
    """Send the key's one password and forget it; raises SmsNotSent, and then the same is sent later."""
    password = waiting_passwords.unseal(making.pk, bytes(making.sealed_password))
    try:
        message_id = gateway.send(
            number=order.function_object.mobile,
            text=f"Sigill {order.function_object.hsa_id}, PKCS#12: {password}",
        )
    except SmsNotSent:
        free_at = at if making.tries == 1 else at + AGAIN_AFTER
        KeyInMaking.objects.filter(pk=making.pk, tries=making.tries).update(free_at=free_at)
        raise
    KeyInMaking.objects.filter(pk=making.pk).update(sealed_password=b"", message_id=message_id)
    making.sealed_password, making.message_id = b"", message_id


def _give_up(order: FunctionOrder, *, failure: str, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        KeyInMaking.objects.filter(order=order).delete()
        fail_order(order, failure=failure, actor=actor, at=at)
