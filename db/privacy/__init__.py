"""How long things are kept, and how one student's are found, handed out and taken out of the record."""
