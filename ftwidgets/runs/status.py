"""The states of a run, and which may follow which.

============ ===================================================================== ==========================
state        may become                                                            caused by
============ ===================================================================== ==========================
preparing    training, stopping, failed, stopped                                   the run's thread; the person
training     paused, stopping, finished, failed                                    the run's thread; the person
paused       training, stopping, failed                                            the person
stopping     stopped, failed                                                       the run's thread
finished, stopped, failed: the end                                                 -
============ ===================================================================== ==========================

The person asks (``Run.stop``, ``pause``, ``resume``); the run's own thread alone changes the state, between two steps.
The exception is ``stopping``, which stands from the moment it is asked for. A run folder whose last state is not an
end belongs to a run that goes on, or to one whose process was killed: ``interrupted`` says so, and is never written.
"""

PREPARING, TRAINING, PAUSED, STOPPING = "preparing", "training", "paused", "stopping"
FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"
INTERRUPTED = "interrupted"

ENDS = frozenset({FINISHED, STOPPED, FAILED})
NEXT: dict[str, frozenset[str]] = {
    PREPARING: frozenset({TRAINING, STOPPING, FAILED, STOPPED}),
    TRAINING: frozenset({PAUSED, STOPPING, FINISHED, FAILED}),
    PAUSED: frozenset({TRAINING, STOPPING, FAILED}),
    STOPPING: frozenset({STOPPED, FAILED}),
    FINISHED: frozenset(),
    STOPPED: frozenset(),
    FAILED: frozenset(),
}


def may_become(state: str, new: str) -> bool:
    """Whether a run in ``state`` may go to ``new``."""
    return new in NEXT[state]
