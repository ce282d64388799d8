"""Tiles of video calls with known faces, to learn from and to be measured on."""
