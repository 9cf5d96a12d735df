"""The folder of a Hugging Face Space: made, checked, and tried in an environment of its own.

python -m serving.space SPACE [--folder build/space] [--no-trial]

SPACE is the id on the Hub, such as someone/perceiver-playground. Prints the command that publishes the folder.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from huggingface_hub import metadata_load
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from models.backend.shapes import recorded

ROOT = Path(__file__).parents[1]
PARTS = ("LICENSE", "app.py", "assets", "components", "models", "pages", "requirements.txt")
LEFT_OUT = ("assets/screenshots/", "pages/streamlit_ui/", "streamlit_page.py")
"""Parts of paths that a Space does without."""
KEYS = {
    "title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file",
    "app_build_command", "app_port", "base_path", "fullWidth", "header", "short_description", "models", "datasets",
    "tags", "thumbnail", "pinned", "license", "suggested_hardware", "suggested_storage", "disable_embedding",
    "startup_duration_timeout", "preload_from_hub", "custom_headers", "hf_oauth",
}  # fmt: skip
"""Documented keys of the front matter: https://huggingface.co/docs/hub/spaces-config-reference."""
ZERO_GPU_TORCH = ("2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.12.1", "2.13.0")
"""Versions of torch that ZeroGPU supports: https://huggingface.co/docs/hub/spaces-zerogpu."""
LARGEST_FILE = 10 * 2**20
"""Bytes of the largest file that the Hub takes without large file storage."""
LONGEST_DESCRIPTION = 60
TRIAL_SECONDS = 120
PORT = 7899
ASK = f"""from gradio_client import Client
print(Client("http://127.0.0.1:{PORT}/").predict("A silver coin.", [[2, 8]], api_name="/masked_bytes")["filled"])"""


def build(space: str, folder: Path) -> None:
    """Writes the folder anew. Its requirements are exact, since a Space installs what is current when it starts."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "app.py").exists():
        raise SystemExit(f"{folder} has other files. Choose an empty folder, or that of an earlier build.")
    shutil.rmtree(folder, ignore_errors=True)
    for name in _tracked():
        if name.split("/")[0] in PARTS and not any(part in name for part in LEFT_OUT):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "requirements.txt").write_text(_pinned(), encoding="utf-8")
    (folder / "README.md").write_text(_card(space), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    """What would keep the folder from running on ZeroGPU, in words."""
    found, matter = [], _front_matter(folder)
    found += [f"The front matter has an unknown key: {key}." for key in matter if key not in KEYS]
    if len(matter["short_description"]) > LONGEST_DESCRIPTION:
        found.append(f"The short description is longer than {LONGEST_DESCRIPTION} characters.")
    pins = {each.name: str(each.specifier) for each in _requirements(folder / "requirements.txt")}
    if pins["torch"].removeprefix("==") not in ZERO_GPU_TORCH:
        found.append(f"ZeroGPU does not support torch{pins['torch']}.")
    if pins["gradio"] != f"=={matter['sdk_version']}":
        found.append(f"The Space runs Gradio {matter['sdk_version']}, and the requirements have {pins['gradio']}.")
    published = {shape.name for (_, weights, _), shape in recorded().items() if weights == "published"}
    found += [
        f"{key} does not list every model." for key in ("models", "preload_from_hub") if {*matter[key]} != published
    ]
    large = (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > LARGEST_FILE)
    return found + [f"{path.relative_to(folder)} is larger than {LARGEST_FILE >> 20} MiB." for path in large]


def try_out(folder: Path) -> None:
    """Installs the folder's requirements, and nothing else, in a fresh environment, and requests an answer."""
    python = f"python{_front_matter(folder)['python_version']}"
    with tempfile.TemporaryDirectory() as environment:
        run = Path(environment) / "bin" / "python"
        subprocess.run([python, "-m", "venv", environment], check=True)  # noqa: S603
        subprocess.run([run, "-m", "pip", "install", "-q", "-r", folder / "requirements.txt"], check=True)  # noqa: S603
        command = ["/usr/bin/env", f"PERCEIVER_PORT={PORT}", "PERCEIVER_DEVICE=cpu", run, "app.py"]
        app = subprocess.Popen(command, cwd=folder)  # noqa: S603
        try:
            _wait_for_page(app)
            subprocess.run([run, "-c", ASK], check=True)  # noqa: S603
        finally:
            app.terminate()
            app.wait()


def _front_matter(folder: Path) -> dict[str, Any]:
    return metadata_load(folder / "README.md") or {}


def _tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    return listed.stdout.splitlines()


def _requirements(file: Path) -> list[Requirement]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def _pinned() -> str:
    """The direct requirements, each as the constraints have it."""
    exact = {canonicalize_name(each.name): each.specifier for each in _requirements(ROOT / "constraints.txt")}
    chosen = _requirements(ROOT / "requirements.txt")
    for each in chosen:
        each.specifier = exact[canonicalize_name(each.name)]
    return "".join(f"{each}\n" for each in chosen)


def _card(space: str) -> str:
    """The front matter and the introduction of the project's README."""
    _, matter, text = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    introduction = re.sub(r"^!\[.*\n", "", text.split("\n## ")[0], flags=re.MULTILINE).strip()
    thumbnail = f"https://huggingface.co/spaces/{space}/resolve/main/assets/social/preview.png"
    return f"---\n{matter}thumbnail: {thumbnail}\n---\n\n{introduction}\n"


def _wait_for_page(app: subprocess.Popen) -> None:
    until = time.monotonic() + TRIAL_SECONDS
    while True:
        try:
            urlopen(f"http://127.0.0.1:{PORT}/").read()
            return
        except URLError:
            if app.poll() is not None or time.monotonic() > until:
                raise SystemExit("The folder does not start in a fresh environment.") from None
            time.sleep(0.5)


def _space_id(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a Space, such as someone/perceiver-playground")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space", metavar="SPACE", type=_space_id)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "space")
    parser.add_argument("--no-trial", action="store_true", help="skip the fresh environment")
    arguments = parser.parse_args()
    try:
        build(arguments.space, arguments.folder)
        if found := problems(arguments.folder):
            sys.exit("\n".join(found))
        if not arguments.no_trial:
            try_out(arguments.folder)
    except OSError as error:  # a folder that cannot be written, or no git or Python of the Space's version
        sys.exit(f"{error.filename}: {error.strerror}.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"This command failed: {' '.join(map(str, error.cmd))}")
    print(f"{arguments.folder} is ready. To publish it, log in with `hf auth login` and run:")
    print(f"hf upload {arguments.space} {arguments.folder} . --repo-type space --delete '*'")


if __name__ == "__main__":
    main()
