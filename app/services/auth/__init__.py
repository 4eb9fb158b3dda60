"""Who somebody is: registration, sign-in, tokens, sessions."""
