"""The script of a ceremony: a TOML file that says which steps are taken, read strictly."""

import hashlib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ca.ceremony.errors import ScriptRefused
from ca.environments import Environment
from ca.pki.errors import PolicyFileRefused
from ca.pki.reasons import RevocationReason
from ca.pki.toml_table import TomlTable

_MOST_STEPS: Final = 20
_LONGEST_TITLE: Final = 120


class Act(StrEnum):
    """What a step does."""

    ADD_ISSUER = "add_issuer"
    RENEW_ISSUER = "renew_issuer"
    ROLL_OVER = "roll_over"
    RETIRE_ISSUER = "retire_issuer"
    ROOT_CRL = "root_crl"
    REVOKE_ISSUER = "revoke_issuer"
    RENEW_AUDIT = "renew_audit"


ISSUER_REASONS: Final = {
    reason.rfc_name: reason
    for reason in (
        RevocationReason.KEY_COMPROMISE,
        RevocationReason.CA_COMPROMISE,
        RevocationReason.CESSATION_OF_OPERATION,
    )
}
"""Why an issuer may be revoked, by the names of RFC 5280 section 5.3.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """One step. Empty where the act has no use for a field."""

    act: Act
    issuer: str = ""
    """The issuer's key; of a roll-over the old one."""
    new_issuer: str = ""
    """The key of the issuer that a roll-over makes."""
    like: str = ""
    """The issuer whose rules a new one has, where the step names no others."""
    common_name: str = ""
    """Of a new issuer, without the environment's prefix."""
    issues: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What was read, and the text and digest of the file."""

    title: str
    environment: Environment
    steps: tuple[ScriptStep, ...]
    text: str
    sha256: str


def read_script(content: bytes) -> Script:
    """Read a script. Raises ``ScriptRefused`` with what is wrong with it."""
    try:
        text = content.decode("utf-8")
        table = TomlTable(tomllib.loads(text), where="the script")
        title = table.text("title").strip()
        environment = Environment(table.text("environment", default=Environment.PROD.value))
        steps = tuple(_step(one) for one in table.array("steps"))
        table.finish()
    except (PolicyFileRefused, ValueError) as error:
        raise ScriptRefused(f"the script cannot be read: {error}") from error
    if not title or len(title) > _LONGEST_TITLE:
        raise ScriptRefused(f"the script needs a title of at most {_LONGEST_TITLE} characters")
    if not 0 < len(steps) <= _MOST_STEPS:
        raise ScriptRefused(f"the script needs one to {_MOST_STEPS} steps ([[steps]])")
    digest = hashlib.sha256(content).hexdigest()
    return Script(title=title, environment=environment, steps=steps, text=text, sha256=digest)


def _step(table: TomlTable) -> ScriptStep:
    named = table.text("act")
    if named not in {act.value for act in Act}:
        message = f"{named!r} is no act; there are {', '.join(act.value for act in Act)}"
        raise ValueError(message)
    act = Act(named)
    match act:
        case Act.ADD_ISSUER:
            step = ScriptStep(
                act=act,
                issuer=table.text("issuer"),
                like=table.text("like"),
                common_name=table.text("common_name"),
                issues=table.texts("issues", default=()),
                policies=table.texts("policies", default=()),
            )
        case Act.ROLL_OVER:
            step = ScriptStep(
                act=act,
                issuer=table.text("issuer"),
                new_issuer=table.text("new_issuer"),
                common_name=table.text("common_name"),
            )
        case Act.RENEW_ISSUER | Act.RETIRE_ISSUER:
            step = ScriptStep(act=act, issuer=table.text("issuer"))
        case Act.REVOKE_ISSUER:
            step = ScriptStep(act=act, issuer=table.text("issuer"), reason=table.text("reason"))
            if step.reason not in ISSUER_REASONS:
                raise table.refuse(f"reason must be one of {', '.join(ISSUER_REASONS)}", key="reason")
        case Act.ROOT_CRL | Act.RENEW_AUDIT:
            step = ScriptStep(act=act)
    table.finish()
    return step
