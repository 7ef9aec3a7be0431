"""Certificates renewed and added on a card in use: by its holder, or at the desk."""
