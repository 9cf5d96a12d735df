"""Ray reads these when it is imported."""

import os
import secrets
from pathlib import Path

os.environ.update(
    RAY_USAGE_STATS_ENABLED="0",
    RAY_AUTH_MODE="token",
    RAY_AUTH_TOKEN=secrets.token_hex(),
    RAY_SERVE_LOG_TO_STDERR="0",
    PYTHONPATH=str(Path(__file__).parents[2]),  # of the replicas
)
