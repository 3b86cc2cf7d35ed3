/* What FMI 2.0 tells of the last step of Co-Simulation: it is done when it returns. */
enum { DO_STEP, PENDING, LAST_TIME, HAS_TERMINATED }; /* what is asked for */

API(Status, fmi2GetRealStatus)(void *instance, int kind, double *value)
{
    Instance *self = instance;
    if (self == NULL || value == NULL) {
        return fail(self, "fmi2GetRealStatus" NO_ARRAY);
    }
    if (kind != LAST_TIME) {
        return discard(self, "fmi2GetRealStatus" NOT_PROVIDED);
    }
    *value = self->now.time;
    return STATUS_OK;
}

API(Status, fmi2GetBooleanStatus)(void *instance, int kind, int *value)
{
    Instance *self = instance;
    if (self == NULL || value == NULL) {
        return fail(self, "fmi2GetBooleanStatus" NO_ARRAY);
    }
    if (kind != HAS_TERMINATED) {
        return discard(self, "fmi2GetBooleanStatus" NOT_PROVIDED);
    }
    *value = 0;
    return STATUS_OK;
}

/* Of steps that go on after they have returned, which those of a model never do. */
#define NO_STATUS(name, Type)                                                                    \
    API(Status, name)(void *instance, int kind, Type *value)                                     \
    {                                                                                            \
        (void)kind;                                                                              \
        (void)value;                                                                             \
        return (instance == NULL) ? STATUS_ERROR : discard(instance, #name NOT_PROVIDED);        \
    }

NO_STATUS(fmi2GetStatus, Status)
NO_STATUS(fmi2GetIntegerStatus, int)
NO_STATUS(fmi2GetStringStatus, const char *)
