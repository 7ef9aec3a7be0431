"""The pure PKI core: bytes in, bytes out; no Django, no clock, no key."""
