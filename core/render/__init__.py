"""Render stage: a plan becomes frames, segments, and one video file."""
