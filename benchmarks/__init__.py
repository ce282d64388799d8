"""What the program costs and how often it is right: each module prints a table."""
