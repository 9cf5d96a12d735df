"""Requests and results of all tasks: plain Python, numpy and Pillow, no torch.

The arrays of a result are its own. Every result has `run`, and `attention` if the request has a `Probe`.
"""

from models.schema.attribution import (
    METHODS,
    Attribution,
    AttributionMethod,
    AttributionRequest,
    AttributionResult,
    Baseline,
    Curves,
)
from models.schema.av_autoencoding import (
    AvAutoencodingRequest,
    AvAutoencodingResult,
    AvOutputs,
    AvPart,
    AvTrace,
    AvWindow,
    Modality,
    Upsample,
)
from models.schema.build_one import (
    AskBuildRequest,
    AskBuildResult,
    Build,
    BuildRefused,
    BuildRequest,
    BuildShapes,
    DataSpec,
    Experiment,
    LatentAttention,
    Prediction,
    ScoreClaim,
    TrainBuildProgress,
    TrainBuildRequest,
    TrainBuildResult,
    Training,
    TrainingState,
)
from models.schema.common import (
    DROPPED,
    AttentionMap,
    ByteAt,
    CheckpointUnavailable,
    FramePixel,
    InputDropped,
    InputError,
    InputKey,
    LabelAt,
    LabelScore,
    Method,
    ModelShape,
    PixelAt,
    Probe,
    Request,
    RunInfo,
    SoundAt,
    Stages,
    StreamRequest,
    Target,
    TokenAt,
    Weights,
    resolved,
)
from models.schema.fine_tuning import FineTunedModel, FineTuneRequest, FineTuneStep, HeldOut
from models.schema.image_classification import (
    ImageClassificationRequest,
    ImageClassificationResult,
    LatentMaps,
    Variant,
)
from models.schema.interventions import EachHead, EachLatent, Effects, InputsAt, Intervention
from models.schema.masked_bytes import Decoding, MaskedBytesProgress, MaskedBytesRequest, MaskedBytesResult
from models.schema.optical_flow import FlowCheck, FlowTrace, OpticalFlowRequest, OpticalFlowResult
from models.schema.sentiment import Occlusion, SentimentRequest, SentimentResult, TextWindow
from models.schema.text_generation import FinishReason, GeneratedToken, TextGenerationRequest, TextGenerationStep
