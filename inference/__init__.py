"""Who shows what: faces, names, emotions and students, read from the tiles of a frame."""
