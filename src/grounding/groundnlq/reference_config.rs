//! The reference's configuration files: its yaml, and the json that holds the same merged with
//! its defaults.
//!
//! A key that the reference does not know is refused by name. Keys that it knows and that change
//! nothing here (paths, training, leftovers) are accepted.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::config::{Config, DecodeConfig, FeatureGrid, NetworkConfig, VideoPadding};
use crate::grounding::{NmsConfig, NmsMethod};

/// The eight files that come with the reference.
pub const FILES: [&str; 8] = [
    "ego4d_narrations_nlq_internvideo.yaml",
    "ego4d_nlq_v2_internvideo_1e-4.yaml",
    "ego4d_nlq_v2_internvideo_1e-4_groundnlq_star.yaml",
    "ego4d_nlq_v2_internvideo_5e-5.yaml",
    "ego4d_nlq_v2_internvideo_inference_test.yaml",
    "ego4d_nlq_v2_pretrain_finetune_internvideo_2.5e-5.yaml",
    "ego4d_nlq_v2_pretrain_finetune_internvideo_5e-5.yaml",
    "ego4d_nlq_v2_pretrain_finetune_internvideo_5e-5_train+val.yaml",
];

/// Keys by section; "" is the top.
const KEYS: [(&str, &[&str]); 7] = [
    (
        "",
        &[
            "dataset_name",
            "devices",
            "train_split",
            "val_split",
            "dataset",
            "model",
            "opt",
            "loader",
            "train_cfg",
            "test_cfg",
            "output_folder",
            "init_rand_seed",
            "model_name",
        ],
    ),
    (
        "dataset",
        &[
            "json_file",
            "train_jsonl_file",
            "val_jsonl_file",
            "video_feat_dir",
            "text_feat_dir",
            "val_text_feat_dir",
            "num_classes",
            "input_vid_dim",
            "input_txt_dim",
            "feat_stride",
            "num_frames",
            "default_fps",
            "max_seq_len",
            "downsample_rate",
            "enable_temporal_jittering",
            // in three of the files, and in no code
            "trunc_thresh",
            "crop_ratio",
        ],
    ),
    (
        "model",
        &[
            "backbone_type",
            "fpn_type",
            "backbone_arch",
            "scale_factor",
            "regression_range",
            "n_head",
            "n_mha_win_size",
            "embd_kernel_size",
            "embd_dim",
            "embd_with_ln",
            "fpn_dim",
            "fpn_with_ln",
            "fpn_start_level",
            "head_dim",
            "head_kernel_size",
            "head_num_layers",
            "head_with_ln",
            "max_buffer_len_factor",
            "use_abs_pe",
            "use_rel_pe",
            "input_vid_dim",
            "input_txt_dim",
            "num_classes",
            "max_seq_len",
            "train_cfg",
            "test_cfg",
        ],
    ),
    (
        "opt",
        &[
            "type",
            "momentum",
            "weight_decay",
            "learning_rate",
            "backbone_lr_weight",
            "epochs",
            "warmup",
            "warmup_epochs",
            "schedule_type",
            "schedule_steps",
            "schedule_gamma",
        ],
    ),
    ("loader", &["batch_size", "num_workers"]),
    (
        "train_cfg",
        &[
            "init_loss_norm",
            "clip_grad_l2norm",
            "cls_prior_prob",
            "center_sample",
            "center_sample_radius",
            "label_smoothing",
            "droppath",
            "dropout",
            "loss_weight",
            "head_empty_cls",
        ],
    ),
    (
        "test_cfg",
        &[
            "pre_nms_thresh",
            "pre_nms_topk",
            "iou_threshold",
            "min_score",
            "max_seg_num",
            "nms_method",
            "nms_sigma",
            "duration_thresh",
            "multiclass_nms",
            "ext_score_file",
            "voting_thresh",
        ],
    ),
];

/// Parses yaml or json; what is not named has the reference's default, which its own files override
/// in many places.
pub fn parse(text: &str) -> Result<Config, String> {
    let tree: Value =
        serde_saphyr::from_str(text).map_err(|error| format!("not yaml or json: {}", first_line(&error)))?;
    let Value::Object(top) = tree else { return Err("expected sections such as `model:`".to_owned()) };
    refuse_unknown(&top)?;
    let dataset = Section::of(&top, "dataset")?;
    let model = Section::of(&top, "model")?;
    let train = Section::of(&top, "train_cfg")?;
    let test = Section::of(&top, "test_cfg")?;

    model.expect("backbone_type", "convTransformer")?;
    model.expect("fpn_type", "identity")?;
    model.expect("scale_factor", 2)?;
    model.expect("fpn_start_level", 0)?;
    model.expect("use_rel_pe", false)?;
    dataset.expect("num_classes", 1)?;
    dataset.expect("downsample_rate", 1)?;

    let arch = model.get("backbone_arch", [2, 2, 2, 0, 6])?;
    let levels = 1 + arch[3] + arch[4];
    let ranges = model.get("regression_range", vec![[0.0, 0.0]; 6])?;
    if ranges.len() != levels {
        return Err(format!(
            "model.regression_range has {} entries, expected {levels} for backbone_arch {arch:?}",
            ranges.len()
        ));
    }
    let width = model.get("embd_dim", 512)?;
    model.expect("fpn_dim", width)?;
    let window = match model.0.get("n_mha_win_size") {
        Some(Value::Array(_)) => model.get("n_mha_win_size", Vec::new())?,
        _ => vec![model.get("n_mha_win_size", -1)?],
    };
    let fps = dataset.get("default_fps", None)?;
    Ok(Config {
        features: FeatureGrid {
            video_dim: dataset.get("input_vid_dim", 2304)?,
            text_dim: dataset.get("input_txt_dim", 512)?,
            stride_frames: dataset.get("feat_stride", 16.0)?,
            window_frames: dataset.get("num_frames", 32.0)?,
            fps: fps.ok_or("dataset.default_fps is missing, expected pictures a second")?,
            max_steps: dataset.get("max_seq_len", 2560)?,
        },
        network: NetworkConfig {
            arch,
            width,
            heads: model.get("n_head", 4)?,
            window,
            embed_kernel: model.get("embd_kernel_size", 3)?,
            embed_norm: model.get("embd_with_ln", true)?,
            pyramid_norm: model.get("fpn_with_ln", true)?,
            head_width: model.get("head_dim", 512)?,
            head_kernel: model.get("head_kernel_size", 3)?,
            head_layers: model.get("head_num_layers", 3)?,
            head_norm: model.get("head_with_ln", true)?,
            position: model.get("use_abs_pe", false)?,
            branch_scales: train.get("droppath", 0.1)? > 0.0,
            padding: VideoPadding::Trimmed,
        },
        decode: decode_of(&test)?,
        ..Config::default()
    })
}

