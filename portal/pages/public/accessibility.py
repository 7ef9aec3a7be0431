"""The statement of how accessible the portal is, and how to report what is not."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """Show the statement."""
    return render(request, "portal/accessibility.html")
