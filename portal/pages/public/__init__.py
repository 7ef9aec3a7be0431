"""Pages that need no login: status services, accessibility, practice statement, health, language."""
