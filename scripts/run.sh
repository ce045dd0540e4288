#!/usr/bin/env bash
# From a fresh checkout to the open window: system packages, models, build, demo clip.
# Extra arguments replace the demo clip: scripts/run.sh my-clip.mp4 my-gaze.csv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

clip=assets/demo/kitchen_desk.mp4
question="Where was the coffee cup before I picked it up?"

install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}"
require_cargo
cargo build --release --locked
gazenlq="${CARGO_TARGET_DIR:-target}/release/gazenlq"

# Present models are checked and skipped. Whatever could not be fetched is named, and the window opens anyway.
if ! "$gazenlq" models fetch; then
    echo "run: some models are missing (see above): video, recorded gaze and annotations work without them," >&2
    echo "run: predicted gaze and questions need them. Try again later with: $gazenlq models fetch" >&2
fi

if [[ -n ${DISPLAY:-} || -n ${WAYLAND_DISPLAY:-} || $(uname) == Darwin ]]; then
    if (($# > 0)); then
        exec "$gazenlq" "$@"
    fi
    exec "$gazenlq" assets/demo --query "$question"
fi

echo "run: no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window; the same question headless:" >&2
echo "  $gazenlq query ${1:-$clip} \"$question\"" >&2
exec "$gazenlq" query "${1:-$clip}" "$question"
