"""How long a test waits for what must come. It waits for states, never for time: a slow machine is no failure."""

PATIENCE = 300  # seconds
