/* json.h: the lines as {"meta": {...}, "results": [{"name": ..., "median_s": ..., ...}, ...]}, what compare.py reads.
 * All text comes from this program: no character needs an escape. */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "report.h"

static void write_field(FILE *file, const char *name, double number)
{
    if (number > 0) fprintf(file, ", \"%s\": %.9g", name, number);
}

static void write_line(FILE *file, const line *l)
{
    char name[128];
    name_of(l, sizeof name, name);
    fprintf(file, "    {\"name\": \"%s\", \"median_s\": %.9g, \"spread\": %.4g", name, l->time.median, l->time.spread);
    fprintf(file, ", \"what\": \"%s\", \"dtype\": \"%s\", \"isa\": \"%s\", \"threads\": %d", l->what,
            l->dtype == HBCD_F32 ? "float32" : "float64", hbcd_isa_name(l->isa), l->threads);
    write_field(file, "size", (double)l->size);
    write_field(file, "rows", l->rows);
    write_field(file, "work", l->work);
    write_field(file, "peak_per_s", l->peak);
    write_field(file, "plain_s", l->plain);
    write_field(file, "floor_s", l->floor);
    fprintf(file, "}");
}

/* 0, or 1 where the file can't be written. */
static int write_json(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file) {
        fprintf(file, "{\"meta\": {\"program\": \"bench/c/bench.c\", \"isa\": \"%s\", \"openmp\": %d, "
                "\"seconds_per_line\": %.4g},\n \"results\": [\n", hbcd_isa_name(hbcd_isa_detect()), hbcd_openmp(),
                options.seconds);
        for (size_t k = 0; k < n_lines; k++) {
            write_line(file, &lines[k]);
            fprintf(file, k + 1 < n_lines ? ",\n" : "\n");
        }
        fprintf(file, "]}\n");
        int failed = ferror(file);
        if (fclose(file) == 0 && !failed) return 0;
    }
    perror(path);
    return 1;
}

#endif
