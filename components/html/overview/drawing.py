"""The problem and the idea as grids with a cell for each pair of an output and an input of attention: area is cost."""

from markupsafe import Markup

from components.words.numbers import counted

INPUTS, LATENTS, OUTPUTS, LAYERS = 24, 6, 8, 12
_CELL = 7
_LABEL = 16
"""Room for the names of rows and columns, in the units of the drawing."""

PROBLEM = Markup(
    "In a Transformer, each of M inputs attends to all M: <b>M²</b> pairs in each layer. Twice as many inputs make "
    "four times as many pairs. The pixels of one small photo, 224 × 224, make 2.5 billion pairs."
)
IDEA = Markup(
    "A Perceiver puts an array of N vectors, the <b>latents</b>, between inputs and outputs. N stays the same, "
    "however many inputs there are, and most of the work is done on the latents. With O output queries this is "
    "<b>Perceiver IO</b>. <b>Perceiver AR</b> generates text: its latents are the last N inputs."
)
STEPS = (
    ("Read", "N × M", "latents", LATENTS, "inputs", INPUTS, "Each latent attends to all inputs, once."),
    ("Compute", "N × N", "latents", LATENTS, "latents", LATENTS, "Latents attend to each other, in every layer."),
    ("Answer", "O × N", "outputs", OUTPUTS, "latents", LATENTS, "Each output has a query that attends to the latents."),
)


def idea() -> Markup:
    """The problem next to the idea, on one scale."""
    steps = Markup("").join(
        Markup("<li><h3>{}: <b>{}</b></h3>{}<p>{}</p></li>").format(
            name, cost, _grid(rows, row_name, columns, column_name), text
        )
        for name, cost, row_name, rows, column_name, columns, text in STEPS
    )
    return Markup(
        '<div class="idea"><section><h2>The problem</h2><p>{}</p>{}</section>'
        "<section><h2>The idea</h2><p>{}</p><ol>{}</ol>{}</section></div>"
    ).format(PROBLEM, _grid(INPUTS, "inputs", INPUTS, "inputs"), IDEA, steps, _all_layers())


def _all_layers() -> Markup:
    """The sums over all layers as bars."""
    square, read, compute, answer = INPUTS**2, LATENTS * INPUTS, LATENTS**2, OUTPUTS * LATENTS
    ours, theirs = read + LAYERS * compute + answer, LAYERS * square
    bar = Markup('<dt>{}</dt><dd><span>{} = <b>{:,} pairs</b></span><i style="width:{:.1f}%"></i></dd>')
    return Markup("<h3>With {} layers</h3><dl>{}{}</dl>").format(
        LAYERS,
        bar.format("Transformer", f"{LAYERS} × {square}", theirs, 100),
        bar.format("Perceiver", f"{read} + {LAYERS} × {compute} + {answer}", ours, 100 * ours / theirs),
    )


def _grid(rows: int, row_name: str, columns: int, column_name: str) -> Markup:
    width, height = columns * _CELL, rows * _CELL
    down = "".join(f"M{_LABEL + at * _CELL} {_LABEL}v{height}" for at in range(columns + 1))
    across = "".join(f"M{_LABEL} {_LABEL + at * _CELL}h{width}" for at in range(rows + 1))
    pairs = counted(rows * columns, "pair")
    return Markup(
        '<figure><svg viewBox="0 0 {} {}" width="{}" role="img" aria-label="Grid of {} {} by {} {}: {}">'
        '<rect x="{}" y="{}" width="{}" height="{}"/><path d="{}"/>'
        '<text x="{}" y="{}">{} {}</text><text transform="translate({} {}) rotate(-90)">{}</text></svg>'
        "<figcaption>{} × {} = {}</figcaption></figure>"
    ).format(
        width + _LABEL + 1, height + _LABEL + 1, width + _LABEL + 1,
        rows, row_name, columns, column_name, pairs,
        _LABEL, _LABEL, width, height, down + across,
        _LABEL, _LABEL - 5, columns, column_name, _LABEL - 5, _LABEL + height, f"{rows} {row_name}",
        rows, columns, pairs,
    )  # fmt: skip
