#!/usr/bin/env python3
"""Start Classmood: `python3 classmood.py demo`, `run`, `test` and more (`--help`).

The first start makes a virtual environment in `.venv` and installs the pinned packages into it; later starts reuse it.
This file uses the standard library alone, and syntax that an old Python can read, so that it can say what is wrong.
"""

import hashlib
import os
import re
import subprocess
import sys
from collections import deque
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LIVE = ROOT / "requirements.txt"
DEVELOPMENT = ROOT / "requirements-dev.txt"
SETUP_LOG = "setup.log"
FAULTS = (
    ("No space left on device", "the disk is full; free about 1 GB (3 GB for tests and training) and start again"),
    ("DO NOT MATCH THE HASHES", "a package differs from its pinned hash; try another network or mirror"),
    ("Permission denied", "the folder cannot be written; move the project to a folder of your own"),
    ("NewConnectionError", "the package index cannot be reached; connect to the internet once and start again"),
    ("Failed to establish", "the package index cannot be reached; connect to the internet once and start again"),
    ("Temporary failure in name resolution", "the package index cannot be reached; connect to the internet once"),
    ("Could not find a version", "a package cannot be had; check the internet connection and the Python version"),
    ("No matching distribution", "a package has no build for this Python or system; use Python 3.11 to 3.14, 64 bit"),
)
"""What pip prints, and what it means to the person who started us."""


class SetupError(Exception):
    """The virtual environment cannot be made; the message is for the person who started us."""


def say(text):
    """Print to standard error: standard output belongs to the command (`inspect --json`)."""
    print(text, file=sys.stderr, flush=True)


def venv_python():
    """The interpreter inside the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_installed(requirements):
    """Whether the environment stands and holds exactly these requirements."""
    return is_made() and stamped(requirements.stem, hashlib.sha256(requirements.read_bytes()).hexdigest())


def is_made():
    """Whether there is an environment of this Python in this place; one that was moved or copied does not work."""
    return venv_python().exists() and stamped("environment", environment_stamp())


def environment_stamp():
    return f"Python {sys.version_info[0]}.{sys.version_info[1]} in {VENV}"


def stamped(name, text):
    """Whether a step was finished with exactly this outcome."""
    stamp = VENV / (name + ".stamp")
    return stamp.is_file() and stamp.read_text("utf-8") == text


def make_venv():
    """Create the virtual environment, or a new one where the folder was moved or Python was replaced."""
    import venv

    try:
        import ensurepip  # noqa: F401  (missing on Debian and Ubuntu unless python3-venv is installed)
    except ImportError:
        raise SetupError("Python's venv module is incomplete; type: sudo apt install python3-venv") from None
    say(f"Making a virtual environment in {VENV} ...")
    try:
        venv.create(VENV, clear=VENV.exists(), with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"the virtual environment cannot be made in {VENV} ({error})") from None
    (VENV / "environment.stamp").write_text(environment_stamp(), "utf-8")


def install(requirements):
    """Install one pinned file with pip, showing progress; raises SetupError with a sentence that helps."""
    total = len(re.findall(r"^[A-Za-z0-9]", requirements.read_text("utf-8"), re.MULTILINE))
    say(f"Setting up Classmood from {requirements.name}: up to {total} packages, once.")
    command = [str(venv_python()), "-m", "pip", "install", "--require-hashes", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "-r", str(requirements)]
    environment = dict(os.environ, PIP_USER="0", PYTHONNOUSERSITE="1", PYTHONUTF8="1")
    last, done = deque(maxlen=200), 0
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            last.append(line)
            found = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
            if found:
                done += 1
                show_progress(done, total, found.group(1))
            elif line.startswith("Installing collected packages"):
                show_progress(total, total, "unpacking, this takes the longest")
    if pip.returncode != 0:
        raise SetupError(explain("".join(last)))
    stamp = VENV / (requirements.stem + ".stamp")
    stamp.write_text(hashlib.sha256(requirements.read_bytes()).hexdigest(), "utf-8")
    say("")


def show_progress(done, total, what):
    """One line that is rewritten on a terminal; every tenth step otherwise."""
    text = f"  [{min(done, total):>3}/{total}] {what}"
    if sys.stderr.isatty():
        print("\r" + text.ljust(70)[:70], end="", file=sys.stderr, flush=True)
    elif done % 10 == 0 or done >= total:
        say(text)


def explain(output):
    """The sentence for what pip printed; the whole output is kept beside the environment."""
    log = VENV / SETUP_LOG
    try:
        log.write_text(output, "utf-8")
        where = f"; pip's own words: {log}"
    except OSError:
        where = ""
    for mark, sentence in FAULTS:
        if mark in output:
            return sentence + where
    return "pip could not install the packages" + where


def prepare(for_development):
    """Make sure that the virtual environment holds what the command needs."""
    wanted = [LIVE, DEVELOPMENT] if for_development else [LIVE]
    missing = [requirements for requirements in wanted if not is_installed(requirements)]
    if missing and not is_made():
        make_venv()
        missing = wanted
    for requirements in missing:
        install(requirements)


def main():
    """Set up what is missing, then hand over to the commands inside the virtual environment."""
    found = sys.version_info[:2]
    if not OLDEST <= found <= NEWEST:
        say("Classmood: expected Python 3.11 to 3.14, found {}.{}; install a newer one from python.org".format(*found))
        return 1
    arguments = sys.argv[1:]
    try:
        prepare(for_development=arguments[:1] == ["test"] or arguments[:2] == ["setup", "--training"])
    except SetupError as error:
        say(f"\nClassmood cannot be set up: {error}")
        return 1
    except OSError as error:
        say(f"\nClassmood cannot be set up: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped; the next start goes on from here.")
        return 130
    command = [str(venv_python()), str(ROOT / "cli.py"), *arguments]
    os.environ["PYTHONNOUSERSITE"] = "1"
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
