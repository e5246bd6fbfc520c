"""The names of the classes that public weights were trained on."""

COCO = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light"),
    *("fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow"),
    *("elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee"),
    *("skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard"),
    *("tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple"),
    *("sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch"),
    *("potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard"),
    *("cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors"),
    *("teddy bear", "hair drier", "toothbrush"),
)
"""The 80 classes of COCO (Lin et al. 2014, arXiv 1405.0312)."""

VOC = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"),
    *("horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
"""The 20 classes of PASCAL VOC."""

COCO_NUM_LABELS = 91
"""Labels of torchvision's COCO weights: background, and 90 ids of which ten name nothing."""

COCO_UNUSED_LABELS = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})

COCO_LABELS = tuple(label for label in range(1, COCO_NUM_LABELS) if label not in COCO_UNUSED_LABELS)
"""COCO's own ids of the 80 classes, in order."""

KNOWN = {"coco": COCO, "voc": VOC}
