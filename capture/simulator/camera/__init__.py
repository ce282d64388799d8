"""What a simulated student's camera shows: a face that is nobody's, a person around it, a room behind."""
