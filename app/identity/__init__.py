"""Users, organizations, roles, API tokens and sessions, and what each role may do."""
