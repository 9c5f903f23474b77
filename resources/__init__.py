"""Data that ships with Cymatic: themes, fonts, icons, scenes, the demo track."""
