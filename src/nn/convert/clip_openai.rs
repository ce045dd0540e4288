//! CLIP under the names of its authors' code (github.com/openai/CLIP `clip/model.py`) to the names of
//! Hugging Face's, under which the towers here read it.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor};

use super::Tensors;

/// True for the names of a whole checkpoint in the authors' layout.
pub fn is_openai<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let wanted = ["visual.conv1.weight", "ln_final.weight"];
    let mut found = [false; 2];
    for name in names {
        wanted.iter().zip(&mut found).for_each(|(wanted, found)| *found |= name == *wanted);
    }
    found == [true; 2]
}

/// Tensors under their new names, in the precision they have. What no tower reads (sizes as whole
/// numbers) is left out.
pub fn renamed(tensors: BTreeMap<String, Tensor>) -> Result<Tensors> {
    let mut renamed = Tensors::new();
    for (name, tensor) in tensors.into_iter().filter(|(_, tensor)| tensor.dtype().is_float()) {
        let (tower, inner) = match name.strip_prefix("visual.") {
            Some(inner) => ("vision_model", inner),
            None => ("text_model", name.as_str()),
        };
        if let Some(rest) = inner.strip_prefix("transformer.resblocks.") {
            let Some((index, rest)) = rest.split_once('.') else { continue };
            for (part, tensor) in block_parts(rest, tensor)? {
                renamed.insert(format!("{tower}.encoder.layers.{index}.{part}"), tensor);
            }
            continue;
        }
        let new = match (tower, inner) {
            ("vision_model", "class_embedding") => "embeddings.class_embedding",
            ("vision_model", "conv1.weight") => "embeddings.patch_embedding.weight",
            ("vision_model", "ln_pre.weight") => "pre_layrnorm.weight",
            ("vision_model", "ln_pre.bias") => "pre_layrnorm.bias",
            ("vision_model", "ln_post.weight") => "post_layernorm.weight",
            ("vision_model", "ln_post.bias") => "post_layernorm.bias",
            (_, "positional_embedding") => "embeddings.position_embedding.weight",
            ("text_model", "token_embedding.weight") => "embeddings.token_embedding.weight",
            ("text_model", "ln_final.weight") => "final_layer_norm.weight",
            ("text_model", "ln_final.bias") => "final_layer_norm.bias",
            // a product with the matrix on the right, so stored the other way round
            ("vision_model", "proj") => {
                renamed.insert("visual_projection.weight".to_owned(), tensor.t()?.contiguous()?);
                continue;
            }
            ("text_model", "text_projection") => {
                renamed.insert("text_projection.weight".to_owned(), tensor.t()?.contiguous()?);
                continue;
            }
            _ => continue, // the temperature of training
        };
        renamed.insert(format!("{tower}.{new}"), tensor);
    }
    Ok(renamed)
}

/// A tensor of a transformer block; the joined one of attention comes apart.
fn block_parts(name: &str, tensor: Tensor) -> Result<Vec<(String, Tensor)>> {
    let plain = [
        ("attn.out_proj", "self_attn.out_proj"),
        ("ln_1", "layer_norm1"),
        ("ln_2", "layer_norm2"),
        ("mlp.c_fc", "mlp.fc1"),
        ("mlp.c_proj", "mlp.fc2"),
    ];
    if let Some(kind) = name.strip_prefix("attn.in_proj_") {
        let parts = ["q_proj", "k_proj", "v_proj"].into_iter().zip(tensor.chunk(3, 0)?);
        return parts.map(|(part, t)| Ok((format!("self_attn.{part}.{kind}"), t.contiguous()?))).collect();
    }
    let renamed = plain.iter().find_map(|(old, new)| Some(format!("{new}{}", name.strip_prefix(old)?)));
    Ok(renamed.map(|name| (name, tensor)).into_iter().collect())
}
