"""The settings dialog and the shortcut sheet."""
