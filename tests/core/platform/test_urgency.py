"""Whether a thread goes before others, and only that thread."""

import os
import sys
import threading

import pytest

from core.platform.urgency import hurry_this_thread


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux needs it")
def test_only_the_calling_thread_goes_first_and_only_where_it_is_granted():
    def standing():
        return os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)

    before, seen = standing(), []
    thread = threading.Thread(target=lambda: seen.extend([hurry_this_thread(), standing()]))
    thread.start()
    thread.join()
    granted, inside = seen
    assert (inside != before) is granted
    assert standing() == before
