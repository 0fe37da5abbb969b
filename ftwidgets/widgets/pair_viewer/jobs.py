"""Work off the main thread, where a newer request of the same name makes an older one stop."""

import threading
from collections import deque
from collections.abc import Callable

from ftwidgets.data.pairs.stats import Cancelled

# A job gets a function to call now and then: it raises Cancelled when the job is not wanted any more.
Check = Callable[[], None]


class Jobs:
    """Daemon threads by name. `failed(name, error)` is called in the thread of a job that raised."""

    def __init__(self, failed: Callable[[str, Exception], None]) -> None:
        self._failed = failed
        self._newest: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[Callable[[], None]]] = {}
        self._changed = threading.Condition()

    def start(self, name: str, job: Callable[[Check], None]) -> None:
        """Run the job in a thread of its own; an earlier one of this name is told to stop."""
        with self._changed:
            ticket = self._newest[name] = self._newest.get(name, 0) + 1
            self._running[name] = self._running.get(name, 0) + 1

        def check() -> None:
            if self._newest[name] != ticket:
                raise Cancelled

        def work() -> None:
            try:
                check()
                job(check)
            except Cancelled:
                pass
            except Exception as error:  # noqa: BLE001 (shown to the person who asked)
                self._failed(name, error)
            finally:
                with self._changed:
                    self._running[name] -= 1
                    self._changed.notify_all()

        threading.Thread(target=work, name=f"ftwidgets-pairs-{name}", daemon=True).start()

    def queue(self, name: str, job: Callable[[], None]) -> None:
        """Run the job after the earlier ones of this name, however many; none of them is stopped."""
        with self._changed:
            waiting = self._waiting.setdefault(name, deque())
            waiting.append(job)
            if len(waiting) > 1:  # the thread at work takes it up
                return
            self._running[name] = self._running.get(name, 0) + 1

        def work() -> None:
            while True:
                waiting[0]()
                with self._changed:
                    waiting.popleft()
                    if not waiting:
                        self._running[name] -= 1
                        self._changed.notify_all()
                        return

        threading.Thread(target=work, name=f"ftwidgets-pairs-{name}", daemon=True).start()

    def cancel(self, name: str) -> None:
        with self._changed:
            self._newest[name] = self._newest.get(name, 0) + 1

    def cancel_all(self) -> None:
        for name in list(self._newest):
            self.cancel(name)

    def wait(self, name: str, timeout: float | None = None) -> bool:
        """Whether nothing of this name runs any more."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running.get(name), timeout)
