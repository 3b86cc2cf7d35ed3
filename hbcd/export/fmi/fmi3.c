/* The functions of FMI 3.0 for a model of hbcd: Co-Simulation, and Model Exchange where the model
   description has it.  A model has no states, events, clocks, parameters or dimensions. */
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t Reference;
typedef int64_t Level;

#include "fmi_instance.h"
#include "fmi_variables.h"

#if defined(FMI3_FUNCTION_PREFIX) && !defined(FMI3_OVERRIDE_FUNCTION_PREFIX)
#define NAMED(name) PASTED(FMI3_FUNCTION_PREFIX, name)
#else
#define NAMED(name) name
#endif
#ifndef FMI3_Export
#define FMI3_Export EXPORTED
#endif
#define API(type, name) FMI3_Export type NAMED(name)

typedef void (*LogMessage)(void *environment, Status status, const char *category,
                           const char *message);

static void send(void (*logger)(void), void *environment, const char *name, Status status,
                 const char *message)
{
    const char *category = (status == STATUS_DISCARD) ? "logStatusDiscard" : "logStatusError";
    (void)name;
    ((LogMessage)logger)(environment, status, category, message);
}

API(const char *, fmi3GetVersion)(void)
{
    return "3.0";
}

API(Status, fmi3SetDebugLogging)(void *instance, bool on, size_t n, const char *const names[])
{
    return set_logging(instance, on, n, names, "fmi3SetDebugLogging" NO_CATEGORY);
}

/* ---- instances */

API(void *, fmi3InstantiateModelExchange)(const char *name, const char *token,
                                          const char *resources, bool visible, bool logging,
                                          void *environment, LogMessage logger)
{
    (void)resources;
    (void)visible;
    return made(name, token, !MODEL_EXCHANGE, 1, logging, environment, (void (*)(void))logger,
                "fmi3InstantiateModelExchange" NO_INSTANCE);
}

API(void *, fmi3InstantiateCoSimulation)(const char *name, const char *token,
                                         const char *resources, bool visible, bool logging,
                                         bool events, bool early, const Reference between[],
                                         size_t n_between, void *environment, LogMessage logger,
                                         void (*intermediate)(void))
{
    (void)resources;
    (void)visible;
    (void)early;
    (void)between;
    (void)intermediate;
    return made(name, token, events || n_between > 0, 0, logging, environment,
                (void (*)(void))logger, "fmi3InstantiateCoSimulation" NO_INSTANCE);
}

API(void *, fmi3InstantiateScheduledExecution)(const char *name, const char *token,
                                               const char *resources, bool visible, bool logging,
                                               void *environment, LogMessage logger,
                                               void (*clock)(void), void (*lock)(void),
                                               void (*unlock)(void))
{
    (void)resources;
    (void)visible;
    (void)clock;
    (void)lock;
    (void)unlock;
    return made(name, token, 1, 0, logging, environment, (void (*)(void))logger,
                "fmi3InstantiateScheduledExecution" NOT_PROVIDED);
}

API(void, fmi3FreeInstance)(void *instance)
{
    free(instance);
}

API(Status, fmi3EnterInitializationMode)(void *instance, bool tolerance_given, double tolerance,
                                         double time, bool stops, double stop)
{
    Instance *self = instance;
    (void)tolerance_given;
    (void)tolerance;
    if (!may(self, INSTANTIATED, "fmi3EnterInitializationMode" NOT_NOW)) {
        return STATUS_ERROR;
    }
    self->now.state = INITIALIZATION;
    return start(self, time, stops, stop);
}

API(Status, fmi3ExitInitializationMode)(void *instance)
{
    Instance *self = instance;
    int next = (self != NULL && self->exchange) ? EVENT : STEP;
    return go(self, INITIALIZATION, next, "fmi3ExitInitializationMode" NOT_NOW);
}

