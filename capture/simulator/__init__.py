"""A scripted class: a Zoom-like gallery of synthetic students whose truth is known in every frame."""
