"""OCSP as bytes (RFC 6960, 5019, 9654): no Django, no database, no key."""
