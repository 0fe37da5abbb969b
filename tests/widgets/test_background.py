"""Work that a form does not wait for: the newest question is answered, whatever became of the ones before."""

import queue
import threading

from ftwidgets.widgets.background import Latest
from tests.patience import PATIENCE


def test_of_what_was_asked_meanwhile_only_the_newest_is_answered():
    begun, go_on, shown = threading.Event(), threading.Event(), queue.Queue()

    def slow(number):
        begun.set()
        go_on.wait(PATIENCE)
        return number

    latest = Latest(slow, shown.put, shown.put)
    latest.ask(1)
    assert begun.wait(PATIENCE)
    latest.ask(2)
    latest.ask(3)
    go_on.set()
    assert shown.get(timeout=PATIENCE) == 3 and shown.empty()


def test_after_a_view_that_broke_the_next_question_is_answered(monkeypatch):
    broken, shown = queue.Queue(), queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda told: broken.put(told.exc_value))

    def show(found):
        if found == 2:
            raise RuntimeError("the page is gone")
        shown.put(found)

    latest = Latest(lambda number: 1 / number, show, shown.put)
    latest.ask(0.5)
    assert str(broken.get(timeout=PATIENCE)) == "the page is gone"
    latest.ask(0)
    assert isinstance(shown.get(timeout=PATIENCE), ZeroDivisionError)
    latest.ask(2)
    assert shown.get(timeout=PATIENCE) == 0.5
