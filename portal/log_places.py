"""Keeps what people write in addresses out of the log: a place is told by the name of its route."""

import logging
from typing import Final

from django.http import HttpRequest
from django.urls import Resolver404, resolve

NOWHERE: Final = "an address that is not ours"


class PlacesFilter(logging.Filter):
    """Puts a route's name where Django's own messages put the path: it may hold a personal number."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is always let through."""
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            paths = {request.path, request.path_info, request.get_full_path()}
            record.args = tuple(place_of(request) if one in paths else one for one in record.args)
        return True


def place_of(request: HttpRequest) -> str:
    """Return the name of the route that an address leads to, never the address."""
    match = request.resolver_match
    if match is None:  # refused before a view was looked for
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return NOWHERE
    return str(match.view_name or match.route)
