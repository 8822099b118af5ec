"""Products for customers, with reasons that can be said aloud and the proof beside them. Frames in, frames out."""
