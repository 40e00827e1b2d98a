"""Kind `local`: a Hugging Face model in this process."""
