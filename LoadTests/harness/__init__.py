"""The parts of LoadTests/bench."""
