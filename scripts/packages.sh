# Debian and Ubuntu packages, and a function that installs the missing ones.
# Sourced by run.sh, test.sh and .ci/run; does nothing by itself.
# shellcheck shell=bash disable=SC2034

BUILD_PACKAGES=(
    ca-certificates build-essential pkg-config clang libclang-dev
    libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev
)
RUN_PACKAGES=(
    mesa-vulkan-drivers libvulkan1 libgl1-mesa-dri libegl1 libgl1
    libxkbcommon0 libxkbcommon-x11-0 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libwayland-client0
    fonts-noto-cjk
)
TEST_PACKAGES=(xvfb xauth ffmpeg)

# Names those of "$@" that are not installed, one a line.
missing_packages() {
    local name
    for name in "$@"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Abbrev}' "$name" 2>/dev/null) == ?i* ]] || echo "$name"
    done
}

# Installs those of "$@" that are missing, says which, asks nothing.
# Returns 1, after saying what to do, where that is not possible.
install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        echo "packages: this is not Debian or Ubuntu; see \"Other systems\" in README.md for what is needed." >&2
        return 0
    fi
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then
        echo "packages: all ${#} system packages are installed" >&2
        return 0
    fi
    echo "packages: installing ${#missing[@]} missing system packages: ${missing[*]}" >&2
    local root=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1)
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "packages: neither root nor sudo; as root run: apt-get install -y ${missing[*]}" >&2
            return 1
        fi
        root=(sudo "${root[@]}")
    fi
    local options=(-qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    # The package lists of a fresh machine may be absent or old: refresh them, but go on with old ones.
    "${root[@]}" apt-get update -qq >&2 || echo "packages: the package lists could not be refreshed" >&2
    if ! "${root[@]}" apt-get install "${options[@]}" "${missing[@]}" </dev/null >&2; then
        echo "packages: apt-get failed; still missing: $(missing_packages "${missing[@]}" | paste -sd ' ')" >&2
        return 1
    fi
}

# Stops with a sentence where there is no Rust toolchain.
require_cargo() {
    # rustup adds cargo to the path of new shells only.
    if ! command -v cargo >/dev/null && [[ -f "${CARGO_HOME:-$HOME/.cargo}/env" ]]; then
        # shellcheck source=/dev/null
        source "${CARGO_HOME:-$HOME/.cargo}/env"
    fi
    if ! command -v cargo >/dev/null; then
        echo "cargo was not found: install Rust 1.95 or newer from https://rustup.rs first." >&2
        return 1
    fi
}
