"""The tests: `python3 classmood.py test`."""
