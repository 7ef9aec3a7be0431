"""The card client: talks HTTP to the portal and PKCS#11 to the card."""
