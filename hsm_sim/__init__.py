"""Simulated hardware: token store, virtual cards, the card factory."""
