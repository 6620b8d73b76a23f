"""Changes of a configuration: they happen, or they are errors."""

import pytest

from ocr_launch import model_config
from ocr_launch.errors import ConfigError

TEXT = """
name: "reader"  # a comment
max_batch_size: 4
instance_group [ { count: 2 } ]
parameters { key: "threads" value { string_value: "1" } }
"""


def test_a_changed_configuration_reads_back_as_changed() -> None:
    config = model_config.parse(TEXT)
    model_config.set_instance_count(config, 5)
    model_config.set_parameter(config, "threads", 3)
    again = model_config.parse(model_config.to_text(config))
    assert again == config
    assert (model_config.instance_count(again), model_config.parameter(again, "threads")) == (5, "3")


@pytest.mark.parametrize("delay_us", [0, 500, None])
def test_calls_share_a_run_after_a_delay_or_never(delay_us: int | None) -> None:
    config = model_config.parse(TEXT)
    model_config.set_queue_delay_us(config, delay_us)
    assert config.HasField("dynamic_batching") == (delay_us is not None)
    assert config.dynamic_batching.max_queue_delay_microseconds == (delay_us or 0)


def test_a_model_of_single_requests_has_no_delay() -> None:
    with pytest.raises(ConfigError, match="reader must have a max_batch_size above 0"):
        model_config.set_queue_delay_us(model_config.parse('name: "reader"'), 0)


def test_several_groups_of_instances_are_not_guessed_at() -> None:
    config = model_config.parse(TEXT + "instance_group [ { count: 1 } ]")
    assert model_config.instance_count(config) == 3
    with pytest.raises(ConfigError, match="one instance_group and has 2 of them"):
        model_config.set_instance_count(config, 1)


def test_a_parameter_that_is_not_there_is_not_made() -> None:
    config = model_config.parse(TEXT)
    with pytest.raises(ConfigError, match="parameters 'thread' and has none"):
        model_config.set_parameter(config, "thread", 2)
    assert "thread" not in config.parameters
