"""Lets `python -m client` be the command line."""

from client.commands import main

raise SystemExit(main())
