"""Card orders, cards, production, activation and blocking: the life of a card from order to end."""
