"""Works out what a script would do to this installation, and says why when it cannot; changes nothing."""

import contextlib
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from ca.blocklist import BlockedKeys
from ca.ceremony.additions import AddedIssuer, with_additions
from ca.ceremony.consequence import Consequence, consequence_for
from ca.ceremony.errors import ScriptRefused
from ca.ceremony.plan import AUDIT, algorithm_of
from ca.ceremony.recorded import protocol_file
from ca.ceremony.script import Act, Script, ScriptStep
from ca.environments import Environment
from ca.errors import ProfileRefused
from ca.models import Certificate, Issuer
from ca.pki.errors import PkiError
from ca.pki.hierarchy import IssuerPlan, file_stem
from ca.policy_files import PolicyFiles, policy_files
from ca.registration import OCSP_SIGNER

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_NAME: Final = 64
AUDIT_PROFILE: Final = "audit_signer"

Facts = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be done, step by step, and what it means. Only ``steps`` are in the digest."""

    script: Script
    steps: tuple[Facts, ...]
    consequences: tuple[Consequence, ...]

    @property
    def sha256(self) -> str:
        """What two people approve: the script and everything it names, down to fingerprints."""
        return plan_digest(self.script.sha256, self.steps)


def plan_digest(script_sha256: str, steps: tuple[Facts, ...] | list[Facts]) -> str:
    """Return the digest of a plan."""
    content = json.dumps({"script": script_sha256, "steps": list(steps)}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def plan_ceremony(script: Script, *, at: datetime) -> Planned:
    """Return the exact plan of a script. Raises ``ScriptRefused`` with the rule that stands against it."""
    if not protocol_file(script.environment).exists():
        raise ScriptRefused(
            f"the first key ceremony of {script.environment.value} has not been held: "
            "hold it first (manage.py key_ceremony)"
        )
    world = _World(policy_files(script.environment))
    steps = []
    consequences = []
    for place, step in enumerate(script.steps, 1):
        try:
            steps.append({"step": place, **world.take(step)})
        except (ScriptRefused, ProfileRefused, PkiError) as error:
            raise ScriptRefused(f"step {place} ({step.act.value}): {error}") from error
        if step.act in {Act.RETIRE_ISSUER, Act.ROLL_OVER, Act.REVOKE_ISSUER}:
            consequences.append(consequence_for(Issuer.objects.get(key=step.issuer), at=at))
    return Planned(script=script, steps=tuple(steps), consequences=tuple(consequences))


class _World:
    """What the steps so far have made of the hierarchy: a later step may build on an earlier one."""

    def __init__(self, files: PolicyFiles) -> None:
        self._files = files
        self._hierarchy = files.hierarchy
        self._open = set(
            Issuer.objects.filter(
                environment=files.environment.value, certified_at__isnull=False, retired_at__isnull=True
            ).values_list("key", flat=True)
        )
        self._fresh: set[str] = set()
        self._revoked = set(Issuer.objects.filter(revoked_at__isnull=False).values_list("key", flat=True))

    def take(self, step: ScriptStep) -> Facts:
        facts: Facts
        match step.act:
            case Act.ADD_ISSUER:
                facts = self._add(step)
            case Act.ROLL_OVER:
                facts = self._roll_over(step)
            case Act.RENEW_ISSUER:
                facts = self._renew(step.issuer)
            case Act.RETIRE_ISSUER:
                facts = self._retire(step.issuer)
            case Act.REVOKE_ISSUER:
                facts = {"reason": step.reason, **self._revoke(step.issuer)}
            case Act.ROOT_CRL:
                facts = self._known(self._hierarchy.root.key)
            case Act.RENEW_AUDIT:
                facts = self._audit()
        return {"act": step.act.value, **facts}

    def _roll_over(self, step: ScriptStep) -> Facts:
        old = self._below_root(step.issuer)
        if step.issuer not in self._open:
            raise ScriptRefused(f"{step.issuer} is not open: it cannot be rolled over")
        made = ScriptStep(
            act=step.act,
            issuer=step.new_issuer,
            like=old.key,
            common_name=step.common_name,
            issues=old.issues,
            policies=old.policies,
        )
        facts = {**self._add(made), "old": self._known(step.issuer)}
        self._open.discard(step.issuer)
        return facts

    def _renew(self, key: str) -> Facts:
        self._below_root(key)
        if key in self._revoked:
            raise ScriptRefused(f"{key} is revoked: its key is never certified again")
        return self._known(key)

    def _audit(self) -> Facts:
        """Return who certifies the audit key anew, and the certificate that this follows."""
        if self._files.environment is not Environment.PROD:
            raise ScriptRefused("the house has one journal, and PROD's hierarchy vouches for it")
        profile = self._files.profile(AUDIT_PROFILE)
        found = newest_of(AUDIT)
        if found is None or BlockedKeys(person_id="", carrier_kind="none", carrier_id=AUDIT).weakness(
            bytes(found.request.public_key)
        ):
            raise ScriptRefused(
                "the audit key has no certificate, or it is a key that is never certified again"
            )
        files = dataclasses.replace(self._files, hierarchy=self._hierarchy)
        closed = frozenset(plan.key for plan in self._hierarchy.issuers) - self._open
        return {
            "issued_by": files.issuer_of(profile, "", closed=closed),
            "certificate_sha256": found.sha256,
        }

    def _add(self, step: ScriptStep) -> Facts:
        like = self._below_root(step.like)
        prefix = self._files.environment.key_prefix
        if not _KEY.fullmatch(step.issuer) or not step.issuer.startswith(prefix):
            raise ScriptRefused(f"{step.issuer!r} cannot be the key of an issuer of this environment")
        if any(plan.key == step.issuer for plan in self._hierarchy.issuers) or step.issuer in self._labels():
            raise ScriptRefused(f"there is an issuer or a key {step.issuer} already")
        common_name = self._files.name_prefix + step.common_name
        stems = {file_stem(plan.common_name) for plan in self._hierarchy.issuers}
        if not step.common_name or len(common_name) > _LONGEST_NAME:
            raise ScriptRefused(f"the name of an issuer has one to {_LONGEST_NAME} characters")
        if file_stem(step.common_name) in stems:
            raise ScriptRefused(f"there is an issuer whose files would be named as those of {common_name}")
        issues, policies = step.issues or like.issues, step.policies or like.policies
        self._check_rules(like, issues, policies)
        added = AddedIssuer(
            environment=self._files.environment.value,
            place=len(self._hierarchy.issuers),
            key=step.issuer,
            like=step.like,
            common_name=step.common_name,
            issues=issues,
            policies=policies,
        )
        self._hierarchy = with_additions(self._hierarchy, [added])
        self._open.add(step.issuer)
        self._fresh.add(step.issuer)
        return {
            "issuer": step.issuer,
            "like": step.like,
            "common_name": common_name,
            "place": added.place,
            "plan_name": step.common_name,
            "issues": list(issues),
            "policies": list(policies),
            "issued_by": like.issued_by,
            "algorithm": algorithm_of(self._files, like.profile).value,
        }

    def _check_rules(self, like: IssuerPlan, issues: tuple[str, ...], policies: tuple[str, ...]) -> None:
        for name in issues:
            if self._files.profile(name).is_authority or not self._hierarchy.issuers_of(name):
                raise ScriptRefused(f"an issuer under the root cannot issue {name}")
        if OCSP_SIGNER not in issues:
            raise ScriptRefused("an issuer must issue ocsp_signer: its status could not be asked for")
        known = {policy for plan in self._hierarchy.issuers for policy in plan.policies}
        for name in policies:
            if name not in known:
                raise ScriptRefused(
                    f"no issuer of this hierarchy states the policy {name}; as with {like.key}"
                )

    def _retire(self, key: str) -> Facts:
        self._below_root(key)
        if key not in self._open:
            raise ScriptRefused(f"{key} is retired already, or has no certificate yet")
        return {**self._known(key), "nobody_issues_then": self._closed(key)}

    def _closed(self, key: str) -> list[str]:
        """Close an issuer to new requests; return what nobody issues then, level of assurance by level.

        Asked as a request will ask (``PolicyFiles.issuer_of``): another issuer of the profile that states
        other policies does not take its place.
        """
        before = set(self._issued())
        self._open.discard(key)
        return sorted(before - set(self._issued()))

    def _issued(self) -> Iterator[str]:
        """Yield what is issued: profiles, with the policy where a profile has several."""
        files = dataclasses.replace(self._files, hierarchy=self._hierarchy)
        closed = frozenset(plan.key for plan in self._hierarchy.issuers) - self._open
        for profile in files.profiles.values():
            for policy in profile.policies or ("",):
                with contextlib.suppress(ProfileRefused):
                    files.issuer_of(profile, policy, closed=closed)
                    yield f"{profile.name} ({policy})" if len(profile.policies) > 1 else profile.name

    def _revoke(self, key: str) -> Facts:
        self._below_root(key)
        if key in self._revoked:
            raise ScriptRefused(f"{key} is revoked already")
        if key in self._fresh:
            raise ScriptRefused(f"{key} is made by this very script")
        self._revoked.add(key)
        return {
            **self._known(key),
            "revokes": list(own_certificates(key).values_list("sha256", flat=True)),
            "nobody_issues_then": self._closed(key),
        }

    def _below_root(self, key: str) -> IssuerPlan:
        plan = self._hierarchy.issuer(key)
        if plan.is_root:
            raise ScriptRefused(
                "the root is in the trust stores of everybody who relies on us: "
                "another root is another hierarchy with a first ceremony of its own"
            )
        return plan

    def _known(self, key: str) -> Facts:
        if key in self._fresh:
            return {"issuer": key}
        found = Issuer.objects.filter(key=key, certified_at__isnull=False).first()
        if found is None:
            raise ScriptRefused(f"{key} has no certificate: the ceremony that was to make it is not finished")
        digest = hashlib.sha256(bytes(found.certificate_der)).hexdigest()
        return {"issuer": key, "common_name": found.common_name, "certificate_sha256": digest}

    @staticmethod
    def _labels() -> Iterator[str]:
        yield from Issuer.objects.values_list("key", flat=True)
        yield from Certificate.objects.filter(carrier_kind="none").values_list("carrier_id", flat=True)


def newest_of(label: str) -> Certificate | None:
    """Return the newest certificate of a key of our own."""
    found = Certificate.objects.filter(carrier_kind="none", carrier_id=label)
    return found.order_by("-issued_at", "-pk").first()


def own_certificates(key: str) -> QuerySet[Certificate]:
    """Return the certificates of an issuer's own key that the root signed and has not revoked."""
    found = Certificate.objects.filter(carrier_id=key, profile="issuer", revoked_at__isnull=True)
    return found.order_by("issued_at", "pk")
