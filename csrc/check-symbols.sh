#!/bin/sh
# check-symbols.sh BUILD_DIR: proves with nm what the core promises of the archive BUILD_DIR/libhbcd.a.
# No allocation, no output, no exit, no interpreter; the clock in stop.o and OpenMP in lanes.o only; no writable
# data but the instruction set that the processor was found to have (tables are const, .data.rel.ro is read-only once
# relocated); nothing defined outside the hbcd_ prefix.
set -eu
export LC_ALL=C

archive=${1:?usage: check-symbols.sh BUILD_DIR}/libhbcd.a
[ -f "$archive" ] || { echo "check-symbols: $archive is not there" >&2; exit 1; }
command -v "${NM:=nm}" >/dev/null || { echo "check-symbols: needs $NM (binutils)" >&2; exit 1; }
case $(uname -s) in Darwin) underscore=1 ;; *) underscore=0 ;; esac

# sysv format, because it names the section: "archive:member.o:name |value|class|type|size|line|section".
symbols=$("$NM" -A -f sysv "$archive")

printf '%s\n' "$symbols" | awk -F'|' -v underscore="$underscore" '
function bad(why) { printf "check-symbols: %s: %s %s\n", object, name, why; failures++ }

NF >= 6 {
    n = split($1, where, ":")
    object = where[n - 1]; name = where[n]; class = $3; section = $NF
    gsub(/ /, "", name); gsub(/ /, "", class); gsub(/[ \t]/, "", section)
    sub(/@.*/, "", name)
    if (underscore) sub(/^_/, "", name)
    objects[object] = 1

    # What the compiler, its stack protector or a sanitizer brings along.
    if (name ~ /^(__stack_chk|__asan|__ubsan|__tsan|__msan|__sanitizer|__odr_asan|__gcov|__llvm|_GLOBAL_)/) next
    if (name ~ /^(__x86\.|__dso_handle$)/) next
    # What kernels.c was told by the processor: written with one value only.
    if (object == "kernels.o" && name == "remembered") next

    if (class == "U" || class == "w" || class == "v") {
        plain = name
        sub(/^__isoc[0-9]+_/, "", plain); sub(/^__/, "", plain); sub(/_chk$/, "", plain)
        if (plain ~ /^(malloc|calloc|realloc|reallocarray|free|cfree|aligned_alloc|posix_memalign|memalign|valloc|strn?dup|mmap|munmap|brk|sbrk)$/)
            bad("allocates: take it from an arena")
        else if (plain ~ /^v?(f|s|sn|d|as)?printf$/ || plain ~ /^(f?puts|f?putc|putchar|fwrite|write|perror|fflush|fopen|stdout|stderr|stdinp|stdoutp|stderrp)$/)
            bad("prints: return a status")
        else if (plain ~ /^(_?exit|_Exit|quick_exit|atexit|abort|raise|assert_fail|assert_rtn)$/)
            bad("ends the process: return a status")
        else if (plain ~ /^(s?rand(om)?(_r)?|[dlmej]rand48|arc4random.*|getrandom|secure_getenv|getenv|setlocale)$/)
            bad("depends on the state of the process: pass it in")
        else if (plain ~ /^(time|clock|times|gettimeofday|ftime)$/)
            bad("reads a clock: ask hbcd_clock")
        else if (plain ~ /^(clock_gettime|timespec_get|mach_absolute_time)/ && object != "stop.o")
            bad("reads a clock: only stop.c may")
        else if (name ~ /^(omp_|GOMP_|__kmpc_)/ && object != "lanes.o")
            bad("is OpenMP: only lanes.c may")
        else if (name ~ /^_?Py[A-Z_]/)
            bad("belongs to Python: only _core.pyx may")
        next
    }
    if (section ~ /^(\.t?data|\.t?bss|\*COM\*|\.lbss|\.ldata|\.sdata|\.sbss)/ || class ~ /^[dDbBC]$/)
        if (section !~ /^\.data\.rel\.ro/ && section !~ /const/)
            bad("is writable data in " section ": the core holds no state")
    if (class ~ /^[A-Z]$/ && class != "N" && name !~ /^hbcd_/)
        bad("is visible to others: make it static or give it the hbcd_ prefix")
}

END {
    for (object in objects) count++
    if (count == 0) { print "check-symbols: no symbols found"; exit 1 }
    if (failures) { printf "check-symbols: %d broken promises\n", failures; exit 1 }
    printf "check-symbols: %d objects keep their promises\n", count
}'
