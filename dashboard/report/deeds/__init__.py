"""What a person changes from the pages about a session: who is who, what was noted, what became of a prompt."""
