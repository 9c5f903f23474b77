"""The one seam to the operating system: processes, locks, sleep, drives, the desktop.

In: plain values. Out: what the system did, or that it could not. Every function works, or does
nothing and says so, on Linux, macOS and Windows; nothing here knows of jobs or the library.
"""
