/* An instance of a model of hbcd for FMI, its states and messages, the same for FMI 2 and 3.
   Predictions are functions of the inputs: nothing depends on time, nothing is carried over. */
#include <float.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define NOT_NOW ": must not be called in this state"
#define NO_VARIABLE ": there is no variable of this type and value reference"
#define NO_ARRAY ": arrays must be there and be of the same length"
#define NOT_HELD ": a value that is not finite or no level; nothing is set"
#define NOT_FINITE ": the inputs give no finite prediction"
#define NOT_PROVIDED ": this model does not provide it"
#define TOO_LATE ": steps must be above 0 and end before the time of stop"
#define NO_STATE ": is no state of this model"
#define NO_INSTANCE ": the name of the instance must be given, the token must be that of the model"
#define NO_CATEGORY ": must be logStatusError or logStatusDiscard"
#define NO_MEMORY ": there is no memory"

#if defined(_WIN32) || defined(__CYGWIN__)
#define EXPORTED __declspec(dllexport)
#elif defined(__GNUC__)
#define EXPORTED __attribute__((visibility("default")))
#else
#define EXPORTED
#endif
#define PASTE(a, b) a##b
#define PASTED(a, b) PASTE(a, b)

typedef enum { STATUS_OK, STATUS_WARNING, STATUS_DISCARD, STATUS_ERROR, STATUS_FATAL } Status;

enum {
    INSTANTIATED = 1,
    CONFIGURATION = 2,
    INITIALIZATION = 4,
    EVENT = 8,
    CONTINUOUS = 16,
    STEP = 32,
    TERMINATED = 64, /* after an error, too */
    ANY = 127
};
enum { LOG_ERRORS = 1, LOG_DISCARDS = 2 };
enum { NOTHING, PREDICTIONS, SLOPES }; /* what is computed of the inputs */

/* All that a saved state holds. */
typedef struct {
    int state;
    int stops; /* whether there is a time of stop */
    double time;
    double stop;
    double x[N_INPUTS];
} Values;

typedef struct {
    Values now;
    int exchange; /* Model Exchange, otherwise Co-Simulation */
    int logs;
    void *environment;
    void (*logger)(void);
    int computed;
    int status; /* of the predictions */
    double y[N_OUTPUTS];
#if HAS_SLOPES
    double dy[N_OUTPUTS * N_INPUTS];
#endif
    char name[1]; /* and as many more as it has */
} Instance;

/* Calls the logger of the importing tool. */
static void send(void (*logger)(void), void *environment, const char *name, Status status,
                 const char *message);

/* ---- messages */

static Status fail(Instance *self, const char *message)
{
    if (self == NULL) {
        return STATUS_ERROR;
    }
    self->now.state = TERMINATED;
    if ((self->logs & LOG_ERRORS) != 0 && self->logger != NULL) {
        send(self->logger, self->environment, self->name, STATUS_ERROR, message);
    }
    return STATUS_ERROR;
}

static Status discard(const Instance *self, const char *message)
{
    if ((self->logs & LOG_DISCARDS) != 0 && self->logger != NULL) {
        send(self->logger, self->environment, self->name, STATUS_DISCARD, message);
    }
    return STATUS_DISCARD;
}

/* Whether a function may be called now. */
static int may(Instance *self, int states, const char *message)
{
    if (self == NULL || (self->now.state & states) == 0) {
        (void)fail(self, message);
        return 0;
    }
    return 1;
}

/* Calls that only change the state. */
static Status go(Instance *self, int states, int next, const char *message)
{
    if (!may(self, states, message)) {
        return STATUS_ERROR;
    }
    self->now.state = next;
    return STATUS_OK;
}

/* Calls for variables that this model has none of: right where there are none of them. */
static Status none(Instance *self, size_t n, const char *message)
{
    return (self == NULL || n > 0) ? fail(self, message) : STATUS_OK;
}

static Status set_logging(Instance *self, int on, size_t n, const char *const names[],
                          const char *message)
{
    int logs = (on && n == 0) ? (LOG_ERRORS | LOG_DISCARDS) : 0;
    size_t k;
    if (self == NULL || (n > 0 && names == NULL)) {
        return fail(self, message);
    }
    for (k = 0; k < n; k++) {
        if (names[k] != NULL && strcmp(names[k], "logStatusError") == 0) {
            logs |= LOG_ERRORS;
        } else if (names[k] != NULL && strcmp(names[k], "logStatusDiscard") == 0) {
            logs |= LOG_DISCARDS;
        } else {
            return fail(self, message);
        }
    }
    self->logs = on ? logs : 0;
    return STATUS_OK;
}

