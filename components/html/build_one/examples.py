"""Examples with predictions: digits as images, sequences as letters, motion as colors, sound as waves."""

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from components.html.images.pixels import picture
from components.scale.flow import FlowScale, flow_colors
from components.words.numbers import percent
from models.schema import DataSpec, Prediction

FIGURE = Markup('<figure class="{}">{}<figcaption>{}</figcaption></figure>')
WAVE = Markup('<svg class="build-wave" viewBox="0 0 200 60" role="img" aria-label="{}">{}</svg>')
SHOWN_VALUES = 4
CLASS_COLORS = np.array(
    [(13, 148, 136), (217, 100, 30), (139, 92, 246), (37, 99, 235), (219, 39, 119), (101, 163, 13)], np.uint8
)
"""Colors of points in the plane. Classes beyond start again."""


def prediction_grid(spec: DataSpec, predictions: tuple[Prediction, ...]) -> Markup:
    """A figure for each example, with its prediction below."""
    figures = Markup("").join(_example(spec, each) for each in predictions)
    return Markup('<div class="build-examples{}">{}</div>').format(
        " wide" if "letters" in spec.outputs else "", figures
    )


def regions_picture(regions: np.ndarray) -> Markup:
    """Class probabilities over the plane as mixtures of the colors of classes. regions: [rows, columns, K]."""
    colors = CLASS_COLORS[np.arange(regions.shape[2]) % len(CLASS_COLORS)]
    return picture(np.rint(regions @ colors).astype(np.uint8), "Predicted class of each point of the plane", "regions")


def class_scores(spec: DataSpec, probabilities: np.ndarray) -> Markup:
    """The most probable classes with bars."""
    best = probabilities.argsort()[::-1][:5]
    row = Markup('<li><b>{}</b><span class="bar"><i style="width:{:.1f}%"></i></span><span>{}</span></li>')
    rows = Markup("").join(
        row.format(spec.labels[each], 100 * probabilities[each], percent(float(probabilities[each]))) for each in best
    )
    return Markup('<ol class="build-scores">{}</ol>').format(rows)


def predicted(spec: DataSpec, prediction: Prediction) -> Markup:
    """What a model predicts for an input of the visitor."""
    outputs = Markup("").join(
        class_scores(spec, values) if name == "label" else markup
        for (name, values), markup in zip(prediction.outputs.items(), _outputs(spec, prediction), strict=True)
    )
    return Markup('<div class="build-predicted">{}</div>').format(outputs)


def _example(spec: DataSpec, prediction: Prediction) -> Markup:
    inputs = Markup("").join(_input(spec, name, values) for name, values in prediction.inputs.items())
    right = _is_right(prediction)
    kind = "" if right is None else "right" if right else "wrong"
    return FIGURE.format(kind, inputs, Markup("").join(_outputs(spec, prediction)))


def _is_right(prediction: Prediction) -> bool | None:
    """Whether all of it is; None if the output is not a class or letters."""
    outputs, targets = prediction.outputs, prediction.targets
    if set(outputs) == {"label"} and "label" in targets:
        return int(outputs["label"].argmax()) == int(targets["label"])
    if "letters" in outputs and "letters" in targets:
        return bool((outputs["letters"] == targets["letters"]).all())
    return None


def _input(spec: DataSpec, name: str, values: np.ndarray) -> Markup:
    match name:
        case "image":
            return picture(image_pixels(values), "Input image", "build-image") if np.any(values) else Markup()
        case "letters":
            return Markup("<code>{}</code>").format(_letters(spec, values))
        case "audio":
            return _wave(values, None)
        case "values":
            more = " …" if len(values) > SHOWN_VALUES else ""
            return Markup('<span class="build-values">{}{}</span>').format(
                ", ".join(f"{value:.2f}" for value in values[:SHOWN_VALUES]), more
            )
    return Markup()  # a class that is to be predicted


def image_pixels(values: np.ndarray) -> np.ndarray:
    """Pixels of an input image, its frames next to each other."""
    return np.hstack(list(_frames(values)))


def _frames(values: np.ndarray) -> Iterator[np.ndarray]:
    """Pixels of an image [channels, height, width] from -1 to 1. One channel is ink, two are frames, three colors."""
    if len(values) == 3:
        yield _pixels(np.moveaxis(values, 0, -1))
        return
    for channel in values:
        yield np.repeat(_pixels(-channel)[..., None], 3, axis=-1)


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip((values + 1) * 127.5, 0, 255)).astype(np.uint8)


def _outputs(spec: DataSpec, prediction: Prediction) -> Iterator[Markup]:
    for name, values in prediction.outputs.items():
        yield _output(spec, name, values, prediction.targets.get(name))


def _output(spec: DataSpec, name: str, values: np.ndarray, target: np.ndarray | None) -> Markup:
    match name:
        case "label":
            return _label(spec, values, target)
        case "letters":
            wrong = np.zeros(len(values), bool) if target is None else values != target
            letters = zip(_letters(spec, values), wrong, strict=True)
            mark = Markup("<mark>{}</mark>")
            return Markup("<code>{}</code>").format(
                Markup("").join(mark.format(each) if missed else each for each, missed in letters)
            )
        case "flow":
            scale = FlowScale.over([values] if target is None else [target])
            pairs = (("predicted", values), ("true", target))
            return _pictures((title, flow_colors(each, scale.full)) for title, each in pairs if each is not None)
        case "image":
            pairs = (("predicted", values), ("true", target))
            return _pictures((title, _image(each)) for title, each in pairs if each is not None)
        case _:
            return _wave(values, target)


def _image(values: np.ndarray) -> np.ndarray:
    """Pixels of an output [height, width, channels]; what is unknown is gray."""
    values = np.nan_to_num(values, nan=0.0)
    return _pixels(values) if values.shape[-1] == 3 else np.repeat(_pixels(-values[..., :1]), 3, axis=-1)


def _pictures(titled: Iterator[tuple[str, np.ndarray]]) -> Markup:
    one = Markup('<span class="build-pair">{}<small>{}</small></span>')
    return Markup("").join(one.format(picture(pixels, title, "build-image"), title) for title, pixels in titled)


def _label(spec: DataSpec, probabilities: np.ndarray, target: np.ndarray | None) -> Markup:
    best = int(probabilities.argmax())
    said = Markup("<b>{}</b> {}").format(spec.labels[best], percent(float(probabilities[best])))
    if target is None or int(target) == best:
        return said
    return said + Markup("<small>true: {}</small>").format(spec.labels[int(target)])


def _letters(spec: DataSpec, values: np.ndarray) -> str:
    return "".join(spec.letters[each] for each in values)


def _wave(values: np.ndarray, target: np.ndarray | None) -> Markup:
    """The predicted or given sound; a target as a second line."""
    lines = [(target, "true"), (values, "sound")] if target is not None else [(values, "sound")]
    drawn = Markup("").join(Markup('<path class="{}" d="M{}"/>').format(kind, _wave_path(each)) for each, kind in lines)
    return WAVE.format("Waveform", drawn)


def _wave_path(samples: np.ndarray) -> str:
    across = np.linspace(0, 200, len(samples))
    down = 30 - 22 * np.clip(samples, -1.3, 1.3)
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(across, down, strict=True))
