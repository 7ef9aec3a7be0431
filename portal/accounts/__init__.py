"""Who is logged in: login providers, sessions, the choice of role, and the gate before every page."""
