"""Settings: what they accept, and how they refuse."""

from pathlib import Path

import pytest
from aqboard_reference.topoflow.config import ModelConfig, load_train_config, parse_settings
from aqboard_reference.topoflow.errors import ConfigError

GOOD = """
data: {root: stores, train_years: [2018], val_years: [2019]}
model: {img_h: 64, img_w: 128, embed_dim: 64, regions_h: 8, regions_w: 8}
scan_cache: cache.pkl
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "train.yaml"
    path.write_text(text)
    return path


def test_defaults_are_the_real_model():
    config = ModelConfig()
    assert (config.grid_h, config.grid_w, config.num_patches) == (64, 128, 8192)
    assert len(config.variables) == 15
    assert config.targets == ("pm25", "pm10", "so2", "no2", "co", "o3")


def test_paths_start_from_the_files_own_folder(tmp_path):
    config = load_train_config(written(tmp_path, GOOD))
    assert config.data.root == tmp_path / "stores"
    assert config.data.normalisation_file == tmp_path / "stores" / "normalisation.json"
    assert config.scan_cache == tmp_path / "cache.pkl"
    assert config.output == tmp_path / "training"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model: {depht: 6}", r"unknown key 'model.depht'; allowed are variables, targets, img_h"),
        ("max_step: 3", r"unknown key 'max_step'; allowed are model, data"),
        ("data: {root: x, train_years: [2018]}", r"data.val_years is missing"),
        ("model: {scan_rule: strips}", r"model.scan_rule='strips': Input should be 'none', 'global-sector'"),
        ("model: {embed_dim: 60}", r"embed_dim=60 is not divisible by heads=8"),
        ("model: {regions_h: 48}", r"regions_h=48 does not divide the patch grid's 64"),
        ("model: {img_w: 255}", r"img_w=255 is not divisible by patch=2"),
        ("model: {targets: [pm1]}", r"targets \['pm1'\] are not among the variables"),
        ("model: {variables: [pm25, u], targets: [pm25]}", r"need the variables \['v'\]"),
        ("max_steps: 0", r"max_steps=0: Input should be greater than 0"),
        ("optimiser: {lr: fast}", r"optimiser.lr='fast': Input should be a valid number"),
    ],
)
def test_a_fault_is_told_with_key_value_and_what_is_allowed(tmp_path, change, message):
    text = change if change.startswith("data") else f"data: {{root: x, train_years: [1], val_years: [2]}}\n{change}"
    with pytest.raises(ConfigError, match=message) as caught:
        load_train_config(written(tmp_path, text))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [1", "is not valid YAML"), ("just words", "valid dictionary"), ("", "valid dictionary")],
)
def test_a_file_that_is_no_config_is_refused_in_one_sentence(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message):
        load_train_config(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent.yaml cannot be read \(No such file"):
        load_train_config(tmp_path / "absent.yaml")


def test_settings_survive_their_own_plain_form():
    config = ModelConfig(scan_rule="block-angle", elevation_bias=True)
    assert parse_settings(ModelConfig, config.model_dump(mode="json"), where="here") == config
