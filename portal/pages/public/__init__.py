"""Pages that need no login: the state of the status services, accessibility, health, language."""
