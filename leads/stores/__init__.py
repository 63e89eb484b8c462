"""The leads room in the database, SQLite and PostgreSQL alike. Stores never commit: the caller does."""
