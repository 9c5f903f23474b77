"""Scenes: layers, their parameters, and which feature moves which parameter."""
