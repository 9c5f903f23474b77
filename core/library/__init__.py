"""The library: assets, their files by content hash, projects."""
