"""What the pages around a class are made of: set-up, students, settings and the try-out."""
