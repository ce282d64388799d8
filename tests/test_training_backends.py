"""Training is written for Keras, whatever it runs on: TensorFlow, JAX or PyTorch."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.test_architecture import imported_by
from tests.test_training_data import some_faces, write_csv, write_votes
from training import data

NEED_TENSORFLOW = {"export.py"}
"""tf2onnx reads TensorFlow's graphs; everything else must run without it."""
BACKENDS = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
RUN = """
import sys
from pathlib import Path
import keras, numpy as np
from training import data, train

recipe = train.Recipe(epochs=1, batch=4, learning_rate=0.05, average_steps=train.AVERAGE_EVERY_STEPS)
faces, folder = data.load(Path(sys.argv[1])), Path(sys.argv[2])
history = train.train(recipe, faces, folder, verbose=0)
assert train.train(recipe, faces, folder, verbose=0) == history
last, averaged = (keras.models.load_model(folder / name) for name in ("last.keras", "averaged.keras"))
steps = len(faces.part(data.TRAINING)) // recipe.batch
assert steps % train.AVERAGE_EVERY_STEPS == 0
for one, other in zip(last.get_weights(), averaged.get_weights(), strict=True):
    assert np.allclose(one, other), "the average is not that of the trained weights"
expected = train.learning_rate((steps - 1) / steps, recipe.learning_rate)
assert np.isclose(float(np.asarray(last.optimizer.learning_rate)), expected), "the schedule did not reach the optimizer"
print(keras.backend.backend(), history[0]["loss"])
"""


def test_only_the_export_needs_tensorflow() -> None:
    for path in sorted((ROOT / "training").glob("*.py")):
        needs = any(name.split(".")[0] in ("tensorflow", "tf2onnx") for name in imported_by(path))
        assert needs == (path.name in NEED_TENSORFLOW), path.name


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.timeout(600)
def test_a_run_follows_its_schedule_on_every_backend(backend: str, tmp_path: Path) -> None:
    if not importlib.util.find_spec("keras") or not importlib.util.find_spec(BACKENDS[backend]):
        pytest.skip(f"{backend} is not installed; type: pip install keras {BACKENDS[backend]}")
    faces = some_faces(96)  # a third each for training and the tests: 32 faces, 8 steps
    assert int(np.sum(faces.usage == data.TRAINING)) == 32
    write_csv(tmp_path / "fer2013.csv", faces)
    write_votes(tmp_path / "fer2013new.csv", faces)
    command = [sys.executable, "-c", RUN, str(tmp_path), str(tmp_path / "run")]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"KERAS_BACKEND": backend}, capture_output=True, text=True, timeout=590
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[-2].startswith(backend)
