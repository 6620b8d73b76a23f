"""When a process is over: for the kernel, for its parent, and for those who want its ports."""

import subprocess
import sys
import time

import psutil

from ocr_launch import processes
from ocr_launch.processes import Process
from tests.server.processes import wait_until

# Its first thread ends, by the system call of x86-64; another one lives.
HEADLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).syscall(60, 0)
"""


def test_the_dead_are_not_waited_for_though_their_parent_has_not_buried_them() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        ended = Process(psutil.Process(child.pid), "", "child")
        wait_until(lambda: ended.status() == psutil.STATUS_ZOMBIE)
        begun = time.monotonic()
        processes.wait_for_end([ended], timeout_s=60)
        assert time.monotonic() - begun < 60
        assert not ended.is_alive


def test_one_whose_other_threads_live_has_its_files_open_until_it_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", HEADLESS]) as child:  # noqa: S603 - our own
        headless = Process(psutil.Process(child.pid), "", "child")
        wait_until(lambda: headless.status() == psutil.STATUS_ZOMBIE)
        assert headless.holds_files()
        headless.kill()
        assert not headless.holds_files()
