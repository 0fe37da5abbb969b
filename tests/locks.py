"""Locks for tests of threads that meet."""

import threading


class Told:
    """A lock that says when a thread has to wait for it: around a plain lock, or another that is given."""

    def __init__(self, lock=None):
        self._lock = lock or threading.Lock()
        self.awaited = threading.Event()

    def acquire(self, blocking=True, timeout=-1):
        if self._lock.acquire(False):
            return True
        if not blocking:
            return False
        self.awaited.set()
        return self._lock.acquire(True, timeout)

    def release(self):
        self._lock.release()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()
