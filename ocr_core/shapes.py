"""How the networks get inputs of few shapes: a GPU prepares anew for each."""


def step_px(length_px: float, finest_px: int, fine_steps: float) -> int:
    """Of what a length is made a multiple, pixels: the finest step, doubled until it has no more than so many.

    >>> step_px(200, 32, 8), step_px(700, 32, 8)
    (32, 128)
    """
    while length_px > fine_steps * finest_px:
        finest_px *= 2
    return finest_px
