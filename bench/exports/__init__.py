"""Does a wrong export ever pass, and what does a prediction by an exported file cost."""
