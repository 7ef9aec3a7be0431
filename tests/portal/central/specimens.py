"""Made-up issuers and ceremonies, so that the central administration's pages can be looked at."""

from datetime import UTC, datetime

from ca.ceremony.states import PlanState
from portal import problems
from portal.pages.central.ceremony import ApprovalText, CeremonyPage, StepText
from portal.pages.central.issuers import PLAN_STATES, CeremonyRow, FiguresRow, IssuerRow, IssuersPage
from portal.pages.parts import Crumb, Fact
from portal.words import Tag

AT = datetime.now(tz=UTC).replace(hour=8, minute=41)
_DIGEST = "9449eb4873a6a19a803682bcadbdca86e8c54b139e6105c1f9dc00e7b2b997a2"
_OK = Tag(tone="ok", icon="check-circle", label="Utfärdar")


def issuers() -> dict[str, object]:
    """Return the page of issuers with something waiting, something old and something strange."""
    return {
        "page": IssuersPage(
            waiting=[
                CeremonyRow(
                    title="Person HSA-id 3 rullas över till v2",
                    url="/central/ceremonies/1/",
                    at=AT,
                    tag=PLAN_STATES[PlanState.APPROVED_ONCE],
                )
            ],
            issuers=[
                IssuerRow(
                    key="person_hsa_id_3",
                    name="TEST Sigill e-id Person HSA-id 3 CA v1",
                    environment="PROD",
                    tag=_OK,
                    detail="",
                    certificates=[Fact(name=_DIGEST[:32], value="till och med 2041-11-20")],
                    crl="nummer 12, i dag 08:40, nästa före 2026-11-24 08:40",
                    signer="till och med 2026-12-20",
                ),
                IssuerRow(
                    key="person_id_2",
                    name="TEST Sigill e-id Person ID 2 CA v1",
                    environment="PROD",
                    tag=Tag(tone="bad", icon="slash-circle", label="Spärrad"),
                    detail="sedan i dag 08:40",
                    certificates=[],
                    crl="ingen lista",
                    signer="ingen",
                ),
            ],
            ceremonies=[
                CeremonyRow(
                    title="Första ceremonin för PROD",
                    url="",
                    at=None,
                    tag=PLAN_STATES[PlanState.HELD],
                    pdf="/central/protocols/first.pdf",
                    json="/central/protocols/first.json",
                )
            ],
            figures=[
                FiguresRow(
                    label="person_hsa_id_3",
                    name="TEST Sigill e-id Person HSA-id 3 CA v1",
                    signed=4711,
                    certificates=4699,
                    lists=11,
                    uncertain=0,
                    tag=Tag(tone="bad", icon="exclamation-octagon", label="1 utan rad"),
                )
            ],
        )
    }


def ceremony(kind: str) -> dict[str, object]:
    """Return the page of a plan: ``open``, ``mine`` (approved by oneself) or ``held``."""
    state = {"open": PlanState.PROPOSED, "mine": PlanState.APPROVED_ONCE, "held": PlanState.HELD}[kind]
    title = "Person HSA-id 3 är röjd"
    return {
        "page": CeremonyPage(
            title=title,
            tag=PLAN_STATES[state],
            environment="PROD",
            plan_sha256=_DIGEST,
            script_sha256=_DIGEST[::-1],
            script='title = "Person HSA-id 3 är röjd"\n\n[[steps]]\nact = "revoke_issuer"\n',
            proposed_at=AT,
            steps=[
                StepText(
                    text="Spärra TEST Sigill e-id Person HSA-id 3 CA v1 för alltid, orsak cACompromise",
                    details=[],
                    digests=[_DIGEST],
                )
            ],
            toll=["312 certifikat som ännu går att använda, för 104 personer", "Det kan inte ångras"],
            approvals=[] if kind == "open" else [ApprovalText(name="Åsa Lindqvist", at=AT)],
            url="/central/ceremonies/1/",
            refusal=problems.of_code("ceremony_approval_refused", fixer="central_administrator")
            if kind == "mine"
            else None,
            may_withdraw=kind != "held",
            is_open=kind != "held",
            is_dangerous=True,
            crumbs=(Crumb(label="Utfärdare och ceremonier", url="/central/issuers/"), Crumb(label=title)),
        )
    }
