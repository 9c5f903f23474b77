"""Cymatic's engine: everything that turns sound into video. Never imports Qt."""

__version__ = "0.1.0"
