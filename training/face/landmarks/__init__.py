"""The landmark network: five points on the face that the detector found, from the tile's own pixels."""
