"""What the doctor looks at in the CA; changes nothing but the count of its own logins to the token."""
