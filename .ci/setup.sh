#!/usr/bin/env bash
# Brings a machine to where everything of this repository runs: Node, packages, Chromium, starknet-devnet.
# Installs only what is missing, fetches nothing twice, and ends with 3 and one sentence when something cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."

DEVNET_VERSION=0.8.1
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/latchkey"
DEVNET_HOME="$CACHE/devnet-$DEVNET_VERSION"

say() { printf 'setup: %s\n' "$*"; }
stop() { printf '\nsetup: %s\n' "$*" >&2; exit 3; }
seconds() { printf '%s s' "$(( $(date +%s) - $1 ))"; }
as_root() { [ "$(id -u)" = 0 ]; }
debian() { command -v apt-get >/dev/null 2>&1; }
# A line of its own every half minute, so that a long step is seen to live.
with_progress() {
  local what=$1 log=$2 from; shift 2; from=$(date +%s)
  "$@" >"$log" 2>&1 & local child=$!
  # An interrupted setup takes the step it started with it.
  trap 'kill "$child" 2>/dev/null || true; exit 130' INT TERM
  local next=30
  while kill -0 "$child" 2>/dev/null; do
    sleep 1
    if [ "$(( $(date +%s) - from ))" -ge "$next" ]; then
      say "  $what, $(seconds "$from"): $(progress_of "$log")"; next=$(( next + 30 ))
    fi
  done
  trap - INT TERM
  wait "$child"
}
progress_of() {
  local crates; crates=$(grep -c '^ *Compiling' "$1" || true)
  if [ "$crates" -gt 0 ]; then printf '%s of about 635 crates' "$crates"; else tail -n 1 "$1" | tr -d '\r' | cut -c 1-100; fi
}
keep() { # name value: one line of .env.local, the others as they are
  local rest; rest=$(grep -v "^$1=" .env.local 2>/dev/null || true)
  printf '%s\n' ${rest:+"$rest"} "$1=$2" > .env.local.new && mv .env.local.new .env.local
}
kept() { sed -n "s/^$1=//p" .env.local 2>/dev/null | tail -n 1; }

# 1. Node
node_is_good() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a >= 23 ? 0 : 1)' 2>/dev/null
}
if ! node_is_good; then
  say "Node $(node -p process.versions.node 2>/dev/null || echo 'is missing'): 20.19 or newer is needed, getting 22 (about 1 min)"
  if [ -s "${NVM_DIR:-$HOME/.nvm}/nvm.sh" ]; then
    set +u; . "${NVM_DIR:-$HOME/.nvm}/nvm.sh"; nvm install 22 || true; set -u
  elif command -v fnm >/dev/null 2>&1; then
    eval "$(fnm env)"; fnm install 22 && fnm use 22 || true
  elif command -v npm >/dev/null 2>&1; then
    npm install --global --ignore-scripts=false node@22 || true; hash -r
  fi
  node_is_good || stop 'Node 20.19 or newer could not be had: install Node 22 from nodejs.org and start again.'
fi
say "Node $(node -p process.versions.node)"

# 2. Packages: what lies in node_modules is compared with the lock file, name by name. What npm has kept already is enough;
# the registry is asked for the rest.
if node .ci/installed.mjs; then
  say 'packages as locked'
else
  from=$(date +%s)
  say 'packages: npm ci (usually 10 to 30 s; warnings about engines are expected on Node 20)'
  npm ci --no-audit --no-fund --prefer-offline || npm ci --no-audit --no-fund || stop 'The npm packages could not be had: check the network or the npm registry and start again.'
  say "packages installed in $(seconds "$from")"
fi

