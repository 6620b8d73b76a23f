"""One model's configuration as a ModelConfig message: read, changed and written.

A message does not depend on the comments and the formatting of a file. What is to be changed must be there: a field
that is missing is an error, because a change that does nothing would go unnoticed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

from ocr_launch.errors import ConfigError

FILE_NAME = "config.pbtxt"
# The message of Triton's model_config.proto; tritonclient ships it without types.
ModelConfig: TypeAlias = Any


def parse(text: str, name: str = FILE_NAME) -> ModelConfig:
    """The message that the text of a `.pbtxt` file stands for.

    Args:
        text: Of the file.
        name: What to call it in the error.

    Raises:
        ConfigError: It is not a model configuration; an unknown field is one reason.
    """
    try:
        return text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise ConfigError(f"{name} is not a model configuration: {error}") from error


def read(file: Path) -> ModelConfig:
    """The message in a `.pbtxt` file.

    Raises:
        ConfigError: The file is missing, or no model configuration.
    """
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError as error:
        raise ConfigError(f"{file} is missing") from error


def to_text(config: ModelConfig) -> str:
    """A message as the text of a `.pbtxt` file."""
    return str(text_format.MessageToString(config))


def instance_count(config: ModelConfig) -> int:
    """How many instances of the model run on one device."""
    return sum(group.count or 1 for group in config.instance_group) or 1


def set_instance_count(config: ModelConfig, count: int) -> None:
    """Change how many instances run.

    Raises:
        ConfigError: There is no instance_group, or there are several.
    """
    if len(config.instance_group) != 1:
        raise _unfit(config, "one instance_group", f"{len(config.instance_group)} of them")
    config.instance_group[0].count = count


def parameter(config: ModelConfig, key: str) -> str:
    """The string value of one of the `parameters`.

    Raises:
        ConfigError: There is none of this key.
    """
    if key not in config.parameters:
        raise _unfit(config, f"parameters {key!r}", "none")
    return str(config.parameters[key].string_value)


def set_parameter(config: ModelConfig, key: str, value: object) -> None:
    """Change the string value of one of the `parameters`.

    Raises:
        ConfigError: There is none of this key.
    """
    parameter(config, key)
    config.parameters[key].string_value = str(value)


def set_queue_delay_us(config: ModelConfig, delay_us: int | None) -> None:
    """Change how long a call waits for others to share a run; None ends dynamic batching.

    Args:
        config: Of a model.
        delay_us: Microseconds.

    Raises:
        ConfigError: The model takes no batches.
    """
    if config.max_batch_size == 0:
        raise _unfit(config, "a max_batch_size above 0", "0")
    config.ClearField("dynamic_batching")
    if delay_us is not None:
        config.dynamic_batching.SetInParent()
        config.dynamic_batching.max_queue_delay_microseconds = delay_us


def set_max_queue_size(config: ModelConfig, size: int) -> None:
    """Change how many requests may wait for the model; further ones are refused.

    Raises:
        ConfigError: The configuration bounds no queue.
    """
    if not config.dynamic_batching.default_queue_policy.max_queue_size:
        raise _unfit(config, "dynamic_batching.default_queue_policy.max_queue_size", "none")
    config.dynamic_batching.default_queue_policy.max_queue_size = size


def set_versions(config: ModelConfig, versions: Sequence[int]) -> None:
    """Change which versions of the model are loaded."""
    config.ClearField("version_policy")
    config.version_policy.specific.versions.extend(versions)


def set_step_version(config: ModelConfig, version: int) -> None:
    """Change of which version all steps of an ensemble are."""
    for step in config.ensemble_scheduling.step:
        step.model_version = version


def _unfit(config: ModelConfig, wanted: str, found: str) -> ConfigError:
    return ConfigError(
        f"the configuration of {config.name} must have {wanted} and has {found}; the launcher changes it to fit this "
        "machine: add it, or take the profile configured, which leaves the files as they are"
    )
