"""Audio: decode once, keep peaks, mix recipes. float32, (channels, samples)."""
