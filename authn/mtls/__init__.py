"""Login by two-way TLS: the browser shows the card's certificate to nginx (authn.md section 8)."""
