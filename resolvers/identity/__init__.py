"""Users, their roles, tokens and sessions."""
