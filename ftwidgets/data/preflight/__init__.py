"""What a model will see of the rows: tokens, which of them are learnt, and what a length limit cuts off."""

from ftwidgets.data.preflight.encoding import Encoder
from ftwidgets.data.preflight.lengths import Effect, Lengths
from ftwidgets.data.preflight.sequences import Encoded, Part
from ftwidgets.data.preflight.survey import Survey, survey
from ftwidgets.data.preflight.token_view import Token, tokens_of

__all__ = ["Effect", "Encoded", "Encoder", "Lengths", "Part", "Survey", "Token", "survey", "tokens_of"]
