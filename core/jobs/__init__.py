"""Jobs: every piece of background work, its states, its workers."""
