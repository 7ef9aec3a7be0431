#!/usr/bin/env python
"""The command line of the portal: every management command starts here."""

import os
import sys


def main() -> None:
    """Run the command named on the command line with the portal's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings must be named first

    from journal.correlation import caused_by, fresh  # noqa: PLC0415 - as above

    try:
        with caused_by(fresh()):  # all that one command does is found by one id
            execute_from_command_line(sys.argv)
    except Exception as error:
        from portal.command_faults import in_words  # noqa: PLC0415 - it needs the settings that were just read

        said = None if "--traceback" in sys.argv else in_words(error)
        if said is None:
            raise
        sys.exit(f"CommandError: {said}")


if __name__ == "__main__":
    main()
