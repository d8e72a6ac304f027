#!/usr/bin/env bash
# Runs the tests, which must have been built, again and again, and names all that failed.
#
#     Tests/repeat.sh RUNS [load]
#
# With "load", a busy loop for each core and one that fills and empties a file run beside them. The
# output of every run is kept under .build/repeat.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:?need the number of runs}
logs=.build/repeat
rm -rf "$logs"
mkdir -p "$logs"

loads=()
trap 'kill "${loads[@]}" 2>/dev/null || :; wait; rm -f "$logs/filler"' EXIT
if [ "${2:-}" = load ]; then
  for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    loads+=($!)
  done
  (while :; do dd if=/dev/zero of="$logs/filler" bs=1M count=256 conv=fsync status=none; done) &
  loads+=($!)
fi

failed=0
for run in $(seq "$runs"); do
  log="$logs/$run.log"
  began=$SECONDS
  ended=passed
  timeout --foreground --signal=INT --kill-after=60 3600 \
    swift test -c release --skip-build >"$log" 2>&1 || ended=FAILED
  echo "run $run of $runs: $ended after $((SECONDS - began)) s"
  [ "$ended" = passed ] && continue
  failed=$((failed + 1))
  # What was recorded, and what began and did not end: where the process died or was killed.
  grep 'recorded an issue' "$log" || :
  comm -23 \
    <(sed -nE 's/^◇ Test ([^ ]+\)) started\.$/\1/p' "$log" | sort -u) \
    <(sed -nE 's/^[✔✘] Test ([^ ]+\)) .*/\1/p' "$log" | sort -u) | sed 's/^/did not end: /'
done
echo "$failed of $runs runs failed"
[ "$failed" = 0 ]
