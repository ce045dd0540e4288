#!/usr/bin/env bash
# Makes the shipped networks of models/gazenlq-synth from nothing but a seed: renders the world, computes
# features, trains the gaze estimator and the grounding networks, and judges them on clips of another seed.
# usage: scripts/train-synth.sh WORK_FOLDER [GAZENLQ_PROGRAM]
# Every step can be stopped with Ctrl-C; the same command goes on.
set -euo pipefail
work=$1
gazenlq=$(realpath "${2:-target/release/gazenlq}")
models=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../models/gazenlq-synth")
mkdir -p "$work"
cd "$work"

# one step: `run FOLDER COMMAND...` goes on with the run in FOLDER, or leaves it if it is done
run() {
    local folder=$1
    shift
    [[ -d $folder/last ]] && return
    local resume=()
    [[ -f $folder/checkpoint.safetensors ]] && resume=(--resume)
    "$gazenlq" train "$@" --output "$folder" "${resume[@]}"
}

# learning and choosing epochs on seed 1, judging on seed 2
"$gazenlq" synth --out world --clips 200 --seed 1 --config "$models/world.toml"
sed 's/^val_share.*/val_share = 1.0/' "$models/world.toml" >world-test.toml
"$gazenlq" synth --out world-test --clips 36 --seed 2 --config world-test.toml
"$gazenlq" features --videos world/clips --output features \
    --annotations world/nlq_train.json --annotations world/nlq_val.json \
    --annotations world/narrations_train.jsonl
"$gazenlq" features --videos world-test/clips --output features-test \
    --annotations world-test/nlq_val.json

run runs/gaze gaze "$models/gaze.toml"

# narrations and questions first, as the paper starts from a network pretrained on narrations
run runs/pretrained grounding "$models/grounding.toml" \
    --set 'data.train=["world/nlq_train.json", "world/narrations_train.jsonl"]' \
    --set schedule.epochs=9

for seed in 1 2 3; do
    for mode in off positive negate; do
        run "runs/$mode-$seed" grounding "$models/grounding.toml" \
            --set start.checkpoint=runs/pretrained --set start.estimator=runs/gaze \
            --set "model.gaze.mode=$mode" --set "seed=$seed" --set schedule.learning_rate=5e-4
    done
done
