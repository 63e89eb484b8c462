"""Campaigns, attempts and agents in the database. Stores never commit: whoever opened the session does."""
