#!/usr/bin/env python
"""The command line of the portal: every management command starts here."""

import os
import sys


def main() -> None:
    """Run the command named on the command line with the portal's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings must be named first

    from journal.correlation import caused_by, fresh  # noqa: PLC0415 - as above

    with caused_by(fresh()):  # all that one command does is found by one id
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
