/* status.c: one sentence for every status code. */
#include "hbcd.h"

const char *hbcd_status_text(int status)
{
    switch (status) {
    case HBCD_OK: return "No limit was reached and nothing failed.";
    case HBCD_STOP_GRADIENT: return "The projected gradient is within its tolerance.";
    case HBCD_STOP_DECREASE: return "The objective decreased by less than its tolerance in one iteration.";
    case HBCD_STOP_ITERATIONS: return "The limit on iterations was reached.";
    case HBCD_STOP_EVALUATIONS: return "The limit on evaluations was reached.";
    case HBCD_STOP_TIME: return "The time limit was reached.";
    case HBCD_STOP_TARGET: return "The objective reached its target.";
    case HBCD_STOP_WIDTH: return "The search interval became narrower than its tolerance.";
    case HBCD_STOP_SENSITIVITY: return "No block is more sensitive than the tolerance.";
    case HBCD_STOP_LINE_SEARCH: return "No better point was found in any direction that was tried.";
    case HBCD_STOP_EPOCHS: return "All passes over the data were made.";
    case HBCD_STOP_NO_PROGRESS: return "Several passes over the data brought no better value.";
    case HBCD_STOP_INTERRUPTED: return "The user interrupted the run.";
    case HBCD_STOP_CALLBACK: return "The user's callback asked to stop.";
    case HBCD_STOP_NOT_FINITE: return "The objective or its gradient is not finite at the point reached.";
    case HBCD_ERR_ARGUMENT: return "A size, an index or an option is outside its range.";
    case HBCD_ERR_MEMORY: return "More memory is needed than there is.";
    case HBCD_ERR_HOOK: return "A part supplied by the user failed.";
    case HBCD_ERR_BOUNDS: return "This optimizer needs finite bounds on every variable, a finite distance apart.";
    case HBCD_ERR_NORMAL: return "This optimizer needs normal equations: a loss with a Gauss-Newton matrix, dense layers.";
    case HBCD_ERR_OUTPUT: return "ExactOutput solves only the last block, dense and linear, with squared error: others need `inner`, as in "
                                  "ExactOutput(inner=LBFGS()).";
    default: return "Unknown status code.";
    }
}
