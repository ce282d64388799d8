"""What does the program see in my own face? A process that reads the frames which a browser sends it.

Nothing is kept: a frame is in memory while it is read, and no line is written anywhere.
"""