# 3. Chromium. Google Chrome itself is no help: it ignores --load-extension.
chromium_is_good() {
  [ -n "$1" ] && [ -x "$1" ] || return 1
  local version; version=$("$1" --version 2>/dev/null) || return 1
  case $version in 'Google Chrome '[0-9]*) return 1 ;; *Chrom*) return 0 ;; *) return 1 ;; esac
}
playwright_chromium() { node -e 'import("playwright-core").then(({ chromium }) => console.log(chromium.executablePath()), () => {})'; }
find_chromium() {
  local name path
  for path in "${CHROME_PATH:-}" "$(kept CHROME_PATH)"; do chromium_is_good "$path" && { echo "$path"; return; }; done
  for name in chromium chromium-browser chrome; do
    path=$(command -v "$name" || true); chromium_is_good "$path" && { echo "$path"; return; }
  done
  path=$(playwright_chromium); chromium_is_good "$path" && { echo "$path"; return; }
  return 1
}
if ! chrome=$(find_chromium); then
  from=$(date +%s)
  say 'Chromium is missing: asking Playwright for one (about 170 MB, usually 1 min)'
  log=$(mktemp)
  with_deps=(); as_root && debian && with_deps=(--with-deps)
  with_progress Chromium "$log" node_modules/.bin/playwright install ${with_deps[@]+"${with_deps[@]}"} chromium || {
    if as_root && debian; then
      say 'Playwright had none: asking Debian (apt-get install chromium, usually 1 to 2 min)'
      with_progress Chromium "$log" sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium' || true
    fi
  }
  rm -f "$log"
  chrome=$(find_chromium) || stop 'Chromium could not be had: install the package chromium, or point CHROME_PATH at a Chromium or a Chrome for Testing, and start again.'
  say "Chromium installed in $(seconds "$from")"
fi
keep CHROME_PATH "$chrome"
say "$("$chrome" --version 2>/dev/null) at $chrome"

# 4. starknet-devnet: the real chain of all tests, one for all clones of a person.
devnet_is_good() { [ -n "$1" ] && [ -x "$1" ] && case "$("$1" --version 2>/dev/null)" in *" ${DEVNET_VERSION%.*}."*) return 0 ;; *) return 1 ;; esac }
find_devnet() {
  local path
  for path in "${DEVNET_PATH:-}" "$(kept DEVNET_PATH)" "$(command -v starknet-devnet || true)" "$DEVNET_HOME/bin/starknet-devnet"; do
    devnet_is_good "$path" && { echo "$path"; return; }
  done
  return 1
}
build_devnet() {
  command -v cargo >/dev/null 2>&1 || PATH="$PATH:$HOME/.cargo/bin"
  command -v cargo >/dev/null 2>&1 || stop "starknet-devnet $DEVNET_VERSION is missing and so is cargo to build it: install Rust from rustup.rs (or the npm package starknet-devnet, and point DEVNET_PATH at its binary) and start again."
  local missing=() tool from log
  for tool in pkg-config make; do command -v "$tool" >/dev/null 2>&1 || missing+=("$tool"); done
  command -v cc >/dev/null 2>&1 || missing+=(gcc libc6-dev)
  if [ ${#missing[@]} -gt 0 ]; then
    as_root && debian || stop "To build starknet-devnet install ${missing[*]} and start again."
    say "installing ${missing[*]} (usually 10 s)"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null || stop "To build starknet-devnet install ${missing[*]} and start again."
  fi
  from=$(date +%s); log="$CACHE/devnet-build.log"
  say "starknet-devnet $DEVNET_VERSION is missing: building it once for all clones (usually 9 to 15 min on 2 cores; log: $log)"
  # One target folder: an interrupted build goes on where it stopped. The finished binary appears by one rename.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=32 CARGO_TARGET_DIR="$CACHE/devnet-$DEVNET_VERSION.target" \
    with_progress devnet "$log" cargo install starknet-devnet --version "$DEVNET_VERSION" --locked --force --root "$CACHE/devnet-$DEVNET_VERSION.new" \
    || stop "starknet-devnet $DEVNET_VERSION did not build, the reason is at the end of $log: repair it, or point DEVNET_PATH at a binary, and start again."
  mkdir -p "$DEVNET_HOME/bin"
  mv "$CACHE/devnet-$DEVNET_VERSION.new/bin/starknet-devnet" "$DEVNET_HOME/bin/starknet-devnet"
  rm -rf "$CACHE/devnet-$DEVNET_VERSION.target" "$CACHE/devnet-$DEVNET_VERSION.new"
  say "starknet-devnet built in $(seconds "$from")"
}
# Two clones at once: the second waits for the first and then finds what it made. Where there is no flock, cargo's own lock
# on the target folder makes them build one after the other.
alone() {
  mkdir -p "$CACHE"
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>"$CACHE/devnet.lock"
  flock -n 9 || { say 'another clone is building starknet-devnet: waiting for it'; flock 9; }
}
if ! devnet=$(find_devnet); then
  alone
  find_devnet >/dev/null || build_devnet
  exec 9>&- 2>/dev/null || true
  devnet=$(find_devnet) || stop "starknet-devnet $DEVNET_VERSION could not be had: point DEVNET_PATH at a binary and start again."
fi
keep DEVNET_PATH "$devnet"
say "$("$devnet" --version) at $devnet"
