"""How patch networks get to the robot: ONNX in float32 and int8, and C99."""
