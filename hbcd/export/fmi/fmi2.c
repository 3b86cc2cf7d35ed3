/* The functions of FMI 2.0 for a model of hbcd: Co-Simulation, and Model Exchange where the model
   description has it.  A model has no states, events or parameters. */
typedef unsigned int Reference;
typedef int Level;

#include "fmi_instance.h"
#include "fmi_variables.h"

#if defined(FMI2_FUNCTION_PREFIX) && !defined(FMI2_OVERRIDE_FUNCTION_PREFIX)
#define NAMED(name) PASTED(FMI2_FUNCTION_PREFIX, name)
#else
#define NAMED(name) name
#endif
#ifndef FMI2_Export
#define FMI2_Export EXPORTED
#endif
#define API(type, name) FMI2_Export type NAMED(name)

typedef void (*Logger)(void *environment, const char *name, Status status, const char *category,
                       const char *message, ...);

typedef struct {
    Logger logger;
    void *(*allocate)(size_t n, size_t size);
    void (*release)(void *object);
    void (*finished)(void *environment, Status status);
    void *environment;
} Callbacks;

typedef struct {
    int again;
    int terminate;
    int nominals;
    int states;
    int timed;
    double next;
} EventInfo;

static void send(void (*logger)(void), void *environment, const char *name, Status status,
                 const char *message)
{
    const char *category = (status == STATUS_DISCARD) ? "logStatusDiscard" : "logStatusError";
    ((Logger)logger)(environment, name, status, category, "%s", message);
}

API(const char *, fmi2GetTypesPlatform)(void)
{
    return "default";
}

API(const char *, fmi2GetVersion)(void)
{
    return "2.0";
}

API(Status, fmi2SetDebugLogging)(void *instance, int on, size_t n, const char *const names[])
{
    return set_logging(instance, on, n, names, "fmi2SetDebugLogging" NO_CATEGORY);
}

/* ---- instances */

API(void *, fmi2Instantiate)(const char *name, int kind, const char *token,
                             const char *resources, const Callbacks *callbacks, int visible,
                             int logging)
{
    int exchange = (kind == 0);
    int wrong = (kind != 0 && kind != 1) || (exchange && !MODEL_EXCHANGE);
    (void)resources;
    (void)visible;
    return made(name, token, wrong, exchange, logging,
                (callbacks == NULL) ? NULL : callbacks->environment,
                (callbacks == NULL) ? NULL : (void (*)(void))callbacks->logger,
                "fmi2Instantiate" NO_INSTANCE);
}

API(void, fmi2FreeInstance)(void *instance)
{
    free(instance);
}

API(Status, fmi2SetupExperiment)(void *instance, int tolerance_given, double tolerance,
                                 double time, int stops, double stop)
{
    (void)tolerance_given;
    (void)tolerance;
    if (!may(instance, INSTANTIATED, "fmi2SetupExperiment" NOT_NOW)) {
        return STATUS_ERROR;
    }
    return start(instance, time, stops, stop);
}

API(Status, fmi2ExitInitializationMode)(void *instance)
{
    Instance *self = instance;
    int next = (self != NULL && self->exchange) ? EVENT : STEP;
    return go(self, INITIALIZATION, next, "fmi2ExitInitializationMode" NOT_NOW);
}

