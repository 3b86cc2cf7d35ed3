"""A model as a function block of IEC 61131-3, for controllers."""
