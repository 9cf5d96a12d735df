"""From results to panels: what a result looks like, whichever front-end shows it. One file a task."""

from components.views.av import (
    av_attention,
    av_attention_figure,
    av_figure,
    av_first_frame,
    av_frame,
    av_labels,
    av_scores,
    av_sound,
    av_strip,
)
from components.views.bytes import hidden_when_filled, masked_bytes, masked_bytes_attention
from components.views.flow import (
    FLOW_METHODS,
    FlowFilm,
    flow_attention,
    flow_attention_figure,
    flow_check,
    flow_figure,
    flow_film,
    optical_flow,
)
from components.views.images import ImagePanels, ImageResults, image_attention, image_classification, image_positions

__all__ = [
    "FLOW_METHODS",
    "FlowFilm",
    "ImagePanels",
    "ImageResults",
    "av_attention",
    "av_attention_figure",
    "av_figure",
    "av_first_frame",
    "av_frame",
    "av_labels",
    "av_scores",
    "av_sound",
    "av_strip",
    "flow_attention",
    "flow_attention_figure",
    "flow_check",
    "flow_figure",
    "flow_film",
    "hidden_when_filled",
    "image_attention",
    "image_classification",
    "image_positions",
    "masked_bytes",
    "masked_bytes_attention",
    "optical_flow",
]
