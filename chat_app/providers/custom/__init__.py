"""Kind `custom`: another backend that speaks the examples' own contract."""
