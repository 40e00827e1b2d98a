"""Kind `openai`: what speaks OpenAI's chat completions or Responses API."""
