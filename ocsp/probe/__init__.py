"""Asks the public addresses as a relying service does and keeps what it saw; no code of the publisher's."""
