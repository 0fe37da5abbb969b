"""The states of a run as a person reads them."""

# Icon and word of each: never a colour alone.
SHOWN = {
    "preparing": ("◌", "preparing"),
    "training": ("●", "training"),
    "paused": ("❚❚", "paused"),
    "stopping": ("◼", "stopping after this step"),
    "finished": ("✓", "finished"),
    "stopped": ("◼", "stopped"),
    "failed": ("✕", "failed"),
    "interrupted": ("!", "interrupted"),
    "unreadable": ("?", "unreadable"),
}
