"""The ID administrator's desk: today, people, orders, activation, blocking."""
