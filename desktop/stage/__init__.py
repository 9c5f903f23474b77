"""The stage: the picture at a chosen time, and the timeline to choose it on."""
