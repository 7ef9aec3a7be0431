"""Which lists an issuer publishes, where each lies, and the newest of each. Changes nothing."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import Max, QuerySet

from ca.models import Crl, Issuer
from ca.pki.issuer import IssuerFacts
from ca.policy_files import files_of

WHOLE: Final = -1
"""The shard that is none: the list of everything that the issuer revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlList:
    """One list: the whole one, the delta on it, or a shard."""

    issuer: Issuer
    shard: int = WHOLE
    is_delta: bool = False

    @property
    def name(self) -> str:
        """What people call it: ``person_id_3``, ``person_id_3 delta``, ``person_id_3 shard 2``."""
        if self.is_delta:
            return f"{self.issuer.key} delta"
        return self.issuer.key if self.shard == WHOLE else f"{self.issuer.key} shard {self.shard}"

    @property
    def file(self) -> Path:
        """Where it is published."""
        return crl_file(self.issuer, shard=self.shard, is_delta=self.is_delta)

    @property
    def facts(self) -> IssuerFacts:
        """What the list says of its issuer, to which the shard belongs also when it was planned before."""
        facts = files_of(self.issuer).facts_of(self.issuer)
        if self.shard < facts.plan.crl_shards:
            return facts
        return replace(facts, plan=replace(facts.plan, crl_shards=self.shard + 1))

    @property
    def latest(self) -> Crl | None:
        """The newest signed one, without its bytes: this is asked every few seconds."""
        return self.signed.defer("crl_der").order_by("-crl_number").first()

    @property
    def signed(self) -> QuerySet[Crl]:
        """Every signed one."""
        return sequence(self.issuer, self.shard).filter(base_crl_number__isnull=not self.is_delta)


class NewestLists:
    """The newest list of each kind, each asked for once: for one look at all of them.

    Whoever makes a list meanwhile says so with ``forget``; another worker's is seen by the next look.
    """

    def __init__(self) -> None:
        self._newest: dict[tuple[Issuer, int], Crl | None] = {}
        self._latest: dict[CrlList, Crl | None] = {}

    def newest(self, crl_list: CrlList) -> Crl | None:
        """Return the newest of the sequence: a full list and its delta share the numbers."""
        of = crl_list.issuer, crl_list.shard
        if of not in self._newest:
            self._newest[of] = sequence(*of).defer("crl_der").order_by("-crl_number").first()
        return self._newest[of]

    def latest(self, crl_list: CrlList) -> Crl | None:
        """Return the newest of its kind, as ``CrlList.latest`` does."""
        newest = self.newest(crl_list)
        if newest is None or (newest.base_crl_number is not None) is crl_list.is_delta:
            return newest
        if crl_list not in self._latest:
            self._latest[crl_list] = crl_list.latest
        return self._latest[crl_list]

    def full(self, crl_list: CrlList) -> Crl | None:
        """Return the newest full list of the sequence that a list is of."""
        return self.latest(CrlList(issuer=crl_list.issuer, shard=crl_list.shard))

    def forget(self, crl_list: CrlList) -> None:
        """Ask anew for the sequence of a list that was made."""
        self._newest.pop((crl_list.issuer, crl_list.shard), None)
        self._latest = {
            one: found
            for one, found in self._latest.items()
            if (one.issuer, one.shard) != (crl_list.issuer, crl_list.shard)
        }


def sequence(issuer: Issuer, shard: int) -> QuerySet[Crl]:
    """Return the signed lists that share one sequence of numbers: a full list and its deltas."""
    return Crl.objects.filter(issuer=issuer, shard=shard, signed_at__isnull=False)


def lists_of(issuer: Issuer) -> list[CrlList]:
    """Return the lists that an issuer publishes, the whole one first.

    A shard that was ever published goes on, also when the hierarchy has fewer by now: certificates carry its
    address.
    """
    plan = files_of(issuer).hierarchy.issuer(issuer.key)
    lists = [CrlList(issuer=issuer)]
    if plan.delta_crl_interval:
        lists.append(CrlList(issuer=issuer, is_delta=True))
    highest = Crl.objects.filter(issuer=issuer).aggregate(Max("shard"))["shard__max"]
    planned = plan.crl_shards if plan.crl_shards > 1 else 0
    shards = max(planned, 0 if highest is None else highest + 1)
    return lists + [CrlList(issuer=issuer, shard=shard) for shard in range(shards)]


def crl_file(issuer: Issuer, *, shard: int = WHOLE, is_delta: bool = False) -> Path:
    """Return where an issuer's CRL is published."""
    suffix = "-delta" if is_delta else "" if shard == WHOLE else f"-{shard}"
    folder: Path = settings.SIGILL_PUBLIC / "crl"
    return folder / f"{issuer.file_stem}{suffix}.crl"
