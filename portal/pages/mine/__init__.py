"""Mina sidor: what a holder does with their own cards."""
