"""What a pair is asked: prompts, answers, foils and checkers. Text only; no model and no torch."""
