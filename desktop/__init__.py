"""The window: widgets over the engine's client and frozen values; it never sees a table."""
