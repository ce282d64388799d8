"""How a meeting client looks: its window, the tiles, what lies over them, and the screens that people share in it."""
