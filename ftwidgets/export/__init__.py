"""What a run leaves for use elsewhere: adapter, merged model, GGUF file, hub repository, model card, plain-TRL script.

Importing this package needs neither torch nor transformers.
"""
