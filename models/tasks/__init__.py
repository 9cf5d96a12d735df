"""The list of tasks. Adding a task here makes the backend run it."""

from models.tasks.attribution import ATTRIBUTION
from models.tasks.av_autoencoding import AV_AUTOENCODING
from models.tasks.build_one import ASK_BUILD, BUILD_ONE
from models.tasks.fine_tuning import FINE_TUNING
from models.tasks.image_classification import IMAGE_CLASSIFICATION
from models.tasks.masked_bytes import MASKED_BYTES
from models.tasks.optical_flow import OPTICAL_FLOW
from models.tasks.sentiment import SENTIMENT
from models.tasks.task import Task
from models.tasks.text_generation import TEXT_GENERATION

TASKS: tuple[Task, ...] = (
    MASKED_BYTES,
    SENTIMENT,
    FINE_TUNING,
    TEXT_GENERATION,
    IMAGE_CLASSIFICATION,
    OPTICAL_FLOW,
    AV_AUTOENCODING,
)
ANALYSES: tuple[Task, ...] = (ATTRIBUTION,)
"""Tasks about the requests of others, whose checkpoints they use."""
BUILDS: tuple[Task, ...] = (BUILD_ONE, ASK_BUILD)
"""Tasks whose models visitors put together: they have no checkpoints."""
