"""The queue panel: one row per job, from submit to the finished file."""
