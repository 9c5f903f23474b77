"""The doctor: what works on this computer, what does not, and what to do about it."""
