"""A limit that ends a fit before its members are trained is said, with the remedy."""

from __future__ import annotations

from hbcd.members.fit_network import MemberResult
from hbcd.parts.stopping import Stop, StopReason

__all__ = ["UntrainedMembers", "about_untrained_members"]


class UntrainedMembers(UserWarning):
    """A limit ended a fit by members before it had trained a network."""


def about_untrained_members(result: MemberResult | None, stop: Stop) -> str:
    """The warning; "" where a network counts, or none does although there was time for it.

    Parameters
    ----------
    result : MemberResult or None
        None: one network was trained.
    stop : Stop
        The limits of the fit.
    """
    if result is None or result.arms:
        return ""
    if any(member.weight for member in result.members if member.architecture is not None):
        return ""
    limits = {
        StopReason.ITERATIONS: f"max_iter={stop.max_iterations}",
        StopReason.EVALUATIONS: f"max_fun={stop.max_evaluations}",
        StopReason.TIME: f"max_time={stop.max_seconds:g}" if stop.max_seconds else "max_time",
    }
    limit = limits.get(result.report.stop_reason)
    if limit is None:
        return ""
    left = max(result.members, key=lambda member: member.weight).name
    return (
        f"{limit}: the limit was reached before the members were trained, and the model is "
        f"{left}: raise the limit, or set members=1, whose one network has it for itself"
    )
