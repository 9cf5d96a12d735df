"""Claims about the flow between two frames; flow and errors are in pixels, x right and y down."""

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import FlowExample, flow_examples
from models.data.flow_files import read_flow
from models.data.images import open_image
from models.schema import OpticalFlowRequest
from tests.claims.claim import Claim

EXAMPLES = flow_examples("optical_flow")
Vector = tuple[float, float]
BOUNDARY = 16
"""Pixels within which a change of the motion counts as near."""


def run(backend: Backend, example: FlowExample) -> tuple[np.ndarray, np.ndarray]:
    """Flow and ground truth, [height, width, 2]."""
    first, second = open_image(example.first), open_image(example.second)
    flow = backend.run(OpticalFlowRequest(first, second)).flow
    return flow, read_flow(example.truth, (first.height, first.width))


def lengths(flow: np.ndarray) -> np.ndarray:
    return np.linalg.norm(flow, axis=-1)


def median_where(backend: Backend, example: FlowExample, motion: Vector) -> np.ndarray:
    """Median of the flow where the ground truth is a motion to within half a pixel."""
    flow, truth = run(backend, example)
    return np.median(flow[lengths(truth - np.array(motion)) < 0.5], axis=0)


class Epe(Claim):
    """Bound of the end-point error."""

    kind: Literal["epe"]
    at_most: float

    def check(self, backend: Backend, example: FlowExample) -> None:
        flow, truth = run(backend, example)
        assert lengths(flow - truth).mean() <= self.at_most


class FlowAt(Claim):
    """The flow of a pixel, given by row and column."""

    kind: Literal["flow_at"]
    pixel: tuple[int, int]
    flow: Vector
    tolerance: float

    def check(self, backend: Backend, example: FlowExample) -> None:
        flow, _ = run(backend, example)
        assert np.linalg.norm(flow[self.pixel] - np.array(self.flow)) <= self.tolerance


class Motion(Claim):
    """The median flow where this is the true motion."""

    kind: Literal["motion"]
    truth: Vector
    flow: Vector
    tolerance: float

    def check(self, backend: Backend, example: FlowExample) -> None:
        median = median_where(backend, example, self.truth)
        assert np.linalg.norm(median - np.array(self.flow)) <= self.tolerance


class Missed(Claim):
    """The median flow is wrong by this much where this is the true motion."""

    kind: Literal["missed"]
    truth: Vector
    by_at_least: float

    def check(self, backend: Backend, example: FlowExample) -> None:
        median = median_where(backend, example, self.truth)
        assert np.linalg.norm(median - np.array(self.truth)) >= self.by_at_least


class BoundaryError(Claim):
    """The error near changes of the true motion, divided by that elsewhere."""

    kind: Literal["boundary_error"]
    at_least: float

    def check(self, backend: Backend, example: FlowExample) -> None:
        flow, truth = run(backend, example)
        window = np.ones((2 * BOUNDARY + 1, 2 * BOUNDARY + 1), np.uint8)
        near = ((cv2.dilate(truth, window) - cv2.erode(truth, window)) > 4).any(axis=-1)
        errors = lengths(flow - truth)
        assert errors[near].mean() >= self.at_least * errors[~near].mean()


class Moving(Claim):
    """Bounds of the share of pixels whose flow is longer than this. left: whether they move to the left on average."""

    kind: Literal["moving"]
    longer_than: float
    share: tuple[float, float]
    left: bool = False

    def check(self, backend: Backend, example: FlowExample) -> None:
        flow, _ = run(backend, example)
        moving = lengths(flow) > self.longer_than
        least, most = self.share
        assert least <= moving.mean() <= most
        assert not self.left or flow[moving][:, 0].mean() < -self.longer_than


Kind = Annotated[Epe | FlowAt | Motion | Missed | BoundaryError | Moving, Field(discriminator="kind")]
