#!/usr/bin/env bash
# Runs the order course: Rondo's development server, an order worker, a payment worker and ten orders. Of the orders
# that end in manual review it rejects the first, cancels the second and approves the others. Shows what happened to each
# order; exits 0 only when all went as it should.
set -euo pipefail
source "$(dirname "$0")/common.sh"
cd "$project"

if [ "${1:-}" != --with-server ]; then
  scripts/setup.sh --build
  say "Building the server and the order course (the first time also the Temporal API, some minutes)"
  cmake --preset dev >/dev/null
  cmake --build --preset dev --target rondo-command example_order_order_worker example_order_payment_worker \
    example_order_starter
  RONDO_TEST_SERVER=build/dev/tools/rondo exec scripts/with_server.sh "$0" --with-server
fi

orders=10
course=build/dev/examples/order
logs=build/demo
mkdir -p "$logs"

export TEMPORAL_ADDRESS=$RONDO_TEST_ADDRESS TEMPORAL_NAMESPACE=default
export ORDER_TASK_QUEUE=order-task-queue PAYMENT_TASK_QUEUE=payment-task-queue
# A bad day for the payment service, so that some orders need a person; quick retries, so that it is soon over.
export PAYMENT_FAILURE_RATE=0.8 PAYMENT_RETRY_MS=200

workers=()
stop() {
  local worker
  for worker in ${workers[@]+"${workers[@]}"}; do kill "$worker" 2>/dev/null || true; done
  for worker in ${workers[@]+"${workers[@]}"}; do wait "$worker" 2>/dev/null || true; done
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Server at $TEMPORAL_ADDRESS; workers on $ORDER_TASK_QUEUE and $PAYMENT_TASK_QUEUE, their logs in $logs"
"$course/order_worker" 2>"$logs/order_worker.log" & workers+=($!)
"$course/payment_worker" 2>"$logs/payment_worker.log" & workers+=($!)

say "$orders orders"
"$course/starter" start order --count "$orders"

ids=()
for ((order = 1; order <= orders; order++)); do ids+=("order-$order"); done
in_state() { awk -v states="^($1)\$" 'NR > 1 && $2 ~ states { print $1 }' <<<"$table"; }

say "Waiting, and reviewing what could not be paid"
declare -A reviewed=()
review() {
  local verdict=approve
  [ ${#reviewed[@]} -ne 0 ] || verdict=reject
  [ ${#reviewed[@]} -ne 1 ] || verdict=cancel
  case $verdict in
    cancel) "$course/starter" cancel "$1" ;;
    *) "$course/starter" "$verdict" "$1" ada ;;
  esac
  reviewed[$1]=$verdict
  printf '        %s: %s\n' "$1" "$verdict"
}
deadline=$((SECONDS + 60))
while :; do
  table=$("$course/starter" status "${ids[@]}")
  summary=
  for state in received paying in-review completed rejected cancelled; do
    count=$(in_state "$state" | wc -l)
    [ "$count" = 0 ] || summary+="${summary:+, }$count $state"
  done
  printf '  %2d s  %s\n' "$SECONDS" "$summary"
  for id in $(in_state in-review); do [ -n "${reviewed[$id]:-}" ] || review "$id"; done
  over=$(in_state 'completed|rejected|cancelled' | wc -l)
  [ "$over" -lt "$orders" ] || break
  [ $SECONDS -lt $deadline ] || die "after a minute only $over of $orders orders are over; see $logs"
  sleep 1
done

say "What happened"
printf '%s\n' "$table"

# The server must have closed every workflow in the same way.
wrong=0
ended() { "$course/starter" result "$1" 2>&1 || true; }
for id in "${ids[@]}"; do
  case ${reviewed[$id]:-paid} in
    paid) wanted="$id: completed after [1-5] payment attempts, payment-of-$id" ;;
    approve) wanted="$id: completed after 5 payment attempts, approved-by-ada" ;;
    reject) wanted="$id: rejected by ada" ;;
    cancel) wanted="$id: .*cancel.*" ;;
  esac
  result=$(ended "$id")
  grep -qx "$wanted" <<<"$result" || { echo "unexpected end: $result"; wrong=$((wrong + 1)); }
done
[ $wrong = 0 ] || die "$wrong of $orders orders did not end as they should; see $logs"
for worker in "${workers[@]}"; do
  kill "$worker"
  wait "$worker" || die "a worker did not stop cleanly; see $logs"
done
workers=()
say "All $orders orders ended as they should"
