"""From results to markup and plots, for every front end. One file per task."""