/* ---- an instance */

static void reset(Instance *self)
{
    self->now.state = INSTANTIATED;
    self->now.stops = 0;
    self->now.time = 0.0;
    self->now.stop = 0.0;
    memcpy(self->now.x, START, sizeof START);
    self->computed = NOTHING;
}

static Instance *made(const char *name, const char *token, int wrong, int exchange, int logging,
                      void *environment, void (*logger)(void), const char *message)
{
    Instance *self = NULL;
    size_t length = (name == NULL) ? 0 : strlen(name);
    if (!wrong && length > 0 && token != NULL && strcmp(token, TOKEN) == 0) {
        self = calloc(1, sizeof *self + length);
    } else if (logger != NULL) {
        send(logger, environment, (name == NULL) ? "" : name, STATUS_ERROR, message);
    }
    if (self != NULL) {
        memcpy(self->name, name, length);
        self->exchange = exchange;
        self->logs = logging ? (LOG_ERRORS | LOG_DISCARDS) : 0;
        self->environment = environment;
        self->logger = logger;
        reset(self);
    }
    return self;
}

static Status start(Instance *self, double time, int stops, double stop)
{
    self->now.time = time;
    self->now.stops = stops;
    self->now.stop = stop;
    return STATUS_OK;
}

static Status step(Instance *self, double time, double size, const char *message)
{
    double next = time + size;
    double most = self->now.stop + (1e-9 * size); /* sums of steps are rounded */
    if (!(size > 0.0) || !(next <= DBL_MAX) || (self->now.stops && next > most)) {
        return fail(self, message);
    }
    self->now.time = next;
    return STATUS_OK;
}

/* ---- saved states: copies of the values, which serialize as they are */

static Status save_state(Instance *self, void **saved, const char *message)
{
    Values *copy = NULL;
    if (self == NULL || saved == NULL) {
        return fail(self, message);
    }
    copy = (*saved == NULL) ? malloc(sizeof *copy) : *saved;
    if (copy == NULL) {
        return fail(self, message);
    }
    *copy = self->now;
    *saved = copy;
    return STATUS_OK;
}

static Status load_state(Instance *self, const void *saved, const char *message)
{
    if (self == NULL || saved == NULL) {
        return fail(self, message);
    }
    memcpy(&self->now, saved, sizeof self->now);
    self->computed = NOTHING;
    return STATUS_OK;
}

static Status free_state(Instance *self, void **saved, const char *message)
{
    if (self == NULL) {
        return fail(self, message);
    }
    if (saved != NULL) {
        free(*saved);
        *saved = NULL;
    }
    return STATUS_OK;
}

static Status state_size(Instance *self, const void *saved, size_t *size, const char *message)
{
    if (self == NULL || saved == NULL || size == NULL) {
        return fail(self, message);
    }
    *size = sizeof(Values);
    return STATUS_OK;
}

static Status write_state(Instance *self, const void *saved, void *bytes, size_t size,
                          const char *message)
{
    if (self == NULL || saved == NULL || bytes == NULL || size < sizeof(Values)) {
        return fail(self, message);
    }
    memcpy(bytes, saved, sizeof(Values));
    return STATUS_OK;
}

/* Whether an input can have a value: a finite number, the number of a level from 0, or NaN. */
static int held(int k, double x)
{
    double least = (LEVELS[k] > 0) ? 0.0 : -DBL_MAX;
    double most = (LEVELS[k] > 0) ? (double)(LEVELS[k] - 1) : DBL_MAX;
    return (x >= least && x <= most) || (GAPS[k] && x != x);
}

static Status read_state(Instance *self, const void *bytes, size_t size, void **saved,
                         const char *message)
{
    Values found;
    int k;
    if (self == NULL || bytes == NULL || saved == NULL || size != sizeof found) {
        return fail(self, message);
    }
    memcpy(&found, bytes, sizeof found);
    if (found.state <= 0 || found.state >= ANY || (found.state & (found.state - 1)) != 0) {
        return fail(self, message);
    }
    for (k = 0; k < N_INPUTS; k++) {
        if (!held(k, found.x[k])) {
            return fail(self, message);
        }
    }
    *saved = malloc(sizeof found);
    if (*saved == NULL) {
        return fail(self, message);
    }
    memcpy(*saved, &found, sizeof found);
    return STATUS_OK;
}
