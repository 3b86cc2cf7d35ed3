/* pieces.h: work that is cut into pieces, for the threads of a team; inside of lanes.c and sums.c. */
#ifndef HBCD_PIECES_H
#define HBCD_PIECES_H

#include "base/lanes.h"

enum { HBCD_MOST_PIECES = 512, HBCD_PIECE_BITS = 32 };

typedef struct hbcd_answer {
    int given, status; /* read and written atomically */
} hbcd_answer;

/* Work in pieces, each done once by whatever thread is free.  Whoever makes it sets team, n_pieces, piece and work. */
typedef struct hbcd_pieces hbcd_pieces;
struct hbcd_pieces {
    const hbcd_team *team;
    size_t n_pieces;
    int (*piece)(hbcd_pieces *r, size_t piece, int thread); /* 0: go on */
    void *work;
    hbcd_answer error, stop; /* the first of each kind; an error counts for more than a stop */
    unsigned taken[HBCD_MOST_PIECES / HBCD_PIECE_BITS]; /* a bit for every piece: some thread has it; read and written atomically */
    int missing;    /* workers that have not begun; read and written atomically */
    int offers;     /* of its processor, that the caller still makes */
    int away;       /* threads that have not run out of pieces; read and written atomically */
    int processor;  /* of the calling thread; -1: not known */
};

/* Pieces for a team: threads that come late, or are disturbed, leave some to the others. */
size_t hbcd_pieces_for(int n_threads);
/* The threads that a job of this cost is worth, no more than there are pieces. */
int hbcd_threads_for(const hbcd_team *team, size_t n_pieces, double cost);
/* All pieces, by up to n_threads threads; the status that ended them early, else 0. */
int hbcd_pieces_run(hbcd_pieces *r, int n_threads);
/* Before every tile: 0, or what the watch says. */
int hbcd_pieces_tick(hbcd_pieces *r, int thread);
/* Keeps a status that ends the work, unless it is 0; 0: go on. */
int hbcd_pieces_end(hbcd_pieces *r, int status);
int hbcd_pieces_status(hbcd_pieces *r);

#endif
