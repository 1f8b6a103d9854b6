"""The reference model: wind scan, embedding, attention, backbone, data, training. See docs/reference_model.md."""
