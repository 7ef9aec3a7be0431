"""Asks whether a function certificate would be taken in order, with every rule of ours and the CA's."""

from collections.abc import Sequence
from datetime import datetime

from ca.rehearsal import check_request
from functioncerts.wishes import Wish, draft_of, read_wish, unsaved_order
from journal.actor import Actor


def rehearse(
    *, hsa_id: str, csr: bytes, names: Sequence[str], replaces: str = "", actor: Actor, at: datetime
) -> Wish:
    """Return the wish, or raise what ordering it would raise, also KeyRefused; nothing is written."""
    wish = read_wish(hsa_id=hsa_id, csr=csr, names=names, replaces=replaces, actor=actor, at=at)
    check_request(draft_of(unsaved_order(wish)), actor=actor, at=at)
    return wish
