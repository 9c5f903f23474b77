"""Playback: a sound is heard, from any position, in a loop, at any speed. No Qt, no files.

`player.Player` is the door. Below it: `transport` decides, `deck` is what the sound card calls,
`tape` holds the sound ahead of it, `path` says which sample comes when. Nothing is loaded here.
"""
