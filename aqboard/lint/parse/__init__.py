"""From a script's text to `model.Script`: a real bash grammar, then directives, commands, and the steps of srun."""
