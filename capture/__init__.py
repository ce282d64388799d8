"""What is on the screen, and where are the tiles?"""
