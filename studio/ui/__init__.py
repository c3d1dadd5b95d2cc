"""The page in the browser: a Gradio app over `Studio`."""
