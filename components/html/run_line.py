"""The line under every result: how it was computed."""

from markupsafe import Markup

from models.schema import RunInfo


def run_line(run: RunInfo, detail: str = "", encoder: str = "") -> Markup:
    """Model, weights, device, dtype and time. encoder: in place of whether it ran. detail: appended."""
    encoder = encoder or ("cached latents" if run.encoder_cached else "encoder run")
    line = Markup("<b>{}</b> ({}) · {}, {} · {:.2f} s, {}").format(
        run.model, run.weights, run.device, run.dtype, run.seconds, encoder
    )
    return line + (Markup(" · {}").format(detail) if detail else Markup(""))
