"""How every network here is opened and run: checked against its card, with few threads that sleep."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import onnxruntime as ort

from domain import ModelError


def open_session(path: Path, threads: int, remedy: str) -> ort.InferenceSession:
    """A model file, equal to what its card beside it says, ready to run on so many cores.

    Raises ModelError, in one line that ends with the remedy, when the file or its card is missing or damaged.
    """
    data = _checked_bytes(path, remedy)
    try:
        return ort.InferenceSession(data, session_options(threads), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many types of its own that share no base
        raise ModelError(f"{path.name} is no readable ONNX model ({_first_line(error)}): {remedy}") from error


def session_options(threads: int) -> ort.SessionOptions:
    """Few threads that sleep when idle, because Zoom needs the rest of the CPU.

    ONNX Runtime's default spins: about 46 ms of CPU per wake-up (measured).
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors are raised; warnings would only clutter a teacher's terminal
    return options


def _checked_bytes(path: Path, remedy: str) -> bytes:
    """The model file's bytes, equal to what its card says."""
    card = path.with_suffix(".json")
    try:
        data = path.read_bytes()
        expected = json.loads(card.read_text(encoding="utf-8"))["sha256"]
    except OSError as error:
        missing = Path(str(error.filename)).name
        raise ModelError(f"the {path.stem} model's {missing} cannot be read ({error.strerror}): {remedy}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{card.name}: expected a JSON card with a sha256, found none: {remedy}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ModelError(
            f"{path.name} is damaged: expected the sha256 {str(expected)[:12]}, found {found[:12]}: {remedy}"
        )
    return data


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
