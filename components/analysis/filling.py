"""What a model read when it filled a masked byte."""

from models.schema import MaskedBytesResult


def hidden_when_filled(result: MaskedBytesResult, position: int | None) -> list[int]:
    """The bytes that the model did not see in the round that filled this one; for a given one, in the first."""
    places = result.positions.tolist()
    turn = int(result.order[places.index(position)]) if position in places else 0
    return result.positions[result.order >= turn].tolist()
