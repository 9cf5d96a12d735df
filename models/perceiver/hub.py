"""Asking the hub, which may be out of reach."""

from huggingface_hub import HfApi


def ask_hub(name: str) -> tuple[str, ...]:
    """The files of a repository. One short question before a download, which without an answer would retry for long.

    Raises OSError where there is no answer.
    """
    try:
        found = HfApi().model_info(name, timeout=5)
    except Exception as error:  # whatever transport or hub answered, nothing is to be had
        raise OSError(f"the hub has no answer for {name}") from error
    return tuple(file.rfilename for file in found.siblings or ())
