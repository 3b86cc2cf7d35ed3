"""A model as an ONNX file, and in pipelines that skl2onnx converts."""