/* Calls that only change the state. */
#define GO(name, states, next)                                                                   \
    API(Status, name)(void *instance)                                                            \
    {                                                                                            \
        return go(instance, states, next, #name NOT_NOW);                                        \
    }

GO(fmi2EnterInitializationMode, INSTANTIATED, INITIALIZATION)
GO(fmi2EnterEventMode, CONTINUOUS, EVENT)
GO(fmi2EnterContinuousTimeMode, EVENT, CONTINUOUS)
GO(fmi2Terminate, EVENT | CONTINUOUS | STEP, TERMINATED)
GO(fmi2CancelStep, 0, STEP) /* steps are done when they return */

API(Status, fmi2Reset)(void *instance)
{
    if (instance == NULL) {
        return STATUS_ERROR;
    }
    reset(instance);
    return STATUS_OK;
}

/* ---- variables */

API(Status, fmi2GetReal)(void *instance, const Reference references[], size_t n, double values[])
{
    Status status = STATUS_OK;
    size_t k;
    if (instance == NULL || (n > 0 && (references == NULL || values == NULL))) {
        return fail(instance, "fmi2GetReal" NO_ARRAY);
    }
    for (k = 0; k < n && status == STATUS_OK; k++) {
        status = get_number(instance, references[k], &values[k], "fmi2GetReal" NO_VARIABLE,
                            "fmi2GetReal" NOT_FINITE);
    }
    return status;
}

API(Status, fmi2GetInteger)(void *instance, const Reference references[], size_t n, int values[])
{
    Status status = STATUS_OK;
    size_t k;
    if (instance == NULL || (n > 0 && (references == NULL || values == NULL))) {
        return fail(instance, "fmi2GetInteger" NO_ARRAY);
    }
    for (k = 0; k < n && status == STATUS_OK; k++) {
        status = get_level(instance, references[k], &values[k], "fmi2GetInteger" NO_VARIABLE,
                           "fmi2GetInteger" NOT_FINITE);
    }
    return status;
}

API(Status, fmi2SetReal)(void *instance, const Reference references[], size_t n,
                         const double values[])
{
    if (!may(instance, ANY - TERMINATED, "fmi2SetReal" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (n > 0 && (references == NULL || values == NULL)) {
        return fail(instance, "fmi2SetReal" NO_ARRAY);
    }
    return set_numbers(instance, references, n, values, "fmi2SetReal" NO_VARIABLE,
                       "fmi2SetReal" NOT_HELD);
}

API(Status, fmi2SetInteger)(void *instance, const Reference references[], size_t n,
                            const int values[])
{
    if (!may(instance, INSTANTIATED | INITIALIZATION | EVENT | STEP, "fmi2SetInteger" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (n > 0 && (references == NULL || values == NULL)) {
        return fail(instance, "fmi2SetInteger" NO_ARRAY);
    }
    return set_levels(instance, references, n, values, "fmi2SetInteger" NO_VARIABLE,
                      "fmi2SetInteger" NOT_HELD);
}

/* ---- what a model of hbcd has none of */

#define NO_ONE(name, A)                                                                          \
    API(Status, name)(void *instance, const Reference references[], size_t n, A a)               \
    {                                                                                            \
        (void)references;                                                                        \
        (void)a;                                                                                 \
        return none(instance, n, #name NO_VARIABLE);                                             \
    }
#define NO_TWO(name, A, B)                                                                       \
    API(Status, name)(void *instance, const Reference references[], size_t n, A a, B b)          \
    {                                                                                            \
        (void)references;                                                                        \
        (void)a;                                                                                 \
        (void)b;                                                                                 \
        return none(instance, n, #name NO_VARIABLE);                                             \
    }
#define NO_VECTOR(name, Type)                                                                    \
    API(Status, name)(void *instance, Type values[], size_t n)                                   \
    {                                                                                            \
        (void)values;                                                                            \
        return none(instance, n, #name NO_VARIABLE);                                             \
    }

NO_ONE(fmi2GetBoolean, int *)
NO_ONE(fmi2SetBoolean, const int *)
NO_ONE(fmi2GetString, const char **)
NO_ONE(fmi2SetString, const char *const *)
NO_TWO(fmi2SetRealInputDerivatives, const int *, const double *)
NO_TWO(fmi2GetRealOutputDerivatives, const int *, double *)
NO_VECTOR(fmi2SetContinuousStates, const double)
NO_VECTOR(fmi2GetContinuousStates, double)
NO_VECTOR(fmi2GetDerivatives, double)
NO_VECTOR(fmi2GetNominalsOfContinuousStates, double)
NO_VECTOR(fmi2GetEventIndicators, double)

/* ---- slopes and saved states */

API(Status, fmi2GetDirectionalDerivative)(void *instance, const Reference unknowns[], size_t n,
                                          const Reference knowns[], size_t m,
                                          const double seed[], double found[])
{
    if (!may(instance, ANY - INSTANTIATED, "fmi2GetDirectionalDerivative" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (!HAS_SLOPES) {
        return fail(instance, "fmi2GetDirectionalDerivative" NOT_PROVIDED);
    }
    if ((n > 0 && (unknowns == NULL || found == NULL)) ||
        (m > 0 && (knowns == NULL || seed == NULL))) {
        return fail(instance, "fmi2GetDirectionalDerivative" NO_ARRAY);
    }
    if (!has_slopes(unknowns, n, knowns, m)) {
        return fail(instance, "fmi2GetDirectionalDerivative" NO_VARIABLE);
    }
    return along(instance, 0, unknowns, n, knowns, m, seed, found,
                 "fmi2GetDirectionalDerivative" NOT_FINITE);
}

API(Status, fmi2GetFMUstate)(void *instance, void **state)
{
    return save_state(instance, state, "fmi2GetFMUstate" NO_STATE);
}

API(Status, fmi2SetFMUstate)(void *instance, void *state)
{
    return load_state(instance, state, "fmi2SetFMUstate" NO_STATE);
}

API(Status, fmi2FreeFMUstate)(void *instance, void **state)
{
    return free_state(instance, state, "fmi2FreeFMUstate" NO_STATE);
}

API(Status, fmi2SerializedFMUstateSize)(void *instance, void *state, size_t *size)
{
    return state_size(instance, state, size, "fmi2SerializedFMUstateSize" NO_STATE);
}

API(Status, fmi2SerializeFMUstate)(void *instance, void *state, char bytes[], size_t size)
{
    return write_state(instance, state, bytes, size, "fmi2SerializeFMUstate" NO_STATE);
}

API(Status, fmi2DeSerializeFMUstate)(void *instance, const char bytes[], size_t size,
                                     void **state)
{
    return read_state(instance, bytes, size, state, "fmi2DeSerializeFMUstate" NO_STATE);
}

/* ---- events and steps */

API(Status, fmi2NewDiscreteStates)(void *instance, EventInfo *info)
{
    static const EventInfo nothing = {0, 0, 0, 0, 0, 0.0};
    if (!may(instance, EVENT, "fmi2NewDiscreteStates" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (info == NULL) {
        return fail(instance, "fmi2NewDiscreteStates" NO_ARRAY);
    }
    *info = nothing;
    return STATUS_OK;
}

API(Status, fmi2CompletedIntegratorStep)(void *instance, int settled, int *event, int *terminate)
{
    (void)settled;
    if (!may(instance, CONTINUOUS, "fmi2CompletedIntegratorStep" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (event == NULL || terminate == NULL) {
        return fail(instance, "fmi2CompletedIntegratorStep" NO_ARRAY);
    }
    *event = *terminate = 0;
    return STATUS_OK;
}

API(Status, fmi2SetTime)(void *instance, double time)
{
    Instance *self = instance;
    if (!may(self, EVENT | CONTINUOUS, "fmi2SetTime" NOT_NOW)) {
        return STATUS_ERROR;
    }
    self->now.time = time;
    return STATUS_OK;
}

API(Status, fmi2DoStep)(void *instance, double time, double size, int settled)
{
    (void)settled;
    if (!may(instance, STEP, "fmi2DoStep" NOT_NOW)) {
        return STATUS_ERROR;
    }
    return step(instance, time, size, "fmi2DoStep" TOO_LATE);
}

#include "fmi2_status.h"
