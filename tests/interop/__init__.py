"""Clients that are not ours, against the running service."""
