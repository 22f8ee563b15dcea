"""Recognising danger to life in what people write: pure, explainable, and it only raises."""
