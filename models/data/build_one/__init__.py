"""Perceivers of the visitor's own, without torch: data sets, parts, what fits together, sizes and code."""

from models.data.build_one.counting import PartSize, count_parameters, forward_operations, part_sizes, transformer_size
from models.data.build_one.drawn import SHOWN_ROWS, Examples, draw
from models.data.build_one.experiments import claim_holds, experiments
from models.data.build_one.fitting import check, fitting_decoders, fitting_postprocessors, problems
from models.data.build_one.parts import Part, Parts, parts
from models.data.build_one.presets import fingerprint, preset, sweep
from models.data.build_one.script import saved_files, write_notebook, write_script
from models.data.build_one.sets import as_read
from models.data.build_one.shapes import shapes
from models.data.build_one.specs import READABLE, spec_of
