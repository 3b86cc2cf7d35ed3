"""What a trained model is used for: the inputs that give the best predictions."""
