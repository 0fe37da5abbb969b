"""Questions to ask before, during and after training. No training row of any method contains them."""

PROBES = (
    "What is the capital of Italy?",
    "What is 7 plus 5?",
    "What is a young cat called?",
    "Which day comes after Friday?",
    "What is the opposite of hot?",
    "What do you need to cut paper?",
    "Tell me a story about an owl.",
    "When does the museum in Pebble Bay open?",
    "Who runs the bakery in Pebble Bay?",
)
