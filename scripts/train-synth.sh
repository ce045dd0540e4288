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
cp "$models"/{world,gaze,grounding,experiment}.toml .

# `run FOLDER COMMAND...` goes on with the run in FOLDER, or leaves it if it is done
run() {
    local folder=$1
    shift
    [[ -f $folder/last/import.toml ]] && return
    local resume=()
    [[ -f $folder/checkpoint.safetensors ]] && resume=(--resume)
    "$gazenlq" train "$@" --output "$folder" "${resume[@]}"
}

# seed 1 to learn from and to choose epochs by, seed 2 to judge
"$gazenlq" synth --output world --clips 152 --seed 1 --config world.toml
sed 's/^val_share.*/val_share = 1.0/' world.toml >world-test.toml
"$gazenlq" synth --output world-test --clips 36 --seed 2 --config world-test.toml
mkdir -p recordings
ln -sf "$PWD"/world/gaze/*.csv "$PWD"/world-test/gaze/*.csv recordings/
"$gazenlq" features --videos world/clips --videos world-test/clips --output features \
    --annotations world/nlq_train.json --annotations world/nlq_val.json \
    --annotations world/narrations_train.jsonl --annotations world-test/nlq_val.json

for seed in 1 2 3; do
    run "runs/gaze-$seed" gaze gaze.toml --set "seed=$seed"
    # sentences and questions first, as the paper starts from a network pretrained on narrations
    run "runs/pretrained-$seed" grounding grounding.toml --set "seed=$seed" \
        --set 'data.train=["world/nlq_train.json", "world/narrations_train.jsonl"]'
done

# every gaze mode and seed from there, judged on clips that nothing was chosen by
"$gazenlq" experiment experiment.toml

# the estimators on those clips: no epochs, so they are only judged
for seed in 1 2 3; do
    run "test/gaze-$seed" gaze gaze.toml --set schedule.epochs=0 --set schedule.warmup_epochs=0 \
        --set "start.estimator=runs/gaze-$seed" --set 'data.validation=["world-test/videos_val.txt"]'
done

# what is shipped: the first seed's networks in half precision, every log, every figure
for mode in off:groundnlq positive-frozen:gazenlq negate-frozen:gazenlq-star; do
    best=runs/grid/synth-${mode%%:*}-seed1/best
    GAZENLQ_MODELS=shipped "$gazenlq" models import "$best/model.safetensors" --config "$best/config.toml" \
        --name "${mode##*:}" --half
done
rm -rf shipped/log shipped/results
mkdir -p shipped/log shipped/results
cp runs/grid/table* shipped/results/
for seed in 1 2 3; do
    for run in "gaze-$seed" "pretrained-$seed" "grid/synth-"{off,positive-frozen,negate-frozen}"-seed$seed"; do
        cp "runs/$run/metrics.jsonl" "shipped/log/$(basename "$run").jsonl"
    done
    cat "test/gaze-$seed/metrics.jsonl" >>shipped/results/estimators.jsonl
done
