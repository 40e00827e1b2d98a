"""Kind `python`: Python of this installation answers by itself."""
