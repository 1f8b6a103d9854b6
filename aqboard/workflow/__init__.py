"""What people do, start to end: check a plan, decide on an attempt. Command line and dashboard both call this."""
