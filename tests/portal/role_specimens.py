"""The pages of roles and organizations, filled with made-up people."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from directory.models import Organization, Role
from directory.organization_lifecycle import Setup
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from portal import problems, words
from portal.pages.managers.deciding import ConfirmPage, ConfirmRow, DecisionPage
from portal.pages.managers.giving import GrantPage, GrantPreview
from portal.pages.managers.organization_forms import AgentForm, LogoForm, SetupForm, StopForm
from portal.pages.managers.organizations import AgentRow, AreaRow, OrganizationPage, OrganizationRow
from portal.pages.managers.role_forms import ConfirmForm, GrantForm, ReasonForm
from portal.pages.managers.role_words import allowed
from portal.pages.managers.roles import HelpPage, HelpStep, RoleRow, RolesPage, WaitingRow
from portal.pages.parts import Chip, Choice, Crumb, Fact, TimelineItem
from portal.words import Tag

AT = datetime(2026, 11, 21, 8, 41, tzinfo=UTC)
KEY = "11111111-1111-4111-8111-111111111111"
CRUMBS = (Crumb(label="Roller", url="#"), Crumb(label="Ge en roll"))
OK = Tag(tone="ok", icon="check-circle", label="Gäller")
SOON = Tag(tone="warn", icon="exclamation-triangle", label="Bekräfta före 2026-12-20")
GUN = Actor(kind=ActorKind.PERSON, identifier="SE2321000016-A1", role=Role.ISSUANCE_MANAGER.value)
PLACES = (Organization(pk=KEY, name="Region Norr"),)


def roles() -> dict[str, object]:
    row = RoleRow(
        person="Bo Gustav Alexander Ekströmsberg", hsa_id="SE2321000016-A003", role="ID-administratör",
        organization="Region Norr", detail="Given i portalen · sedan 2025-12-20 · utbildad 2025-12-18",
        tag=SOON, may_see_protected=True, revoke_url="#take",
    )  # fmt: skip
    page = RolesPage(
        chips=[Chip(label="Gäller", url="#", is_chosen=True), Chip(label="Slut", url="#", is_chosen=False)],
        shown="current",
        organizations=[Choice(value=KEY, name="Region Norr", is_chosen=True)],
        roles=[Choice(value=one.value, name=words.ROLES[one]) for one in Role],
        waiting=[
            WaitingRow(
                url="#waiting", person="Åsa Lindqvist (SE2321000016-A100)", role="Ansvarig utgivare",
                organization="Region Norr", requested_at=AT,
            )
        ],
        rows=[row],
        next_url="#next",
        first_url="",
        confirm_url="#confirm",
    )  # fmt: skip
    return {"page": page}


def give(*, has_errors: bool = False) -> dict[str, object]:
    form = GrantForm({"hsa_id": "x"} if has_errors else None, actor=GUN, organizations=PLACES)
    form.is_valid()
    return {"page": GrantPage(crumbs=CRUMBS), "form": form}


def preview() -> dict[str, object]:
    facts = [Fact(name="Omfattar", value="Region Norr, Vårdbolaget AB"), Fact(name="Varför?", value="Ny")]
    shown = GrantPreview(
        person="Bo Ek (SE2321000016-A003)", role="Ansvarig utgivare", takes_two=True, facts=facts,
        allowed=allowed(Role.ISSUANCE_MANAGER),
    )  # fmt: skip
    return {**give(), "page": GrantPage(crumbs=CRUMBS, preview=shown)}


def decision(*, is_mine: bool = False) -> dict[str, object]:
    refusal = Refusal(code="role_refused", facts=(("rule", "same_person"),), fixer="central_administrator")
    page = DecisionPage(
        person="Bo Ek (SE2321000016-A003)", role="Ansvarig utgivare",
        facts=[Fact(name="Begärd av", value="Ines Wallin"), Fact(name="Varför?", value="Efterträder")],
        allowed=allowed(Role.ISSUANCE_MANAGER), crumbs=CRUMBS,
        why=problems.explain(refusal) if is_mine else None,
    )  # fmt: skip
    return {"page": page, "form": ReasonForm()}


def confirm() -> dict[str, object]:
    row = ConfirmRow(
        id=KEY, person="Bo Ek (SE2321000016-A003)", role="ID-administratör", organization="Region Norr",
        detail="utbildad 2025-12-18", tag=SOON, is_ticked=True, why=None,
    )  # fmt: skip
    form = ConfirmForm({"trained_on": "21/11"})
    form.is_valid()
    return {"page": ConfirmPage(rows=[row], crumbs=CRUMBS), "form": form}


def who_can_help() -> dict[str, object]:
    steps = [
        HelpStep(role="ID-administratör", names=["Alva Berg", "Gun Ek"], is_mine=True),
        HelpStep(role="Biträdande utgivare", names=[], is_mine=False),
    ]
    duties = allowed(Role.ID_ADMINISTRATOR)
    page = HelpPage(role="ID-administratör", organization="Region Norr", duties=duties, steps=steps)
    return {"page": page}


def organizations() -> dict[str, object]:
    row = OrganizationRow(
        name="Region Norr", url="#", hsa_id="SE2321000016-0001", agent="Region Syd", people=12043, cards=9511,
        functions=88,
    )  # fmt: skip
    return {"areas": [AreaRow(name="Norra utgivningsområdet", rows=[row])]}


def organization() -> dict[str, object]:
    page = OrganizationPage(
        name="Region Norr", id=KEY,
        facts=[Fact(name="HSA-id", value="SE2321000016-0001", copy="SE2321000016-0001")], logo_url="",
        agents=[
            AgentRow(name="Region Syd", detail="Allt, enligt HSA"),
            AgentRow(name="Vård AB", detail="Kort · från 2026-01-01", id=KEY),
        ],
        stops=["Inga beställningar från 2026-12-18 08:00: byte av portal"], has_own_stop=True,
        may_change=True, events=[TimelineItem(at=AT, title="Organisation ändrad i portalen")], crumbs=CRUMBS,
    )  # fmt: skip
    setup = Setup(
        issuance_area="Norra", back_text="Åter till oss", issuer_number="9752278", products=("7C1",),
        billing_reference="4711",
    )  # fmt: skip
    return {
        "page": page, "setup_form": SetupForm(initial=SetupForm.initial_of(setup)), "logo_form": LogoForm(),
        "stop_form": StopForm(), "agent_form": AgentForm(agents=[("1", "Region Syd")]), "form": None,
    }  # fmt: skip


def open_protected() -> dict[str, object]:
    return {"form": ReasonForm(), "open_url": "#open", "next": "/", "cancel_url": "/"}


SPECIMENS: Mapping[str, tuple[str, Callable[[], dict[str, object]]]] = {
    "roles": ("roles", roles),
    "role-give-errors": ("role_grant", lambda: give(has_errors=True)),
    "role-preview": ("role_grant", preview),
    "role-take": ("role_take", decision),
    "role-decide-mine": ("role_appointment", lambda: decision(is_mine=True)),
    "roles-confirm": ("roles_confirm", confirm),
    "help": ("help", who_can_help),
    "organizations": ("organizations", organizations),
    "organization": ("organization", organization),
    "open-protected": ("open_protected", open_protected),
}
