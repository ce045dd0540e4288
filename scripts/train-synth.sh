#!/usr/bin/env bash
# Makes the shipped networks of models/gazenlq-synth from nothing but seeds: renders the world, computes
# features, trains the gaze estimator and the grounding networks, and judges them on clips of another seed.
# usage: scripts/train-synth.sh WORK_FOLDER [GAZENLQ_PROGRAM]
# Every step can be stopped with Ctrl-C; the same command goes on.
set -euo pipefail
work=$1
gazenlq=$(realpath "${2:-target/release/gazenlq}")
models=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../models/gazenlq-synth")
mkdir -p "$work"
cd "$work"

# `run FOLDER COMMAND...` goes on with the run in FOLDER, or leaves it if it is done
run() {
    local folder=$1
    shift
    [[ -d $folder/last ]] && return
    local resume=()
    [[ -f $folder/checkpoint.safetensors ]] && resume=(--resume)
    "$gazenlq" train "$@" --output "$folder" "${resume[@]}"
}

# seed 1 to learn from and to choose epochs by, seed 2 to judge
"$gazenlq" synth --output world --clips 152 --seed 1 --config "$models/world.toml"
sed 's/^val_share.*/val_share = 1.0/' "$models/world.toml" >world-test.toml
"$gazenlq" synth --output world-test --clips 36 --seed 2 --config world-test.toml
mkdir -p recordings
ln -sf "$PWD"/world/gaze/*.csv "$PWD"/world-test/gaze/*.csv recordings/
"$gazenlq" features --videos world/clips --videos world-test/clips --output features \
    --annotations world/nlq_train.json --annotations world/nlq_val.json \
    --annotations world/narrations_train.jsonl --annotations world-test/nlq_val.json

run runs/gaze gaze "$models/gaze.toml"

# sentences and questions first, as the paper starts from a network pretrained on narrations
run runs/pretrained grounding "$models/grounding.toml" \
    --set 'data.train=["world/nlq_train.json", "world/narrations_train.jsonl"]'

finetune=(--set start.checkpoint=runs/pretrained --set start.estimator=runs/gaze
    --set schedule.learning_rate=5e-4)
for seed in 1 2 3; do
    for mode in off positive negate; do
        run "runs/$mode-$seed" grounding "$models/grounding.toml" "${finetune[@]}" \
            --set "model.gaze.mode=$mode" --set "seed=$seed"
    done
done

# no epochs: only judged, on clips that nothing was chosen by
judge=(--set schedule.epochs=0 --set schedule.warmup_epochs=0)
run test/gaze gaze "$models/gaze.toml" "${judge[@]}" --set start.estimator=runs/gaze \
    --set 'data.validation=["world-test/videos_val.txt"]'
predictions=()
for mode in off positive negate; do
    for seed in 1 2 3; do
        run "test/$mode-$seed" grounding "$models/grounding.toml" "${judge[@]}" \
            --set "start.checkpoint=runs/$mode-$seed" --set "model.gaze.mode=$mode" \
            --set 'data.validation=["world-test/nlq_val.json"]'
        predictions+=("test/$mode-$seed/predictions-epoch000.jsonl")
    done
done
"$gazenlq" eval --annotations world-test/nlq_val.json --topk 1,5 --chance --json --predictions "${predictions[@]}" >test/all.json
"$gazenlq" eval --annotations world-test/nlq_val.json --topk 1,5 --chance --json \
    --only world-test/queries_gaze_only.txt --predictions "${predictions[@]}" >test/gaze-only.json

# the first seed's networks are shipped, in half precision
for mode in off:groundnlq positive:gazenlq negate:gazenlq-star; do
    best=runs/${mode%%:*}-1/best
    GAZENLQ_MODELS=shipped "$gazenlq" models import "$best/model.safetensors" --config "$best/config.toml" \
        --name "${mode##*:}" --half
done
