"""Threads that must not be late: a sound card waits for nobody.

In: nothing. Out: the calling thread goes before others where the system lets it.
"""

import os
import sys

ROUND_ROBIN_PRIORITY = 5
"""Above every ordinary thread, below the sound server's and the kernel's own."""
NICENESS = -11
"""What sound servers run at."""


def hurry_this_thread() -> bool:
    """Let the calling thread go before ordinary ones; return whether that was granted.

    Only Linux needs it: PortAudio's threads are real-time ones on macOS and Windows. It takes a
    privilege that many desktops grant to the audio group only; without it nothing changes.
    """
    if sys.platform != "linux":
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(ROUND_ROBIN_PRIORITY))
    except OSError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # on Linux: of this thread
        except OSError:
            return False
    return True
