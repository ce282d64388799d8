"""Finding the tiles of a meeting's gallery in a picture of a screen, and what each of them shows."""

from capture.gallery.finder import Gallery, GalleryFinder

__all__ = ["Gallery", "GalleryFinder"]
