"""The face detector: its scenes, network, training, comparison and export (``python -m training.face --help``)."""