/* Calls that only change the state. */
#define GO(name, states, next)                         \
    API(Status, name)(void *instance)                  \
    {                                                  \
        return go(instance, states, next, #name NOT_NOW); \
    }

GO(fmi3EnterConfigurationMode, INSTANTIATED, CONFIGURATION)
GO(fmi3ExitConfigurationMode, CONFIGURATION, INSTANTIATED)
GO(fmi3EnterEventMode, CONTINUOUS, EVENT)
GO(fmi3EnterContinuousTimeMode, EVENT, CONTINUOUS)
GO(fmi3EnterStepMode, 0, STEP) /* there is no event mode that it could leave */
GO(fmi3EvaluateDiscreteStates, EVENT, EVENT)
GO(fmi3Terminate, EVENT | CONTINUOUS | STEP, TERMINATED)

API(Status, fmi3Reset)(void *instance)
{
    if (instance == NULL) {
        return STATUS_ERROR;
    }
    reset(instance);
    return STATUS_OK;
}

/* ---- variables */

API(Status, fmi3GetFloat64)(void *instance, const Reference references[], size_t n,
                            double values[], size_t n_values)
{
    Status status = STATUS_OK;
    size_t k;
    if (instance == NULL || n != n_values || (n > 0 && (references == NULL || values == NULL))) {
        return fail(instance, "fmi3GetFloat64" NO_ARRAY);
    }
    for (k = 0; k < n && status == STATUS_OK; k++) {
        status = get_number(instance, references[k], &values[k], "fmi3GetFloat64" NO_VARIABLE,
                            "fmi3GetFloat64" NOT_FINITE);
    }
    return status;
}

API(Status, fmi3GetInt64)(void *instance, const Reference references[], size_t n,
                          int64_t values[], size_t n_values)
{
    Status status = STATUS_OK;
    size_t k;
    if (instance == NULL || n != n_values || (n > 0 && (references == NULL || values == NULL))) {
        return fail(instance, "fmi3GetInt64" NO_ARRAY);
    }
    for (k = 0; k < n && status == STATUS_OK; k++) {
        status = get_level(instance, references[k], &values[k], "fmi3GetInt64" NO_VARIABLE,
                           "fmi3GetInt64" NOT_FINITE);
    }
    return status;
}

API(Status, fmi3SetFloat64)(void *instance, const Reference references[], size_t n,
                            const double values[], size_t n_values)
{
    if (!may(instance, ANY - TERMINATED - CONFIGURATION, "fmi3SetFloat64" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (n != n_values || (n > 0 && (references == NULL || values == NULL))) {
        return fail(instance, "fmi3SetFloat64" NO_ARRAY);
    }
    return set_numbers(instance, references, n, values, "fmi3SetFloat64" NO_VARIABLE,
                       "fmi3SetFloat64" NOT_HELD);
}

API(Status, fmi3SetInt64)(void *instance, const Reference references[], size_t n,
                          const int64_t values[], size_t n_values)
{
    if (!may(instance, INSTANTIATED | INITIALIZATION | EVENT | STEP, "fmi3SetInt64" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (n != n_values || (n > 0 && (references == NULL || values == NULL))) {
        return fail(instance, "fmi3SetInt64" NO_ARRAY);
    }
    return set_levels(instance, references, n, values, "fmi3SetInt64" NO_VARIABLE,
                      "fmi3SetInt64" NOT_HELD);
}

/* ---- slopes */

static Status derivative(Instance *self, int adjoint, const Reference *unknowns, size_t n,
                         const Reference *knowns, size_t m, const double *seed, size_t n_seed,
                         double *found, size_t n_found, const char *const messages[4])
{
    int arrays = (n == 0 || unknowns != NULL) && (m == 0 || knowns != NULL) &&
                 (n_seed == 0 || seed != NULL) && (n_found == 0 || found != NULL);
    if (!may(self, ANY - INSTANTIATED - CONFIGURATION, messages[0])) {
        return STATUS_ERROR;
    }
    if (!HAS_SLOPES || !arrays || n_seed != (adjoint ? n : m) || n_found != (adjoint ? m : n)) {
        return fail(self, HAS_SLOPES ? messages[1] : messages[2]);
    }
    if (!has_slopes(unknowns, n, knowns, m)) {
        return fail(self, messages[3]);
    }
    return along(self, adjoint, unknowns, n, knowns, m, seed, found, "derivatives" NOT_FINITE);
}

#define DERIVATIVE(name, adjoint)                                                                \
    API(Status, name)(void *instance, const Reference unknowns[], size_t n,                      \
                      const Reference knowns[], size_t m, const double seed[], size_t n_seed,    \
                      double found[], size_t n_found)                                            \
    {                                                                                            \
        static const char *const messages[4] = {#name NOT_NOW, #name NO_ARRAY,                   \
                                                #name NOT_PROVIDED, #name NO_VARIABLE};          \
        return derivative(instance, adjoint, unknowns, n, knowns, m, seed, n_seed, found,        \
                          n_found, messages);                                                    \
    }

DERIVATIVE(fmi3GetDirectionalDerivative, 0)
DERIVATIVE(fmi3GetAdjointDerivative, 1)

/* ---- saved states */

API(Status, fmi3GetFMUState)(void *instance, void **state)
{
    return save_state(instance, state, "fmi3GetFMUState" NO_STATE);
}

API(Status, fmi3SetFMUState)(void *instance, void *state)
{
    return load_state(instance, state, "fmi3SetFMUState" NO_STATE);
}

API(Status, fmi3FreeFMUState)(void *instance, void **state)
{
    return free_state(instance, state, "fmi3FreeFMUState" NO_STATE);
}

API(Status, fmi3SerializedFMUStateSize)(void *instance, void *state, size_t *size)
{
    return state_size(instance, state, size, "fmi3SerializedFMUStateSize" NO_STATE);
}

API(Status, fmi3SerializeFMUState)(void *instance, void *state, uint8_t bytes[], size_t size)
{
    return write_state(instance, state, bytes, size, "fmi3SerializeFMUState" NO_STATE);
}

API(Status, fmi3DeserializeFMUState)(void *instance, const uint8_t bytes[], size_t size,
                                     void **state)
{
    return read_state(instance, bytes, size, state, "fmi3DeserializeFMUState" NO_STATE);
}

/* ---- events and steps */

API(Status, fmi3UpdateDiscreteStates)(void *instance, bool *again, bool *terminate,
                                      bool *nominals, bool *states, bool *timed, double *next)
{
    if (!may(instance, EVENT, "fmi3UpdateDiscreteStates" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (again == NULL || terminate == NULL || nominals == NULL || states == NULL ||
        timed == NULL || next == NULL) {
        return fail(instance, "fmi3UpdateDiscreteStates" NO_ARRAY);
    }
    *again = *terminate = *nominals = *states = *timed = false;
    *next = 0.0;
    return STATUS_OK;
}

API(Status, fmi3CompletedIntegratorStep)(void *instance, bool settled, bool *event,
                                         bool *terminate)
{
    (void)settled;
    if (!may(instance, CONTINUOUS, "fmi3CompletedIntegratorStep" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (event == NULL || terminate == NULL) {
        return fail(instance, "fmi3CompletedIntegratorStep" NO_ARRAY);
    }
    *event = *terminate = false;
    return STATUS_OK;
}

API(Status, fmi3SetTime)(void *instance, double time)
{
    Instance *self = instance;
    if (!may(self, EVENT | CONTINUOUS, "fmi3SetTime" NOT_NOW)) {
        return STATUS_ERROR;
    }
    self->now.time = time;
    return STATUS_OK;
}

API(Status, fmi3DoStep)(void *instance, double time, double size, bool settled, bool *event,
                        bool *terminate, bool *early, double *reached)
{
    Instance *self = instance;
    Status status;
    (void)settled;
    if (!may(self, STEP, "fmi3DoStep" NOT_NOW)) {
        return STATUS_ERROR;
    }
    if (event == NULL || terminate == NULL || early == NULL || reached == NULL) {
        return fail(self, "fmi3DoStep" NO_ARRAY);
    }
    status = step(self, time, size, "fmi3DoStep" TOO_LATE);
    *event = *terminate = *early = false;
    *reached = self->now.time;
    return status;
}

#include "fmi3_absent.h"
