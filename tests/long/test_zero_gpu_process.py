"""What visitors of a ZeroGPU Space get, through the real `spaces` package."""

import json
import subprocess
import sys

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from tests.masked_sentence import GOOD
from tests.tiny_models import load_tiny


def test_requests_run_in_a_process_with_a_gpu_and_refusals_keep_their_words():
    ran = subprocess.run(
        [sys.executable, "-m", "tests.zero_gpu_space"], capture_output=True, text=True, timeout=120, check=True
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    demo = LocalBackend(Settings(device="cpu"), load_tiny).run(GOOD).filled
    assert found["filled"][0] == found["demo without quota"] == demo
    assert len(found["filled"][1]) > 0
    assert found["refused"].startswith("No bytes are masked")
    assert found["parts"] == 1
    assert len(found["asked"]) == 3  # the demo model asked for none
    assert max(found["asked"]) <= 5
    assert "limit" in found["without quota"]
    assert "demo model" in found["without quota"]
