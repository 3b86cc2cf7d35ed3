"""What training costs, and what its parts are worth."""
