"""Scores the rules on random lessons: python -m benchmarks.lessons [--json] [--lessons N] [--first N] [--minutes M]."""
