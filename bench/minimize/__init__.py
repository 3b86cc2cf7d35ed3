"""`hbcd.minimize` beside other optimizers."""
