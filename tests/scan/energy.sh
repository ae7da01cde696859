#!/usr/bin/env bash
# energy.sh - what a scan took, by a powercap tree of the test's own: in the summary, the run's row, after a merge; and unknown
. "$(dirname "$0")/lib.sh"
need sqlite3

make_model model
mkdir corpus
for n in 1 2 3; do make_noise corpus/$n.wav 4000; done
export VOXTRAWL_NVML=$PWD/no-such-library.so VOXTRAWL_POWERCAP=$PWD/powercap

status 0 "$VOXTRAWL" scan --model model -o unknown.db corpus
says "  energy    processors unknown (no RAPL), GPUs unknown (no NVML)"
equal "nothing is known" "1|1|1" "$(sql unknown.db "SELECT cpu_wh IS NULL, gpu_wh IS NULL, grid_g_per_kwh IS NULL FROM runs")"

mkdir -p powercap/intel-rapl:0
cd powercap/intel-rapl:0
echo package-0 >name
echo 1000000000000 >max_energy_range_uj
echo 1000000 >energy_uj
cd ../..
# 3600 J at a time until somebody has looked at it: 1 Wh
count_up() {
    local wh=0
    while [ ! -e enough ] && [ $wh -lt 1000 ]; do
        wh=$((wh + 1))
        echo $((1000000 + wh * 3600000000)) >next
        mv next powercap/intel-rapl:0/energy_uj
        sleep 0.01
    done
    echo $wh >counted
}
count_up &
status 0 "$VOXTRAWL" scan --model model -o r.db --grid-intensity 250 corpus
touch enough
wait
says " Wh (RAPL, 1 package), GPUs unknown (no NVML); "
says "g of CO2 at 250 g/kWh; of whole machines, others' work on them included"
equal "whole watt-hours, as many as were counted at most" "1|1|250.0" \
    "$(sql r.db "SELECT cpu_wh BETWEEN 1 AND $(cat counted) AND abs(cpu_wh - round(cpu_wh)) < 1e-9, gpu_wh IS NULL, grid_g_per_kwh FROM runs")"
mkdir both
status 0 "$VOXTRAWL" merge -o both/r.db r.db unknown.db
equal "a run keeps its own" "$(sql r.db "SELECT cpu_wh FROM runs")" "$(sql both/r.db "SELECT sum(cpu_wh) FROM runs")"
status 0 "$VOXTRAWL" query both/r.db --named energy --format csv
grep -q "processors alone" last.out && grep -q "not measured" last.out || fail "query --named energy does not tell what was measured"
status 2 "$VOXTRAWL" scan --model model -o r.db --grid-intensity 0 corpus
says "--grid-intensity"
echo "ok"
