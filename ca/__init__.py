"""The certificate authority: a pure core (pki) and the Django shell around it."""
