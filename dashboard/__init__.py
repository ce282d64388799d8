"""What does the teacher see? Pages that read the store and show it in a browser on the same machine."""
