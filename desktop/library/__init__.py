"""The library panel: every track, its waveform, its numbers."""
