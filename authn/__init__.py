"""The authentication service: who holds the card, proved by a signature over what the person was shown."""
