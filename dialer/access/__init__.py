"""Who may do what: users, sign-ins, API keys, roles, and the log of who changed what."""
