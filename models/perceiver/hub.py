"""Queries the hub, which may be unreachable."""

from huggingface_hub import HfApi


def ask_hub(name: str) -> tuple[str, ...]:
    """The files of a repository, in one short request: a download from an unreachable hub would retry for long.

    Raises OSError if the hub does not answer.
    """
    try:
        found = HfApi().model_info(name, timeout=5)
    except Exception as error:  # any failure means that the repository is unavailable
        raise OSError(f"the hub did not answer for {name}") from error
    return tuple(file.rfilename for file in found.siblings or ())
