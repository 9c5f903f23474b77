"""The inspector: scene, look, output, and the button that makes the video."""
