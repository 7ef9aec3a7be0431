"""The status server: OCSP, CRLs and issuer certificates over HTTP, without Django, database or HSM."""
