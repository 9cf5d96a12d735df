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
from components.views.fine_tuning import (
    fine_tuning,
    fine_tuning_confusion,
    fine_tuning_confusion_figure,
    fine_tuning_figure,
    fine_tuning_labels,
    fine_tuning_rows,
)
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
from components.views.sentiment import (
    SentimentPanels,
    sentiment,
    sentiment_attention,
    sentiment_occlusion,
    sentiment_table,
)

__all__ = [
    "FLOW_METHODS",
    "FlowFilm",
    "ImagePanels",
    "ImageResults",
    "SentimentPanels",
    "av_attention",
    "av_attention_figure",
    "av_figure",
    "av_first_frame",
    "av_frame",
    "av_labels",
    "av_scores",
    "av_sound",
    "av_strip",
    "fine_tuning",
    "fine_tuning_confusion",
    "fine_tuning_confusion_figure",
    "fine_tuning_figure",
    "fine_tuning_labels",
    "fine_tuning_rows",
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
    "sentiment",
    "sentiment_attention",
    "sentiment_occlusion",
    "sentiment_table",
]
