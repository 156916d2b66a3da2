"""Who calls: organizations, users, their roles and API tokens; and what each role may do."""
