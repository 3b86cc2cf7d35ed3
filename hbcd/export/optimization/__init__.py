"""A model inside a problem of Pyomo, IDAES, CasADi, GEKKO, Gurobi or SCIP."""
