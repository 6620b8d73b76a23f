"""Who says which models a server has loaded: whoever starts it, a caller with the key, or files.

https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_management.md
"""

from collections.abc import Sequence

from ocr_launch.errors import StartError

NONE, EXPLICIT, POLL = "none", "explicit", "poll"
MODES = (EXPLICIT, NONE, POLL)
FLAG = "--model-control-mode"
# Triton 2.51 may crash where it starts processes of several models while requests are at work. A poll finds all of them
# changed at once; whoever uses the repository API loads one after the other.
ONE_BY_ONE = ("--model-load-thread-count=1",)


def flags(mode: str, models: Sequence[str]) -> list[str]:
    """Those of tritonserver.

    Args:
        mode: One of `MODES`.
        models: That are loaded with `explicit`; those that an ensemble needs come with it, `*` is all. The other modes
            load all that are in the repository.

    >>> flags(EXPLICIT, ["ocr_ensemble"]), flags(NONE, ["ocr_ensemble"])
    (['--model-control-mode=explicit', '--load-model=ocr_ensemble'], ['--model-control-mode=none'])
    """
    named = [f"--load-model={model}" for model in models] if mode == EXPLICIT else []
    return [f"{FLAG}={mode}", *named, *(ONE_BY_ONE if mode == POLL else ())]


def check(flags_given: Sequence[str], instead: str) -> None:
    """Nobody says it behind the launcher's back, which must know whether a model can be loaded anew.

    Args:
        flags_given: Further flags of tritonserver.
        instead: How it is said.

    Raises:
        StartError: A flag says it.
    """
    for flag in flags_given:
        if flag.startswith(FLAG):
            raise StartError(f"{flag} is not for this launcher, which brings back processes by it: say {instead}")
