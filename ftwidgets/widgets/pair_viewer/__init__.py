"""The kernel's side of the pair viewer: its state, its answers to the page, its work in the background."""
