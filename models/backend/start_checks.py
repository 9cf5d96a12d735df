"""What would keep a process from starting, said in words before anything slow is imported."""

import errno
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from models.backend.settings import MIB, Settings, SettingsError, TemporaryFolders
from models.backend.shapes import recorded
from models.data.weight_files import EMBEDDED, folder_or_id, folder_problem

_REASONS = {
    errno.EADDRINUSE: "the port is in use: stop the program that uses it, or choose another port",
    errno.EACCES: "this user may not use the port: choose one from 1024",
}


def check_start(serves: bool = True) -> None:
    """Ends the process with every problem of its settings, ports, folders and weights.

    serves: whether it listens at PERCEIVER_HOST and PERCEIVER_PORT.
    """
    try:
        settings = Settings.from_env()
        if problems := [*_ports(settings, serves), *_folders(settings), *_models(settings)]:
            raise SettingsError(*problems)
    except SettingsError as error:
        raise SystemExit(str(error)) from None


def _ports(settings: Settings, serves: bool) -> Iterator[str]:
    variables = {
        settings.port_variable: settings.port if serves else None,
        "PERCEIVER_METRICS_PORT": settings.metrics_port,
    }
    taken = []
    for variable, port in variables.items():
        if port is None:
            continue
        try:
            family, *_, address = socket.getaddrinfo(settings.host, port, type=socket.SOCK_STREAM)[0]
            taken.append(socket.create_server(address[:2], family=family))
        except (OSError, UnicodeError) as error:
            if reason := _REASONS.get(getattr(error, "errno", None) or 0):
                yield f"{variable}={port}: {reason} (on {settings.host})."
            else:
                yield (
                    f"{settings.host_variable}={settings.host}: this machine has no such address. Use 127.0.0.1, or "
                    "0.0.0.0 for visitors from other machines."
                )
    for each in taken:
        each.close()


def _folders(settings: Settings) -> Iterator[str]:
    folders = TemporaryFolders().model_dump(exclude_none=True)
    try:
        folders = folders or {"TMPDIR": Path(tempfile.gettempdir())}
    except OSError:
        yield "TMPDIR: no folder for temporary files can be written. Set it to one that can."
    for variable, folder in folders.items():
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(MIB))
            free = shutil.disk_usage(folder).free // MIB
        except OSError as error:
            yield f"{variable}={folder}: temporary files cannot be written there ({error.strerror})."
            continue
        if free < settings.max_upload_mib:
            yield (
                f"{variable}={folder}: {free} MiB are free there, and a file that a visitor uploads takes up to "
                f"{settings.max_upload_mib} (PERCEIVER_MAX_UPLOAD_MIB)."
            )


def _models(settings: Settings) -> Iterator[str]:
    """Problems of the models in this process; on a cluster, the replicas have them."""
    if settings.backend == "ray":
        try:
            _ = settings.token
        except SettingsError as error:
            yield str(error)
        return
    for name in sorted({shape.name for (_, weights, _), shape in recorded().items() if weights == "embedded"}):
        if problem := folder_problem(EMBEDDED / name):
            yield f"Demo model: {problem}. Restore assets/weights/{name}, for example with git."
    for name, given in settings.checkpoints.items():
        source = folder_or_id(given)
        if isinstance(source, Path) and (problem := folder_problem(source)):
            yield f"PERCEIVER_CHECKPOINTS[{name}]: {problem}."
