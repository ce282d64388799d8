"""Random lessons whose every second is known: what came out of them, scored against the script."""
