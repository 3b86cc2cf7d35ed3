"""The article's experiments as commands, each published figure beside ours and beside baselines."""
