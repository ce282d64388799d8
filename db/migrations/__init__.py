"""The steps by which a database file follows the tables of the program (Alembic)."""
