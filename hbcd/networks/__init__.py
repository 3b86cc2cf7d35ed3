"""What a network is and what it says: structure, prediction, gradients, sensitivities."""
