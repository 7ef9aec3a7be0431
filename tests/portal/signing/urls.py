"""One act that must be signed, and all that it takes to sign it, for tests of the step-up alone."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

import portal.urls
from directory.models import Organization
from journal.errors import DomainError
from journal.recording import record
from portal.accounts.events import LoginRefused
from portal.pages import asking
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed


class TooLate(DomainError):
    """What an act may meet when it is done."""

    code = "domain_error"


def act(request: HttpRequest) -> HttpResponse:
    """Change an organization's locality, and tell the journal so; "gone" refuses."""
    if request.method != "POST":
        return HttpResponse("the form")
    actor, at = asking.who(request), asking.now()
    organization = Organization.objects.get(pk=actor.organization_id)
    wanted = Act(
        kind=ActKind.CARD_HAND_OUT,
        text=f"Kort 9752 till Åsa: {request.POST['what']}",
        facts={"organization_id": str(organization.pk), "name": organization.name},
    )
    with signed(request, wanted, actor=actor, at=at) as doer:
        Organization.objects.filter(pk=organization.pk).update(locality=request.POST["what"])
        record(LoginRefused(authn_order_id="", code=request.POST["what"]), actor=doer, at=at)
        if Organization.objects.filter(pk=organization.pk, kind="gone").exists():
            raise TooLate("no longer allowed")
    return HttpResponseRedirect("/done/")


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(asking.who(request).identifier)


urlpatterns = [path("act/", act, name="act"), path("done/", page, name="done"), *portal.urls.urlpatterns]
