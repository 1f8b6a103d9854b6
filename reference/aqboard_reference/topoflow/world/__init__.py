"""A small synthetic world: terrain and cities, weather, and pollutants carried by the wind. Deterministic by seed."""