/// The settings of a `test_cfg` alone.
pub fn decode(test: &Value) -> Result<DecodeConfig, String> {
    let top = Map::from_iter([("test_cfg".to_owned(), test.clone())]);
    refuse_unknown(&top)?;
    decode_of(&Section::of(&top, "test_cfg")?)
}

fn decode_of(test: &Section) -> Result<DecodeConfig, String> {
    Ok(DecodeConfig {
        min_probability: test.get("pre_nms_thresh", 0.001)?,
        points_per_level: test.get("pre_nms_topk", 5000)?,
        min_steps: test.get("duration_thresh", 0.05)?,
        adds_half_window: true,
        nms: NmsConfig {
            method: test.get("nms_method", NmsMethod::Soft)?,
            iou_threshold: test.get("iou_threshold", 0.1)?,
            sigma: test.get("nms_sigma", 0.5)?,
            min_score: test.get("min_score", 0.01)?,
            keep: test.get("max_seg_num", 1000)?,
            voting_iou: voting_iou(test)?,
        },
    })
}

/// The reference votes only when it does not treat classes apart.
fn voting_iou(test: &Section) -> Result<Option<f32>, String> {
    let threshold = test.get("voting_thresh", 0.75)?;
    Ok((!test.get("multiclass_nms", true)? && threshold > 0.0).then_some(threshold))
}

struct Section<'a>(Map<String, Value>, &'a str);

impl<'a> Section<'a> {
    fn of(top: &Map<String, Value>, name: &'a str) -> Result<Self, String> {
        match top.get(name) {
            None | Some(Value::Null) => Ok(Self(Map::new(), name)),
            Some(Value::Object(map)) => Ok(Self(map.clone(), name)),
            Some(other) => Err(format!("{name} is {other}, expected a section")),
        }
    }

    fn get<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T, String> {
        let Some(value) = self.0.get(key) else { return Ok(default) };
        serde_json::from_value(value.clone())
            .map_err(|error| format!("{}.{key} is {value}, which does not fit: {error}", self.1))
    }

    /// For keys of which one value is built here.
    fn expect(&self, key: &str, only: impl Into<Value>) -> Result<(), String> {
        let only = only.into();
        match self.0.get(key) {
            Some(value) if *value != only => {
                Err(format!("{}.{key} is {value}, but only {only} is supported", self.1))
            }
            _ => Ok(()),
        }
    }
}

fn refuse_unknown(top: &Map<String, Value>) -> Result<(), String> {
    for (section, known) in KEYS {
        let map = if section.is_empty() { Some(top) } else { top.get(section).and_then(Value::as_object) };
        let unknown = map.and_then(|map| map.keys().find(|key| !known.contains(&key.as_str())));
        if let Some(key) = unknown {
            let dot = if section.is_empty() { "" } else { "." };
            return Err(format!("unknown key `{section}{dot}{key}`: the reference has no such setting"));
        }
    }
    Ok(())
}

fn first_line(error: &impl ToString) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: &str = "dataset: { feat_stride: 16.043, default_fps: 30, trunc_thresh: 0.3 }\n\
        model: {\n  # shrunk\n  backbone_arch: [2, 4, 4, 0, 6], use_abs_pe: True, n_mha_win_size: 9,\n\
        regression_range: [[0, 4], [2, 8], [4, 16], [8, 32], [16, 64], [32, 128],[64, 10000]],\n}\n";

    #[test]
    fn a_yaml_file_overrides_the_defaults() {
        let config = parse(FLOW).unwrap();
        assert_eq!(config.network.arch, [2, 4, 4, 0, 6]);
        assert!(config.network.position);
        assert_eq!(config.network.width, 512);
        assert_eq!(config.features.window_frames, 32.0);
        assert_eq!(config.decode.nms.keep, 1000);
    }

    #[test]
    fn keys_that_nobody_knows_are_named() {
        let error = parse("model: { n_heads: 4 }").unwrap_err();
        assert!(error.contains("model.n_heads"), "{error}");
        let error = parse("model: { fpn_type: fpn }").unwrap_err();
        assert!(error.contains("fpn_type") && error.contains("identity"), "{error}");
        let error = parse("- 1").unwrap_err();
        assert!(error.contains("sections"), "{error}");
    }
}
