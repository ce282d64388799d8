"""What happened: the tables, the one writer, and the questions that the pages ask."""
