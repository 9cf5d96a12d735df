"""What callers ask of the model service and what they get: plain Python, numpy and Pillow, no torch.

Arrays belong to the result that holds them. Every result has `run`, and `attention` where a `Probe` asked for it.
"""

from models.schema.av_autoencoding import (
    AvAutoencodingRequest,
    AvAutoencodingResult,
    AvPart,
    AvTrace,
    AvWindow,
    Finer,
    Modality,
)
from models.schema.common import (
    AttentionMap,
    CheckpointUnavailable,
    InputDropped,
    InputError,
    InputKey,
    LabelScore,
    Method,
    ModelShape,
    Probe,
    Request,
    RunInfo,
    StreamRequest,
    Weights,
)
from models.schema.fine_tuning import FineTunedModel, FineTuneRequest, FineTuneStep, HeldOut
from models.schema.image_classification import (
    ImageClassificationRequest,
    ImageClassificationResult,
    LatentMaps,
    Variant,
)
from models.schema.masked_bytes import Decoding, MaskedBytesRequest, MaskedBytesResult
from models.schema.optical_flow import FlowCheck, FlowTrace, OpticalFlowRequest, OpticalFlowResult
from models.schema.sentiment import Occlusion, SentimentRequest, SentimentResult, TextWindow
from models.schema.text_generation import Ended, TextGenerationRequest, TextGenerationStep, WrittenToken

__all__ = [
    "AttentionMap",
    "AvAutoencodingRequest",
    "AvAutoencodingResult",
    "AvPart",
    "AvTrace",
    "AvWindow",
    "CheckpointUnavailable",
    "Decoding",
    "Ended",
    "FineTuneRequest",
    "FineTuneStep",
    "FineTunedModel",
    "Finer",
    "FlowCheck",
    "FlowTrace",
    "HeldOut",
    "ImageClassificationRequest",
    "ImageClassificationResult",
    "InputDropped",
    "InputError",
    "InputKey",
    "LabelScore",
    "LatentMaps",
    "MaskedBytesRequest",
    "MaskedBytesResult",
    "Method",
    "Modality",
    "ModelShape",
    "Occlusion",
    "OpticalFlowRequest",
    "OpticalFlowResult",
    "Probe",
    "Request",
    "RunInfo",
    "SentimentRequest",
    "SentimentResult",
    "StreamRequest",
    "TextGenerationRequest",
    "TextGenerationStep",
    "TextWindow",
    "Variant",
    "Weights",
    "WrittenToken",
]
