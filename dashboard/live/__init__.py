"""What the live page is told and what it asks: numbers as words, tiles, prompts, and what a teacher does on it."""
