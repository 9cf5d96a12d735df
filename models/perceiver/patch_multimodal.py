"""A small multimodal Perceiver from parts of transformers: a clip in, video, audio and label out.

`PerceiverForMultimodalAutoencoding` has an output for every pixel and hundreds of position channels, which is too slow
for a laptop. Here inputs and outputs are patches of a frame or of the audio. A query is a position, the center of its
patch; any position in the clip can be decoded, on or off the grid of patches: see `multimodal_places`.

Shapes: B batch, T frames, S pixels along each side of a frame, Q queries.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from transformers import PerceiverConfig, PerceiverModel, PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverBasicDecoder,
    PerceiverClassificationDecoder,
    PerceiverClassificationPostprocessor,
    PerceiverClassifierOutput,
    PerceiverMultimodalDecoder,
    PerceiverMultimodalPostprocessor,
    PerceiverMultimodalPreprocessor,
    PerceiverOneHotPreprocessor,
)

from models.perceiver.multimodal_inputs import KIND, SoundPreprocessor, VideoPreprocessor
from models.perceiver.multimodal_places import PLACE, grid, place_features

SPOKEN = 0.1
"""Typical level of speech, in which the last layer is scaled, so that it trains at the rate of colors."""


def patch_multimodal_config(
    frames: int = 16,
    size: int = 48,
    patch: int = 8,
    input_frames: int = 2,
    samples_per_frame: int = 512,
    sample_rate: int = 8_000,
    samples_per_patch: int = 256,
    input_samples: int = 64,
    labels: tuple[str, ...] = tuple("0123456789"),
    video_latents: tuple[int, int, int] = (2, 6, 6),
    sound_latents: int = 32,
    latents: int = 112,
    channels: int = 192,
    width: int = 256,
    layers: int = 4,
    heads: int = 4,
    answers: int = 256,
) -> PerceiverConfig:
    """size: pixels along each side of a frame.

    patch: pixels along each side of a patch.
    width: channels of an input.
    input_frames, input_samples: size of an input; an output is a patch of one frame, or samples_per_patch samples.
    heads: of both cross-attentions.
    video_latents, sound_latents: number of latents, of the `latents`, that start at a position in the video (times,
        rows, columns) or in the audio, in equal parts of the clip.
    answers: channels of an output before it becomes pixels, samples or a label.
    """
    return PerceiverConfig(
        num_latents=latents,
        d_latents=channels,
        d_model=width,
        num_blocks=1,
        num_self_attends_per_block=layers,
        num_self_attention_heads=8,
        num_cross_attention_heads=heads,
        qk_channels=heads * (PLACE + KIND),
        v_channels=channels,
        self_attention_widening_factor=2,
        attention_probs_dropout_prob=0.0,
        num_frames=frames,
        image_size=size,
        patch_size=patch,
        input_frames=input_frames,
        input_samples=input_samples,
        audio_samples_per_frame=samples_per_frame,
        sample_rate=sample_rate,
        samples_per_patch=samples_per_patch,
        output_num_channels=answers,
        video_latents=list(video_latents),
        sound_latents=sound_latents,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )


class PerceiverForPatchMultimodal(PerceiverPreTrainedModel):
    """Reconstructs video, audio and label of a clip, of which modalities may be masked."""

    def __init__(self, config: PerceiverConfig):
        super().__init__(config)
        preprocessor = PerceiverMultimodalPreprocessor(
            {
                "audio": SoundPreprocessor(config),
                "image": VideoPreprocessor(config),
                "label": PerceiverOneHotPreprocessor(config),
            },
            min_padding_size=KIND,
        )
        decoder = PerceiverMultimodalDecoder(
            config,
            {
                "audio": PlaceQueries(config, "audio"),
                "image": PlaceQueries(config, "image"),
                "label": _label_query(config),
            },
            num_outputs=1,
            output_num_channels=config.output_num_channels,
            min_padding_size=KIND,
            use_query_residual=True,
            widening_factor=2,
            num_heads=config.num_cross_attention_heads,
            qk_channels=config.qk_channels,
            v_channels=config.v_channels,
        )
        answers = config.output_num_channels
        postprocessor = PerceiverMultimodalPostprocessor(
            {
                "audio": SoundPatches(config, answers),
                "image": GatedPostprocessor(answers, 3 * config.patch_size**2),
                "label": PerceiverClassificationPostprocessor(config, answers),
            }
        )
        self.perceiver = PerceiverModel(
            config, input_preprocessor=preprocessor, decoder=decoder, output_postprocessor=postprocessor
        )
        self.post_init()

    def forward(
        self, inputs: Mapping[str, Tensor], subsampled_output_points: Mapping[str, Tensor | None], **options: bool
    ) -> PerceiverClassifierOutput:
        """inputs: "image" float [B, T, 3, S, S], 0 to 1; "audio" [B, samples, 1], -1 to 1; "label" one-hot [B, labels].

        A modality of zeros is masked.

        subsampled_output_points: see `PlaceQueries.decoder_query`; "label" is None.
        logits: "image" [B, Q, 3 patch²], see `video_of_patches`; "audio" [B, Q samples_per_patch]; "label" [B, labels].
        """
        found = self.perceiver(inputs=inputs, subsampled_output_points=subsampled_output_points, **options)
        return PerceiverClassifierOutput(
            logits=found.logits, attentions=found.attentions, cross_attentions=found.cross_attentions
        )


class PlaceQueries(PerceiverBasicDecoder):
    """Queries of one modality: Fourier features of positions. It has no decoder of its own."""

    def __init__(self, config: PerceiverConfig, modality: str):
        dims = grid(config, modality)
        super().__init__(
            config,
            output_num_channels=config.output_num_channels,
            output_index_dims=dims,
            position_encoding_type="none",
            position_encoding_only=True,
        )
        self.modality = modality

    @property
    def num_query_channels(self) -> int:
        return PLACE

    def decoder_query(
        self,
        inputs: Tensor,
        modality_sizes: Mapping[str, int] | None = None,
        inputs_without_pos: Tensor | None = None,
        subsampled_points: Tensor | None = None,
    ) -> Tensor:
        """[B, Q, PLACE]. Only the number, dtype and device of the inputs are used.

        subsampled_points: flat indices of patches [Q]; positions float [Q, 1] or [Q, 3], see `patch_places`; None for
            all.
        """
        dims = torch.tensor(self.output_index_dims, device=inputs.device)
        if subsampled_points is None:
            subsampled_points = torch.arange(int(dims.prod()), device=inputs.device)
        places = subsampled_points.to(inputs.device)
        if not places.is_floating_point():
            places = (torch.stack(torch.unravel_index(places, self.output_index_dims), dim=-1) + 0.5) / dims
        features = place_features(places.float(), self.modality).to(inputs.dtype)
        return features.expand(len(inputs), -1, -1)


class GatedPostprocessor(nn.Module):
    """Outputs to patches through a gated layer, whose gate depends on the position of the query."""

    def __init__(self, answers: int, values: int, widening: int = 2):
        super().__init__()
        self.gated = nn.Linear(answers, 2 * widening * answers)
        self.final_layer = nn.Linear(widening * answers, values)

    def forward(self, inputs: Tensor, pos: Tensor | None = None, modality_sizes: None = None) -> Tensor:
        """[B, Q, answers] -> [B, Q, values]."""
        value, gate = self.gated(inputs).chunk(2, dim=-1)
        return self.final_layer(value * nn.functional.gelu(gate))


class SoundPatches(GatedPostprocessor):
    """Outputs to samples, patch by patch: [B, Q, answers] -> [B, Q * samples_per_patch]."""

    def __init__(self, config: PerceiverConfig, answers: int):
        super().__init__(answers, config.samples_per_patch)

    def forward(self, inputs: Tensor, pos: Tensor | None = None, modality_sizes: None = None) -> Tensor:
        return SPOKEN * super().forward(inputs).flatten(1)


def video_of_patches(patches: Tensor, dims: tuple[int, int, int]) -> Tensor:
    """[B, Q, 3 patch²], the patches of a grid (times, rows, columns) -> frames [B, times, 3, height, width]."""
    side = round((patches.shape[-1] / 3) ** 0.5)
    split = patches.unflatten(-1, (3, side, side)).unflatten(1, dims)
    return split.permute(0, 1, 4, 2, 5, 3, 6).flatten(5, 6).flatten(3, 4)


def _label_query(config: PerceiverConfig) -> PerceiverClassificationDecoder:
    return PerceiverClassificationDecoder(
        config,
        position_encoding_type="trainable",
        trainable_position_encoding_kwargs={"num_channels": config.d_latents - KIND, "index_dims": 1},
        position_encoding_only=True,
    )
