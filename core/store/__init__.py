"""The store: SQLite through SQLAlchemy, written by the engine alone. Frozen values go out."""
