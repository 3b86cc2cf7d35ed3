/* The functions of FMI 3.0 for what a model of hbcd has none of: variables of other types, clocks,
   dimensions, continuous states, event indicators.  They do nothing for none of these and are
   errors for more. */
typedef const char *String;
typedef const uint8_t *Binary;

#define NO_TYPE(Name, Type)                                                                      \
    API(Status, fmi3Get##Name)(void *instance, const Reference references[], size_t n,           \
                               Type values[], size_t n_values)                                   \
    {                                                                                            \
        (void)references;                                                                        \
        (void)values;                                                                            \
        return none(instance, n + n_values, "fmi3Get" #Name NO_VARIABLE);                        \
    }                                                                                            \
    API(Status, fmi3Set##Name)(void *instance, const Reference references[], size_t n,           \
                               const Type values[], size_t n_values)                             \
    {                                                                                            \
        (void)references;                                                                        \
        (void)values;                                                                            \
        return none(instance, n + n_values, "fmi3Set" #Name NO_VARIABLE);                        \
    }

NO_TYPE(Float32, float)
NO_TYPE(Int8, int8_t)
NO_TYPE(UInt8, uint8_t)
NO_TYPE(Int16, int16_t)
NO_TYPE(UInt16, uint16_t)
NO_TYPE(Int32, int32_t)
NO_TYPE(UInt32, uint32_t)
NO_TYPE(UInt64, uint64_t)
NO_TYPE(Boolean, bool)
NO_TYPE(String, String)

/* The same with other arrays than one of values. */
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
#define NO_THREE(name, A, B, C)                                                                  \
    API(Status, name)(void *instance, const Reference references[], size_t n, A a, B b, C c)     \
    {                                                                                            \
        (void)references;                                                                        \
        (void)a;                                                                                 \
        (void)b;                                                                                 \
        (void)c;                                                                                 \
        return none(instance, n, #name NO_VARIABLE);                                             \
    }

NO_THREE(fmi3GetBinary, size_t *, Binary *, size_t)
NO_THREE(fmi3SetBinary, const size_t *, const Binary *, size_t)
NO_ONE(fmi3GetClock, bool *)
NO_ONE(fmi3SetClock, const bool *)
NO_TWO(fmi3GetIntervalDecimal, double *, int *)
NO_THREE(fmi3GetIntervalFraction, uint64_t *, uint64_t *, int *)
NO_ONE(fmi3GetShiftDecimal, double *)
NO_TWO(fmi3GetShiftFraction, uint64_t *, uint64_t *)
NO_ONE(fmi3SetIntervalDecimal, const double *)
NO_TWO(fmi3SetIntervalFraction, const uint64_t *, const uint64_t *)
NO_ONE(fmi3SetShiftDecimal, const double *)
NO_TWO(fmi3SetShiftFraction, const uint64_t *, const uint64_t *)
NO_THREE(fmi3GetOutputDerivatives, const int32_t *, double *, size_t)

/* ---- continuous states, event indicators */

#define NO_VECTOR(name, Type)                                                                    \
    API(Status, name)(void *instance, Type values[], size_t n)                                   \
    {                                                                                            \
        (void)values;                                                                            \
        return none(instance, n, #name NO_VARIABLE);                                             \
    }

NO_VECTOR(fmi3SetContinuousStates, const double)
NO_VECTOR(fmi3GetContinuousStates, double)
NO_VECTOR(fmi3GetContinuousStateDerivatives, double)
NO_VECTOR(fmi3GetNominalsOfContinuousStates, double)
NO_VECTOR(fmi3GetEventIndicators, double)

#define COUNT_NONE(name)                                                                         \
    API(Status, name)(void *instance, size_t *n)                                                 \
    {                                                                                            \
        if (instance == NULL || n == NULL) {                                                     \
            return fail(instance, #name NO_ARRAY);                                               \
        }                                                                                        \
        *n = 0;                                                                                  \
        return STATUS_OK;                                                                        \
    }

COUNT_NONE(fmi3GetNumberOfContinuousStates)
COUNT_NONE(fmi3GetNumberOfEventIndicators)

/* ---- dependencies that change, partitions */

API(Status, fmi3GetNumberOfVariableDependencies)(void *instance, Reference reference, size_t *n)
{
    (void)reference;
    (void)n;
    return fail(instance, "fmi3GetNumberOfVariableDependencies" NOT_PROVIDED);
}

API(Status, fmi3GetVariableDependencies)(void *instance, Reference dependent, size_t elements[],
                                         Reference independents[], size_t others[], int kinds[],
                                         size_t n)
{
    (void)dependent;
    (void)elements;
    (void)independents;
    (void)others;
    (void)kinds;
    (void)n;
    return fail(instance, "fmi3GetVariableDependencies" NOT_PROVIDED);
}

API(Status, fmi3ActivateModelPartition)(void *instance, Reference clock, double time)
{
    (void)clock;
    (void)time;
    return fail(instance, "fmi3ActivateModelPartition" NOT_PROVIDED);
}
